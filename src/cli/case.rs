//! A job with the files that it names, read and checked: what every verb that refines begins with.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::fit::{self, FitError, Inputs, Setup};
use corefine::job::{Data, GridChoice, Job, Scopes};
use corefine::lm::Flow;
use corefine::model::Model;
use corefine::observed::Observed;
use corefine::outcome::{InputFile, Outcome};
use corefine::pattern::Pattern;
use corefine::read;
use corefine::read::job::{in_dataset, in_phase, job, place_of};
use corefine::reduce::{self, Reducer};
use corefine::reduction::Reduction;

use super::engine::Worker;
use super::files::{Folders, Input, named_file};
use super::held::held;
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
    /// The files of the data, in the order of the job's data sets.
    pub(super) data: Vec<PathBuf>,
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
        let inputs = ground.inputs(&data.iter().map(|path| Input::read(path)).collect::<Result<Vec<_>, _>>()?)?;
        let Ground { job, words, .. } = ground;
        Self::made(inputs, job, words, data)
    }

    /// A refinement that no job file describes.
    pub fn of(inputs: Inputs, data: PathBuf) -> Result<Self, Failure> {
        let job = inputs.job.clone();
        Self::made(inputs, job, Words { file: String::new(), text: String::new() }, vec![data])
    }

    fn made(inputs: Inputs, job: Job, words: Words, data: Vec<PathBuf>) -> Result<Self, Failure> {
        let files = inputs.files.clone();
        let label = if inputs.observed.iter().any(|observed| observed.header.synthetic) { "synthetic" } else { "" };
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

    /// The job file.
    pub fn file(&self) -> &str {
        &self.file
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
    // What is told of a restraint may leave the end of its name out.
    let is_of = |of: &str| of == name || of.split('@').next() == Some(name);
    let restraint = || job.restraints.iter().position(|other| is_of(other.of())).map(|i| format!("restraints/{i}"));
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
    /// The structures, in the order of the job's phases.
    models: Vec<Model>,
    /// Those of the structures.
    structures: Vec<InputFile>,
    /// The job, and those of backgrounds and instruments if there are such.
    others: Vec<InputFile>,
    /// How G(r) is made of intensities, for each data set whose file holds such.
    intensities: Vec<Option<Intensities>>,
    /// What the readers of the structures had to say.
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
        let (mut models, mut structures, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        let scopes = Scopes::of(&job);
        for (phase, (name, of)) in job.phases.iter().enumerate() {
            let place = words.place(&(in_phase(name) + "structure"));
            let input = Input::read(&named_file(folder, &of.structure, &place)?)?;
            let (model, remarks) = input.model()?;
            models.push(model);
            structures.push(input.record(&scopes.in_phase("structure", phase)));
            warnings.extend(remarks);
        }
        let (mut others, mut intensities) = (vec![file.record("job")], Vec::new());
        for dataset in 0..job.datasets.len() {
            let role = |what: &str| scopes.in_dataset(what, dataset);
            let found = Intensities::of(&job, dataset, folder, &words)?;
            let background = found.as_ref().and_then(|found| found.file.as_ref());
            others.extend(background.map(|input| input.record(&role("background"))));
            intensities.push(found);
            let resolution = instrument(&mut job, dataset, folder, &words)?;
            others.extend(resolution.map(|input| input.record(&role("instrument"))));
        }
        let elsewhere = elsewhere.map(Path::to_owned);
        Ok(Self { job, words, elsewhere, models, structures, others, intensities, warnings })
    }

    /// An error with the place where the job speaks of what it names.
    pub fn located(&self, error: &impl ToString) -> Failure {
        self.words.locate(&error.to_string(), &self.job)
    }

    /// The files that were read.
    pub fn files(&self) -> impl Iterator<Item = &InputFile> {
        self.structures.iter().chain(&self.others)
    }

    /// Is it one of these files: the background of the intensities beside it, say?
    pub fn names(&self, path: &Path) -> bool {
        let same = |there: &PathBuf| {
            self.files().any(|file| Path::new(&file.path).canonicalize().is_ok_and(|own| own == *there))
        };
        path.canonicalize().is_ok_and(|there| same(&there))
    }

    /// The files of the data that the job itself names.
    pub fn data(&self) -> Result<Vec<PathBuf>, Failure> {
        let folders = (folder_of(Path::new(&self.words.file)), self.elsewhere.as_deref());
        let file = |(name, data): &(String, Data)| {
            named_file(folders, &data.file, &self.words.place(&(in_dataset(name) + "file")))
        };
        self.job.datasets.iter().map(file).collect()
    }

    /// A refinement of these data, one file for each data set.
    pub fn inputs(&self, data: &[Input]) -> Result<Inputs, Failure> {
        let scopes = Scopes::of(&self.job);
        let mut observed = Vec::new();
        for ((input, intensities), (name, own)) in data.iter().zip(&self.intensities).zip(&self.job.datasets) {
            let curve = match intensities {
                Some(intensities) => intensities.reduced(input)?,
                None => input.observed_for(own)?,
            };
            check_range((name, own), &curve, &self.words)?;
            observed.push(curve);
        }
        let records = data.iter().enumerate().map(|(dataset, input)| input.record(&scopes.in_dataset("data", dataset)));
        let files = self.structures.iter().cloned().chain(records).chain(self.others.iter().cloned()).collect();
        let (job, models, warnings) = (self.job.clone(), self.models.clone(), self.warnings.clone());
        Ok(Inputs { job, models, observed, files, warnings })
    }
}

/// The way from intensities to G(r).
struct Intensities {
    reducer: Reducer,
    /// Reducers that have reduced and wait for more: what they keep spares the next curve most of the work.
    idle: Mutex<Vec<Reducer>>,
    background: Option<Pattern>,
    /// The background's file.
    file: Option<Input>,
}

impl Intensities {
    /// Those of a data set, if its file holds such.
    fn of(job: &Job, dataset: usize, folder: Folders, words: &Words) -> Result<Option<Self>, Failure> {
        let (name, data) = &job.datasets[dataset];
        let place = |part: &str| words.place(&(in_dataset(name) + "reduce" + part));
        data.reduce.as_ref().map(|settings| Self::read(settings, folder, &place)).transpose()
    }

    fn read(settings: &Reduction, folder: Folders, place: &dyn Fn(&str) -> String) -> Result<Self, Failure> {
        let reducer = Reducer::new(settings).map_err(|error| Failure::of(format!("{}: {error}", place(""))))?;
        let found = Self { reducer, idle: Mutex::default(), background: None, file: None };
        let Some(name) = &settings.backgroundfile else { return Ok(found) };
        let input = Input::read(&named_file(folder, name, &place("/backgroundfile"))?)?;
        Ok(Self { background: Some(input.pattern()?), file: Some(input), ..found })
    }

    fn reduced(&self, data: &Input) -> Result<Observed, Failure> {
        // Held for a moment only: frames that are reduced side by side do not wait for each other.
        let mut reducer = held(&self.idle).pop().unwrap_or_else(|| self.reducer.clone());
        let reduced = reducer.reduce(&data.pattern()?, self.background.as_ref());
        held(&self.idle).push(reducer);
        Ok(reduce::observed(&reduced.map_err(Failure::of)?))
    }
}

/// Takes the resolution out of the file that the job names for it, if it names one, and gives the file.
fn instrument(job: &mut Job, dataset: usize, folder: Folders, words: &Words) -> Result<Option<Input>, Failure> {
    let (name, data) = &job.datasets[dataset];
    let Some(file) = data.instrument.clone() else { return Ok(None) };
    let place = words.place(&(in_dataset(name) + "instrument"));
    let input = Input::read(&named_file(folder, &file, &place)?)?;
    let found = read::job::instrument(input.text()?, &input.name).map_err(Failure::of)?;
    job.take(dataset, &found);
    Ok(Some(input))
}

/// Does the curve hold the range that the job fits?
fn check_range((name, data): (&str, &Data), observed: &Observed, words: &Words) -> Result<(), Failure> {
    let place = |part: &str| words.place(&(in_dataset(name) + part));
    let (Some(first), Some(last)) = (observed.r.first(), observed.r.last()) else {
        return Err(Failure::new(format!("{}: no data", observed.name)));
    };
    let (rmin, rmax) = (data.rmin, data.rmax);
    // Half a step: a file that ends at 29.99 holds the range to 30.
    let slack = 0.5 * (last - first) / (observed.r.len().max(2) - 1) as f64;
    let outside = |key: &str, value: f64, what: &str, end: f64| {
        let message = format!("{}: {key} is {value}, but {} {what} at {end}", place(key), observed.name);
        Err(Failure::with_hint(message, format!("choose {key} within the data, {first} to {last} Å")))
    };
    if rmax > last + 2.0 * slack {
        return outside("rmax", rmax, "ends", *last);
    }
    if rmin > *last {
        return outside("rmin", rmin, "ends", *last);
    }
    if matches!(data.grid, GridChoice::Nyquist) && data.qmax.or(observed.header.qmax).is_none() {
        let message = format!("{}: the Nyquist grid needs qmax, and {} does not say it", place("grid"), observed.name);
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
