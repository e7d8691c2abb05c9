//! `corefine msd`: mean square displacement and diffusivity.

use corefine::element::Element;
use corefine::msd::{Msd, MsdResult, Settings, arrhenius};
use corefine::read::trajectory::Frames;
use corefine::report;

use super::End;
use super::args;
use super::clock::Clock;
use super::messages::{Failure, parsed, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::trajectory::{Named, Sources, each, is_stopped, open_all};
use super::typed::{element, range};

/// What the folder of results holds.
const RESULTS: [&str; 3] = ["result.json", "msd.csv", "report.html"];

pub struct Plan {
    work: Vec<(Named, Msd, Clock)>,
    sources: Sources,
    window: Option<[f64; 2]>,
    temperature: Vec<f64>,
    folder: Folder,
}

impl Plan {
    pub fn of(args: &args::Msd) -> Result<Self, Failure> {
        let clocks = Clock::each(&args.clock, &args.input)?;
        let folder = Folder::of(&args.output, &RESULTS)?;
        let element = element("--element", &args.element)?;
        let (window, temperature) = (window(&args.fit)?, temperature(args)?);
        let (opened, sources) = open_all(&args.input)?;
        let with_tracks = |(one, clock): (Named, Clock)| {
            let msd = ready(&one.frames, element)?;
            Ok((one, msd, clock))
        };
        let work = opened.into_iter().zip(clocks).map(with_tracks).collect::<Result<_, Failure>>()?;
        Ok(Self { work, sources, window, temperature, folder })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { work, sources, window, temperature, folder } = self;
        let stop = interrupted_by_user();
        let mut results: Vec<MsdResult> = Vec::new();
        for (k, (Named { name, mut frames }, mut msd, mut clock)) in work.into_iter().enumerate() {
            if is_stopped(&stop, &name, &results) {
                break;
            }
            each(
                &mut frames,
                &stop,
                |frame| frame,
                |frame| {
                    clock.see(&frame);
                    msd.add(&frame);
                    Ok(())
                },
            )?;
            let file = frames.name();
            let settings = Settings { step: clock.between(file)?, window, temperature: temperature.get(k).copied() };
            results.push(msd.result(&name, &settings).map_err(|error| Failure::of(format!("{file}: {error}")))?);
        }
        let energy = arrhenius(&results);
        for result in &results {
            warn_of(&report::named_warnings(&result.trajectory, &result.warnings));
        }
        for line in report::msd_lines(&results, energy.as_ref()) {
            tell!("{line}");
        }
        let energy = energy.as_ref();
        let inputs = sources.records(&folder, &stop)?;
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

/// What follows the atoms of an element.
pub fn ready(frames: &Frames, element: Element) -> Result<Msd, Failure> {
    Msd::new(frames.atoms(), element).map_err(|error| Failure::of(format!("{}: {error}", frames.name())))
}

/// Where D is fitted, ps.
pub fn window(args: &args::Fit) -> Result<Option<[f64; 2]>, Failure> {
    let hint = "write two times in ps, the smaller one first: --fit 2,10";
    args.fit.as_ref().map(|ends| range("--fit", ends, hint)).transpose()
}

fn temperature(args: &args::Msd) -> Result<Vec<f64>, Failure> {
    let (given, files) = (&args.temperature, args.input.files.len());
    if !given.is_empty() && given.len() != files {
        let message = format!("--temperature has {} numbers for {files} trajectories", given.len());
        return Err(Failure::with_hint(message, "write one for each, in order"));
    }
    match given.iter().find(|kelvin| !(kelvin.is_finite() && **kelvin > 0.0)) {
        Some(wrong) => Err(Failure::with_hint(format!("--temperature is {wrong}"), "write temperatures above 0, in K")),
        None => Ok(given.clone()),
    }
}
