//! Job, structure and data brought together and checked, before anything is computed.

use super::dataset::Dataset;
use super::{doubts, header};
use crate::crystal::Crystal;
use crate::curve::{CurveError, summed_to};
use crate::element::Element;
use crate::expand::{self, ExpandError, Severity};
use crate::forward::{Forward, ForwardError};
use crate::histogram::{self, BondList, HistogramError};
use crate::job::{Bonds, Data, Job, Phase, Scopes, Symmetry};
use crate::lines::Sum;
use crate::model::Model;
use crate::objective::{ObjectiveError, Target};
use crate::observed::Observed;
use crate::outcome::InputFile;
use crate::params::{BindError, Binding, Geometry, State};
use crate::read::observed::composition;
use crate::restraints::{RestraintError, RestraintsInPlaces};
use crate::sums::{Sums, TooMuch};

/// Everything that a refinement is made of, as read from files.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The job.
    pub job: Job,
    /// The structures of its phases, as the files have them.
    pub models: Vec<Model>,
    /// The measured curves of its data sets.
    pub observed: Vec<Observed>,
    /// The files and their hashes, for the report.
    pub files: Vec<InputFile>,
    /// What the readers had to say.
    pub warnings: Vec<String>,
}

impl Inputs {
    /// Those of a job with one phase and one data set.
    pub fn of(job: Job, model: Model, observed: Observed) -> Self {
        Self { job, models: vec![model], observed: vec![observed], files: Vec::new(), warnings: Vec::new() }
    }
}

/// A refinement that can run.
#[derive(Debug, Clone)]
pub struct Setup {
    pub(crate) job: Job,
    /// The measured curves with their models: at least one.
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) files: Vec<InputFile>,
    /// What a user should know before it runs.
    pub warnings: Vec<String>,
    /// What is to be said of a single answer where many fit as well; an ensemble is the many.
    pub(crate) one_of_many: Option<String>,
    pub(crate) binding: Binding,
    pub(crate) restraints: RestraintsInPlaces,
    pub(crate) bonds: Vec<Followed>,
    /// Where the search begins: at the job's own start, to which restraints draw, unless [`Setup::begin_at`] says otherwise.
    pub(crate) begin: Vec<f64>,
}

/// Bonds that are followed in a place.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    /// The number of the place.
    pub place: usize,
    /// What tells it from others, behind the pair.
    pub end: String,
    /// What the job asks for, its pair without an end.
    pub kind: Bonds,
    /// The bonds of its structure.
    pub list: BondList,
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
    /// Something that takes one structure and one curve.
    #[error(
        "{what} takes one structure and one curve, and the job has {phases} and {datasets}; take a job of one of each"
    )]
    Several {
        /// What was asked for.
        what: &'static str,
        /// How many phases.
        phases: usize,
        /// How many data sets.
        datasets: usize,
    },
    /// No curve at the starting values.
    #[error("the refinement cannot start: {0}")]
    NoStart(String),
}

