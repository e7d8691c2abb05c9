//! Which rows there are: one for each column and each pair of species that it touches.

use crate::crystal::{Crystal, classes};
use crate::tangent::{ShapeTangent, Tangent};

/// The rows that an engine fills: one for each derivative column and pair of species that it touches.
#[derive(Debug, Clone, PartialEq)]
pub struct RowTable {
    /// Number of species.
    pub species: usize,
    /// Number of columns: the curve itself is column 0, parameter k is column k + 1.
    pub columns: usize,
    /// For each row its column and its pair of species, the smaller index first.
    pub keys: Vec<(usize, (usize, usize))>,
    /// Row of `(column, class)`, or `NONE`.
    place: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl RowTable {
    /// The rows for a crystal and its tangents. Every column that acts on all pairs, or on the envelope, has every
    /// pair of species; the others have those that their atoms are part of.
    pub fn new(crystal: &Crystal, tangents: &[Tangent]) -> Self {
        let species = crystal.species.len();
        let columns = tangents.len() + 1;
        let mut table =
            Self { species, columns, keys: Vec::new(), place: vec![NONE; columns * species * (species + 1) / 2] };
        for class in classes(species) {
            table.add(0, class);
        }
        for (k, tangent) in tangents.iter().enumerate() {
            let mut moved = vec![tangent.acts_on_all(); species];
            for (atom, _) in &tangent.atoms {
                moved[crystal.atoms[*atom as usize].species] = true;
            }
            for (a, b) in classes(species).filter(|(a, b)| moved[*a] || moved[*b]) {
                table.add(k + 1, (a, b));
            }
        }
        table
    }

    /// Columns that each touch these pairs of species (the smaller index first) and no others.
    pub fn of_classes(species: usize, columns: usize, classes: &[(usize, usize)]) -> Self {
        let mut table =
            Self { species, columns, keys: Vec::new(), place: vec![NONE; columns * species * (species + 1) / 2] };
        for column in 0..columns {
            for class in classes {
                table.add(column, *class);
            }
        }
        table
    }

    fn add(&mut self, column: usize, class: (usize, usize)) {
        let index = self.index(column, class);
        self.place[index] = self.keys.len() as u32;
        self.keys.push((column, class));
    }

    fn index(&self, column: usize, (a, b): (usize, usize)) -> usize {
        // Pairs of species in the order (0,0), (0,1), (1,1), (0,2), ...
        column * (self.species * (self.species + 1) / 2) + b * (b + 1) / 2 + a
    }

    /// The row of a column and a pair of species (smaller index first), if there is one.
    pub fn row(&self, column: usize, class: (usize, usize)) -> Option<usize> {
        match self.place[self.index(column, class)] {
            NONE => None,
            row => Some(row as usize),
        }
    }
}

impl Tangent {
    /// Does it change every pair, or what follows the pair sum? (Occupancies do: they set the density.)
    fn acts_on_all(&self) -> bool {
        let shape = ShapeTangent { scale: 0.0, ..self.shape };
        self.basis.is_some() || shape != ShapeTangent::default() || self.atoms.iter().any(|(_, atom)| atom.occ != 0.0)
    }
}
