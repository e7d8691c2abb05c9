//! Ensembles: not one structure that fits, but all that do, as often as they are likely.
//!
//! On a short range a PDF holds some 26 numbers, and a model has 50 parameters or more. One least-squares fit ends in one of many
//! structures that fit equally well; what all of them share is what the data say.
//!
//! | method | a member is | its spread is |
//! |---|---|---|
//! | [`Method::Hamiltonian`] | a state of a Markov chain over what data, restraints and [`crate::prior`] leave possible | the uncertainty |
//! | [`Method::Randomised`] | the best fit of data measured anew, with guesses made anew | nearly the uncertainty |
//! | [`Method::Noise`] | a plain fit of data measured anew | that of the noise in one minimum |
//! | [`Method::Starts`] | a plain fit from another start | that of the minima |
//!
//! Minima hold what describes the spread of others (the share of broken bonds, the width of the others' lengths, the size of the
//! noise) at its likeliest value beforehand; chains let the data choose.
//! The last two know nothing beforehand but the job's restraints, and their intervals are too narrow or too wide: they show
//! what a plain refinement does. The same seed gives the same members, bit by bit, whatever the number of threads.

mod answer;
mod guide;
mod posterior;
mod words;

pub use answer::{difference, interval};
pub use guide::{Guide, Kernel};
pub use posterior::{Known, Posterior};

use nalgebra::DVector;

use crate::engine::Cpu;
use crate::fit::{FitError, Setup};
use crate::histogram::BondList;
use crate::lm::{self, Fit, Flow, Options};
use crate::objective::Noise;
use crate::outcome::Member;
use crate::params::{Quantity, State};
use crate::sample::{self, Random};
use crate::threads;

/// How members are made; see [`self`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Chains.
    Hamiltonian,
    /// Data and guesses perturbed together, each minimised.
    Randomised,
    /// Data perturbed by their noise, each minimised from the job's start.
    Noise,
    /// The data as they are, from positions displaced within this radius, Å.
    Starts(f64),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How.
    pub method: Method,
    /// How many.
    pub members: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Chains, if there are chains.
    pub chains: usize,
}

/// Trajectories of a chain before its first member, and from one member to the next.
const WARMUP: usize = 300;
const APART: usize = 3;
/// How far latent variables of a chain's start are spread: wider than the data leave them, near enough to find back.
const SPREAD: f64 = 0.3;
/// How often a start that no structure has is brought nearer to the mode.
const HALVINGS: usize = 20;
/// Iterations that bring a start near a minimum, or to one.
const NEAR: usize = 25;
const THERE: usize = 100;
/// A chain need not know its minimum to more than this share of `|r|²`.
const TOLERANCE: f64 = 1e-3;
/// Estimates of the noise, each from a fit with the last one.
const ESTIMATES: usize = 3;
/// Share of the largest |G| that stands for the noise at first, where nothing tells it.
const FIRST_NOISE: f64 = 0.02;
/// Starts from which the likeliest structure is sought.
const STARTS: usize = 4;
/// Streams of random numbers that are no member's.
const PRIOR_STREAM: u64 = 1 << 62;
const MODE_STREAM: u64 = 1 << 61;

/// An ensemble that can be made.
#[derive(Debug, Clone)]
pub struct Ensemble {
    setup: Setup,
    known: Known,
    plan: Plan,
    /// By what the uncertainty of the points is multiplied in the middle of the guesses.
    pub noise: f64,
    /// The likeliest latent variables.
    mode: DVector<f64>,
    /// What displaced atoms do to the data, near the mode.
    kernel: Option<Kernel>,
}

/// Told how many members there are, from any thread; answers whether to go on.
pub type Observer<'a> = &'a (dyn Fn(usize) -> Flow + Sync);

