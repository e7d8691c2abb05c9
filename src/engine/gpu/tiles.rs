//! Atoms in tiles, and which tiles may hold neighbours: small numbers of atoms of one kind that lie together.

use std::ops::Range;

use nalgebra::{Matrix3, Vector3};

use super::layout::{Doubt, LANES, Meeting, Place};
use crate::crystal::Points;
use crate::threads;

/// The atoms of a cell, tile after tile.
pub struct Tiles {
    basis: Matrix3<f64>,
    /// Length of each row of the inverse basis, 1/Å: fractions of the cell for one Å across its faces.
    steepness: [f64; 3],
    /// Pairs up to here are looked for, Å.
    reach: f64,
    /// The unit of the kernel's lengths, Å.
    unit: f64,
    /// Where each atom is, Å.
    exact: Vec<Vector3<f64>>,
    /// The same in units.
    pub places: Vec<Place>,
    /// Occupancies.
    pub occ: Vec<f32>,
    all: Vec<Tile>,
    kinds: Vec<Columns>,
}

/// Up to [`LANES`] atoms of one kind.
struct Tile {
    slots: Range<usize>,
    /// The block along x, y, z that they lie in, Å.
    block: Block,
    /// The same in fractions of the cell.
    fractions: Block,
}

/// A block along three axes.
#[derive(Clone, Copy)]
struct Block {
    low: Vector3<f64>,
    high: Vector3<f64>,
}

/// The columns along c that the tiles of one kind are sorted into.
struct Columns {
    /// Along a and b.
    count: [i64; 2],
    /// First tile of each column, one after the other, and the end of the last one.
    start: Vec<usize>,
}

/// Two tiles, of which the second lies so many cells away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Met {
    pub a: usize,
    pub b: usize,
    pub cell: [i32; 3],
}

impl Tiles {
    /// The atoms of the first `kinds` kinds in tiles, for pairs up to `reach` Å, where lengths are counted in `unit` Å.
    pub fn new(points: &Points, kinds: usize, (reach, unit): (f64, f64)) -> Self {
        let inverse = points.basis.try_inverse().unwrap_or_else(Matrix3::identity);
        let steepness = [0, 1, 2].map(|k| inverse.row(k).norm());
        let (basis, room) = (points.basis, points.places.len());
        let (exact, places, occ) = (Vec::with_capacity(room), Vec::with_capacity(room), Vec::with_capacity(room));
        let (all, columns) = (Vec::new(), Vec::new());
        let mut tiles = Self { basis, steepness, reach, unit, exact, places, occ, all, kinds: columns };
        let mut of_kind = vec![Vec::new(); kinds];
        for place in &points.places {
            if let Some(own) = of_kind.get_mut(place.kind) {
                own.push((place.frac.map(|x| x - x.floor()), place.occ));
            }
        }
        for atoms in of_kind {
            tiles.file(atoms);
        }
        tiles
    }

    /// Files the atoms of the next kind: in columns about as wide as a tile would be high if it were a cube.
    fn file(&mut self, atoms: Vec<(Vector3<f64>, f64)>) {
        let cube = (self.basis.determinant().abs() * LANES as f64 / atoms.len().max(1) as f64).cbrt();
        let count = [0, 1].map(|k| (1.0 / (self.steepness[k] * cube)).round().clamp(1.0, 1024.0) as i64);
        let column = |frac: &Vector3<f64>| {
            let [x, y] = [0, 1].map(|k| ((frac[k] * count[k] as f64) as i64).min(count[k] - 1));
            (x * count[1] + y) as usize
        };
        let mut sorted: Vec<_> = atoms.into_iter().map(|(frac, occ)| (column(&frac), frac, occ)).collect();
        sorted.sort_by(|(x, a, _), (y, b, _)| x.cmp(y).then(a[2].total_cmp(&b[2])));
        let mut start = vec![self.all.len()];
        let mut rest = &sorted[..];
        for column in 0..(count[0] * count[1]) as usize {
            let (own, others) = rest.split_at(rest.partition_point(|(of, ..)| *of <= column));
            own.chunks(LANES).for_each(|atoms| self.push(atoms));
            start.push(self.all.len());
            rest = others;
        }
        self.kinds.push(Columns { count, start });
    }

    fn push(&mut self, atoms: &[(usize, Vector3<f64>, f64)]) {
        let first = self.exact.len();
        for (_, frac, occ) in atoms {
            let place = self.basis * frac;
            let ([x, y, z], [dx, dy, dz]) = in_units(&place, self.unit);
            self.exact.push(place);
            self.occ.push(*occ as f32);
            self.places.push(Place { x, y, z, dx, dy, dz });
        }
        let slots = first..self.exact.len();
        let block = Block::around(self.exact[slots.clone()].iter());
        let fractions = Block::around(atoms.iter().map(|(_, frac, _)| frac));
        self.all.push(Tile { slots, block, fractions });
    }

