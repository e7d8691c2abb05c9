//! Hamiltonian Monte Carlo: a Markov chain that follows the gradient.
//!
//! A state x gets a momentum m, drawn from N(0, M), and moves along
//!
//! ```text
//! dx/dt = M⁻¹ m,     dm/dt = -Jᵀ r(x)
//! ```
//!
//! by leapfrog steps; the end is taken with the probability `min(1, exp(-ΔH))`, `H = |r|²/2 + mᵀ M⁻¹ m / 2`, which mends the
//! error of the steps (Duane et al. 1987, Phys. Lett. B 195, 216; Neal 2011, in: Handbook of Markov Chain Monte Carlo,
//! arXiv:1206.1901). `M = <JᵀJ>` makes a linear problem round, with a period of 2π in every direction.
//!
//! The steps may follow a [`Guide`], a landscape that is nearly `|r|²/2` and costs less: as long as the end is taken by the
//! true H the members are those of `p(x)` all the same, and a poor guide only makes fewer ends be taken (Neal 2011, section 5.5).

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::Random;
use crate::lm::{Flow, Problem};

/// How a chain goes about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Trajectories before the first draw; they find the length of a step, and M.
    pub warmup: usize,
    /// Members wanted.
    pub draws: usize,
    /// Trajectories from one draw to the next.
    pub apart: usize,
    /// Most leapfrog steps of a trajectory.
    pub longest: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { warmup: 200, draws: 250, apart: 1, longest: 20 }
    }
}

/// A member.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// The parameters.
    pub x: DVector<f64>,
    /// `|r(x)|²`.
    pub cost: f64,
}

/// What a chain found.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The members, in order; fewer than wanted where the observer stopped it.
    pub draws: Vec<Draw>,
    /// Share of the trajectories after the warm-up whose end was taken.
    pub acceptance: f64,
    /// Length of a step after the warm-up, in periods of a linear problem over 2π.
    pub step: f64,
}

/// What trajectories follow in place of the problem.
pub trait Guide {
    /// Why there is no answer.
    type Error;

    /// `|r(x)|²/2` but for a constant, and its gradient, nearly; no numbers where there is no model.
    ///
    /// # Errors
    /// The guide's own.
    fn look(&mut self, x: &DVector<f64>) -> Result<(f64, DVector<f64>), Self::Error>;

    /// Told once, halfway through the warm-up, where the chain is by then: a chance to be better there.
    ///
    /// # Errors
    /// The guide's own.
    fn settle(&mut self, x: &DVector<f64>) -> Result<(), Self::Error>;
}

/// The observer that says nothing and goes on.
pub fn silent(_: usize) -> Flow {
    Flow::Continue
}

/// Share of trajectories to be taken: between long steps and few refusals.
const ACCEPTANCE: f64 = 0.75;
/// The first step, and the longest and the shortest (in periods over 2π); leapfrog is unstable beyond 2.
const FIRST_STEP: f64 = 0.2;
const STEPS: (f64, f64) = (1e-4, 1.0);
/// Ends of trajectories that follow a guide are differentiated once in so many: a gradient needs it nowhere, and the mean of `JᵀJ` not
/// everywhere.
const LEARNS: usize = 3;
/// How fast the step follows the share that is taken.
const ADAPTS: f64 = 0.06;
/// A trajectory's time is drawn from these: a quarter of a period brings a linear problem to where it has forgotten its start.
const TIMES: (f64, f64) = (0.8, 2.4);
/// Steps of one length would resonate with periods.
const JITTER: f64 = 0.2;
/// Where H has grown by so much the trajectory is lost.
const LOST: f64 = 500.0;
/// Added to M, relative to its mean diagonal: a direction that no residual sees would move without end.
const RIDGE: f64 = 1e-9;

/// A chain of members from `start`; `observer` is told how many trajectories are done and may stop it.
///
/// # Errors
/// The problem's own. Where its residuals are no numbers, no trajectory goes.
pub fn chain<P: Problem>(
    problem: &mut P,
    start: DVector<f64>,
    plan: &Plan,
    random: &mut Random,
    observer: &mut dyn FnMut(usize) -> Flow,
) -> Result<Chain, P::Error> {
    stirred_chain(problem, start, plan, random, &mut |_, _| None, observer)
}

/// A [`chain()`] whose trajectories follow `guide`.
///
/// # Errors
/// The problem's own, and the guide's.
pub fn guided_chain<P: Problem>(
    problem: &mut P,
    guide: &mut dyn Guide<Error = P::Error>,
    start: DVector<f64>,
    plan: &Plan,
    random: &mut Random,
    observer: &mut dyn FnMut(usize) -> Flow,
) -> Result<Chain, P::Error> {
    let walk = Walk::new(problem, Some(guide), start, plan.longest)?;
    walk.go(plan, random, &mut |_, _| None, observer)
}