impl Ensemble {
    /// Finds the likeliest structure, and by what the noise must be larger than the data say for it to fit.
    ///
    /// # Errors
    /// Nothing is refined; the curve cannot be computed.
    pub fn new(setup: Setup, plan: Plan) -> Result<Self, FitError> {
        Self::watched(setup, plan, &|_| Flow::Continue)
    }

    /// The same, and the observer, told of no members yet, may stop it: then [`Ensemble::run`] makes none if told so again.
    ///
    /// # Errors
    /// As [`Ensemble::new`].
    pub fn watched(setup: Setup, plan: Plan, observer: Observer) -> Result<Self, FitError> {
        let known = Known::of(&setup)?;
        let mut ensemble = Self { mode: DVector::zeros(known.len()), setup, known, plan, noise: 1.0, kernel: None };
        ensemble.find_mode(observer)?;
        if plan.method == Method::Hamiltonian && observer(0) == Flow::Continue {
            ensemble.kernel = ensemble.posterior().kernel(&ensemble.mode)?;
        }
        Ok(ensemble)
    }

    /// Pieces of work that are done as a whole: chains, or members.
    pub fn units(&self) -> usize {
        match self.plan.method {
            Method::Hamiltonian => self.plan.chains.clamp(1, self.plan.members.max(1)),
            _ => self.plan.members,
        }
    }

    /// The numbers of the members of a unit.
    pub fn numbers(&self, unit: usize) -> std::ops::Range<usize> {
        let (units, members) = (self.units(), self.plan.members);
        unit * members / units..(unit + 1) * members / units
    }

    /// All members, in order; those of units that are `done` are taken from there.
    ///
    /// Where the observer stops it, chains end with the members that they have, and fits that are not finished are left out.
    ///
    /// # Errors
    /// Where a curve cannot be computed.
    pub fn run(&self, done: &[Member], observer: Observer) -> Result<Vec<Member>, FitError> {
        let counted = std::sync::atomic::AtomicUsize::new(0);
        let known = |unit: usize| -> Vec<Member> {
            let numbers = self.numbers(unit);
            done.iter().filter(|member| numbers.contains(&member.number)).cloned().collect()
        };
        let add = |n: usize| observer(counted.fetch_add(n, std::sync::atomic::Ordering::Relaxed) + n);
        let unit = |unit: usize| {
            let old = known(unit);
            if old.len() == self.numbers(unit).len() {
                add(old.len());
                return Ok(old);
            }
            threads::alone(|| self.unit(unit, &add))
        };
        let units: Result<Vec<Vec<Member>>, FitError> = threads::map(self.units(), unit).into_iter().collect();
        Ok(units?.into_iter().flatten().collect())
    }

    fn unit(&self, unit: usize, add: Observer) -> Result<Vec<Member>, FitError> {
        let _room = tracing::info_span!("ensemble").entered();
        if add(0) == Flow::Stop {
            return Ok(Vec::new());
        }
        let mut random = Random::new(self.plan.seed, unit as u64);
        match self.plan.method {
            Method::Hamiltonian => self.chain(unit, &mut random, add),
            Method::Randomised => self.randomised(unit, &mut random, add),
            Method::Noise => {
                let perturbation = self.data_noise(&mut random);
                self.plain(unit, self.start(), perturbation, add)
            }
            Method::Starts(radius) => {
                let start = self.displaced(radius, &mut random);
                self.plain(unit, start, DVector::zeros(self.residuals()), add)
            }
        }
    }

