//! Least squares: the parameters at which a vector of residuals is shortest. Knows no physics.
//!
//! ```text
//! minimise  |r(p)|² = Σ_k r_k(p)²,     low_j <= p_j <= high_j,     J_kj = ∂r_k/∂p_j
//! ```
//!
//! # Method
//!
//! Levenberg-Marquardt (Marquardt 1963, J. SIAM 11, 431; Moré 1978, Lect. Notes Math. 630, 105). Each step `δ` solves
//!
//! ```text
//! (JᵀJ + λ D²) δ = -Jᵀ r,      D_j = |J_j|, but at least 0.2 times the last
//! ```
//!
//! so that the units of the parameters do not matter (with [`Options::widths`] another `D`). With `A = J D⁻¹` there are
//! three ways to the same step:
//!
//! ```text
//! A = U Σ Vᵀ     D δ = -V (Σ² + λ)⁻¹ Σ Uᵀ r      up to 16 parameters; up to SMALL where λ < 1e-8; or where rounding spoils the others
//! m >= n         D δ = -(AᵀA + λ)⁻¹ Aᵀ r         n × n, by Cholesky
//! m < n          D δ = -Aᵀ (AAᵀ + λ)⁻¹ r         m × m, by Cholesky: fewer residuals than parameters
//! ```
//!
//! The singular values, found after a QR of the columns, keep all digits of an ill-conditioned problem and make further
//! `λ` nearly free; but they cost more the more parameters there are, and while `λ` is large it hides what only they can tell;
//! beyond [`SMALL`] parameters they cost too much. The second and third share one product for all `λ`
//! and factorise it for each. The third is the second by `(AᵀA + λ)⁻¹ Aᵀ = Aᵀ (AAᵀ + λ)⁻¹`.
//!
//! After a step that succeeds `λ` follows the ratio of the reduction found to the one that the linear model foretold
//! (Nielsen 1999, IMM-REP-1999-05). After one that fails, `λ` is sought at once with which what was too large is small
//! enough; that costs no residuals. What was too large is the change of a parameter ([`LONGEST`]), the bend of the path
//! ([`Options::acceleration`]), or the length of the step, which is to end where the sum along the step, seen as a parabola,
//! is lowest.
//!
//! Near a minimum rounding hides whether the sum falls long before it hides the gradient. There a step counts if it halves
//! the gradient.
//!
//! A singular `J` is no exit: directions with a singular value below [`Options::rank_tolerance`] times the largest
//! are left where they are, and the fit goes on in the others. [`Fit::undetermined`] names them.
//!
//! **Bounds.** A parameter at a bound that would leave the box is frozen for the step; one that the step carries across
//! a bound is set on it, and the step of the others is solved again.
//!
//! # Example
//!
//! ```
//! use corefine::lm::{self, Options, Problem};
//! use nalgebra::{DMatrix, DVector, dvector};
//!
//! /// y = a exp(-b x), seen at x = 0, 1, 2.
//! struct Decay {
//!     y: [f64; 3],
//! }
//!
//! impl Problem for Decay {
//!     type Error = std::convert::Infallible;
//!
//!     fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, Self::Error> {
//!         Ok(DVector::from_fn(3, |k, _| p[0] * (-p[1] * k as f64).exp() - self.y[k]))
//!     }
//!
//!     fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, Self::Error> {
//!         let slope = |x: f64, j| if j == 0 { (-p[1] * x).exp() } else { -p[0] * x * (-p[1] * x).exp() };
//!         Ok(DMatrix::from_fn(3, 2, |k, j| slope(k as f64, j)))
//!     }
//! }
//!
//! let mut decay = Decay { y: [2.0, 1.0, 0.5] };
//! let fit = lm::minimise(&mut decay, dvector![1.0, 0.1], &Options::default(), &mut lm::silent)?;
//! assert!(fit.stop.converged());
//! assert!((fit.p[0] - 2.0).abs() < 1e-9 && (fit.p[1] - 2f64.ln()).abs() < 1e-9);
//! # Ok::<(), lm::LmError<std::convert::Infallible>>(())
//! ```

mod bounds;
mod damped;
mod products;
mod qr;
mod result;
mod search;
mod shorten;
mod singular;

use nalgebra::{DMatrix, DVector};

pub use result::{Fit, Stop};
pub use search::minimise;
pub use singular::Singular;

/// Most parameters for which steps of little damping are solved from singular values. At 351 × 56 these take some two
/// milliseconds, at 500 × 300 a fifth of a second; beyond, a Cholesky factor of the smaller of `JᵀJ` and `JJᵀ` costs far less.
pub const SMALL: usize = 100;

/// No parameter goes farther in one step than this many of its [`Options::widths`].
pub const LONGEST: f64 = 3.0;

/// A vector of residuals and its derivatives.
pub trait Problem {
    /// What can go wrong inside; it ends the fit and is handed on as [`LmError::Problem`].
    type Error;

    /// `r(p)`, weighted: the fit makes `Σ r²` as small as it can. Its length m never changes.
    ///
    /// A value that is not finite says that there is no model at `p`: the step is taken back and a shorter one tried.
    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, Self::Error>;

    /// `J = ∂r/∂p`, m × n.
    ///
    /// Only ever asked for where [`Problem::residuals`] was asked last, so what that kept may be used again.
    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, Self::Error>;

