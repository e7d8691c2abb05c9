//! The loop: step, judge, damp.

use nalgebra::{DMatrix, DVector};

use super::bounds::Bounds;
use super::damped::{Factor, Linear};
use super::result::{Fit, Spread, Stop, positive_or_one};
use super::shorten::{Excess, largest_change};
use super::{Flow, LONGEST, LmError, Options, Problem, Progress};

/// `λ` stays above this, relative to the scaled `JᵀJ`.
const LEAST_LAMBDA: f64 = 1e-20;
/// Beyond this `λ` a step is shorter than any that could matter.
const LARGEST_LAMBDA: f64 = 1e30;
/// A residual this much shorter than at the start is rounding.
const EXACT: f64 = 1e-28;
/// So many iterations in a row must be small before the fit counts as converged: in a curved valley one may be by chance.
const PATIENCE: usize = 3;

/// The parameters inside the bounds that make `|r|²` smallest, by Levenberg-Marquardt from `start`.
///
/// A start outside the bounds is moved to the nearest point inside. `observer` hears of the start and of every
/// iteration; where it answers [`Flow::Stop`] the fit ends there, with everything that belongs to a [`Fit`].
///
/// # Errors
///
/// The problem's own error, a start that cannot be computed, derivatives that are not finite, and arguments that do
/// not fit together; see [`LmError`]. Slow or failed convergence is no error but a [`Stop`].
pub fn minimise<P: Problem>(
    problem: &mut P,
    start: DVector<f64>,
    options: &Options,
    observer: &mut dyn FnMut(&Progress) -> Flow,
) -> Result<Fit, LmError<P::Error>> {
    let _room = tracing::info_span!("lm").entered();
    let mut search = Search::start(problem, start, options)?;
    let stop = search.run(observer)?;
    Ok(search.finish(stop))
}

/// What is left of an old scale `D_j` after one iteration, where the column has become shorter.
const MEMORY: f64 = 0.2;
/// Steps that promise a smaller share, or less than [`Options::ftol`], are straight enough.
const BENDS_BEYOND: f64 = 1e-8;
/// Where along the step the curvature is measured.
const NEAR: f64 = 0.1;
/// Largest ratio of the second-order to the first-order step.
const LARGEST_BEND: f64 = 0.75;
/// The ratio aimed at after a step that bent too much.
const GOOD_BEND: f64 = 0.5;
/// The share of [`LONGEST`] aimed at after a step that went beyond it.
const GOOD_CHANGE: f64 = 0.9;
/// The share of a step aimed at where there is no model at its end.
const BACK: f64 = 0.25;
/// Of a step that promises a smaller share of `|r|²`, rounding may have shown more than the problem did.
const TELLING: f64 = 1e-6;
/// Up to so many times [`Options::noise`] the sum may fail to show a minimum that its gradient shows.
const UNCLEAR: f64 = 1e4;

struct Search<'a, P: Problem> {
    problem: &'a mut P,
    options: &'a Options,
    bounds: Bounds,
    p: DVector<f64>,
    residuals: DVector<f64>,
    jacobian: DMatrix<f64>,
    scale: DVector<f64>,
    lambda: f64,
    /// By what `λ` grows at the next failure (Nielsen's ν).
    growth: f64,
    /// Small iterations in a row.
    small: usize,
    /// Was the last step taken as it was first tried? Then the next is expected to be, and its end differentiated at once.
    bold: bool,
    first_cost: f64,
    evaluations: usize,
    history: Vec<Progress>,
}

/// A step that was tried.
struct Trial {
    p: DVector<f64>,
    residuals: DVector<f64>,
    /// There, if it was computed.
    jacobian: Option<DMatrix<f64>>,
    /// Share of `|r|²` that the linear model promised to take away.
    promised: f64,
    /// Share that it took.
    found: f64,
    /// `|Dδ| / |Dp|`.
    length: f64,
    /// If it fails: what was too large, and what share of that the next may have.
    excess: (Excess, f64),
}

/// Residuals, and the Jacobian if it was asked for.
type There = (DVector<f64>, Option<DMatrix<f64>>);

/// The second-order part of a step, or what was too large and what share of it the next step may have.
type Bend = Result<DVector<f64>, (Excess, f64)>;

