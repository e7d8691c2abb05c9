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
    /// Those whose neighbours are looked for, in the cell itself, kind after kind.
    home: Vec<Home>,
    /// About how many pairs there are.
    pairs: f64,
    /// Columns that may hold a neighbour, with the vector from an atom's column to theirs.
    near: Vec<Near>,
    meet: Meet,
    axes: Axes,
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
}

struct Home {
    /// Its place among the points.
    atom: usize,
    kind: usize,
    column: [i64; 2],
    /// From the corner of its column, at its own height.
    place: Flat,
    /// Cartesian place, Å.
    origin: [f64; 3],
    /// Height along c in layers, as of the others.
    height: f64,
    occ: f64,
    /// Of its own column it meets those that come from here on in the sorted lists.
    from: usize,
}

/// Along c, and across it in two directions at right angles: unit vectors.
struct Axes([Vector3<f64>; 3]);

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
        Self::meeting(points, None, (reach, narrow), numbers, Meet::Once)
    }

    /// As [`Columns::new`], where every atom meets all its neighbours.
    pub fn around(points: &Points, reach: f64, narrow: f64, numbers: usize) -> Self {
        Self::meeting(points, None, (reach, narrow), numbers, Meet::Twice)
    }

    /// As [`Columns::new`], where each of `homes` meets all its neighbours among `others`: other atoms of the same cell.
    pub fn between(homes: &Points, others: &Points, reach: f64, narrow: f64, numbers: usize) -> Self {
        Self::meeting(others, Some(homes), (reach, narrow), numbers, Meet::Twice)
    }

    /// Without `homes` the points meet each other.
    fn meeting(
        points: &Points,
        homes: Option<&Points>,
        (reach, narrow): (f64, f64),
        numbers: usize,
        meet: Meet,
    ) -> Self {
        let basis = points.basis;
        let inverse = basis.try_inverse().unwrap_or_else(Matrix3::identity);
        let width = (reach / 9.0).max(narrow);
        let count = [0, 1].map(|k| (1.0 / (inverse.row(k).norm() * width)).floor().clamp(1.0, 512.0) as i64);
        let upwards = (reach * inverse.row(2).norm()).ceil() as i64;
        let each = (basis.column(2).norm() / THIN).ceil();
        let layers = Layers { each: each as i64, upwards, inverse: each / basis.column(2).norm() };
        let places = by_column(points, count);
        let atoms = Sorted::new(&places, &basis, count, layers, numbers);
        let pairs = homes.map_or_else(|| points.pairs_within(reach), |homes| homes.pairs_with(points, reach));
        let (near, axes) = (Vec::new(), Axes::of(&basis));
        let (home, slant, across) = (Vec::new(), 0.0, 0.0);
        let mut columns = Self { count, layers, basis, reach, atoms, home, pairs, near, meet, axes, slant, across };
        columns.home =
            homes.map_or_else(|| columns.homes_of(&places), |homes| columns.homes_of(&by_column(homes, count)));
        columns.measure(&inverse);
        columns
    }

    /// Those whose neighbours are looked for, of places column by column: where pairs are met once, those that were sorted.
    fn homes_of(&self, places: &[InColumn]) -> Vec<Home> {
        let mut homes = Vec::with_capacity(places.len());
        for own in places.chunk_by(|a, b| a.0 == b.0) {
            let bottom = self.atoms.start[self.first_layer(own[0].0)] as usize;
            let first = bottom + self.layers.upwards as usize * own.len();
            let from = |k: usize| if self.meet == Meet::Once { first + k + 1 } else { 0 };
            homes.extend(own.iter().enumerate().map(|(k, place)| self.home(place, from(k))));
        }
        if !homes.is_sorted_by_key(|home| home.kind) {
            homes.sort_by_key(|home| home.kind);
        }
        homes
    }

    fn home(&self, (column, atom, Place { frac, occ, kind }): &InColumn, from: usize) -> Home {
        let offset = [0, 1].map(|k| frac[k] * self.count[k] as f64 - column[k] as f64);
        Home {
            atom: *atom,
            kind: *kind,
            column: *column,
            place: self.flat(offset),
            origin: place_of(&self.basis, frac, 0),
            height: self.layers.height(frac, 0),
            occ: *occ,
            from,
        }
    }

    /// Where the layers of a column of the cell start in the list of layers.
    fn first_layer(&self, column: [i64; 2]) -> usize {
        (column[0] * self.count[1] + column[1]) as usize * (self.layers.count() + 1)
    }

    /// A place given in columns along a and b.
    fn flat(&self, offset: [f64; 2]) -> Flat {
        let [x, y] = [0, 1].map(|k| offset[k] / self.count[k] as f64);
        let v = self.basis * Vector3::new(x, y, 0.0);
        self.axes.0.each_ref().map(|axis| v.dot(axis))
    }

    fn measure(&mut self, inverse: &Matrix3<f64>) {
        let corners = [[0.5, 0.5], [0.5, -0.5]].map(|corner| self.flat(corner));
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
        let [_, x, y] = self.flat(offset.map(|n| n as f64));
        let near = x.hypot(y) <= self.reach + 2.0 * self.across && (self.meet == Meet::Twice || offset >= [0, 0]);
        let middle = self.flat(offset.map(|n| n as f64 + 0.5));
        near.then_some(Near { offset, middle })
    }

    /// The place of each point among those whose pairs can be visited.
    pub fn homes(&self) -> Vec<usize> {
        let mut places = vec![0; self.home.len()];
        self.home.iter().enumerate().for_each(|(place, home)| places[home.atom] = place);
        places
    }

    /// Parts of the sum, whatever the number of threads: a kind, and some of its atoms among those of the cell.
    ///
    /// Each makes tables of so many `numbers`, and has about as many pairs at least.
    pub fn tasks(&self, numbers: usize) -> Vec<(usize, Range<usize>)> {
        let parts = (self.pairs / TASK.max(numbers as f64)).clamp(1.0, TASKS);
        let home = &self.home;
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
        let index = self.first_layer(inside);
        let start = &self.atoms.start[index..=index + self.layers.count()];
        let shift = self.basis.column(0) * cell[0] as f64 + self.basis.column(1) * cell[1] as f64;
        for home in homes {
            let Some(Range { start: first, end }) = self.window(home, near, start) else { continue };
            let first = if near.offset == [0, 0] { first.max(home.from) } else { first };
            if first < end {
                let origin = std::array::from_fn(|k| home.origin[k] - shift[k]);
                taker.add(simd, origin, home.occ, &self.atoms.others(first..end));
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
        let middle = home.height - along * self.layers.inverse;
        let layer = |height: f64| (height.max(0.0) as usize).min(start.len() - 2);
        Some(start[layer(middle - half)] as usize..start[layer(middle + half) + 1] as usize)
    }
}

impl Axes {
    fn of(basis: &Matrix3<f64>) -> Self {
        let c = basis.column(2).normalize();
        let x = (basis.column(0) - c * basis.column(0).dot(&c)).normalize();
        Self([c, x, c.cross(&x)])
    }
}

/// Cartesian place of an atom's image, so many cells up.
fn place_of(basis: &Matrix3<f64>, frac: &Vector3<f64>, cells: i64) -> [f64; 3] {
    (basis * (frac + Vector3::new(0.0, 0.0, cells as f64))).into()
}

impl Layers {
    /// In a whole column.
    fn count(&self) -> usize {
        (self.each * (2 * self.upwards + 1)) as usize
    }

    /// Height of an atom's image, so many cells up, from the lowest cell on.
    fn height(&self, frac: &Vector3<f64>, cells: i64) -> f64 {
        (frac[2] + (cells + self.upwards) as f64) * self.each as f64
    }
}

impl Sorted {
    fn new(places: &[InColumn], basis: &Matrix3<f64>, count: [i64; 2], layers: Layers, numbers: usize) -> Self {
        let mut sorted = Self::with_room(places.len(), (2 * layers.upwards + 1) as usize);
        let mut rest = places;
        for column in (0..count[0]).flat_map(|x| (0..count[1]).map(move |y| [x, y])) {
            let (own, others) = rest.split_at(rest.partition_point(|(of, ..)| *of <= column));
            let bottom = sorted.height.len();
            for n in -layers.upwards..=layers.upwards {
                for (_, _, Place { frac, occ, kind }) in own {
                    let place = place_of(basis, frac, n);
                    sorted.height.push(layers.height(frac, n));
                    (0..3).for_each(|k| sorted.place[k].push(place[k]));
                    sorted.occ.push(*occ);
                    sorted.base.push((kind * numbers) as u32);
                }
            }
            sorted.cut(bottom, layers.count());
            sorted.close();
            rest = others;
        }
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

/// An atom of the cell: its column, its place among the points, and where it is.
type InColumn = ([i64; 2], usize, Place);

/// The atoms with their columns and their places among the points, moved into the cell, column by column, the lowest first.
fn by_column(points: &Points, count: [i64; 2]) -> Vec<InColumn> {
    let inside = |frac: &Vector3<f64>| frac.map(|x| x - x.floor());
    let column = |frac: &Vector3<f64>| [0, 1].map(|k| ((frac[k] * count[k] as f64) as i64).min(count[k] - 1));
    // One number of an atom's column, height and place among the points sorts many times faster than the atoms themselves: of
    // numbers that are not negative the bits are in their order.
    let key = |(atom, place): (usize, &Place)| {
        let frac = inside(&place.frac);
        let [x, y] = column(&frac);
        (((x * count[1] + y) as u128) << 96) | (u128::from(frac[2].to_bits()) << 32) | atom as u128
    };
    let mut keys: Vec<u128> = points.places.iter().enumerate().map(key).collect();
    keys.sort_unstable();
    let place = |key: &u128| {
        let atom = *key as u32 as usize;
        let place = &points.places[atom];
        let frac = inside(&place.frac);
        (column(&frac), atom, Place { frac, ..*place })
    };
    keys.iter().map(place).collect()
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
        for homes in self.columns.home[self.range].chunk_by(|a, b| a.column == b.column) {
            for near in &self.columns.near {
                self.columns.meet(simd, homes, near, self.taker);
            }
        }
    }
}
