//! What a fit makes small: weighted differences between a measured curve and a calculated one.

mod in_q;

pub use in_q::Seen;

use std::borrow::Cow;

use nalgebra::{DMatrix, DVectorView};

use crate::interpolate::{cubic, linear};
use crate::job::{Compare, Data, GridChoice};
use crate::noise::{correlated, correlated_in_q, oversampling};
use crate::observed::Observed;

/// The points of a measured curve that a fit compares with, and their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Distances at which a model is asked for, Å.
    pub r: Vec<f64>,
    /// Measured G there, 1/Å².
    pub g: Vec<f64>,
    /// Standard uncertainty of what is compared, one for each point: the file's, or one number for all. 1/Å² for G(r).
    pub dg: Vec<f64>,
    /// Where `dg` comes from.
    pub noise: Noise,
    /// How many neighbouring points carry one piece of information, at least 1: `π / (qmax step)`, in Q `π / ((rmax - rmin) step)`.
    pub oversampling: f64,
    /// The comparison in Q, if that is where it is made.
    pub seen: Option<Seen>,
}

/// Where the uncertainty of the points comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// The data file.
    File,
    /// The job.
    Job,
    /// Nowhere: every point weighs the same, and the size of the residuals tells the noise.
    Unknown,
}

/// Data that cannot be compared with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObjectiveError {
    /// The range is not in the data.
    #[error("{file}: {end} {value} Å lies outside of the data, which go from {first} to {last} Å: change {end}")]
    Range {
        /// The data file.
        file: String,
        /// `rmin` or `rmax`.
        end: &'static str,
        /// Its value, Å.
        value: f64,
        /// First distance, Å.
        first: f64,
        /// Last distance, Å.
        last: f64,
    },
    /// Too few points.
    #[error("{file}: {count} points between {rmin} and {rmax} Å are too few: widen the range or take a finer grid")]
    TooFew {
        /// The data file.
        file: String,
        /// How many.
        count: usize,
        /// Lower end, Å.
        rmin: f64,
        /// Upper end, Å.
        rmax: f64,
    },
    /// A Nyquist grid without qmax.
    #[error("{file}: grid: Nyquist needs qmax, and neither the job nor the file's header has it: add qmax to data")]
    NoQmax {
        /// The data file.
        file: String,
    },
    /// A comparison in Q without an end.
    #[error("{file}: a comparison in Q needs qmax, and neither the job nor the file's header has it: add qmax to data")]
    NoWindow {
        /// The data file.
        file: String,
    },
    /// Too few points in Q.
    #[error(
        "{file}: {count} points of Q between {qmin} and {qmax} 1/Å are too few: widen the window, or r, or take a finer grid"
    )]
    FewInQ {
        /// The data file.
        file: String,
        /// How many.
        count: usize,
        /// Lower end, 1/Å.
        qmin: f64,
        /// Upper end, 1/Å.
        qmax: f64,
    },
    /// A grid that the data do not fill.
    #[error(
        "{file}: a grid of {asked:.4} Å is finer than the data's own, {step:.4} Å, and would invent points: take grid: Data"
    )]
    Finer {
        /// The data file.
        file: String,
        /// Step asked for, Å.
        asked: f64,
        /// Step of the data, Å.
        step: f64,
    },
    /// Nothing but zeros.
    #[error(
        "{file}: all points between {rmin} and {rmax} Å are zero, as in a frame that the detector dropped: leave this file out"
    )]
    Zero {
        /// The data file.
        file: String,
        /// Lower end, Å.
        rmin: f64,
        /// Upper end, Å.
        rmax: f64,
    },
}

/// Share of the largest |G| that stands for the noise where nothing tells it and restraints or other curves need one.
const NOMINAL_NOISE: f64 = 0.02;

