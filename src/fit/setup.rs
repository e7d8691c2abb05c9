//! Job, structure and data brought together and checked, before anything is computed.

use crate::curve::{CurveError, Measurement};
use crate::expand::{self, ExpandError, Severity};
use crate::forward::{Forward, ForwardError};
use crate::histogram::{self, BondList, HistogramError};
use crate::job::{Bonds, Job, Symmetry};
use crate::lines::Sum;
use crate::model::Model;
use crate::objective::{Noise, ObjectiveError, Target};
use crate::observed::Observed;
use crate::outcome::InputFile;
use crate::params::{BindError, Binding, State};
use crate::restraints::{RestraintError, Restraints};
use crate::sums::{Sums, TooMuch};

/// Everything that a refinement is made of, as read from files.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The job.
    pub job: Job,
    /// The structure, as the file has it.
    pub model: Model,
    /// The measured curve.
    pub observed: Observed,
    /// The files and their hashes, for the report.
    pub files: Vec<InputFile>,
    /// What the readers had to say.
    pub warnings: Vec<String>,
}

/// A refinement that can run.
#[derive(Debug, Clone)]
pub struct Setup {
    pub(crate) job: Job,
    pub(crate) observed: Observed,
    pub(crate) files: Vec<InputFile>,
    /// What a user should know before it runs.
    pub warnings: Vec<String>,
    /// What is to be said of a single answer where many fit as well; an ensemble is the many.
    pub(crate) one_of_many: Option<String>,
    pub(crate) binding: Binding,
    pub(crate) forward: Forward,
    pub(crate) target: Target,
    pub(crate) restraints: Restraints,
    pub(crate) bonds: Vec<(Bonds, BondList)>,
    pub(crate) qmin: f64,
    pub(crate) qmax: Option<f64>,
    /// Where the search begins: at the job's own start, to which restraints draw, unless [`Setup::begin_at`] says otherwise.
    pub(crate) begin: Vec<f64>,
}

