//! The least-squares problem in latent variables: the data's misfit, what was known before, restraints.

use nalgebra::{DMatrix, DVector};

use super::guide::Kernel;
use crate::engine::Cpu;
use crate::fit::{FitError, Followed, Setup};
use crate::forward::Forward;
use crate::histogram::{self, BondList};
use crate::lm::Problem;
use crate::params::State;
use crate::prior::{BondPrior, Breaking, Prior, Width};
use crate::restraints::Restraints;
use crate::sample::Random;
use crate::tangent::Tangent;

/// What is known of a refinement before its data.
#[derive(Debug, Clone)]
pub struct Known {
    /// Of its parameters.
    pub prior: Prior,
    /// Of its bonds, one for each kind that the job follows.
    pub(super) bonds: Vec<BondPrior>,
    /// What the job says of the structure.
    pub(super) restraints: Restraints,
}

/// `r(x)`: points of the curve, how large their noise is, then one row for each latent variable, then bonds, then restraints.
///
/// ```text
/// r = [ (G(p(x)) - Gobs) / (k dG sqrt(oversampling)),   sqrt(2 n [ln(k/k0) + C]),   x,   bonds(d(p(x)), x),   restraints(p(x)) ]
/// k = k0 factor^x_k
/// ```
///
/// so that `|r|²/2` is the negative logarithm of the posterior but for the constant `n C`; n are the points that tell something
/// each. k, by what the noise is larger than the data say, is a latent variable too: no model is right to the noise, and the data
/// show by how much. x are the latent variables of the [`Prior`], then two for each kind of bonds, then x_k.
#[derive(Debug, Clone)]
pub struct Posterior<'a> {
    pub(super) setup: &'a Setup,
    pub(super) known: &'a Known,
    forward: Forward,
    /// k0: by what the uncertainty of the points is multiplied in the middle of the guesses.
    pub noise: f64,
    /// Do the data count? Without them this is what was known before.
    pub data: bool,
}

impl Known {
    /// What is known of the refinement that `setup` describes.
    ///
    /// # Errors
    /// A formula whose value is no number at the start.
    pub fn of(setup: &Setup) -> Result<Self, FitError> {
        setup.single("an ensemble")?;
        let binding = &setup.binding;
        let start = binding.start();
        let state = binding.state(&start)?;
        let prior = Prior::new(binding, if setup.bonds.is_empty() { &LEARNED } else { &WIDE });
        let tangents = binding.tangents(&state, &start)?;
        let bonds = setup.bonds.iter().map(|followed| bond_prior(&followed.list, &state, &tangents, &prior)).collect();
        let restraints = setup.restraints.first().map(|all| all.of_structure(&state.crystal)).unwrap_or_default();
        Ok(Self { prior, bonds, restraints })
    }

    /// The kinds of bonds, by their number, that what is refined leaves no room to break in: nothing is thought of them beforehand.
    pub fn silent(&self) -> impl Iterator<Item = usize> {
        (0..self.bonds.len()).filter(|kind| !self.bonds[*kind].speaks())
    }

    /// How many latent variables there are.
    pub fn len(&self) -> usize {
        self.prior.len() + 2 * self.bonds.len() + 1
    }

    /// Bounds that let every latent variable go but those that describe how others are spread, which stay where they are likely
    /// beforehand: a minimum would make spreads vanish, since what is likeliest there has no volume.
    pub fn held(&self) -> Vec<(f64, f64)> {
        let parameters = self.prior.len() - 2 * self.prior.groups.len();
        (0..self.len()).map(|k| if k < parameters { (f64::NEG_INFINITY, f64::INFINITY) } else { (0.0, 0.0) }).collect()
    }

    /// By what the noise at x is larger than k0.
    pub fn noise(&self, x: &DVector<f64>) -> f64 {
        NOISE_FACTOR.powf(x[self.len() - 1])
    }

    /// Is nothing refined?
    pub fn is_empty(&self) -> bool {
        self.prior.is_empty()
    }

    /// Where the latent variables s and φ of a kind of bonds stand.
    pub(super) fn columns_of_bonds(&self, kind: usize) -> [usize; 2] {
        let first = self.prior.len() + 2 * kind;
        [first, first + 1]
    }

    pub(super) fn latent_of_bonds(&self, kind: usize, x: &DVector<f64>) -> [f64; 2] {
        self.columns_of_bonds(kind).map(|column| x[column])
    }
}

/// k is known to this factor.
pub(super) const NOISE_FACTOR: f64 = 1.5;
/// C.
const NOISE_ROOM: f64 = 20.0;
/// So many standard deviations from its middle no latent variable goes; what is there is rounding.
const FARTHEST: f64 = 12.0;

/// Displacements where no bonds are followed: the data choose how wide, and how many are displaced far.
const LEARNED: Width = Width { narrow: 0.1, factor: 2.0, wide: 0.35, most: 0.5 };

/// Displacements where bonds are followed: anywhere, since the bonds say how far.
const WIDE: Width = Width { narrow: 0.45, factor: 1.0, wide: 0.45, most: 0.0 };

