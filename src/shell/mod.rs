//! The distribution of the lengths of followed bonds, straight from the curve.
//!
//! A second way to the broken fraction, beside structures: the pairs of every followed bond are taken out of the model and
//! put back with a smooth distribution p(d) of lengths instead of explicit positions; everything else of the model stays.
//!
//! ```text
//! G(r) = G_model(θ) - Σ_m w_m K_m(r; d_m, θ) + A ∫ p(d) Σ_m w_m K_m(r; d, θ) dd,      ∫ p dd = 1
//! ```
//!
//! K_m(r; d) is what the centre of bond m adds with its neighbour, and with the atoms of the neighbour's molecule near to it,
//! when the bond has the length d; it goes through the very map that the model's curve goes through. w_m is how many bonds
//! of the cell m stands for, θ what the job refines beside positions, A the coordination number over the given one. What p
//! is made of is told at `density.rs`, what the data leave of it is found by [`crate::sample`].

mod density;
mod find;
mod kernel;
mod nuisance;
mod problem;
mod result;
mod summary;
mod units;

pub use density::Prior;
pub use find::Shell;
pub use result::{Bands, ByCutoff, NuisanceResult, ShellResult};

use crate::fit::FitError;
use crate::forward::ForwardError;
use crate::sample::Plan;

/// How a distribution is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The shortest and the longest length, Å; `None`: 0.5 Å shorter than the mean at the start, and 1.2 Å longer.
    pub range: Option<(f64, f64)>,
    /// Step of the lengths, Å.
    pub step: f64,
    /// What is known of the distribution before the data.
    pub prior: Prior,
    /// Standard deviation of the logarithm of the area (the coordination number over the given one); `None`: it is 1.
    pub area: Option<f64>,
    /// What the model gets wrong beside lengths, as a share of the largest |G|: noise that is added to that of the data.
    pub model_error: f64,
    /// Members wanted, all chains together.
    pub draws: usize,
    /// How a chain goes about it; its number of draws follows from [`Options::draws`].
    pub plan: Plan,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let plan = Plan { warmup: 600, draws: 0, apart: 16, ..Plan::default() };
        Self {
            range: None,
            step: 0.02,
            prior: Prior::default(),
            area: None,
            model_error: 0.015,
            draws: 1000,
            plan,
            seed: 1,
        }
    }
}

/// Most lengths that a distribution stands on, and most members.
const MOST_LENGTHS: f64 = 1000.0;
const MOST_DRAWS: usize = 1_000_000;
/// The lengths about the mean of the start, Å.
const RANGE: (f64, f64) = (-0.5, 1.2);

impl Options {
    fn check(&self) -> Result<(), ShellError> {
        let wrong = |what, value, needed| Err(ShellError::Number { what, value, needed });
        if !(0.001..=0.1).contains(&self.step) {
            return wrong("the step of the lengths", self.step, "a length between 0.001 and 0.1 Å is needed");
        }
        if let Some((from, to)) = self.range
            && !(from > 0.0 && to - from > 10.0 * self.step && (to - from) / self.step < MOST_LENGTHS)
        {
            return wrong(
                "the longest length",
                to,
                "it must be 10 to 1000 steps above the shortest, which is positive",
            );
        }
        if let Some(sigma) = self.area.filter(|sigma| !(*sigma > 0.0 && *sigma <= 1.0)) {
            return wrong("the uncertainty of the area", sigma, "a number above 0, and 1 at most, is needed");
        }
        if !(0.0..=1.0).contains(&self.model_error) {
            return wrong("the error of the model", self.model_error, "a share of the largest |G|, 0 to 1, is needed");
        }
        if !(20..=MOST_DRAWS).contains(&self.draws) {
            return wrong("the number of draws", self.draws as f64, "a number from 20 to 1000000 is needed");
        }
        Ok(())
    }

    /// The lengths, whole multiples of the step.
    fn lengths(&self, mean: f64) -> Vec<f64> {
        let (from, to) = self.range.unwrap_or(((mean + RANGE.0).max(0.3 * mean), mean + RANGE.1));
        let (first, last) = ((from / self.step).round() as u32, (to / self.step).round() as u32);
        (first..=last).map(|k| f64::from(k) * self.step).collect()
    }
}

/// There is no distribution to be found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShellError {
    /// Job, structure and data do not fit together, or have no curve.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The curve.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// No bonds to follow.
    #[error("the job follows no bonds: add bonds: [(pair: \"Co-N\")], with the two elements that are meant")]
    NoBonds,
    /// A job that compares in Q.
    #[error(
        "the distribution is found from G(r), and the job compares in Q; leave `compare` out of its data: a .fq or .sq is then brought to r \
         by itself, and `dg`, where there is one, has to be that of G(r), 1/Å²"
    )]
    InQ,
    /// A number that makes no sense.
    #[error("{what} is {value}: {needed}")]
    Number {
        /// Which.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        needed: &'static str,
    },
}
