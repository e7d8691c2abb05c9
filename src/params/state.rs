//! The structure at given values of the variables.

use nalgebra::{Matrix3, Vector3};

use super::bodies::Bodies;
use super::names::Whole;
use super::quantity::{Quantity, aniso};
use crate::crystal::{Atom, Crystal};
use crate::model::{Adp, Cell, Model, Site, symmetric};

/// What a measurement adds to a structure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Damping by the instrument, 1/Å.
    pub qdamp: f64,
    /// Broadening by the instrument, 1/Å.
    pub qbroad: f64,
    /// Factor on the phase's part of the curve, beside the structure's `scale`.
    pub pscale: f64,
    /// Have molecules been looked for?
    pub molecules: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { qdamp: 0.0, qbroad: 0.0, pscale: 1.0, molecules: false }
    }
}

/// A structure and its measurement at one set of values.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The structure, site by site.
    pub model: Model,
    /// The same, atom by atom.
    pub crystal: Crystal,
    /// Instrument.
    pub setting: Setting,
}

impl State {
    /// Writes the value of a quantity that is `start` in the starting structure, unless it belongs to a body: where its atoms are depends on the cell and on all six of its
    /// values, so bodies are written by [`State::place`] when all else is.
    pub(super) fn write(&mut self, quantity: &Quantity, start: f64, value: f64) {
        let by = value - start;
        match quantity {
            Quantity::Whole(whole) => *self.whole_mut(*whole) = value,
            Quantity::Cell { vector, .. } => {
                let old = self.model.cell.parameters();
                self.model.cell = Cell::from_parameters(std::array::from_fn(|k| old[k] + by * vector[k]));
            }
            Quantity::Position { site, vector, .. } => self.model.sites[*site].position.0 += vector * by,
            Quantity::Uaniso { site, vector, .. } => {
                let u = aniso(&self.model, &self.model.sites[*site]);
                self.model.sites[*site].adp = Some(Adp::Aniso(std::array::from_fn(|k| u[k] + by * vector[k])));
            }
            Quantity::Uiso(sites) => self.each(sites, |site| site.adp = Some(Adp::Iso(value))),
            Quantity::Inside(sites) => self.each(sites, |site| site.inside = Some(value)),
            Quantity::Occ(sites) => self.each(sites, |site| site.occ = value),
            Quantity::Beyond(sites) => self.each(sites, |site| {
                if let Some(beyond) = &mut site.beyond {
                    beyond.uiso = value;
                }
            }),
            Quantity::Body { .. } => {}
        }
    }

    /// Gives the model and the setting the numbers that they have in `start`, from which this structure was made. The crystal is left
    /// for [`crate::expand::update`].
    pub(super) fn begin_again(&mut self, start: &Self) {
        self.setting = start.setting;
        (self.model.cell, self.model.profile) = (start.model.cell, start.model.profile);
        for (site, start) in self.model.sites.iter_mut().zip(&start.model.sites) {
            (site.position, site.occ, site.adp) = (start.position, start.occ, start.adp);
            (site.beyond, site.inside) = (start.beyond, start.inside);
        }
    }

    /// Writes the atoms of bodies into the cell as it is.
    pub(super) fn place(&mut self, bodies: &Bodies) {
        let inverse = inverse(&self.model.cell);
        for body in bodies.values() {
            body.write(&mut self.model, &inverse);
        }
    }

    fn each(&mut self, sites: &[usize], change: impl Fn(&mut Site)) {
        for &site in sites {
            change(&mut self.model.sites[site]);
        }
    }

    fn whole_mut(&mut self, whole: Whole) -> &mut f64 {
        let profile = &mut self.model.profile;
        match whole {
            Whole::Scale => &mut profile.scale,
            Whole::Delta1 => &mut profile.delta1,
            Whole::Delta2 => &mut profile.delta2,
            Whole::Spdiameter => &mut profile.spdiameter,
            Whole::Sratio => &mut profile.sratio,
            Whole::Rcut => &mut profile.rcut,
            Whole::Stepcut => &mut profile.stepcut,
            Whole::Qdamp => &mut self.setting.qdamp,
            Whole::Qbroad => &mut self.setting.qbroad,
            Whole::Pscale => &mut self.setting.pscale,
        }
    }
}

/// `A⁻¹`; not a number where the cell is none.
pub(super) fn inverse(cell: &Cell) -> Matrix3<f64> {
    cell.basis().try_inverse().unwrap_or_else(|| Matrix3::repeat(f64::NAN))
}

/// `A R N M N R^T A^T`: a symmetric matrix on CIF axes, turned by an operator, on Cartesian axes.
pub(super) fn turned(matrix: &Matrix3<f64>, rotation: &Matrix3<f64>, cell: &Cell) -> Matrix3<f64> {
    let arn = cell.basis() * rotation * Matrix3::from_diagonal(&cell.reciprocal_lengths());
    arn * matrix * arn.transpose()
}

/// The derivative of an image's U on Cartesian axes along a change of the cell vectors, its U on CIF axes held.
pub(super) fn turned_by_cell(
    atom: &Atom,
    site: &Site,
    rotation: &Matrix3<f64>,
    cell: &Cell,
    dbasis: &Matrix3<f64>,
) -> Matrix3<f64> {
    let Some(Adp::Aniso(u)) = site.adp else { return Matrix3::zeros() };
    let basis = cell.basis();
    let Some(inverse) = basis.try_inverse() else { return Matrix3::zeros() };
    let n = cell.reciprocal_lengths();
    // a*_k is the length of row k of the inverse, and d(A^-1) = -A^-1 dA A^-1.
    let dinverse = -inverse * dbasis * inverse;
    let dn = Vector3::from_fn(|k, _| inverse.row(k).dot(&dinverse.row(k)) / n[k]);
    let strain = dbasis * inverse;
    let half = strain * atom.u
        + basis
            * rotation
            * Matrix3::from_diagonal(&dn)
            * symmetric(u)
            * (basis * rotation * Matrix3::from_diagonal(&n)).transpose();
    half + half.transpose()
}
