//! The periodic pair search: which atoms are near enough to count, kept between steps and measured anew at each.

use std::f64::consts::PI;
use std::ops::Range;

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Atom, Crystal};
use crate::threads;

/// Every pair of atoms within a distance, each pair once.
///
/// The list is found once with a margin and serves until an atom has moved, or the cell has strained, by more than
/// the margin allows; then the pairs of those atoms are found again, if they are few ([`Pairs::follow`]).
#[derive(Debug, Clone)]
pub struct Pairs {
    /// All pairs within `reach` plus the margin, by their first atoms, in an order that depends on the structures that were followed only.
    pub list: Vec<Pair>,
    /// The pairs that the user of the list needs are those up to this distance, Å.
    pub reach: f64,
    basis: Matrix3<f64>,
    positions: Vec<Vector3<f64>>,
    /// What each atom adds to the reach, Å.
    margins: Vec<f64>,
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

/// What an atom adds to that which has used up its margin once, Å.
const ROAMING: f64 = 0.75;

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
        let margins = vec![MARGIN / 2.0; positions.len()];
        Self { list, reach, basis: crystal.basis, positions, margins, of }
    }

    /// The atoms that every pair has one of, if not all are meant.
    pub fn of(&self) -> Option<&[bool]> {
        self.of.as_deref()
    }

    /// Takes note that the atoms have moved: where the margin of a few is used up their neighbours are looked for again, where that of
    /// many is, all are. Tells whether the list has changed.
    pub fn follow(&mut self, crystal: &Crystal) -> bool {
        if self.serves(crystal) {
            return false;
        }
        let strayed = self.strayed(crystal, ON_THE_WAY);
        let few = strayed.iter().filter(|strayed| **strayed).count() as f64 <= FEW * strayed.len() as f64;
        if few && self.positions.len() == crystal.atoms.len() {
            self.look_again(crystal, &strayed);
        } else {
            *self = Self::search(crystal, self.reach, self.of.take());
        }
        true
    }

    /// Are all pairs of `crystal` up to the reach among those that were found?
    pub fn serves(&self, crystal: &Crystal) -> bool {
        self.positions.len() == crystal.atoms.len() && !self.strayed(crystal, 1.0).contains(&true)
    }

    /// Finds the pairs of some atoms where they are now, farther out than before, as atoms that went far once do so again. In the cell
    /// of the first search, so that one list has one measure.
    fn look_again(&mut self, crystal: &Crystal, strayed: &[bool]) {
        let Self { list, reach, basis, positions, margins, of } = self;
        for (k, atom) in crystal.atoms.iter().enumerate().filter(|(k, _)| strayed[*k]) {
            (positions[k], margins[k]) = (atom.position.0, ROAMING);
        }
        let ends = |marks: &[bool], pair: &Pair| marks[pair.i as usize] || marks[pair.j as usize];
        let mut found = search(basis, positions, *reach + 2.0 * ROAMING, Some(strayed));
        found.retain(|pair| of.as_ref().is_none_or(|of| ends(of, pair)));
        list.retain(|pair| !ends(strayed, pair));
        list.append(&mut found);
        list.sort_by_key(|pair| pair.i);
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

    /// The atoms that have moved by more than a share of what their margins allow.
    fn strayed(&self, crystal: &Crystal, share: f64) -> Vec<bool> {
        let strain = self.strain(crystal);
        let has = |((atom, then), margin): ((&Atom, &Vector3<f64>), &f64)| {
            let by = atom.position.0 - then;
            let moved = (self.basis * (by - by.map(f64::round))).norm();
            let stays = moved <= share * self.allowed(strain, *margin);
            // What is no number has strayed.
            !stays
        };
        crystal.atoms.iter().zip(&self.positions).zip(&self.margins).map(has).collect()
    }

    /// The size of the cell's strain since the search.
    fn strain(&self, crystal: &Crystal) -> f64 {
        self.basis.try_inverse().map_or(f64::NAN, |inverse| (crystal.basis * inverse - Matrix3::identity()).norm())
    }

    /// How far an atom with this margin may have moved under a strain, Å. If both of a pair have moved no farther, its distance, up to
    /// the reach, has changed by no more than their margins together.
    fn allowed(&self, strain: f64, margin: f64) -> f64 {
        (margin - strain * (0.5 * self.reach + margin)) / (1.0 + strain)
    }
}

