//! From a structure to its G(r): pairs, lines, engine and curve in one call, again and again.

use std::collections::BTreeSet;

use nalgebra::DMatrix;

use crate::crystal::Crystal;
use crate::curve::{CurveError, Curves, Factors, Map, Measurement};
use crate::element::Species;
use crate::engine::{Engine, EngineError, Rows};
use crate::lines::{NARROWEST, RowTable, Shape, Single, Sum, single_lines};
use crate::params::State;
use crate::sums::{Request, Sums};
use crate::tangent::Tangent;

/// A curve could not be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ForwardError {
    /// It was asked for in a way that cannot be.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// The engine failed.
    #[error("{0}{hint}", hint = or_else(.0))]
    Engine(#[from] EngineError),
}

/// What to do about an engine that failed, unless it says so itself.
fn or_else(error: &EngineError) -> &'static str {
    const HINT: &str = "; use --engine cpu";
    if error.reason.ends_with(HINT) { "" } else { HINT }
}

/// Computes the G(r) of one measurement for structures that differ little from each other.
#[derive(Debug, Clone)]
pub struct Forward {
    map: Map,
    sums: Sums,
    measurement: Measurement,
    widest: f64,
    species: Vec<Species>,
    /// How many pairs had no real width at the last structure, and were clamped to the narrowest peak.
    pub clamped: usize,
}

/// The grid is made for peaks this much narrower than those at the start, so that a fit seldom needs a new one.
const ROOM: f64 = 0.6;

impl Forward {
    /// Makes everything that does not change from step to step.
    ///
    /// # Errors
    /// See [`CurveError`].
    pub fn new(measurement: &Measurement, start: &State) -> Result<Self, CurveError> {
        let crystal = &start.crystal;
        let rmax = measurement.r.last().copied().unwrap_or(0.0);
        let narrowest = Sums::narrowest(crystal, crystal.within(rmax), &shape(start, Sum::Exact));
        let narrowest = if narrowest.is_finite() { narrowest } else { NARROWEST };
        let widest = widest(start, rmax);
        let map = Map::new(measurement, crystal, start.setting.qdamp, ROOM * narrowest, widest)?;
        let measurement = measurement.clone();
        Ok(Self { map, sums: Sums::default(), measurement, widest, species: crystal.species.clone(), clamped: 0 })
    }

    /// G(r) at the measurement's distances and its derivative along each tangent.
    ///
    /// # Errors
    /// Where the engine fails.
    pub fn curves(
        &mut self,
        state: &State,
        tangents: &[Tangent],
        engine: &mut dyn Engine,
    ) -> Result<Curves, ForwardError> {
        let table = RowTable::new(&state.crystal, tangents);
        let rows = self.rows(state, tangents, &table, engine)?;
        Ok(self.map.curves(&state.crystal, &factors(state), tangents, &table, rows))
    }

    /// By what a factor on this curve has to be multiplied to be in proportion to the phase's atoms in a sample; see
    /// [`Map::per_atom`].
    pub fn per_atom(&self, state: &State) -> f64 {
        self.map.per_atom(&state.crystal)
    }

    /// G(r) by pair of species, `("Co-N", curve)`; the parts add up to the whole.
    ///
    /// # Errors
    /// Where the engine fails.
    pub fn partials(
        &mut self,
        state: &State,
        engine: &mut dyn Engine,
    ) -> Result<Vec<(String, Vec<f64>)>, ForwardError> {
        let table = RowTable::new(&state.crystal, &[]);
        let rows = self.rows(state, &[], &table, engine)?;
        let parts = self.map.partials(&state.crystal, &factors(state), &table, rows);
        let named = |((a, b), curve)| (format!("{}-{}", self.species[a], self.species[b]), curve);
        Ok(parts.into_iter().map(named).collect())
    }

    /// What pairs on their own add to G(r), scale included and without baseline: distances × `columns`, 1/Å².
    ///
    /// It is linear in their weights, and what they add where the crystal has them is part of [`Forward::curves`].
    ///
    /// # Errors
    /// Where the engine fails.
    pub fn singles(
        &mut self,
        state: &State,
        singles: &[Single],
        columns: usize,
        engine: &mut dyn Engine,
    ) -> Result<DMatrix<f64>, ForwardError> {
        let crystal = &state.crystal;
        let table = RowTable::of_classes(crystal.species.len(), columns, &classes_of(crystal, singles));
        loop {
            let lines = single_lines(crystal, singles, &shape(state, self.map.sum), &self.map.grid, &table);
            if lines.narrowest >= self.map.narrowest {
                let rows = tracing::info_span!("engine").in_scope(|| engine.broaden(&lines.peaks))?;
                return Ok(self.map.pairs(crystal, &factors(state), &table, rows));
            }
            self.map = self.map.finer(&self.measurement, crystal, ROOM * lines.narrowest, self.widest)?;
        }
    }

    /// Up to which distance pairs count, and a step in which what a pair adds to the curve is a smooth function of its distance, Å.
    pub fn lattice(&self) -> (f64, f64) {
        (self.map.reach, 0.5 * self.map.grid.step)
    }

    /// The engine's rows, summed over batches of pairs, on a grid that is fine enough for every peak.
    fn rows(
        &mut self,
        state: &State,
        tangents: &[Tangent],
        table: &RowTable,
        engine: &mut dyn Engine,
    ) -> Result<Rows, ForwardError> {
        loop {
            let request = Request {
                crystal: &state.crystal,
                reach: self.map.reach,
                shape: shape(state, self.map.sum),
                grid: self.map.grid,
                tangents,
                table,
            };
            let summed = self.sums.rows(&request, engine)?;
            self.clamped = summed.clamped;
            if summed.narrowest >= self.map.narrowest {
                return Ok(summed.rows);
            }
            self.map = self.map.finer(&self.measurement, &state.crystal, ROOM * summed.narrowest, self.widest)?;
        }
    }
}

/// The pairs of species that occur, each once.
fn classes_of(crystal: &Crystal, singles: &[Single]) -> Vec<(usize, usize)> {
    let class = |single: &Single| {
        let [a, b] = single.atoms.map(|k| crystal.atoms[k as usize].species);
        (a.min(b), a.max(b))
    };
    singles.iter().map(class).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A bound on the widest peak's standard deviation, Å, with room for a fit that widens it.
fn widest(start: &State, rmax: f64) -> f64 {
    let of = |crystal: &Crystal| {
        let each = crystal.atoms.iter().map(|atom| {
            let tensor = atom.u.symmetric_eigenvalues().max();
            tensor.max(atom.beyond.map_or(0.0, |beyond| beyond.uiso)).max(atom.inside.unwrap_or(0.0))
        });
        each.fold(0.0, f64::max)
    };
    let square = 2.0 * of(&start.crystal) * (1.0 + (start.setting.qbroad * rmax).powi(2));
    1.3 * square.sqrt().clamp(0.05, 2.0)
}

fn shape(state: &State, sum: Sum) -> Shape {
    let profile = &state.model.profile;
    Shape {
        delta1: profile.delta1,
        delta2: profile.delta2,
        qbroad: state.setting.qbroad,
        sratio: profile.sratio,
        rcut: profile.rcut,
        sum,
    }
}

fn factors(state: &State) -> Factors {
    let profile = &state.model.profile;
    Factors {
        scale: profile.scale * state.setting.pscale,
        qdamp: state.setting.qdamp,
        spdiameter: profile.spdiameter,
        stepcut: profile.stepcut,
    }
}
