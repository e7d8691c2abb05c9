//! The distribution of bond lengths: a reference times the exponential of a Gaussian process.

use std::f64::consts::{PI, TAU};

use nalgebra::{DMatrix, DVector};

/// What is known of the distribution before the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// Standard deviation of the reference's shorter side, as a share of the mean length.
    pub short: f64,
    /// Of its longer side.
    pub long: f64,
    /// Share of the reference that is spread evenly from the mean length to the longest.
    pub even: f64,
    /// Length over which `ln p` changes, Å: its median, and the factor that is one standard deviation.
    pub length: (f64, f64),
    /// By how much it does, natural logarithms: its median, and the factor that is one standard deviation.
    pub amplitude: (f64, f64),
}

impl Default for Prior {
    fn default() -> Self {
        Self { short: 0.04, long: 0.1, even: 0.01, length: (0.12, 1.4), amplitude: (2.0, 1.5) }
    }
}

/// The number of latent values that shape the process: amplitude and length.
pub(super) const SHAPE: usize = 2;

/// The basis ends so far beyond the grid, Å: its waves vanish at their ends.
const MARGIN: f64 = 0.36;

/// The fastest wave, 1/Å: at the median length the process has nothing left there, at half of it 2 % of its variance.
const FASTEST: f64 = 66.0;

/// Waves faster than this, 1/Å, are hardly seen by data to 25 1/Å.
const SEEN: f64 = 22.0;

/// `p(d) ∝ reference(d) exp f(d)` on a grid.
///
/// f is a Gaussian process with the covariance `A² exp(-(d - d')²/2λ²)`, written in the sine waves of an interval 2L that
/// holds the grid (Solin & Särkkä 2020, Stat. Comput. 30, 419):
///
/// ```text
/// f(d) = Σ_j sqrt(S(ω_j)/L) sin(ω_j (d - d_0)) z_j,    ω_j = π j / 2L,    S(ω) = A² sqrt(2π) λ exp(-ω²λ²/2)
/// ```
///
/// with z, and the logarithms of A and λ in units of their priors, standard normal.
#[derive(Debug, Clone)]
pub(super) struct Density {
    /// Lengths, Å, in even steps.
    pub d: Vec<f64>,
    pub step: f64,
    ln_reference: DVector<f64>,
    /// Lengths × waves.
    waves: DMatrix<f64>,
    omega: Vec<f64>,
    prior: Prior,
}

/// The shares of the bonds at each length, and their derivatives by the latent values.
pub(super) struct Shares {
    pub p: DVector<f64>,
    /// Lengths × (amplitude, length, waves).
    pub slopes: DMatrix<f64>,
}

impl Density {
    /// On the lengths `d` (Å, even steps), about a mean length.
    pub(super) fn new(d: Vec<f64>, mean: f64, prior: &Prior) -> Self {
        let step = (d[d.len() - 1] - d[0]) / (d.len() - 1) as f64;
        let begin = d[0] - MARGIN;
        let wide = d[d.len() - 1] + MARGIN - begin;
        let count = (FASTEST * wide / PI).ceil() as usize;
        let omega: Vec<f64> = (1..=count).map(|j| PI * j as f64 / wide).collect();
        let waves = DMatrix::from_fn(d.len(), count, |k, j| (2.0 / wide).sqrt() * (omega[j] * (d[k] - begin)).sin());
        let longest = d[d.len() - 1];
        let ln_reference = DVector::from_iterator(d.len(), d.iter().map(|d| reference(*d, mean, longest, prior).ln()));
        Self { d, step, ln_reference, waves, omega, prior: prior.clone() }
    }

    /// How many latent values it has.
    pub(super) fn len(&self) -> usize {
        SHAPE + self.omega.len()
    }

    /// Amplitude and length of the process at its latent values.
    pub(super) fn shape(&self, x: &[f64]) -> (f64, f64) {
        let value = |(median, factor): (f64, f64), x: f64| median * factor.powf(x);
        (value(self.prior.amplitude, x[0]), value(self.prior.length, x[1]))
    }