impl<'a, P: Problem> Search<'a, P> {
    fn start(problem: &'a mut P, start: DVector<f64>, options: &'a Options) -> Result<Self, LmError<P::Error>> {
        if let Some(parameter) = start.iter().position(|value| !value.is_finite()) {
            return Err(LmError::BadStart { parameter, value: start[parameter] });
        }
        let bounds = Bounds::new(&options.bounds, start.len())?;
        let p = bounds.clip(start);
        let (residuals, jacobian) = problem.both(&p).map_err(LmError::Problem)?;
        if residuals.is_empty() {
            return Err(LmError::Empty);
        }
        if let Some(residual) = residuals.iter().position(|value| !value.is_finite()) {
            return Err(LmError::NotFinite { residual, value: residuals[residual] });
        }
        let first_cost = residuals.norm_squared();
        let mut search = Self {
            problem,
            options,
            bounds,
            jacobian: DMatrix::zeros(0, 0),
            scale: DVector::zeros(p.len()),
            p,
            residuals,
            lambda: options.initial_lambda,
            growth: 2.0,
            small: 0,
            bold: false,
            first_cost,
            evaluations: 1,
            history: vec![Progress { iteration: 0, cost: first_cost, lambda: options.initial_lambda, step: 0.0 }],
        };
        search.differentiate(Some(jacobian))?;
        Ok(search)
    }

    fn run(&mut self, observer: &mut dyn FnMut(&Progress) -> Flow) -> Result<Stop, LmError<P::Error>> {
        if observer(&self.history[0]) == Flow::Stop {
            return Ok(Stop::Interrupted);
        }
        if self.p.is_empty() {
            return Ok(Stop::NothingToMove);
        }
        for _ in 0..self.options.max_iterations {
            if let Some(stop) = self.at_rest() {
                return Ok(stop);
            }
            let trial = match self.improve()? {
                Ok(trial) => trial,
                Err(stop) => return Ok(stop),
            };
            let settled = self.settled(&trial);
            self.take(trial)?;
            let flow = observer(&self.history[self.history.len() - 1]);
            if let Some(stop) = settled.or((flow == Flow::Stop).then_some(Stop::Interrupted)) {
                return Ok(stop);
            }
        }
        Ok(self.at_rest().unwrap_or(Stop::MaxIterations))
    }

    /// Is there nothing to gain from here?
    fn at_rest(&self) -> Option<Stop> {
        let cost = self.cost();
        if cost <= self.options.exact.max(EXACT * self.first_cost) {
            return Some(Stop::ExactFit);
        }
        let gradient = self.gradient();
        let cosine = |j: usize| gradient[j].abs() / positive_or_one(self.jacobian.column(j).norm() * cost.sqrt());
        let steepest = self.bounds.free(&self.p, &gradient).into_iter().map(cosine).fold(0.0, f64::max);
        (steepest <= self.options.gtol).then_some(Stop::SmallGradient)
    }

    /// Tries steps with growing `λ` until one is good, or says why none is.
    fn improve(&mut self) -> Result<Result<Trial, Stop>, LmError<P::Error>> {
        let mut factor = self.linear().factor(self.bounds.free(&self.p, &self.gradient()));
        let mut longest = 0.0;
        let bold = std::mem::replace(&mut self.bold, false);
        loop {
            let mut trial = self.attempt(&mut factor, bold && longest == 0.0)?;
            if self.is_good(&trial) {
                self.bold = longest == 0.0;
                return Ok(Ok(trial));
            }
            if longest == 0.0 && self.is_better_by_gradient(&mut trial)? {
                return Ok(Ok(trial));
            }
            longest = trial.length.max(longest);
            if let Some(stop) = self.hopeless(&trial, longest) {
                return Ok(Err(stop));
            }
            self.raise(&mut factor, &trial);
        }
    }

    /// The next `λ` after a trial that failed: at once where its failure tells how much shorter the step must be, else by
    /// Nielsen's rule.
    fn raise(&mut self, factor: &mut Factor, trial: &Trial) {
        let (excess, share) = &trial.excess;
        self.lambda = if trial.promised > TELLING {
            let lambda = excess.lower(&self.linear(), factor, &self.options.widths, self.lambda, *share);
            lambda.max(2.0 * self.lambda)
        } else {
            self.lambda * self.growth
        };
        // A step that was refused before it was tried says nothing about how far the linear model can be trusted.
        if matches!(excess, Excess::Length) {
            self.growth *= 2.0;
        }
    }

    /// A step with the λ that stands; `bold`: with the derivatives at its end.
    fn attempt(&mut self, factor: &mut Factor, bold: bool) -> Result<Trial, LmError<P::Error>> {
        let linear = self.linear();
        let straight = linear.step(factor, self.lambda);
        let promised = linear.promised(&straight) / self.cost();
        let length = linear.scaled_norm(&straight) / positive_or_one(linear.scaled_norm(&self.p));
        let change = largest_change(&straight, &self.options.widths);
        if change > LONGEST {
            return Ok(self.untried(promised, length, (Excess::Change, GOOD_CHANGE * LONGEST / change)));
        }
        if !self.options.acceleration || promised < self.options.ftol.max(BENDS_BEYOND) {
            return self.evaluate(&straight, None, (promised, length), bold);
        }
        match self.bend(factor, &straight)? {
            Ok(bend) => self.evaluate(&straight, Some(&bend), (promised, length), bold),
            Err(excess) => Ok(self.untried(promised, length, excess)),
        }
    }

