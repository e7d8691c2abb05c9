//! How far f32 may be from the definition: an argued bound, point by point.

use super::layout::{GROUP, LANES, MAX_TERMS};
use crate::engine::{Grid, Peak, Peaks, Rows, Term};

/// Unit roundoff of f32, 2⁻²⁴: the relative error of one operation.
const U: f64 = (f32::EPSILON / 2.0) as f64;

/// Additions that a term passes through on the GPU: its group, the groups of its batch, the batches of its tile.
/// Pieces of a tile are added in f64.
const DEPTH: f64 = (GROUP + LANES / GROUP + MAX_TERMS / LANES) as f64;

/// The largest difference that [`super::Gpu`] may show from [`crate::engine::Cpu`], for every row and point.
///
/// It follows from the accuracy that WGSL prescribes (`+ - *` correctly rounded, `exp(x)` within `3 + 2|x|` units in
/// the last place, subnormal numbers may become zero), with `u = 2⁻²⁴` and `P = |a| + |b||t| + |c|t²`, `s` the largest
/// `|offset|/σ`:
///
/// | step | error |
/// |---|---|
/// | `t = steps * slope - shift`; `steps` is exact, both others rounded | `δt <= 3u (abs(t) + s)` |
/// | `exp(-t²/2)` from `δt`, from `t*t`, from `exp` itself | relative `abs(t) δt + u t²/2 + 2u (3 + t²)` |
/// | polynomial: factors rounded, two products, two sums | `5u P + (abs(b) + 2 abs(c t)) δt` |
/// | their product | relative `u` |
/// | the sum: 8 terms, 8 groups, 16 batches, however many terms there are | relative `32 u` |
///
/// Together, for each term that reaches the point,
///
/// ```text
/// u exp(-t²/2) [ P (44 + 5.5 t² + 3 |t| s) + 3 (|t| + s) (|b| + 2 |c t|) ]
/// ```
///
/// and a hair for second order and for numbers that vanish below 2⁻¹²⁶. Fused operations only make it smaller. In the
/// mean over many terms errors average out, and the GPU is found far inside.
pub fn error_bound(peaks: &Peaks) -> Rows {
    let mut bound = Rows::zeros(peaks.rows, peaks.grid.n);
    for (i, peak) in peaks.peaks.iter().enumerate() {
        for m in peaks.reach(peak) {
            let place = Place::of(&peaks.grid, peak, m);
            for term in peaks.terms_of(i) {
                bound.row_mut(term.row as usize)[m] += term_bound(term, &place);
            }
        }
    }
    bound
}

/// The bound is nowhere smaller than this part of the value: its first summand alone, as `P` is no less than the polynomial.
pub(crate) const LEAST_PART: f64 = U * (12.0 + DEPTH);

/// [`error_bound`] at some points only, zero elsewhere: `points[row]`, ascending.
pub(crate) fn error_bound_at(peaks: &Peaks, points: &[Vec<usize>]) -> Rows {
    let mut bound = Rows::zeros(peaks.rows, peaks.grid.n);
    for (i, peak) in peaks.peaks.iter().enumerate() {
        let reach = peaks.reach(peak);
        for term in peaks.terms_of(i) {
            let points = &points[term.row as usize];
            let row = bound.row_mut(term.row as usize);
            let from = points.partition_point(|&m| m < reach.start);
            for &m in points[from..].iter().take_while(|&&m| m < reach.end) {
                row[m] += term_bound(term, &Place::of(&peaks.grid, peak, m));
            }
        }
    }
    bound
}

/// Where a point lies on a peak.
struct Place {
    /// Distance from the peak in units of σ, without sign.
    t: f64,
    /// The peak's offset from its grid point in units of σ, without sign.
    shift: f64,
    /// `exp(-t²/2)`.
    gauss: f64,
}

impl Place {
    fn of(grid: &Grid, peak: &Peak, m: usize) -> Self {
        let shift = peak.offset / peak.sigma;
        let steps = (grid.first + m) as f64 - f64::from(peak.center);
        let t = steps * grid.step / peak.sigma - shift;
        Self { t: t.abs(), shift: shift.abs(), gauss: (-0.5 * t * t).exp() }
    }
}

