//! A posterior that is nearly the true one and costs little: what trajectories of a chain follow.
//!
//! The residuals of the data are taken as two parts,
//!
//! ```text
//! r(x) ≈ S(x) + (scale/scale°) [Σ_pairs T_ab(r_ij, U_a + U_b) + Σ_ab R_ab(U_a + U_b)]
//! ```
//!
//! The sum over pairs with an atom that is displaced, which no simple curve would describe, comes from tables of one pair ([`Kernel`]);
//! R are all other pairs of two kinds of atoms, which know of displacements nothing and of U much: a polynomial. S is what is left. It is
//! small and smooth, and taken as a parabola in what changes all pairs (cell, U, scale) about a state x°: value, slopes and bends of the
//! true residuals less the rest. Everything else, what was known before, bonds and restraints, is exact.
//!
//! The gradient goes backwards, from `|r|²/2` to nodes, pairs, atoms, parameters, and never makes a column of a derivative.

mod displaced;
mod kernel;
mod parabola;
mod still;
mod tables;

use nalgebra::{DMatrix, DVector, Matrix3, RowDVector, Vector3};

use displaced::{Displaced, There};
pub use kernel::Kernel;
use parabola::Parabola;

use super::posterior::{NOISE_FACTOR, Posterior};
use crate::crystal::Crystal;
use crate::fit::{FitError, Followed};
use crate::histogram::BondList;
use crate::params::State;
use crate::sample;
use crate::tangent::{AtomTangent, ShapeTangent, Tangent};

/// The guide of one chain.
#[derive(Debug, Clone)]
pub struct Guide<'a> {
    posterior: Posterior<'a>,
    /// None where the data have no say.
    about: Option<About<'a>>,
    /// The last structure that was looked at, whose memory the next one takes.
    state: Option<State>,
}

/// The data's residuals about a state.
#[derive(Debug, Clone)]
struct About<'a> {
    kernel: &'a Kernel,
    pairs: Displaced,
    /// S, reduced, without the noise factor.
    rest: Parabola,
    /// The square of what the tables cannot change.
    constant: f64,
    /// Where the pairs were at the last look.
    there: There,
}

/// `|r|²/2` and its derivatives, as they are collected.
struct Slope {
    energy: f64,
    /// By the places of atoms, 1/Å.
    by_atom: Vec<Vector3<f64>>,
    /// By a strain of the cell.
    by_strain: Matrix3<f64>,
    /// By U of some atoms, each for all of its kind.
    by_u: Vec<(usize, f64)>,
    by_scale: f64,
    /// By the parameters, as far as they are not told by these.
    by_p: RowDVector<f64>,
    /// By the latent variables, as far as they are not told by parameters.
    by_x: DVector<f64>,
}

impl<'a> Guide<'a> {
    /// The guide about x; `None` where there is no structure nearby.
    ///
    /// # Errors
    /// Where a curve cannot be computed.
    pub fn new(posterior: Posterior<'a>, kernel: &'a Kernel, x: &DVector<f64>) -> Result<Option<Self>, FitError> {
        let mut guide = Self { posterior, about: None, state: None };
        guide.about = guide.about(kernel, x)?;
        Ok(guide.about.is_some().then_some(guide))
    }

    /// The guide where the data have no say: then it is exact.
    pub fn without_data(posterior: Posterior<'a>) -> Self {
        Self { posterior, about: None, state: None }
    }

