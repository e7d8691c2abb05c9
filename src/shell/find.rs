//! From a job to the posterior: expand, find the mode, expand there again, and draw.

use nalgebra::{DMatrix, DVector};

use super::density::{Density, SHAPE};
use super::kernel::{Maker, Parts};
use super::nuisance::{self, Nuisance};
use super::problem::{Expansion, Posterior};
use super::result::ShellResult;
use super::summary::Drawn;
use super::{Options, ShellError};
use crate::engine::Engine;
use crate::fit::{FitError, Followed, Inputs, Setup};
use crate::histogram::{self, BondList};
use crate::job::{Bonds, Job, Vary};
use crate::lm::{self, Problem as _};
use crate::objective::Noise;
use crate::params::Name;
use crate::sample::{self, Plan, Random};
use crate::threads;

/// A job whose distribution can be found.
#[derive(Debug, Clone)]
pub struct Shell {
    pub(super) setup: Setup,
    pub(super) options: Options,
    pub(super) kind: Bonds,
    pub(super) list: BondList,
    pub(super) lengths: Vec<f64>,
    /// Mean length at the start, Å.
    pub(super) mean: f64,
}

/// Chains, from different starts.
const CHAINS: u64 = 4;
/// Random numbers for their starts, and for the distributions before the data, come from streams of their own.
const STARTS: u64 = 100;
pub(super) const BEFORE: u64 = 200;

/// How often the curve is expanded anew at the mode.
const EXPANSIONS: usize = 3;
/// The first steps of the parabolas, in standard deviations of what was known before; later ones are those of the mode.
const FIRST_STEP: f64 = 0.5;
const STEPS: (f64, f64) = (0.1, 1.0);

/// Where nothing tells the noise: the share of the largest |G| that it is taken for at first.
const FIRST_NOISE: f64 = 0.02;
/// So many times the noise is looked at again.
const NOISES: usize = 3;

impl Shell {
    /// Brings job, structure and data together; what the job says of positions and bodies is left where it starts.
    ///
    /// # Errors
    /// Whatever does not fit together; options that make no sense; a job that follows no bonds.
    pub fn new(mut inputs: Inputs, options: &Options) -> Result<Self, ShellError> {
        options.check()?;
        if !inputs.job.data().compare.is_g() {
            return Err(ShellError::InQ);
        }
        hold_positions(&mut inputs.job);
        let setup = Setup::new(inputs)?;
        setup.single("a distribution of bond lengths")?;
        let Followed { kind, list, .. } = setup.bonds.first().cloned().ok_or(ShellError::NoBonds)?;
        let state = setup.binding.state(&setup.binding.start()).map_err(FitError::from)?;
        let bonds = histogram::measure(&list, &state.crystal, &kind, None);
        if bonds.n <= 0.0 {
            return Err(ShellError::NoBonds);
        }
        let lengths = options.lengths(bonds.mean);
        Ok(Self { setup, options: options.clone(), kind, list, lengths, mean: bonds.mean })
    }

    /// What a user should know before it runs.
    pub fn warnings(&self) -> &[String] {
        &self.setup.warnings
    }

    /// The model in two parts at the job's start: without the pairs of the bonds, 1/Å², and for each length of [`Shell::lengths`]
    /// what all bonds would add if all had it.
    ///
    /// # Errors
    /// Where the engine fails.
    pub fn parts(&mut self, engine: &mut dyn Engine) -> Result<(DVector<f64>, DMatrix<f64>), ShellError> {
        let start = self.setup.binding.start();
        let Parts { rest, kernel } =
            Maker::new(&mut self.setup, &self.list, &self.lengths, engine)?.parts(&start, 0.0)?;
        Ok((rest, kernel))
    }

    /// The lengths that the distribution stands on, Å.
    pub fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// The lengths of the followed bonds at the start, Å, and how many bonds of the cell each stands for.
    ///
    /// # Errors
    /// A formula without a value.
    pub fn start(&self) -> Result<Vec<(f64, f64)>, ShellError> {
        let state = self.setup.binding.state(&self.setup.binding.start()).map_err(FitError::from)?;
        let length = |bond| BondList::vector(bond, &state.crystal).norm();
        Ok(self.list.bonds.iter().map(|bond| (length(bond), bond.weight)).collect())
    }

    /// Finds the distribution.
    ///
    /// # Errors
    /// Where the engine fails, or the model has no curve.
    pub fn find(mut self, engine: &mut dyn Engine) -> Result<ShellResult, ShellError> {
        let mut work = Work::new(&mut self, engine)?;
        let mut mode = work.expand(None)?;
        for _ in 1..EXPANSIONS {
            mode = work.expand(Some(&mode))?;
        }
        let nuisances = work.nuisances;
        let chains = chains(&mode, &self.options);
        Ok(self.summary(&Drawn { mode, chains, nuisances }))
    }

