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
    /// How many of these parameters have used up.
    used: f64,
}

impl Miss {
    /// The mean square of a residual that is free.
    pub fn reduced(self) -> f64 {
        self.cost / (self.effective - self.used).max(1.0)
    }

    /// The same with so many directions determined by all data, of which it has its share of the trace of `J (JᵀJ)⁺ Jᵀ`.
    pub fn with(self, used: f64) -> Self {
        Self { used, ..self }
    }
}

/// By what each data set is missed, no parameter counted.
pub(super) fn misses(setup: &Setup, fit: &lm::Fit) -> Vec<Miss> {
    let rows = blocks(setup);
    let of = |((from, count), dataset): ((usize, usize), &Dataset)| Miss {
        cost: fit.residuals.rows(from, count).norm_squared(),
        effective: dataset.target.effective_points(),
        used: 0.0,
    };
    rows.into_iter().zip(&setup.datasets).map(of).collect()
}

/// The share that each data set has in what is determined: of the trace of `J (JᵀJ)⁺ Jᵀ` over its rows.
pub(super) fn parts(setup: &Setup, fit: &lm::Fit) -> Vec<f64> {
    let leverage = |(from, count): (usize, usize)| {
        let own = fit.jacobian.rows(from, count);
        (own * &fit.covariance).component_mul(&own).sum()
    };
    let traces: Vec<f64> = blocks(setup).into_iter().map(leverage).collect();
    let whole: f64 = traces.iter().sum();
    let even = 1.0 / traces.len() as f64;
    traces.iter().map(|trace| if whole > 0.0 { trace / whole } else { even }).collect()
}

/// First row and number of rows of each data set.
fn blocks(setup: &Setup) -> Vec<(usize, usize)> {
    let mut from = 0;
    let of = |dataset: &Dataset| {
        let count = dataset.target.points();
        from += count;
        (from - count, count)
    };
    setup.datasets.iter().map(of).collect()
}

/// The variances of residuals of unit weight.
pub(super) struct Variances {
    /// How many rows of the Jacobian have which: data set by data set, then restraints.
    blocks: Vec<(usize, f64)>,
}

impl Variances {
    /// Those of each data set by its own misfit, and of restraints by that of all data.
    pub fn of(setup: &Setup, misses: &[Miss]) -> Self {
        let sum = |of: fn(&Miss) -> f64| misses.iter().map(of).sum::<f64>();
        let whole =
            Miss { cost: sum(|miss| miss.cost), effective: sum(|miss| miss.effective), used: sum(|miss| miss.used) };
        let datasets = setup.datasets.iter().zip(misses);
        let mut blocks: Vec<(usize, f64)> = datasets
            .map(|(dataset, miss)| {
                (dataset.target.points(), variance_used(setup, dataset.target.noise, miss.reduced()))
            })
            .collect();
        blocks.push((setup.restraints.len(), variance_used(setup, noise(setup), whole.reduced())));
        Self { blocks }
    }

    /// By what those of the data exceed `others`, where it is the same for every data set.
    pub fn ratio(&self, others: &Self) -> Option<f64> {
        let mut ratios = self.of_data().zip(others.of_data()).map(|(own, other)| own / other);
        let first = ratios.next()?;
        ratios.all(|ratio| ratio == first).then_some(first)
    }

    fn of_data(&self) -> impl Iterator<Item = f64> {
        self.blocks[..self.blocks.len() - 1].iter().map(|(_, variance)| *variance)
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