/// Bonds: a share that nothing is known of, broken by some 0.35 Å; `docs/calibration.md` tells what that was held to.
const BREAKING: Breaking =
    Breaking { least: 0.015, intact: 0.04, factor: 1.8, strained: 0.15, broken: 0.35, most: 0.5 };

fn bond_prior(list: &BondList, state: &State, tangents: &[Tangent], prior: &Prior) -> BondPrior {
    let lengths = lengths(list, state);
    let slopes =
        prior.columns(&DVector::zeros(prior.len()), &histogram::length_jacobian(list, &state.crystal, tangents));
    BondPrior::new(BREAKING, lengths, &slopes)
}

fn lengths(list: &BondList, state: &State) -> Vec<f64> {
    list.bonds.iter().map(|bond| BondList::vector(bond, &state.crystal).norm()).collect()
}

/// Values, and derivatives if they are asked for.
pub(super) type Rows = (DVector<f64>, DMatrix<f64>);

impl<'a> Posterior<'a> {
    /// The posterior of a refinement, with noise as the data have it.
    pub fn new(setup: &'a Setup, known: &'a Known) -> Self {
        Self { setup, known, forward: setup.forward().clone(), noise: 1.0, data: true }
    }

    /// How many rows belong to points of the curve.
    pub fn points(&self) -> usize {
        if self.data { self.setup.first().target.points() } else { 0 }
    }

    /// Rows of the data: points, and the size of their noise.
    fn data_rows(&self) -> usize {
        if self.data { self.points() + 1 } else { 0 }
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        let bonds: usize = self.known.bonds.iter().map(BondPrior::rows).sum();
        self.data_rows() + self.known.len() + bonds + self.known.restraints.len()
    }

    /// What new measurements, and new guesses before them, would add to the rows; 0 where a row is neither.
    ///
    /// Noise of a transform of `Q <= qmax` has one independent value every π/qmax, interpolated in between; in Q it has the distances that are
    /// compared.
    pub fn perturbation(&self, random: &mut Random) -> DVector<f64> {
        let mut rows = DVector::zeros(self.rows());
        let (points, target) = (self.points(), &self.setup.first().target);
        if self.data {
            let noise = target.noise(self.setup.first().qmax(), || random.normal());
            rows.rows_mut(0, points).copy_from(&(DVector::from_vec(noise) / target.oversampling.sqrt()));
        }
        rows.rows_mut(self.data_rows(), self.known.len()).copy_from(&random.normals(self.known.len()));
        let gaussian = self.known.restraints.gaussian();
        let first = self.rows() - gaussian.len();
        for (k, gaussian) in gaussian.into_iter().enumerate() {
            rows[first + k] = if gaussian { random.normal() } else { 0.0 };
        }
        rows
    }

    /// The parameters and the structure at x; `None` where there can be none.
    pub fn state(&self, x: &DVector<f64>) -> Option<(Vec<f64>, State)> {
        self.state_in(x, None)
    }

    /// The same; the memory of an old structure is used again.
    pub(super) fn state_in(&self, x: &DVector<f64>, old: Option<State>) -> Option<(Vec<f64>, State)> {
        if !x.iter().all(|x| x.abs() < FARTHEST) {
            return None;
        }
        let p = self.known.prior.values(x);
        let binding = &self.setup.binding;
        let allowed =
            self.known.prior.allowed(&p) && binding.values(&p).is_ok_and(|values| binding.ties_allowed(&values));
        let state = if allowed { binding.next_state(old, &p).ok()? } else { return None };
        Some((p, state))
    }

    /// `|r|²` of the data at x, in units of the noise that they came with, and Rw.
    ///
    /// # Errors
    /// Where the curve cannot be computed.
    pub fn misfit(&mut self, x: &DVector<f64>) -> Result<(f64, f64), FitError> {
        let Some((_, state)) = self.state(x) else { return Ok((f64::NAN, f64::NAN)) };
        let curves = self.forward.curves(&state, &[], &mut Cpu)?;
        let target = &self.setup.first().target;
        Ok((target.residuals(&curves.g).iter().map(|r| r * r).sum(), target.rw(&curves.g)))
    }

    /// How the structure moves with each parameter.
    pub(super) fn tangents(&self, state: &State, p: &[f64]) -> Result<Vec<Tangent>, FitError> {
        Ok(self.setup.binding.tangents(state, p)?)
    }

    /// Residuals of the data as they came, and their derivatives along `tangents`.
    pub(super) fn data(&mut self, state: &State, tangents: &[Tangent]) -> Result<Rows, FitError> {
        let curves = self.forward.curves(state, tangents, &mut Cpu)?;
        let target = &self.setup.first().target;
        Ok((DVector::from_vec(target.residuals(&curves.g)), target.jacobian(&curves.columns)))
    }

    /// Points that tell something each, if the data have a say.
    pub(super) fn effective_points(&self) -> f64 {
        if self.data { self.setup.first().target.effective_points() } else { 0.0 }
    }

