//! All pairs within a distance that is no longer than half the cell: of each atom the nearest image alone can be so near.
//!
//! In cells of some hundred atoms to look at all of them costs less than to look for those that are near ([`super::columns`]).

use nalgebra::Matrix3;

use super::{NOWHERE, Others, ROUNDER, TOGETHER, Take};
use crate::crystal::Points;
use crate::trajectory::width;

/// Atoms of which each meets the nearest image of every other one.
pub struct Nearest {
    basis: Matrix3<f64>,
    /// Those whose neighbours are looked for; without them the others meet each other.
    homes: Option<Fractions>,
    others: Fractions,
}

/// Places in fractions of the cell, moved into it, in whole vectors.
struct Fractions {
    places: [Vec<f64>; 3],
    /// How many there are: what comes behind fills the last vector up.
    count: usize,
}

/// Of so many atoms more than about as many as are within reach to look at all costs more than to look for those that are near.
const MANY: f64 = 256.0;

/// And never of more: pairs are looked at by one thread, and counted in 32 bits.
const MOST: usize = 4096;

/// Adding this to a number, and taking it away again, leaves the nearest whole number, of whatever sign.
const WHOLE: f64 = 1.5 * ROUNDER;

impl Nearest {
    /// Is there only one image of each atom within `reach`, and are these few enough to look at all of them?
    pub fn suits(points: &Points, reach: f64) -> bool {
        let near = points.pairs_with(points, reach) / points.places.len() as f64;
        // A little less than half: on both sides at once no image is in reach, however places are rounded.
        points.places.len() <= MOST
            && points.places.len() as f64 <= 2.0 * near + MANY
            && reach < 0.499_999 * width(&points.basis)
    }

    /// Every pair of the points, once.
    pub fn among(points: &Points) -> Self {
        Self { basis: points.basis, homes: None, others: Fractions::of(points) }
    }

    /// The pairs of each of `homes` with `others`: other atoms of the same cell.
    pub fn between(homes: &Points, others: &Points) -> Self {
        Self { basis: others.basis, homes: Some(Fractions::of(homes)), others: Fractions::of(others) }
    }

    /// Hands all pairs on.
    pub fn visit(&self, taker: &mut impl Take) {
        pulp::Arch::new().dispatch(Visit { nearest: self, taker });
    }

    /// Hands the pairs of an atom on with the others from the `first` on.
    #[inline(always)]
    fn meet<S: pulp::Simd>(&self, simd: S, home: [f64; 3], first: usize, around: &mut Around, taker: &mut impl Take) {
        // Whole vectors: those that come before the first are moved out of reach again.
        let start = first / TOGETHER * TOGETHER;
        let end = self.others.places[0].len();
        let (mut places, rest) = (around.places.each_mut().map(|place| &mut place[..end - start]), self.others.count);
        let fractions = self.others.places.each_ref().map(|place| &place[start..]);
        images(simd, &self.basis, home, fractions, &mut places);
        for place in &mut places {
            place[..first - start].fill(NOWHERE);
            place[rest - start..].fill(NOWHERE);
        }
        let places = places.map(|place| &*place);
        let (occ, base) = (&around.occ[..end - start], &around.base[..end - start]);
        taker.add(simd, [0.0; 3], 1.0, &Others { places, occ, base });
    }
}

/// The nearest images of atoms around one at `home`: from there, Cartesian, Å.
#[inline(always)]
fn images<S: pulp::Simd>(
    simd: S,
    basis: &Matrix3<f64>,
    home: [f64; 3],
    fractions: [&[f64]; 3],
    places: &mut [&mut [f64]; 3],
) {
    let [a, b, c] = fractions.map(|fraction| S::as_simd_f64s(fraction).0);
    let [x, y, z] = places.each_mut().map(|place| S::as_mut_simd_f64s(place).0);
    let home = splat(simd, home);
    let [along_x, along_y, along_z] = [row(simd, basis, 0), row(simd, basis, 1), row(simd, basis, 2)];
    for (((a, b), c), ((x, y), z)) in a.iter().zip(b).zip(c).zip(x.iter_mut().zip(y).zip(z)) {
        let step = [step(simd, *a, home[0]), step(simd, *b, home[1]), step(simd, *c, home[2])];
        *x = dot(simd, along_x, step);
        *y = dot(simd, along_y, step);
        *z = dot(simd, along_z, step);
    }
}

#[inline(always)]
fn splat<S: pulp::Simd>(simd: S, [x, y, z]: [f64; 3]) -> [S::f64s; 3] {
    [simd.splat_f64s(x), simd.splat_f64s(y), simd.splat_f64s(z)]
}

#[inline(always)]
fn row<S: pulp::Simd>(simd: S, basis: &Matrix3<f64>, k: usize) -> [S::f64s; 3] {
    splat(simd, [basis[(k, 0)], basis[(k, 1)], basis[(k, 2)]])
}

/// From here to the nearest image of what is there, along one edge of the cell.
#[inline(always)]
fn step<S: pulp::Simd>(simd: S, there: S::f64s, here: S::f64s) -> S::f64s {
    let (step, whole) = (simd.sub_f64s(there, here), simd.splat_f64s(WHOLE));
    simd.sub_f64s(step, simd.sub_f64s(simd.add_f64s(step, whole), whole))
}

/// Products and sums one by one, not fused: the same on every processor.
#[inline(always)]
fn dot<S: pulp::Simd>(simd: S, row: [S::f64s; 3], step: [S::f64s; 3]) -> S::f64s {
    let (x, y, z) = (simd.mul_f64s(row[0], step[0]), simd.mul_f64s(row[1], step[1]), simd.mul_f64s(row[2], step[2]));
    simd.add_f64s(simd.add_f64s(x, y), z)
}

impl Fractions {
    fn of(points: &Points) -> Self {
        let count = points.places.len();
        let room = count.next_multiple_of(TOGETHER);
        let along = |k: usize| {
            let mut along: Vec<f64> = points.places.iter().map(|place| place.frac[k] - place.frac[k].floor()).collect();
            along.resize(room, 0.0);
            along
        };
        Self { places: [along(0), along(1), along(2)], count }
    }

    fn at(&self, k: usize) -> [f64; 3] {
        self.places.each_ref().map(|place| place[k])
    }
}

/// Room for the others as one atom sees them.
struct Around {
    places: [Vec<f64>; 3],
    occ: Vec<f64>,
    base: Vec<u32>,
}

/// All pairs, to be compiled for the widest vectors that the processor has.
struct Visit<'a, 'b, T> {
    nearest: &'a Nearest,
    taker: &'b mut T,
}

impl<T: Take> pulp::WithSimd for Visit<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Nearest { homes, others, .. } = self.nearest;
        let room = others.places[0].len();
        let places = std::array::from_fn(|_| vec![0.0; room]);
        let mut around = Around { places, occ: vec![1.0; room], base: vec![0; room] };
        let own = homes.as_ref().unwrap_or(others);
        for k in 0..own.count {
            let first = if homes.is_some() { 0 } else { k + 1 };
            self.nearest.meet(simd, own.at(k), first, &mut around, self.taker);
        }
    }
}
