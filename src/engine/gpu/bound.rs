//! How far f32 may be from the definition: an argued bound, point by point.

use super::layout::{GROUP, LANES, MAX_TERMS};
use crate::engine::{Peaks, Rows, Term};

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
        let shift = peak.offset / peak.sigma;
        for m in peaks.reach(peak) {
            let steps = (peaks.grid.first + m) as f64 - f64::from(peak.center);
            let t = steps * peaks.grid.step / peak.sigma - shift;
            let gauss = (-0.5 * t * t).exp();
            for term in peaks.terms_of(i) {
                bound.row_mut(term.row as usize)[m] += term_bound(term, t.abs(), shift.abs(), gauss);
            }
        }
    }
    bound
}

/// The part of one term at one point, `t` and `shift` without sign.
fn term_bound(term: &Term, t: f64, shift: f64, gauss: f64) -> f64 {
    const SECOND_ORDER: f64 = 1.001;
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
    use crate::engine::{Cpu, Engine, Grid, Peak};

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
