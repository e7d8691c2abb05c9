//! The restraints of a job of several structures.

use nalgebra::DMatrix;

use super::{RestraintError, Restraints, build};
use crate::job::{Job, Restraint, Scopes};
use crate::outcome::RestraintResult;
use crate::params::{Binding, Geometry, State};
use crate::tangent::Tangent;

/// The restraints of a job in every place whose atoms stand on their own; in all functions `states` and `tangents` have one entry
/// for each place.
#[derive(Debug, Clone, PartialEq)]
pub struct RestraintsInPlaces {
    /// Number and end of a place, and its restraints; those on parameters are with the first.
    places: Vec<(usize, String, Restraints)>,
}

impl RestraintsInPlaces {
    /// The restraints of a job on what `binding` moves, fixed in the structures `states` at their starting values.
    ///
    /// Where there are several phases, a restraint that names none is one on each phase that has what it speaks of.
    ///
    /// # Errors
    /// As [`Restraints::new`].
    pub fn new(job: &Job, binding: &Binding, states: &[State]) -> Result<Self, RestraintError> {
        let scopes = Scopes::of(job);
        let places = binding.geometries().into_iter().map(|geometry| {
            let start = &states[geometry.place];
            let restraints = restraints_of(job, &scopes, &geometry, start)?;
            let asked = build::Asked {
                restraints: &restraints,
                weight: job.restraint_weight,
                knows_molecules: job.phases[geometry.phase].1.molecules.is_some(),
                parameters: (geometry.place == 0).then_some(binding),
            };
            Ok((geometry.place, geometry.end, build::restraints(&asked, start)?))
        });
        Ok(Self { places: places.collect::<Result<_, RestraintError>>()? })
    }

    /// Those of the first place, which most jobs have alone.
    pub fn first(&self) -> Option<&Restraints> {
        self.places.first().map(|(_, _, restraints)| restraints)
    }

    /// How many residuals there are: always as many.
    pub fn len(&self) -> usize {
        self.places.iter().map(|(_, _, restraints)| restraints.len()).sum()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a user should know of them, each once.
    pub fn warnings(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for warning in self.places.iter().flat_map(|(_, _, restraints)| &restraints.warnings) {
            if !all.contains(warning) {
                all.push(warning.clone());
            }
        }
        all
    }

    /// As [`Restraints::residuals`], place by place.
    pub fn residuals(&self, states: &[State], p: &[f64]) -> Vec<f64> {
        self.places.iter().flat_map(|(place, _, restraints)| restraints.residuals(&states[*place], p)).collect()
    }

    /// As [`Restraints::jacobian`], place by place.
    pub fn jacobian(&self, states: &[State], tangents: &[Vec<Tangent>]) -> DMatrix<f64> {
        let mut all = DMatrix::zeros(self.len(), tangents.first().map_or(0, Vec::len));
        let mut row = 0;
        for (place, _, restraints) in &self.places {
            let own = restraints.jacobian(&states[*place], &tangents[*place]);
            all.rows_mut(row, own.nrows()).copy_from(&own);
            row += own.nrows();
        }
        all
    }

    /// As [`Restraints::pulls`], place by place; what is restrained is called with the end of its place.
    pub fn pulls(&self, states: &[State], p: &[f64]) -> Vec<RestraintResult> {
        let named = |(place, end, restraints): &(usize, String, Restraints)| {
            let pulls = restraints.pulls(&states[*place], p).into_iter();
            let end = end.clone();
            pulls.map(
                move |pull| if pull.kind == "sigma" { pull } else { RestraintResult { of: pull.of + &end, ..pull } },
            )
        };
        self.places.iter().flat_map(named).collect()
    }
}

/// The job's restraints on a place, without their ends.
fn restraints_of(
    job: &Job,
    scopes: &Scopes,
    geometry: &Geometry,
    start: &State,
) -> Result<Vec<Restraint>, RestraintError> {
    let mut own = Vec::new();
    for restraint in &job.restraints {
        let scoped = scopes.scoped(restraint.of())?;
        let plain = restraint.clone().renamed(scoped.name);
        let meant = scoped.phase.is_some() || job.phases.len() == 1 || build::has(start, &plain);
        if geometry.datasets.iter().any(|dataset| scoped.holds(geometry.phase, *dataset)) && meant {
            own.push(plain);
        }
    }
    Ok(own)
}
