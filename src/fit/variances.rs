//! How large the noise of each curve is, by what is known of it and by its misfit.

use nalgebra::DMatrix;

use super::dataset::Dataset;
use super::setup::Setup;
use crate::lm;
use crate::objective::Noise;

/// By what a data set is missed.
#[derive(Clone, Copy)]
pub(super) struct Miss {
    /// Sum of squares of its residuals.
    cost: f64,
    /// Its points that tell something each.
    effective: f64,
}

impl Miss {
    /// The mean square of a residual, of which a share is `free`.
    fn reduced(self, free: f64) -> f64 {
        self.cost / (self.effective * free).max(f64::MIN_POSITIVE)
    }

    pub fn in_noise(self, dataset: &Dataset, free: f64) -> Option<f64> {
        (dataset.target.noise != Noise::Unknown).then(|| self.reduced(free).sqrt())
    }
}

pub(super) fn misses(setup: &Setup, fit: &lm::Fit) -> Vec<Miss> {
    let mut row = 0;
    let of = |dataset: &Dataset| {
        let own = fit.residuals.rows(row, dataset.target.points());
        row += dataset.target.points();
        Miss { cost: own.norm_squared(), effective: dataset.target.effective_points() }
    };
    setup.datasets.iter().map(of).collect()
}

/// The variances of residuals of unit weight.
pub(super) struct Variances {
    /// How many rows of the Jacobian have which: data set by data set, then restraints.
    blocks: Vec<(usize, f64)>,
}

impl Variances {
    /// `free`: the share of the points that is not used up by parameters.
    pub fn of(setup: &Setup, misses: &[Miss], free: f64) -> Self {
        let sum = |of: fn(&Miss) -> f64| misses.iter().map(of).sum::<f64>();
        let whole = Miss { cost: sum(|miss| miss.cost), effective: sum(|miss| miss.effective) };
        let datasets = setup.datasets.iter().zip(misses);
        let mut blocks: Vec<(usize, f64)> = datasets
            .map(|(dataset, miss)| {
                (dataset.target.points(), variance_used(setup, dataset.target.noise, miss.reduced(free)))
            })
            .collect();
        blocks.push((setup.restraints.len(), variance_used(setup, noise(setup), whole.reduced(free))));
        Self { blocks }
    }

    /// The Jacobian's rows in units of their noise.
    pub fn weighed(&self, jacobian: &DMatrix<f64>) -> DMatrix<f64> {
        self.scaled(jacobian, |variance| 1.0 / variance.sqrt())
    }

    fn scaled(&self, jacobian: &DMatrix<f64>, factor: impl Fn(f64) -> f64) -> DMatrix<f64> {
        let mut scaled = jacobian.clone();
        let mut row = 0;
        for (rows, variance) in &self.blocks {
            scaled.rows_mut(row, *rows).scale_mut(factor(*variance));
            row += rows;
        }
        scaled
    }

    /// `C (Σ s² JᵀJ) C`.
    pub fn widened(&self, covariance: &DMatrix<f64>, jacobian: &DMatrix<f64>) -> DMatrix<f64> {
        let used: Vec<f64> = self.blocks.iter().filter(|(rows, _)| *rows > 0).map(|(_, variance)| *variance).collect();
        if let [first, rest @ ..] = &used[..]
            && rest.iter().all(|other| other == first)
        {
            return covariance * *first;
        }
        let scaled = self.scaled(jacobian, f64::sqrt);
        covariance * (scaled.transpose() * &scaled) * covariance
    }
}

/// The variance of a residual of unit weight: 1 where the noise is known, and more if the misfit says so.
fn variance_used(setup: &Setup, noise: Noise, reduced: f64) -> f64 {
    match noise {
        Noise::Unknown if setup.restraints.is_empty() => reduced.max(f64::MIN_POSITIVE),
        // Restraints were weighed against this noise; and data that are fitted better than their noise are no better known.
        _ => reduced.max(1.0),
    }
}

/// Points that tell something each.
pub(super) fn effective_points(setup: &Setup) -> f64 {
    setup.datasets.iter().map(|dataset| dataset.target.effective_points()).sum()
}

/// Where the uncertainties come from: unknown, if they are of all data.
pub(super) fn noise(setup: &Setup) -> Noise {
    let known = setup.datasets.iter().map(|dataset| dataset.target.noise).find(|noise| *noise != Noise::Unknown);
    known.unwrap_or(Noise::Unknown)
}
