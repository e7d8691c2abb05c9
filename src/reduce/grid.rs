//! All of a reduction that depends on the points in Q and the settings alone, kept from one pattern to the next.

use std::f64::consts::FRAC_2_PI;

use super::atoms::Atoms;
use super::losses::Losses;
use super::polynomial::{Polynomials, degree};
use super::sums::SineSums;
use crate::reduction::Reduction;

/// The noise of the polynomial is followed to this many times `rpoly`; beyond, it changes the variance of G(r) by less than
/// `2 (rpoly / (π r))²`, 0.2 %.
const NEAR: f64 = 10.0;

/// Points in Q with what they stand for, and the way to G(r).
#[derive(Clone)]
pub(super) struct Grid {
    /// 1/Å.
    pub q: Vec<f64>,
    pub square_mean: Vec<f64>,
    pub mean_squared: Vec<f64>,
    pub losses: Losses,
    pub degree: f64,
    pub polynomials: Polynomials,
    pub r: Vec<f64>,
    /// `(2/π) ΔQ M(Q)` of each point that the transform takes.
    pub weights: Vec<f64>,
    pub sums: SineSums,
    /// Sums over `2 Q`, for squares of sines.
    pub doubled: Option<SineSums>,
    pub near: Option<Near>,
    /// ΔQ of each point, 1/Å.
    pub widths: Vec<f64>,
}

/// The first distances, where the noise of the polynomial is felt.
#[derive(Clone)]
pub(super) struct Near {
    pub sums: SineSums,
    /// G(r) of each member of the polynomials' basis, times its share.
    pub plain: Vec<Vec<f64>>,
}

/// The points of a grid: the used ones, their widths, and how many of them are transformed.
pub(super) struct Points {
    pub q: Vec<f64>,
    pub widths: Vec<f64>,
    pub transformed: usize,
}

impl Grid {
    /// `settings` with every value filled in; `noise` where uncertainties are to be carried along.
    pub(super) fn new(points: Points, atoms: &Atoms, settings: &Reduction, noise: bool) -> Self {
        let Points { q, widths, transformed } = points;
        let losses = Losses::at(&q, atoms, settings);
        let (square_mean, mean_squared) = q.iter().map(|q| atoms.at(*q)).unzip();
        let (qmax, qmaxinst) = (settings.qmax.unwrap_or_default(), settings.qmaxinst.unwrap_or_default());
        let used = &q[..transformed];
        let weights = used.iter().zip(&widths).map(|(q, width)| FRAC_2_PI * width * settings.window.at(*q, qmax));
        let weights: Vec<f64> = weights.collect();
        let r = distances(settings);
        let near_distances = r.partition_point(|r| *r < NEAR * settings.rpoly);
        let sums = |q: &[f64], distances: usize| SineSums::new(q, settings.rmin, settings.rstep, distances);
        let doubled: Vec<f64> = used.iter().map(|q| 2.0 * q).collect();
        let all = sums(used, r.len());
        let n = degree(settings.rpoly, qmaxinst);
        let polynomials = Polynomials::new(&q, n);
        let near = (noise && near_distances > 0).then(|| Near::new(sums(used, near_distances), &polynomials, &weights));
        Self {
            degree: n,
            polynomials,
            weights,
            widths,
            doubled: noise.then(|| all.of_points(&doubled, settings.rmin, settings.rstep)),
            sums: all,
            near,
            square_mean,
            mean_squared,
            losses,
            r,
            q,
        }
    }

    /// G(r) of F(Q): `(2/π) Σ_k ΔQ_k F(Q_k) M(Q_k) sin(Q_k r)`.
    pub(super) fn transform(&self, f: &[f64]) -> Vec<f64> {
        let heights: Vec<f64> = self.weights.iter().zip(f).map(|(weight, f)| weight * f).collect();
        // Adding zero makes a plain zero of the -0 that sums at r = 0 may be.
        self.sums.sines(&heights).into_iter().map(|g| g + 0.0).collect()
    }
}

impl Near {
    fn new(sums: SineSums, polynomials: &Polynomials, weights: &[f64]) -> Self {
        let plain = |(v, share): (&Vec<f64>, &f64)| {
            let heights: Vec<f64> = weights.iter().zip(v).map(|(weight, v)| weight * share * v).collect();
            sums.sines(&heights)
        };
        let plain = polynomials.basis.iter().zip(&polynomials.share).map(plain).collect();
        Self { sums, plain }
    }
}

/// From `rmin` to `rmax`, both included.
fn distances(settings: &Reduction) -> Vec<f64> {
    let steps = ((settings.rmax - settings.rmin) / settings.rstep * (1.0 + 1e-12) + 1e-9).floor() as usize;
    (0..=steps).map(|j| settings.rmin + j as f64 * settings.rstep).collect()
}
