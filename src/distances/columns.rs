//! All pairs within a distance, without a list of them: atoms in columns.

use std::ops::Range;

use nalgebra::{Matrix3, Vector3};

use super::{NOWHERE, Others, TOGETHER, Take};
use crate::crystal::{Place, Points};

/// The atoms in columns along c, repeated upwards and downwards as far as the sum reaches.
pub struct Columns {
    /// Columns along a and b in one cell.
    count: [i64; 2],
    layers: Layers,
    basis: Matrix3<f64>,
    reach: f64,
    atoms: Sorted,
    /// About how many pairs there are.
    pairs: f64,
    /// Columns that may hold a neighbour, with the vector from an atom's column to theirs.
    near: Vec<Near>,
    meet: Meet,
    /// By how much a column's corners lie higher or lower than its middle, Å.
    slant: f64,
    /// Half the diagonal of a column across c, Å.
    across: f64,
}

/// From which of its ends a pair is met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meet {
    /// From one: of two opposite columns that which comes second in the order of offsets, in its own those above.
    Once,
    /// From both.
    Twice,
}

/// How columns are cut along c.
#[derive(Clone, Copy)]
struct Layers {
    /// Layers in one cell.
    each: i64,
    /// Cells above, and as many below the cell itself.
    upwards: i64,
    /// One over the height of a layer, 1/Å.
    inverse: f64,
}

/// A column relative to another, in whole columns.
struct Near {
    offset: [i64; 2],
    /// Its middle, from the corner of the other.
    middle: Flat,
}

/// A place along c, and across it in two directions at right angles, Å.
type Flat = [f64; 3];

/// The atoms, column by column, in each by their height.
struct Sorted {
    /// Where each layer of each column starts, and where the column ends: one entry more for each than layers.
    start: Vec<u32>,
    /// Height along c in layers, from the lowest on.
    height: Vec<f64>,
    /// Cartesian place, Å.
    place: [Vec<f64>; 3],
    occ: Vec<f64>,
    /// First node of the atom's kind in a table.
    base: Vec<u32>,
    /// The atoms of the cell itself, kind after kind.
    home: Vec<Home>,
}

struct Home {
    /// Its place among the points.
    atom: usize,
    kind: usize,
    column: [i64; 2],
    /// From the corner of its column, at its own height.
    place: Flat,
    /// Its place in the sorted lists.
    slot: usize,
}

/// Columns are about this wide, Å, or a ninth of the reach: narrow against the reach, with several atoms a layer.
pub const NARROW: f64 = 2.5;

/// Layers are about this high, Å.
const THIN: f64 = 1.25;

/// Least number of pairs of one task, about, and the most tasks that there are.
const TASK: f64 = 8192.0;
const TASKS: f64 = 128.0;

impl Columns {
    /// The columns for pairs up to `reach`, about as wide as `narrow` (Å) or wider; each kind has so many numbers in a table.
    ///
    /// In narrow ones fewer atoms are looked at that lie beyond the reach, in wide ones more atoms follow each other.
    pub fn new(points: &Points, reach: f64, narrow: f64, numbers: usize) -> Self {
        Self::meeting(points, reach, narrow, numbers, Meet::Once)
    }

    /// As [`Columns::new`], where every atom meets all its neighbours.
    pub fn around(points: &Points, reach: f64, narrow: f64, numbers: usize) -> Self {
        Self::meeting(points, reach, narrow, numbers, Meet::Twice)
    }

    fn meeting(points: &Points, reach: f64, narrow: f64, numbers: usize, meet: Meet) -> Self {
        let basis = points.basis;
        let inverse = basis.try_inverse().unwrap_or_else(Matrix3::identity);
        let width = (reach / 9.0).max(narrow);
        let count = [0, 1].map(|k| (1.0 / (inverse.row(k).norm() * width)).floor().clamp(1.0, 512.0) as i64);
        let upwards = (reach * inverse.row(2).norm()).ceil() as i64;
        let each = (basis.column(2).norm() / THIN).ceil();
        let layers = Layers { each: each as i64, upwards, inverse: each / basis.column(2).norm() };
        let atoms = Sorted::new(points, count, layers, numbers);
        let (pairs, near) = (points.pairs_within(reach), Vec::new());
        let mut columns = Self { count, layers, basis, reach, atoms, pairs, near, meet, slant: 0.0, across: 0.0 };
        columns.measure(&inverse);
        columns
    }

    fn measure(&mut self, inverse: &Matrix3<f64>) {
        let corners = [[0.5, 0.5], [0.5, -0.5]].map(|corner| flat(&self.basis, self.count, corner));
        self.slant = corners.iter().map(|[along, ..]| along.abs()).fold(0.0, f64::max);
        self.across = corners.iter().map(|[_, x, y]| x.hypot(*y)).fold(0.0, f64::max);
        let most = [0, 1].map(|k| (self.reach * inverse.row(k).norm() * self.count[k] as f64).ceil() as i64 + 1);
        for x in -most[0]..=most[0] {
            for y in -most[1]..=most[1] {
                self.near.extend(self.near([x, y]));
            }
        }
    }

