//! How many pairs there are at which distance: the sum over pairs where they are too many to be looked at one by one.
//!
//! Atoms of one species with one isotropic U are of one [`Kind`], and the peak of a pair is a smooth function of its
//! distance, the same for all pairs of two kinds. So a pair need not be broadened: its weight is shared out among the eight
//! nearest nodes of a lattice of distances, `r_k = k h`, and each node is then a peak like any other. `spline.rs` says how,
//! and how little is lost; `columns.rs` finds the pairs, `deposit.rs` shares them out.
//!
//! Whatever depends on r smoothly (1/r, the width, its corrections) is carried by the nodes. Many pairs are streamed, never
//! stored: memory is that of the atoms and of the nodes. Few are kept in a list from step to step (`listed.rs`).

mod bins;
mod columns;
mod deposit;
mod listed;
mod nearest;
mod shifts;
mod spline;

use nalgebra::Matrix3;

use crate::crystal::{Atom, Crystal, Place, Points, classes};
use crate::model::Beyond;
use crate::threads;
pub use bins::{Bins, bins};
use columns::{Columns, NARROW};
use deposit::{Deposit, Measure};
pub use listed::Listed;
pub use shifts::{Moves, Shifts};
use spline::{Ledger, Moments};

/// Atoms that lend the same to a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind {
    /// Index into [`Crystal::species`].
    pub species: usize,
    /// Isotropic U, Å².
    pub uiso: f64,
    /// The second U and where it begins.
    pub beyond: Option<Beyond>,
}

/// The kinds of a crystal, and to which each atom belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Kinds {
    /// The kinds, in order of first appearance.
    pub kinds: Vec<Kind>,
    /// Index of each atom's kind.
    pub of: Vec<usize>,
}

/// Pairs that are looked at together.
const TOGETHER: usize = 8;

/// Å; farther than any atom, and beyond every reach.
const NOWHERE: f64 = 1e100;

/// Atoms that may be neighbours of one, with their occupancies and where in a table their kind begins: whole vectors of
/// [`TOGETHER`], filled up with atoms that are out of reach.
struct Others<'a> {
    /// Cartesian places, Å.
    places: [&'a [f64]; 3],
    /// Occupancies.
    occ: &'a [f64],
    /// First number of their kind.
    base: &'a [u32],
}

/// Adding this to a number below 2⁵¹ leaves its nearest whole number in the lowest bits.
const ROUNDER: f64 = (1_u64 << 52) as f64;

/// What becomes of the pairs that [`Columns`] finds.
trait Take {
    /// Takes in the pairs of an atom at `origin` (Cartesian, Å) with occupancy `occ`; some are out of reach.
    fn add<S: pulp::Simd>(&mut self, simd: S, origin: [f64; 3], occ: f64, others: &Others);
}

/// The nodes: `r_k = k step` for `from <= r <= to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nodes {
    /// Spacing h, Å.
    pub step: f64,
    /// Pairs that are this near or nearer are left out, Å.
    pub from: f64,
    /// Pairs up to here are in, Å.
    pub to: f64,
}

/// Weights at the nodes for each pair of kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    /// Where the nodes lie.
    pub nodes: Nodes,
    /// The kinds.
    pub kinds: Kinds,
    /// For each pair of kinds a, b (a <= b, in the order of [`classes`]) the sum of `occ_i occ_j` over the
    /// pairs at each node, each pair once; then, strain after strain, the same times `dr`, the change of the distance.
    pub weights: Vec<Vec<Vec<f64>>>,
}

impl Kinds {
    /// Most kinds that are worth telling apart: 136 pairs of them.
    pub const MOST: usize = 16;