/// Up to this share of the atoms are looked for again by themselves.
const FEW: f64 = 0.25;
/// Of what an atom may move, the share from which on it is looked for again where others have to be.
const ON_THE_WAY: f64 = 0.5;

/// Pairs within `cutoff`, by bins: the cell is cut into bins of a third of a cutoff, and each atom looks into those bins, in
/// its own cell or another, that the cutoff can reach.
fn search(basis: &Matrix3<f64>, positions: &[Vector3<f64>], cutoff: f64, of: Option<&[bool]>) -> Vec<Pair> {
    let Some(inverse) = basis.try_inverse() else { return Vec::new() };
    let heights = Vector3::from_fn(|k, _| 1.0 / inverse.row(k).norm());
    let lattice = Lattice::new(basis, heights, cutoff);
    let cells: Vec<_> = positions.iter().map(|position| position.map(f64::floor)).collect();
    let places: Vec<_> =
        positions.iter().zip(&cells).map(|(position, cell)| Place::new(&lattice, &(position - cell))).collect();
    let bins = Bins::sort(&lattice, &places);
    let search = Search { lattice, cells, places, cutoff, bins, of };
    let mut chunks = threads::map(positions.len().div_ceil(CHUNK), |k| {
        search.pairs(k * CHUNK..((k + 1) * CHUNK).min(positions.len()))
    });
    let mut list = if chunks.len() == 1 { chunks.remove(0) } else { chunks.concat() };
    if of.is_some() {
        list.sort_by_key(|pair| pair.i);
    }
    list
}

/// Atoms whose neighbours one thread looks for at a time.
const CHUNK: usize = 1024;

/// What is searched.
struct Search<'a> {
    lattice: Lattice,
    /// The cell that each atom lies in.
    cells: Vec<Vector3<f64>>,
    /// Where in its cell.
    places: Vec<Place>,
    cutoff: f64,
    bins: Bins,
    /// Which atoms one of a pair has to be among, if not all are meant.
    of: Option<&'a [bool]>,
}

impl Search<'_> {
    /// The pairs of some atoms, those of them that are meant, with all atoms that do not look for pairs themselves, or come after them.
    fn pairs(&self, atoms: Range<usize>) -> Vec<Pair> {
        let looking = |atom: &usize| self.of.is_none_or(|of| of[*atom]);
        let count = atoms.clone().filter(looking).count();
        let mut list = Vec::with_capacity((self.expected() * count as f64) as usize);
        atoms.filter(looking).for_each(|i| self.neighbours(i, &mut list));
        list
    }

    /// About how many pairs an atom finds, in the mean.
    fn expected(&self) -> f64 {
        let sphere = 4.0 / 3.0 * PI * self.cutoff.powi(3) / self.lattice.volume;
        let share = if self.of.is_some() { 1.2 } else { 0.6 };
        (share * sphere * self.places.len() as f64).min(MOST_EXPECTED)
    }

    fn neighbours(&self, i: usize, list: &mut Vec<Pair>) {
        let Place { cartesian: from, bin: home } = self.places[i];
        let off_centre = self.lattice.centre(home) - from;
        let (far, near) = ((self.cutoff + self.lattice.radius).powi(2), self.cutoff * self.cutoff);
        for way in &self.lattice.ways {
            if (way.vector + off_centre).norm_squared() > far {
                continue;
            }
            let (bin, shift) = self.lattice.walk(home, way.steps);
            let origin = self.lattice.basis * shift - from;
            for (place, &j) in self.bins.members(bin) {
                let other = j as usize;
                if self.finds(other, i) || (place + origin).norm_squared() > near {
                    continue;
                }
                let shift = shift + self.cells[i] - self.cells[other];
                if other > i || (other == i && positive(&shift)) {
                    list.push(Pair { i: i as u32, j, shift });
                } else if other < i {
                    list.push(Pair { i: j, j: i as u32, shift: Vector3::zeros() - shift });
                }
            }
        }
    }

    /// Does an atom that comes before another find the pair of them itself?
    fn finds(&self, before: usize, other: usize) -> bool {
        before < other && self.of.is_none_or(|of| of[before])
    }
}

