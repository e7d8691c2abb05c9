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
