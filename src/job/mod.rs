//! A refinement as its user writes it down: the job file, field by field.
//!
//! [`crate::read::job`] reads it from RON; the reference in `docs/job.md` explains it to a user.

mod data;
mod file;
pub(crate) mod named;
mod scope;

use serde::{Deserialize, Serialize};

pub use crate::observed::Normalisation;
pub use data::{Compare, Compat, Data, GridChoice, Instrument, Weights};
pub use scope::{ScopeError, Scoped, Scopes};

/// One refinement: structures, measured curves, what to vary, what to count.
///
/// Every curve is the sum of those of all phases. A file with one structure and one curve gives them no names; those of several
/// have names, and a parameter's own may end in one or two of these, `Uiso.Ni@glass`, `qdamp@neutrons`: see [`Scopes`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "file::JobFile", into = "file::JobFile")]
pub struct Job {
    /// A name for people.
    pub title: String,
    /// The structures, by name: at least one. A single one may have none, that is, `""`.
    pub phases: Named<Phase>,
    /// The measured curves and how they were measured, by name: at least one. A single one may have none.
    pub datasets: Named<Data>,
    /// Values that replace the structure's or the default ones, by parameter name.
    pub set: Named<f64>,
    /// What is refined, by parameter name.
    pub refine: Named<Vary>,
    /// Ties by formula, `"Uiso.C = Uiso.N"`.
    pub ties: Vec<String>,
    /// Distance in Å beyond which the second U (`Uiso2.X`) of an element or site holds.
    pub beyond: Named<f64>,
    /// The bonds to count.
    pub bonds: Vec<Bonds>,
    /// What is known of the structure beside the data.
    pub restraints: Vec<Restraint>,
    /// Factor on the sum of squares of all restraints, those by `sigma` of a parameter included; no unit.
    pub restraint_weight: f64,
    /// How the least squares go about it.
    pub fit: FitOptions,
}

/// A structure that is refined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Path of the structure (CIF, `.stru`, xyz, RON model), relative to the job file.
    pub structure: String,
    /// Refine in the model's space group, or with every atom of the cell on its own.
    #[serde(default)]
    pub symmetry: Symmetry,
    /// Look for molecules, so that pairs inside one carry their own U (`Uinside.X`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub molecules: Option<Molecules>,
}

/// Pairs of name and value in the order of the file, where a repeated name is an error.
pub type Named<T> = Vec<(String, T)>;

/// Which atoms move together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Symmetry {
    /// Those that the space group relates.
    #[default]
    SpaceGroup,
    /// None: the cell is expanded and every atom is a site.
    P1,
    /// None, and no images either: the atoms of the cell are an isolated cluster.
    Cluster,
}

/// How one parameter is refined.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vary {
    /// Value to start from (default: the structure's).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// Lowest value allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Highest value allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Soft restraint to the start value: its standard deviation, in the parameter's unit
    /// (Å for `x. y. z.`, converted to fractions).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
}

/// How molecules are found: atoms nearer than the sum of their covalent radii plus `slack` are bonded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Molecules {
    /// Elements that bond to no molecule (the metals of a framework).
    pub exclude: Vec<String>,
    /// Added to the sum of covalent radii, Å.
    pub slack: f64,
}

/// A kind of bond to follow: for each atom of the first element its nearest neighbours of the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bonds {
    /// `"Co-N"`: the centre first.
    pub pair: String,
    /// A bond longer than this is broken, Å.
    #[serde(default = "cutoff")]
    pub cutoff: f64,
    /// How many neighbours each centre has in the starting structure.
    #[serde(default = "neighbours")]
    pub neighbours: usize,
    /// Width of a bin of the histogram, Å.
    #[serde(default = "bin")]
    pub bin: f64,
}

/// What is known of the structure beside the data: the squares of `(value - target)/sigma` are added to those of the data.
///
/// A bottom of width `within` is flat: nothing is added up to that distance from the target, and beyond it the distance
/// from its edge counts. [`crate::restraints`] has the equations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Restraint {
    /// The lengths of bonds.
    Distance {
        /// `"Co-N"`: the centre first.
        pair: String,
        /// How many neighbours each centre has in the starting structure, as in [`Bonds`].
        #[serde(default = "neighbours")]
        neighbours: usize,
        /// Length, Å (default: each bond's own at the start).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<f64>,
        /// Half the width of the flat bottom, Å.
        #[serde(default)]
        within: f64,
        /// Standard deviation, Å.
        sigma: f64,
    },
    /// The angles between the bonds of a centre.
    Angle {
        /// `"N-Co-N"`: the centre in the middle.
        angle: String,
        /// How many neighbours each centre has in the starting structure, as in [`Bonds`].
        #[serde(default = "neighbours")]
        neighbours: usize,
        /// Angle, degrees (default: each angle's own at the start).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<f64>,
        /// Half the width of the flat bottom, degrees.
        #[serde(default)]
        within: f64,
        /// Standard deviation, degrees.
        sigma: f64,
    },
    /// Pairs that come too near are pushed apart.
    Apart {
        /// `"Co-C"`: two elements.
        pair: String,
        /// Nothing is added from this distance on, Å.
        least: f64,
        /// Standard deviation, Å.
        sigma: f64,
    },
    /// Atoms are drawn to where they start.
    Displacement {
        /// An element or the label of a site.
        of: String,
        /// Standard deviation along each axis, Å.
        sigma: f64,
    },
}