/// Room is made for at most so many pairs of an atom at once.
const MOST_EXPECTED: f64 = 1e4;

/// Is the first component that is not zero positive? Of a shift and its opposite exactly one is.
fn positive(shift: &Vector3<f64>) -> bool {
    shift.iter().find(|n| **n != 0.0).is_some_and(|n| *n > 0.0)
}

/// A cell cut into bins, and the ways from a bin to those that may hold a neighbour.
struct Lattice {
    basis: Matrix3<f64>,
    /// Å³.
    volume: f64,
    /// Bins along each edge.
    count: [i64; 3],
    /// From its middle no point of a bin is farther than this, Å.
    radius: f64,
    ways: Vec<Way>,
    /// Along each edge, for every place from `-span` on that a way may lead to: the bin there and the whole cells up to it.
    wrapped: [Vec<(usize, f64)>; 3],
    span: [i64; 3],
}

/// From one bin to another.
struct Way {
    steps: [i64; 3],
    /// Å.
    vector: Vector3<f64>,
}

/// Where in the cell at the origin an atom lies.
struct Place {
    /// Å.
    cartesian: Vector3<f64>,
    bin: [i64; 3],
}

impl Lattice {
    fn new(basis: &Matrix3<f64>, heights: Vector3<f64>, cutoff: f64) -> Self {
        let width = (cutoff / 3.0).max(cutoff.min(2.5));
        let count: [i64; 3] = std::array::from_fn(|k| (heights[k] / width).floor().clamp(1.0, 128.0) as i64);
        let edges = basis * Matrix3::from_diagonal(&Vector3::from(count.map(|n| 1.0 / n as f64)));
        let diagonal = |x: f64, y: f64| (edges * Vector3::new(x, y, 1.0)).norm();
        let diagonals = [diagonal(1.0, 1.0), diagonal(1.0, -1.0), diagonal(-1.0, 1.0), diagonal(-1.0, -1.0)];
        let radius = 0.5 * diagonals.into_iter().fold(0.0, f64::max);
        // A bin's far side can be one bin width farther than its index says.
        let span: [i64; 3] = std::array::from_fn(|k| (cutoff * count[k] as f64 / heights[k]).ceil() as i64);
        let ways = ways(&edges, span, cutoff + 2.0 * radius);
        let wrap = |k: usize| {
            let n: i64 = count[k];
            (-span[k]..n + span[k]).map(|place| (place.rem_euclid(n) as usize, place.div_euclid(n) as f64)).collect()
        };
        let volume = basis.determinant().abs();
        Self { basis: *basis, volume, count, radius, ways, wrapped: std::array::from_fn(wrap), span }
    }

    /// The middle of a bin, Å.
    fn centre(&self, bin: [i64; 3]) -> Vector3<f64> {
        self.basis * Vector3::from_fn(|k, _| (bin[k] as f64 + 0.5) / self.count[k] as f64)
    }

    /// The number of the bin where a way leads to, and the whole cells by which that lies off the cell at the origin.
    fn walk(&self, home: [i64; 3], steps: [i64; 3]) -> (usize, Vector3<f64>) {
        let [x, y, z] = std::array::from_fn(|k| self.wrapped[k][(home[k] + steps[k] + self.span[k]) as usize]);
        let [_, ny, nz] = self.count.map(|n| n as usize);
        ((x.0 * ny + y.0) * nz + z.0, Vector3::new(x.1, y.1, z.1))
    }
}

/// Ways of at most so many bins along each edge that are no longer than `longest`, Å.
fn ways(edges: &Matrix3<f64>, span: [i64; 3], longest: f64) -> Vec<Way> {
    let along = |k: usize| -span[k]..=span[k];
    let all = along(0).flat_map(|x| along(1).flat_map(move |y| along(2).map(move |z| [x, y, z])));
    let way = |steps: [i64; 3]| Way { steps, vector: edges * Vector3::from(steps.map(|step| step as f64)) };
    all.map(way).filter(|way| way.vector.norm() <= longest).collect()
}

