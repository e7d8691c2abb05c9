//! `corefine refine`: a job in, a folder of results out.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::fit::{self, FitError, Inputs, Setup};
use corefine::job::{GridChoice, Job};
use corefine::lm::Flow;
use corefine::observed::Observed;
use corefine::outcome::{BondResult, InputFile, Outcome};
use corefine::read::job::{job, place_of, to_ron};
use corefine::{read, report, write};
use serde_json::{Value, json};

use super::End;
use super::args::Refine;
use super::engine::Worker;
use super::files::{Input, relative};
use super::messages::{Failure, summary, tell, warn_of};
use super::output::{Folder, folder_of};
use super::progress::{Progress, interrupted_by_user};

/// What a folder of results holds.
pub const RESULTS: [&str; 6] = ["result.json", "fit.fgr", "refined.cif", "refined.ron", "histogram.csv", "report.html"];

pub struct Plan {
    case: Case,
    folder: Folder,
    worker: Worker,
}

/// A job with its files read and checked.
pub struct Case {
    pub(super) setup: Setup,
    pub(super) job: Job,
    pub(super) words: Words,
    /// The files that were read.
    pub(super) files: Vec<InputFile>,
    /// `synthetic` for data that were computed, else empty.
    pub(super) label: &'static str,
    data: PathBuf,
}

impl Plan {
    pub fn of(args: &Refine) -> Result<Self, Failure> {
        let folder = Folder::check(&args.output.out, &RESULTS, args.output.force)?;
        Ok(Self { case: Case::read(&args.job)?, folder, worker: Worker::open(&args.work)? })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { case, folder, mut worker } = self;
        let outcome = case.refine(&folder, &mut worker, &interrupted_by_user())?;
        say(&outcome, folder.path());
        Ok(if outcome.converged { End::Well } else { End::NotConverged })
    }
}

impl Case {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::with(path, None, None)
    }

    /// The same with another weight of the restraints than the job's, if one is given.
    pub fn with_weight(path: &Path, weight: Option<f64>) -> Result<Self, Failure> {
        Self::with(path, weight, None)
    }

    /// The same with files that are not beside the job looked for in the folder `elsewhere`.
    pub fn with_data(path: &Path, elsewhere: Option<&Path>) -> Result<Self, Failure> {
        Self::with(path, None, elsewhere)
    }

    fn with(path: &Path, weight: Option<f64>, elsewhere: Option<&Path>) -> Result<Self, Failure> {
        let file = Input::read(path)?;
        let words = Words::of(&file)?;
        let mut job = job(&words.text, &words.file).map_err(Failure::of)?;
        job.restraint_weight = weight.unwrap_or(job.restraint_weight);
        let data = beside(folder_of(path), &job.data.file);
        let inputs = inputs(job.clone(), &file, &words, elsewhere)?;
        let files = inputs.files.clone();
        let label = if inputs.observed.header.synthetic { "synthetic" } else { "" };
        let setup = Setup::new(inputs).map_err(|error| words.locate(&error.to_string(), &job))?;
        Ok(Self { setup, job, words, files, label, data })
    }

    /// A refinement that no job file describes.
    pub fn of(inputs: Inputs, data: PathBuf) -> Result<Self, Failure> {
        let (job, files) = (inputs.job.clone(), inputs.files.clone());
        let words = Words { file: String::new(), text: String::new() };
        let label = if inputs.observed.header.synthetic { "synthetic" } else { "" };
        let setup = Setup::new(inputs).map_err(|error| Failure::of(error.to_string()))?;
        Ok(Self { setup, job, words, files, label, data })
    }

    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Refines until done or told to stop.
    pub fn fit(self, worker: &mut Worker, stop: &AtomicBool) -> Result<Outcome, Failure> {
        let Self { setup, job, words, .. } = self;
        let fitted = fitted(setup, worker, stop);
        worker.report();
        fitted.map_err(|error| words.locate(&error.to_string(), &job))
    }

    /// The same, and writes the results.
    pub fn refine(self, folder: &Folder, worker: &mut Worker, stop: &AtomicBool) -> Result<Outcome, Failure> {
        let data = self.data.clone();
        let mut outcome = self.fit(worker, stop)?;
        warn_of(&outcome.warnings);
        for file in &mut outcome.inputs {
            file.from_results = Some(relative(Path::new(&file.path), folder.path()).display().to_string());
        }
        folder.write(&results(&outcome, &data, folder.path())?)?;
        Ok(outcome)
    }
}

/// The job as its user wrote it, for messages with a place.
pub struct Words {
    file: String,
    text: String,
}

