//! Gauss-Legendre quadrature: the integral over Q from qmin to qmax, both ends exactly where they were asked for.

use crate::threads;

/// Nodes and weights for `∫_from^to f(q) dq ≈ Σ w_k f(q_k)`, exact for polynomials up to degree `2n - 1`.
///
/// The nodes are the roots of the Legendre polynomial `P_n`, found by Newton's method from Tricomi's estimate,
/// those on one side of the middle only.
///
/// ```
/// let (q, w) = corefine::curve::gauss_legendre(5, 0.0, 2.0);
/// let integral: f64 = q.iter().zip(&w).map(|(q, w)| w * q.powi(9)).sum();
/// assert!((integral - 2.0_f64.powi(10) / 10.0).abs() < 1e-10);
/// ```
pub fn gauss_legendre(n: usize, from: f64, to: f64) -> (Vec<f64>, Vec<f64>) {
    let (middle, half) = (0.5 * (to + from), 0.5 * (to - from));
    let (mut q, mut w) = (vec![middle; n], vec![0.0; n]);
    for (k, (x, slope)) in roots(n).into_iter().enumerate() {
        let weight = half * 2.0 / ((1.0 - x * x) * slope * slope);
        (q[k], w[k]) = (middle - half * x, weight);
        (q[n - 1 - k], w[n - 1 - k]) = (middle + half * x, weight);
    }
    (q, w)
}

/// Nodes with which [`gauss_legendre`] integrates `exp(i phase x)` over -1 to 1, and any slower wave, to 1e-11.
///
/// The error with n nodes is of the size of the Bessel function `J_2n(phase)`, which dies away like an Airy function of
/// `(2n - phase) / (phase / 2)^(1/3)` once 2n exceeds the phase: by ten or more here.
pub(super) fn nodes_for_wave(phase: f64) -> usize {
    let half = 0.5 * phase;
    (half + 5.0 * half.cbrt()).ceil() as usize + 10
}

/// Roots that are sought side by side.
const LANES: usize = 16;

/// The roots of `P_n` from the largest down to zero, and the polynomial's slope at each.
fn roots(n: usize) -> Vec<(f64, f64)> {
    let half = n.div_ceil(2);
    let recurrence: Vec<[f64; 2]> = (2..=n).map(|k| k as f64).map(|k| [(2.0 * k - 1.0) / k, (k - 1.0) / k]).collect();
    let groups = threads::map(half.div_ceil(LANES), |group| {
        let estimates = std::array::from_fn(|lane| estimate(n, (group * LANES + lane).min(half - 1)));
        pulp::Arch::new().dispatch(RootsNear { n, recurrence: &recurrence, estimates })
    });
    groups.into_iter().flatten().take(half).collect()
}

/// Tricomi's estimate of the k-th root, good to `O(n^-4)`.
fn estimate(n: usize, k: usize) -> f64 {
    let size = n as f64;
    let angle = std::f64::consts::PI * (k as f64 + 0.75) / (size + 0.5);
    (1.0 - (size - 1.0) / (8.0 * size.powi(3))) * angle.cos()
}

/// [`roots_near`], compiled for the widest vectors that the processor has.
struct RootsNear<'a> {
    n: usize,
    recurrence: &'a [[f64; 2]],
    estimates: [f64; LANES],
}

impl pulp::WithSimd for RootsNear<'_> {
    type Output = [(f64, f64); LANES];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        roots_near(self.n, self.recurrence, self.estimates)
    }
}

/// The roots near `x`, and the slope at each.
#[inline(always)]
fn roots_near(n: usize, recurrence: &[[f64; 2]], mut x: [f64; LANES]) -> [(f64, f64); LANES] {
    let mut slope = [0.0; LANES];
    // Newton converges quadratically: three steps are the rule, and the last finds nothing to do.
    for _ in 0..8 {
        let mut farthest = 0.0_f64;
        let (before, value) = legendre(recurrence, x);
        for lane in 0..LANES {
            slope[lane] = n as f64 * (x[lane] * value[lane] - before[lane]) / (x[lane] * x[lane] - 1.0);
            let step = value[lane] / slope[lane];
            x[lane] -= step;
            farthest = farthest.max(step.abs());
        }
        if farthest < 1e-15 {
            break;
        }
    }
    std::array::from_fn(|lane| (x[lane], slope[lane]))
}

/// `P_(n-1)(x)` and `P_n(x)` by the three-term recurrence `P_k = (2k - 1)/k x P_(k-1) - (k - 1)/k P_(k-2)`.
#[inline(always)]
fn legendre(recurrence: &[[f64; 2]], x: [f64; LANES]) -> ([f64; LANES], [f64; LANES]) {
    let (mut before, mut value) = ([1.0; LANES], x);
    for [first, second] in recurrence {
        for lane in 0..LANES {
            let next = first * x[lane] * value[lane] - second * before[lane];
            (before[lane], value[lane]) = (value[lane], next);
        }
    }
    (before, value)
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

    /// Abscissae and weights from tables (Abramowitz & Stegun 1964, table 25.4), and what any number of nodes obeys.
    #[test]
    fn nodes_are_those_of_tables_and_lie_in_order() {
        let (q, w) = gauss_legendre(5, -1.0, 1.0);
        assert!((q[4] - 0.906179845938664).abs() < 1e-15 && (q[3] - 0.538469310105683).abs() < 1e-15 && q[2] == 0.0);
        assert!((w[4] - 0.236926885056189).abs() < 1e-14 && (w[2] - 0.568888888888889).abs() < 1e-14);
        for n in [0, 1, 2, 15, 16, 31, 32, 33, 34, 1250, 1251] {
            let (q, w) = gauss_legendre(n, 0.5, 24.0);
            assert_eq!((q.len(), w.len()), (n, n));
            assert!(q.is_sorted() && q.iter().all(|q| (0.5..24.0).contains(q)), "{n}");
            let sum: f64 = w.iter().sum();
            assert!(n == 0 || (sum - 23.5).abs() < 1e-11, "{n}: {sum}");
        }
    }
}
