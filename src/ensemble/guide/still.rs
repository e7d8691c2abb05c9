//! Pairs of atoms that are not displaced: what they add to the data's residuals depends on U alone.

use nalgebra::{DMatrix, DVector};

use super::displaced::Displaced;
use super::kernel::{Kernel, widened};
use crate::crystal::{classes, place};
use crate::engine::Cpu;
use crate::fit::{FitError, Setup};
use crate::forward::Forward;
use crate::params::State;

/// `R_ab(v)`, a polynomial in `v = ln (U_a + U_b)` less what it is in the middle, for each pair of kinds.
#[derive(Debug, Clone)]
pub struct Still {
    /// `U_a + U_b` in the middle, Å².
    middle: Vec<f64>,
    /// Of the first pair of kinds the factors of the powers of v from 0 on, of the second ...: m × (powers of all).
    factors: DMatrix<f64>,
}

/// Powers of v, and how far to either side of the middle they are held to the curve: three standard deviations of what is known of U.
const POWERS: usize = 6;
const RANGE: f64 = 0.9;

impl Still {
    /// What pairs add at a structure beside those of `kernel`'s tables; `None` where a species has several kinds of atoms.
    ///
    /// # Errors
    /// Where a curve cannot be computed.
    pub fn of(setup: &Setup, forward: &mut Forward, state: &State, kernel: &Kernel) -> Result<Option<Self>, FitError> {
        let (species, kinds) = (state.crystal.species.len(), kernel.kinds());
        let of_species: Option<Vec<usize>> =
            (0..species).map(|s| kinds.kinds.iter().position(|kind| kind.species == s)).collect();
        let Some(of_species) = of_species.filter(|_| kinds.kinds.len() == species) else { return Ok(None) };
        let nodes = Displaced::find(kernel, &state.crystal).lay_down(kernel, &state.crystal).nodes;
        let v: Vec<f64> = (0..POWERS).map(chebyshev).collect();
        let mut values = vec![DMatrix::zeros(kernel.width(), POWERS); classes(species).count()];
        for (column, v) in v.iter().enumerate() {
            let parts = forward.partials(&widened(state, *v), &mut Cpu)?;
            for ((s, t), (_, part)) in classes(species).zip(parts) {
                let (a, b) = (of_species[s], of_species[t]);
                let class = place(species, (a.min(b), a.max(b)));
                let residuals = setup.first().target.jacobian(&DMatrix::from_vec(part.len(), 1, part));
                values[class].set_column(column, &kernel.reduced(residuals.column(0)));
            }
            for (k, class) in kernel.tabled().iter().enumerate() {
                let displaced = kernel.displaced(&kernel.only(&nodes, k), &vec![*v; kernel.tabled().len()]);
                let mut value = values[place(species, *class)].column_mut(column);
                value -= displaced;
            }
        }
        let vandermonde = DMatrix::from_fn(POWERS, POWERS, |n, k| powers(v[k])[n]);
        // The nodes are all different: it has an inverse.
        let Some(inverse) = vandermonde.try_inverse() else { return Ok(None) };
        let factors: Vec<DMatrix<f64>> = values.into_iter().map(|values| values * &inverse).collect();
        let factors = DMatrix::from_columns(&factors.iter().flat_map(DMatrix::column_iter).collect::<Vec<_>>());
        Ok(Some(Self { middle: kernel.sums(&state.crystal), factors }))
    }

    /// What they add with these `U_a + U_b`.
    pub fn added(&self, sums: &[f64]) -> DVector<f64> {
        let powers = self.v(sums).flat_map(powers);
        &self.factors * DVector::from_iterator(self.factors.ncols(), powers)
    }

    /// How `by · added` changes with each `U_a + U_b`, 1/Å².
    pub fn pulls(&self, sums: &[f64], by: &DVector<f64>) -> Vec<f64> {
        let by_power = self.factors.tr_mul(by);
        let pull = |((v, sum), by): ((f64, &f64), &[f64])| {
            let powers = powers(v);
            (1..POWERS).map(|n| by[n] * n as f64 * powers[n - 1]).sum::<f64>() / sum
        };
        self.v(sums).zip(sums).zip(by_power.as_slice().chunks_exact(POWERS)).map(pull).collect()
    }

    /// v of each pair of kinds.
    fn v(&self, sums: &[f64]) -> impl Iterator<Item = f64> {
        sums.iter().zip(&self.middle).map(|(sum, middle)| (sum / middle).ln())
    }
}

/// 1, v, v² ...
fn powers(v: f64) -> [f64; POWERS] {
    let mut powers = [1.0; POWERS];
    for n in 1..POWERS {
        powers[n] = powers[n - 1] * v;
    }
    powers
}

/// Chebyshev's nodes, between which a polynomial swings least.
fn chebyshev(k: usize) -> f64 {
    RANGE * ((2 * k + 1) as f64 * std::f64::consts::PI / (2 * POWERS) as f64).cos()
}
