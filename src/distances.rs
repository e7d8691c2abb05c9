//! How many pairs there are at which distance: the sum over pairs where they are too many to be looked at one by one.
//!
//! Atoms of one species with one isotropic U are of one [`Kind`], and the peak of a pair is a smooth function of its
//! distance, the same for all pairs of two kinds. So a pair need not be broadened: its weight is shared out among the four
//! nearest nodes of a lattice of distances, `r_k = k h`, and each node is then a peak like any other. With
//! `s = r/h - k`, 0 <= s < 1, the shares are Lagrange's:
//!
//! ```text
//! L_-1 = -s (s-1) (s-2)/6   L_0 = (s+1) (s-1) (s-2)/2   L_1 = -(s+1) s (s-2)/2   L_2 = (s+1) s (s-1)/6
//! ```
//!
//! Whatever depends on r smoothly (1/r, the width, its corrections) is carried by the nodes. The error for a peak of
//! standard deviation σ is at most `3/4! · (9/16) (h/σ)⁴ = 0.07 (h/σ)⁴` of its top: 5.7e-8 for h = 0.03 σ, and less for many
//! pairs together.
//!
//! Pairs are streamed, never stored: memory is that of the atoms and of the nodes.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Atom, Crystal};
use crate::model::Beyond;
use crate::threads;

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

/// The nodes: `r_k = k step` for `from <= r <= to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nodes {
    /// Spacing h, Å.
    pub step: f64,
    /// Pairs that are this near or nearer are left out, Å.
    pub from: f64,
    /// Pairs up to here are in, Å; of those up to three nodes farther some are.
    pub to: f64,
}

/// Weights at the nodes for each pair of kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    /// Where the nodes lie.
    pub nodes: Nodes,
    /// The kinds.
    pub kinds: Kinds,
    /// For each pair of kinds a, b (a <= b, in the order of [`Distances::classes`]) the sum of `occ_i occ_j` over the
    /// pairs at each node, each pair once; then, strain after strain, the same times `dr`, the change of the distance.
    pub weights: Vec<Vec<Vec<f64>>>,
}

impl Kinds {
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
}

fn kind(atom: &Atom) -> Option<Kind> {
    let uiso = atom.u[(0, 0)];
    let isotropic = atom.u == Matrix3::identity() * uiso;
    (isotropic && atom.inside.is_none()).then_some(Kind { species: atom.species, uiso, beyond: atom.beyond })
}

impl Nodes {
    /// Number of nodes from r = 0 on, with room for the last pair's shares.
    pub fn count(&self) -> usize {
        (self.to / self.step).ceil() as usize + 4
    }
}

impl Distances {
    /// All pairs of `crystal` with a distance within `nodes`; for every strain ε (`d basis · basis⁻¹`) also their
    /// `dr = v·εv / r`.
    pub fn gather(crystal: &Crystal, kinds: Kinds, nodes: Nodes, strains: &[Matrix3<f64>]) -> Self {
        let columns = Columns::new(crystal, &kinds, nodes.to);
        let tasks = tasks(&kinds);
        let sums = threads::map(tasks.len(), |t| columns.sum(&tasks[t], &nodes, strains));
        let mut weights = vec![vec![vec![0.0; nodes.count()]; strains.len() + 1]; classes(kinds.kinds.len()).count()];
        for (task, sum) in tasks.iter().zip(sums) {
            for (total, part) in weights[task.class].iter_mut().zip(sum) {
                total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
            }
        }
        Self { nodes, kinds, weights }
    }

    /// The pairs of kinds, the smaller index first.
    pub fn classes(&self) -> impl Iterator<Item = (usize, usize)> {
        classes(self.kinds.kinds.len())
    }
}

fn classes(kinds: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..kinds).flat_map(move |a| (a..kinds).map(move |b| (a, b)))
}

/// A part of the sum for one pair of kinds: the atoms `range` of kind `pair.0` with all of kind `pair.1`.
struct Task {
    class: usize,
    pair: (usize, usize),
    range: std::ops::Range<usize>,
}

/// About so many tasks, whatever the number of threads: the order of the sum is always the same.
const TASKS: usize = 128;

