//! Regression: named cases with the values that are expected of them, and what moved.
//!
//! A [`Suite`] is what [`crate::read::suite`] reads; `docs/regression.md` explains it to a user. What a case gave is brought to
//! [`Answers`], which every expectation is held to by [`compare`]. Here is no file, no clock and no engine: the command runs the cases.

mod answers;
mod compare;

pub use answers::{Answers, Found};
pub use compare::{Checked, Ended, Run, State, Value, compare};

use serde::Deserialize;

use crate::job::{Compat, Named, Normalisation, Weights, named};
use crate::observed::Radiation;

/// A file of cases.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// A name for people.
    #[serde(default)]
    pub title: String,
    /// The environment variable that names the folder of data that lie elsewhere.
    #[serde(default)]
    pub data_from: Option<String>,
    /// The case whose time on the CPU is the unit of every `time`.
    #[serde(default)]
    pub unit: Option<String>,
    /// What is run, in this order.
    pub cases: Vec<Case>,
}

/// One thing to do, on one or several engines, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Stands in every table; named once.
    pub name: String,
    /// What is done.
    pub run: Task,
    /// The engines, one run each.
    #[serde(default = "on_the_cpu")]
    pub engines: Vec<EngineName>,
    /// Longest time on the CPU, in units of the time of the suite's `unit`.
    #[serde(default)]
    pub time: Option<f64>,
    /// It has to be refused, with a message that holds these words.
    #[serde(default)]
    pub refused: Option<String>,
    /// The values, by name.
    #[serde(default, with = "named")]
    pub expect: Named<Expected>,
}

/// What a case does. Paths are seen from the suite's folder; what is not there is looked for in the folder of data.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub enum Task {
    /// The refinement of a job file.
    Refine(String),
    /// G(r) of a structure.
    Simulate(CurveOf),
    /// Measured intensities to G(r).
    Reduce(Reduction),
    /// A measured curve, as a job reads it.
    Read(String),
}

/// A structure and how its G(r) is computed: the options of `corefine simulate`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurveOf {
    /// Path of the structure.
    pub structure: String,
    /// What is scattered.
    pub radiation: Radiation,
    /// How pairs of elements are weighted.
    pub weights: Weights,
    /// What S(Q) is normalised by.
    pub normalisation: Normalisation,
    /// Whose sum.
    pub compat: Compat,
    /// First distance, Å.
    pub rmin: f64,
    /// Last distance, Å.
    pub rmax: f64,
    /// Step of the grid, Å.
    pub rstep: f64,
    /// Lower end of the transform, 1/Å.
    pub qmin: f64,
    /// Upper end of the transform, 1/Å; `None`: not truncated.
    pub qmax: Option<f64>,
    /// Damping by the instrument's resolution, 1/Å.
    pub qdamp: f64,
    /// Broadening by the instrument's resolution, 1/Å.
    pub qbroad: f64,
}

impl Default for CurveOf {
    fn default() -> Self {
        Self {
            structure: String::new(),
            radiation: Radiation::Xray,
            weights: Weights::default(),
            normalisation: Normalisation::default(),
            compat: Compat::default(),
            rmin: 0.0,
            rmax: 30.0,
            rstep: 0.01,
            qmin: 0.0,
            qmax: None,
            qdamp: 0.0,
            qbroad: 0.0,
        }
    }
}

/// A pattern to reduce, and its settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// Path of the sample's pattern.
    pub sample: String,
    /// Path of the background's.
    #[serde(default)]
    pub background: Option<String>,
    /// The settings of `corefine reduce`, as its job has them.
    #[serde(default)]
    pub settings: crate::reduction::Reduction,
}

/// What does the sums of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// f64 on the CPU.
    Cpu,
    /// f32 on an adapter.
    Gpu,
    /// Both, compared point by point.
    Check,
}

impl EngineName {
    /// `cpu`, `gpu`, `check`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Check => "check",
        }
    }
}

/// An expected value. It may be off by the largest of its tolerances.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The value.
    pub value: f64,
    /// Its standard uncertainty, in the unit of the value.
    #[serde(default)]
    pub esd: Option<f64>,
    /// Largest difference, in the unit of the value.
    #[serde(default)]
    pub abs: Option<f64>,
    /// Largest difference, as a part of the value.
    #[serde(default)]
    pub rel: Option<f64>,
    /// Largest difference in standard uncertainties: the expected one, and without it the one that is found.
    #[serde(default)]
    pub esds: Option<f64>,
}

impl Expected {
    /// Largest difference allowed, where `found` is the standard uncertainty of the value that is found; 0 where there is no
    /// tolerance, or one in uncertainties that nobody knows.
    pub fn tolerance(&self, found: Option<f64>) -> f64 {
        let by_esds = self.esds.zip(self.esd.or(found)).map(|(esds, esd)| esds * esd);
        let by_part = self.rel.map(|rel| rel * self.value.abs());
        [self.abs, by_part, by_esds].into_iter().flatten().fold(0.0, f64::max)
    }
}

fn on_the_cpu() -> Vec<EngineName> {
    vec![EngineName::Cpu]
}
