//! The least-squares problem in latent variables: the data's misfit, what was known before, restraints.

use nalgebra::{DMatrix, DVector};

use crate::engine::Cpu;
use crate::fit::{FitError, Setup};
use crate::forward::Forward;
use crate::lm::Problem;
use crate::params::State;
use crate::prior::Prior;
use crate::sample::Random;

/// `r(x)`: points of the curve, then one row for each latent variable, then restraints.
///
/// ```text
/// r = [ (G(p(x)) - Gobs) / (k dG sqrt(oversampling)),   x,   restraints(p(x)) ]
/// ```
///
/// so that `|r|²/2` is the negative logarithm of the posterior. k is [`Posterior::noise`].
pub struct Posterior<'a> {
    setup: &'a Setup,
    prior: &'a Prior,
    forward: Forward,
    /// By what the uncertainty of the points is multiplied.
    pub noise: f64,
    /// Do the data count? Without them this is the prior, with the restraints.
    pub data: bool,
}

impl<'a> Posterior<'a> {
    /// The posterior of a refinement, with noise as the data have it.
    pub fn new(setup: &'a Setup, prior: &'a Prior) -> Self {
        Self { setup, prior, forward: setup.forward.clone(), noise: 1.0, data: true }
    }

    /// How many rows belong to points of the curve.
    pub fn points(&self) -> usize {
        if self.data { self.setup.target.r.len() } else { 0 }
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.points() + self.prior.len()
    }

    /// What new measurements, and new guesses before them, would add to the rows.
    ///
    /// Noise of a transform of `Q <= qmax` has one independent value every π/qmax, interpolated in between.
    pub fn perturbation(&self, random: &mut Random) -> DVector<f64> {
        let mut rows = random.normals(self.rows());
        if self.data {
            let target = &self.setup.target;
            let noise = super::noise::correlated(&target.r, self.setup.qmax, random);
            let scale = target.oversampling.sqrt();
            noise.iter().enumerate().for_each(|(k, noise)| rows[k] = noise / scale);
        }
        rows
    }

    /// The structure at x; `None` where there can be none.
    pub fn state(&self, x: &DVector<f64>) -> Option<(Vec<f64>, State)> {
        let p = self.prior.values(x);
        let binding = &self.setup.binding;
        let allowed = self.prior.allowed(&p) && binding.values(&p).is_ok_and(|values| binding.ties_allowed(&values));
        let state = if allowed { binding.state(&p).ok()? } else { return None };
        Some((p, state))
    }

    /// `|r|²` of the data at x, in units of the noise that they were given, and Rw.
    ///
    /// # Errors
    /// Where the curve cannot be computed.
    pub fn misfit(&mut self, x: &DVector<f64>) -> Result<(f64, f64), FitError> {
        let Some((p, state)) = self.state(x) else { return Ok((f64::NAN, f64::NAN)) };
        let curves = self.forward.curves(&state, &[], &mut Cpu)?;
        let target = &self.setup.target;
        Ok((target.residuals(&curves.g, &[], &p).norm_squared(), target.rw(&curves.g)))
    }

    fn evaluate(&mut self, x: &DVector<f64>, with_jacobian: bool) -> Result<(DVector<f64>, DMatrix<f64>), FitError> {
        let (points, n) = (self.points(), self.prior.len());
        let mut residuals = DVector::from_element(self.rows(), f64::NAN);
        let mut jacobian = DMatrix::zeros(if with_jacobian { self.rows() } else { 0 }, n);
        let Some((p, state)) = self.state(x) else { return Ok((residuals, jacobian)) };
        if with_jacobian {
            (0..n).for_each(|k| jacobian[(points + k, k)] = 1.0);
        }
        residuals.rows_mut(points, n).copy_from(x);
        if !self.data {
            return Ok((residuals, jacobian));
        }
        let tangents = if with_jacobian { self.setup.binding.tangents(&state, &p)? } else { Vec::new() };
        let curves = self.forward.curves(&state, &tangents, &mut Cpu)?;
        let target = &self.setup.target;
        residuals.rows_mut(0, points).copy_from(&(target.residuals(&curves.g, &[], &p) / self.noise));
        if with_jacobian {
            let by_parameter = target.jacobian(&curves.columns, &[]) / self.noise;
            jacobian.rows_mut(0, points).copy_from(&self.prior.columns(x, &by_parameter));
        }
        Ok((residuals, jacobian))
    }
}

impl Problem for Posterior<'_> {
    type Error = FitError;

    fn residuals(&mut self, x: &DVector<f64>) -> Result<DVector<f64>, FitError> {
        Ok(self.evaluate(x, false)?.0)
    }

    fn jacobian(&mut self, x: &DVector<f64>) -> Result<DMatrix<f64>, FitError> {
        Ok(self.evaluate(x, true)?.1)
    }

    fn both(&mut self, x: &DVector<f64>) -> Result<(DVector<f64>, DMatrix<f64>), FitError> {
        self.evaluate(x, true)
    }
}
