//! What came out.

use std::fmt;

use nalgebra::{DMatrix, DVector};

use super::Progress;
use super::singular::Singular;

/// Why the fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The steps became too short to matter.
    SmallStep,
    /// The residuals are orthogonal to every column of the Jacobian that may still move.
    SmallGradient,
    /// The sum of squares no longer falls.
    SmallReduction,
    /// The residuals vanished to rounding.
    ExactFit,
    /// There are no parameters.
    NothingToMove,
    /// As many iterations as allowed.
    MaxIterations,
    /// The observer said so.
    Interrupted,
    /// However short, no step along the derivatives lowers the sum of squares: they do not belong to the residuals.
    NoImprovement,
}

impl Stop {
    /// Is this a minimum?
    pub fn converged(self) -> bool {
        matches!(
            self,
            Self::SmallStep | Self::SmallGradient | Self::SmallReduction | Self::ExactFit | Self::NothingToMove
        )
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SmallStep => "the last steps were too short to matter",
            Self::SmallGradient => "no parameter can lower the residual to first order",
            Self::SmallReduction => "the residual no longer falls",
            Self::ExactFit => "the residual vanished",
            Self::NothingToMove => "nothing was refined",
            Self::MaxIterations => "the iterations allowed were used up",
            Self::Interrupted => "interrupted",
            Self::NoImprovement => "no step lowers the residual, although its derivatives say so",
        })
    }
}

/// The least squares as they ended, at a minimum or not (see [`Fit::stop`]).
#[derive(Debug, Clone)]
pub struct Fit {
    /// The best parameters, n.
    pub p: DVector<f64>,
    /// The residuals there, m.
    pub residuals: DVector<f64>,
    /// The Jacobian there, m × n.
    pub jacobian: DMatrix<f64>,
    /// `|r|²` there.
    pub residual_norm_sq: f64,
    /// Iterations done.
    pub iterations: usize,
    /// Residual vectors computed.
    pub evaluations: usize,
    /// Why it ended.
    pub stop: Stop,
    /// `(JᵀJ)⁺`, n × n, in the units of `r`: the covariance of the parameters where the residuals are weighted by
    /// their standard deviations. Rows and columns of parameters at a bound are zero. See [`Fit::esd`].
    pub covariance: DMatrix<f64>,
    /// Singular values of the Jacobian of the parameters that are at no bound, its columns scaled to length 1; largest first.
    pub singular_values: DVector<f64>,
    /// Of those, how many exceed [`super::Options::rank_tolerance`] times the largest.
    pub rank: usize,
    /// Directions (unit vectors, n) along which no residual changes to first order, in parameters scaled so that a unit
    /// of each changes the residuals by 1 (see [`Fit::column_norms`]).
    pub undetermined: Vec<DVector<f64>>,
    /// `|J_j|`, n: how much the residuals change with each parameter.
    pub column_norms: DVector<f64>,
    /// Which parameters stand on a bound.
    pub at_bound: Vec<bool>,
    /// The start and every iteration.
    pub history: Vec<Progress>,
}

/// A parameter with a larger part (squared) of an undetermined direction has no standard uncertainty.
const UNDETERMINED_SHARE: f64 = 1e-8;

impl Fit {
    /// Standard uncertainty of parameter j in the units of `r`; `None` at a bound, where no residual depends on it, and where it
    /// is part of an undetermined direction.
    ///
    /// Multiply by `sqrt(`[`Fit::reduced_chi_square`]`)` where the weights are known to a factor only.
    pub fn esd(&self, j: usize) -> Option<f64> {
        let known = j < self.p.len() && !self.at_bound[j] && self.undetermined_share(j) <= UNDETERMINED_SHARE;
        known.then(|| self.covariance[(j, j)].sqrt())
    }

    /// The part of parameter j that lies in undetermined directions, 0 to 1.
    pub fn undetermined_share(&self, j: usize) -> f64 {
        self.undetermined.iter().map(|direction| direction[j].powi(2)).sum()
    }

    /// `|r|² / (m - rank)`; `None` where there are no more residuals than determined parameters.
    pub fn reduced_chi_square(&self) -> Option<f64> {
        let freedom = self.residuals.len().saturating_sub(self.rank);
        (freedom > 0).then(|| self.residual_norm_sq / freedom as f64)
    }

    /// Correlation coefficient of parameters i and j; 0 where either has no variance.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        let product = (self.covariance[(i, i)] * self.covariance[(j, j)]).sqrt();
        if product > 0.0 { self.covariance[(i, j)] / product } else { 0.0 }
    }
}

/// The part of a [`Fit`] that follows from the last Jacobian.
pub(super) struct Spread {
    pub covariance: DMatrix<f64>,
    pub singular_values: DVector<f64>,
    pub rank: usize,
    pub undetermined: Vec<DVector<f64>>,
    pub column_norms: DVector<f64>,
}

impl Spread {
    /// Of the columns that are at no bound.
    pub(super) fn of(jacobian: &DMatrix<f64>, at_bound: &[bool], tolerance: f64) -> Self {
        let n = jacobian.ncols();
        let column_norms = DVector::from_iterator(n, jacobian.column_iter().map(|column| column.norm()));
        let inside: Vec<usize> = (0..n).filter(|&j| !at_bound[j]).collect();
        let mut unit = jacobian.select_columns(&inside);
        for (mut column, &j) in unit.column_iter_mut().zip(&inside) {
            column /= positive_or_one(column_norms[j]);
        }
        let singular = Singular::of(&unit);
        let rank = singular.rank(tolerance);
        let mut covariance = DMatrix::zeros(n, n);
        let scaled = singular.inverse_normal(rank);
        for (a, &i) in inside.iter().enumerate() {
            for (b, &j) in inside.iter().enumerate() {
                covariance[(i, j)] =
                    scaled[(a, b)] / (positive_or_one(column_norms[i]) * positive_or_one(column_norms[j]));
            }
        }
        let undetermined =
            (rank..inside.len()).map(|k| spread(singular.directions.column(k).iter(), &inside, n)).collect();
        Self { covariance, singular_values: singular.values, rank, undetermined, column_norms }
    }
}

/// Values of the chosen parameters among zeros.
fn spread<'a>(values: impl Iterator<Item = &'a f64>, chosen: &[usize], n: usize) -> DVector<f64> {
    let mut whole = DVector::zeros(n);
    for (&j, value) in chosen.iter().zip(values) {
        whole[j] = *value;
    }
    whole
}

/// A length to divide by.
pub(super) fn positive_or_one(length: f64) -> f64 {
    if length > 0.0 { length } else { 1.0 }
}
