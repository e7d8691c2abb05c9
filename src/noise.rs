//! Noise as the statistics of a measured pattern leave it in G(r).

use std::f64::consts::PI;

use crate::window::sinc;

/// The sum over points of noise is carried on so far beyond the last distance: sinc falls as 1/x.
const BEYOND: f64 = 200.0;

/// Standard normal noise at the distances `r` (Å) of a curve that was transformed from `Q <= qmax` (1/Å): it holds
/// independent values only every `π/qmax` and is interpolated between them, odd in r as any sine transform is,
///
/// `n(r) = Σ_k n_k [sinc(qmax (r - r_k)) - sinc(qmax (r + r_k))]`, `r_k = k π / qmax`, `sinc(x) = sin(x)/x`.
///
/// Without `qmax` every point has its own. `normal` gives one standard normal number after the other.
pub fn correlated(r: &[f64], qmax: Option<f64>, mut normal: impl FnMut() -> f64) -> Vec<f64> {
    let Some(qmax) = qmax else { return r.iter().map(|_| normal()).collect() };
    let last = r.last().copied().unwrap_or(0.0);
    let knots = (last * qmax / PI + BEYOND).ceil() as usize;
    let heights: Vec<f64> = (0..knots).map(|_| normal()).collect();
    let at = |r: &f64| {
        let wave = |(k, height): (usize, &f64)| {
            let rk = (k + 1) as f64 * PI / qmax;
            height * (sinc(qmax * (r - rk)) - sinc(qmax * (r + rk)))
        };
        heights.iter().enumerate().map(wave).sum()
    };
    r.iter().map(at).collect()
}

/// Standard normal noise at the points `q` (1/Å) of what a comparison in Q sees of a curve between two distances (Å): waves of these
/// distances only, one every `π/qmax`,
///
/// `n(Q) = Σ_k n_k sin(Q r_k) / sqrt(Σ_k sin²(Q r_k))`.
pub fn correlated_in_q(q: &[f64], (rmin, rmax): (f64, f64), qmax: f64, mut normal: impl FnMut() -> f64) -> Vec<f64> {
    let count = ((rmax - rmin) * qmax / PI).ceil().max(1.0);
    let place = |k: usize| rmin + (k as f64 + 0.5) * (rmax - rmin) / count;
    let nodes: Vec<(f64, f64)> = (0..count as usize).map(|k| (place(k), normal())).collect();
    let at = |q: &f64| {
        let sums = nodes.iter().map(|(r, height)| ((q * r).sin(), height));
        let (sum, square) = sums.fold((0.0, 0.0), |sums, (sine, n)| (sums.0 + n * sine, sums.1 + sine * sine));
        sum / f64::max(square, f64::MIN_POSITIVE).sqrt()
    };
    q.iter().map(at).collect()
}

/// How many neighbouring points, `step` apart, carry one piece of information, at least 1: `π / (band step)`, where the transform of what
/// they lie on ends at `band`, such as qmax for points in r; 1 without such an end.
pub fn oversampling(step: f64, band: Option<f64>) -> f64 {
    band.map_or(1.0, |band| (PI / (band * step)).max(1.0))
}
