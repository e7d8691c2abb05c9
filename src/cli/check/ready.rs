//! A case with its files read and checked, and what it gives on an engine.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::fit::FitError;
use corefine::lm::Flow;
use corefine::observed::Observed;
use corefine::pattern::Pattern;
use corefine::reduce::Reducer;
use corefine::suite::{Answers, CurveOf, EngineName, Reduction, Task};

use crate::cli::args::EngineArg;
use crate::cli::case::Case;
use crate::cli::engine::Worker;
use crate::cli::files::{Folders, Input, Structure, found};
use crate::cli::messages::Failure;
use crate::cli::reduce::pattern;
use crate::cli::simulate::Computation;

/// Can run.
pub enum Ready {
    Refine(Box<Case>),
    Simulate(Box<Computation>),
    Reduce(Box<(Reducer, Pattern, Option<Pattern>)>),
    Read(Box<Observed>),
}

impl Ready {
    /// Reads what the task names: beside the suite, or else in the folder of data.
    pub fn of(task: &Task, folders: Folders) -> Result<Self, Failure> {
        let path = |name: &str| found(folders, name).ok_or_else(|| missing(name, folders));
        Ok(match task {
            Task::Refine(job) => Self::Refine(Box::new(Case::with_data(&path(job)?, folders.1)?)),
            Task::Simulate(curve) => Self::Simulate(Box::new(computation(curve, &path(&curve.structure)?)?)),
            Task::Reduce(Reduction { sample, background, settings }) => {
                let background = background.as_deref().map(|name| pattern(&path(name)?)).transpose()?;
                let reducer = Reducer::new(settings).map_err(Failure::of)?;
                Self::Reduce(Box::new((reducer, pattern(&path(sample)?)?, background)))
            }
            Task::Read(curve) => Self::Read(Box::new(Input::read(&path(curve)?)?.observed()?)),
        })
    }

    /// What it gives. A refinement that is told to stop gives what it has.
    pub fn answers(&self, worker: &mut Worker, stop: &AtomicBool) -> Result<Answers, Failure> {
        let mut answers = match self {
            Self::Refine(case) => fitted(case, worker, stop).map_err(Failure::of)?,
            Self::Simulate(computation) => {
                let curve = computation.curve(false, worker.engine()).map_err(Failure::of)?;
                Answers::of_curve(&computation.measurement.r, &curve.g)
            }
            Self::Reduce(all) => {
                let (reducer, sample, background) = all.as_ref();
                let reduced = reducer.clone().reduce(sample, background.as_ref()).map_err(Failure::of)?;
                Answers::of_reduction(&reduced)
            }
            Self::Read(observed) => Answers::of_data(observed),
        };
        if let Some(worst) = worker.worst() {
            answers.with_esd("check".to_owned(), worst, None);
        }
        Ok(answers)
    }
}

fn fitted(case: &Case, worker: &mut Worker, stop: &AtomicBool) -> Result<Answers, FitError> {
    let mut observer =
        |_: &corefine::fit::Progress| if stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue };
    let outcome = case.setup.clone().refine(worker.engine(), &mut observer)?;
    Ok(Answers::of_fit(&outcome))
}

fn computation(curve: &CurveOf, path: &Path) -> Result<Computation, Failure> {
    Computation::of(Structure::read(path, None)?, curve)
}

fn missing(name: &str, (folder, elsewhere): Folders) -> Failure {
    let message = format!("there is no file {}", folder.join(name).display());
    match elsewhere {
        Some(elsewhere) => Failure::with_hint(message, format!("nor is it in {}", elsewhere.display())),
        None => {
            Failure::with_hint(message, "and no folder of data is named: --data DIR, or the variable of `data_from`")
        }
    }
}

/// The engine of a run.
pub fn open(engine: EngineName) -> Result<Worker, Failure> {
    Worker::named(match engine {
        EngineName::Cpu => EngineArg::Cpu,
        EngineName::Gpu => EngineArg::Gpu,
        EngineName::Check => EngineArg::Check,
    })
}
