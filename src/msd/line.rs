//! The straight line through a mean square displacement whose points know of each other.
//!
//! Displacements of overlapping times share most of their way, so neighbouring points of the MSD carry little of their own, and least
//! squares that take them for independent promise far too much. For a walk of independent Gaussian steps (variance `s²` an axis and
//! frame) with a rattle of variance `v` around it, two displacements over m and n frames that begin k frames apart have
//!
//! ```text
//! cov = s² overlap(m, n, k) + v (δ_(k+n,m) - δ_(k,m) - δ_(k,-n) + δ_(k,0))
//! ```
//!
//! and two points of the MSD of N atoms along d axes, with `M = T - m` beginnings each,
//!
//! ```text
//! C_mn = d/N 2/(M_m M_n) Σ_k w_k cov²        w_k: how many beginnings are k frames apart
//! ```
//!
//! (Isserlis; as in Bullerjahn, von Bülow, Hummer, J. Chem. Phys. 153, 024116 (2020)). D and c follow by generalised least squares with C,
//! which is computed again from them. Atoms that differ more than such walks do (traps, cages, fast paths) enlarge C by the ratio of
//! the variances; that atoms move independently of each other is assumed, as in McCluskey, Coles, Morgan, J. Chem. Theory Comput.
//! 20, 9364 (2024).

use nalgebra::{DMatrix, DVector, Matrix2, Vector2};
use serde::Serialize;

/// What the line goes through.
pub struct Points {
    /// By lag in frames, Å².
    pub msd: Vec<f64>,
    /// Frames of the trajectory.
    pub frames: usize,
    /// Atoms that the MSD is the mean of.
    pub atoms: usize,
    /// Axes that it is the sum of.
    pub axes: f64,
    /// Time between two frames, ps.
    pub step: f64,
    /// First and last lag of the fit.
    pub window: [usize; 2],
}

/// A straight line: `c + 2 d D t`.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// D, Å²/ps; in 10⁻⁴ cm²/s the same number.
    pub diffusivity: f64,
    /// Its standard uncertainty.
    pub esd: f64,
    /// `D ± 1.645 esd`.
    pub interval90: [f64; 2],
    /// c, Å².
    pub intercept: f64,
    /// Where the fit begins and ends, ps.
    pub window: [f64; 2],
    /// By what the variance of independent walks was multiplied: how much more atoms differ.
    pub excess: f64,
}

/// Points of the fit at most: more would say the same again.
const MOST: usize = 24;

/// Times that C is computed again.
const TURNS: usize = 4;

/// How much fewer atoms differ, nobody can tell.
pub const FEWEST_ATOMS: usize = 8;

/// The half width of a 90 % interval, in standard uncertainties.
const NINETY: f64 = 1.6448536269514722;

impl Line {
    /// The line, with a covariance that is `excess` times that of independent walks.
    pub fn fit(points: &Points, excess: f64) -> Self {
        let (lags, y) = points.picked();
        let design = DMatrix::from_fn(lags.len(), 2, |k, column| if column == 0 { 1.0 } else { lags[k] as f64 });
        let plain = DMatrix::identity(lags.len(), lags.len());
        let mut found = solve(&design, &y, &plain);
        for _ in 0..TURNS {
            found = solve(&design, &y, &(points.covariance(&lags, found.0) * excess));
        }
        let ([intercept, slope], variance) = (<[f64; 2]>::from(found.0), found.1);
        let unit = 1.0 / (2.0 * points.axes * points.step);
        let (diffusivity, esd) = (slope * unit, variance[(1, 1)].max(0.0).sqrt() * unit);
        let interval90 = [diffusivity - NINETY * esd, diffusivity + NINETY * esd];
        let window = points.window.map(|lag| lag as f64 * points.step);
        Self { diffusivity, esd, interval90, intercept, window, excess }
    }

    /// The line at a time (ps), for a sum over `axes` axes, Å².
    pub fn at(&self, time: f64, axes: f64) -> f64 {
        self.intercept + 2.0 * axes * self.diffusivity * time
    }
}