    /// The shares at latent values: amplitude, length, waves.
    pub(super) fn shares(&self, x: &[f64]) -> DVector<f64> {
        let heights = self.heights(x);
        let z = DVector::from_fn(heights.len(), |j, _| heights[j] * x[SHAPE + j]);
        normalised(&(&self.ln_reference + &self.waves * z))
    }

    /// The shares with their derivatives: `dp = p (df - Σ p df)`.
    pub(super) fn both(&self, x: &[f64]) -> Shares {
        let heights = self.heights(x);
        let (_, length) = self.shape(x);
        let mut z = DMatrix::zeros(heights.len(), 2);
        for (j, (height, omega)) in heights.iter().zip(&self.omega).enumerate() {
            z[(j, 0)] = height * x[SHAPE + j];
            // d ln sqrt(S) / d ln λ
            z[(j, 1)] = z[(j, 0)] * 0.5 * (1.0 - (omega * length).powi(2));
        }
        let f = &self.waves * z;
        let p = normalised(&(&self.ln_reference + f.column(0)));
        let mut slopes = DMatrix::zeros(self.d.len(), self.len());
        slopes.set_column(0, &(f.column(0) * self.prior.amplitude.1.ln()));
        slopes.set_column(1, &(f.column(1) * self.prior.length.1.ln()));
        for (j, height) in heights.iter().enumerate() {
            slopes.set_column(SHAPE + j, &(self.waves.column(j) * *height));
        }
        for mut column in slopes.column_iter_mut() {
            let mean = column.dot(&p);
            column.add_scalar_mut(-mean);
            column.component_mul_assign(&p);
        }
        Shares { p, slopes }
    }

    /// `sqrt(S(ω_j))`.
    fn heights(&self, x: &[f64]) -> Vec<f64> {
        let (amplitude, length) = self.shape(x);
        let top = amplitude * (TAU.sqrt() * length).sqrt();
        self.omega.iter().map(|omega| top * (-0.25 * (omega * length).powi(2)).exp()).collect()
    }

    /// Gives the slow waves of `to`, whose amplitude and length differ from those of `from`, the latent values with which they
    /// are the same waves; the logarithm of the factor by which this changes volumes.
    pub(super) fn rescale(&self, from: &[f64], to: &mut [f64]) -> f64 {
        let (old, new) = (self.heights(from), self.heights(to));
        let slow = self.omega.iter().take_while(|omega| **omega < SEEN).count();
        let mut volume = 0.0;
        for j in 0..slow {
            to[SHAPE + j] = from[SHAPE + j] * old[j] / new[j];
            volume += (old[j] / new[j]).ln();
        }
        volume
    }

    /// The share of the bonds beyond a length; a length stands for the step about it.
    pub(super) fn beyond(&self, p: &DVector<f64>, cutoff: f64) -> f64 {
        let part = |d: f64| (0.5 + (d - cutoff) / self.step).clamp(0.0, 1.0);
        self.d.iter().zip(p.iter()).map(|(d, p)| part(*d) * p).sum()
    }

    /// Mean and standard deviation, Å.
    pub(super) fn moments(&self, p: &DVector<f64>) -> (f64, f64) {
        let mean: f64 = self.d.iter().zip(p.iter()).map(|(d, p)| d * p).sum();
        let square: f64 = self.d.iter().zip(p.iter()).map(|(d, p)| (d - mean).powi(2) * p).sum();
        (mean, square.sqrt())
    }
}

/// The density that is expected before the data, up to a factor: two halves of Gaussians that meet at the mean length,
/// and a little that is even from there on.
fn reference(d: f64, mean: f64, longest: f64, prior: &Prior) -> f64 {
    let (short, long) = (prior.short * mean, prior.long * mean);
    let width = if d < mean { short } else { long };
    let area = (short + long) * (0.25 * TAU).sqrt();
    let even = prior.even / (longest - mean).max(width) * (-0.5 * ((d - mean).min(0.0) / short).powi(2)).exp();
    (1.0 - prior.even) * (-0.5 * ((d - mean) / width).powi(2)).exp() / area + even
}

fn normalised(f: &DVector<f64>) -> DVector<f64> {
    let top = f.max();
    let p = f.map(|f| (f - top).exp());
    let sum = p.sum();
    p / sum
}