    /// The kinds of a crystal; `None` where some pairs do not depend on their distance only (a U that is a tensor, another
    /// U inside molecules), or where the kinds are more than `most`.
    pub fn of(crystal: &Crystal, most: usize) -> Option<Self> {
        let mut kinds = Self { kinds: Vec::new(), of: Vec::with_capacity(crystal.atoms.len()) };
        for atom in &crystal.atoms {
            let kind = kind(atom)?;
            let index = kinds.kinds.iter().position(|known| *known == kind).unwrap_or(kinds.kinds.len());
            if index == most {
                return None;
            }
            if index == kinds.kinds.len() {
                kinds.kinds.push(kind);
            }
            kinds.of.push(index);
        }
        Some(kinds)
    }

    /// The atoms of their crystal, each with its kind.
    pub fn points(&self, crystal: &Crystal) -> Points {
        let atoms = crystal.atoms.iter().zip(&self.of);
        let places = atoms.map(|(atom, kind)| Place { frac: atom.position.0, occ: atom.occ, kind: *kind });
        Points { basis: crystal.basis, places: places.collect() }
    }
}

fn kind(atom: &Atom) -> Option<Kind> {
    let uiso = atom.u[(0, 0)];
    let isotropic = atom.u == Matrix3::identity() * uiso;
    (isotropic && atom.inside.is_none()).then_some(Kind { species: atom.species, uiso, beyond: atom.beyond })
}

impl Nodes {
    /// Nodes farther than this from a pair have no share of it.
    pub const SHARED: usize = spline::SHARED;

    /// Number of nodes from r = 0 on, with room for the last pair's shares.
    pub fn count(&self) -> usize {
        ((self.to / self.step).ceil() as usize).saturating_add(Self::SHARED + 1)
    }

    /// The first node that a pair may have a share of.
    pub fn first(&self) -> usize {
        ((self.from / self.step) as usize).saturating_sub(Self::SHARED).max(1)
    }
}

impl Distances {
    /// All pairs of `crystal` with a distance within `nodes`; for every strain ε (`d basis · basis⁻¹`) also their
    /// `dr = v·εv / r`.
    ///
    /// # Panics
    /// If `nodes` begin nearer to r = 0 than shares reach.
    pub fn gather(crystal: &Crystal, kinds: Kinds, nodes: Nodes, strains: &[Matrix3<f64>]) -> Self {
        assert!(nodes.from > nodes.step * Nodes::SHARED as f64, "shares would be laid down below r = 0");
        let columns = Columns::new(&kinds.points(crystal), nodes.to, NARROW, nodes.count());
        // To make tables into shares takes about what a pair takes for each four numbers.
        let tasks = columns.tasks(2 * Moments::EACH * kinds.kinds.len() * nodes.count() * (strains.len() + 1));
        let sums = threads::map(tasks.len(), |t| {
            let mut deposit = Deposit::<Moments>::new(&nodes, kinds.kinds.len(), measures(strains));
            columns.visit(tasks[t].1.clone(), &mut deposit);
            deposit.into_shares()
        });
        let count = nodes.count();
        let mut weights = vec![vec![vec![0.0; count]; strains.len() + 1]; classes(kinds.kinds.len()).count()];
        for ((kind, _), tables) in tasks.iter().zip(&sums) {
            for (class, weights) in classes(kinds.kinds.len()).zip(&mut weights) {
                let Some(other) = other(class, *kind) else { continue };
                for (weights, table) in weights.iter_mut().zip(tables) {
                    let part = &table[other * count..(other + 1) * count];
                    weights.iter_mut().zip(part).for_each(|(weight, part)| *weight += part);
                }
            }
        }
        weights.iter_mut().flatten().for_each(|weights| spline::sharpen(weights));
        Self { nodes, kinds, weights }
    }