/// A move of one's own: the state that follows a given one, `None` for the same again.
pub type Stir<'a> = dyn FnMut(&DVector<f64>, &mut Random) -> Option<DVector<f64>> + 'a;

/// A [`chain()`] in which a move of the caller's own follows each trajectory, such as one along a valley too bent for these.
///
/// The move has to leave p(x) as it is, as one of Metropolis and Hastings does.
///
/// # Errors
/// As [`chain()`].
pub fn stirred_chain<P: Problem>(
    problem: &mut P,
    start: DVector<f64>,
    plan: &Plan,
    random: &mut Random,
    stir: &mut Stir,
    observer: &mut dyn FnMut(usize) -> Flow,
) -> Result<Chain, P::Error> {
    Walk::new(problem, None, start, plan.longest)?.go(plan, random, stir, observer)
}

/// A place, its energy `|r|²/2` and what belongs to it.
#[derive(Clone)]
struct Place {
    x: DVector<f64>,
    energy: f64,
    /// Energy and gradient of the landscape that is followed.
    followed: f64,
    gradient: DVector<f64>,
    /// `JᵀJ`, while it is of use.
    curvature: Option<DMatrix<f64>>,
}

struct Walk<'a, P: Problem> {
    problem: &'a mut P,
    guide: Option<&'a mut dyn Guide<Error = P::Error>>,
    here: Place,
    mass: Cholesky<f64, Dyn>,
    /// Sum of `JᵀJ` over the warm-up so far, and of how many.
    seen: (DMatrix<f64>, usize),
    step: f64,
    longest: usize,
    /// Was the last trajectory's end taken?
    moved: bool,
    /// Is `JᵀJ` still of use?
    learns: bool,
    /// How many trajectories were followed so far.
    followed: usize,
}

impl<'a, P: Problem> Walk<'a, P> {
    fn new(
        problem: &'a mut P,
        mut guide: Option<&'a mut dyn Guide<Error = P::Error>>,
        start: DVector<f64>,
        longest: usize,
    ) -> Result<Self, P::Error> {
        let mut here = exact(problem, start, true)?;
        if let Some(guide) = &mut guide {
            (here.followed, here.gradient) = guide.look(&here.x)?;
        }
        let n = here.x.len();
        let curvature = here.curvature.take().unwrap_or_else(|| DMatrix::identity(n, n));
        let mass = factor(curvature.clone());
        let seen = (curvature, 1);
        Ok(Self {
            problem,
            guide,
            here,
            mass,
            seen,
            step: FIRST_STEP,
            longest,
            moved: false,
            learns: true,
            followed: 0,
        })
    }

    /// The whole chain.
    fn go(
        mut self,
        plan: &Plan,
        random: &mut Random,
        stir: &mut Stir,
        observer: &mut dyn FnMut(usize) -> Flow,
    ) -> Result<Chain, P::Error> {
        let _room = tracing::info_span!("sample").entered();
        let mut chain = Chain { draws: Vec::with_capacity(plan.draws), acceptance: 0.0, step: 0.0 };
        let (mut taken, mut tried) = (0_usize, 0_usize);
        for n in 0..plan.warmup + plan.draws * plan.apart {
            if observer(n) == Flow::Stop {
                break;
            }
            let kept = self.trajectory(random)?;
            if let Some(x) = stir(&self.here.x, random) {
                self.here = self.look(x)?;
            }
            if n < plan.warmup {
                self.adapt(kept, n, plan.warmup)?;
                continue;
            }
            tried += 1;
            taken += usize::from(self.moved);
            if (n + 1 - plan.warmup).is_multiple_of(plan.apart.max(1)) {
                chain.draws.push(Draw { x: self.here.x.clone(), cost: 2.0 * self.here.energy });
            }
        }
        Ok(Chain { acceptance: taken as f64 / tried.max(1) as f64, step: self.step, ..chain })
    }