impl Words {
    pub fn of(file: &Input) -> Result<Self, Failure> {
        Ok(Self { file: file.name.clone(), text: file.text()?.to_owned() })
    }

    fn place(&self, path: &str) -> String {
        let (line, column) = place_of(&self.text, path);
        format!("{}:{line}:{column}", self.file)
    }

    /// A message about a parameter, a restraint or a tie, with the place where the job speaks of it.
    pub fn locate(&self, message: &str, job: &Job) -> Failure {
        let mut quoted = message.split('"').skip(1).step_by(2);
        match quoted.find_map(|name| path_of(name, job)) {
            Some(path) => Failure::of(format!("{}: {message}", self.place(&path))),
            None => Failure::of(message),
        }
    }
}

/// Where a job speaks of a parameter, restrains something or writes a tie.
fn path_of(name: &str, job: &Job) -> Option<String> {
    let tie = || job.ties.iter().position(|tie| tie.contains(name)).map(|i| format!("ties/{i}"));
    let restraint = || job.restraints.iter().position(|other| other.of() == name).map(|i| format!("restraints/{i}"));
    if job.refine.iter().any(|(other, _)| other == name) {
        Some(format!("refine/{name}"))
    } else if job.set.iter().any(|(other, _)| other == name) {
        Some(format!("set/{name}"))
    } else if job.beyond.iter().any(|(other, _)| other == name) {
        Some(format!("beyond/{name}"))
    } else {
        restraint().or_else(tie).filter(|_| !name.is_empty())
    }
}

/// The files that a job names, read and checked. They lie beside the job, or else in the folder `elsewhere`.
pub fn inputs(mut job: Job, file: &Input, words: &Words, elsewhere: Option<&Path>) -> Result<Inputs, Failure> {
    let folders = (folder_of(Path::new(&file.name)), elsewhere);
    let resolution = instrument(&mut job, folders, words)?;
    let structure = named_file(folders, &job.structure, &words.place("structure"))?;
    let data = Input::read(&named_file(folders, &job.data.file, &words.place("data/file"))?)?;
    let observed = data.observed_for(&job.data)?;
    check_range(&job, &observed, words)?;
    let structure = Input::read(&structure)?;
    let (model, warnings) = structure.model()?;
    let mut files = vec![structure.record("structure"), data.record("data"), file.record("job")];
    files.extend(resolution);
    Ok(Inputs { job, model, observed, files, warnings })
}

/// Takes the resolution out of the file that the job names for it, if it names one; the file as a report names it.
fn instrument(job: &mut Job, folders: Folders, words: &Words) -> Result<Option<InputFile>, Failure> {
    let Some(name) = job.data.instrument.clone() else { return Ok(None) };
    let file = Input::read(&named_file(folders, &name, &words.place("data/instrument"))?)?;
    let found = read::job::instrument(file.text()?, &file.name).map_err(Failure::of)?;
    job.take(&found);
    Ok(Some(file.record("instrument")))
}

/// A path relative to a folder, without a needless `./`.
fn beside(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// The folder that names are seen from, and the one in which the others are looked for.
pub type Folders<'a> = (&'a Path, Option<&'a Path>);

/// The path of a file that the job names relative to itself.
fn named_file(folders: Folders, name: &str, place: &str) -> Result<PathBuf, Failure> {
    found(folders, name).ok_or_else(|| {
        let path = beside(folders.0, name);
        let message = format!("{place}: there is no file {}", path.display());
        match folders.1 {
            Some(elsewhere) => Failure::with_hint(message, format!("nor is it in {}", elsewhere.display())),
            None => Failure::with_hint(message, "paths in a job are relative to the job file"),
        }
    })
}

/// Where a file lies, if it does.
pub fn found((folder, elsewhere): Folders, name: &str) -> Option<PathBuf> {
    let places = [Some(folder), elsewhere].into_iter().flatten();
    places.map(|folder| beside(folder, name)).find(|path| path.is_file())
}

/// Does the curve hold the range that the job fits?
fn check_range(job: &Job, observed: &Observed, words: &Words) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (observed.r.first(), observed.r.last()) else {
        return Err(Failure::new(format!("{}: no data", observed.name)));
    };
    let (rmin, rmax) = (job.data.rmin, job.data.rmax);
    // Half a step: a file that ends at 29.99 holds the range to 30.
    let slack = 0.5 * (last - first) / (observed.r.len().max(2) - 1) as f64;
    let outside = |key: &str, value: f64, what: &str, end: f64| {
        let message =
            format!("{}: {key} is {value}, but {} {what} at {end}", words.place(&format!("data/{key}")), observed.name);
        Err(Failure::with_hint(message, format!("choose {key} within the data, {first} to {last} Å")))
    };
    if rmax > last + 2.0 * slack {
        return outside("rmax", rmax, "ends", *last);
    }
    if rmin > *last {
        return outside("rmin", rmin, "ends", *last);
    }
    if matches!(job.data.grid, GridChoice::Nyquist) && job.data.qmax.or(observed.header.qmax).is_none() {
        let message =
            format!("{}: the Nyquist grid needs qmax, and {} does not say it", words.place("data/grid"), observed.name);
        return Err(Failure::with_hint(message, "write qmax in the job, or take grid: Data"));
    }
    let mut fitted = observed.r.iter().zip(&observed.g).filter(|(r, _)| (rmin..=rmax).contains(*r));
    if fitted.all(|(_, g)| *g == 0.0) {
        let message = format!("{}: G(r) is zero all over {rmin} to {rmax} Å", observed.name);
        return Err(Failure::with_hint(message, "a dead detector frame looks like this; take another file or range"));
    }
    Ok(())
}