    /// One chain, from a start of its own.
    fn chain(&self, unit: usize, random: &mut Random, add: Observer) -> Result<Vec<Member>, FitError> {
        let numbers = self.numbers(unit);
        let mut posterior = self.posterior();
        let start = self.near_mode(SPREAD, random);
        let near = lm::minimise(&mut posterior, start, &self.options(NEAR), &mut lm::silent)?;
        let plan = sample::Plan { warmup: WARMUP, draws: numbers.len(), apart: APART, ..sample::Plan::default() };
        let observer = &mut |done: usize| add(usize::from(done > WARMUP && (done - WARMUP).is_multiple_of(APART)));
        let guide = match &self.kernel {
            Some(kernel) => Guide::new(self.posterior(), kernel, &near.p)?,
            None => None,
        };
        let chain = match guide {
            Some(mut guide) => sample::guided_chain(&mut posterior, &mut guide, near.p, &plan, random, observer)?,
            None => sample::chain(&mut posterior, near.p, &plan, random, observer)?,
        };
        let mut member = |(draw, number): (&sample::Draw, usize)| {
            // A chain never goes where there is no structure; only one that started there could be there.
            let Some((p, state)) = posterior.state(&draw.x) else { return Ok(None) };
            let misfit = posterior.misfit(&draw.x)?;
            Ok(Some(self.member(number, unit, true, misfit, p, &state)))
        };
        chain.draws.iter().zip(numbers).filter_map(|draw| member(draw).transpose()).collect()
    }

    fn randomised(&self, unit: usize, random: &mut Random, add: Observer) -> Result<Vec<Member>, FitError> {
        let mut posterior = self.posterior();
        let perturbation = posterior.perturbation(random);
        let start = self.near_mode(SPREAD, random);
        let observer = &mut |_: &lm::Progress| add(0);
        let fit = sample::randomised(&mut posterior, perturbation, start, &self.options(THERE), observer)?;
        let Some((p, state)) = posterior.state(&fit.p) else { return Ok(Vec::new()) };
        let misfit = posterior.misfit(&fit.p)?;
        Ok(self.finished(unit, &fit, misfit, p, &state, add))
    }

    fn plain(
        &self,
        unit: usize,
        start: DVector<f64>,
        perturbation: DVector<f64>,
        add: Observer,
    ) -> Result<Vec<Member>, FitError> {
        let mut setup = self.setup.clone();
        let fit = setup.minimum(start, perturbation, &mut Cpu, &mut |_| add(0))?;
        let p = fit.p.as_slice().to_vec();
        let state = setup.binding.state(&p)?;
        let curves = setup.forward_mut().curves(&state, &[], &mut Cpu)?;
        let chi2 = setup.first().target.residuals(&curves.g).iter().map(|r| r * r).sum();
        Ok(self.finished(unit, &fit, (chi2, setup.first().target.rw(&curves.g)), p, &state, add))
    }

    /// The member of a fit that was not broken off.
    fn finished(
        &self,
        unit: usize,
        fit: &Fit,
        misfit: (f64, f64),
        p: Vec<f64>,
        state: &State,
        add: Observer,
    ) -> Vec<Member> {
        if fit.stop == lm::Stop::Interrupted {
            return Vec::new();
        }
        add(1);
        vec![self.member(unit, unit, fit.stop.converged(), misfit, p, state)]
    }

    fn member(
        &self,
        number: usize,
        chain: usize,
        converged: bool,
        (chi2, rw): (f64, f64),
        parameters: Vec<f64>,
        state: &State,
    ) -> Member {
        let length = |bond| BondList::vector(bond, &state.crystal).norm();
        let lengths =
            self.setup.bonds.iter().map(|followed| followed.list.bonds.iter().map(length).collect()).collect();
        Member { number, chain, converged, chi2, rw, parameters, lengths }
    }

