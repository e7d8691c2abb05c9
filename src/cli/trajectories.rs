//! `corefine trajectories`: all that is asked of trajectories, in one pass through each, beside each other.

use std::sync::atomic::AtomicBool;

use corefine::element::Element;
use corefine::engine::{Cpu, Engine};
use corefine::msd::{Msd, Settings};
use corefine::rdf::Rdf;
use corefine::relay::Relay;
use corefine::report::{self, Beside};
use corefine::trajectory::Atoms;

use super::End;
use super::args::TrajectoriesArgs;
use super::clock::Clock;
use super::messages::{Failure, parsed, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::trajectory::{Named, Sources, each, is_stopped, open_all};
use super::{msd, rdf, relay};

/// What the folder of results holds of all trajectories.
const RESULTS: [&str; 5] = ["result.json", "summary.csv", "rdf.csv", "msd.csv", "report.html"];

/// What it holds of each: its place in the order of the command line stands between the two.
const OF_EACH: [(&str, &str); 4] = [("jumps", "csv"), ("graph", "csv"), ("density", "cube"), ("density", "xyz")];

pub struct Plan {
    work: Vec<Work>,
    sources: Sources,
    window: Option<[f64; 2]>,
    folder: Folder,
}

/// One trajectory, and what is made of it.
struct Work {
    of: Named,
    rdf: Rdf,
    msd: Msd,
    relay: Relay,
    clock: Clock,
}

impl Plan {
    pub fn of(args: &TrajectoriesArgs) -> Result<Self, Failure> {
        let clocks = Clock::each(&args.clock, &args.input)?;
        let folder = folder(args)?;
        let (window, pair) = (msd::window(&args.fit)?, relay::pair(&args.stays)?);
        let (opened, sources) = open_all(&args.input)?;
        let work = opened.into_iter().zip(clocks).map(|(of, clock)| Work::of(of, clock, pair, args));
        Ok(Self { work: work.collect::<Result<_, _>>()?, sources, window, folder })
    }

    pub fn run(self) -> Result<End, Failure> {
        let stop = interrupted_by_user();
        let (mut found, mut atoms) = (Beside::default(), Vec::new());
        for work in self.work {
            if is_stopped(&stop, &work.of.name, &atoms) {
                break;
            }
            atoms.push(work.run(&stop, self.window, &mut found)?);
        }
        say(&found);
        let inputs = self.sources.records(&self.folder, &stop)?;
        let json = report::beside_json(&found, &inputs);
        summary(parsed(&json));
        self.folder.write(&files(&found, &atoms, [json, report::beside_html(&found, &inputs)]))?;
        tell!("results in {}", self.folder.path().display());
        Ok(End::Well)
    }
}

impl Work {
    fn of(of: Named, clock: Clock, pair: [Element; 2], args: &TrajectoriesArgs) -> Result<Self, Failure> {
        let between = format!("{}-{}", pair[0], pair[1]);
        let pairs = if args.pair.is_empty() { &[between][..] } else { &args.pair };
        Ok(Self {
            rdf: rdf::ready(&of.frames, pairs, &args.bins)?,
            msd: msd::ready(&of.frames, pair[0])?,
            relay: relay::ready(&of.frames, pair, &args.stays)?,
            of,
            clock,
        })
    }

    /// Reads the trajectory, and adds what it says to the others'; gives its atoms.
    fn run(self, stop: &AtomicBool, window: Option<[f64; 2]>, found: &mut Beside) -> Result<Atoms, Failure> {
        let Self { of: Named { name, mut frames }, mut rdf, mut msd, mut relay, mut clock } = self;
        let (counting, searching) = (rdf.clone(), relay.clone());
        each(
            &mut frames,
            stop,
            |frame| (counting.count(&counting.see(&frame), &mut Cpu), searching.near(frame)),
            |(counted, near)| {
                clock.see(near.frame());
                rdf.add(&counted.map_err(Failure::of)?);
                msd.add(near.frame());
                relay.add(&near);
                Ok(())
            },
        )?;
        let file = frames.name();
        let step = clock.between(file)?;
        let settings = Settings { step, window, temperature: None };
        found.rdf.push(rdf.result(&name, Cpu.name()));
        found.msd.push(msd.result(&name, &settings).map_err(|error| Failure::of(format!("{file}: {error}")))?);
        found.relay.push(relay.result(&name, step).map_err(|error| Failure::of(format!("{file}: {error}")))?);
        Ok(frames.atoms().clone())
    }
}

/// The folder for all files of so many trajectories.
fn folder(args: &TrajectoriesArgs) -> Result<Folder, Failure> {
    let of_each = (1..=args.input.files.len()).flat_map(names_of);
    let names: Vec<String> = RESULTS.map(str::to_owned).into_iter().chain(of_each).collect();
    Folder::of(&args.output, &names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// `jumps-1.csv` ...
fn names_of(place: usize) -> [String; 4] {
    OF_EACH.map(|(stem, extension)| format!("{stem}-{place}.{extension}"))
}

fn files(found: &Beside, atoms: &[Atoms], [json, page]: [String; 2]) -> Vec<(String, String)> {
    let texts = [json, report::summary_csv(found), report::rdf_csv(&found.rdf), report::msd_csv(&found.msd), page];
    let of_each = found.relay.iter().zip(atoms).enumerate();
    let of_each = of_each.flat_map(|(k, (result, atoms))| names_of(k + 1).into_iter().zip(relay::texts(result, atoms)));
    RESULTS.map(str::to_owned).into_iter().zip(texts).chain(of_each).collect()
}

fn say(found: &Beside) {
    rdf::say(&found.rdf);
    found.msd.iter().for_each(|result| warn_of(&report::named_warnings(&result.trajectory, &result.warnings)));
    for line in report::msd_lines(&found.msd, None).into_iter().chain(found.relay.iter().map(report::relay_sentence)) {
        tell!("{line}");
    }
}
