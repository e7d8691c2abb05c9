//! The refinement: the loop over structures, curves and step, and nothing else.
//!
//! [`Setup::new`] brings job, structures and data together and checks them; [`Setup::refine`] lets
//! [`crate::lm`] find the minimum; the result is gathered in an [`Outcome`].

mod dataset;
mod doubts;
mod gather;
mod header;
mod problem;
mod restart;
mod setup;
pub(crate) mod spread;
mod variances;

pub use restart::refined_structure;
pub(crate) use setup::Followed;
pub use setup::{FitError, Inputs, Setup};

use std::cell::RefCell;
use std::time::Instant;

use nalgebra::DVector;

use crate::engine::Engine;
use crate::lm::{self, Flow, LmError, Options};
use crate::outcome::{IterationRecord, Outcome};
use crate::sample;
use problem::Problem;

/// How far a refinement has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Iterations done, 0 at the start.
    pub iteration: usize,
    /// Rw after it.
    pub rw: f64,
    /// Damping of the step.
    pub lambda: f64,
}

impl Setup {
    /// Refines and gathers the result; `observer` is told of every iteration and may stop it.
    ///
    /// # Errors
    /// Where the engine fails, or the model has no curve at the start.
    pub fn refine(
        mut self,
        engine: &mut dyn Engine,
        observer: &mut dyn FnMut(&Progress) -> Flow,
    ) -> Result<Outcome, FitError> {
        let clock = Instant::now();
        let mut history = Vec::new();
        let seen = RefCell::new(Vec::new());
        let options = self.options(engine)?;
        let start = DVector::from_column_slice(&self.begin);
        let mut problem = self.problem(engine, &seen);
        let fit = lm::minimise(&mut problem, start, &options, &mut |progress| {
            let rw = rw_of(&seen.borrow(), progress.cost);
            history.push(IterationRecord { rw, lambda: progress.lambda });
            observer(&Progress { iteration: progress.iteration, rw, lambda: progress.lambda })
        });
        let fit = fit.map_err(FitError::from)?;
        self.gather(&fit, history, clock.elapsed().as_secs_f64(), engine)
    }

    /// One fit from `start`, of data that `perturbation` (one number for each residual) is added to.
    pub(crate) fn minimum(
        &mut self,
        start: DVector<f64>,
        perturbation: DVector<f64>,
        engine: &mut dyn Engine,
        observer: &mut dyn FnMut(&lm::Progress) -> Flow,
    ) -> Result<lm::Fit, FitError> {
        let options = self.options(engine)?;
        let seen = RefCell::new(Vec::new());
        let mut problem = self.problem(engine, &seen);
        Ok(sample::randomised(&mut problem, perturbation, start, &options, observer)?)
    }

    fn problem<'a>(&'a mut self, engine: &'a mut dyn Engine, seen: &'a RefCell<Vec<(f64, f64)>>) -> Problem<'a> {
        Problem { binding: &self.binding, datasets: &mut self.datasets, engine, restraints: &self.restraints, seen }
    }

    fn options(&self, engine: &dyn Engine) -> Result<Options, FitError> {
        let bounds = self.binding.free.iter().map(|free| free.bounds).collect();
        let options = Options::with_tolerance(self.job.fit.tolerance, self.job.fit.max_iterations);
        // An engine in f32 sums to some 1e-6: smaller changes of the residual are its rounding.
        let noise = if engine.exact() { options.noise } else { 1e-6 };
        // A model that explains noiseless data to Rw 1e-6 has explained them.
        let whole = self.datasets.iter().map(|dataset| dataset.target.whole()).sum::<f64>();
        let start = self.binding.start();
        let widths = spread::widths(self, &self.binding.states(&start)?, &start);
        Ok(Options { bounds, widths, noise, ftol: options.ftol.max(noise), exact: 1e-12 * whole, ..options })
    }
}

/// The Rw that went with a sum of squares.
fn rw_of(seen: &[(f64, f64)], cost: f64) -> f64 {
    seen.iter().rev().find(|(known, _)| *known == cost).map_or(f64::NAN, |(_, rw)| *rw)
}

impl From<LmError<FitError>> for FitError {
    fn from(error: LmError<FitError>) -> Self {
        match error {
            LmError::Problem(error) => error,
            other => FitError::NoStart(other.to_string()),
        }
    }
}