    /// Half of the second-order correction to a step: the path of least residual curves, and a step along its
    /// tangent leaves it (Transtrum & Sethna 2012, arXiv:1201.5885). What is too large where it curves too much for a step
    /// this long.
    fn bend(&mut self, factor: &mut Factor, step: &DVector<f64>) -> Result<Bend, LmError<P::Error>> {
        let near = self.residuals_at(&(&self.p + step * NEAR))?;
        let along = ((near - &self.residuals) / NEAR - &self.jacobian * step) * (2.0 / NEAR);
        let linear = self.linear();
        let bend = linear.solve(factor, &-&along, self.lambda) * 0.5;
        let ratio = 4.0 * linear.scaled_norm(&bend) / positive_or_one(linear.scaled_norm(step));
        if ratio <= LARGEST_BEND {
            return Ok(Ok(bend));
        }
        let bent = (Excess::Bend(along), (GOOD_BEND / ratio).max(0.01));
        Ok(Err(if ratio.is_finite() { bent } else { (Excess::Length, BACK) }))
    }

    fn evaluate(
        &mut self,
        straight: &DVector<f64>,
        bend: Option<&DVector<f64>>,
        (promised, length): (f64, f64),
        bold: bool,
    ) -> Result<Trial, LmError<P::Error>> {
        let p = self.bounds.clip(bend.map_or_else(|| &self.p + straight, |bend| &self.p + straight + bend));
        let (residuals, jacobian): There = if bold { self.both_at(&p)? } else { (self.residuals_at(&p)?, None) };
        // (a - b)(a + b) keeps digits that a² - b² loses.
        let found = (&self.residuals - &residuals).dot(&(&self.residuals + &residuals)) / self.cost();
        let slope = 2.0 * self.residuals.dot(&(&self.jacobian * straight)) / self.cost();
        let share = if found.is_finite() { lowest_of_parabola(slope, -found).clamp(0.1, 0.5) } else { BACK };
        Ok(Trial { p, residuals, jacobian, promised, found, length, excess: (Excess::Length, share) })
    }

    /// A trial that needs no residuals to be refused.
    fn untried(&self, promised: f64, length: f64, excess: (Excess, f64)) -> Trial {
        let (p, residuals) = (self.p.clone(), self.residuals.clone());
        Trial { p, residuals, jacobian: None, promised, found: f64::NAN, length, excess }
    }

