//! Molecules that move as rigid bodies.
//!
//! A body has six values: a shift `t` of its centroid in Å and a rotation vector `w` about it in degrees, both on the
//! Cartesian axes of [`Cell::basis`](crate::model::Cell::basis). Its atoms are at
//!
//! ```text
//! x_k = c0 + A⁻¹ (t + R(w) o_k),      o_k = A_file (x_k,file - c0)
//! ```
//!
//! with `c0` the unweighted mean of its atoms in fractions, A the cell vectors as they are now and `A_file` those of the
//! structure file. So its lengths stay what they are in the file whatever the cell does, and its centroid keeps its fractions.

use std::collections::BTreeMap;

use nalgebra::{Matrix3, Vector3};

use super::rotation::{jacobian, rotation};
use crate::crystal::Crystal;
use crate::expand::{self, Molecule};
use crate::model::Model;
use crate::tangent::{AtomTangent, Tangent};
use crate::units::Frac;

/// The six values of a body: t along x, y, z (Å), then w (degrees).
pub(super) type Pose = [f64; 6];

/// A molecule that can move as a body.
#[derive(Debug, Clone)]
pub(super) struct Body {
    /// The label of its first atom, by which its parameters are called.
    pub label: String,
    /// `C3H3N2`.
    pub formula: String,
    /// Where it stands before a fit moves it: nowhere else, or where the job sets it.
    pub start: Pose,
    /// Does the job move it? The atoms of others keep their fractions.
    pub rigid: bool,
    /// c0, fractions.
    centroid: Vector3<f64>,
    members: Vec<Member>,
}

/// One atom of a body.
#[derive(Debug, Clone)]
struct Member {
    atom: usize,
    site: usize,
    /// Whole cells from the site's position to its place beside the others.
    cell: Vector3<f64>,
    /// o: from the centroid, Å, not turned.
    offset: Vector3<f64>,
}

/// A body at given values.
pub(super) struct Placed<'a> {
    body: &'a Body,
    shift: Vector3<f64>,
    /// `R o` of each atom, Å.
    arms: Vec<Vector3<f64>>,
    /// Columns: by how much a turn goes on with each component of w, radians per degree.
    turns: Matrix3<f64>,
}

/// The bodies that a job moves, by number.
pub(super) type Bodies<'a> = BTreeMap<usize, Placed<'a>>;

/// Every molecule of a crystal in P1, not yet measured; none in a space group that would have to move their images too.
pub(super) fn find(model: &Model, crystal: &Crystal) -> Vec<Body> {
    if model.space_group.operators.len() > 1 {
        return Vec::new();
    }
    expand::found_molecules(crystal).iter().map(|molecule| Body::new(model, crystal, molecule)).collect()
}

impl Body {
    fn new(model: &Model, crystal: &Crystal, molecule: &Molecule) -> Self {
        let member = |(atom, cell): &(usize, Vector3<f64>)| Member {
            atom: *atom,
            site: crystal.atoms[*atom].site,
            cell: crystal.atoms[*atom].shift + cell,
            offset: Vector3::zeros(),
        };
        let members: Vec<Member> = molecule.atoms.iter().map(member).collect();
        Self {
            label: members.first().map_or_else(String::new, |first| model.sites[first.site].label.clone()),
            formula: molecule.formula.clone(),
            start: Pose::default(),
            rigid: false,
            centroid: Vector3::zeros(),
            members,
        }
    }

    /// Measures its shape in a cell with these vectors.
    pub fn measure(&mut self, model: &Model, basis: &Matrix3<f64>) {
        let place = |member: &Member| model.sites[member.site].position.0 + member.cell;
        self.centroid = self.members.iter().map(place).sum::<Vector3<f64>>() / self.members.len() as f64;
        for member in &mut self.members {
            member.offset = basis * (place(member) - self.centroid);
        }
    }

    /// Does it hold this site?
    pub fn holds(&self, site: usize) -> bool {
        self.members.iter().any(|member| member.site == site)
    }

    /// Its sites.
    pub fn sites(&self) -> impl Iterator<Item = usize> + '_ {
        self.members.iter().map(|member| member.site)
    }

    /// The body at these values.
    pub fn at(&self, &[x, y, z, wx, wy, wz]: &Pose) -> Placed<'_> {
        let w = Vector3::new(wx, wy, wz).map(f64::to_radians);
        let turned = rotation(&w);
        Placed {
            body: self,
            shift: Vector3::new(x, y, z),
            arms: self.members.iter().map(|member| turned * member.offset).collect(),
            turns: jacobian(&w) * 1.0_f64.to_radians(),
        }
    }
}

impl Placed<'_> {
    /// Writes where its atoms are, in a cell whose vectors have this inverse.
    pub fn write(&self, model: &mut Model, inverse: &Matrix3<f64>) {
        for (member, arm) in self.body.members.iter().zip(&self.arms) {
            let place = self.body.centroid + inverse * (self.shift + arm);
            model.sites[member.site].position = Frac(place - member.cell);
        }
    }

    /// How it moves with one of its values.
    pub fn by_value(&self, component: usize, inverse: &Matrix3<f64>) -> Tangent {
        self.moved(inverse, |arm| match component {
            0..3 => Vector3::ith(component, 1.0),
            _ => self.turns.column(component - 3).cross(arm),
        })
    }

    /// How its atoms move with the cell vectors, in excess of what fractions that stay would: `-A⁻¹ dA A⁻¹ (t + R o)`.
    pub fn by_cell(&self, basis: &Matrix3<f64>, inverse: &Matrix3<f64>) -> Tangent {
        let strain = basis * inverse;
        self.moved(inverse, |arm| -strain * (self.shift + arm))
    }

    /// The tangent of shifts in Å, one for each arm.
    fn moved(&self, inverse: &Matrix3<f64>, shift: impl Fn(&Vector3<f64>) -> Vector3<f64>) -> Tangent {
        let change = |(member, arm): (&Member, &Vector3<f64>)| {
            let position = inverse * shift(arm);
            (member.atom as u32, AtomTangent { position, ..AtomTangent::default() })
        };
        Tangent { atoms: self.body.members.iter().zip(&self.arms).map(change).collect(), ..Tangent::default() }
    }
}
