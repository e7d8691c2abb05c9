//! Positions as types, so that a fraction of a cell cannot be taken for a length.
//!
//! Units everywhere: `r` in Å, `Q` in 1/Å, `G` in 1/Å², `U` in Å², `delta1` in Å, `delta2` in Å²,
//! `qdamp` and `qbroad` in 1/Å, number density in 1/Å³; angles are in degrees in files and in [`crate::model::Cell`],
//! and in radians inside a function only.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

/// A position as fractions of the cell edges (no unit).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 3]", into = "[f64; 3]")]
pub struct Frac(pub Vector3<f64>);

/// A position or a difference of positions on Cartesian axes, in Å.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cart(pub Vector3<f64>);

impl Frac {
    /// The position with the three given fractions.
    pub fn new(x: f64, y: f64, z: f64) -> Self {
        Self(Vector3::new(x, y, z))
    }

    /// The same position moved into the cell at the origin, every fraction in `[0, 1)`.
    #[must_use]
    pub fn wrapped(self) -> Self {
        Self(self.0.map(|x| {
            let w = x - x.floor();
            // `-1e-17 - floor` rounds to exactly 1.0, which is the cell's far face.
            if w >= 1.0 { 0.0 } else { w }
        }))
    }
}

impl From<[f64; 3]> for Frac {
    fn from(fractions: [f64; 3]) -> Self {
        Self(fractions.into())
    }
}

impl From<Frac> for [f64; 3] {
    fn from(position: Frac) -> Self {
        position.0.into()
    }
}

impl Cart {
    /// The position with the three given coordinates in Å.
    pub fn new(x: f64, y: f64, z: f64) -> Self {
        Self(Vector3::new(x, y, z))
    }
}

/// `8 π²`: `B = 8 π² U`.
pub const EIGHT_PI_SQUARED: f64 = 8.0 * std::f64::consts::PI * std::f64::consts::PI;