fn tasks(kinds: &Kinds) -> Vec<Task> {
    let mut tasks = Vec::new();
    let parts = (TASKS / classes(kinds.kinds.len()).count().max(1)).clamp(1, 64);
    for (class, pair) in classes(kinds.kinds.len()).enumerate() {
        let atoms = kinds.of.iter().filter(|kind| **kind == pair.0).count();
        let bounds = (0..=parts).map(|part| part * atoms / parts).collect::<Vec<_>>();
        let ranges = bounds.windows(2).map(|ends| ends[0]..ends[1]).filter(|range| !range.is_empty());
        tasks.extend(ranges.map(|range| Task { class, pair, range }));
    }
    tasks
}

/// The atoms of each kind in columns along c, repeated upwards and downwards as far as the sum reaches.
struct Columns {
    /// Columns along a and b in one cell.
    count: [i64; 2],
    basis: Matrix3<f64>,
    reach: f64,
    kinds: Vec<Sorted>,
    /// Columns that may hold a neighbour, with the vector from an atom's column to theirs.
    near: Vec<Near>,
    /// Half the size of a column along c, Å: by how much its corners lie higher or lower than its middle.
    slant: f64,
    /// Half the diagonal of a column across c, Å.
    across: f64,
}

/// A column relative to another, in whole columns.
struct Near {
    offset: [i64; 2],
    /// Least distance across c between atoms of the two columns, Å.
    gap: f64,
}

/// The atoms of one kind, column by column, in each by their height.
#[derive(Default)]
struct Sorted {
    /// Where each column starts; one entry more than columns.
    start: Vec<usize>,
    /// Height along c in units of c.
    height: Vec<f64>,
    /// Cartesian place, Å.
    place: [Vec<f64>; 3],
    occ: Vec<f64>,
    /// The atoms of the cell itself: column and index.
    home: Vec<([i64; 2], usize)>,
}

/// Columns are about this wide, Å, or a twelfth of the reach: narrow against the reach, with several atoms a layer.
const NARROW: f64 = 2.5;

impl Columns {
    fn new(crystal: &Crystal, kinds: &Kinds, reach: f64) -> Self {
        let basis = crystal.basis;
        let inverse = basis.try_inverse().unwrap_or_else(Matrix3::identity);
        let width = (reach / 12.0).max(NARROW);
        let count = [0, 1].map(|k| (1.0 / (inverse.row(k).norm() * width)).floor().clamp(1.0, 512.0) as i64);
        let upwards = (reach * inverse.row(2).norm()).ceil() as i64 + 1;
        let kinds = (0..kinds.kinds.len()).map(|kind| Sorted::new(crystal, kinds, kind, count, upwards)).collect();
        let mut columns = Self { count, basis, reach, kinds, near: Vec::new(), slant: 0.0, across: 0.0 };
        columns.measure(&inverse);
        columns
    }

    /// The middle of a column `offset` columns away, from one's own: its part along c and the length of the rest, Å.
    fn middle(&self, offset: [f64; 2]) -> (f64, f64) {
        let c = self.basis.column(2).normalize();
        let v = self.basis * Vector3::new(offset[0] / self.count[0] as f64, offset[1] / self.count[1] as f64, 0.0);
        let along = v.dot(&c);
        (along, (v - c * along).norm())
    }

    fn measure(&mut self, inverse: &Matrix3<f64>) {
        let corners = [[1.0, 1.0], [1.0, -1.0]].map(|corner| self.middle(corner));
        self.slant = corners.iter().map(|(along, _)| along.abs()).fold(0.0, f64::max);
        self.across = corners.iter().map(|(_, across)| *across).fold(0.0, f64::max);
        let most = [0, 1].map(|k| (self.reach * inverse.row(k).norm() * self.count[k] as f64).ceil() as i64 + 1);
        for x in -most[0]..=most[0] {
            for y in -most[1]..=most[1] {
                let gap = (self.middle([x as f64, y as f64]).1 - self.across).max(0.0);
                if gap <= self.reach {
                    self.near.push(Near { offset: [x, y], gap });
                }
            }
        }
    }

    /// The shares of a task's pairs.
    fn sum(&self, task: &Task, nodes: &Nodes, strains: &[Matrix3<f64>]) -> Vec<Vec<f64>> {
        let mut deposit = Deposit::new(nodes, strains);
        pulp::Arch::new().dispatch(Neighbours { columns: self, task, deposit: &mut deposit });
        deposit.tables
    }

    #[inline(always)]
    fn neighbours(&self, task: &Task, deposit: &mut Deposit) {
        let (a, b) = (&self.kinds[task.pair.0], &self.kinds[task.pair.1]);
        let same = task.pair.0 == task.pair.1;
        for atom in &a.home[task.range.clone()] {
            for near in &self.near {
                if !same || near.offset >= [0, 0] {
                    self.run(a, b, *atom, near, same, deposit);
                }
            }
        }
    }