    fn near(&self, offset: [i64; 2]) -> Option<Near> {
        let [_, x, y] = flat(&self.basis, self.count, offset.map(|n| n as f64));
        let near = x.hypot(y) <= self.reach + 2.0 * self.across && (self.meet == Meet::Twice || offset >= [0, 0]);
        let middle = flat(&self.basis, self.count, offset.map(|n| n as f64 + 0.5));
        near.then_some(Near { offset, middle })
    }

    /// The place of each point among those whose pairs can be visited.
    pub fn homes(&self) -> Vec<usize> {
        let mut places = vec![0; self.atoms.home.len()];
        self.atoms.home.iter().enumerate().for_each(|(place, home)| places[home.atom] = place);
        places
    }

    /// Parts of the sum, whatever the number of threads: a kind, and some of its atoms among those of the cell.
    ///
    /// Each makes tables of so many `numbers`, and has about as many pairs at least.
    pub fn tasks(&self, numbers: usize) -> Vec<(usize, Range<usize>)> {
        let parts = (self.pairs / TASK.max(numbers as f64)).clamp(1.0, TASKS);
        let home = &self.atoms.home;
        let mut tasks = Vec::new();
        for of_kind in home.chunk_by(|a, b| a.kind == b.kind) {
            let first = tasks.last().map_or(0, |(_, range): &(usize, Range<usize>)| range.end);
            let own = (parts * of_kind.len() as f64 / home.len() as f64).ceil() as usize;
            let bounds = (0..=own).map(|part| first + part * of_kind.len() / own).collect::<Vec<_>>();
            let ranges = bounds.windows(2).map(|ends| ends[0]..ends[1]).filter(|range| !range.is_empty());
            tasks.extend(ranges.map(|range| (of_kind[0].kind, range)));
        }
        tasks
    }

    /// Hands all pairs of the atoms in `range` on.
    pub fn visit(&self, range: Range<usize>, taker: &mut impl Take) {
        pulp::Arch::new().dispatch(Visit { columns: self, range, taker });
    }

    /// The neighbours of some atoms of one column in another one.
    #[inline(always)]
    fn meet<S: pulp::Simd>(&self, simd: S, homes: &[Home], near: &Near, taker: &mut impl Take) {
        let column = [0, 1].map(|k| homes[0].column[k] + near.offset[k]);
        let cell = [0, 1].map(|k| column[k].div_euclid(self.count[k]));
        let inside = [0, 1].map(|k| column[k] - cell[k] * self.count[k]);
        let index = (inside[0] * self.count[1] + inside[1]) as usize * (self.layers.count() + 1);
        let start = &self.atoms.start[index..=index + self.layers.count()];
        let shift = self.basis.column(0) * cell[0] as f64 + self.basis.column(1) * cell[1] as f64;
        for home in homes {
            let Some(Range { start: first, end }) = self.window(home, near, start) else { continue };
            let above = near.offset == [0, 0] && self.meet == Meet::Once;
            let first = if above { first.max(home.slot + 1) } else { first };
            if first < end {
                let origin = std::array::from_fn(|k| self.atoms.place[k][home.slot] - shift[k]);
                taker.add(simd, origin, self.atoms.occ[home.slot], &self.atoms.others(first..end));
            }
        }
    }

    /// Which atoms of a column, whose layers start at `start`, may be neighbours of an atom.
    #[inline(always)]
    fn window(&self, home: &Home, near: &Near, start: &[u32]) -> Option<Range<usize>> {
        let [along, x, y]: Flat = std::array::from_fn(|k| near.middle[k] - home.place[k]);
        let gap = ((x * x + y * y).sqrt() - self.across).max(0.0);
        if gap > self.reach {
            return None;
        }
        let half = ((self.reach * self.reach - gap * gap).sqrt() + self.slant) * self.layers.inverse;
        // Heights are counted along c from each cell's own base, which lies where the cell does.
        let middle = self.atoms.height[home.slot] - along * self.layers.inverse;
        let layer = |height: f64| (height.max(0.0) as usize).min(start.len() - 2);
        Some(start[layer(middle - half)] as usize..start[layer(middle + half) + 1] as usize)
    }
}

