//! How uncertain counts of bonds are whose lengths have errors in common.

use std::ops::Range;

use nalgebra::DMatrix;

/// Nodes and weights of the 10-point Gauss-Legendre rule on [-1, 1], the positive half
/// (Abramowitz & Stegun 1964, table 25.4).
const NODES: [(f64, f64); 5] = [
    (0.148874338981631, 0.295524224714753),
    (0.433395394129247, 0.269266719309996),
    (0.679409568299024, 0.219086362515982),
    (0.865063366688985, 0.149451349150581),
    (0.973906528517172, 0.066671344308688),
];

/// The joint Gaussian spread of some lengths, and of which of them exceed a cutoff.
pub(super) struct Spread<'a> {
    covariance: &'a DMatrix<f64>,
    /// `(d - c) / σ` for each length; `None` where σ is 0 and the answer certain.
    margins: Vec<Option<f64>>,
}

impl<'a> Spread<'a> {
    /// `None` where an entry is no finite number.
    pub fn new(covariance: &'a DMatrix<f64>, lengths: &[f64], cutoff: f64) -> Option<Self> {
        assert_eq!(covariance.shape(), (lengths.len(), lengths.len()), "one row and column per bond");
        let known = covariance.iter().chain(lengths).all(|x| x.is_finite());
        let margin = |k: usize| {
            let sigma = covariance[(k, k)].max(0.0).sqrt();
            (sigma > 0.0).then(|| (lengths[k] - cutoff) / sigma)
        };
        known.then(|| Self { covariance, margins: (0..lengths.len()).map(margin).collect() })
    }

    /// Standard uncertainty of length k, Å.
    pub fn esd(&self, k: usize) -> f64 {
        self.covariance[(k, k)].max(0.0).sqrt()
    }

    /// Variance of `Σ w d`, Å².
    pub fn sum_variance(&self, weights: &[f64]) -> f64 {
        let row = |(i, w): (usize, &f64)| {
            w * weights.iter().enumerate().map(|(j, v)| v * self.covariance[(i, j)]).sum::<f64>()
        };
        weights.iter().enumerate().map(row).sum::<f64>().max(0.0)
    }

    /// Variance of `Σ w [d > c]` over some of the bonds.
    pub fn count_variance(&self, weights: &[f64], bonds: Range<usize>) -> f64 {
        let deviation = |k: usize| self.margins[k].map(|margin| weights[k] * joint(margin, margin, 1.0).sqrt());
        // What is certain varies with nothing: |cov| <= the product of the deviations.
        let single: Vec<(usize, f64)> =
            bonds.filter_map(|k| Some((k, deviation(k)?))).filter(|(_, deviation)| *deviation > 1e-7).collect();
        let mut variance = 0.0;
        for (n, &(i, own)) in single.iter().enumerate() {
            variance += own * own;
            let others = single[n + 1..].iter().map(|&(j, _)| weights[j] * self.together(i, j));
            variance += 2.0 * weights[i] * others.sum::<f64>();
        }
        variance.max(0.0)
    }

    /// Covariance of `[d_i > c]` and `[d_j > c]`.
    fn together(&self, i: usize, j: usize) -> f64 {
        match (self.margins[i], self.margins[j]) {
            (Some(h), Some(k)) => joint(h, k, self.covariance[(i, j)] / (self.esd(i) * self.esd(j))),
            _ => 0.0,
        }
    }
}

