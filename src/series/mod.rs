//! Many curves of one structure: in which order they are refined, where each begins, and what is kept of each.
//!
//! A [`Frame`] is one curve of a series with its place on the axes (temperature, time, cycle); a [`Record`] is what became of it, and
//! holds all that a table, a page and the next frame need. Numbers of a record go through its text and back unchanged.

mod lanes;
mod names;

use serde::{Deserialize, Serialize};

pub use lanes::{Lanes, Order, lanes, start};
pub use names::{Names, natural};

use crate::outcome::{BondResult, DataResult, Outcome, ParameterResult};

/// A curve that is worse than none at all (Rw of G = 0 is 1) says nothing of where the next frame could begin.
const USELESS: f64 = 1.0;

/// More points of a curve than a picture of many has pixels for.
const DRAWN: usize = 400;

/// One curve of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Its place in the series, from 0.
    pub number: usize,
    /// A short name, which no other frame has and which any file system takes: that of its folder.
    pub name: String,
    /// The data file as it was given.
    pub file: String,
    /// One value for each column of the manifest; `None` where the manifest has none.
    pub values: Vec<Option<f64>>,
}

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The curve.
    pub frame: Frame,
    /// SHA-256 of its bytes, hexadecimal; empty where they could not be read.
    pub sha256: String,
    /// The refinement; `None` where there was none.
    pub fitted: Option<Fitted>,
    /// Why there was none; empty where there was one.
    pub skipped: String,
}

/// A refinement as a series keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The name of the frame whose result it began from; `None` for the job's own start.
    pub begun_from: Option<String>,
    /// Rw.
    pub rw: f64,
    /// `Σ [(Gcalc - Gobs)/dG]²/s`, s the oversampling; no unit.
    pub chi2: f64,
    /// Did it reach a minimum?
    pub converged: bool,
    /// Why it stopped, in words.
    pub stop: String,
    /// Iterations done.
    pub iterations: usize,
    /// Refined parameters in the job's order, then tied ones.
    pub parameters: Vec<Parameter>,
    /// The kinds of bonds.
    pub bonds: Vec<Broken>,
    /// What a user should know.
    pub warnings: Vec<String>,
    /// A label that must stand with every picture of the data, such as `synthetic`; empty for none.
    pub label: String,
    /// The curves, for a picture.
    pub curve: Curve,
}

/// A parameter of a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// `Uiso.Co`.
    pub name: String,
    /// `Å`, `Å²`, `°`, or empty.
    pub unit: String,
    /// Refined value.
    pub value: f64,
    /// Standard uncertainty; `None` where the data do not determine it.
    pub esd: Option<f64>,
    /// Refined itself, or computed from others.
    pub tied: bool,
    /// Stopped at a bound.
    pub at_bound: bool,
}

/// The bonds of one kind in a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Broken {
    /// `Co-N`.
    pub pair: String,
    /// Longer is broken, Å.
    pub cutoff: f64,
    /// Broken fraction, of 1.
    pub fraction: f64,
    /// Its standard uncertainty.
    pub esd: Option<f64>,
    /// Mean length, Å.
    pub mean: f64,
    /// Its standard uncertainty, Å.
    pub mean_esd: Option<f64>,
}

/// Measured and calculated G(r), every so many points. The vectors have the same length.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Curve {
    /// Distances, Å.
    pub r: Vec<f32>,
    /// Measured, 1/Å².
    pub gobs: Vec<f32>,
    /// Calculated, 1/Å².
    pub gcalc: Vec<f32>,
}

impl Record {
    /// A frame that could not be refined.
    pub fn skipped(frame: Frame, sha256: String, why: String) -> Self {
        Self { frame, sha256, fitted: None, skipped: why }
    }

    /// The result that another frame may begin from, if this is one.
    pub fn useful(&self) -> Option<&Fitted> {
        self.fitted.as_ref().filter(|fitted| fitted.rw < USELESS)
    }
}

impl Fitted {
    /// What is kept of an outcome that began from the frame of this name.
    pub fn of(outcome: &Outcome, begun_from: Option<String>) -> Self {
        let first = outcome.data.first();
        Self {
            begun_from,
            rw: outcome.rw,
            chi2: outcome.chi2,
            converged: outcome.converged,
            stop: outcome.stop.clone(),
            iterations: outcome.iterations,
            parameters: outcome.parameters.iter().map(Parameter::of).collect(),
            bonds: outcome.bonds.iter().map(Broken::of).collect(),
            warnings: outcome.warnings.clone(),
            label: first.map_or_else(String::new, |data| data.label.clone()),
            curve: first.map_or_else(Curve::default, Curve::of),
        }
    }
}

impl Parameter {
    fn of(result: &ParameterResult) -> Self {
        let ParameterResult { name, value, esd, unit, tied, at_bound, .. } = result.clone();
        Self { name, unit: unit.to_owned(), value, esd, tied, at_bound }
    }
}

impl Broken {
    fn of(bonds: &BondResult) -> Self {
        Self {
            pair: bonds.pair.clone(),
            cutoff: bonds.cutoff,
            fraction: bonds.fraction,
            esd: bonds.fraction_esd,
            mean: bonds.mean,
            mean_esd: bonds.mean_esd,
        }
    }
}

impl Curve {
    fn of(data: &DataResult) -> Self {
        let every = data.r.len().div_ceil(DRAWN).max(1);
        let thin = |curve: &[f64]| curve.iter().step_by(every).map(|x| *x as f32).collect();
        Self { r: thin(&data.r), gobs: thin(&data.gobs), gcalc: thin(&data.gcalc) }
    }
}
