//! Samples of what data leave possible. Knows no physics.
//!
//! A least-squares problem whose residuals `r(x)` hold the data's misfit in units of their noise and, row by row, what was
//! known before, says how likely every `x` is:
//!
//! ```text
//! -ln p(x) = |r(x)|² / 2 + constant
//! ```
//!
//! Two ways lead to members, values of x that occur as often as they are likely.
//!
//! | | [`randomised`] | [`chain()`] |
//! |---|---|---|
//! | a member | the minimum of `|r(x) + ε|²`, ε normal | a state of a Markov chain |
//! | members depend | not on each other | on those before in their chain |
//! | exact | where r is linear | always, after long enough |
//! | can be trusted | where the minimum is found | where chains from different starts agree ([`agreement()`]) |
//!
//! ```
//! use corefine::lm::Problem;
//! use corefine::sample::{self, Plan, Random};
//! use nalgebra::{DMatrix, DVector};
//!
//! /// x was known to be 0 ± 1, and was measured to be 2 ± 0.5.
//! struct Known;
//!
//! impl Problem for Known {
//!     type Error = std::convert::Infallible;
//!
//!     fn residuals(&mut self, x: &DVector<f64>) -> Result<DVector<f64>, Self::Error> {
//!         Ok(DVector::from_vec(vec![x[0], (x[0] - 2.0) / 0.5]))
//!     }
//!
//!     fn jacobian(&mut self, _: &DVector<f64>) -> Result<DMatrix<f64>, Self::Error> {
//!         Ok(DMatrix::from_column_slice(2, 1, &[1.0, 2.0]))
//!     }
//! }
//!
//! let plan = Plan { draws: 4000, ..Plan::default() };
//! let chain = sample::chain(&mut Known, DVector::zeros(1), &plan, &mut Random::new(1, 0), &mut sample::silent)?;
//! let mean = chain.draws.iter().map(|draw| draw.x[0]).sum::<f64>() / 4000.0;
//! assert!((mean - 1.6).abs() < 0.05); // (0/1² + 2/0.5²) / (1/1² + 1/0.5²)
//! # Ok::<(), std::convert::Infallible>(())
//! ```

mod agreement;
mod hamiltonian;
mod random;
mod randomised;

pub use agreement::{Agreement, MET, agreement};
pub use hamiltonian::{Chain, Draw, Guide, Plan, Stir, chain, guided_chain, silent, stirred_chain};
pub use random::Random;
pub use randomised::randomised;
