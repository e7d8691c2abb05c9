//! How a crystal moves with one parameter: the derivatives that every later room needs.

use nalgebra::{Matrix3, Vector3};

/// The derivative of a crystal, its peak widths and its envelope by one parameter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tangent {
    /// Derivative of the cell vectors (columns, Å per unit of the parameter).
    pub basis: Option<Matrix3<f64>>,
    /// The atoms that move, each once, by ascending index.
    pub atoms: Vec<(u32, AtomTangent)>,
    /// Derivatives of the quantities that belong to no atom.
    pub shape: ShapeTangent,
}

/// The derivative of one atom.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AtomTangent {
    /// Of its position, in fractions of the cell.
    pub position: Vector3<f64>,
    /// Of U on Cartesian axes, Å².
    pub u: Matrix3<f64>,
    /// Of the second U, Å².
    pub beyond: f64,
    /// Of the U inside a molecule, Å².
    pub inside: f64,
    /// Of the occupancy.
    pub occ: f64,
}

/// Derivatives of what belongs to the whole: scale, widths, envelope.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShapeTangent {
    /// Of the scale.
    pub scale: f64,
    /// Of `delta1`, Å.
    pub delta1: f64,
    /// Of `delta2`, Å².
    pub delta2: f64,
    /// Of `qbroad`, 1/Å.
    pub qbroad: f64,
    /// Of `qdamp`, 1/Å.
    pub qdamp: f64,
    /// Of `spdiameter`, Å.
    pub spdiameter: f64,
}

impl Tangent {
    /// How it strains the cell with these vectors (columns, Å): `d basis · basis⁻¹`.
    pub fn strain(&self, basis: &Matrix3<f64>) -> Option<Matrix3<f64>> {
        Some(self.basis? * basis.try_inverse().unwrap_or_else(Matrix3::zeros))
    }

    /// Adds `factor` times another tangent: the chain rule for a parameter that moves several quantities.
    pub fn add(&mut self, factor: f64, other: &Tangent) {
        if let Some(basis) = other.basis {
            *self.basis.get_or_insert_with(Matrix3::zeros) += basis * factor;
        }
        for (atom, tangent) in &other.atoms {
            match self.atoms.binary_search_by_key(atom, |(index, _)| *index) {
                Ok(place) => self.atoms[place].1.add(factor, tangent),
                Err(place) => {
                    let mut scaled = AtomTangent::default();
                    scaled.add(factor, tangent);
                    self.atoms.insert(place, (*atom, scaled));
                }
            }
        }
        self.shape.add(factor, &other.shape);
    }
}

impl AtomTangent {
    /// Adds `factor` times another.
    pub fn add(&mut self, factor: f64, other: &Self) {
        self.position += other.position * factor;
        self.u += other.u * factor;
        self.beyond += other.beyond * factor;
        self.inside += other.inside * factor;
        self.occ += other.occ * factor;
    }
}

impl ShapeTangent {
    /// Does it change the widths of all peaks?
    pub fn widens(&self) -> bool {
        [self.delta1, self.delta2, self.qbroad] != [0.0; 3]
    }

    fn add(&mut self, factor: f64, other: &Self) {
        self.scale += factor * other.scale;
        self.delta1 += factor * other.delta1;
        self.delta2 += factor * other.delta2;
        self.qbroad += factor * other.qbroad;
        self.qdamp += factor * other.qdamp;
        self.spdiameter += factor * other.spdiameter;
    }
}