/// By how much the variance between atoms exceeds that of independent walks, in the mean over the fit; never below 1.
pub fn excess(points: &Points, esd: &[f64]) -> f64 {
    if points.atoms < FEWEST_ATOMS {
        return 1.0;
    }
    let line = Line::fit(points, 1.0);
    let (lags, _) = points.picked();
    let slope = 2.0 * points.axes * line.diffusivity * points.step;
    let model = points.covariance(&lags, Vector2::new(line.intercept, slope));
    let ratios = lags.iter().enumerate().map(|(k, lag)| esd[*lag].powi(2) / model[(k, k)]);
    let mean = ratios.sum::<f64>() / lags.len() as f64;
    if mean.is_finite() { mean.max(1.0) } else { 1.0 }
}

impl Points {
    /// The lags of the fit, and the MSD there.
    fn picked(&self) -> (Vec<usize>, DVector<f64>) {
        let [first, last] = self.window;
        let count = (last - first + 1).min(MOST);
        let lags: Vec<usize> = (0..count).map(|k| first + k * (last - first) / (count - 1)).collect();
        let y = DVector::from_iterator(count, lags.iter().map(|lag| self.msd[*lag]));
        (lags, y)
    }

    /// C for a line of this intercept (Å²) and slope (Å² a frame).
    fn covariance(&self, lags: &[usize], line: Vector2<f64>) -> DMatrix<f64> {
        // No line says less than nothing: a slope of noise, below 0, still has the variance of what is there.
        let least = 1e-3 * self.msd[lags[lags.len() - 1]] / lags[lags.len() - 1] as f64;
        let walk = line.y.max(least.max(f64::MIN_POSITIVE)) / self.axes;
        let rattle = (0.5 * line.x / self.axes).max(0.0);
        let factor = 2.0 * self.axes / self.atoms as f64;
        DMatrix::from_fn(lags.len(), lags.len(), |a, b| {
            let (m, n) = (lags[a.min(b)], lags[a.max(b)]);
            factor * self.products(m, n, walk, rattle)
        })
    }

    /// `1/(M_m M_n) Σ_k w_k cov²` for m <= n.
    fn products(&self, m: usize, n: usize, walk: f64, rattle: f64) -> f64 {
        let [m, n, frames] = [m, n, self.frames].map(usize::cast_signed);
        let sum: f64 = (-n..=m)
            .map(|k| {
                let beginnings = (frames - m).min(frames - n - k) - (-k).max(0);
                let overlap = (m.min(k + n) - k.max(0)).max(0);
                let meets = [k + n == m, k == 0].map(f64::from).iter().sum::<f64>()
                    - [k == m, k == -n].map(f64::from).iter().sum::<f64>();
                beginnings.max(0) as f64 * (walk * overlap as f64 + rattle * meets).powi(2)
            })
            .sum();
        sum / ((frames - m) * (frames - n)) as f64
    }
}

/// Generalised least squares: the parameters and their covariance.
fn solve(design: &DMatrix<f64>, y: &DVector<f64>, covariance: &DMatrix<f64>) -> (Vector2<f64>, Matrix2<f64>) {
    // Neighbouring lags are nearly one: what rounding leaves of their difference must not rule.
    let ridge = 1e-9 * covariance.trace() / covariance.nrows() as f64;
    let sound = covariance + DMatrix::identity(covariance.nrows(), covariance.nrows()) * ridge;
    let Some(cholesky) = sound.cholesky() else { return (Vector2::zeros(), Matrix2::repeat(f64::INFINITY)) };
    let weighted = cholesky.solve(design);
    let normal: Matrix2<f64> = (design.transpose() * &weighted).fixed_view::<2, 2>(0, 0).into();
    let right: Vector2<f64> = (weighted.transpose() * y).fixed_view::<2, 1>(0, 0).into();
    let variance = normal.try_inverse().unwrap_or_else(|| Matrix2::repeat(f64::INFINITY));
    (variance * right, variance)
}
