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
use super::{Kinds, Nodes, points};
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
        let columns = Columns::around(&points(crystal, &kinds), nodes.to, NARROW, nodes.count());
        let tables = threads::map(moved.len(), |k| of_atom(&columns, &nodes, kinds.kinds.len(), moved[k]));
        let weights = threads::map(parameters.len(), |k| {
            let tables = parameters[k].iter().map(|(atom, v)| {
                let place = moved.partition_point(|known| known < atom);
                (kinds.of[*atom as usize], v, &tables[place])
            });
            added(tables, kinds.kinds.len(), nodes.count())
        });
        Self { nodes, kinds, weights }
    }

    /// Numbers that [`Shifts::gather`] writes: so many times what a parameter touches, and for each moved atom.
    pub fn numbers(kinds: &Kinds, nodes: &Nodes, parameters: usize, atoms: usize) -> f64 {
        ((parameters + 3 * atoms) * kinds.kinds.len()) as f64 * nodes.count() as f64
    }
}

/// What the pairs of an atom do where it stays and its neighbours move along x, along y, along z.
fn of_atom(columns: &Columns, nodes: &Nodes, kinds: usize, atom: u32) -> OfAtom {
    let axes = (0..3).map(Measure::Shift).collect();
    let mut deposit = Deposit::<Shares>::new(nodes, kinds, axes);
    if let Some(home) = columns.home(atom as usize) {
        columns.visit(home..home + 1, &mut deposit);
    }
    deposit.into_shares()
}

/// The tables of one parameter from those of the atoms that it moves, each with its kind and its way.
fn added<'a>(
    of_atoms: impl Iterator<Item = (usize, &'a Vector3<f64>, &'a OfAtom)>,
    kinds: usize,
    count: usize,
) -> Vec<(usize, Vec<f64>)> {
    let mut all: Vec<Option<Vec<f64>>> = vec![None; classes(kinds).count()];
    for (own, v, axes) in of_atoms {
        for (class, (a, b)) in classes(kinds).enumerate().filter(|(_, (a, b))| *a == own || *b == own) {
            let other = if a == own { b } else { a };
            let weights = all[class].get_or_insert_with(|| vec![0.0; count]);
            for (axis, table) in axes.iter().enumerate().filter(|(axis, _)| v[*axis] != 0.0) {
                // It is the atom that moves, not its neighbours.
                let part = &table[other * count..][..count];
                weights.iter_mut().zip(part).for_each(|(weight, part)| *weight -= v[axis] * part);
            }
        }
    }
    let touched = all.into_iter().enumerate().filter_map(|(class, weights)| Some((class, weights?)));
    let sharp = |mut weights: Vec<f64>| {
        sharpen(&mut weights);
        weights
    };
    touched.map(|(class, weights)| (class, sharp(weights))).collect()
}