/// The least squares, watched by a line on the terminal and by Ctrl-C.
fn fitted(setup: Setup, worker: &mut Worker, stop: &AtomicBool) -> Result<Outcome, FitError> {
    let line = Progress::start();
    let mut observer = |now: &fit::Progress| {
        line.show(now.iteration, now.rw);
        if stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    };
    setup.refine(worker.engine(), &mut observer)
}

/// Every file of the results, as text.
pub fn results(outcome: &Outcome, data: &Path, folder: &Path) -> Result<Vec<(&'static str, String)>, Failure> {
    let curve = outcome.data.first().ok_or_else(|| Failure::new("the fit returned no curve"))?;
    let texts = [
        report::json(outcome),
        report::fgr(curve, &[]),
        write::cif(&outcome.refined),
        from_here(outcome, data, folder)?,
        report::histogram_csv(&outcome.bonds),
        report::html(outcome),
    ];
    let in_q = report::fq(curve).map(|text| ("fit.fq", text));
    Ok(RESULTS.into_iter().zip(texts).chain(in_q).collect())
}

/// The job that goes on from the refined structure, with paths as they are seen from the folder of results.
fn from_here(outcome: &Outcome, data: &Path, folder: &Path) -> Result<String, Failure> {
    let mut next = job(&outcome.refined_job, "refined.ron").map_err(Failure::of)?;
    "refined.cif".clone_into(&mut next.structure);
    next.data.file = relative(data, folder).display().to_string();
    let remarks = outcome.refined_job.lines().take_while(|line| line.starts_with("//"));
    Ok(remarks.flat_map(|line| [line, "\n"]).collect::<String>() + &to_ron(&next))
}

/// What a machine reads of a refinement; `result.json` has the rest.
fn numbers(outcome: &Outcome, folder: &Path) -> Value {
    json!({ "title": outcome.title, "rw": outcome.rw, "chi2": outcome.chi2, "converged": outcome.converged, "stop": outcome.stop,
        "iterations": outcome.iterations, "seconds": outcome.seconds, "engine": outcome.engine,
        "parameters": outcome.parameters, "bonds": outcome.bonds.iter().map(bond_numbers).collect::<Vec<_>>(),
        "warnings": outcome.warnings, "results": folder })
}

/// What a machine reads of a kind of bonds.
pub fn bond_numbers(b: &BondResult) -> Value {
    json!({ "pair": b.pair, "cutoff": b.cutoff, "n": b.n, "broken": b.broken, "fraction": b.fraction,
        "fraction_esd": b.fraction_esd, "mean": b.mean, "sd": b.sd, "min": b.min, "max": b.max })
}

pub fn say(outcome: &Outcome, folder: &Path) {
    summary(numbers(outcome, folder));
    let how = if outcome.converged { "converged" } else { "NOT converged" };
    tell!("Rw {:.5} after {} iterations, {how}: {}", outcome.rw, outcome.iterations, outcome.stop);
    for bonds in &outcome.bonds {
        let fraction = report::esd::format(100.0 * bonds.fraction, bonds.fraction_esd.map(|esd| 100.0 * esd));
        tell!("{}: {} bonds, mean {:.3} Å, {fraction} % beyond {} Å", bonds.pair, bonds.n, bonds.mean, bonds.cutoff);
    }
    if let Some(summary) = report::restraint_summary(&outcome.restraints) {
        tell!("restraints: {summary}");
    }
    tell!("results in {}", folder.display());
}
