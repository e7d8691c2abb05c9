//! What the bonds of one length add to G(r), and what is left of the model without them.

use nalgebra::{DMatrix, DVector};

use super::ShellError;
use super::units::{self, Place, Unit};
use crate::engine::Engine;
use crate::fit::Setup;
use crate::histogram::BondList;
use crate::params::State;

/// Makes the curves that a distribution of bond lengths is put together from.
pub(super) struct Maker<'a> {
    setup: &'a mut Setup,
    engine: &'a mut dyn Engine,
    units: Vec<Unit>,
    /// The lengths, Å.
    lengths: &'a [f64],
}

/// The model in two parts: `G(r) = rest + kernel p`, with p the shares of the bonds that have each length.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// The model without the pairs of the units, 1/Å².
    pub rest: DVector<f64>,
    /// Points × lengths: what all bonds would add if all had this length, 1/Å².
    pub kernel: DMatrix<f64>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        setup: &'a mut Setup,
        list: &BondList,
        lengths: &'a [f64],
        engine: &'a mut dyn Engine,
    ) -> Result<Self, ShellError> {
        let start = setup.binding.start();
        let units = units::units(list, &setup.binding.state(&start).map_err(crate::fit::FitError::from)?.crystal);
        Ok(Self { setup, engine, units, lengths })
    }

    pub(super) fn has_molecules(&self) -> bool {
        units::have_molecules(&self.units)
    }

    /// The parts at `p`, the values of the refined parameters, with bonds that bend by `bend` Å.
    pub(super) fn parts(&mut self, p: &[f64], bend: f64) -> Result<Parts, ShellError> {
        let state = self.setup.binding.state(p).map_err(crate::fit::FitError::from)?;
        let whole = self.setup.forward_mut().curves(&state, &[], self.engine)?.g;
        let columns = self.singles(&state, bend)?;
        let own = columns.column(self.lengths.len());
        Ok(Parts { rest: DVector::from_vec(whole) - own, kernel: columns.columns(0, self.lengths.len()).into_owned() })
    }

    /// For each length what all bonds add at it, and in a last column what they add as the model has them.
    ///
    /// Every bond lends its surroundings to every length: `Σ_m w_m` of each, over all bonds, as often as there are bonds.
    fn singles(&mut self, state: &State, bend: f64) -> Result<DMatrix<f64>, ShellError> {
        let n = self.lengths.len();
        let mut singles = Vec::new();
        for unit in &self.units {
            for (column, length) in self.lengths.iter().enumerate() {
                unit.singles(&state.crystal, &Place { length: Some(*length), bend, column }, &mut singles);
            }
            unit.singles(&state.crystal, &Place { length: None, bend: 0.0, column: n }, &mut singles);
        }
        Ok(self.setup.forward_mut().singles(state, &singles, n + 1, self.engine)?)
    }
}