    fn posterior(&self) -> Posterior<'_> {
        let mut posterior = Posterior::new(&self.setup, &self.known);
        posterior.noise = self.noise;
        posterior
    }

    fn options(&self, max_iterations: usize) -> Options {
        let widths = vec![1.0; self.known.len()];
        let bounds = self.known.held();
        Options { max_iterations, ftol: TOLERANCE, xtol: TOLERANCE, widths, bounds, ..Options::default() }
    }

    /// Latent variables `away` from the mode in every direction, or nearer where there is no structure so far.
    fn near_mode(&self, away: f64, random: &mut Random) -> DVector<f64> {
        let posterior = self.posterior();
        let mut step = random.normals(self.known.len()) * away;
        for _ in 0..HALVINGS {
            let start = &self.mode + &step;
            if posterior.state(&start).is_some() {
                return start;
            }
            step *= 0.5;
        }
        self.mode.clone()
    }

    fn start(&self) -> DVector<f64> {
        DVector::from_vec(self.setup.binding.start())
    }

    /// Residuals of a plain refinement.
    fn residuals(&self) -> usize {
        self.setup.first().target.points() + self.setup.restraints.len()
    }

    /// Noise of the data for a plain refinement.
    fn data_noise(&self, random: &mut Random) -> DVector<f64> {
        let points = self.setup.first().target.points();
        let noise = self.posterior().perturbation(random).rows(0, points) * self.noise;
        noise.resize_vertically(self.residuals(), 0.0)
    }

    /// The job's start with every position moved along its axes, nowhere farther than `radius`.
    fn displaced(&self, radius: f64, random: &mut Random) -> DVector<f64> {
        let mut start = self.start();
        let binding = &self.setup.binding;
        for (k, free) in binding.free.iter().enumerate() {
            let variable = &binding.variables()[free.variable];
            if matches!(variable.quantity(), Quantity::Position { .. }) {
                // A cube inside the sphere: symmetry may leave one coordinate or two, and none knows of the others.
                start[k] += radius / 3.0_f64.sqrt() * (2.0 * random.uniform() - 1.0) / binding.length(variable);
            }
        }
        start
    }

    /// The likeliest latent variables, of those that fits from several starts end in.
    ///
    /// Where nothing tells the noise, it is what such a fit leaves over.
    fn find_mode(&mut self, observer: Observer) -> Result<(), FitError> {
        let target = &self.setup.first().target;
        if target.noise != Noise::Unknown {
            self.mode = self.best_of(STARTS, observer)?;
            return Ok(());
        }
        let largest = target.values().iter().fold(0.0_f64, |top, g| top.max(g.abs()));
        self.noise = FIRST_NOISE * largest / target.dg.first().copied().unwrap_or(1.0);
        for _ in 0..ESTIMATES {
            self.mode = self.best_of(STARTS, observer)?;
            let (chi2, _) = self.posterior().misfit(&self.mode)?;
            let freedom = (self.setup.first().target.effective_points() - self.directions()? as f64).max(1.0);
            self.noise = (chi2 / freedom).sqrt();
        }
        Ok(())
    }

    /// The best of the minima from some starts.
    fn best_of(&self, starts: usize, observer: Observer) -> Result<DVector<f64>, FitError> {
        let minimum = |k: usize| {
            let mut random = Random::new(self.plan.seed, MODE_STREAM + k as u64);
            let away = if k == 0 { 0.0 } else { SPREAD };
            let start = self.near_mode(away, &mut random);
            let mut posterior = self.posterior();
            let told = &mut |_: &lm::Progress| observer(0);
            threads::alone(|| lm::minimise(&mut posterior, start, &self.options(THERE), told))
        };
        let fits = threads::map(starts, minimum).into_iter().collect::<Result<Vec<Fit>, _>>()?;
        let best = fits.into_iter().min_by(|a, b| a.residual_norm_sq.total_cmp(&b.residual_norm_sq));
        Ok(best.map_or_else(|| self.mode.clone(), |fit| fit.p))
    }

    /// Directions of the latent variables in which the data know more than was known before.
    fn directions(&self) -> Result<usize, FitError> {
        let mut posterior = self.posterior();
        let points = posterior.points();
        let (_, jacobian) = lm::Problem::both(&mut posterior, &self.mode)?;
        let singular = lm::Singular::values_of(&jacobian.rows(0, points).into_owned());
        Ok(singular.iter().filter(|value| **value > 1.0).count())
    }
}
