//! How many pairs lie in which bin of a histogram: whole numbers, for g(r).

use super::columns::{Columns, NARROW};
use super::nearest::Nearest;
use super::{Others, ROUNDER, TOGETHER, Take, other};
use crate::crystal::{Points, classes, place};
use crate::threads;

/// Bins of equal width from r = 0 on: bin k holds the pairs with `k width <= r < (k + 1) width`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    /// Width of a bin, Å.
    pub width: f64,
    /// How many there are.
    pub count: usize,
}

impl Bins {
    /// Where the last bin ends, Å.
    pub fn reach(&self) -> f64 {
        self.width * self.count as f64
    }

    /// The bin of a distance, Å; from [`Bins::count`] on it is none of them.
    ///
    /// A pair on the edge of two bins, to 1e-9 of their width, is in the upper one: rounding does not decide.
    pub fn of(&self, r: f64) -> usize {
        self.place(r) as usize
    }

    /// Does rounding decide on which side of an edge a distance is, Å?
    pub fn is_on_edge(&self, r: f64) -> bool {
        let t = self.place(r);
        (t - t.round()).abs() < ROUNDING
    }

    fn place(&self, r: f64) -> f64 {
        r * (1.0 / self.width) + EDGE
    }

    /// The middle of each bin, Å.
    pub fn middles(&self) -> Vec<f64> {
        (0..self.count).map(|k| (k as f64 + 0.5) * self.width).collect()
    }
}

/// So near to an edge, in widths of a bin, pairs are on it: far more than rounding does, and less than anybody measures.
const EDGE: f64 = 1e-9;

/// So far off, in widths of a bin, sums of three squares may be in f64 however they are added up.
const ROUNDING: f64 = 1e-10;

/// For each of the `wanted` pairs of kinds how many pairs of atoms lie in each bin, each pair once, an atom and its own image in
/// another cell among them.
///
/// Occupancies do not count. Cells may be skew, and smaller than the reach.
///
/// ```
/// use corefine::crystal::{Place, Points};
/// use corefine::distances::{Bins, bins};
/// use nalgebra::{Matrix3, Vector3};
/// let atom = Place { frac: Vector3::zeros(), occ: 1.0, kind: 0 };
/// let points = Points { basis: Matrix3::identity() * 3.0, places: vec![atom] };
/// // Six neighbours at 3 Å, each pair seen from one of its ends.
/// assert_eq!(bins(&points, &[(0, 0)], Bins { width: 0.75, count: 5 }), [[0, 0, 0, 0, 3]]);
/// ```
pub fn bins(points: &Points, wanted: &[(usize, usize)], bins: Bins) -> Vec<Vec<u64>> {
    let kinds = 1 + wanted.iter().map(|(a, b)| *a.max(b)).max().unwrap_or(0);
    let is_wanted = |class| wanted.contains(&class);
    if kinds > 1 && classes(kinds).all(is_wanted) && !Nearest::suits(points, bins.reach()) {
        // Where all are wanted, atoms of all kinds together fill vectors better.
        let all = in_columns(&Columns::new(points, bins.reach(), narrow(bins), bins.count + 1), kinds, bins);
        return wanted.iter().map(|(a, b)| all[place(kinds, (*a.min(b), *a.max(b)))].clone()).collect();
    }
    let one = |(a, b): &(usize, usize)| {
        if a == b { among(&points.of_kind(*a), bins) } else { between(points, [*a, *b], bins) }
    };
    wanted.iter().map(one).collect()
}

/// The pairs of atoms that are all of one kind.
fn among(points: &Points, bins: Bins) -> Vec<u64> {
    if Nearest::suits(points, bins.reach()) {
        return in_nearest(&Nearest::among(points), bins);
    }
    in_columns(&Columns::new(points, bins.reach(), narrow(bins), 0), 1, bins).concat()
}

/// The pairs of one kind with another.
fn between(points: &Points, kinds: [usize; 2], bins: Bins) -> Vec<u64> {
    let mut both = kinds.map(|kind| points.of_kind(kind));
    // To look for neighbours of few among many costs less than the other way round.
    both.sort_by_key(|points| points.places.len());
    let [few, many] = both;
    if Nearest::suits(&many, bins.reach()) {
        return in_nearest(&Nearest::between(&few, &many), bins);
    }
    in_columns(&Columns::between(&few, &many, bins.reach(), narrow(bins), 0), 1, bins).concat()
}