/// When the least squares stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitOptions {
    /// Most iterations.
    pub max_iterations: usize,
    /// Relative tolerance on the sum of squares, the step and the gradient.
    pub tolerance: f64,
}

fn one() -> f64 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}

fn cutoff() -> f64 {
    2.25
}

fn neighbours() -> usize {
    4
}

fn bin() -> f64 {
    0.1
}

impl Job {
    /// A job that refines nothing, with every default.
    pub fn of(structure: String, data: Data) -> Self {
        Self {
            title: String::new(),
            phases: vec![(String::new(), Phase::of(structure))],
            datasets: vec![(String::new(), data)],
            set: Vec::new(),
            refine: Vec::new(),
            ties: Vec::new(),
            beyond: Vec::new(),
            bonds: Vec::new(),
            restraints: Vec::new(),
            restraint_weight: one(),
            fit: FitOptions::default(),
        }
    }

    /// The first structure, which most jobs have alone.
    ///
    /// # Panics
    /// For a job without one, which no file can describe.
    pub fn phase(&self) -> &Phase {
        &self.phases[0].1
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// For a job without one.
    pub fn phase_mut(&mut self) -> &mut Phase {
        &mut self.phases[0].1
    }

    /// The first curve, which most jobs have alone.
    ///
    /// # Panics
    /// For a job without one, which no file can describe.
    pub fn data(&self) -> &Data {
        &self.datasets[0].1
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// For a job without one.
    pub fn data_mut(&mut self) -> &mut Data {
        &mut self.datasets[0].1
    }

    /// One structure and one curve?
    pub fn is_single(&self) -> bool {
        self.phases.len() == 1 && self.datasets.len() == 1
    }

    /// Takes the resolution of an instrument for a data set where the job itself says nothing of it: as the start of what is
    /// refined, else as a value that is set.
    ///
    /// ```
    /// use corefine::job::Instrument;
    /// let text = r#"(structure: "a.cif", data: (file: "a.gr", rmin: 1, rmax: 9), refine: { "qbroad": () })"#;
    /// let mut job = corefine::read::job::job(text, "job.ron").unwrap();
    /// job.take(0, &Instrument { qdamp: 0.045, qbroad: 0.017 });
    /// assert_eq!((job.set[0].1, job.refine[0].1.start), (0.045, Some(0.017)));
    /// ```
    pub fn take(&mut self, dataset: usize, instrument: &Instrument) {
        let scopes = Scopes::of(self);
        for (name, value) in [("qdamp", instrument.qdamp), ("qbroad", instrument.qbroad)] {
            let here = |text: &str| scopes.means(text, name, dataset);
            let is_left = |tie: &String| tie.split('=').next().is_some_and(|left| here(left.trim()));
            if self.set.iter().any(|(known, _)| here(known)) || self.ties.iter().any(is_left) {
                continue;
            }
            match self.refine.iter_mut().find(|(known, _)| here(known)) {
                Some((_, vary)) => vary.start = vary.start.or(Some(value)),
                // In front: what the job says of one phase goes before it.
                None => self.set.insert(0, (scopes.in_dataset(name, dataset), value)),
            }
        }
    }
}

impl Phase {
    /// A structure with every default.
    pub fn of(structure: String) -> Self {
        Self { structure, symmetry: Symmetry::default(), molecules: None }
    }
}

impl Bonds {
    /// The bonds of a pair with every default.
    pub fn of(pair: &str) -> Self {
        Self { pair: pair.to_owned(), cutoff: cutoff(), neighbours: neighbours(), bin: bin() }
    }
}

impl Restraint {
    /// What it is of, as the job writes it: the pair, the angle, the element or site.
    pub fn of(&self) -> &str {
        match self {
            Self::Distance { pair, .. } | Self::Apart { pair, .. } => pair,
            Self::Angle { angle, .. } => angle,
            Self::Displacement { of, .. } => of,
        }
    }

    /// The same of something else.
    #[must_use]
    pub fn renamed(mut self, other: &str) -> Self {
        let (Self::Distance { pair: of, .. }
        | Self::Apart { pair: of, .. }
        | Self::Angle { angle: of, .. }
        | Self::Displacement { of, .. }) = &mut self;
        other.clone_into(of);
        self
    }
}

impl Default for Molecules {
    fn default() -> Self {
        Self { exclude: Vec::new(), slack: 0.2 }
    }
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { max_iterations: 200, tolerance: 1e-6 }
    }
}