/// `P(X < h, Y < k) - P(X < h) P(Y < k)` for standard normal X, Y with correlation ρ.
///
/// Plackett's identity (1954, Biometrika 41, 351), `dP/dρ = φ(h, k; ρ)`, with `ρ = sin θ` (Drezner & Wesolowsky 1990, J.
/// Statist. Comput. Simul. 35, 101):
///
/// ```text
/// (1/2π) Int_0^{asin ρ} exp(-(h² + k² - 2 h k sin θ) / (2 cos² θ)) dθ
/// ```
///
/// which needs neither random numbers nor the difference of two nearly equal probabilities, and with h = k and ρ = 1 is
/// the variance Φ(h) Φ(-h) of a single indicator. The exponent is `-(h - k)²/(2 cos² θ) - h k/(1 + sin θ)` for ρ > 0 and
/// its mirror image for ρ < 0: smooth, but falling to 0 within |h - k| of θ = π/2. Intervals that halve towards that
/// end follow it.
fn joint(h: f64, k: f64, rho: f64) -> f64 {
    // P(X < h, Y < k) + P(X < h, -Y < -k) = P(X < h): a negative correlation is a positive one of X and -Y.
    let (k, rho, sign) = if rho < 0.0 { (-k, -rho, -1.0) } else { (k, rho, 1.0) };
    let end = rho.min(1.0).asin();
    let integrand = |theta: f64| {
        let (sin, cos) = theta.sin_cos();
        (-(h - k).powi(2) / (2.0 * cos * cos) - h * k / (1.0 + sin)).exp()
    };
    let mut sum = 0.0;
    let mut from = 0.0;
    while from < end {
        let left = std::f64::consts::FRAC_PI_2 - from;
        // Below a billionth of a radian to go the integrand, at most 1, adds nothing.
        let to = if left < 1e-9 { end } else { (from + 0.5 * left).min(end) };
        sum += legendre(&integrand, from, to);
        from = to;
    }
    sign * sum / std::f64::consts::TAU
}

/// The integral of a smooth function.
fn legendre(f: &impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    half * NODES.iter().map(|(x, w)| w * (f(middle - half * x) + f(middle + half * x))).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phi(x: f64) -> f64 {
        (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
    }

    /// Simpson's rule with 2000 intervals.
    fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
        let step = (to - from) / 2000.0;
        let weight = |n: i32| if n == 0 || n == 2000 { 1.0 } else { f64::from(2 + 2 * (n % 2)) };
        (0..=2000).map(|n| weight(n) * f(from + f64::from(n) * step)).sum::<f64>() * step / 3.0
    }

    /// Φ from the middle outwards, so that Simpson's error stays below 1e-13.
    fn cumulative(x: f64) -> f64 {
        0.5 + simpson(phi, 0.0, x.clamp(-12.0, 12.0))
    }

    #[test]
    fn one_indicator_has_the_variance_of_a_coin() {
        for h in [0.0, 0.3, -1.0, 2.5, -4.0] {
            let p = cumulative(h);
            assert!((joint(h, h, 1.0) - p * (1.0 - p)).abs() < 1e-12, "{h}");
        }
        // P(X < 1) = 0.8413447460685429
        assert!((joint(1.0, 1.0, 1.0) - 0.8413447460685429 * 0.1586552539314571).abs() < 1e-14);
    }

    #[test]
    fn orthants_follow_sheppard() {
        for rho in [-1.0, -0.99, -0.5, 0.0, 0.2, 0.7, 0.999, 1.0] {
            let expected = f64::asin(rho) / std::f64::consts::TAU;
            assert!((joint(0.0, 0.0, rho) - expected).abs() < 1e-13, "{rho}");
        }
    }

    #[test]
    fn the_covariance_matches_an_integral_over_the_plane() {
        for (h, k) in [(1.0, 0.5), (-0.7, 1.3), (2.0, 2.1), (-1.5, -1.4), (0.0, 3.0)] {
            for rho in [-0.95_f64, -0.4, 0.1, 0.6, 0.9, 0.98] {
                let width = (1.0 - rho * rho).sqrt();
                let both = simpson(|x| phi(x) * cumulative((k - rho * x) / width), -9.0, h);
                let expected = both - cumulative(h) * cumulative(k);
                assert!((joint(h, k, rho) - expected).abs() < 1e-9, "{h} {k} {rho}: {} {expected}", joint(h, k, rho));
            }
        }
    }

    #[test]
    fn full_correlation_leaves_the_smaller_of_two_probabilities() {
        for (h, k) in [(0.3, 0.9), (-1.2, 0.4), (0.5, 0.501), (1.0, 1.00001)] {
            let (p, q) = (cumulative(h), cumulative(k));
            assert!((joint(h, k, 1.0) - (p.min(q) - p * q)).abs() < 1e-9, "{h} {k}");
            assert!((joint(h, k, -1.0) - ((p + q - 1.0).max(0.0) - p * q)).abs() < 1e-9, "{h} {k}");
        }
    }
}
