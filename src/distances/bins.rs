//! How many pairs lie in which bin of a histogram: whole numbers, for g(r).

use super::columns::Columns;
use super::{Others, Take, other};
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

    /// The middle of each bin, Å.
    pub fn middles(&self) -> Vec<f64> {
        (0..self.count).map(|k| (k as f64 + 0.5) * self.width).collect()
    }
}

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
/// assert_eq!(bins(&points, 1, Bins { width: 0.75, count: 5 }), [[0, 0, 0, 0, 3]]);
/// ```
pub fn bins(points: &Points, kinds: usize, bins: Bins) -> Vec<Vec<u64>> {
    // One more: pairs beyond the reach, which costs less than to leave them out.
    let numbers = bins.count + 1;
    let columns = Columns::new(points, bins.reach(), numbers);
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

/// Pairs that are looked at together.
const TOGETHER: usize = 8;

impl Counts {
    #[inline(always)]
    fn look<const N: usize>(&mut self, origin: [f64; 3], others: &Others, first: usize) {
        let v: [[f64; N]; 3] = std::array::from_fn(|k| {
            let place = &others.places[k][first..first + N];
            std::array::from_fn(|l| place[l] - origin[k])
        });
        let bin: [u32; N] = std::array::from_fn(|l| {
            let square = v[0][l] * v[0][l] + v[1][l] * v[1][l] + v[2][l] * v[2][l];
            // Not negative, and no larger than the number of bins: nothing is lost.
            (square.sqrt() * self.inverse).min(self.last) as i32 as u32
        });
        for (bin, base) in bin.iter().zip(&others.base[first..first + N]) {
            if let Some(count) = self.table.get_mut((base + bin) as usize) {
                *count += 1;
            }
        }
    }
}

impl Take for Counts {
    #[inline(always)]
    fn add<S: pulp::Simd>(&mut self, _: S, origin: [f64; 3], _: f64, others: &Others) {
        let n = others.base.len();
        let whole = n - n % TOGETHER;
        for l in (0..whole).step_by(TOGETHER) {
            self.look::<TOGETHER>(origin, others, l);
        }
        for l in whole..n {
            self.look::<1>(origin, others, l);
        }
    }
}
