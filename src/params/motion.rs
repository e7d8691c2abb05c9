//! The structures at given values of the refined parameters, and how they move with each.

use std::collections::BTreeMap;

use super::BindError;
use super::bind::Binding;
use super::quantity::Spot;
use super::state::State;
use crate::tangent::Tangent;

impl Binding {
    /// The structure at `p` in the first place, which most jobs have alone.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn state(&self, p: &[f64]) -> Result<State, BindError> {
        Ok(self.state_in(0, &self.values(p)?))
    }

    /// The same, in the memory of one that was made before.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn next_state(&self, old: Option<State>, p: &[f64]) -> Result<State, BindError> {
        let Some(mut state) = old else { return self.state(p) };
        let _room = tracing::info_span!("params").entered();
        self.places[0].bring(&mut state, &self.moved_in(0, &self.values(p)?));
        Ok(state)
    }

    /// The structures at `p`, one for each place.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn states(&self, p: &[f64]) -> Result<Vec<State>, BindError> {
        let values = self.values(p)?;
        Ok((0..self.places.len()).map(|place| self.state_in(place, &values)).collect())
    }

    fn state_in(&self, place: usize, values: &[f64]) -> State {
        let _room = tracing::info_span!("params").entered();
        self.places[place].state(&self.moved_in(place, values))
    }

    /// How the structure at `p` in the first place moves with each refined parameter, ties included.
    ///
    /// # Errors
    /// A formula whose derivative is no number.
    pub fn tangents(&self, state: &State, p: &[f64]) -> Result<Vec<Tangent>, BindError> {
        Ok(self.tangents_in(0, state, &self.values(p)?, &self.gradients(p)?))
    }

    /// How the structure in each place moves with each refined parameter, ties included: one list for each place.
    ///
    /// # Errors
    /// A formula whose derivative is no number.
    pub fn all_tangents(&self, states: &[State], p: &[f64]) -> Result<Vec<Vec<Tangent>>, BindError> {
        let (gradients, values) = (self.gradients(p)?, self.values(p)?);
        let places = states.iter().enumerate();
        Ok(places.map(|(place, state)| self.tangents_in(place, state, &values, &gradients)).collect())
    }

    fn tangents_in(
        &self,
        place: usize,
        state: &State,
        values: &[f64],
        gradients: &[BTreeMap<usize, f64>],
    ) -> Vec<Tangent> {
        let _room = tracing::info_span!("params").entered();
        let moving = self.variables.iter().zip(gradients).filter(|(_, gradient)| !gradient.is_empty());
        let (spots, gradients): (Vec<&Spot>, Vec<_>) =
            moving.filter_map(|(variable, gradient)| Some((variable.spot(place)?, gradient))).unzip();
        let own = self.places[place].tangents(state, &self.moved_in(place, values), &spots);
        let mut tangents = vec![Tangent::default(); self.free.len()];
        for (own, gradient) in own.into_iter().zip(gradients) {
            match gradient.iter().next() {
                // A variable that is a parameter, and is in no formula.
                Some((&k, &1.0)) if gradient.len() == 1 && tangents[k].is_nothing() => tangents[k] = own,
                _ => gradient.iter().for_each(|(k, factor)| tangents[*k].add(*factor, &own)),
            }
        }
        tangents
    }

    /// For each variable its derivative by every refined parameter that it depends on.
    ///
    /// # Errors
    /// A formula whose derivative is no number.
    pub fn gradients(&self, p: &[f64]) -> Result<Vec<BTreeMap<usize, f64>>, BindError> {
        let values = self.values(p)?;
        let mut gradients = vec![BTreeMap::new(); self.variables.len()];
        for (k, free) in self.free.iter().enumerate() {
            gradients[free.variable].insert(k, 1.0);
        }
        for (target, tie) in &self.ties {
            let mut gradient = BTreeMap::new();
            for (name, slope) in tie.derivatives(&|name| self.lookup(name, &values))? {
                let Some(source) = self.index(&name) else { continue };
                for (k, factor) in &gradients[source] {
                    *gradient.entry(*k).or_insert(0.0) += slope * factor;
                }
            }
            gradients[*target] = gradient;
        }
        Ok(gradients)
    }

    /// The variables that a fit moves: refined and tied ones. What a formula only refers to stays as it is: its value may be the
    /// mean of several sites'.
    pub(super) fn moved(&self) -> impl Iterator<Item = usize> + '_ {
        self.free.iter().map(|free| free.variable).chain(self.tied())
    }

    /// What of them is in a place, with its value.
    fn moved_in(&self, place: usize, values: &[f64]) -> Vec<(&Spot, f64)> {
        self.moved().filter_map(|index| Some((self.variables[index].spot(place)?, values[index]))).collect()
    }
}