/// A place given in columns along a and b.
fn flat(basis: &Matrix3<f64>, count: [i64; 2], offset: [f64; 2]) -> Flat {
    let c = basis.column(2).normalize();
    let x = (basis.column(0) - c * basis.column(0).dot(&c)).normalize();
    let y = c.cross(&x);
    let v = basis * Vector3::new(offset[0] / count[0] as f64, offset[1] / count[1] as f64, 0.0);
    [v.dot(&c), v.dot(&x), v.dot(&y)]
}

impl Layers {
    /// In a whole column.
    fn count(&self) -> usize {
        (self.each * (2 * self.upwards + 1)) as usize
    }
}

impl Sorted {
    fn new(points: &Points, count: [i64; 2], layers: Layers, numbers: usize) -> Self {
        let basis = &points.basis;
        let places = by_column(points, count);
        let mut sorted = Self::with_room(places.len(), (2 * layers.upwards + 1) as usize);
        let mut rest = &places[..];
        for column in (0..count[0]).flat_map(|x| (0..count[1]).map(move |y| [x, y])) {
            let (own, others) = rest.split_at(rest.partition_point(|(of, ..)| *of <= column));
            let bottom = sorted.height.len();
            for n in -layers.upwards..=layers.upwards {
                for (_, atom, Place { frac, occ, kind }) in own {
                    if n == 0 {
                        let offset = [0, 1].map(|k| frac[k] * count[k] as f64 - column[k] as f64);
                        let place = flat(basis, count, offset);
                        sorted.home.push(Home { atom: *atom, kind: *kind, column, place, slot: sorted.height.len() });
                    }
                    let place = basis * (frac + Vector3::new(0.0, 0.0, n as f64));
                    sorted.height.push((frac[2] + (n + layers.upwards) as f64) * layers.each as f64);
                    (0..3).for_each(|k| sorted.place[k].push(place[k]));
                    sorted.occ.push(*occ);
                    sorted.base.push((kind * numbers) as u32);
                }
            }
            sorted.cut(bottom, layers.count());
            sorted.close();
            rest = others;
        }
        sorted.home.sort_by_key(|home| home.kind);
        sorted
    }

    /// None yet, with room for so many atoms of the cell and their images along c.
    fn with_room(atoms: usize, images: usize) -> Self {
        let room = || Vec::with_capacity(atoms * images);
        Self {
            start: Vec::new(),
            height: room(),
            place: [room(), room(), room()],
            occ: room(),
            base: Vec::with_capacity(atoms * images),
            home: Vec::with_capacity(atoms),
        }
    }

    /// Ends a column: who reads whole vectors of its atoms reads nothing behind them that could be a neighbour.
    fn close(&mut self) {
        for _ in 1..TOGETHER {
            self.height.push(f64::INFINITY);
            self.place.iter_mut().for_each(|place| place.push(NOWHERE));
            self.occ.push(0.0);
            self.base.push(0);
        }
    }

    /// Some of them, in whole vectors: behind the last come others that are out of reach.
    #[inline(always)]
    fn others(&self, range: Range<usize>) -> Others<'_> {
        let range = range.start..range.start + range.len().next_multiple_of(TOGETHER);
        let places = self.place.each_ref().map(|place| &place[range.clone()]);
        Others { places, occ: &self.occ[range.clone()], base: &self.base[range] }
    }

    /// Notes where the layers of the column that begins at `bottom` end.
    fn cut(&mut self, bottom: usize, layers: usize) {
        let mut slot = bottom;
        self.start.push(slot as u32);
        for layer in 1..=layers {
            while self.height.get(slot).is_some_and(|height| layer == layers || *height < layer as f64) {
                slot += 1;
            }
            self.start.push(slot as u32);
        }
    }
}

/// The atoms with their columns and their places among the points, moved into the cell, column by column, the lowest first.
fn by_column(points: &Points, count: [i64; 2]) -> Vec<([i64; 2], usize, Place)> {
    let inside = |(atom, place): (usize, &Place)| {
        let frac = place.frac.map(|x| x - x.floor());
        let column = [0, 1].map(|k| ((frac[k] * count[k] as f64) as i64).min(count[k] - 1));
        (column, atom, Place { frac, ..*place })
    };
    let mut places: Vec<_> = points.places.iter().enumerate().map(inside).collect();
    places.sort_by(|x, y| x.0.cmp(&y.0).then(x.2.frac[2].total_cmp(&y.2.frac[2])));
    places
}

/// Some atoms' pairs, to be compiled for the widest vectors that the processor has.
struct Visit<'a, 'b, T> {
    columns: &'a Columns,
    range: Range<usize>,
    taker: &'b mut T,
}

impl<T: Take> pulp::WithSimd for Visit<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        // Atoms of one column meet the same others: those stay near at hand.
        for homes in self.columns.atoms.home[self.range].chunk_by(|a, b| a.column == b.column) {
            for near in &self.columns.near {
                self.columns.meet(simd, homes, near, self.taker);
            }
        }
    }
}