    fn about(&mut self, kernel: &'a Kernel, x: &DVector<f64>) -> Result<Option<About<'a>>, FitError> {
        let Some((p, state)) = self.posterior.state(x) else { return Ok(None) };
        let tangents = self.posterior.tangents(&state, &p)?;
        let whole: Vec<usize> = (0..tangents.len()).filter(|k| changes_all(&tangents[*k])).collect();
        let pairs = Displaced::find(kernel, &state.crystal);
        let mut constant = 0.0;
        let rest = Parabola::through(x, whole, |x| {
            let Some((_, state)) = self.posterior.state(x) else { return Ok(None) };
            let (residuals, _) = self.posterior.data(&state, &[])?;
            let reduced = kernel.reduced(residuals.as_view());
            constant = residuals.norm_squared() - reduced.norm_squared();
            let there = pairs.lay_down(kernel, &state.crystal);
            Ok::<_, FitError>(Some(reduced - kernel.added(&state.crystal, &there.nodes) * state.model.profile.scale))
        })?;
        let there = pairs.lay_down(kernel, &state.crystal);
        Ok(rest.map(|rest| About { kernel, pairs, rest, constant, there }))
    }

    /// Bonds and restraints.
    fn known(&self, x: &DVector<f64>, (p, state): (&[f64], &State), tangents: &[Tangent], slope: &mut Slope) {
        let (crystal, known) = (&state.crystal, self.posterior.known);
        for (k, (prior, Followed { list, .. })) in known.bonds.iter().zip(&self.posterior.setup.bonds).enumerate() {
            let vectors: Vec<Vector3<f64>> = list.bonds.iter().map(|bond| BondList::vector(bond, crystal)).collect();
            let lengths: Vec<f64> = vectors.iter().map(Vector3::norm).collect();
            let (energy, by_length, by_latent) = prior.slope(&lengths, known.latent_of_bonds(k, x));
            slope.energy += energy;
            for ((bond, v), by) in list.bonds.iter().zip(&vectors).zip(by_length) {
                slope.pull([bond.i, bond.j], &(v.normalize() * by), v);
            }
            for (column, by) in known.columns_of_bonds(k).into_iter().zip(by_latent) {
                slope.by_x[column] += by;
            }
        }
        if !known.restraints.is_empty() {
            let residuals = DVector::from_iterator(known.restraints.len(), known.restraints.residuals(state, p));
            slope.energy += 0.5 * residuals.norm_squared();
            slope.by_p += residuals.transpose() * known.restraints.jacobian(state, tangents);
        }
    }

    /// The data, and how large their noise is.
    fn data(&mut self, x: &DVector<f64>, state: &State, slope: &mut Slope) {
        let Some(About { kernel, pairs, rest, constant, there }) = &mut self.about else { return };
        let (posterior, crystal, scale) = (&self.posterior, &state.crystal, state.model.profile.scale);
        pairs.lay_down_again(kernel, crystal, there);
        let added = kernel.added(crystal, &there.nodes);
        let residuals = rest.at(x) + &added * scale;
        let factor = posterior.known.noise(x);
        let share = (posterior.noise * factor).powi(-2);
        let square = share * (residuals.norm_squared() + *constant);
        let n = posterior.effective_points();
        slope.energy += 0.5 * square + n * factor.ln();
        slope.by_x[x.len() - 1] += (n - square) * NOISE_FACTOR.ln();
        let residuals = residuals * share;
        rest.pull(x, &residuals, &mut slope.by_x);
        slope.by_scale += residuals.dot(&added);
        let pulls = kernel.pulls(crystal, &there.nodes, &(residuals * scale));
        slope.by_u.extend(kernel.lenders().iter().copied().zip(pulls.by_u));
        for stood in &there.pairs {
            slope.pull(stood.atoms, &(stood.v * stood.slope(&pulls.nodes)), &stood.v);
        }
    }
}

/// Does it change more than the positions of atoms?
fn changes_all(tangent: &Tangent) -> bool {
    let still = |change: &AtomTangent| AtomTangent { position: change.position, ..AtomTangent::default() } == *change;
    let atoms = tangent.atoms.iter().all(|(_, change)| still(change));
    !atoms || tangent.basis.is_some() || tangent.shape != ShapeTangent::default()
}

impl Slope {
    fn new(atoms: usize, parameters: usize, x: &DVector<f64>) -> Self {
        Self {
            energy: 0.5 * x.norm_squared(),
            by_atom: vec![Vector3::zeros(); atoms],
            by_strain: Matrix3::zeros(),
            by_u: Vec::new(),
            by_scale: 0.0,
            by_p: RowDVector::zeros(parameters),
            by_x: x.clone(),
        }
    }

    /// Adds what a change `by` of the vector `v` (Å) from one atom to another is by their places and by a strain.
    #[inline]
    fn pull(&mut self, [i, j]: [usize; 2], by: &Vector3<f64>, v: &Vector3<f64>) {
        self.by_atom[j] += by;
        self.by_atom[i] -= by;
        self.by_strain += by * v.transpose();
    }

    /// Everything by the parameters.
    fn by_parameters(&self, crystal: &Crystal, tangents: &[Tangent]) -> RowDVector<f64> {
        let by_position: Vec<Vector3<f64>> = self.by_atom.iter().map(|by| crystal.basis.tr_mul(by)).collect();
        let along = |tangent: &Tangent| self.along(crystal, &by_position, tangent);
        RowDVector::from_iterator(tangents.len(), tangents.iter().map(along)) + &self.by_p
    }

    /// `by_position`: the same as `by_atom`, by fractions of the cell.
    fn along(&self, crystal: &Crystal, by_position: &[Vector3<f64>], tangent: &Tangent) -> f64 {
        let atoms = tangent.atoms.iter().map(|(atom, change)| by_position[*atom as usize].dot(&change.position));
        let strain = tangent.strain(&crystal.basis).map_or(0.0, |strain| self.by_strain.dot(&strain));
        let wider = |(atom, by): &(usize, f64)| {
            let place = tangent.atoms.binary_search_by_key(&(*atom as u32), |(index, _)| *index);
            place.map_or(0.0, |place| by * tangent.atoms[place].1.u[(0, 0)])
        };
        atoms.sum::<f64>() + strain + self.by_u.iter().map(wider).sum::<f64>() + self.by_scale * tangent.shape.scale
    }
}

impl sample::Guide for Guide<'_> {
    type Error = FitError;

    fn look(&mut self, x: &DVector<f64>) -> Result<(f64, DVector<f64>), FitError> {
        let Some((p, state)) = self.posterior.state_in(x, self.state.take()) else { return Ok((f64::NAN, x.clone())) };
        let tangents = self.posterior.tangents(&state, &p)?;
        let mut slope = Slope::new(state.crystal.atoms.len(), p.len(), x);
        self.known(x, (&p, &state), &tangents, &mut slope);
        self.data(x, &state, &mut slope);
        let by_p = slope.by_parameters(&state.crystal, &tangents);
        let row = DMatrix::from_row_slice(1, by_p.len(), by_p.as_slice());
        let gradient = self.posterior.by_latent(x, &row).row(0).transpose() + &slope.by_x;
        self.state = Some(state);
        Ok((slope.energy, gradient))
    }

    fn settle(&mut self, x: &DVector<f64>) -> Result<(), FitError> {
        let Some(kernel) = self.about.as_ref().map(|about| about.kernel) else { return Ok(()) };
        if let Some(about) = self.about(kernel, x)? {
            self.about = Some(about);
        }
        Ok(())
    }
}