impl Place {
    /// `fraction`: of the cell, from 0 to 1.
    fn new(lattice: &Lattice, fraction: &Vector3<f64>) -> Self {
        let bin = |k: usize| ((fraction[k] * lattice.count[k] as f64) as i64).min(lattice.count[k] - 1);
        Self { cartesian: lattice.basis * fraction, bin: std::array::from_fn(bin) }
    }
}

/// Atoms of a cell, sorted into bins.
struct Bins {
    /// Where the members of each bin start; one entry more than bins.
    start: Vec<usize>,
    /// Bin by bin, in each by ascending index.
    atoms: Vec<u32>,
    /// Their places, Å.
    places: Vec<Vector3<f64>>,
}

impl Bins {
    fn sort(lattice: &Lattice, places: &[Place]) -> Self {
        let numbered = places.iter().zip(0_u32..);
        let mut members: Vec<(usize, u32)> =
            numbered.map(|(place, atom)| (lattice.walk(place.bin, [0; 3]).0, atom)).collect();
        members.sort_unstable();
        let mut start = vec![0; lattice.count.iter().product::<i64>() as usize + 1];
        for (bin, _) in &members {
            start[bin + 1] += 1;
        }
        for bin in 1..start.len() {
            start[bin] += start[bin - 1];
        }
        Self {
            start,
            atoms: members.iter().map(|(_, atom)| *atom).collect(),
            places: members.iter().map(|(_, atom)| places[*atom as usize].cartesian).collect(),
        }
    }

    fn members(&self, bin: usize) -> impl Iterator<Item = (&Vector3<f64>, &u32)> {
        let range = self.start[bin]..self.start[bin + 1];
        self.places[range.clone()].iter().zip(&self.atoms[range])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cell, Profile};
    use crate::units::Frac;
    use proptest::prelude::*;

    fn of_nickel(basis: Matrix3<f64>, positions: &[[f64; 3]]) -> Crystal {
        let atom = |position: &[f64; 3]| Atom {
            site: 0,
            operator: 0,
            shift: Vector3::zeros(),
            species: 0,
            position: Frac(Vector3::from(*position)),
            occ: 1.0,
            u: Matrix3::identity() * 0.005,
            beyond: None,
            inside: None,
            molecule: None,
        };
        Crystal {
            cluster: false,
            cell: Cell::from_parameters([7.0, 6.0, 8.0, 90.0, 90.0, 90.0]),
            basis,
            species: vec!["Ni".parse().unwrap()],
            atoms: positions.iter().map(atom).collect(),
            profile: Profile::default(),
        }
    }

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

        #[test]
        fn follows_atoms_wherever_they_go(
            positions in prop::collection::vec(prop::array::uniform3(-0.5..1.5_f64), 8..16),
            steps in prop::collection::vec((0..8_usize, prop::array::uniform3(-0.3..0.3_f64)), 1..12),
            some in prop::bool::ANY,
        ) {
            let basis = Matrix3::new(7.0, 0.5, 0.0, 0.0, 6.0, -0.7, 0.0, 0.0, 8.0);
            let mut crystal = of_nickel(basis, &positions);
            let of = some.then(|| (0..positions.len()).map(|k| k % 3 == 0).collect::<Vec<_>>());
            let mut pairs = Pairs::search(&crystal, 4.0, of.clone());
            for (k, (atom, by)) in steps.into_iter().enumerate() {
                crystal.atoms[atom].position.0 += Vector3::from(by);
                crystal.basis *= if k % 2 == 0 { 1.002 } else { 0.997 };
                pairs.follow(&crystal);
                let frame = pairs.frame(&crystal);
                let near = |list: &[Pair], lengths: &dyn Fn(&Pair) -> f64| {
                    let mut near: Vec<f64> = list.iter().map(lengths).filter(|r| *r <= 4.0).collect();
                    near.sort_by(f64::total_cmp);
                    near
                };
                let anew = Pairs::search(&crystal, 4.0, of.clone());
                let known = anew.frame(&crystal);
                let followed = near(&pairs.list, &|pair| frame.vector(pair).norm());
                let found = near(&anew.list, &|pair| known.vector(pair).norm());
                prop_assert_eq!(followed.len(), found.len());
                prop_assert!(followed.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-9));
                prop_assert!(pairs.list.is_sorted_by_key(|pair| pair.i));
            }
        }
    }
}
