//! The periodic pair search: which atoms are near enough to count, kept between steps and measured anew at each.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Atom, Crystal};
use crate::threads;

/// Every pair of atoms within a distance, each pair once.
///
/// The list is found once with a margin and serves until an atom has moved, or the cell has strained, by more than
/// the margin allows ([`Pairs::follow`]).
#[derive(Debug, Clone)]
pub struct Pairs {
    /// All pairs within `reach` plus the margin, in an order that depends on the structure only.
    pub list: Vec<Pair>,
    /// The pairs that the user of the list needs are those up to this distance, Å.
    pub reach: f64,
    basis: Matrix3<f64>,
    positions: Vec<Vector3<f64>>,
    /// Only pairs with one of these atoms, if not all.
    of: Option<Vec<bool>>,
}

/// Atoms `i` and `j + shift`; with `i < j`, or `i = j` and the shift's first non-zero component positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Index of one atom in [`Crystal::atoms`].
    pub i: u32,
    /// Index of the other.
    pub j: u32,
    /// Whole cells added to the position of `j`.
    pub shift: Vector3<f64>,
}

/// Where the atoms of a list of pairs are now.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    basis: Matrix3<f64>,
    /// Cartesian, Å.
    places: Vec<Vector3<f64>>,
}

impl Frame {
    /// The vector from atom `i` to atom `j + shift`, Å.
    #[inline]
    pub fn vector(&self, pair: &Pair) -> Vector3<f64> {
        self.places[pair.j as usize] + self.basis * pair.shift - self.places[pair.i as usize]
    }
}

/// How much farther than asked pairs are looked for, Å: refined atoms move by tenths of it.
pub const MARGIN: f64 = 0.5;

impl Pairs {
    /// All pairs of `crystal` with a distance of at most `reach` Å.
    pub fn find(crystal: &Crystal, reach: f64) -> Self {
        Self::search(crystal, reach, None)
    }

    /// All such pairs of which one atom is among `of` (a mark for each atom of the crystal).
    pub fn find_of(crystal: &Crystal, reach: f64, of: Vec<bool>) -> Self {
        Self::search(crystal, reach, Some(of))
    }

    fn search(crystal: &Crystal, reach: f64, of: Option<Vec<bool>>) -> Self {
        let positions: Vec<_> = crystal.atoms.iter().map(|atom| atom.position.0).collect();
        let list = search(&crystal.basis, &positions, reach + MARGIN, of.as_deref());
        Self { list, reach, basis: crystal.basis, positions, of }
    }

    /// The atoms that every pair has one of, if not all are meant.
    pub fn of(&self) -> Option<&[bool]> {
        self.of.as_deref()
    }

    /// Takes note that the atoms have moved; searches again only if the margin is used up.
    pub fn follow(&mut self, crystal: &Crystal) {
        if !self.serves(crystal) {
            *self = Self::search(crystal, self.reach, self.of.take());
        }
    }

    /// Are all pairs of `crystal` up to the reach among those that were found?
    pub fn serves(&self, crystal: &Crystal) -> bool {
        self.positions.len() == crystal.atoms.len() && self.drift(crystal) <= MARGIN
    }

    /// The places of the atoms of `crystal` as the list's shifts know them.
    ///
    /// An atom that has left the cell on one side is given back by [`crate::expand`] on the other: the list goes on
    /// with the image that moved least.
    pub fn frame(&self, crystal: &Crystal) -> Frame {
        let places = self.fractions(crystal).into_iter().map(|fraction| crystal.basis * fraction).collect();
        Frame { basis: crystal.basis, places }
    }

    /// The same places in fractions of the cell.
    pub fn fractions(&self, crystal: &Crystal) -> Vec<Vector3<f64>> {
        let place = |(atom, then): (&Atom, &Vector3<f64>)| {
            let now = atom.position.0;
            now + (then - now).map(f64::round)
        };
        crystal.atoms.iter().zip(&self.positions).map(place).collect()
    }

