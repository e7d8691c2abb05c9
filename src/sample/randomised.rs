//! Randomised maximum likelihood: minimise a problem whose data were measured anew.

use nalgebra::{DMatrix, DVector};

use crate::lm::{self, Fit, Flow, LmError, Options, Problem, Progress};

/// The minimum of `|r(x) + ε|²`.
///
/// With ε standard normal in every row that stands for a measurement or for what was known before, the minima of many such
/// problems are a sample of `p(x)`: exactly where r is linear, and nearly so where it bends little between them (Oliver,
/// He & Reynolds 1996, in: 5th European Conference on the Mathematics of Oil Recovery; Bardsley et al. 2014, SIAM J. Sci.
/// Comput. 36, A1895). Rows that are no measurement, such as walls, have ε = 0.
///
/// * `perturbation`: ε, as long as r.
///
/// # Errors
/// See [`lm::minimise`].
pub fn randomised<P: Problem>(
    problem: &mut P,
    perturbation: DVector<f64>,
    start: DVector<f64>,
    options: &Options,
    observer: &mut dyn FnMut(&Progress) -> Flow,
) -> Result<Fit, LmError<P::Error>> {
    lm::minimise(&mut Perturbed { problem, perturbation }, start, options, observer)
}

struct Perturbed<'a, P> {
    problem: &'a mut P,
    perturbation: DVector<f64>,
}

impl<P: Problem> Problem for Perturbed<'_, P> {
    type Error = P::Error;

    fn residuals(&mut self, x: &DVector<f64>) -> Result<DVector<f64>, P::Error> {
        Ok(self.problem.residuals(x)? + &self.perturbation)
    }

    fn jacobian(&mut self, x: &DVector<f64>) -> Result<DMatrix<f64>, P::Error> {
        self.problem.jacobian(x)
    }

    fn both(&mut self, x: &DVector<f64>) -> Result<(DVector<f64>, DMatrix<f64>), P::Error> {
        let (residuals, jacobian) = self.problem.both(x)?;
        Ok((residuals + &self.perturbation, jacobian))
    }
}