impl Target {
    /// The points of `observed` that a job compares with; `weighed` where residuals of other kinds, or of other curves, are
    /// weighed against them.
    ///
    /// # Errors
    /// A range that the data do not cover, too few points, nothing but zeros.
    pub fn select(observed: &Observed, data: &Data, qmax: Option<f64>, weighed: bool) -> Result<Self, ObjectiveError> {
        let _room = tracing::info_span!("objective").entered();
        if data.compare != Compare::G {
            return Self::select_in_q(observed, data, qmax, weighed.then_some(NOMINAL_NOISE));
        }
        within(observed, data)?;
        let r = distances(observed, data, qmax)?;
        if r.len() < 2 {
            return Err(ObjectiveError::TooFew {
                file: observed.name.clone(),
                count: r.len(),
                rmin: data.rmin,
                rmax: data.rmax,
            });
        }
        let g: Vec<f64> = r.iter().map(|r| cubic(&observed.r, &observed.g, *r)).collect();
        let largest = g.iter().fold(0.0_f64, |top, g| top.max(g.abs()));
        if largest == 0.0 {
            return Err(ObjectiveError::Zero { file: observed.name.clone(), rmin: data.rmin, rmax: data.rmax });
        }
        let (noise, dg) = match data.dg {
            Some(dg) => (Noise::Job, vec![dg; r.len()]),
            None if !observed.dg.is_empty() => {
                (Noise::File, r.iter().map(|r| linear(&observed.r, &observed.dg, *r)).collect())
            }
            None => (Noise::Unknown, vec![if weighed { NOMINAL_NOISE * largest } else { 1.0 }; r.len()]),
        };
        let step = (r[r.len() - 1] - r[0]) / (r.len() - 1) as f64;
        let oversampling = oversampling(step, qmax);
        Ok(Self { r, g, dg, noise, oversampling, seen: None })
    }

    /// How many points are compared.
    pub fn points(&self) -> usize {
        self.dg.len()
    }

    /// Standard normal noise of the points that are compared, correlated as that of a curve up to `qmax` (1/Å) is; `normal` gives one
    /// standard normal number after the other.
    pub fn noise(&self, qmax: Option<f64>, mut normal: impl FnMut() -> f64) -> Vec<f64> {
        match (&self.seen, &self.r[..], qmax) {
            (Some(seen), [rmin, .., rmax], Some(qmax)) => correlated_in_q(&seen.q, (*rmin, *rmax), qmax, normal),
            (Some(seen), ..) => seen.q.iter().map(|_| normal()).collect(),
            (None, r, qmax) => correlated(r, qmax, normal),
        }
    }

    /// Measured values of what is compared.
    pub fn values(&self) -> &[f64] {
        self.seen.as_ref().map_or(&self.g, |seen| &seen.values)
    }

    /// What is compared of a G(r) at the distances of this target.
    pub fn of<'a>(&self, g: &'a [f64]) -> Cow<'a, [f64]> {
        match &self.seen {
            None => Cow::Borrowed(g),
            Some(seen) => Cow::Owned((&seen.rows * DVectorView::from_slice(g, g.len())).as_slice().to_vec()),
        }
    }

    /// `Rw = sqrt(Σ w (Gobs - Gcalc)² / Σ w Gobs²)`, `w = 1/dG²`, no unit; in Q with F or S - 1 for G.
    ///
    /// (Farrow et al. 2007, J. Phys.: Condens. Matter 19, 335219.)
    pub fn rw(&self, gcalc: &[f64]) -> f64 {
        let (apart, whole) = self.squares(gcalc);
        (apart / whole).sqrt()
    }

    /// `Σ w (Gobs - Gcalc)²` and `Σ w Gobs²`.
    fn squares(&self, gcalc: &[f64]) -> (f64, f64) {
        let _room = tracing::info_span!("objective").entered();
        let square = |x: f64, dg: f64| (x / dg).powi(2);
        let (observed, calculated) = (self.values(), self.of(gcalc));
        let pairs = observed.iter().zip(calculated.iter()).zip(&self.dg);
        let apart: f64 = pairs.map(|((o, c), dg)| square(o - c, *dg)).sum();
        let whole: f64 = observed.iter().zip(&self.dg).map(|(o, dg)| square(*o, *dg)).sum();
        (apart, whole)
    }

    /// The sum of squares of the residuals of a model that is zero.
    pub fn whole(&self) -> f64 {
        self.residuals(&vec![0.0; self.r.len()]).iter().map(|x| x * x).sum()
    }

    /// How many points there are that tell something each.
    pub fn effective_points(&self) -> f64 {
        self.points() as f64 / self.oversampling
    }

    /// `(Gcalc - Gobs) / dG` for every point.
    ///
    /// Points on a grid finer than Nyquist's repeat each other: all are divided by `sqrt(oversampling)`, so that the
    /// sum of squares counts what is independent, once.
    pub fn residuals(&self, gcalc: &[f64]) -> Vec<f64> {
        let _room = tracing::info_span!("objective").entered();
        let (observed, calculated) = (self.values(), self.of(gcalc));
        calculated.iter().zip(observed).zip(&self.dg).map(|((c, o), dg)| (c - o) * self.weight(*dg)).collect()
    }

    /// The derivative of [`Target::residuals`] from that of the curve, points × parameters.
    pub fn jacobian(&self, columns: &DMatrix<f64>) -> DMatrix<f64> {
        let _room = tracing::info_span!("objective").entered();
        let mut jacobian = self.seen.as_ref().map_or_else(|| columns.clone(), |seen| &seen.rows * columns);
        for mut column in jacobian.column_iter_mut() {
            for (value, dg) in column.iter_mut().zip(&self.dg) {
                *value *= self.weight(*dg);
            }
        }
        jacobian
    }

    fn weight(&self, dg: f64) -> f64 {
        1.0 / (dg * self.oversampling.sqrt())
    }
}

