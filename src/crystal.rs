//! All atoms of one unit cell, or of one particle: what [`crate::expand`] makes of a [`crate::model::Model`].

use std::borrow::Cow;

use nalgebra::{Matrix3, Vector3};

use crate::element::Species;
use crate::model::{Beyond, Cell, Profile};
use crate::units::Frac;

/// One unit cell with every atom in it; it repeats without end.
///
/// An isolated cluster is one, too: its cell is an empty box around it, so wide that no image of an atom is nearer than half an
/// edge, and [`Crystal::within`] ends every search there. So no room needs a second way to find pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Crystal {
    /// Is it an isolated cluster in a box? Then it has no density, and lengths of the box mean nothing.
    pub cluster: bool,
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
    /// Position, every fraction in [0, 1); of a cluster anywhere.
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
    /// Volume of the cell, Å³; of a cluster that of its box.
    pub fn volume(&self) -> f64 {
        self.basis.determinant()
    }

    /// Volume that the atoms take up, Å³: that of the cell, or of the block that a cluster fits in.
    pub fn occupied(&self) -> f64 {
        if !self.cluster {
            return self.volume();
        }
        let (low, high) = self.ends();
        (high - low).map(|length| length.max(THINNEST)).product()
    }

    /// No two atoms of a cluster are farther apart, Å; infinite for a crystal.
    pub fn diameter(&self) -> f64 {
        if !self.cluster {
            return f64::INFINITY;
        }
        let (low, high) = self.ends();
        let middle = 0.5 * (low + high);
        let from_middle = |atom: &Atom| (self.basis * atom.position.0 - middle).norm();
        2.0 * self.atoms.iter().map(from_middle).fold(0.0, f64::max)
    }

    /// A distance up to which neighbours are looked for, Å, so that no images of a cluster are among them.
    pub fn within(&self, reach: f64) -> f64 {
        if self.cluster { reach.min(0.5 * self.cell.a) } else { reach }
    }

    /// Fractions of the cell for one unit of the model's coordinates, which are fractions or, of a cluster, Å.
    pub fn per_coordinate(&self) -> f64 {
        if self.cluster { 1.0 / self.cell.a } else { 1.0 }
    }

    /// The corners of the block that all atoms lie in, Å.
    fn ends(&self) -> (Vector3<f64>, Vector3<f64>) {
        let places = self.atoms.iter().map(|atom| self.basis * atom.position.0);
        let none = (Vector3::repeat(f64::INFINITY), Vector3::repeat(f64::NEG_INFINITY));
        places.fold(none, |(low, high), place| (low.inf(&place), high.sup(&place)))
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
        let pairs = pairs_within(self.atoms.len(), self.occupied(), reach);
        if self.cluster { pairs.min(0.5 * (self.atoms.len() as f64).powi(2)) } else { pairs }
    }
}

/// A flat cluster is thought of as this thick, Å.
const THINNEST: f64 = 2.0;

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

    /// About how many pairs there are of these and of other atoms of the same cell.
    pub fn pairs_with(&self, others: &Self, reach: f64) -> f64 {
        let [here, there] = [self, others].map(|points| points.places.len() as f64);
        lying_within(here * there, self.basis.determinant().abs(), reach)
    }

    /// The atoms of one kind, as the only one there is.
    pub fn of_kind(&self, kind: usize) -> Cow<'_, Self> {
        if kind == 0 && self.places.iter().all(|place| place.kind == kind) {
            return Cow::Borrowed(self);
        }
        let places = self.places.iter().filter(|place| place.kind == kind);
        Cow::Owned(Self { basis: self.basis, places: places.map(|place| Place { kind: 0, ..*place }).collect() })
    }
}

/// Of so many atoms in a cell of so many Å³, were they anywhere.
fn pairs_within(atoms: usize, volume: f64, reach: f64) -> f64 {
    let atoms = atoms as f64;
    lying_within(0.5 * atoms * atoms, volume, reach)
}

/// Of so many pairs of atoms anywhere in a volume those that are as near as that.
fn lying_within(pairs: f64, volume: f64, reach: f64) -> f64 {
    pairs / volume * 4.0 / 3.0 * std::f64::consts::PI * reach.powi(3)
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
