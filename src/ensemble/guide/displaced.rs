//! Pairs with an atom that is displaced, and where they are.

use nalgebra::{DVector, Vector3};

use super::kernel::{Kernel, Stand};
use crate::crystal::Crystal;
use crate::pairs::{Pair, Pairs};

/// The pairs with an atom that is displaced.
#[derive(Debug, Clone)]
pub struct Displaced {
    found: Pairs,
    list: Vec<Known>,
}

/// What does not change of a pair.
#[derive(Debug, Clone, Copy)]
struct Known {
    atoms: [usize; 2],
    /// Whole cells between them.
    shift: Vector3<f64>,
    /// Where its nodes begin.
    base: usize,
    weight: f64,
}

/// Pairs where they are, among the nodes.
#[derive(Debug, Clone)]
pub struct There {
    /// How many there are at each node.
    pub nodes: DVector<f64>,
    /// Each of them.
    pub pairs: Vec<Stood>,
}

/// One pair.
#[derive(Debug, Clone, Copy)]
pub struct Stood {
    /// Its atoms.
    pub atoms: [usize; 2],
    /// From the first to the second, Å.
    pub v: Vector3<f64>,
    /// Weight over distance, 1/Å.
    share: f64,
    stand: Stand,
}

impl Displaced {
    /// Those that `kernel` has tables for.
    pub fn find(kernel: &Kernel, crystal: &Crystal) -> Self {
        let found = Pairs::find_of(crystal, kernel.reach, kernel.moved.clone());
        let known = |pair: &Pair| {
            let atoms = [pair.i, pair.j].map(|atom| atom as usize);
            let weight = atoms.iter().map(|atom| crystal.atoms[*atom].occ).product();
            Some(Known { atoms, shift: pair.shift, base: kernel.base(atoms)?, weight })
        };
        Self { list: found.list.iter().filter_map(known).collect(), found }
    }

    /// Where they are in `crystal`.
    pub fn lay_down(&self, kernel: &Kernel, crystal: &Crystal) -> There {
        let mut there = There { nodes: kernel.empty(), pairs: Vec::with_capacity(self.list.len()) };
        let places: Vec<Vector3<f64>> =
            self.found.fractions(crystal).into_iter().map(|fraction| crystal.basis * fraction).collect();
        for Known { atoms, shift, base, weight } in &self.list {
            let v = places[atoms[1]] + crystal.basis * shift - places[atoms[0]];
            let square = v.norm_squared();
            if square < kernel.reach * kernel.reach {
                let r = square.sqrt();
                let stand = kernel.stand(*base, r);
                stand.lay_down(&mut there.nodes, *weight);
                there.pairs.push(Stood { atoms: *atoms, v, share: weight / r, stand });
            }
        }
        there
    }
}

impl Stood {
    /// The slope by [`Stood::v`] over it, of what lies at the nodes.
    #[inline]
    pub fn slope(&self, nodes: &DVector<f64>) -> f64 {
        self.share * self.stand.slope(nodes)
    }
}