/// [`Target::rw`] over several curves, each with its model; each point counts by its own weight.
pub fn overall_rw<'a>(curves: impl Iterator<Item = (&'a Target, &'a [f64])>) -> f64 {
    let (mut apart, mut whole) = (0.0, 0.0);
    for (target, gcalc) in curves {
        let own = target.squares(gcalc);
        apart += own.0;
        whole += own.1;
    }
    (apart / whole).sqrt()
}

fn within(observed: &Observed, data: &Data) -> Result<(), ObjectiveError> {
    let (first, last) = (observed.r.first().copied().unwrap_or(0.0), observed.r.last().copied().unwrap_or(0.0));
    // Files round their distances: the hundredth part of a step is not a reason to refuse.
    let slack = 0.01 * (last - first) / observed.r.len().max(2) as f64;
    for (end, value) in [("rmin", data.rmin), ("rmax", data.rmax)] {
        if value < first - slack || value > last + slack {
            return Err(ObjectiveError::Range { file: observed.name.clone(), end, value, first, last });
        }
    }
    Ok(())
}

fn distances(observed: &Observed, data: &Data, qmax: Option<f64>) -> Result<Vec<f64>, ObjectiveError> {
    let step = match data.grid {
        GridChoice::Data => {
            let slack = 1e-6;
            let inside = |r: &&f64| **r >= data.rmin - slack && **r <= data.rmax + slack;
            return Ok(observed.r.iter().filter(inside).copied().collect());
        }
        GridChoice::Nyquist => {
            let qmax = qmax.ok_or_else(|| ObjectiveError::NoQmax { file: observed.name.clone() })?;
            std::f64::consts::PI / qmax
        }
        GridChoice::Step(step) => step,
    };
    let own = (observed.r[observed.r.len() - 1] - observed.r[0]) / (observed.r.len() - 1).max(1) as f64;
    if step < 0.999 * own {
        return Err(ObjectiveError::Finer { file: observed.name.clone(), asked: step, step: own });
    }
    let count = ((data.rmax - data.rmin) / step + 1e-9).floor() as usize + 1;
    Ok((0..count).map(|k| data.rmin + k as f64 * step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rw_does_not_depend_on_the_unit_of_the_weights() {
        let target = |dg: f64| Target {
            r: vec![1.0, 2.0],
            g: vec![3.0, 4.0],
            dg: vec![dg; 2],
            noise: Noise::Unknown,
            oversampling: 1.0,
            seen: None,
        };
        assert!((target(1.0).rw(&[3.0, 3.0]) - 0.2).abs() < 1e-15);
        assert!((target(0.01).rw(&[3.0, 3.0]) - 0.2).abs() < 1e-15);
    }
}