    /// Standard deviation of each point, 1/Å², times a factor: such that points that repeat each other count once. Where it is
    /// known, what the model gets wrong is in it; a misfit has that in it already.
    pub(super) fn noise(&self, factor: f64) -> Vec<f64> {
        let target = &self.setup.first().target;
        let largest = target.g.iter().fold(0.0_f64, |top, g| top.max(g.abs()));
        let (known, error) = (target.noise != Noise::Unknown, self.options.model_error * largest);
        let of = |dg: &f64| if known { dg.hypot(error) } else { FIRST_NOISE * largest };
        target.dg.iter().map(|dg| factor * target.oversampling.sqrt() * of(dg)).collect()
    }
}

/// The most likely latent values, and their covariance if the problem were linear.
#[derive(Debug, Clone)]
pub(super) struct Mode {
    pub posterior: Posterior,
    pub x: DVector<f64>,
    pub covariance: DMatrix<f64>,
    /// By what the noise was multiplied.
    pub noise: f64,
    /// `|misfit|²` per free observation, in units of the noise as given.
    pub chi_square: f64,
}

/// Chains start so far from the mode, in the standard deviations that it would have if the problem were linear. Far along a
/// valley that bends these lead nowhere.
const APART: f64 = 0.5;

impl Mode {
    /// A place near the mode, with the mode's amplitude and length.
    fn apart(&self, random: &mut Random) -> DVector<f64> {
        let mut off = random.normals(self.x.len()) * APART;
        if let Some(factor) = self.covariance.clone().cholesky() {
            off = factor.l() * off;
        }
        off.rows_mut(0, SHAPE).fill(0.0);
        &self.x + off
    }
}

/// The work on one job.
struct Work<'a> {
    maker: Maker<'a>,
    nuisances: Vec<Nuisance>,
    density: Density,
    area: Option<f64>,
    data: DVector<f64>,
    /// One over the noise as given, at each point.
    weights: DVector<f64>,
    effective: f64,
    known: bool,
    /// By what the noise is multiplied.
    noise: f64,
}

impl<'a> Work<'a> {
    fn new(shell: &'a mut Shell, engine: &'a mut dyn Engine) -> Result<Self, ShellError> {
        let mut nuisances = Nuisance::of(&shell.setup, &nuisance::widths(&shell.setup).map_err(FitError::from)?);
        let target = &shell.setup.first().target;
        let known = target.noise != Noise::Unknown;
        let weights = DVector::from_vec(shell.noise(1.0)).map(f64::recip);
        let data = DVector::from_column_slice(&target.g);
        let effective = target.effective_points();
        let density = Density::new(shell.lengths.clone(), shell.mean, &shell.options.prior);
        let maker = Maker::new(&mut shell.setup, &shell.list, &shell.lengths, engine)?;
        if maker.has_molecules() {
            nuisances.push(Nuisance::bend());
        }
        Ok(Self { maker, nuisances, density, area: shell.options.area, data, weights, effective, known, noise: 1.0 })
    }

    /// The mode of the problem expanded about another one, or about the start.
    fn expand(&mut self, last: Option<&Mode>) -> Result<Mode, ShellError> {
        let (at, steps) = self.place(last);
        let expansion = self.expansion(&at, &steps)?;
        let mut x = last.map_or_else(|| DVector::zeros(0), |mode| mode.x.clone());
        let mut found = None;
        for _ in 0..NOISES {
            let mode = self.mode(&expansion, &x);
            let settled = self.take_noise(mode.chi_square);
            x = mode.x.clone();
            found = Some(mode);
            if settled {
                break;
            }
        }
        // The loop runs at least once.
        Ok(found.unwrap_or_else(|| self.mode(&expansion, &x)))
    }

    /// Where to expand, and in which steps.
    fn place(&self, last: Option<&Mode>) -> (Vec<f64>, Vec<f64>) {
        let at = last.map_or_else(
            || vec![0.0; self.nuisances.len()],
            |mode| mode.posterior.nuisances(mode.x.as_slice()).to_vec(),
        );
        let spread = |k: usize| {
            last.map_or(FIRST_STEP, |mode| {
                let place = mode.posterior.density.len() + k;
                mode.covariance[(place, place)].sqrt().clamp(STEPS.0, STEPS.1)
            })
        };
        let steps = self.nuisances.iter().enumerate().map(|(k, nuisance)| nuisance.step(at[k], spread(k))).collect();
        (at, steps)
    }