    /// A kernel of what displaced atoms do to the data, at x.
    pub fn kernel(&mut self, x: &DVector<f64>) -> Result<Option<Kernel>, FitError> {
        let Some((p, state)) = self.state(x) else { return Ok(None) };
        let mut moved = vec![false; state.crystal.atoms.len()];
        for (atom, change) in self.tangents(&state, &p)?.iter().flat_map(|tangent| &tangent.atoms) {
            moved[*atom as usize] |= change.position != nalgebra::Vector3::zeros();
        }
        Kernel::of(self.setup, &mut self.forward, &state, moved)
    }

    /// Rows at x, and their derivatives (rows × latent variables) if they are asked for; no numbers where there is no model.
    fn evaluate(&mut self, x: &DVector<f64>, differentiate: bool) -> Result<Rows, FitError> {
        let n = self.known.len();
        let mut values = DVector::from_element(self.rows(), f64::NAN);
        let mut slopes = DMatrix::zeros(if differentiate { self.rows() } else { 0 }, n);
        let Some((p, state)) = self.state(x) else { return Ok((values, slopes)) };
        let tangents = if differentiate { self.setup.binding.tangents(&state, &p)? } else { Vec::new() };
        let mut row = 0;
        let parts = [
            self.curve(x, &state, &tangents)?,
            (x.clone(), if differentiate { DMatrix::identity(n, n) } else { DMatrix::zeros(0, n) }),
            self.bonds(x, &state, &tangents),
            self.restraints(x, (&state, &p), &tangents),
        ];
        for (part, by) in parts {
            values.rows_mut(row, part.len()).copy_from(&part);
            slopes.view_mut((row.min(slopes.nrows()), 0), (by.nrows(), by.ncols())).copy_from(&by);
            row += part.len();
        }
        Ok((values, slopes))
    }

    fn curve(&mut self, x: &DVector<f64>, state: &State, tangents: &[Tangent]) -> Result<Rows, FitError> {
        if !self.data {
            return Ok((DVector::zeros(0), DMatrix::zeros(0, 0)));
        }
        let (residuals, jacobian) = self.data(state, tangents)?;
        let (target, points, last) = (&self.setup.first().target, self.points(), self.known.len() - 1);
        let (log, scale) = (self.known.noise(x).ln(), self.noise * self.known.noise(x));
        let mut values = DVector::zeros(points + 1);
        values.rows_mut(0, points).copy_from(&(residuals / scale));
        let n = target.effective_points();
        values[points] = (2.0 * n * (log + NOISE_ROOM)).sqrt();
        if tangents.is_empty() {
            return Ok((values, DMatrix::zeros(0, 0)));
        }
        let mut slopes = DMatrix::zeros(points + 1, last + 1);
        let by_latent = self.by_latent(x, &jacobian) / scale;
        slopes.rows_mut(0, points).copy_from(&by_latent);
        slopes.view_mut((0, last), (points, 1)).copy_from(&(values.rows(0, points) * -NOISE_FACTOR.ln()));
        slopes[(points, last)] = n * NOISE_FACTOR.ln() / values[points];
        Ok((values, slopes))
    }

    fn bonds(&self, x: &DVector<f64>, state: &State, tangents: &[Tangent]) -> Rows {
        let (mut values, mut slopes) = (Vec::new(), Vec::new());
        for (k, (prior, Followed { list, .. })) in self.known.bonds.iter().zip(&self.setup.bonds).enumerate() {
            let (d, latent) = (lengths(list, state), self.known.latent_of_bonds(k, x));
            values.extend(prior.residuals(&d, latent));
            if !tangents.is_empty() {
                let by_x = self.by_latent(x, &histogram::length_jacobian(list, &state.crystal, tangents));
                slopes.push(prior.jacobian(&d, latent, &by_x, self.known.columns_of_bonds(k)));
            }
        }
        (DVector::from_vec(values), stacked(&slopes, self.known.len()))
    }

    fn restraints(&self, x: &DVector<f64>, (state, p): (&State, &[f64]), tangents: &[Tangent]) -> Rows {
        let restraints = &self.known.restraints;
        let values = DVector::from_iterator(restraints.len(), restraints.residuals(state, p));
        if tangents.is_empty() || restraints.is_empty() {
            return (values, DMatrix::zeros(0, 0));
        }
        (values, self.by_latent(x, &restraints.jacobian(state, tangents)))
    }

    /// Derivatives by all latent variables from those by the parameters.
    pub(super) fn by_latent(&self, x: &DVector<f64>, by_parameter: &DMatrix<f64>) -> DMatrix<f64> {
        self.known.prior.columns(x, by_parameter).resize_horizontally(self.known.len(), 0.0)
    }
}

/// Matrices of as many columns on top of each other.
fn stacked(parts: &[DMatrix<f64>], columns: usize) -> DMatrix<f64> {
    let mut all = DMatrix::zeros(parts.iter().map(DMatrix::nrows).sum(), columns);
    let mut row = 0;
    for part in parts {
        all.rows_mut(row, part.nrows()).copy_from(part);
        row += part.nrows();
    }
    all
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