/// The part of one term at one point.
fn term_bound(term: &Term, place: &Place) -> f64 {
    const SECOND_ORDER: f64 = 1.001;
    let Place { t, shift, gauss } = *place;
    let (a, b, c) = (term.a.abs(), term.b.abs(), term.c.abs());
    let size = a + t * (b + t * c);
    let relative = 12.0 + DEPTH + 5.5 * t * t + 3.0 * t * shift;
    let rounding = U * gauss * (size * relative + 3.0 * (t + shift) * (b + 2.0 * c * t));
    let vanishing = f64::from(f32::MIN_POSITIVE) * (size + 8.0 * (1.0 + t * t));
    SECOND_ORDER * rounding + vanishing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Cpu, Engine};

    fn peaks(terms: impl Fn(u32) -> Term) -> Peaks {
        let center = |i: u32| 40 + i / 7;
        let peak = |i: u32| Peak { center: center(i), half: 40, offset: 0.004 - 0.001 * f64::from(i % 8), sigma: 0.07 };
        Peaks {
            grid: Grid { first: 0, step: 0.01, n: 400 },
            rows: 1,
            peaks: (0..2000).map(peak).collect(),
            start: (0..=2000).collect(),
            terms: (0..2000).map(terms).collect(),
        }
    }

    /// The aim, 1e-5 of the largest value, is certain wherever terms do not cancel, however many there are.
    #[test]
    fn the_bound_keeps_the_aim_where_nothing_cancels() {
        let peaks = peaks(|_| Term { row: 0, a: 1.0, b: 0.0, c: 0.0 });
        let largest = |rows: &Rows| rows.values.iter().fold(0.0, |largest: f64, &value| largest.max(value));
        let (curve, bound) = (largest(&Cpu.broaden(&peaks).expect("the CPU")), largest(&error_bound(&peaks)));
        assert!(bound < 5e-6 * curve, "{bound:e} of {curve}");
        assert!(bound > 1e-6 * curve, "{bound:e} of {curve}: too good for f32");
    }

    /// At a few points the bound is the same, and nowhere is it below the part that is certain.
    #[test]
    fn the_bound_at_a_few_points_is_the_bound() {
        let peaks = peaks(|i| Term { row: 0, a: f64::from(i % 3) - 0.9, b: f64::from(i % 5) - 2.0, c: 0.3 });
        let (want, bound) = (Cpu.broaden(&peaks).expect("the CPU"), error_bound(&peaks));
        let points = vec![vec![0, 3, 17, 80, 81, 399]];
        let few = error_bound_at(&peaks, &points);
        for m in 0..peaks.grid.n {
            let expected = if points[0].contains(&m) { bound.values[m] } else { 0.0 };
            assert!((few.values[m] - expected).abs() <= 1e-12 * expected, "point {m}");
            assert!(LEAST_PART * want.values[m].abs() <= bound.values[m], "point {m}");
        }
    }

    /// The kernel's operations one by one in f32, their results added up plainly, stay inside.
    #[test]
    fn the_same_steps_in_f32_stay_within_the_bound() {
        let peaks = peaks(|i| {
            let sign = f64::from(i % 2) - 0.5;
            Term { row: 0, a: sign / 3.0, b: 20.0 * sign, c: -7.1 * sign }
        });
        let (want, bound) = (Cpu.broaden(&peaks).expect("the CPU"), error_bound(&peaks));
        let mut sums = vec![0f32; peaks.grid.n];
        for (peak, term) in peaks.peaks.iter().zip(&peaks.terms) {
            let (slope, shift) = ((peaks.grid.step / peak.sigma) as f32, (peak.offset / peak.sigma) as f32);
            for m in peaks.reach(peak) {
                let t = (m as f32 - peak.center as f32) * slope - shift;
                sums[m] += (term.a as f32 + t * (term.b as f32 + t * term.c as f32)) * (-0.5 * t * t).exp();
            }
        }
        for (m, &sum) in sums.iter().enumerate() {
            let difference = (f64::from(sum) - want.values[m]).abs();
            assert!(difference <= bound.values[m], "point {m}: {difference:e}, bound {:e}", bound.values[m]);
        }
    }
}