/// A refinement that cannot run, or that broke off.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// A name or a tie in the job.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The structure.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// A check of the structure that found something that cannot be computed.
    #[error("{0}")]
    Structure(String),
    /// More pairs of atoms than can be summed.
    #[error("to rmax {rmax} Å {what}; take a smaller rmax{}", or_else(what))]
    Load {
        /// Where the data end, Å.
        rmax: f64,
        /// What is too much.
        what: TooMuch,
    },
    /// More derivatives than memory is for.
    #[error(
        "{residuals} residuals by {parameters} parameters take some {gigabytes:.1} GB, more than {} GB; refine fewer \
         parameters, or take grid: Nyquist",
        MOST_MATRIX / 1e9
    )]
    Matrix {
        /// Points that are compared, and terms of restraints.
        residuals: usize,
        /// Refined parameters.
        parameters: usize,
        /// What they take.
        gigabytes: f64,
    },
    /// The range of the data.
    #[error(transparent)]
    Objective(#[from] ObjectiveError),
    /// The curve as it was asked for.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// The restraints.
    #[error(transparent)]
    Restraint(#[from] RestraintError),
    /// The bonds to count.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// The engine.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// No curve at the starting values.
    #[error("the refinement cannot start: {0}")]
    NoStart(String),
}

/// Below this rmax nothing that acts as a function of r over many shells can be told from the U's, Å.
const SHORT: f64 = 4.6;

impl Setup {
    /// Brings job, structure and data together.
    ///
    /// # Errors
    /// Whatever does not fit together; see [`FitError`].
    pub fn new(inputs: Inputs) -> Result<Self, FitError> {
        let _room = tracing::info_span!("fit").entered();
        let Inputs { mut job, model, observed, files, mut warnings } = inputs;
        take_header_settings(&mut job, &observed, &mut warnings);
        let model = match job.symmetry {
            Symmetry::SpaceGroup => model,
            Symmetry::P1 => expand::to_p1(&model),
        };
        let mut crystal = expand::crystal(&model)?;
        if let Some(molecules) = &job.molecules {
            expand::molecules(&model, &mut crystal, molecules)?;
        }
        check_structure(&model, &crystal, &observed, &mut warnings)?;
        let binding = Binding::new(&job, &model, &crystal)?;
        if !binding.ties_allowed(&binding.values(&binding.start())?) {
            return Err(BindError::TiedOutside.into());
        }
        let start = binding.state(&binding.start())?;
        let restraints = Restraints::new(&job, &binding, &start)?;
        let qmax = job.data.qmax;
        let qmin = job.data.qmin.unwrap_or(0.0);
        let target = Target::select(&observed, &job.data, qmax, !restraints.is_empty())?;
        check_load(&job, &binding)?;
        check_matrix(target.points() + restraints.len(), binding.free.len())?;
        let forward = Forward::new(&measurement(&job, &observed, &target), &start)?;
        let bonds = bond_lists(&job, &start, &mut warnings)?;
        warnings.extend(observed.warnings.iter().cloned());
        warnings.extend(tensors_left(&binding, &start));
        warnings
            .extend(restraints.warnings.iter().filter(|text| !warnings.contains(text)).cloned().collect::<Vec<_>>());
        warnings.extend(doubts(&job, &binding, &target, qmax));
        let one_of_many = one_of_many(&job, &binding, qmin, qmax);
        let begin = binding.start();
        Ok(Self {
            job,
            observed,
            files,
            warnings,
            one_of_many,
            binding,
            forward,
            target,
            restraints,
            bonds,
            qmin,
            qmax,
            begin,
        })
    }

    /// Begins the search at other values of the refined parameters, in the job's order; what lies outside its bounds is moved onto
    /// them, and a value that is left out stays at the job's start.
    ///
    /// Restraints go on drawing to the job's start, and bonds are those of the structure as the job has it.
    #[must_use]
    pub fn begin_at(mut self, values: &[f64]) -> Self {
        for ((begin, free), value) in self.begin.iter_mut().zip(&self.binding.free).zip(values) {
            *begin = value.clamp(free.bounds.0, free.bounds.1);
        }
        self
    }

    /// The refined parameters' values at the job's own start, in its order.
    pub fn start(&self) -> Vec<f64> {
        self.binding.start()
    }

    /// `(qmax - qmin)(r2 - r1) / π` (Farrow et al. 2011, Phys. Rev. B 84, 134105); the points where qmax is not known.
    pub(crate) fn independent_observations(&self) -> f64 {
        let data = &self.job.data;
        let points = self.target.points() as f64;
        let known = |qmax: f64| ((qmax - self.qmin) * (data.rmax - data.rmin) / std::f64::consts::PI).min(points);
        self.qmax.map_or(points, known)
    }
}

/// Settings that the job leaves open come from the data file's header; where both speak and disagree, that is said.
fn take_header_settings(job: &mut Job, observed: &Observed, warnings: &mut Vec<String>) {
    let header = &observed.header;
    let warnings = std::cell::RefCell::new(warnings);
    let doubt = |text: String| warnings.borrow_mut().push(text);
    let settle = |name: &str, own: Option<f64>, theirs: Option<f64>| {
        if let (Some(own), Some(theirs)) = (own, theirs)
            && (own - theirs).abs() > 1e-3 * theirs.abs().max(0.1)
        {
            doubt(format!(
                "the job has {name} {own}, the header of {} says {theirs}: the job's is used",
                observed.name
            ));
        }
        own.or(theirs)
    };
    // A curve that this program transformed itself has been continued to Q = 0.
    let own_transform = observed.form.in_q();
    let theirs = if own_transform { None } else { header.qmin };
    job.data.qmin = settle("qmin", job.data.qmin, theirs);
    job.data.qmax = settle("qmax", job.data.qmax, header.qmax);
    match (job.data.radiation, header.radiation) {
        (Some(own), Some(theirs)) if own != theirs => doubt(format!(
            "the job has radiation {own:?}, the header of {} says {theirs:?}: the job's is used",
            observed.name
        )),
        (None, None) => {
            doubt(format!("neither the job nor {} says what was scattered: X-rays are assumed", observed.name));
        }
        _ => {}
    }
    job.data.radiation = job.data.radiation.or(header.radiation);
    if let Some(theirs) = header.normalisation.filter(|theirs| *theirs != job.data.normalisation) {
        doubt(format!(
            "the job has normalisation {:?}, the header of {} says {theirs:?}: the job's is used",
            job.data.normalisation, observed.name
        ));
    }
    for (name, theirs) in [("qdamp", header.qdamp), ("qbroad", header.qbroad)] {
        let own = job.set.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        let refined = job.refine.iter().any(|(known, vary)| known == name && vary.start.is_some());
        if let (None, Some(value), false) = (own, settle(name, own, theirs), refined) {
            job.set.push((name.to_owned(), value));
        }
    }
}

fn check_structure(
    model: &Model,
    crystal: &crate::crystal::Crystal,
    observed: &Observed,
    warnings: &mut Vec<String>,
) -> Result<(), FitError> {
    for finding in expand::checks(model, crystal, Some(&observed.header)) {
        if finding.severity == Severity::Error {
            return Err(FitError::Structure(finding.message));
        }
        warnings.push(finding.message);
    }
    Ok(())
}

/// Can the pairs be summed, at the start and where a fit goes from there? Atoms that start with one U may part.
fn check_load(job: &Job, binding: &Binding) -> Result<(), FitError> {
    let start = binding.start();
    let parted = start.iter().enumerate().map(|(k, p)| p + 1e-9 * (k + 1) as f64).collect();
    let (rmax, qmax) = (job.data.rmax, job.data.qmax);
    let sum = Sum::of(job.data.compat);
    for p in [start, parted] {
        // Formulas may have no value beside the start; at the start itself others see to that.
        let Ok(state) = binding.state(&p) else { continue };
        let Ok(tangents) = binding.tangents(&state, &p) else { continue };
        let load = Sums::load(&state.crystal, sum, (rmax, qmax), &tangents);
        load.check().map_err(|what| FitError::Load { rmax, what })?;
    }
    Ok(())
}

/// Most bytes that derivatives may take.
const MOST_MATRIX: f64 = 8e9;

/// The matrix of derivatives is there so often at once: as columns of the curve, weighted, and as its own decomposition.
const COPIES: f64 = 3.0;

/// Is there memory for the derivatives?
fn check_matrix(residuals: usize, parameters: usize) -> Result<(), FitError> {
    let bytes = COPIES * 8.0 * residuals as f64 * parameters as f64;
    if bytes > MOST_MATRIX {
        return Err(FitError::Matrix { residuals, parameters, gigabytes: bytes / 1e9 });
    }
    Ok(())
}

/// What else makes a list shorter.
fn or_else(what: &TooMuch) -> &'static str {
    match what {
        TooMuch::Time(_) => "",
        TooMuch::Memory { .. } => {
            ", isotropic U of at most 16 kinds of atoms (their pairs are not listed), or refine fewer atoms one by one"
        }
    }
}

