//! All atoms of one unit cell: what [`crate::expand`] makes of a [`crate::model::Model`].

use nalgebra::{Matrix3, Vector3};

use crate::element::Species;
use crate::model::{Beyond, Cell, Profile};
use crate::units::Frac;

/// One unit cell with every atom in it; it repeats without end.
#[derive(Debug, Clone, PartialEq)]
pub struct Crystal {
    /// The cell.
    pub cell: Cell,
    /// The cell vectors as columns, Å ([`Cell::basis`]).
    pub basis: Matrix3<f64>,
    /// The species that occur, in order of first appearance; atoms refer to them by index.
    pub species: Vec<Species>,
    /// The atoms, those of one site together, in the order of the model's sites.
    pub atoms: Vec<Atom>,
    /// Corrections that the model brings along.
    pub profile: Profile,
}

/// One atom of the cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Index of its site in the model.
    pub site: usize,
    /// Index of the first operator of the space group that makes it.
    pub operator: usize,
    /// Whole cells added after the operator: `position = R x + t + shift`.
    pub shift: Vector3<f64>,
    /// Index into [`Crystal::species`].
    pub species: usize,
    /// Position, every fraction in [0, 1).
    pub position: Frac,
    /// Occupancy.
    pub occ: f64,
    /// U on Cartesian axes, Å².
    pub u: Matrix3<f64>,
    /// The second U, for pairs beyond a distance.
    pub beyond: Option<Beyond>,
    /// Isotropic U for pairs inside one molecule, Å².
    pub inside: Option<f64>,
    /// The molecule that it belongs to, if molecules were looked for.
    pub molecule: Option<Membership>,
}

/// A molecule, and the cell that this atom's copy of it lies in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Membership {
    /// Number of the molecule in the cell.
    pub molecule: usize,
    /// Atoms i and j + n (n: whole cells) are in one molecule if their numbers agree and `cell_j + n = cell_i`.
    pub cell: Vector3<f64>,
}

impl Crystal {
    /// Volume of the cell, Å³.
    pub fn volume(&self) -> f64 {
        self.basis.determinant()
    }

    /// `N`: the sum of the occupancies.
    pub fn atom_count(&self) -> f64 {
        self.atoms.iter().map(|atom| atom.occ).sum()
    }

    /// `N_a`: the sum of the occupancies of each species.
    pub fn species_counts(&self) -> Vec<f64> {
        let mut counts = vec![0.0; self.species.len()];
        for atom in &self.atoms {
            counts[atom.species] += atom.occ;
        }
        counts
    }

    /// About how many pairs of atoms of one cell with all others lie within `reach` Å, each counted once: as many as
    /// there would be if atoms lay anywhere.
    pub fn pairs_within(&self, reach: f64) -> f64 {
        pairs_within(self.atoms.len(), self.volume(), reach)
    }
}

/// An atom as far as its distances matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Fractions of the cell, in it or not.
    pub frac: Vector3<f64>,
    /// Occupancy.
    pub occ: f64,
    /// Index of its kind.
    pub kind: usize,
}

/// The atoms of a cell that repeats without end, as far as their distances matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// The cell vectors as columns, Å.
    pub basis: Matrix3<f64>,
    /// The atoms.
    pub places: Vec<Place>,
}

impl Points {
    /// About how many pairs there are up to a distance, each counted once.
    pub fn pairs_within(&self, reach: f64) -> f64 {
        pairs_within(self.places.len(), self.basis.determinant().abs(), reach)
    }
}

/// Of so many atoms in a cell of so many Å³, were they anywhere.
fn pairs_within(atoms: usize, volume: f64, reach: f64) -> f64 {
    let atoms = atoms as f64;
    0.5 * atoms * atoms / volume * 4.0 / 3.0 * std::f64::consts::PI * reach.powi(3)
}

/// Every pair of `n` species or kinds, the smaller index first: (0, 0), (0, 1) ... (1, 1) ...
///
/// ```
/// assert_eq!(corefine::crystal::classes(2).collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 1)]);
/// ```
pub fn classes(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |a| (a..n).map(move |b| (a, b)))
}

/// The place of a pair in [`classes`]`(n)`.
///
/// ```
/// use corefine::crystal::{classes, place};
/// assert!(classes(5).enumerate().all(|(k, class)| place(5, class) == k));
/// ```
pub fn place(n: usize, (a, b): (usize, usize)) -> usize {
    // Before row a stand n, n - 1 ... n - a + 1 pairs.
    (a * (2 * n + 1 - a)) / 2 + (b - a)
}