/// All pairs of nearest images.
fn in_nearest(nearest: &Nearest, bins: Bins) -> Vec<u64> {
    let mut counts = Counts::none(bins, 1);
    nearest.visit(&mut counts);
    counts.table[..bins.count].iter().map(|count| u64::from(*count)).collect()
}

/// All pairs that columns find for each two of so many kinds, on all threads.
fn in_columns(columns: &Columns, kinds: usize, bins: Bins) -> Vec<Vec<u64>> {
    let numbers = bins.count + 1;
    let tasks = columns.tasks(kinds * numbers);
    let tables = threads::map(tasks.len(), |t| {
        let mut counts = Counts::none(bins, kinds);
        columns.visit(tasks[t].1.clone(), &mut counts);
        counts.table
    });
    let mut all = vec![vec![0; bins.count]; classes(kinds).count()];
    for ((kind, _), table) in tasks.iter().zip(&tables) {
        for (class, all) in classes(kinds).zip(&mut all) {
            let Some(other) = other(class, *kind) else { continue };
            let part = &table[other * numbers..][..bins.count];
            all.iter_mut().zip(part).for_each(|(all, part)| *all += u64::from(*part));
        }
    }
    all
}

/// How wide columns are, Å.
fn narrow(bins: Bins) -> f64 {
    (0.5 * bins.reach()).clamp(NARROW, WIDE)
}

/// A table of counts: all bins of the first kind of partner, of the second ...
struct Counts {
    /// One over the width of a bin, 1/Å.
    inverse: f64,
    /// The bin of what is beyond the reach.
    last: f64,
    /// For each kind one more than bins: pairs beyond the reach, which costs less than to leave them out.
    table: Vec<u32>,
}

/// Columns are about this wide, Å, where the reach is twice as far: to look at a pair costs little, to look for it more.
const WIDE: f64 = 5.0;

impl Counts {
    /// None yet.
    fn none(bins: Bins, kinds: usize) -> Self {
        let table = vec![0; kinds * (bins.count + 1)];
        Self { inverse: 1.0 / bins.width, last: bins.count as f64, table }
    }

    /// The bin of each place, in the lowest bits: all at once, as conversions of numbers one by one take longer than all else.
    #[inline(always)]
    fn look<S: pulp::Simd>(&self, simd: S, origin: [f64; 3], places: [&[f64]; 3], bins: &mut [u64]) {
        let [x, y, z] = places.map(|place| S::as_simd_f64s(place).0);
        let [ox, oy, oz] = origin.map(|x| simd.splat_f64s(x));
        let [inverse, last, rounder] = [self.inverse, self.last, ROUNDER].map(|x| simd.splat_f64s(x));
        let edge = simd.splat_f64s(EDGE);
        let (none, one) = (simd.splat_u64s(0), simd.splat_u64s(1));
        for (((x, y), z), bins) in x.iter().zip(y).zip(z).zip(S::as_mut_simd_u64s(bins).0) {
            let (x, y, z) = (simd.sub_f64s(*x, ox), simd.sub_f64s(*y, oy), simd.sub_f64s(*z, oz));
            let (x, y, z) = (simd.mul_f64s(x, x), simd.mul_f64s(y, y), simd.mul_f64s(z, z));
            let r = simd.sqrt_f64s(simd.add_f64s(simd.add_f64s(x, y), z));
            let t = simd.min_f64s(simd.add_f64s(simd.mul_f64s(r, inverse), edge), last);
            let nearest = simd.add_f64s(t, rounder);
            let is_above = simd.greater_than_f64s(simd.sub_f64s(nearest, rounder), t);
            *bins = simd.sub_u64s(simd.transmute_u64s_f64s(nearest), simd.select_u64s(is_above, one, none));
        }
    }
}

/// Atoms that are looked at before they are counted: as one by one they would be taken out of vectors, which takes longer.
const SOME: usize = 8 * TOGETHER;