    /// Which tiles of these pairs of kinds meet, each two once, with the number of the pair.
    pub fn meetings(&self, classes: &[(usize, usize)]) -> Vec<(usize, Met)> {
        let of =
            |(class, kinds): (usize, &(usize, usize))| self.of_class(*kinds).into_iter().map(move |met| (class, met));
        classes.iter().enumerate().flat_map(of).collect()
    }

    fn of_class(&self, (a, b): (usize, usize)) -> Vec<Met> {
        let columns = &self.kinds[a].start;
        let (first, end) = (columns[0], columns[columns.len() - 1]);
        threads::map(end - first, |k| self.met_by(first + k, b, a == b)).concat()
    }

    /// The tiles of kind `b` that a tile meets.
    fn met_by(&self, a: usize, b: usize, own: bool) -> Vec<Met> {
        let Columns { count, start } = &self.kinds[b];
        let [xs, ys, zs] = [0, 1, 2].map(|k| self.cells(a, k, count.get(k).copied().unwrap_or(1)));
        let mut met = Vec::new();
        for x in xs {
            for y in ys.clone() {
                let [i, j] = [x.rem_euclid(count[0]), y.rem_euclid(count[1])];
                let cell = [x.div_euclid(count[0]), y.div_euclid(count[1])];
                let column = (i * count[1] + j) as usize;
                for b in start[column]..start[column + 1] {
                    let there = zs.clone().map(|z| Met { a, b, cell: [cell[0] as i32, cell[1] as i32, z as i32] });
                    met.extend(there.filter(|met| (!own || is_first(met)) && self.is_near(met)));
                }
            }
        }
        met
    }

    /// The parts of the cells along one axis, so many to a cell, that a tile's neighbours may lie in.
    fn cells(&self, tile: usize, axis: usize, count: i64) -> std::ops::RangeInclusive<i64> {
        let Block { low, high } = self.all[tile].fractions;
        // A hair more, as an atom may lie on the face between two.
        let margin = self.reach * self.steepness[axis] + 1e-9;
        let part = |fraction: f64| (fraction * count as f64).floor() as i64;
        part(low[axis] - margin)..=part(high[axis] + margin)
    }

    fn is_near(&self, met: &Met) -> bool {
        // What rounding may do at the very end is let in.
        self.apart(met)[0] <= self.reach * (1.0 + 1e-9)
    }

    /// By how much the second tile is moved, Å.
    fn shift(&self, met: &Met) -> Vector3<f64> {
        self.basis * Vector3::from(met.cell.map(f64::from))
    }

    /// As the kernel reads it.
    pub fn meeting(&self, met: &Met) -> Meeting {
        let [a, b] = [met.a, met.b].map(|tile| &self.all[tile].slots);
        let ([x, y, z], [dx, dy, dz]) = in_units(&self.shift(met), self.unit);
        let once = u32::from(is_itself(met));
        let [count_a, count_b] = [a, b].map(|slots| slots.len() as u32);
        Meeting { a: a.start as u32, b: b.start as u32, count_a, count_b, once, x, y, z, dx, dy, dz }
    }

    /// Pairs of atoms that meet.
    pub fn pairs(&self, met: &Met) -> u64 {
        let [a, b] = [met.a, met.b].map(|tile| self.all[tile].slots.len() as u64);
        if is_itself(met) { a * (a - 1) / 2 } else { a * b }
    }

    /// The vector between the atoms of a pair that was handed back, Å.
    pub fn vector(&self, doubt: &Doubt, met: &Met) -> Vector3<f64> {
        self.exact[doubt.b as usize] + self.shift(met) - self.exact[doubt.a as usize]
    }

    /// The least and the largest distance that atoms of two tiles may have, Å.
    pub fn apart(&self, met: &Met) -> [f64; 2] {
        let [a, b] = [met.a, met.b].map(|tile| self.all[tile].block);
        let shift = self.shift(met);
        let (one, other) = (b.low + shift - a.high, a.low - b.high - shift);
        [one.sup(&other).sup(&Vector3::zeros()).norm(), one.abs().sup(&other.abs()).norm()]
    }
}

/// Of tiles of one kind, and of a tile and its images, one of two meetings.
fn is_first(met: &Met) -> bool {
    met.b > met.a || met.b == met.a && met.cell >= [0; 3]
}

/// Is it a tile with itself, and not with its image?
fn is_itself(met: &Met) -> bool {
    met.a == met.b && met.cell == [0; 3]
}

/// A vector as whole units, and what is left of it.
fn in_units(v: &Vector3<f64>, unit: f64) -> ([i32; 3], [f32; 3]) {
    let units = v / unit;
    let whole = units.map(f64::round);
    (whole.map(|x| x as i32).into(), (units - whole).map(|x| x as f32).into())
}

impl Block {
    fn around<'a>(places: impl Iterator<Item = &'a Vector3<f64>>) -> Self {
        let none = Self { low: Vector3::repeat(f64::INFINITY), high: Vector3::repeat(f64::NEG_INFINITY) };
        places.fold(none, |Self { low, high }, place| Self { low: low.inf(place), high: high.sup(place) })
    }
}
