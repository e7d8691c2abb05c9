//! A comparison in Q of what lies between two distances.

use std::f64::consts::{FRAC_2_PI, PI};

use nalgebra::{DMatrix, DVector};

use super::{Noise, ObjectiveError, Target, within};
use crate::interpolate::cubic;
use crate::job::{Compare, Data, GridChoice};
use crate::noise::oversampling;
use crate::observed::{InQ, Observed};
use crate::transform::{sine_transform, spacing};
use crate::window::Window;

/// What a comparison in Q sees of a curve G(r) between `rmin` and `rmax`, the same linear map for data, model and derivatives:
///
/// ```text
/// F_w(Q_j) = ∫_rmin^rmax G(r) sin(Q_j r) dr ≈ Σ_k h w_k G(r_k) sin(Q_j r_k)      w_k: 1, at both ends 1/2
/// ```
///
/// or `F_w(Q)/Q` where S(Q) is compared. G holds Q from qmin to qmax and whatever window the job names, in data and model.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// F or S.
    pub compare: Compare,
    /// Where the curves are compared, 1/Å.
    pub q: Vec<f64>,
    /// Measured `F_w` (1/Å), or `F_w/Q`.
    pub values: Vec<f64>,
    /// The map: points of Q × distances.
    pub rows: DMatrix<f64>,
}

/// Distances for each half wave of qmax: the sum of `Σ_k` is then that of the integral but for its ends.
const FINE: f64 = 4.0;

impl Target {
    /// The points in Q of `observed` that a job compares with.
    pub(super) fn select_in_q(
        observed: &Observed,
        data: &Data,
        qmax: Option<f64>,
        nominal: Option<f64>,
    ) -> Result<Self, ObjectiveError> {
        within(observed, data)?;
        let qmax = qmax.ok_or_else(|| ObjectiveError::NoWindow { file: observed.name.clone() })?;
        let r = distances(data, qmax);
        let (q, step) = points(observed, data, qmax)?;
        let rows = rows(data.compare, &q, &r);
        let g = measured(observed, data, qmax, &r);
        let values: Vec<f64> = (&rows * DVector::from_column_slice(&g)).as_slice().to_vec();
        let largest = values.iter().fold(0.0_f64, |top, f| top.max(f.abs()));
        if largest == 0.0 {
            return Err(ObjectiveError::Zero { file: observed.name.clone(), rmin: data.rmin, rmax: data.rmax });
        }
        let of_file = observed.in_q.as_ref().filter(|in_q| !in_q.df.is_empty());
        let (noise, dg) = match (data.dg, of_file) {
            (Some(dg), _) => (Noise::Job, vec![dg; q.len()]),
            (None, Some(in_q)) => (Noise::File, sigma(in_q, data, qmax, &rows, &r)),
            (None, None) => (Noise::Unknown, vec![nominal.map_or(1.0, |share| share * largest); q.len()]),
        };
        let oversampling = oversampling(step, Some(data.rmax - data.rmin));
        let seen = Seen { compare: data.compare, q, values, rows };
        Ok(Self { r, g, dg, noise, oversampling, seen: Some(seen) })
    }
}

fn distances(data: &Data, qmax: f64) -> Vec<f64> {
    let parts = ((data.rmax - data.rmin) * FINE * qmax / PI).ceil().max(2.0);
    (0..=parts as usize).map(|k| data.rmin + (data.rmax - data.rmin) * k as f64 / parts).collect()
}

/// The points of Q and their mean step, 1/Å.
///
/// Steps of `π/rmax` hold all of a curve from `rmin` to `rmax`. In steps of `π/(rmax - rmin)`, as many as there are independent values, waves of
/// different distances look alike, and esds come out too small by up to a half.
fn points(observed: &Observed, data: &Data, qmax: f64) -> Result<(Vec<f64>, f64), ObjectiveError> {
    let nyquist = PI / data.rmax;
    let first = observed.in_q.as_ref().and_then(|in_q| in_q.q.first()).copied().unwrap_or(0.0);
    let low = data.qmin.unwrap_or(0.0).max(first);
    let steps = |step: f64| -> Vec<f64> {
        // At Q = 0 there is nothing to compare.
        let from = if low > 0.0 { low } else { step };
        let count = ((qmax - from) / step * (1.0 + 1e-9)).floor().max(0.0) as usize;
        (0..=count).map(|k| from + k as f64 * step).collect()
    };
    let q: Vec<f64> = match (data.grid, &observed.in_q) {
        (GridChoice::Data, Some(in_q)) => {
            in_q.q.iter().copied().filter(|q| *q >= low && *q <= qmax && *q > 0.0).collect()
        }
        (GridChoice::Step(step), _) => steps(step),
        (GridChoice::Data | GridChoice::Nyquist, _) => steps(nyquist),
    };
    match q[..] {
        [from, .., to] => Ok(((q.clone()), (to - from) / (q.len() - 1) as f64)),
        _ => Err(ObjectiveError::FewInQ { file: observed.name.clone(), count: q.len(), qmin: low, qmax }),
    }
}

fn rows(compare: Compare, q: &[f64], r: &[f64]) -> DMatrix<f64> {
    let last = r.len() - 1;
    let step = (r[last] - r[0]) / last as f64;
    DMatrix::from_fn(q.len(), r.len(), |j, k| {
        let weight = if k == 0 || k == last { 0.5 * step } else { step };
        let wave = weight * (q[j] * r[k]).sin();
        if compare == Compare::S { wave / q[j] } else { wave }
    })
}

fn window(data: &Data) -> Window {
    Window::soper_lorch(data.soper_lorch)
}

/// G(r) of the data: straight from F(Q) where the file holds that.
fn measured(observed: &Observed, data: &Data, qmax: f64, r: &[f64]) -> Vec<f64> {
    match &observed.in_q {
        Some(in_q) => sine_transform(&in_q.q, &in_q.f, r, data.qmin.unwrap_or(0.0), qmax, window(data)),
        None => r.iter().map(|r| cubic(&observed.r, &observed.g, *r)).collect(),
    }
}

/// Standard uncertainty of `F_w` from those of the points of F(Q), which are independent of each other:
/// `F_w(Q_j) = Σ_k K_jk F(Q_k)`, `dF_w² = Σ_k K_jk² dF_k²`.
fn sigma(in_q: &InQ, data: &Data, qmax: f64, rows: &DMatrix<f64>, r: &[f64]) -> Vec<f64> {
    let low = data.qmin.unwrap_or(0.0);
    let inside: Vec<usize> = (0..in_q.q.len()).filter(|k| (low..=qmax).contains(&in_q.q[*k])).collect();
    let waves = DMatrix::from_fn(r.len(), inside.len(), |i, c| {
        let k = inside[c];
        let q = in_q.q[k];
        FRAC_2_PI * spacing(&in_q.q, k) * window(data).at(q, qmax) * in_q.df[k] * (q * r[i]).sin()
    });
    let spread = rows * waves;
    spread.row_iter().map(|row| row.norm()).collect()
}