impl Setup {
    /// Brings job, structures and data together.
    ///
    /// # Errors
    /// Whatever does not fit together; see [`FitError`].
    pub fn new(inputs: Inputs) -> Result<Self, FitError> {
        let _room = tracing::info_span!("fit").entered();
        let Inputs { mut job, models, observed, files, mut warnings } = inputs;
        for (dataset, observed) in observed.iter().enumerate() {
            header::take_settings(&mut job, dataset, observed, &mut warnings);
        }
        let phases = phases(&job, models)?;
        check_compositions(&job, &phases)?;
        check_structures(&phases, &observed, &mut warnings)?;
        let binding = Binding::over(&job, &phases)?;
        if !binding.ties_allowed(&binding.values(&binding.start())?) {
            return Err(BindError::TiedOutside.into());
        }
        let states = binding.states(&binding.start())?;
        let restraints = RestraintsInPlaces::new(&job, &binding, &states)?;
        let targets = targets(&job, &observed, !restraints.is_empty())?;
        check_load(&job, &binding)?;
        let points = targets.iter().map(Target::points).sum::<usize>();
        check_matrix(points + restraints.len(), binding.free.len())?;
        let bonds = followed(&job, &binding, &states, &mut warnings)?;
        warnings.extend(observed.iter().flat_map(|observed| observed.warnings.iter().cloned()));
        warnings.extend(doubts::tensors_left(&binding, &states));
        warnings.extend(restraints.warnings().into_iter().filter(|text| !warnings.contains(text)).collect::<Vec<_>>());
        let datasets = datasets(&job, observed, targets, &binding, &states)?;
        warnings.extend(doubts::of_question(&binding, &datasets));
        warnings.extend(doubts::own_norms(&job));
        warnings.extend(doubts::one_motion(&job, &binding));
        warnings.extend(doubts::one_factor_too_many(&binding));
        warnings.extend(doubts::same_data(&datasets));
        let one_of_many = doubts::one_of_many(&binding, &datasets);
        let begin = binding.start();
        Ok(Self { job, datasets, files, warnings, one_of_many, binding, restraints, bonds, begin })
    }

    /// One structure and one curve, where nothing else can be done.
    ///
    /// # Errors
    /// Several of either.
    pub fn single(&self, what: &'static str) -> Result<(), FitError> {
        let (phases, datasets) = (self.job.phases.len(), self.job.datasets.len());
        if self.job.is_single() { Ok(()) } else { Err(FitError::Several { what, phases, datasets }) }
    }

    /// The first curve, which most jobs have alone.
    pub(crate) fn first(&self) -> &Dataset {
        &self.datasets[0]
    }

    /// What computes the first curve from the first structure.
    pub(crate) fn forward(&self) -> &Forward {
        &self.datasets[0].forwards[0]
    }

