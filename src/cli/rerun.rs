//! `corefine rerun`: a refinement done again from what its results say, and compared.

use std::path::{Path, PathBuf};

use corefine::job::Named;
use corefine::outcome::InputFile;
use corefine::read::result::{Earlier, result};
use corefine::report;
use corefine::suite::{Answers, Ended, Expected, Run, Value, compare};
use serde_json::json;

use super::End;
use super::args::{EngineArg, Rerun};
use super::case::Case;
use super::engine::Worker;
use super::files::Input;
use super::messages::{Failure, note, summary, tell, warn_of};
use super::output::folder_of;
use super::progress::interrupted_by_user;

/// Numbers without an uncertainty may differ by this part of themselves where bits are not the same.
const PART: f64 = 1e-6;

/// So many characters tell one hash from another.
const SHORT: usize = 12;

pub struct Plan {
    name: String,
    earlier: Earlier,
    esds: f64,
    case: Case,
    worker: Worker,
}

impl Plan {
    pub fn of(args: &Rerun) -> Result<Self, Failure> {
        if !(args.esds.is_finite() && args.esds >= 0.0) {
            return Err(Failure::with_hint(format!("--esds is {}", args.esds), "write 0 or more"));
        }
        let path = if args.result.is_dir() { args.result.join("result.json") } else { args.result.clone() };
        let input = Input::read(&path)?;
        let earlier = result(input.text()?, &input.name).map_err(Failure::of)?;
        let job = unchanged(&input.name, &earlier.inputs, folder_of(&path))?;
        let case = Case::read(&job)?;
        same_files(&case, &earlier.inputs)?;
        let worker = Worker::named(args.engine.unwrap_or_else(|| engine(&earlier.engine)))?;
        Ok(Self { name: input.name.clone(), earlier, esds: args.esds, case, worker })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { name, earlier, esds, case, mut worker } = self;
        if earlier.version != env!("CARGO_PKG_VERSION") {
            note(&format!("{name} is by corefine {}, and this is {}", earlier.version, env!("CARGO_PKG_VERSION")));
        }
        let stop = interrupted_by_user();
        let outcome = case.fit(&mut worker, &stop)?;
        warn_of(&worker.warnings());
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Failure::new("stopped before its end: nothing can be said"));
        }
        let now = result(&report::json(&outcome), "the refinement").map_err(Failure::of)?;
        let values = compare(&expected(&earlier.answers, esds), &now.answers).map_err(Failure::new)?;
        Ok(say(&name, &now, outcome.seconds, values))
    }
}

/// What was found then as what is expected now.
fn expected(answers: &Answers, esds: f64) -> Named<Expected> {
    let tolerance = |esd: Option<f64>| match esd {
        Some(_) => Expected { esd, esds: Some(esds), ..Expected::default() },
        None => Expected { rel: Some(PART), ..Expected::default() },
    };
    answers.values.iter().map(|(name, f)| (name.clone(), Expected { value: f.value, ..tolerance(f.esd) })).collect()
}

/// Says what differs, and whether that is too much.
fn say(name: &str, now: &Earlier, seconds: f64, values: Vec<Value>) -> End {
    let count = values.len();
    let moved: Vec<Value> = values.into_iter().filter(|value| value.found != value.expected).collect();
    let within = moved.iter().all(|value| value.within);
    let most = moved.iter().filter_map(Value::esds).map(f64::abs).fold(0.0, f64::max);
    summary(json!({ "file": name, "numbers": count, "moved": moved, "largest_esds": most }));
    if moved.is_empty() {
        tell!("the same bits: {count} numbers of {name}");
        return End::Well;
    }
    tell!("{} of {count} numbers of {name} differ, by up to {most:.1e} esds", moved.len());
    let ended = Ended::Compared(moved);
    let run = Run { case: name.to_owned(), engine: engine_name(&now.engine), seconds, ratio: None, limit: None, ended };
    tell!("{}", report::checked_head());
    for line in report::checked_lines(&run, true) {
        tell!("{line}");
    }
    if within { End::Well } else { End::NotConverged }
}

/// The job, if every file that went in is there and is what it was.
fn unchanged(name: &str, inputs: &[InputFile], folder: &Path) -> Result<PathBuf, Failure> {
    let mut job = None;
    let mut changed = Vec::new();
    for input in inputs {
        let path = place(name, input, folder)?;
        let now = Input::read(&path)?.record(&input.role).sha256;
        if now != input.sha256 {
            let [was, is] = [&input.sha256, &now].map(|hash| hash.get(..SHORT).unwrap_or(hash).to_owned());
            changed.push(format!("the {} {} (SHA-256 {was}... then, {is}... now)", input.role, path.display()));
        }
        job = if input.role == "job" { Some(path) } else { job };
    }
    if !changed.is_empty() {
        let message = format!("since {name} was written, this has changed: {}", changed.join(", "));
        return Err(Failure::with_hint(message, "bring it back as it was, or refine anew"));
    }
    job.ok_or_else(|| {
        let message = format!("{name} names no job");
        Failure::with_hint(message, "name the results of corefine refine; a calibration has no job")
    })
}

/// Where a file lies: as seen from the results, else as it was named.
fn place(name: &str, input: &InputFile, folder: &Path) -> Result<PathBuf, Failure> {
    let beside = input.from_results.as_ref().map(|path| folder.join(path));
    let places: Vec<PathBuf> = beside.into_iter().chain([PathBuf::from(&input.path)]).collect();
    places.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let tried: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        let message = format!("the {} of {name} is not there: {}", input.role, tried.join(", nor "));
        Failure::with_hint(message, "bring it back, or run this in the folder that the refinement was run in")
    })
}

/// Does the job still name the files that it named?
fn same_files(case: &Case, inputs: &[InputFile]) -> Result<(), Failure> {
    let same = |file: &InputFile| inputs.iter().any(|old| old.role == file.role && old.sha256 == file.sha256);
    case.files.iter().find(|file| !same(file)).map_or(Ok(()), |file| {
        let message = format!("the {} that the job names now, {}, is not the one that went in", file.role, file.path);
        Err(Failure::with_hint(message, "bring the old one back to its place"))
    })
}

/// The engine by the name that it has in a report.
fn engine(name: &str) -> EngineArg {
    match engine_name(name) {
        "cpu" => EngineArg::Cpu,
        "gpu" => EngineArg::Gpu,
        "check" => EngineArg::Check,
        _ => EngineArg::Auto,
    }
}

fn engine_name(name: &str) -> &'static str {
    if name.contains(" for sums of ") {
        return "auto";
    }
    let first = name.split([' ', ',']).next().unwrap_or_default();
    ["cpu", "gpu", "check"].into_iter().find(|known| *known == first).unwrap_or("auto")
}
