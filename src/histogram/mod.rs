//! Bonds: which are followed, how long they are, how many are broken, and how sure that is.
//!
//! [`bonds`] fixes the bonds in the starting structure; [`measure`] measures the same bonds in the refined one, so that a
//! bond that grew past the cutoff is counted as broken rather than lost. The uncertainties come from the fit's covariance
//! of all lengths together ([`BondCovariance`]).
//!
//! ```
//! use corefine::{expand, histogram, job, read};
//! let xyz = "3\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3\nCo 0 0 0\nN 2.0 0 0\nN 0 0 -2.4\n";
//! let model = read::structure(xyz.as_bytes(), "co.xyz").unwrap().value;
//! let crystal = expand::crystal(&model).unwrap();
//! let kind = job::Bonds { neighbours: 2, ..job::Bonds::of("Co-N") };
//! let list = histogram::bonds(&model, &crystal, &kind).unwrap();
//! let result = histogram::measure(&list, &crystal, &kind, None);
//! assert_eq!((result.n, result.broken, result.fraction), (2.0, 1.0, 0.5)); // 2.4 Å is beyond the cutoff of 2.25 Å
//! assert!((result.mean - 2.2).abs() < 1e-9);
//! ```

mod find;
mod gradient;
mod measure;
mod over_time;
mod uncertainty;

pub use find::{all_bonds, bonds};
pub use gradient::length_jacobian;
pub use measure::measure;
pub(crate) use measure::{Lengths, cutoffs, edges};
pub use over_time::{BondFrame, BondSeries};

use nalgebra::{DMatrix, Vector3};

use crate::crystal::Crystal;

/// The bonds of one kind, fixed in the starting structure.
#[derive(Debug, Clone, PartialEq)]
pub struct BondList {
    /// `Co-N`.
    pub pair: String,
    /// The bonds, those of one centre together, the nearest first.
    pub bonds: Vec<BondRef>,
    /// The centres.
    pub centres: Vec<Centre>,
    /// Labels of both ends of every bond.
    pub labels: Vec<(String, String)>,
}

/// One bond to follow: from atom i to atom j moved by whole cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BondRef {
    /// Index of the centre in [`Crystal::atoms`].
    pub i: usize,
    /// Index of the neighbour.
    pub j: usize,
    /// Whole cells that move j next to i in the starting structure; use [`BondList::shift`] for any other.
    pub shift: Vector3<f64>,
    /// How many bonds of the cell this one stands for: multiplicity of the centre times the occupancies.
    pub weight: f64,
    /// `x_j + shift - x_i` in the starting structure, in fractions.
    pub start: Vector3<f64>,
}

/// An atom whose bonds are counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Centre {
    /// Index in [`Crystal::atoms`].
    pub atom: usize,
    /// Its label.
    pub label: String,
    /// How many atoms of the cell it stands for: multiplicity times occupancy.
    pub weight: f64,
}

/// Covariance of all bond lengths of a list, Å²: `J C J^T`, n × n in the list's order.
///
/// C is the covariance of the parameters and J the derivative of every length with respect to each.
#[derive(Debug, Clone, PartialEq)]
pub struct BondCovariance {
    /// The matrix, Å².
    pub covariance: DMatrix<f64>,
}

/// Why no bonds can be counted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HistogramError {
    /// A pair that is not two elements.
    #[error("bonds: pair \"{pair}\" is not two elements: write the centre first, such as \"Co-N\"")]
    Pair {
        /// The text.
        pair: String,
    },
    /// No such atom.
    #[error("bonds: pair \"{pair}\" needs {element}, and structure \"{title}\" has none (it has {present})")]
    NoElement {
        /// The pair.
        pair: String,
        /// What is missing.
        element: String,
        /// The model's title.
        title: String,
        /// The elements that it has.
        present: String,
    },
    /// A number that makes no sense.
    #[error("bonds of \"{pair}\": {what} is {value}: {needed}")]
    Number {
        /// The pair.
        pair: String,
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        needed: &'static str,
    },
}

impl BondList {
    /// Whole cells that move atom j of a bond next to i in `crystal`.
    ///
    /// An atom that leaves the cell on one side may be written with a position on the other: the cells are those for
    /// which the bond's vector is nearest, in fractions, to that in the starting structure.
    ///
    /// # Panics
    /// Where `crystal` has fewer atoms than the one that the list was made for.
    pub fn shift(bond: &BondRef, crystal: &Crystal) -> Vector3<f64> {
        let vector = crystal.atoms[bond.j].position.0 + bond.shift - crystal.atoms[bond.i].position.0;
        bond.shift - (vector - bond.start).map(f64::round)
    }

    /// The vector of a bond on Cartesian axes in `crystal`, Å.
    ///
    /// # Panics
    /// Where `crystal` has fewer atoms than the one that the list was made for.
    pub fn vector(bond: &BondRef, crystal: &Crystal) -> Vector3<f64> {
        let shift = Self::shift(bond, crystal);
        crystal.basis * (crystal.atoms[bond.j].position.0 + shift - crystal.atoms[bond.i].position.0)
    }
}
