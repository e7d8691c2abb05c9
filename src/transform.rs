//! From Q to r: the sine transform of F(Q), exact for the straight lines between its points.

use std::f64::consts::PI;

use crate::window::{Window, sinc};

/// The sine transform
///
/// ```text
/// G(r) = (2/π) ∫_qmin^qmax F(Q) M(Q) sin(Q r) dQ
/// ```
///
/// of points `(q, f)`, `q` in 1/Å ascending, `f = F(Q) = Q [S(Q) - 1]` in 1/Å, at distances `r` in Å; G in 1/Å².
///
/// Between its points F·M is taken to be straight, and each straight piece from `Q0` to `Q1` with slope `m` is integrated exactly,
/// `[-F cos(Q r) / r + m sin(Q r) / r²]`, so that there is no error of the trapezoidal kind at long r. Below the first
/// point S(Q) - 1 keeps its first value, so that F runs straight to 0 at Q = 0 (no small-angle rise is invented). F is zero outside
/// of `qmin` to `qmax` (cut between points if need be) and beyond the last point. `r = 0` gives 0.
///
/// ```
/// use corefine::{transform::sine_transform, window::Window};
/// // F = Q to Q = 2: the integral of Q sin Q is sin 2 - 2 cos 2.
/// let g = sine_transform(&[1.0, 2.0], &[1.0, 2.0], &[1.0], 0.0, 2.0, Window::None);
/// let want = std::f64::consts::FRAC_2_PI * (2f64.sin() - 2.0 * 2f64.cos());
/// assert!((g[0] - want).abs() < 1e-14);
/// ```
pub fn sine_transform(q: &[f64], f: &[f64], r: &[f64], qmin: f64, qmax: f64, window: Window) -> Vec<f64> {
    let line = cut(&filled(q, f), qmin, qmax);
    let end = line.last().map_or(0.0, |point| point.0);
    let line: Vec<_> = line.into_iter().map(|(q, f)| (q, f * window.at(q, end))).collect();
    r.iter().map(|&r| 2.0 / PI * integral(&line, r)).collect()
}

/// Standard uncertainty of [`sine_transform`] at each `r`, from independent uncertainties `df` of the points:
///
/// ```text
/// dG(r)² = (2/π)² Σ_k [ΔQ_k dF_k M(Q_k) sin(Q_k r)]²,    ΔQ_k = (Q_(k+1) - Q_(k-1)) / 2
/// ```
///
/// Neighbouring values of G share their noise where r is spaced more closely than `π / qmax`; this is the uncertainty of
/// each alone.
pub fn sine_transform_sigma(q: &[f64], df: &[f64], r: &[f64], qmin: f64, qmax: f64, window: Window) -> Vec<f64> {
    let inside = |(q, _): &(f64, f64)| (qmin..=qmax).contains(q);
    let (q, df): (Vec<f64>, Vec<f64>) = q.iter().copied().zip(df.iter().copied()).filter(inside).unzip();
    let end = q.last().copied().unwrap_or(0.0);
    let weighted: Vec<(f64, f64)> =
        (0..q.len()).map(|k| (q[k], spacing(&q, k) * df[k] * window.at(q[k], end))).collect();
    r.iter()
        .map(|&r| 2.0 / PI * weighted.iter().map(|(q, w)| (w * (q * r).sin()).powi(2)).sum::<f64>().sqrt())
        .collect()
}

/// What a point stands for in a sum of trapezia: half the way to the point before and to that after it.
pub(crate) fn spacing(x: &[f64], k: usize) -> f64 {
    0.5 * (x[(k + 1).min(x.len() - 1)] - x[k.saturating_sub(1)])
}

/// Largest number of points laid into the hole below the first measured Q.
const MOST_FILLED: f64 = 1000.0;

/// The points with the hole at low Q filled at the data's own spacing, so that a window acts there too.
fn filled(q: &[f64], f: &[f64]) -> Vec<(f64, f64)> {
    let points = q.iter().copied().zip(f.iter().copied());
    let (Some(&first), Some(&value)) = (q.first(), f.first()) else { return Vec::new() };
    if first <= 0.0 {
        return points.collect();
    }
    let step = q.get(1).map_or(first, |second| second - first);
    let n = (first / step).ceil().clamp(1.0, MOST_FILLED) as usize;
    let hole = (0..n).map(|i| i as f64 / n as f64).map(|part| (part * first, part * value));
    hole.chain(points).collect()
}

/// The part of a polygon from `qmin` to `qmax`, with its ends interpolated.
fn cut(line: &[(f64, f64)], qmin: f64, qmax: f64) -> Vec<(f64, f64)> {
    let ends = [qmin, qmax].map(|q| at(line, q).map(|f| (q, f)));
    let inner = line.iter().copied().filter(|(q, _)| *q > qmin && *q < qmax);
    ends[0].into_iter().chain(inner).chain(ends[1]).collect()
}

/// The value of a polygon at `q`, `None` beyond its ends.
fn at(line: &[(f64, f64)], q: f64) -> Option<f64> {
    let pair = line.windows(2).find(|pair| pair[0].0 <= q && q <= pair[1].0)?;
    let ((q0, f0), (q1, f1)) = (pair[0], pair[1]);
    Some(f0 + (f1 - f0) * (q - q0) / (q1 - q0))
}

