//! The least-squares problem that [`crate::lm`] sees: the residuals of every data set, one after the other, then those of
//! restraints.

use std::cell::RefCell;

use nalgebra::{DMatrix, DVector};

use super::dataset::Dataset;
use super::setup::FitError;
use crate::curve::Curves;
use crate::engine::Engine;
use crate::lm;
use crate::objective::overall_rw;
use crate::params::{Binding, State};
use crate::restraints::RestraintsInPlaces;
use crate::tangent::Tangent;

/// Everything that residuals are made of.
pub(super) struct Problem<'a> {
    pub binding: &'a Binding,
    pub datasets: &'a mut [Dataset],
    pub engine: &'a mut dyn Engine,
    pub restraints: &'a RestraintsInPlaces,
    /// Sum of squares and Rw of all curves so far.
    pub seen: &'a RefCell<Vec<(f64, f64)>>,
}

impl lm::Problem for Problem<'_> {
    type Error = FitError;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, FitError> {
        if !self.is_there(p) {
            return Ok(self.nowhere());
        }
        let states = self.binding.states(p.as_slice())?;
        let curves = all_curves(self.datasets, &states, &[], self.engine)?;
        Ok(self.seen_residuals(p, &states, &curves))
    }

    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, FitError> {
        Ok(self.both(p)?.1)
    }

    fn both(&mut self, p: &DVector<f64>) -> Result<(DVector<f64>, DMatrix<f64>), FitError> {
        if !self.is_there(p) {
            return Ok((self.nowhere(), DMatrix::zeros(0, 0)));
        }
        let states = self.binding.states(p.as_slice())?;
        let tangents = self.binding.all_tangents(&states, p.as_slice())?;
        let curves = all_curves(self.datasets, &states, &tangents, self.engine)?;
        let residuals = self.seen_residuals(p, &states, &curves);
        Ok((residuals, jacobian(self.datasets, self.restraints, &curves, &states, &tangents)))
    }
}

impl Problem<'_> {
    /// There is no model where a formula has no value, or one that cannot be.
    fn is_there(&self, p: &DVector<f64>) -> bool {
        self.binding.values(p.as_slice()).is_ok_and(|values| self.binding.ties_allowed(&values))
    }

    fn nowhere(&self) -> DVector<f64> {
        DVector::from_element(points(self.datasets) + self.restraints.len(), f64::NAN)
    }

    fn seen_residuals(&self, p: &DVector<f64>, states: &[State], curves: &[Curves]) -> DVector<f64> {
        let mut residuals = Vec::new();
        for (dataset, curves) in self.datasets.iter().zip(curves) {
            residuals.extend(dataset.target.residuals(&curves.g));
        }
        residuals.extend(self.restraints.residuals(states, p.as_slice()));
        let residuals = DVector::from_vec(residuals);
        self.seen.borrow_mut().push((residuals.norm_squared(), rw(self.datasets, curves)));
        residuals
    }
}

/// How many points all data sets are compared at.
pub(super) fn points(datasets: &[Dataset]) -> usize {
    datasets.iter().map(|dataset| dataset.target.points()).sum()
}

/// The curves of all data sets.
pub(super) fn all_curves(
    datasets: &mut [Dataset],
    states: &[State],
    tangents: &[Vec<Tangent>],
    engine: &mut dyn Engine,
) -> Result<Vec<Curves>, FitError> {
    datasets.iter_mut().map(|dataset| dataset.curves(states, tangents, engine)).collect()
}

/// Rw over all data sets.
pub(super) fn rw(datasets: &[Dataset], curves: &[Curves]) -> f64 {
    overall_rw(datasets.iter().zip(curves).map(|(dataset, curves)| (&dataset.target, &curves.g[..])))
}

/// The derivative of all residuals: those of the data first, then those of the restraints.
pub(super) fn jacobian(
    datasets: &[Dataset],
    restraints: &RestraintsInPlaces,
    curves: &[Curves],
    states: &[State],
    tangents: &[Vec<Tangent>],
) -> DMatrix<f64> {
    let mut parts: Vec<DMatrix<f64>> =
        datasets.iter().zip(curves).map(|(dataset, curves)| dataset.target.jacobian(&curves.columns)).collect();
    if !restraints.is_empty() {
        parts.push(restraints.jacobian(states, tangents));
    }
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let columns = parts.iter().map(DMatrix::ncols).max().unwrap_or(0);
    let mut all = DMatrix::zeros(parts.iter().map(DMatrix::nrows).sum(), columns);
    let mut row = 0;
    for part in &parts {
        all.rows_mut(row, part.nrows()).copy_from(part);
        row += part.nrows();
    }
    all
}
