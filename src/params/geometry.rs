//! Which places of a phase have atoms that stand on their own, and what else one data set has of its own.

use super::bind::Binding;
use super::place::Place;
use super::quantity::{Quantity, Variable};
use super::state::State;
use crate::job::Named;

/// Where the atoms of a phase stand, for one or several data sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    /// The first place that has it.
    pub place: usize,
    /// Its phase.
    pub phase: usize,
    /// The data sets that see it.
    pub datasets: Vec<usize>,
    /// What tells it from others, behind names: its phase if there are several, and its data set if others see this phase otherwise.
    pub end: String,
}

/// Numbers that differ by no more than this share are one.
const SAME: f64 = 1e-12;

impl Binding {
    /// The geometries of all phases: data sets share one unless some cell, position or body begins or moves on its own in them.
    pub fn geometries(&self) -> Vec<Geometry> {
        let mut all: Vec<Geometry> = Vec::new();
        for (place, Place { phase, dataset, .. }) in self.places.iter().enumerate() {
            match all.iter_mut().find(|known| known.phase == *phase && self.alike(known.place, place)) {
                Some(known) => known.datasets.push(*dataset),
                None => {
                    all.push(Geometry {
                        place,
                        phase: *phase,
                        datasets: vec![*dataset],
                        end: self.scopes.in_phase("", *phase),
                    });
                }
            }
        }
        let counts: Vec<usize> =
            all.iter().map(|own| all.iter().filter(|other| other.phase == own.phase).count()).collect();
        for (own, _) in all.iter_mut().zip(counts).filter(|(_, count)| *count > 1) {
            own.end = self.scopes.in_dataset(&own.end, own.datasets[0]);
        }
        all
    }

    fn alike(&self, a: usize, b: usize) -> bool {
        let movers = |place: usize| {
            let geometric = |k: &usize| is_geometric(&self.variables[*k]) && self.variables[*k].spot(place).is_some();
            self.moved().filter(geometric).collect::<Vec<_>>()
        };
        self.places[a].stands_as(&self.places[b]) && movers(a) == movers(b)
    }

    /// What a place has otherwise than the first data set has the phase, by names for `set`, as far as no refined or tied parameter
    /// says it; `states` are those of all places.
    pub(crate) fn own_numbers(&self, place: usize, states: &[State]) -> Named<f64> {
        let Some(first) = self.first_of(place) else { return Vec::new() };
        let moved: Vec<_> = self.moved().filter_map(|k| self.variables[k].spot(place)).collect();
        let moved: Vec<_> = moved.iter().flat_map(|spot| spot.quantity.slots()).collect();
        let there = self.places[first].numbers(&states[first]);
        let here = self.places[place].numbers(&states[place]);
        let differs = |name: &str, value: f64| {
            let other = there.iter().find(|found| found.name == name).map(|found| found.start);
            other.is_none_or(|other| (value - other).abs() > SAME * value.abs().max(other.abs()))
        };
        let own = here.into_iter().filter(|found| differs(&found.name, found.start));
        let own = own.filter(|found| !found.quantity.slots().iter().any(|slot| moved.contains(slot)));
        own.map(|found| (found.name + &self.name_of(place), found.start)).collect()
    }

    /// Distances beyond which a second U holds that a place has otherwise than the first data set; where it has none, one that no pair
    /// reaches.
    pub(crate) fn own_beyond(&self, place: usize, states: &[State]) -> Named<f64> {
        let Some(first) = self.first_of(place) else { return Vec::new() };
        let rcut = |state: &State, site: usize| state.model.sites[site].beyond.map(|beyond| beyond.rcut);
        let (here, there) = (&states[place], &states[first]);
        let sites = (0..here.model.sites.len()).filter(|site| rcut(here, *site) != rcut(there, *site));
        let named = |site: usize| {
            let label = here.model.sites[site].label.clone();
            (label + &self.name_of(place), rcut(here, site).unwrap_or(NEVER))
        };
        sites.map(named).collect()
    }

    /// The place of the same phase in the first data set, if this is another.
    fn first_of(&self, place: usize) -> Option<usize> {
        let phase = self.places[place].phase;
        self.places.iter().position(|other| other.phase == phase).filter(|first| *first != place)
    }
}

/// No pair is as long, Å.
const NEVER: f64 = 1e6;

/// Does a variable move what stands where in the cell: cell or atoms?
fn is_geometric(variable: &Variable) -> bool {
    matches!(variable.quantity(), Quantity::Cell { .. } | Quantity::Position { .. } | Quantity::Body { .. })
}