    /// The most that any distance up to the reach can have changed since the search, Å.
    fn drift(&self, crystal: &Crystal) -> f64 {
        let moved = |(atom, then): (&Atom, &Vector3<f64>)| {
            let by = atom.position.0 - then;
            (self.basis * (by - by.map(f64::round))).norm()
        };
        let farthest = crystal.atoms.iter().zip(&self.positions).map(moved).fold(0.0, f64::max);
        let Some(inverse) = self.basis.try_inverse() else { return f64::INFINITY };
        let strain = crystal.basis * inverse - Matrix3::identity();
        2.0 * farthest * (1.0 + strain.norm()) + strain.norm() * (self.reach + MARGIN)
    }
}

/// Pairs within `cutoff`, by bins: the cell is cut into bins of half a cutoff to a whole one, and each atom looks into
/// those bins, in its own cell or another, that the cutoff can reach.
fn search(basis: &Matrix3<f64>, positions: &[Vector3<f64>], cutoff: f64, of: Option<&[bool]>) -> Vec<Pair> {
    let Some(inverse) = basis.try_inverse() else { return Vec::new() };
    let heights = Vector3::from_fn(|k, _| 1.0 / inverse.row(k).norm());
    let width = (0.5 * cutoff).max(cutoff.min(3.0));
    let bins = Bins::sort(positions, heights.map(|height| (height / width).floor().clamp(1.0, 128.0)));
    // A bin's far side can be one bin width farther than its index says.
    let span = Vector3::from_fn(|k, _| (cutoff * bins.count[k] / heights[k]).ceil() as i64);
    let cells: Vec<_> = positions.iter().map(|position| position.map(f64::floor)).collect();
    let inside: Vec<_> = positions.iter().zip(&cells).map(|(position, cell)| basis * (position - cell)).collect();
    let search = Search { basis, positions, cells: &cells, inside: &inside, cutoff, of, bins, span };
    let chunks = threads::map(positions.len().div_ceil(CHUNK), |k| {
        (k * CHUNK..((k + 1) * CHUNK).min(positions.len())).flat_map(|i| search.neighbours(i)).collect::<Vec<_>>()
    });
    chunks.concat()
}

/// Atoms whose neighbours one thread looks for at a time.
const CHUNK: usize = 1024;

/// What is searched.
struct Search<'a> {
    basis: &'a Matrix3<f64>,
    positions: &'a [Vector3<f64>],
    /// The cell that each of them lies in.
    cells: &'a [Vector3<f64>],
    /// Where in its cell, Cartesian, Å.
    inside: &'a [Vector3<f64>],
    cutoff: f64,
    of: Option<&'a [bool]>,
    bins: Bins,
    span: Vector3<i64>,
}

impl Search<'_> {
    /// The pairs of an atom with those that come after it.
    fn neighbours(&self, i: usize) -> Vec<Pair> {
        let meant = |atom: usize| self.of.is_none_or(|of| of[atom]);
        let (position, own) = (&self.positions[i], meant(i));
        let mut list = Vec::new();
        for (bin, shift) in self.bins.around(self.bins.home(position), self.span) {
            // Bins know their members as if they lay in the cell at the origin.
            let from = self.basis * (shift - position);
            for &j in self.bins.members(bin) {
                let other = j as usize;
                let near = (self.inside[other] + from).norm_squared() <= self.cutoff * self.cutoff;
                if !near || other < i || !(own || meant(other)) {
                    continue;
                }
                let shift = shift - self.cells[other];
                if other != i || positive(&shift) {
                    list.push(Pair { i: i as u32, j, shift });
                }
            }
        }
        list
    }
}

/// Is the first component that is not zero positive? Of a shift and its opposite exactly one is.
fn positive(shift: &Vector3<f64>) -> bool {
    shift.iter().find(|n| **n != 0.0).is_some_and(|n| *n > 0.0)
}

/// The atoms of a cell, sorted into bins of equal fractions.
struct Bins {
    count: Vector3<f64>,
    start: Vec<usize>,
    atoms: Vec<u32>,
}