    /// Follows one trajectory; the chance with which its end would be taken if what it followed were exact.
    fn trajectory(&mut self, random: &mut Random) -> Result<f64, P::Error> {
        self.followed += 1;
        let mut momentum = self.mass.l() * random.normals(self.here.x.len());
        let kinetic = self.kinetic(&momentum);
        let step = self.step * (1.0 + JITTER * (2.0 * random.uniform() - 1.0));
        let time = TIMES.0 + (TIMES.1 - TIMES.0) * random.uniform();
        let steps = ((time / step).ceil() as usize).clamp(1, self.longest.max(1));
        let lost = self.here.followed + kinetic + LOST;
        let mut there = self.here.clone();
        for _ in 0..steps {
            momentum -= 0.5 * step * &there.gradient;
            let x = &there.x + step * self.mass.solve(&momentum);
            there = self.follow(x)?;
            momentum -= 0.5 * step * &there.gradient;
            if there.followed.is_nan() || there.followed > lost {
                break;
            }
        }
        let gained = self.kinetic(&momentum) - kinetic;
        let kept = chance(there.followed - self.here.followed + gained);
        // The number is drawn in any case: how many a trajectory takes must not hang on its last digit.
        let drawn = random.uniform();
        // Where the landscape that was followed has no way, there is nothing to be looked at.
        self.moved = kept > 0.0 && {
            self.arrive(&mut there)?;
            drawn < chance(there.energy - self.here.energy + gained)
        };
        if self.moved {
            if let Some(curvature) = there.curvature.take() {
                self.seen = (&self.seen.0 + curvature, self.seen.1 + 1);
            }
            self.here = there;
        }
        Ok(kept)
    }

    /// In the warm-up: longer steps if more than enough are kept, shorter ones if fewer; halfway a better M and a better guide.
    fn adapt(&mut self, kept: f64, n: usize, warmup: usize) -> Result<(), P::Error> {
        self.step = (self.step * (ADAPTS * (kept - ACCEPTANCE) / ACCEPTANCE).exp()).clamp(STEPS.0, STEPS.1);
        if n + 1 == warmup / 2 {
            self.mass = factor(&self.seen.0 / self.seen.1 as f64);
            self.learns = false;
            if let Some(guide) = &mut self.guide {
                guide.settle(&self.here.x)?;
                (self.here.followed, self.here.gradient) = guide.look(&self.here.x)?;
            }
        }
        Ok(())
    }

    fn kinetic(&self, momentum: &DVector<f64>) -> f64 {
        0.5 * self.mass.solve(momentum).dot(momentum)
    }

    /// The next place of a trajectory.
    fn follow(&mut self, x: DVector<f64>) -> Result<Place, P::Error> {
        let Some(guide) = &mut self.guide else { return exact(self.problem, x, self.learns) };
        let (followed, gradient) = guide.look(&x)?;
        Ok(Place { x, energy: f64::NAN, followed, gradient, curvature: None })
    }

    /// What the end of a trajectory lacks yet, if it followed a guide.
    fn arrive(&mut self, there: &mut Place) -> Result<(), P::Error> {
        if self.guide.is_none() {
            return Ok(());
        }
        if self.learns && self.followed.is_multiple_of(LEARNS) {
            let place = exact(self.problem, there.x.clone(), true)?;
            (there.energy, there.curvature) = (place.energy, place.curvature);
        } else {
            there.energy = 0.5 * self.problem.residuals(&there.x)?.norm_squared();
        }
        Ok(())
    }

    /// All of a place.
    fn look(&mut self, x: DVector<f64>) -> Result<Place, P::Error> {
        let mut place = self.follow(x)?;
        self.arrive(&mut place)?;
        Ok(place)
    }
}

/// The chance with which the end of a trajectory is taken whose H has changed by so much.
fn chance(change: f64) -> f64 {
    if change.is_finite() { (-change).exp().min(1.0) } else { 0.0 }
}

/// A place as the problem has it; with `JᵀJ` if it is wanted.
fn exact<P: Problem>(problem: &mut P, x: DVector<f64>, curvature: bool) -> Result<Place, P::Error> {
    let (residuals, jacobian) = problem.both(&x)?;
    let transposed = jacobian.transpose();
    let energy = 0.5 * residuals.norm_squared();
    let gradient = &transposed * residuals;
    Ok(Place { x, energy, followed: energy, gradient, curvature: curvature.then(|| transposed * jacobian) })
}

/// The Cholesky factor of a matrix that may lack a direction; of 1 where it is none.
fn factor(mut matrix: DMatrix<f64>) -> Cholesky<f64, Dyn> {
    let n = matrix.nrows();
    let ridge = RIDGE * matrix.trace() / n.max(1) as f64;
    for k in 0..n {
        matrix[(k, k)] += ridge;
    }
    // The unit matrix has a factor of its own; it stands in for one with no numbers in it.
    Cholesky::new(matrix).unwrap_or_else(|| Cholesky::pack_dirty(DMatrix::identity(n, n)))
}