    /// Both at once, at any `p`; where there is no model the Jacobian may be anything.
    ///
    /// A fit asks for both where it expects to stay: for most problems that costs far less than one after the other.
    ///
    /// # Errors
    /// The problem's own.
    fn both(&mut self, p: &DVector<f64>) -> Result<(DVector<f64>, DMatrix<f64>), Self::Error> {
        let residuals = self.residuals(p)?;
        let there = residuals.iter().all(|value| value.is_finite());
        let jacobian = if there { self.jacobian(p)? } else { DMatrix::zeros(residuals.len(), p.len()) };
        Ok((residuals, jacobian))
    }
}

/// When to stop and how to start.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Most iterations (Jacobians).
    pub max_iterations: usize,
    /// Converged where an iteration lowers `|r|²`, and the linear model promises to lower it, by less than this share.
    pub ftol: f64,
    /// Converged where `|Dδ| <= xtol |Dp|`.
    pub xtol: f64,
    /// Converged where the cosine of the angle between `r` and every free column of `J` is below this.
    pub gtol: f64,
    /// Converged where `|r|²` is at most this: nothing is left to explain. (A 1e-28th of the first `|r|²` always is.)
    pub exact: f64,
    /// The first `λ`, relative to the scaled `JᵀJ` with its diagonal of ones.
    pub initial_lambda: f64,
    /// Singular values of the scaled Jacobian below this share of the largest count as zero.
    pub rank_tolerance: f64,
    /// Relative error to which `|r|²` is computed: where a step promises and changes less, it is taken on trust.
    /// In f64 some 1e-13; an engine that computes in f32 needs some 1e-6.
    pub noise: f64,
    /// Follow the curve of the valley to second order, at the price of one more residual vector per trial
    /// (Transtrum & Sethna 2012, arXiv:1201.5885).
    pub acceleration: bool,
    /// For each parameter the change beyond which the residuals cannot be expected to be straight; empty: not known.
    /// With them, `D_j` is the same for all parameters in these units, so that one that hardly changes the residuals is
    /// not moved without measure, and no step goes farther than [`LONGEST`] of them.
    pub widths: Vec<f64>,
    /// `(low, high)` for each parameter; empty: no bounds. Infinite where there is none.
    pub bounds: Vec<(f64, f64)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_iterations: 200,
            ftol: 1e-10,
            xtol: 1e-10,
            gtol: 1e-12,
            exact: 0.0,
            initial_lambda: 1e-3,
            rank_tolerance: 1e-12,
            noise: 1e-13,
            acceleration: true,
            widths: Vec::new(),
            bounds: Vec::new(),
        }
    }
}

impl Options {
    /// The defaults with one tolerance for the sum of squares and the step, as a job file gives it.
    pub fn with_tolerance(tolerance: f64, max_iterations: usize) -> Self {
        Self { ftol: tolerance, xtol: tolerance, max_iterations, ..Self::default() }
    }
}

/// How far the fit has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// 0 at the start.
    pub iteration: usize,
    /// `|r|²`.
    pub cost: f64,
    /// `λ` of the step that led here; at the start the first one that will be tried.
    pub lambda: f64,
    /// `|Dδ| / |Dp|` of that step, 0 at the start.
    pub step: f64,
}

/// What the observer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Finish here, with what there is.
    Stop,
}

/// The observer that says nothing and goes on.
pub fn silent(_: &Progress) -> Flow {
    Flow::Continue
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LmError<E> {
    /// The problem's own error.
    #[error("{0}")]
    Problem(E),
    /// There is nothing to fit to.
    #[error("least squares need at least one residual: widen the range")]
    Empty,
    /// A start value is not finite.
    #[error("parameter {parameter} starts at {value}: give it a finite start")]
    BadStart {
        /// Its index.
        parameter: usize,
        /// The value.
        value: f64,
    },
    /// A bound that no value can meet.
    #[error("parameter {parameter} has the bounds {low} to {high}: the lower must not exceed the upper")]
    BadBounds {
        /// Its index.
        parameter: usize,
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Not one pair of bounds per parameter.
    #[error("{got} pairs of bounds for {parameters} parameters: give one for each, or none")]
    BoundsCount {
        /// Pairs of bounds given.
        got: usize,
        /// Parameters.
        parameters: usize,
    },
    /// The model has no value where the fit starts.
    #[error("residual {residual} is {value} at the start: start from values at which the model can be computed")]
    NotFinite {
        /// Its index.
        residual: usize,
        /// The value.
        value: f64,
    },
    /// A derivative is not a number.
    #[error(
        "the derivative of residual {residual} by parameter {parameter} is {value}: fix the parameter, or bound it away from there"
    )]
    BadDerivative {
        /// Row of `J`.
        residual: usize,
        /// Column of `J`.
        parameter: usize,
        /// The value.
        value: f64,
    },
    /// The problem gave a vector or matrix of another size.
    #[error("{what} has the shape {got:?}, expected {expected:?}")]
    Shape {
        /// `r` or `J`.
        what: &'static str,
        /// Rows and columns found.
        got: (usize, usize),
        /// Rows and columns due.
        expected: (usize, usize),
    },
}