    /// The neighbours of one atom in one column; of atoms of its own kind in its own column only those above it.
    #[inline(always)]
    fn run(
        &self,
        a: &Sorted,
        b: &Sorted,
        (home, atom): ([i64; 2], usize),
        near: &Near,
        same: bool,
        deposit: &mut Deposit,
    ) {
        let column = [home[0] + near.offset[0], home[1] + near.offset[1]];
        let cell = [0, 1].map(|k| column[k].div_euclid(self.count[k]) as f64);
        let inside = [0, 1].map(|k| column[k].rem_euclid(self.count[k]));
        let index = (inside[0] * self.count[1] + inside[1]) as usize;
        let (start, end) = (b.start[index], b.start[index + 1]);
        let length = self.basis.column(2).norm();
        let half = ((self.reach * self.reach - near.gap * near.gap).sqrt() + self.slant) / length;
        // Heights are counted along c from each cell's own base, which lies where the cell does.
        let middle = a.height[atom] - self.middle(near.offset.map(|n| n as f64)).0 / length;
        let heights = &b.height[start..end];
        let first = start + heights.partition_point(|height| *height < middle - half);
        let last = start + heights.partition_point(|height| *height <= middle + half);
        let first = if same && near.offset == [0, 0] { first.max(atom + 1) } else { first };
        if first >= last {
            return;
        }
        let shift = self.basis.column(0) * cell[0] + self.basis.column(1) * cell[1];
        let origin = std::array::from_fn(|k| a.place[k][atom] - shift[k]);
        let places = [0, 1, 2].map(|k| &b.place[k][first..last]);
        deposit.add(origin, places, a.occ[atom], &b.occ[first..last]);
    }
}

impl Sorted {
    fn new(crystal: &Crystal, kinds: &Kinds, kind: usize, count: [i64; 2], upwards: i64) -> Self {
        let mut atoms = Vec::new();
        for (index, atom) in crystal.atoms.iter().enumerate().filter(|(index, _)| kinds.of[*index] == kind) {
            let frac = atom.position.0.map(|x| x - x.floor());
            let column = [0, 1].map(|k| ((frac[k] * count[k] as f64) as i64).min(count[k] - 1));
            for n in -upwards..=upwards {
                let place = frac + Vector3::new(0.0, 0.0, n as f64);
                atoms.push((column, place, index, n));
            }
        }
        atoms.sort_by(|x, y| x.0.cmp(&y.0).then(x.1[2].total_cmp(&y.1[2])).then(x.2.cmp(&y.2)));
        let mut sorted = Self { start: vec![0; (count[0] * count[1]) as usize + 1], ..Self::default() };
        for (slot, (column, frac, index, n)) in atoms.iter().enumerate() {
            let place = crystal.basis * frac;
            sorted.height.push(frac[2]);
            (0..3).for_each(|k| sorted.place[k].push(place[k]));
            sorted.occ.push(crystal.atoms[*index].occ);
            sorted.start[(column[0] * count[1] + column[1]) as usize + 1] += 1;
            if *n == 0 {
                sorted.home.push((*column, slot));
            }
        }
        for k in 1..sorted.start.len() {
            sorted.start[k] += sorted.start[k - 1];
        }
        sorted
    }
}

/// A task, to be compiled for the widest vectors that the processor has.
struct Neighbours<'a, 'b, 'c> {
    columns: &'a Columns,
    task: &'a Task,
    deposit: &'b mut Deposit<'c>,
}

impl pulp::WithSimd for Neighbours<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        self.columns.neighbours(self.task, self.deposit);
    }
}

/// The tables of one task and what shares are computed with.
struct Deposit<'a> {
    inverse_step: f64,
    from: f64,
    last: f64,
    strains: &'a [Matrix3<f64>],
    tables: Vec<Vec<f64>>,
}

/// Pairs that are measured together.
const BLOCK: usize = 32;

/// Adding this to a number below 2⁵¹ leaves its nearest whole number in the lowest bits.
const ROUNDER: f64 = (1_u64 << 52) as f64;

