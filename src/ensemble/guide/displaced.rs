//! Pairs with an atom that is displaced, and where they are.

use nalgebra::Vector3;

use super::kernel::{Kernel, Sloping, Stand};
use crate::crystal::Crystal;
use crate::pairs::Pairs;

/// The pairs with an atom that is displaced.
#[derive(Debug, Clone)]
pub struct Displaced {
    /// What was found, without its list.
    found: Pairs,
    list: Vec<Known>,
    /// Whole cells between the atoms of pairs, each once.
    shifts: Vec<Vector3<f64>>,
}

/// What does not change of a pair.
#[derive(Debug, Clone, Copy)]
struct Known {
    atoms: [u32; 2],
    /// Which of the shifts.
    shift: u32,
    /// Where its nodes begin.
    base: u32,
    weight: f64,
}

/// Pairs where they are, among the nodes.
#[derive(Debug, Clone)]
pub struct There {
    /// How many there are at each node.
    pub nodes: Vec<f64>,
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
    sloping: Sloping,
}

impl Displaced {
    /// Those that `kernel` has tables for.
    pub fn find(kernel: &Kernel, crystal: &Crystal) -> Self {
        let mut found = Pairs::find_of(crystal, kernel.reach, kernel.moved.clone());
        let (mut list, mut shifts) = (Vec::new(), Vec::new());
        for pair in std::mem::take(&mut found.list) {
            let atoms = [pair.i, pair.j];
            let Some(base) = kernel.base(atoms.map(|atom| atom as usize)) else { continue };
            let shift = shifts.iter().position(|shift| *shift == pair.shift).unwrap_or_else(|| {
                shifts.push(pair.shift);
                shifts.len() - 1
            });
            let weight = atoms.iter().map(|atom| crystal.atoms[*atom as usize].occ).product();
            list.push(Known { atoms, shift: shift as u32, base: base as u32, weight });
        }
        Self { found, list, shifts }
    }

    /// Where they are in `crystal`.
    pub fn lay_down(&self, kernel: &Kernel, crystal: &Crystal) -> There {
        let mut there = There { nodes: kernel.empty(), pairs: Vec::with_capacity(self.list.len()) };
        self.lay_down_again(kernel, crystal, &mut there);
        there
    }

    /// The same, in the memory of an old answer.
    pub fn lay_down_again(&self, kernel: &Kernel, crystal: &Crystal, there: &mut There) {
        there.nodes.fill(0.0);
        there.pairs.clear();
        let places: Vec<Vector3<f64>> =
            self.found.fractions(crystal).into_iter().map(|fraction| crystal.basis * fraction).collect();
        let shifts: Vec<Vector3<f64>> = self.shifts.iter().map(|shift| crystal.basis * shift).collect();
        for Known { atoms, shift, base, weight } in &self.list {
            let atoms = [atoms[0] as usize, atoms[1] as usize];
            let v = places[atoms[1]] - places[atoms[0]] + shifts[*shift as usize];
            let square = v.norm_squared();
            if square < kernel.reach * kernel.reach {
                let r = square.sqrt();
                let Stand { shares, sloping } = kernel.stand(*base as usize, r);
                sloping.lay_down(&mut there.nodes, shares, *weight);
                there.pairs.push(Stood { atoms, v, share: weight / r, sloping });
            }
        }
    }
}

impl Stood {
    /// The slope by [`Stood::v`] over it, of what lies at the nodes.
    #[inline]
    pub fn slope(&self, nodes: &[f64]) -> f64 {
        self.share * self.sloping.slope(nodes)
    }
}
