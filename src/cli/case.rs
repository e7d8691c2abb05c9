//! A job with the files that it names, read and checked: what every verb that refines begins with.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::fit::{self, FitError, Inputs, Setup};
use corefine::job::{GridChoice, Job};
use corefine::lm::Flow;
use corefine::model::Model;
use corefine::observed::Observed;
use corefine::outcome::{InputFile, Outcome};
use corefine::pattern::Pattern;
use corefine::read;
use corefine::read::job::{job, place_of};
use corefine::reduce::{self, Reducer};
use corefine::reduction::Reduction;

use super::engine::Worker;
use super::files::{Folders, Input, named_file};
use super::messages::{Failure, warn_of};
use super::output::folder_of;
use super::progress::Progress;

/// A job with its files read and checked.
pub struct Case {
    pub(super) setup: Setup,
    pub(super) job: Job,
    pub(super) words: Words,
    /// The files that were read.
    pub(super) files: Vec<InputFile>,
    /// `synthetic` for data that were computed, else empty.
    pub(super) label: &'static str,
    pub(super) data: PathBuf,
}

impl Case {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::with_weight(path, None)
    }

    /// The same with another weight of the restraints than the job's, if one is given.
    pub fn with_weight(path: &Path, weight: Option<f64>) -> Result<Self, Failure> {
        let mut ground = Ground::read(path)?;
        ground.job.restraint_weight = weight.unwrap_or(ground.job.restraint_weight);
        Self::on(ground)
    }

    /// The same with files that are not beside the job looked for in the folder `elsewhere`.
    pub fn with_data(path: &Path, elsewhere: Option<&Path>) -> Result<Self, Failure> {
        Self::on(Ground::with_data(path, elsewhere)?)
    }

    fn on(ground: Ground) -> Result<Self, Failure> {
        let data = ground.data()?;
        let inputs = ground.inputs(&Input::read(&data)?)?;
        let Ground { job, words, .. } = ground;
        Self::made(inputs, job, words, data)
    }

    /// A refinement that no job file describes.
    pub fn of(inputs: Inputs, data: PathBuf) -> Result<Self, Failure> {
        let job = inputs.job.clone();
        Self::made(inputs, job, Words { file: String::new(), text: String::new() }, data)
    }

    fn made(inputs: Inputs, job: Job, words: Words, data: PathBuf) -> Result<Self, Failure> {
        let files = inputs.files.clone();
        let label = if inputs.observed.header.synthetic { "synthetic" } else { "" };
        let setup = Setup::new(inputs).map_err(|error| words.locate(&error.to_string(), &job))?;
        Ok(Self { setup, job, words, files, label, data })
    }

    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Refines until done or told to stop. What there is to warn of is the caller's to say: it stands in the outcome.
    pub fn fit(self, worker: &mut Worker, stop: &AtomicBool) -> Result<Outcome, Failure> {
        let Self { setup, job, words, .. } = self;
        let fitted = fitted(setup, worker, stop);
        worker.report();
        fitted.map_err(|error| {
            warn_of(&worker.warnings());
            words.locate(&error.to_string(), &job)
        })
    }
}

/// The job as its user wrote it, for messages with a place.
pub struct Words {
    file: String,
    text: String,
}

impl Words {
    fn of(file: &Input) -> Result<Self, Failure> {
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

/// What a job says and names beside the data, read once for however many curves.
pub struct Ground {
    pub job: Job,
    pub words: Words,
    /// Where files are looked for that are not beside the job.
    elsewhere: Option<PathBuf>,
    model: Model,
    /// The structure, the job, and those of a background and of the instrument if there are such.
    files: Vec<InputFile>,
    /// How G(r) is made of intensities, where the data are such.
    intensities: Option<Intensities>,
    /// What the reader of the structure had to say.
    warnings: Vec<String>,
}

impl Ground {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::with_data(path, None)
    }

    /// The same with files that are not beside the job looked for in the folder `elsewhere`.
    pub fn with_data(path: &Path, elsewhere: Option<&Path>) -> Result<Self, Failure> {
        let file = Input::read(path)?;
        let words = Words::of(&file)?;
        let mut job = job(&words.text, &words.file).map_err(Failure::of)?;
        let folder = (folder_of(path), elsewhere);
        let resolution = instrument(&mut job, folder, &words)?;
        let structure = Input::read(&named_file(folder, &job.structure, &words.place("structure"))?)?;
        let (model, warnings) = structure.model()?;
        let intensities =
            job.data.reduce.as_ref().map(|settings| Intensities::read(settings, folder, &words)).transpose()?;
        let background = intensities.as_ref().and_then(|found| found.file.clone());
        let files = [structure.record("structure"), file.record("job")].into_iter().chain(background).chain(resolution);
        let elsewhere = elsewhere.map(Path::to_owned);
        Ok(Self { files: files.collect(), job, words, elsewhere, model, intensities, warnings })
    }

    /// The files that were read.
    pub fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// The file of the data that the job itself names.
    pub fn data(&self) -> Result<PathBuf, Failure> {
        let folders = (folder_of(Path::new(&self.words.file)), self.elsewhere.as_deref());
        named_file(folders, &self.job.data.file, &self.words.place("data/file"))
    }

    /// A refinement of these data.
    pub fn inputs(&self, data: &Input) -> Result<Inputs, Failure> {
        let observed = match &self.intensities {
            Some(intensities) => intensities.reduced(data)?,
            None => data.observed_for(&self.job.data)?,
        };
        check_range(&self.job, &observed, &self.words)?;
        let mut files = self.files.clone();
        files.insert(1, data.record("data"));
        let (job, model, warnings) = (self.job.clone(), self.model.clone(), self.warnings.clone());
        Ok(Inputs { job, model, observed, files, warnings })
    }
}

/// The way from intensities to G(r).
struct Intensities {
    reducer: Reducer,
    background: Option<Pattern>,
    /// The background's file.
    file: Option<InputFile>,
}

impl Intensities {
    fn read(settings: &Reduction, folder: Folders, words: &Words) -> Result<Self, Failure> {
        let place = |key: &str| words.place(&format!("data/reduce{key}"));
        let reducer = Reducer::new(settings).map_err(|error| Failure::of(format!("{}: {error}", place(""))))?;
        let Some(name) = &settings.backgroundfile else { return Ok(Self { reducer, background: None, file: None }) };
        let input = Input::read(&named_file(folder, name, &place("/backgroundfile"))?)?;
        Ok(Self { reducer, background: Some(input.pattern()?), file: Some(input.record("background")) })
    }

    fn reduced(&self, data: &Input) -> Result<Observed, Failure> {
        let reduced = self.reducer.clone().reduce(&data.pattern()?, self.background.as_ref()).map_err(Failure::of)?;
        Ok(reduce::observed(&reduced))
    }
}

/// Takes the resolution out of the file that the job names for it, if it names one; the file as a report names it.
fn instrument(job: &mut Job, folder: Folders, words: &Words) -> Result<Option<InputFile>, Failure> {
    let Some(name) = job.data.instrument.clone() else { return Ok(None) };
    let file = Input::read(&named_file(folder, &name, &words.place("data/instrument"))?)?;
    let found = read::job::instrument(file.text()?, &file.name).map_err(Failure::of)?;
    job.take(&found);
    Ok(Some(file.record("instrument")))
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