impl<'a> Deposit<'a> {
    fn new(nodes: &Nodes, strains: &'a [Matrix3<f64>]) -> Self {
        let count = nodes.count();
        Self {
            inverse_step: 1.0 / nodes.step,
            from: nodes.from,
            last: (count - 3) as f64,
            strains,
            tables: vec![vec![0.0; count]; strains.len() + 1],
        }
    }

    /// Shares out the pairs of an atom at `origin` with atoms at `places`.
    #[inline(always)]
    fn add(&mut self, origin: [f64; 3], places: [&[f64]; 3], occ: f64, occs: &[f64]) {
        let blocks = places[0].chunks(BLOCK).zip(places[1].chunks(BLOCK)).zip(places[2].chunks(BLOCK));
        for (((x, y), z), occs) in blocks.zip(occs.chunks(BLOCK)) {
            self.block(origin, [x, y, z], occ, occs);
        }
    }

    #[inline(always)]
    fn block(&mut self, origin: [f64; 3], [x, y, z]: [&[f64]; 3], occ: f64, occs: &[f64]) {
        let n = x.len().min(y.len()).min(z.len()).min(occs.len()).min(BLOCK);
        let (x, y, z, occs) = (&x[..n], &y[..n], &z[..n], &occs[..n]);
        let (mut s, mut node, mut weight) = ([0.0; BLOCK], [0_u64; BLOCK], [0.0; BLOCK]);
        for l in 0..n {
            let v = [x[l] - origin[0], y[l] - origin[1], z[l] - origin[2]];
            let r = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
            let t = (r * self.inverse_step).min(self.last);
            // At a whole number either neighbour will do: shares are continuous.
            let rounded = (t - 0.5) + ROUNDER;
            node[l] = rounded.to_bits() & 0xffff_ffff;
            s[l] = t - (rounded - ROUNDER);
            // Beyond the last node shares are laid down where nobody looks.
            weight[l] = if r > self.from && t < self.last { occ * occs[l] } else { 0.0 };
        }
        let (table, strained) = self.tables.split_at_mut(1);
        scatter(&mut table[0], &node[..n], &shares(&s[..n], &weight[..n]));
        for (strain, table) in self.strains.iter().zip(strained) {
            let mut change = [0.0; BLOCK];
            for l in 0..n {
                let v = Vector3::new(x[l] - origin[0], y[l] - origin[1], z[l] - origin[2]);
                change[l] = weight[l] * v.dot(&(strain * v)) / v.norm().max(1e-9);
            }
            scatter(table, &node[..n], &shares(&s[..n], &change[..n]));
        }
    }
}

/// Each weight, shared out among the nodes -1, 0, 1, 2.
#[inline(always)]
fn shares(s: &[f64], weight: &[f64]) -> [[f64; BLOCK]; 4] {
    let mut shares = [[0.0; BLOCK]; 4];
    let n = s.len().min(weight.len()).min(BLOCK);
    let (s, weight) = (&s[..n], &weight[..n]);
    for l in 0..n {
        let s = s[l];
        let (outer, inner) = (weight[l] * s * (s - 1.0) / 6.0, weight[l] * (s + 1.0) * (s - 2.0) * 0.5);
        shares[0][l] = -outer * (s - 2.0);
        shares[1][l] = inner * (s - 1.0);
        shares[2][l] = -inner * s;
        shares[3][l] = outer * (s + 1.0);
    }
    shares
}

/// Adds the shares to the nodes `k - 1` to `k + 2`.
#[inline(always)]
fn scatter(table: &mut [f64], node: &[u64], shares: &[[f64; BLOCK]; 4]) {
    for (l, k) in node.iter().enumerate() {
        // Nodes start at r = 0, and so does the shares' first neighbour: one node below it is never used.
        let first = (*k as usize).max(1) - 1;
        let Some(nodes) = table.get_mut(first..).and_then(|rest| rest.first_chunk_mut::<4>()) else { continue };
        nodes[0] += shares[0][l];
        nodes[1] += shares[1][l];
        nodes[2] += shares[2][l];
        nodes[3] += shares[3][l];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand;
    use crate::pairs::Pairs;
    use crate::read;

    fn flagship() -> Crystal {
        let bytes = include_bytes!("../models/co_zif62.ron");
        expand::crystal(&expand::to_p1(&read::structure(bytes, "co_zif62.ron").unwrap().value)).unwrap()
    }

    /// The moments of the shares are those of the pairs: their number, and the sums of r, r² and r³, which a cubic keeps.
    #[test]
    fn nodes_keep_the_first_four_moments_of_the_pairs() {
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