/// `∫ F sin(Q r) dQ` along a polygon.
fn integral(line: &[(f64, f64)], r: f64) -> f64 {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return 0.0 };
    if last.0 * r.abs() < 1e-4 {
        return r * first_moment(line);
    }
    let ends = (first.1 * (first.0 * r).cos() - last.1 * (last.0 * r).cos()) / r;
    let bends: f64 = line.windows(2).map(|pair| bend(pair[0], pair[1], r)).sum();
    ends + bends / (r * r)
}

/// `m [sin(Q1 r) - sin(Q0 r)]`, written as a product so that close points do not cancel.
fn bend((q0, f0): (f64, f64), (q1, f1): (f64, f64), r: f64) -> f64 {
    let half = 0.5 * (q1 - q0) * r;
    (f1 - f0) * r * sinc(half) * (0.5 * (q0 + q1) * r).cos()
}

/// `∫ Q F dQ` along a polygon: the slope of the transform at `r = 0`.
fn first_moment(line: &[(f64, f64)]) -> f64 {
    let piece = |((q0, f0), (q1, f1)): ((f64, f64), (f64, f64))| {
        (q1 - q0) * (q0 * (2.0 * f0 + f1) + q1 * (f0 + 2.0 * f1)) / 6.0
    };
    line.windows(2).map(|pair| piece((pair[0], pair[1]))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(n: usize, qmax: f64, from: f64) -> Vec<f64> {
        (0..n).map(|i| from + (qmax - from) * i as f64 / (n - 1) as f64).collect()
    }

    /// `∫_0^b Q sin(Q r) dQ`.
    fn moment_of_sine(b: f64, r: f64) -> f64 {
        (b * r).sin() / (r * r) - b * (b * r).cos() / r
    }

    #[test]
    fn straight_lines_are_transformed_exactly_whatever_the_spacing() {
        let r = [0.001, 0.01, 1.0, 4.5, 40.0, 200.0];
        for n in [2, 7, 300] {
            let q = ramp(n, 20.0, 0.0);
            let got = sine_transform(&q, &q, &r, 0.0, 20.0, Window::None);
            for (r, got) in r.iter().zip(got) {
                let want = 2.0 / PI * moment_of_sine(20.0, *r);
                // n terms of size F_max / r, each rounded; twice that for the sum.
                let bound = 4.0 * f64::EPSILON * n as f64 * (20.0 / r + 1.0 / (r * r)) + 1e-13 * want.abs();
                assert!((got - want).abs() < bound, "n = {n}, r = {r}: {got}, {want}");
            }
        }
    }

    #[test]
    fn a_gaussian_peak_comes_back() {
        // F = sin(Q R) exp(-s² Q²/2) has G = exp(-(r-R)²/2s²) / (s sqrt(2 pi)) less its mirror image.
        let (peak, s) = (2.0, 0.12);
        let q = ramp(6001, 60.0, 0.0);
        let f: Vec<f64> = q.iter().map(|q| (q * peak).sin() * (-0.5 * (s * q).powi(2)).exp()).collect();
        let r = ramp(101, 5.0, 0.0);
        let got = sine_transform(&q, &f, &r, 0.0, 60.0, Window::None);
        for (r, got) in r.iter().zip(got) {
            let gauss = |x: f64| (-0.5 * (x / s).powi(2)).exp() / (s * (2.0 * PI).sqrt());
            let want = gauss(r - peak) - gauss(r + peak);
            // Straight pieces of h = 0.01 miss F by h² |F''| / 8 <= 5e-5, over an effective range of 1/s.
            assert!((got - want).abs() < 3e-4, "r = {r}: {got}, {want}");
        }
    }

    #[test]
    fn the_hole_at_low_q_is_filled_with_s_of_q_held_constant() {
        let whole = ramp(400, 20.0, 0.0);
        let f: Vec<f64> = whole.iter().map(|q| -0.6 * q).collect();
        let r = [0.5, 1.3, 7.0];
        let want = sine_transform(&whole, &f, &r, 0.0, 20.0, Window::SoperLorch(0.1));
        let got = sine_transform(&whole[12..], &f[12..], &r, 0.0, 20.0, Window::SoperLorch(0.1));
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-6, "{got}, {want}");
        }
    }

    #[test]
    fn cuts_between_points_add_up() {
        let q = ramp(30, 20.0, 0.0);
        let f: Vec<f64> = q.iter().map(|q| (1.7 * q).sin()).collect();
        let r = [0.7, 2.0, 11.0];
        let part = |a, b| sine_transform(&q, &f, &r, a, b, Window::None);
        let (whole, low, high) = (part(0.0, 20.0), part(0.0, 7.77), part(7.77, 20.0));
        for i in 0..r.len() {
            assert!((whole[i] - low[i] - high[i]).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(sine_transform(&[], &[], &[1.0], 0.0, 20.0, Window::None), [0.0]);
        assert_eq!(sine_transform(&[1.0, 2.0], &[1.0, 1.0], &[0.0], 0.0, 20.0, Window::Lorch), [0.0]);
        assert_eq!(sine_transform_sigma(&[], &[], &[1.0], 0.0, 20.0, Window::None), [0.0]);
    }

    #[test]
    fn noise_is_propagated() {
        let q = ramp(200, 20.0, 0.0);
        let sigma = sine_transform_sigma(&q, &[0.1; 200], &[3.0], 0.0, 20.0, Window::None)[0];
        // Σ sin² is half the number of points: (2/π) h df sqrt(n/2).
        let want = 2.0 / PI * (20.0 / 199.0) * 0.1 * 10.0;
        assert!((sigma / want - 1.0).abs() < 0.02, "{sigma}, {want}");
    }
}