    fn expansion(&mut self, at: &[f64], steps: &[f64]) -> Result<Expansion, ShellError> {
        let parts = self.parts(at)?;
        let mut slopes = Vec::with_capacity(at.len());
        for (k, &h) in steps.iter().enumerate() {
            if h == 0.0 {
                slopes.push([parts.nothing(), parts.nothing()]);
                continue;
            }
            let mut x = at.to_vec();
            x[k] = at[k] - h;
            let minus = self.parts(&x)?;
            x[k] = at[k] + h;
            let plus = self.parts(&x)?;
            slopes.push(Parts::slopes(&parts, &minus, &plus, h));
        }
        Ok(Expansion { at: at.to_vec(), parts, slopes })
    }

    fn parts(&mut self, x: &[f64]) -> Result<Parts, ShellError> {
        let values: Vec<f64> = self.nuisances.iter().zip(x).map(|(nuisance, x)| nuisance.value(*x)).collect();
        let bent = usize::from(self.maker.has_molecules());
        let (p, bend) = values.split_at(values.len() - bent);
        self.maker.parts(p, bend.first().copied().unwrap_or(0.0))
    }

    fn mode(&self, expansion: &Expansion, start: &DVector<f64>) -> Mode {
        let weights = DMatrix::from_diagonal(&(&self.weights / self.noise));
        let data = &weights * &self.data;
        let mut posterior = Posterior::new(self.density.clone(), &expansion.mapped(&weights), &data, self.area);
        let n = posterior.len();
        let start = if start.len() == n { start.clone() } else { DVector::zeros(n) };
        let fit = lm::minimise(&mut posterior, start.clone(), &lm::Options::default(), &mut lm::silent);
        // Latent values that are numbers have residuals that are; the start is better than nothing if they should not.
        let x = fit.map_or(start, |fit| fit.p);
        let covariance = covariance(&mut posterior, &x);
        let freedom = free(self.effective, &covariance);
        let chi_square = self.noise.powi(2) * posterior.misfit(x.as_slice()) / freedom;
        Mode { posterior, x, covariance, noise: self.noise, chi_square }
    }

    /// The noise that goes with a misfit; says whether it is what it was, to 2 %.
    fn take_noise(&mut self, chi_square: f64) -> bool {
        let before = self.noise;
        self.noise = chi_square.sqrt().max(if self.known { 1.0 } else { 1e-3 });
        (self.noise / before).ln().abs() < 0.02
    }
}

/// `(JᵀJ)⁻¹`: with a row for every latent value there is one.
fn covariance(posterior: &mut Posterior, x: &DVector<f64>) -> DMatrix<f64> {
    let Ok((_, jacobian)) = posterior.both(x);
    let normal = jacobian.transpose() * jacobian;
    normal.cholesky().map_or_else(|| DMatrix::identity(x.len(), x.len()), |factor| factor.inverse())
}

/// Observations that are not used up: `N - Σ_k (1 - C_kk)`, since a latent value that the data leave alone keeps C = 1.
fn free(effective: f64, covariance: &DMatrix<f64>) -> f64 {
    let used: f64 = covariance.diagonal().iter().map(|c| 1.0 - c).sum();
    (effective - used).max(1.0)
}

/// Members of what the data leave possible, chain by chain.
fn chains(mode: &Mode, options: &Options) -> Vec<sample::Chain> {
    let plan = Plan { draws: options.draws.div_ceil(CHAINS as usize), ..options.plan.clone() };
    threads::map(CHAINS as usize, |k| {
        let k = k as u64;
        let start = mode.apart(&mut Random::new(options.seed, STARTS + k));
        let (mut posterior, mut other) = (mode.posterior.clone(), mode.posterior.clone());
        let mut stir = |x: &DVector<f64>, random: &mut Random| other.stir(x, random);
        let random = &mut Random::new(options.seed, k);
        let Ok(chain) = sample::stirred_chain(&mut posterior, start, &plan, random, &mut stir, &mut sample::silent);
        chain
    })
}

/// Positions and bodies are not refined here: they stay where the job starts them.
fn hold_positions(job: &mut Job) {
    let holds = |name: &str| {
        Name::parse(name).is_some_and(|name| {
            use crate::params::Kind::{Coordinate, Position};
            name.kind.is_motion() || matches!(name.kind, Coordinate(_) | Position)
        })
    };
    let started: Vec<(String, f64)> = job
        .refine
        .iter()
        .filter(|(name, _)| holds(name))
        .filter_map(|(name, Vary { start, .. })| Some((name.clone(), (*start)?)))
        .collect();
    job.set.retain(|(name, _)| !started.iter().any(|(known, _)| known == name));
    job.set.extend(started);
    job.refine.retain(|(name, _)| !holds(name));
}