/// The bonds to follow, each kind with its list.
fn bond_lists(job: &Job, start: &State, warnings: &mut Vec<String>) -> Result<Vec<(Bonds, BondList)>, FitError> {
    let mut lists = Vec::new();
    for kind in &job.bonds {
        let list = histogram::bonds(&start.model, &start.crystal, kind)?;
        warnings.extend(list.ties(&start.model, &start.crystal, kind, ["neighbours: ", ""]));
        lists.push((kind.clone(), list));
    }
    Ok(lists)
}

/// Molecules that turn while their U tensors stay.
fn tensors_left(binding: &Binding, start: &State) -> Option<String> {
    let bodies = binding.turned_tensors(&start.model);
    let first = bodies.first()?;
    Some(format!(
        "{} molecules that may turn (the first is that of {first}) have U tensors, which keep their directions: refine or set \
         Uiso of their elements if they turn far",
        bodies.len()
    ))
}

fn measurement(job: &Job, observed: &Observed, target: &Target) -> Measurement {
    Measurement::of(&job.data, target.r.clone(), observed.r.first().copied().unwrap_or(0.0))
}

/// Are more parameters refined than there are observations to tell them by?
fn one_of_many(job: &Job, binding: &Binding, qmin: f64, qmax: Option<f64>) -> Option<String> {
    let observations = (qmax? - qmin) * (job.data.rmax - job.data.rmin) / std::f64::consts::PI;
    let refined = binding.free.len();
    (refined as f64 > observations).then(|| {
        format!(
            "{refined} parameters on {observations:.0} independent observations: many sets of values fit these data equally well, and \
             this is one of them"
        )
    })
}

/// What a user should know about the question that the job asks.
fn doubts(job: &Job, binding: &Binding, target: &Target, qmax: Option<f64>) -> Vec<String> {
    let mut doubts = Vec::new();
    let refined: Vec<&str> = binding.free.iter().map(|free| binding.variables()[free.variable].name.as_str()).collect();
    let long = ["delta1", "delta2", "qdamp", "qbroad"];
    let hopeless: Vec<&str> = refined.iter().copied().filter(|name| long.contains(name)).collect();
    if job.data.rmax < SHORT && !hopeless.is_empty() {
        doubts.push(format!(
            "{} cannot be told apart from U on data that end at {} Å: fix {} at the value of a standard, or fit farther",
            hopeless.join(", "),
            job.data.rmax,
            if hopeless.len() == 1 { "it" } else { "them" }
        ));
    }
    if qmax.is_none() {
        doubts.push("qmax is not known: the model is not truncated, and information cannot be counted".to_owned());
    }
    if target.noise == Noise::Unknown {
        doubts.push(format!(
            "{} gives no uncertainties: every point weighs the same, and esds rest on the size of the residuals",
            job.data.file
        ));
    }
    doubts
}
