//! `corefine msd`: mean square displacement and diffusivity.

use corefine::msd::{Msd, MsdResult, Settings, arrhenius};
use corefine::read::trajectory::Frames;
use corefine::report;

use super::End;
use super::args;
use super::messages::{Failure, parsed, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::trajectory::{Clock, Sources, each, open_all};
use super::typed::{element, range};

/// What the folder of results holds.
const RESULTS: [&str; 3] = ["result.json", "msd.csv", "report.html"];

pub struct Plan {
    work: Vec<(Frames<'static>, Msd)>,
    sources: Sources,
    clock: Clock,
    window: Option<[f64; 2]>,
    temperature: Vec<f64>,
    folder: Folder,
}

impl Plan {
    pub fn of(args: &args::Msd) -> Result<Self, Failure> {
        let clock = Clock::of(&args.clock, &args.input.reading)?;
        let folder = Folder::of(&args.output, &RESULTS)?;
        let element = element("--element", &args.element)?;
        let (window, temperature) = (window(args)?, temperature(args)?);
        let ready = |frames: Frames<'static>| {
            let msd = Msd::new(frames.atoms(), element);
            let msd = msd.map_err(|error| Failure::of(format!("{}: {error}", frames.name())))?;
            Ok((frames, msd))
        };
        let (frames, sources) = open_all(&args.input)?;
        let work = frames.into_iter().map(ready).collect::<Result<_, Failure>>()?;
        Ok(Self { work, sources, clock, window, temperature, folder })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { work, sources, clock, window, temperature, folder } = self;
        let stop = interrupted_by_user();
        let mut results: Vec<MsdResult> = Vec::new();
        for (k, (mut frames, mut msd)) in work.into_iter().enumerate() {
            let mut clock = clock.clone();
            each(
                &mut frames,
                &stop,
                |frame| frame,
                |frame| {
                    clock.see(&frame);
                    msd.add(&frame);
                },
            )?;
            let name = frames.name();
            let settings = Settings { step: clock.between(name)?, window, temperature: temperature.get(k).copied() };
            results.push(msd.result(name, &settings).map_err(|error| Failure::of(format!("{name}: {error}")))?);
        }
        let energy = arrhenius(&results);
        for result in &results {
            warn_of(&report::named_warnings(&result.trajectory, &result.warnings));
        }
        for line in report::msd_lines(&results, energy.as_ref()) {
            tell!("{line}");
        }
        let energy = energy.as_ref();
        let inputs = sources.records(&folder)?;
        let texts = [
            report::msd_json(&results, energy, &inputs),
            report::msd_csv(&results),
            report::msd_html(&results, energy),
        ];
        summary(parsed(&texts[0]));
        folder.write_named(RESULTS, texts)?;
        tell!("results in {}", folder.path().display());
        Ok(End::Well)
    }
}

fn window(args: &args::Msd) -> Result<Option<[f64; 2]>, Failure> {
    let hint = "write two times in ps, the smaller one first: --fit 2,10";
    args.fit.as_ref().map(|ends| range("--fit", ends, hint)).transpose()
}

fn temperature(args: &args::Msd) -> Result<Vec<f64>, Failure> {
    let (given, files) = (&args.temperature, args.input.trajectories.len());
    if !given.is_empty() && given.len() != files {
        let message = format!("--temperature has {} numbers for {files} trajectories", given.len());
        return Err(Failure::with_hint(message, "write one for each, in order"));
    }
    match given.iter().find(|kelvin| !(kelvin.is_finite() && **kelvin > 0.0)) {
        Some(wrong) => Err(Failure::with_hint(format!("--temperature is {wrong}"), "write temperatures above 0, in K")),
        None => Ok(given.clone()),
    }
}
