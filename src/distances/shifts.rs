//! How distances change where single atoms move: nodes again, one table for each parameter and each two kinds that it touches.
//!
//! A pair of isotropic atoms is a peak that depends on its distance only. So what a parameter does by moving atoms is told, like
//! what a strain does, by `dr` at each node:
//!
//! ```text
//! dr = d · (v_j - v_i)        d: from atom i to atom j, at unit length;  v: by how much the parameter moves each, Å
//! ```
//!
//! An atom and its images move together: the two ways from one to the other add up to nothing.

use nalgebra::Vector3;

use super::columns::{Columns, NARROW};
use super::deposit::{Deposit, Measure};
use super::spline::{Shares, sharpen};
use super::{Kinds, Nodes, other};
use crate::crystal::{Crystal, classes};
use crate::threads;

/// What one parameter moves: atoms, and how far, Å (Cartesian).
pub type Moves = Vec<(u32, Vector3<f64>)>;

/// Sums of `occ_i occ_j dr` at nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Shifts {
    /// Where the nodes lie.
    pub nodes: Nodes,
    /// The kinds.
    pub kinds: Kinds,
    /// For each parameter the tables of those pairs of kinds that it touches, by their index in the order of [`classes`].
    pub weights: Vec<Vec<(usize, Vec<f64>)>>,
}

/// Tables along the three axes, of the first kind of partner, of the second ...
type OfAtom = Vec<Vec<f64>>;

impl Shifts {
    /// All pairs of `crystal` with a distance within `nodes` of which an atom is moved by one of the parameters.
    pub fn gather(crystal: &Crystal, kinds: Kinds, nodes: Nodes, parameters: &[Moves]) -> Self {
        let mut moved: Vec<u32> = parameters.iter().flatten().map(|(atom, _)| *atom).collect();
        moved.sort_unstable();
        moved.dedup();
        let (n, count) = (kinds.kinds.len(), nodes.count());
        let columns = Columns::around(&kinds.points(crystal), nodes.to, NARROW, count);
        let homes = columns.homes();
        let mut sums = vec![vec![None; classes(n).count()]; parameters.len()];
        for some in moved.chunks(ATOMS) {
            let tables = threads::map(some.len(), |k| of_atom(&columns, &nodes, n, homes[some[k] as usize]));
            for (sums, moves) in sums.iter_mut().zip(parameters) {
                for (atom, v) in moves {
                    let Ok(place) = some.binary_search(atom) else { continue };
                    add(sums, (n, count), kinds.of[*atom as usize], v, &tables[place]);
                }
            }
        }
        let weights = threads::map(parameters.len(), |k| sharpened(&sums[k]));
        Self { nodes, kinds, weights }
    }

    /// About what [`Shifts::gather`] takes, bytes.
    pub fn memory(kinds: &Kinds, nodes: &Nodes, parameters: usize) -> f64 {
        let tables = if parameters == 0 { 0 } else { 2 * parameters + 3 * ATOMS };
        (tables * kinds.kinds.len()) as f64 * 8.0 * nodes.count() as f64
    }
}

/// Atoms whose tables are held at a time.
const ATOMS: usize = 64;

/// What the pairs of an atom do where it stays and its neighbours move along x, along y, along z.
fn of_atom(columns: &Columns, nodes: &Nodes, kinds: usize, home: usize) -> OfAtom {
    let axes = (0..3).map(Measure::Shift).collect();
    let mut deposit = Deposit::<Shares>::new(nodes, kinds, axes);
    columns.visit(home..home + 1, &mut deposit);
    deposit.into_shares()
}

/// The sums of one parameter for each two kinds, in the order of [`classes`], where there are any.
type Sums = Vec<Option<Vec<f64>>>;

/// Adds that an atom of a kind moves by `v` to the sums of `kinds` kinds at `count` nodes.
fn add(sums: &mut Sums, (kinds, count): (usize, usize), own: usize, v: &Vector3<f64>, axes: &OfAtom) {
    for (class, sum) in classes(kinds).zip(sums) {
        let Some(other) = other(class, own) else { continue };
        let sum = sum.get_or_insert_with(|| vec![0.0; count]);
        for (axis, table) in axes.iter().enumerate().filter(|(axis, _)| v[*axis] != 0.0) {
            let part = &table[other * count..][..count];
            // It is the atom that moves, not its neighbours.
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum -= v[axis] * part);
        }
    }
}

/// The sums that there are, as weights of nodes.
fn sharpened(sums: &Sums) -> Vec<(usize, Vec<f64>)> {
    let sharp = |sum: &Vec<f64>| {
        let mut weights = sum.clone();
        sharpen(&mut weights);
        weights
    };
    sums.iter().enumerate().filter_map(|(class, sum)| Some((class, sharp(sum.as_ref()?)))).collect()
}
