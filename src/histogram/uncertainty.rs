//! How uncertain counts of bonds are whose lengths have errors in common.

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

    /// Variance of `Σ w [d > c]`.
    pub fn count_variance(&self, weights: &[f64]) -> f64 {
        let single: Vec<(usize, f64)> = self
            .margins
            .iter()
            .enumerate()
            .filter_map(|(k, margin)| Some((k, weights[k] * joint((*margin)?, (*margin)?, 1.0).sqrt())))
            // What is certain varies with nothing (|cov| <= the product of the deviations).
            .filter(|(_, deviation)| *deviation > 1e-7)
            .collect();
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
