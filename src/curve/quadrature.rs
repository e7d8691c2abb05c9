//! Gauss-Legendre quadrature: the integral over Q from qmin to qmax, both ends exactly where they were asked for.

/// Nodes and weights for `∫_from^to f(q) dq ≈ Σ w_k f(q_k)`, exact for polynomials up to degree `2n - 1`.
///
/// The nodes are the roots of the Legendre polynomial `P_n`, found by Newton's method from Tricomi's estimate.
///
/// ```
/// let (q, w) = corefine::curve::gauss_legendre(5, 0.0, 2.0);
/// let integral: f64 = q.iter().zip(&w).map(|(q, w)| w * q.powi(9)).sum();
/// assert!((integral - 2.0_f64.powi(10) / 10.0).abs() < 1e-10);
/// ```
pub fn gauss_legendre(n: usize, from: f64, to: f64) -> (Vec<f64>, Vec<f64>) {
    let (middle, half) = (0.5 * (to + from), 0.5 * (to - from));
    (0..n)
        .map(|k| {
            let estimate = (std::f64::consts::PI * (k as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let (x, slope) = root(n, estimate);
            (middle - half * x, half * 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .unzip()
}

/// Nodes with which [`gauss_legendre`] integrates `exp(i phase x)` over -1 to 1, and any slower wave, to 1e-11.
///
/// The error with n nodes is of the size of the Bessel function `J_2n(phase)`, which dies away like an Airy function of
/// `(2n - phase) / (phase / 2)^(1/3)` once 2n exceeds the phase: by ten or more here.
pub(super) fn nodes_for_wave(phase: f64) -> usize {
    let half = 0.5 * phase;
    (half + 5.0 * half.cbrt()).ceil() as usize + 10
}

/// The root of `P_n` near `x`, and the polynomial's slope there.
fn root(n: usize, mut x: f64) -> (f64, f64) {
    let mut slope = 0.0;
    // Newton converges quadratically from an estimate that is good to O(n^-4): four steps are already plenty.
    for _ in 0..8 {
        let (value, derivative) = legendre(n, x);
        slope = derivative;
        let step = value / derivative;
        x -= step;
        if step.abs() < 1e-16 {
            break;
        }
    }
    (x, slope)
}

/// `P_n(x)` and its derivative by the three-term recurrence.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_integrated_whatever_its_phase() {
        for x in [0.1, 7.0, 55.0, 220.0] {
            let (from, to) = (0.1, 24.0);
            let (q, w) = gauss_legendre(nodes_for_wave(0.5 * (to - from) * x), from, to);
            let integral: f64 = q.iter().zip(&w).map(|(q, w)| w * (q * x).sin()).sum();
            let exact = ((from * x).cos() - (to * x).cos()) / x;
            assert!((integral - exact).abs() < 1e-11, "x = {x}: {integral} {exact}");
        }
    }

    #[test]
    fn one_node_is_the_midpoint() {
        assert_eq!(gauss_legendre(1, 1.0, 3.0), (vec![2.0], vec![2.0]));
    }
}