impl Bins {
    fn sort(positions: &[Vector3<f64>], count: Vector3<f64>) -> Self {
        let mut bins = Self { count, start: vec![0; count.product() as usize + 1], atoms: vec![0; positions.len()] };
        let place: Vec<usize> = positions.iter().map(|position| bins.index(bins.home(position)).0).collect();
        for bin in &place {
            bins.start[bin + 1] += 1;
        }
        for bin in 1..bins.start.len() {
            bins.start[bin] += bins.start[bin - 1];
        }
        let mut next = bins.start.clone();
        for (atom, bin) in place.iter().enumerate() {
            bins.atoms[next[*bin]] = atom as u32;
            next[*bin] += 1;
        }
        bins
    }

    /// The bin of a position, which may lie in another cell than the one at the origin.
    fn home(&self, position: &Vector3<f64>) -> [i64; 3] {
        std::array::from_fn(|k| (position[k] * self.count[k]).floor() as i64)
    }

    /// Place in the list of bins, and the whole cells by which the bin lies off the cell at the origin.
    fn index(&self, bin: [i64; 3]) -> (usize, Vector3<f64>) {
        let n = self.count.map(|n| n as i64);
        let inside: [i64; 3] = std::array::from_fn(|k| bin[k].rem_euclid(n[k]));
        let shift = Vector3::from_fn(|k, _| bin[k].div_euclid(n[k]) as f64);
        (((inside[0] * n[1] + inside[1]) * n[2] + inside[2]) as usize, shift)
    }

    /// Every bin up to `span` bins away, with the whole cells to add to its members.
    fn around(&self, home: [i64; 3], span: Vector3<i64>) -> impl Iterator<Item = (usize, Vector3<f64>)> + '_ {
        (-span[0]..=span[0]).flat_map(move |x| {
            (-span[1]..=span[1]).flat_map(move |y| {
                (-span[2]..=span[2]).map(move |z| self.index([home[0] + x, home[1] + y, home[2] + z]))
            })
        })
    }

    fn members(&self, bin: usize) -> &[u32] {
        &self.atoms[self.start[bin]..self.start[bin + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every pair by brute force over all shifts that the cutoff, and positions up to four cells apart, can ask for.
    fn brute(basis: &Matrix3<f64>, positions: &[Vector3<f64>], cutoff: f64) -> Vec<f64> {
        let inverse = basis.try_inverse().unwrap();
        let n = Vector3::from_fn(|k, _| (cutoff * inverse.row(k).norm()).ceil() as i64 + 4);
        let mut distances = Vec::new();
        for (i, x) in positions.iter().enumerate() {
            for (j, y) in positions.iter().enumerate() {
                for (a, b, c) in (-n[0]..=n[0])
                    .flat_map(|a| (-n[1]..=n[1]).flat_map(move |b| (-n[2]..=n[2]).map(move |c| (a, b, c))))
                {
                    let v = basis * (y + Vector3::new(a as f64, b as f64, c as f64) - x);
                    if v.norm() <= cutoff && (i != j || (a, b, c) != (0, 0, 0)) {
                        distances.push(v.norm());
                    }
                }
            }
        }
        distances.sort_by(f64::total_cmp);
        distances
    }

    proptest! {
        #[test]
        fn finds_each_pair_once(
            edges in prop::array::uniform3(2.0..14.0_f64),
            tilt in prop::array::uniform3(-2.0..2.0_f64),
            positions in prop::collection::vec(prop::array::uniform3(-1.5..2.5_f64), 1..12),
            cutoff in 0.5..9.0_f64,
        ) {
            let basis = Matrix3::new(edges[0], tilt[0], tilt[1], 0.0, edges[1], tilt[2], 0.0, 0.0, edges[2]);
            let positions: Vec<_> = positions.into_iter().map(Vector3::from).collect();
            let mut found: Vec<f64> = search(&basis, &positions, cutoff, None)
                .iter()
                .flat_map(|p| {
                    let d = (basis * (positions[p.j as usize] + p.shift - positions[p.i as usize])).norm();
                    [d, d]
                })
                .collect();
            found.sort_by(f64::total_cmp);
            let expected = brute(&basis, &positions, cutoff);
            prop_assert_eq!(found.len(), expected.len());
            for (f, e) in found.iter().zip(&expected) {
                prop_assert!((f - e).abs() < 1e-9);
            }
        }
    }
}
