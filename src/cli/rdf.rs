//! `corefine rdf`: g(r) and n(r) of trajectories.

use std::sync::atomic::AtomicBool;

use corefine::engine::{Cpu, EngineError};
use corefine::rdf::{Counted, Rdf, RdfResult};
use corefine::read::trajectory::Frames;
use corefine::report;

use super::End;
use super::args;
use super::engine::Worker;
use super::messages::{Failure, parsed, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::trajectory::{Named, Sources, each, is_stopped, open_all};

/// What the folder of results holds.
const RESULTS: [&str; 3] = ["result.json", "rdf.csv", "report.html"];

pub struct Plan {
    work: Vec<(Named, Rdf)>,
    worker: Worker,
    sources: Sources,
    folder: Folder,
}

impl Plan {
    pub fn of(args: &args::Rdf) -> Result<Self, Failure> {
        let folder = Folder::of(&args.output, &RESULTS)?;
        let (opened, sources) = open_all(&args.input)?;
        let with_counts = |one: Named| {
            let rdf = ready(&one.frames, &args.pair, &args.bins)?;
            Ok((one, rdf))
        };
        let work = opened.into_iter().map(with_counts).collect::<Result<_, Failure>>()?;
        Ok(Self { work, worker: Worker::named(args.engine.into())?, sources, folder })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        let stop = interrupted_by_user();
        let mut results = Vec::new();
        for (Named { name, mut frames }, mut rdf) in self.work {
            if is_stopped(&stop, &name, &results) {
                break;
            }
            count(&mut frames, &mut rdf, &mut self.worker, &stop)?;
            results.push(rdf.result(&name, self.worker.engine().name()));
        }
        warn_of(&self.worker.warnings());
        say(&results);
        let inputs = self.sources.records(&self.folder, &stop)?;
        let texts = [report::rdf_json(&results, &inputs), report::rdf_csv(&results), report::rdf_html(&results)];
        summary(parsed(&texts[0]));
        self.folder.write_named(RESULTS, texts)?;
        tell!("results in {}", self.folder.path().display());
        Ok(End::Well)
    }
}

/// Counts the pairs of all frames: on the CPU of some frames side by side, on a GPU of one after the other.
fn count(frames: &mut Frames, rdf: &mut Rdf, worker: &mut Worker, stop: &AtomicBool) -> Result<(), Failure> {
    let counting = rdf.clone();
    let mut add = |counted: Result<Counted, EngineError>| {
        rdf.add(&counted.map_err(Failure::of)?);
        Ok(())
    };
    match worker.counter() {
        None => each(frames, stop, |frame| counting.count(&counting.see(&frame), &mut Cpu), add),
        Some(gpu) => each(frames, stop, |frame| counting.see(&frame), |seen| add(counting.count(&seen, gpu))),
    }
}

/// What counts the pairs of a trajectory.
pub fn ready(frames: &Frames, pairs: &[String], bins: &args::Bins) -> Result<Rdf, Failure> {
    let rdf = Rdf::new(frames.atoms(), pairs, bins.rmax, bins.bin);
    rdf.map_err(|error| Failure::of(format!("{}: {error}", frames.name())))
}

pub fn say(results: &[RdfResult]) {
    for result in results {
        warn_of(&report::named_warnings(&result.trajectory, &result.warnings));
        for line in report::rdf_lines(result) {
            tell!("{line}");
        }
    }
}