    fn residuals_at(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, LmError<P::Error>> {
        self.evaluations += 1;
        let residuals = self.problem.residuals(p).map_err(LmError::Problem)?;
        self.check_length(&residuals)?;
        Ok(residuals)
    }

    fn both_at(&mut self, p: &DVector<f64>) -> Result<There, LmError<P::Error>> {
        self.evaluations += 1;
        let (residuals, jacobian) = self.problem.both(p).map_err(LmError::Problem)?;
        self.check_length(&residuals)?;
        Ok((residuals, Some(jacobian)))
    }

    /// Did the trial lower the sum, or, where rounding hides what it did, was it at least promised to?
    fn is_good(&self, trial: &Trial) -> bool {
        let noise = self.options.noise;
        let hidden = trial.promised <= noise && trial.found.abs() <= noise;
        trial.promised > 0.0 && (trial.found > 1e-4 * trial.promised || hidden)
    }

    /// Near a minimum rounding hides what the sum does long before it hides the gradient: is that less than half there?
    fn is_better_by_gradient(&mut self, trial: &mut Trial) -> Result<bool, LmError<P::Error>> {
        let unclear = UNCLEAR * self.options.noise;
        if !(trial.promised > 0.0 && trial.promised <= unclear && trial.found.abs() <= unclear) {
            return Ok(false);
        }
        let jacobian = match trial.jacobian.take() {
            Some(jacobian) => jacobian,
            None => self.problem.jacobian(&trial.p).map_err(LmError::Problem)?,
        };
        let gradient_there = jacobian.tr_mul(&trial.residuals);
        // Where the step is taken it is wanted again.
        trial.jacobian = Some(jacobian);
        let here = self.gradient();
        let free = self.bounds.free(&self.p, &here);
        let scaled = |gradient: &DVector<f64>, j: usize| (gradient[j] / positive_or_one(self.scale[j])).powi(2);
        let length = |gradient: DVector<f64>| free.iter().map(|&j| scaled(&gradient, j)).sum::<f64>().sqrt();
        Ok(length(gradient_there) < 0.5 * length(here))
    }

    /// Why it is no use to try a shorter step. A step of √noise changes a sum at its minimum by the noise.
    fn hopeless(&self, trial: &Trial, longest: f64) -> Option<Stop> {
        let in_the_noise = longest <= self.options.noise.sqrt().max(self.options.xtol);
        let short = trial.length <= self.options.xtol || self.lambda > LARGEST_LAMBDA;
        match (short, in_the_noise) {
            (true, true) => Some(Stop::SmallStep),
            (true, false) => Some(Stop::NoImprovement),
            (false, _) => None,
        }
    }

    /// Was this the last of several small iterations?
    fn settled(&mut self, trial: &Trial) -> Option<Stop> {
        let Options { ftol, xtol, .. } = *self.options;
        let reduction = trial.found.abs() <= ftol && trial.promised <= ftol;
        let step = trial.length <= xtol;
        self.small = if reduction || step { self.small + 1 } else { 0 };
        let reason = if step { Stop::SmallStep } else { Stop::SmallReduction };
        (self.small >= PATIENCE).then_some(reason)
    }

    /// Goes where the trial went.
    fn take(&mut self, trial: Trial) -> Result<(), LmError<P::Error>> {
        let record = Progress {
            iteration: self.history.len(),
            cost: trial.residuals.norm_squared(),
            lambda: self.lambda,
            step: trial.length,
        };
        self.history.push(record);
        self.relax(trial.found / trial.promised);
        self.p = trial.p;
        self.residuals = trial.residuals;
        self.differentiate(trial.jacobian)
    }

    /// Nielsen's rule: the better the linear model foretold the sum, the less damping.
    fn relax(&mut self, ratio: f64) {
        let factor = (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(0.25, 2.0);
        self.lambda = (self.lambda * factor).max(LEAST_LAMBDA);
        self.growth = 2.0;
    }

    /// `J`, unless it is known, and `D` at `p`.
    fn differentiate(&mut self, known: Option<DMatrix<f64>>) -> Result<(), LmError<P::Error>> {
        self.jacobian = known.map_or_else(|| self.problem.jacobian(&self.p), Ok).map_err(LmError::Problem)?;
        self.check_jacobian()?;
        let norms: Vec<f64> = self.jacobian.column_iter().map(|column| column.norm()).collect();
        let widths = &self.options.widths;
        // One number for all parameters, in their own units: the largest change that a width of any of them makes.
        let largest = norms.iter().zip(widths).map(|(norm, width)| norm * width).fold(0.0, f64::max);
        for (j, norm) in norms.into_iter().enumerate() {
            let now = widths.get(j).map_or(norm, |width| largest / width);
            self.scale[j] = now.max(MEMORY * self.scale[j]);
        }
        Ok(())
    }

    fn finish(self, stop: Stop) -> Fit {
        let at_bound: Vec<bool> = (0..self.p.len()).map(|j| self.bounds.holds(j, self.p[j])).collect();
        let spread = Spread::of(&self.jacobian, &at_bound, self.options.rank_tolerance);
        Fit {
            residual_norm_sq: self.cost(),
            iterations: self.history.len() - 1,
            evaluations: self.evaluations,
            stop,
            covariance: spread.covariance,
            singular_values: spread.singular_values,
            rank: spread.rank,
            undetermined: spread.undetermined,
            column_norms: spread.column_norms,
            at_bound,
            history: self.history,
            p: self.p,
            residuals: self.residuals,
            jacobian: self.jacobian,
        }
    }

    fn cost(&self) -> f64 {
        self.residuals.norm_squared()
    }

    /// `Jᵀr`, half the gradient of `|r|²`.
    fn gradient(&self) -> DVector<f64> {
        self.jacobian.tr_mul(&self.residuals)
    }

    fn linear(&self) -> Linear<'_> {
        Linear {
            p: &self.p,
            residuals: &self.residuals,
            jacobian: &self.jacobian,
            scale: &self.scale,
            bounds: &self.bounds,
            rank_tolerance: self.options.rank_tolerance,
        }
    }

    fn check_length(&self, residuals: &DVector<f64>) -> Result<(), LmError<P::Error>> {
        let expected = (self.residuals.len(), 1);
        if residuals.shape() == expected {
            return Ok(());
        }
        Err(LmError::Shape { what: "the vector of residuals", got: residuals.shape(), expected })
    }

    fn check_jacobian(&self) -> Result<(), LmError<P::Error>> {
        let expected = (self.residuals.len(), self.p.len());
        let got = self.jacobian.shape();
        if got != expected {
            return Err(LmError::Shape { what: "the Jacobian", got, expected });
        }
        match self.jacobian.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(k) => {
                let (residual, parameter) = (k % got.0, k / got.0);
                Err(LmError::BadDerivative { residual, parameter, value: self.jacobian[(residual, parameter)] })
            }
        }
    }
}

/// Where, from 0 to 1, a parabola through 0 with that slope, and through the value at 1, is lowest.
fn lowest_of_parabola(slope: f64, value: f64) -> f64 {
    0.5 * slope / (slope - value)
}