    /// Of the moments of pairs that another engine has gathered: for each pair of kinds, in the order of [`classes`], tables of
    /// `Σ w sⁿ`, n = 0 to 7, for each node k from r = 0 on, over the pairs at `(k + s) step`.
    pub fn of_moments(kinds: Kinds, nodes: Nodes, tables: Vec<Vec<Vec<f64>>>) -> Self {
        let weights = |mut moments: Vec<f64>| {
            // The pairs behind a node have shares from the third node before it on.
            moments.drain(..3 * Moments::EACH);
            let mut weights = Moments::shares(moments);
            weights.resize(nodes.count(), 0.0);
            spline::sharpen(&mut weights);
            weights
        };
        let weights = tables.into_iter().map(|tables| tables.into_iter().map(weights).collect()).collect();
        Self { nodes, kinds, weights }
    }
}

/// The pairs themselves, and what each strain does to them.
fn measures(strains: &[Matrix3<f64>]) -> Vec<Measure> {
    std::iter::once(Measure::Number).chain(strains.iter().map(Measure::strain)).collect()
}

/// The other kind of a pair, if `kind` is one of them.
fn other((a, b): (usize, usize), kind: usize) -> Option<usize> {
    if a == kind {
        Some(b)
    } else if b == kind {
        Some(a)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand;
    use crate::pairs::Pairs;
    use crate::read;

    fn flagship() -> Crystal {
        let bytes = include_bytes!("../../models/co_zif62.ron");
        expand::crystal(&expand::to_p1(&read::structure(bytes, "co_zif62.ron").unwrap().value)).unwrap()
    }

    /// The moments of the shares are those of the pairs: their number, and the sums of r, r² ... which splines keep.
    #[test]
    fn nodes_keep_the_moments_of_the_pairs() {
        let mut crystal = flagship();
        // A cell with no right angle.
        crystal.basis += Matrix3::new(0.0, 2.1, -1.3, 0.0, 0.0, 3.2, 0.0, 0.0, 0.0);
        let kinds = Kinds::of(&crystal, 16).unwrap();
        let (from, to, step) = (1.5, 17.0, 0.02);
        let strain = Matrix3::new(0.7, 0.1, 0.0, 0.0, -0.3, 0.2, 0.0, 0.0, 0.4);
        let nodes = Nodes { step, from, to: to + 5.0 };
        let distances = Distances::gather(&crystal, kinds, nodes, &[strain]);
        let pairs = Pairs::find(&crystal, to + 6.0);
        let frame = pairs.frame(&crystal);
        // A weight that goes to zero, smoothly, before the end: which pairs are the last does not matter.
        let window = |r: f64| if r < to { ((to - r) / to).powi(6) } else { 0.0 };
        let (mut want, mut strained) = (0.0, 0.0);
        for pair in &pairs.list {
            let v = frame.vector(pair);
            let r = v.norm();
            let [a, b] = [pair.i, pair.j].map(|k| crystal.atoms[k as usize].occ);
            if r > from {
                want += a * b * window(r);
                strained += a * b * window(r) * v.dot(&(strain * v)) / r;
            }
        }
        let sum = |table: usize| -> f64 {
            let of = |weights: &Vec<Vec<f64>>| -> f64 {
                weights[table].iter().enumerate().map(|(k, weight)| weight * window(k as f64 * step)).sum()
            };
            distances.weights.iter().map(of).sum()
        };
        assert!((sum(0) / want - 1.0).abs() < 1e-9, "{} {want}", sum(0));
        assert!((sum(1) / strained - 1.0).abs() < 1e-8, "{} {strained}", sum(1));
    }

    #[test]
    fn tensors_and_molecules_have_no_kinds() {
        let mut crystal = flagship();
        assert_eq!(Kinds::of(&crystal, 16).unwrap().kinds.len(), 5);
        assert_eq!(Kinds::of(&crystal, 4), None);
        crystal.atoms[3].u[(0, 1)] = 1e-9;
        assert_eq!(Kinds::of(&crystal, 16), None);
        let mut crystal = flagship();
        crystal.atoms[3].inside = Some(0.003);
        assert_eq!(Kinds::of(&crystal, 16), None);
    }
}