    /// The same, to be used.
    pub(crate) fn forward_mut(&mut self) -> &mut Forward {
        &mut self.datasets[0].forwards[0]
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

    /// The independent observations in all data.
    pub(crate) fn independent_observations(&self) -> f64 {
        self.datasets.iter().map(Dataset::independent_observations).sum()
    }
}

/// The structures as they are refined: expanded, with their molecules.
fn phases(job: &Job, models: Vec<Model>) -> Result<Vec<(Model, Crystal)>, FitError> {
    let of = |(model, (_, phase)): (Model, &(String, Phase))| {
        let model = match phase.symmetry {
            Symmetry::SpaceGroup => model,
            Symmetry::P1 => expand::to_p1(&model),
            Symmetry::Cluster => expand::isolated(&model)?,
        };
        let mut crystal = expand::crystal(&model)?;
        if let Some(molecules) = &phase.molecules {
            expand::molecules(&model, &mut crystal, molecules)?;
        }
        Ok((model, crystal))
    };
    models.into_iter().zip(&job.phases).map(of).collect()
}

fn check_structures(
    phases: &[(Model, Crystal)],
    observed: &[Observed],
    warnings: &mut Vec<String>,
) -> Result<(), FitError> {
    for (model, crystal) in phases {
        // A header tells the composition of the whole sample.
        let headers = observed.iter().map(|observed| (phases.len() == 1).then_some(&observed.header));
        for finding in headers.flat_map(|header| expand::checks(model, crystal, header)) {
            if finding.severity == Severity::Error {
                return Err(FitError::Structure(finding.message));
            }
            if !warnings.contains(&finding.message) {
                warnings.push(finding.message);
            }
        }
    }
    Ok(())
}

/// Atoms of a phase that were not in the sample.
fn check_compositions(job: &Job, phases: &[(Model, Crystal)]) -> Result<(), FitError> {
    for (name, data) in &job.datasets {
        let Some(formula) = &data.composition else { continue };
        let elements: Vec<Element> =
            composition(formula).unwrap_or_default().iter().map(|(species, _)| species.element).collect();
        for ((model, crystal), (phase, _)) in phases.iter().zip(&job.phases) {
            let absent = crystal.species.iter().find(|species| !elements.contains(&species.element));
            if let Some(species) = absent {
                let of = if phase.is_empty() { &model.title } else { phase };
                let place = if name.is_empty() { String::new() } else { format!(" of {name}") };
                return Err(FitError::Structure(format!(
                    "composition \"{formula}\"{place} has no {}, and {of} is made of it: write all atoms of the sample",
                    species.element.symbol()
                )));
            }
        }
    }
    Ok(())
}

/// What is compared of each curve; where there are several, the uncertainties of one that has none are given a size, so that one of
/// large numbers does not outweigh the others.
fn targets(job: &Job, observed: &[Observed], restrained: bool) -> Result<Vec<Target>, FitError> {
    let weighed = restrained || observed.len() > 1;
    let of = |(observed, (_, data)): (&Observed, &(String, Data))| Target::select(observed, data, data.qmax, weighed);
    Ok(observed.iter().zip(&job.datasets).map(of).collect::<Result<_, _>>()?)
}

fn datasets(
    job: &Job,
    observed: Vec<Observed>,
    targets: Vec<Target>,
    binding: &Binding,
    states: &[State],
) -> Result<Vec<Dataset>, FitError> {
    let of = |(number, (observed, target)): (usize, (Observed, Target))| {
        let seen = binding.places().enumerate().filter(|(_, (_, dataset))| *dataset == number);
        let places = seen.map(|(place, _)| place).collect();
        let (name, data) = &job.datasets[number];
        Dataset::new((name, data), observed, target, places, states)
    };
    observed.into_iter().zip(targets).enumerate().map(of).collect()
}

/// Can the pairs be summed, at the start and where a fit goes from there? Atoms that start with one U may part.
fn check_load(job: &Job, binding: &Binding) -> Result<(), FitError> {
    let start = binding.start();
    let parted = start.iter().enumerate().map(|(k, p)| p + 1e-9 * (k + 1) as f64).collect();
    for p in [start, parted] {
        // Formulas may have no value beside the start; at the start itself others see to that.
        let Ok(states) = binding.states(&p) else { continue };
        let Ok(tangents) = binding.all_tangents(&states, &p) else { continue };
        for ((state, tangents), (_, dataset)) in states.iter().zip(&tangents).zip(binding.places()) {
            let data = &job.datasets[dataset].1;
            let (rmax, sum) = (data.rmax, Sum::of(data.compat));
            let end = summed_to(&state.crystal, rmax, data.qmin.unwrap_or(0.0));
            let load = Sums::load(&state.crystal, sum, (end, data.qmax), tangents);
            load.check().map_err(|what| FitError::Load { rmax, what })?;
        }
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

/// The bonds to follow, each kind with its list, in every place whose atoms stand on their own. Where there are several phases, a
/// pair that names none is one of each phase that has both elements.
fn followed(
    job: &Job,
    binding: &Binding,
    states: &[State],
    warnings: &mut Vec<String>,
) -> Result<Vec<Followed>, FitError> {
    let (scopes, geometries) = (Scopes::of(job), binding.geometries());
    let mut all = Vec::new();
    for kind in &job.bonds {
        let scoped = scopes.scoped(&kind.pair).map_err(BindError::from)?;
        let own = Bonds { pair: scoped.name.to_owned(), ..kind.clone() };
        let mut absent = None;
        let before = all.len();
        for Geometry { place, phase, datasets, end } in &geometries {
            let State { model, crystal, .. } = &states[*place];
            if !datasets.iter().any(|dataset| scoped.holds(*phase, *dataset)) {
                continue;
            }
            match histogram::bonds(model, crystal, &own) {
                Ok(list) => {
                    warnings.extend(list.ties(model, crystal, &own, ["neighbours: ", ""]));
                    all.push(Followed { place: *place, end: end.clone(), kind: own.clone(), list });
                }
                Err(error) if job.phases.len() > 1 && scoped.phase.is_none() => absent = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(error) = absent.filter(|_| all.len() == before) {
            return Err(error.into());
        }
    }
    Ok(all)
}
