//! The derivative of everything that makes a curve by one variable.

use nalgebra::{Matrix3, SVector, Vector3};

use super::bodies::Bodies;
use super::names::Whole;
use super::quantity::Quantity;
use super::state::{State, inverse, turned, turned_by_cell};
use crate::crystal::Atom;
use crate::model::{Adp, symmetric};
use crate::tangent::{AtomTangent, ShapeTangent, Tangent};

impl State {
    /// How the crystal moves with a quantity, all others held; `bodies` as they stand in this state.
    pub(super) fn tangent(&self, quantity: &Quantity, bodies: &Bodies) -> Tangent {
        let mut tangent = self.of_model(quantity, bodies);
        // A model has the coordinates of a cluster in Å, its crystal in fractions of a box.
        let unit = self.crystal.per_coordinate();
        tangent.atoms.iter_mut().for_each(|(_, change)| change.position *= unit);
        tangent
    }

    /// The same, positions in the model's coordinates.
    fn of_model(&self, quantity: &Quantity, bodies: &Bodies) -> Tangent {
        match quantity {
            Quantity::Whole(whole) => Tangent { shape: self.by_whole(*whole), ..Tangent::default() },
            Quantity::Cell { vector, .. } => self.by_cell(vector, bodies),
            Quantity::Position { site, vector, .. } => self.by_position(*site, vector),
            Quantity::Uaniso { site, vector, .. } => self.by_tensor(*site, vector),
            Quantity::Uiso(sites) => {
                self.by_sites(sites, AtomTangent { u: Matrix3::identity(), ..AtomTangent::default() })
            }
            Quantity::Beyond(sites) => self.by_sites(sites, AtomTangent { beyond: 1.0, ..AtomTangent::default() }),
            Quantity::Inside(sites) => self.by_sites(sites, AtomTangent { inside: 1.0, ..AtomTangent::default() }),
            Quantity::Occ(sites) => self.by_sites(sites, AtomTangent { occ: 1.0, ..AtomTangent::default() }),
            Quantity::Body { body, component } => {
                let body = bodies.get(body);
                body.map_or_else(Tangent::default, |body| body.by_value(*component, &inverse(&self.model.cell)))
            }
        }
    }

    fn by_cell(&self, vector: &SVector<f64, 6>, bodies: &Bodies) -> Tangent {
        let cell = &self.model.cell;
        let basis =
            (0..6).filter(|k| vector[*k] != 0.0).map(|k| cell.basis_derivative(k) * vector[k]).sum::<Matrix3<f64>>();
        let change = |atom: &Atom| {
            let u = turned_by_cell(atom, &self.model.sites[atom.site], &self.rotation(atom), cell, &basis);
            AtomTangent { u, ..AtomTangent::default() }
        };
        let is_tensor = |atom: &Atom| matches!(self.model.sites[atom.site].adp, Some(Adp::Aniso(_)));
        let tensors = self.by_atoms(is_tensor, change).atoms.into_iter();
        let atoms = tensors.filter(|(_, change)| change.u != Matrix3::zeros()).collect();
        let mut tangent = Tangent { basis: Some(basis), atoms, shape: ShapeTangent::default() };
        for body in bodies.values() {
            tangent.add(1.0, &body.by_cell(&basis, &inverse(cell)));
        }
        tangent
    }

    fn by_position(&self, site: usize, vector: &Vector3<f64>) -> Tangent {
        self.by_site(site, |atom| AtomTangent { position: self.rotation(atom) * vector, ..AtomTangent::default() })
    }

    fn by_tensor(&self, site: usize, vector: &SVector<f64, 6>) -> Tangent {
        let matrix = symmetric((*vector).into());
        self.by_site(site, |atom| AtomTangent {
            u: turned(&matrix, &self.rotation(atom), &self.model.cell),
            ..AtomTangent::default()
        })
    }

    fn by_sites(&self, sites: &[usize], change: AtomTangent) -> Tangent {
        let mut meant = vec![false; self.model.sites.len()];
        for site in sites {
            meant[*site] = true;
        }
        self.by_atoms(|atom| meant[atom.site], |_| change)
    }

    /// Of the atoms of one site, which stand together.
    fn by_site(&self, site: usize, change: impl Fn(&Atom) -> AtomTangent) -> Tangent {
        let first = self.crystal.atoms.partition_point(|atom| atom.site < site);
        let own = (first..).zip(&self.crystal.atoms[first..]).take_while(|(_, atom)| atom.site == site);
        Tangent { atoms: own.map(|(index, atom)| (index as u32, change(atom))).collect(), ..Tangent::default() }
    }

    fn by_atoms(&self, moves: impl Fn(&Atom) -> bool, change: impl Fn(&Atom) -> AtomTangent) -> Tangent {
        let moving = || self.crystal.atoms.iter().enumerate().filter(|(_, atom)| moves(atom));
        let mut atoms = Vec::with_capacity(moving().count());
        atoms.extend(moving().map(|(index, atom)| (index as u32, change(atom))));
        Tangent { atoms, ..Tangent::default() }
    }

    fn rotation(&self, atom: &Atom) -> Matrix3<f64> {
        self.model.space_group.operators[atom.operator].rotation
    }

    fn by_whole(&self, whole: Whole) -> ShapeTangent {
        let mut shape = ShapeTangent::default();
        match whole {
            // The curve has the product of both.
            Whole::Scale => shape.scale = self.setting.pscale,
            Whole::Pscale => shape.scale = self.model.profile.scale,
            Whole::Delta1 => shape.delta1 = 1.0,
            Whole::Delta2 => shape.delta2 = 1.0,
            Whole::Qdamp => shape.qdamp = 1.0,
            Whole::Qbroad => shape.qbroad = 1.0,
            Whole::Spdiameter => shape.spdiameter = 1.0,
            // These steps are set, not refined: `Binding` refuses to.
            Whole::Sratio | Whole::Rcut | Whole::Stepcut => {}
        }
        shape
    }
}
