//! One term of a restraint: its value in a structure, its residual, and how the value changes as atoms move.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::Crystal;
use crate::params::State;

/// One residual.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub quantity: Quantity,
    pub target: f64,
    pub shape: Shape,
    pub sigma: f64,
    /// How many of the cell it stands for.
    pub weight: f64,
    /// `√(restraint_weight · weight)`: what a pull is multiplied by.
    pub factor: f64,
}

/// What is restrained.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Quantity {
    /// A refined parameter, by its index.
    Parameter(usize),
    /// A distance, Å.
    Distance(Link),
    /// The angle between two links from one atom, degrees.
    Angle(Link, Link),
    /// How far an atom is from where it started, along one Cartesian axis, Å.
    Displacement { atom: usize, start: Vector3<f64>, axis: usize },
}

/// From one atom to another that is moved by whole cells; atoms are followed by their numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    pub shift: Vector3<f64>,
}

/// How the residual grows with the distance from the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// On both sides, from this distance on.
    Flat(f64),
    /// Below the target only.
    Below,
}

/// How a value changes with a vector between atoms: `d value = gradient · [A (dx_to - dx_from) + dA A⁻¹ vector]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arm {
    /// `None`: a point that moves with the cell only.
    pub from: Option<usize>,
    pub to: usize,
    /// Å.
    pub vector: Vector3<f64>,
    pub gradient: Vector3<f64>,
}

impl Link {
    /// On Cartesian axes, Å.
    pub fn vector(&self, crystal: &Crystal) -> Vector3<f64> {
        crystal.basis * (crystal.atoms[self.to].position.0 + self.shift - crystal.atoms[self.from].position.0)
    }

    fn arm(&self, vector: Vector3<f64>, gradient: Vector3<f64>) -> Arm {
        Arm { from: Some(self.from), to: self.to, vector, gradient }
    }
}

impl Term {
    /// The value in the structure at `p`.
    pub fn value(&self, state: &State, p: &[f64]) -> f64 {
        match &self.quantity {
            Quantity::Parameter(k) => p[*k],
            quantity => quantity.value(&state.crystal),
        }
    }

    /// `(value - target ∓ within)/sigma`, 0 on the flat bottom.
    pub fn pull(&self, value: f64) -> f64 {
        let off = value - self.target;
        match self.shape {
            Shape::Flat(within) => off.signum() * (off.abs() - within).max(0.0) / self.sigma,
            Shape::Below => off.min(0.0) / self.sigma,
        }
    }

    /// The derivative of the pull by the value.
    pub fn slope(&self, value: f64) -> f64 {
        let off = value - self.target;
        let pulls = match self.shape {
            Shape::Flat(within) => within == 0.0 || off.abs() > within,
            Shape::Below => off < 0.0,
        };
        if pulls { 1.0 / self.sigma } else { 0.0 }
    }

    /// Does it act as a measurement with a Gaussian error?
    pub fn is_gaussian(&self) -> bool {
        self.shape == Shape::Flat(0.0)
    }

    /// Value and arms in a structure; none of a parameter.
    pub fn arms(&self, crystal: &Crystal) -> Option<(f64, [Option<Arm>; 2])> {
        Some(match &self.quantity {
            Quantity::Parameter(_) => return None,
            Quantity::Distance(link) => {
                let vector = link.vector(crystal);
                (vector.norm(), [Some(link.arm(vector, vector.normalize())), None])
            }
            Quantity::Angle(one, other) => {
                let (a, b) = (one.vector(crystal), other.vector(crystal));
                (angle(&a, &b), [Some(one.arm(a, opening(&a, &b))), Some(other.arm(b, opening(&b, &a)))])
            }
            Quantity::Displacement { atom, start, axis } => {
                let vector = displacement(crystal, *atom, start);
                let gradient = Matrix3::identity().column(*axis).into();
                (vector[*axis], [Some(Arm { from: None, to: *atom, vector, gradient }), None])
            }
        })
    }
}

impl Quantity {
    /// Its value in a structure; that of a parameter is not in it.
    pub fn value(&self, crystal: &Crystal) -> f64 {
        match self {
            Self::Parameter(_) => f64::NAN,
            Self::Distance(link) => link.vector(crystal).norm(),
            Self::Angle(one, other) => angle(&one.vector(crystal), &other.vector(crystal)),
            Self::Displacement { atom, start, axis } => displacement(crystal, *atom, start)[*axis],
        }
    }
}

/// `A (x - x0)`, Å: what the cell does to a fraction is no displacement.
fn displacement(crystal: &Crystal, atom: usize, start: &Vector3<f64>) -> Vector3<f64> {
    crystal.basis * (crystal.atoms[atom].position.0 - start)
}

/// The angle between two vectors, degrees; as exact at 0 and 180 as between.
fn angle(a: &Vector3<f64>, b: &Vector3<f64>) -> f64 {
    a.cross(b).norm().atan2(a.dot(b)).to_degrees()
}

/// The derivative of the angle by its first vector, degrees per Å: `-w/(|w| |a|)`, w the part of b across a.
///
/// Where the three atoms lie in line the angle has an edge, and 0 is taken.
fn opening(a: &Vector3<f64>, b: &Vector3<f64>) -> Vector3<f64> {
    let (one, other) = (a.normalize(), b.normalize());
    let across = other - one * one.dot(&other);
    across.try_normalize(1e-9).map_or_else(Vector3::zeros, |across| -across * (1.0 / a.norm()).to_degrees())
}