impl Take for Counts {
    #[inline(always)]
    fn add<S: pulp::Simd>(&mut self, simd: S, origin: [f64; 3], _: f64, others: &Others) {
        let [x, y, z] = others.places.map(|place| place.chunks(SOME));
        let mut bins = [0; SOME];
        for (((x, y), z), base) in x.zip(y).zip(z).zip(others.base.chunks(SOME)) {
            let bins = &mut bins[..x.len()];
            self.look(simd, origin, [x, y, z], bins);
            let table = &mut self.table[..];
            for (bin, base) in bins.iter().zip(base) {
                // The lowest half of the bits: the rest is that of the rounder.
                if let Some(count) = table.get_mut((*bin as u32 + base) as usize) {
                    *count += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{Matrix3, Vector3};

    use super::*;
    use crate::crystal::Place;

    /// Atoms of three kinds, some of them outside of the cell, anywhere in a skew one.
    fn some(atoms: usize) -> Points {
        let basis = Matrix3::new(9.0, 1.7, -2.1, 0.0, 8.5, 1.2, 0.0, 0.0, 8.0);
        let mut seed = 7_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let place = |k: usize| Place {
            frac: Vector3::new(3.0 * random() - 1.0, 2.0 * random() - 1.0, random()),
            occ: 1.0,
            kind: [0, 1, 1, 2][k % 4],
        };
        Points { basis, places: (0..atoms).map(place).collect() }
    }

    /// Image by image, each pair of one kind from both of its ends.
    fn one_by_one(points: &Points, (a, b): (usize, usize), bins: Bins) -> Vec<u64> {
        let mut counts = vec![0; bins.count];
        let around = 5;
        for (i, j) in (0..points.places.len().pow(2)).map(|k| (k / points.places.len(), k % points.places.len())) {
            let [here, there] = [i, j].map(|k| &points.places[k]);
            let step = (there.frac - here.frac).map(|x| x - x.round());
            for n in (0..11 * 11 * 11).filter(|_| (here.kind, there.kind) == (a, b)) {
                let [x, y, z] = [n % 11, n / 11 % 11, n / 121].map(|n| f64::from(n - around));
                let r = (points.basis * (step + Vector3::new(x, y, z))).norm();
                let bin = (r / bins.width) as usize;
                if bin < bins.count && (i != j || [x, y, z] != [0.0; 3]) {
                    counts[bin] += 1;
                }
            }
        }
        counts.iter().map(|count| if a == b { count / 2 } else { *count }).collect()
    }

    /// Both ways of looking for pairs, within half the cell and beyond it, whatever else is asked for.
    #[test]
    fn pairs_that_are_asked_for_are_those_of_a_sum_image_by_image() {
        let points = some(61);
        for (reach, is_near) in [(3.5, true), (14.0, false)] {
            let bins = Bins { width: reach / 70.0, count: 70 };
            assert_eq!(Nearest::suits(&points.of_kind(1), bins.reach()), is_near);
            let all: Vec<_> = classes(3).collect();
            let counts = super::bins(&points, &all, bins);
            for (class, counts) in all.iter().zip(&counts) {
                assert_eq!(counts, &one_by_one(&points, *class, bins), "{class:?} to {reach}");
                assert_eq!(counts, &super::bins(&points, &[*class], bins)[0], "{class:?} alone");
            }
        }
    }

    /// In cells of many atoms only those are looked at that are near: the counts are the same.
    #[test]
    fn columns_and_nearest_images_find_the_same_pairs() {
        let points = some(500);
        let bins = Bins { width: 0.05, count: 72 };
        let [a, b] = [0, 1].map(|kind| points.of_kind(kind));
        let images = in_nearest(&Nearest::between(&a, &b), bins);
        let found = in_columns(&Columns::between(&a, &b, bins.reach(), narrow(bins), 0), 1, bins);
        assert!(images == found.concat() && images.iter().sum::<u64>() > 5_000);
        let images = in_nearest(&Nearest::among(&b), bins);
        assert_eq!(images, in_columns(&Columns::new(&b, bins.reach(), narrow(bins), 0), 1, bins).concat());
    }

    #[test]
    fn without_atoms_there_are_no_pairs() {
        let points = Points { places: Vec::new(), ..some(0) };
        for reach in [3.0, 20.0] {
            assert_eq!(super::bins(&points, &[(0, 0), (0, 1)], Bins { width: reach, count: 1 }), [[0], [0]]);
        }
    }
}
