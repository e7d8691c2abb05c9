//! How many pairs lie in which bin of a histogram: whole numbers, for g(r).

use super::columns::{Columns, NARROW};
use super::{Others, ROUNDER, TOGETHER, Take, other};
use crate::crystal::{Points, classes};
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

    /// The bin of a distance, Å; that of the last one and beyond are none of them.
    ///
    /// A pair on the edge of two bins, to 1e-9 of their width, is in the upper one: rounding does not decide.
    pub fn of(&self, r: f64) -> usize {
        r.mul_add(1.0 / self.width, EDGE) as usize
    }

    /// The middle of each bin, Å.
    pub fn middles(&self) -> Vec<f64> {
        (0..self.count).map(|k| (k as f64 + 0.5) * self.width).collect()
    }
}

/// So near to an edge, in widths of a bin, pairs are on it: far more than rounding, and less than anybody measures.
const EDGE: f64 = 1e-9;

/// For each pair of `kinds` kinds a, b (a <= b, in the order of [`classes`]) how many pairs of atoms lie in each bin, each
/// pair once, an atom and its own image in another cell among them.
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
    let kinds = points.places.iter().map(|place| place.kind + 1).max().unwrap_or(0);
    let all = all(points, kinds, bins);
    wanted.iter().map(|class| all[crate::crystal::place(kinds, *class)].clone()).collect()
}

fn all(points: &Points, kinds: usize, bins: Bins) -> Vec<Vec<u64>> {
    // One more: pairs beyond the reach, which costs less than to leave them out.
    let numbers = bins.count + 1;
    let narrow = (0.5 * bins.reach()).clamp(NARROW, WIDE);
    let columns = Columns::new(points, bins.reach(), narrow, numbers);
    let tasks = columns.tasks(kinds * numbers);
    let tables = threads::map(tasks.len(), |t| {
        let mut counts = Counts { inverse: 1.0 / bins.width, last: bins.count as f64, table: vec![0; kinds * numbers] };
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

/// A table of counts: all bins of the first kind of partner, of the second ...
struct Counts {
    /// One over the width of a bin, 1/Å.
    inverse: f64,
    /// The bin of what is beyond the reach.
    last: f64,
    table: Vec<u32>,
}

/// Columns are about this wide, Å, where the reach is twice as far: to look at a pair costs little, to look for it more.
const WIDE: f64 = 5.0;

impl Counts {
    /// Counts the atoms at these places, one of each kind whose numbers begin at `base`.
    #[inline(always)]
    fn look<S: pulp::Simd>(&mut self, simd: S, origin: [f64; 3], places: [&[f64; TOGETHER]; 3], base: &[u32]) {
        for (bin, base) in self.bins(simd, origin, places).iter().zip(base) {
            // The lowest half of the bits: the rest is that of the rounder.
            if let Some(count) = self.table.get_mut((*bin as u32 + base) as usize) {
                *count += 1;
            }
        }
    }

    /// The bin of each place, in its lowest bits: all at once, as conversions of numbers one by one take longer than all else.
    #[inline(always)]
    fn bins<S: pulp::Simd>(&self, simd: S, origin: [f64; 3], places: [&[f64; TOGETHER]; 3]) -> [u64; TOGETHER] {
        let mut bins = [0; TOGETHER];
        let [x, y, z] = places.map(|place| S::as_simd_f64s(place).0);
        let [ox, oy, oz] = origin.map(|x| simd.splat_f64s(x));
        let [inverse, last, rounder] = [self.inverse, self.last, ROUNDER].map(|x| simd.splat_f64s(x));
        let (none, one) = (simd.splat_u64s(0), simd.splat_u64s(1));
        for (((x, y), z), bins) in x.iter().zip(y).zip(z).zip(S::as_mut_simd_u64s(&mut bins).0) {
            let [x, y, z] = [simd.sub_f64s(*x, ox), simd.sub_f64s(*y, oy), simd.sub_f64s(*z, oz)];
            let [x, y, z] = [x, y, z].map(|v| simd.mul_f64s(v, v));
            let r = simd.sqrt_f64s(simd.add_f64s(simd.add_f64s(x, y), z));
            let t = simd.min_f64s(simd.mul_f64s(r, inverse), last);
            let nearest = simd.add_f64s(t, rounder);
            let is_above = simd.greater_than_f64s(simd.sub_f64s(nearest, rounder), t);
            *bins = simd.sub_u64s(simd.transmute_u64s_f64s(nearest), simd.select_u64s(is_above, one, none));
        }
        bins
    }
}

impl Take for Counts {
    #[inline(always)]
    fn add<S: pulp::Simd>(&mut self, simd: S, origin: [f64; 3], _: f64, others: &Others) {
        let [x, y, z] = others.places.map(|place| place.as_chunks().0);
        for (((x, y), z), base) in x.iter().zip(y).zip(z).zip(others.base.as_chunks::<TOGETHER>().0) {
            self.look(simd, origin, [x, y, z], base);
        }
    }
}
