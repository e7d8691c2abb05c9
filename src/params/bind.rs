//! From a job's names to free parameters, ties and fixed values.

use std::collections::HashMap;

use super::BindError;
use super::names::Whole;
use super::place::Place;
use super::quantity::{Found, Quantity, Variable};
use super::ties::{self, Tie};
use crate::crystal::Crystal;
use crate::job::{Job, Scopes, Vary};
use crate::model::Model;

/// The parameters of a job, bound to its structures.
///
/// A place is a phase in a data set; there are as many as phases times data sets, those of the first phase first. A parameter moves
/// one number in each place that its name is meant for.
#[derive(Debug, Clone)]
pub struct Binding {
    pub(super) scopes: Scopes,
    pub(super) places: Vec<Place>,
    pub(super) variables: Vec<Variable>,
    /// The refined parameters, in the job's order.
    pub free: Vec<Free>,
    pub(super) ties: Vec<(usize, Tie)>,
    /// Further names of variables, as ties use them.
    aliases: HashMap<String, usize>,
}

/// A refined parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Free {
    /// Index into [`Binding::variables`].
    pub variable: usize,
    /// Value to start from.
    pub start: f64,
    /// Lowest and highest value allowed; infinite where there is no bound.
    pub bounds: (f64, f64),
    /// Standard deviation of a soft restraint to the start, in the parameter's own unit.
    pub sigma: Option<f64>,
}

/// Starts that differ by no more than this share are one.
const SAME_START: f64 = 1e-9;

impl Binding {
    /// Binds a job of one phase to the model that it refines (already in P1, if the job says so).
    ///
    /// `crystal`: that of the model with its molecules found, if the job asks for them.
    ///
    /// # Errors
    /// As [`Binding::over`].
    pub fn new(job: &Job, model: &Model, crystal: &Crystal) -> Result<Self, BindError> {
        Self::over(job, &[(model.clone(), crystal.clone())])
    }

    /// Binds a job to the structures of its phases.
    ///
    /// # Errors
    /// Names that no structure has, that symmetry fixes, that overlap; ties that cannot be used.
    pub fn over(job: &Job, phases: &[(Model, Crystal)]) -> Result<Self, BindError> {
        let mut places = Vec::new();
        for (phase, ((model, crystal), (_, own))) in phases.iter().zip(&job.phases).enumerate() {
            for dataset in 0..job.datasets.len() {
                places.push(Place::new((phase, dataset), model, crystal, own.molecules.is_some())?);
            }
        }
        let (scopes, aliases) = (Scopes::of(job), HashMap::new());
        let mut binding = Self { scopes, places, variables: Vec::new(), free: Vec::new(), ties: Vec::new(), aliases };
        binding.give_second_u(job)?;
        binding.set_values(job)?;
        binding.places.iter_mut().for_each(Place::settle);
        binding.make_tensors(job);
        binding.free_parameters(job)?;
        binding.tie(job)?;
        binding.make_rigid();
        binding.no_overlap()?;
        Ok(binding)
    }

    /// All variables in use: refined, tied, and those that ties refer to.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The tied variables, by index.
    pub fn tied(&self) -> impl Iterator<Item = usize> + '_ {
        self.ties.iter().map(|(variable, _)| *variable)
    }

    /// Phase and data set of every place.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.places.iter().map(|place| (place.phase, place.dataset))
    }

    /// The refined parameters' values at the start.
    pub fn start(&self) -> Vec<f64> {
        self.free.iter().map(|free| free.start).collect()
    }

    /// Every variable's value at `p`, the values of the refined parameters.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn values(&self, p: &[f64]) -> Result<Vec<f64>, BindError> {
        let mut values: Vec<f64> = self.variables.iter().map(|variable| variable.start).collect();
        for (free, value) in self.free.iter().zip(p) {
            values[free.variable] = *value;
        }
        for (target, tie) in &self.ties {
            values[*target] = tie.value(&|name| self.lookup(name, &values))?;
        }
        Ok(values)
    }

    /// The ties of a job that starts from the structure at `p`: there every body's six values are 0 again, and each tie has to
    /// give its target what it has at `p`.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn ties_from(&self, p: &[f64]) -> Result<Vec<String>, BindError> {
        let ended = self.values(p)?;
        let motion = |index: usize| matches!(self.variables[index].quantity(), Quantity::Body { .. });
        let begun = (0..ended.len()).map(|k| if motion(k) { 0.0 } else { ended[k] }).collect::<Vec<_>>();
        let anew = |(target, tie): &(usize, Tie)| {
            let value = tie.value(&|name| self.lookup(name, &begun))?;
            Ok(if value == begun[*target] { tie.text().to_owned() } else { tie.raised(begun[*target] - value) })
        };
        self.ties.iter().map(anew).collect()
    }

    /// The bodies of a place that turn and hold U tensors, which do not turn with them: the labels of their first atoms.
    pub fn turned_tensors(&self, place: usize, model: &Model) -> Vec<&str> {
        let moved = self.moved().filter_map(|index| self.variables[index].spot(place));
        self.places[place].turned_tensors(model, &moved.map(|spot| &spot.quantity).collect::<Vec<_>>())
    }

    /// A place by its phase and its data set, as far as there are several of a kind.
    pub(crate) fn name_of(&self, place: usize) -> String {
        let Place { phase, dataset, .. } = self.places[place];
        self.scopes.in_dataset(&self.scopes.in_phase("", phase), dataset)
    }

    pub(super) fn lookup(&self, name: &str, values: &[f64]) -> Option<f64> {
        self.index(name).map(|index| values[index])
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        let known = self.variables.iter().position(|variable| variable.name == name);
        known.or_else(|| self.aliases.get(name).copied())
    }

    /// What a name stands for in the places that it is meant for. Where some of them do not have it, it is meant for the others.
    fn found(&self, text: &str) -> Result<Vec<(usize, Vec<Found>)>, BindError> {
        let scoped = self.scopes.scoped(text)?;
        let (mut all, mut wrong) = (Vec::new(), None);
        let places = self.places.iter().enumerate();
        for (index, place) in places.filter(|(_, place)| scoped.holds(place.phase, place.dataset)) {
            match place.resolve(text, scoped.name) {
                Ok(found) => all.push((index, found)),
                Err(error) => wrong = Some(BindError::of_both(wrong, error)),
            }
        }
        match wrong {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }

    /// The variables that a name stands for: one, or several for `xyz.Co` and its kin.
    fn resolve(&self, text: &str) -> Result<Vec<Variable>, BindError> {
        let end = self.scopes.scoped(text)?.end;
        let mut variables = Vec::new();
        for (place, found) in self.found(text)? {
            for one in found {
                one.join(place, end, &mut variables);
            }
        }
        Ok(variables)
    }

    /// Changes what a name stands for, place by place.
    fn each_place(&mut self, text: &str, change: &mut dyn FnMut(&mut Place, &Found)) -> Result<(), BindError> {
        for (place, found) in self.found(text)? {
            for one in &found {
                change(&mut self.places[place], one);
            }
        }
        Ok(())
    }

    /// Is a number of the whole refined in a place?
    pub(crate) fn refines(&self, whole: Whole, place: usize) -> bool {
        self.free.iter().any(|free| self.variables[free.variable].is_whole(whole, place))
    }

    /// Is it refined or tied there?
    pub(crate) fn moves(&self, whole: Whole, place: usize) -> bool {
        self.moved().any(|index| self.variables[index].is_whole(whole, place))
    }

    /// How many variables a name stands for.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.resolve(name).map_or(0, |found| found.len())
    }

    /// Writes tensors where some are refined or tied.
    fn make_tensors(&mut self, job: &Job) {
        let names = job.refine.iter().map(|(name, _)| name.clone());
        let tied = job.ties.iter().filter_map(|text| Tie::parse(text).ok()).map(|tie| tie.target().to_owned());
        for name in names.chain(tied) {
            // What cannot be resolved is told of where it is refined or tied.
            let _ = self.each_place(&name, &mut |place, found| place.make_tensor(&found.quantity));
        }
    }

    /// Gives the sites that the job names a second U.
    fn give_second_u(&mut self, job: &Job) -> Result<(), BindError> {
        for (target, rcut) in &job.beyond {
            let name = format!("Uiso.{target}");
            self.each_place(&name, &mut |place, found| place.give_second_u(&found.quantity, *rcut))?;
        }
        Ok(())
    }

    fn set_values(&mut self, job: &Job) -> Result<(), BindError> {
        // What is said of one phase or data set goes before what is said of all.
        let mut set: Vec<_> = job.set.iter().collect();
        set.sort_by_key(|(name, _)| self.scopes.scoped(name).map_or(0, |scoped| scoped.depth()));
        for (name, value) in set {
            self.each_place(name, &mut |place, found| place.set(found, *value))?;
        }
        // A U inside molecules that is refined must be there to be moved.
        for (name, _) in job.refine.iter().filter(|(name, _)| name.starts_with("Uinside.")) {
            self.each_place(name, &mut |place, found| place.set(found, found.start))?;
        }
        Ok(())
    }

    /// A molecule is a rigid body if any of its six values is set, refined or tied.
    fn make_rigid(&mut self) {
        for index in self.moved().collect::<Vec<_>>() {
            for spot in &self.variables[index].spots {
                if let Quantity::Body { body, .. } = spot.quantity {
                    self.places[spot.place].bodies[body].rigid = true;
                }
            }
        }
    }

    fn free_parameters(&mut self, job: &Job) -> Result<(), BindError> {
        for (name, vary) in &job.refine {
            for variable in self.resolve(name)? {
                let free = self.free_parameter(name, &variable, vary)?;
                self.variables.push(variable);
                self.free.push(free);
            }
        }
        let both = |place| self.refines(Whole::Delta1, place) && self.refines(Whole::Delta2, place);
        if (0..self.places.len()).any(both) { Err(BindError::BothDeltas) } else { Ok(()) }
    }

    fn free_parameter(&self, name: &str, variable: &Variable, vary: &Vary) -> Result<Free, BindError> {
        let fixed = [Whole::Sratio, Whole::Rcut, Whole::Stepcut].map(Quantity::Whole);
        if fixed.contains(variable.quantity()) {
            return Err(BindError::NotRefinable { name: name.to_owned() });
        }
        if vary.start.is_none() {
            self.one_start(name, variable)?;
        }
        let (low, high) = natural_bounds(variable.quantity());
        let bounds = (vary.min.unwrap_or(low), vary.max.unwrap_or(high));
        let start = vary.start.unwrap_or(variable.start);
        if !(bounds.0..=bounds.1).contains(&start) {
            return Err(BindError::Outside { name: name.to_owned(), value: start, low: bounds.0, high: bounds.1 });
        }
        let flat = [Whole::Qdamp, Whole::Qbroad, Whole::Spdiameter].map(Quantity::Whole);
        if start == 0.0 && flat.contains(variable.quantity()) {
            return Err(BindError::NeedsStart { name: name.to_owned() });
        }
        let sigma = vary.sigma.map(|sigma| sigma / self.length(variable));
        Ok(Free { variable: self.variables.len(), start, bounds, sigma })
    }

    /// One number cannot start from two.
    fn one_start(&self, name: &str, variable: &Variable) -> Result<(), BindError> {
        let start = variable.start;
        let other = variable.spots.iter().find(|spot| (spot.start - start).abs() > SAME_START * start.abs());
        let Some(other) = other else { return Ok(()) };
        let places = [variable.spots[0].place, other.place].map(|place| self.name_of(place));
        Err(BindError::TwoStarts { name: name.to_owned(), values: [start, other.start], places })
    }

    /// The element of a site in the first phase.
    pub(crate) fn element(&self, site: usize) -> crate::element::Element {
        self.places[0].start.model.sites[site].species.element
    }

    /// How far an atom moves per unit of a coordinate, Å; 1 for everything else.
    pub(crate) fn length(&self, variable: &Variable) -> f64 {
        self.places[variable.spots[0].place].length(variable.quantity())
    }

    fn tie(&mut self, job: &Job) -> Result<(), BindError> {
        let ties = job.ties.iter().map(|text| Tie::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let mut known = HashMap::new();
        for name in ties.iter().flat_map(|tie| tie.variables().iter().cloned().chain([tie.target().to_owned()])) {
            if let Ok(found) = self.resolve(&name) {
                known.insert(name, found);
            }
        }
        for tie in ties::order(ties, &|name| known.contains_key(name))? {
            let target = self.add_one(&tie, tie.target(), &known)?;
            if self.free.iter().any(|free| free.variable == target) {
                let name = tie.target().to_owned();
                return Err(BindError::RefinedAndTied { name, tie: tie.text().to_owned() });
            }
            for name in tie.variables() {
                let source = self.add_one(&tie, name, &known)?;
                let moves = self.moved().any(|index| index == source);
                if !moves {
                    self.one_start(name, &self.variables[source])?;
                }
            }
            self.ties.push((target, tie));
        }
        Ok(())
    }

    /// The index of a tie's variable, which is taken in if it is new.
    fn add_one(&mut self, tie: &Tie, name: &str, known: &HashMap<String, Vec<Variable>>) -> Result<usize, BindError> {
        let found = known.get(name).map_or(&[][..], Vec::as_slice);
        let [variable] = found else {
            return Err(BindError::NotOne { tie: tie.text().to_owned(), name: name.to_owned(), count: found.len() });
        };
        if let Some(index) = self.index(name) {
            return Ok(index);
        }
        // `x.O` of an element with one site is `x.O1`: two names, one number.
        if let Some(index) = self.variables.iter().position(|known| known.spots == variable.spots) {
            self.aliases.insert(name.to_owned(), index);
            return Ok(index);
        }
        self.variables.push(Variable { name: name.to_owned(), ..variable.clone() });
        Ok(self.variables.len() - 1)
    }

    /// Two refined or tied variables must not move one number.
    fn no_overlap(&self) -> Result<(), BindError> {
        let mut owners: HashMap<_, &str> = HashMap::new();
        for variable in self.moved().map(|index| &self.variables[index]) {
            for slot in variable.slots() {
                if let Some(other) = owners.insert(slot, &variable.name) {
                    return Err(BindError::Overlap { name: variable.name.clone(), other: other.to_owned() });
                }
            }
        }
        // A formula that reads a number under another name than the one that moves it would read its start for ever.
        for variable in &self.variables {
            for slot in variable.slots() {
                match owners.get(&slot) {
                    Some(other) if **other != variable.name => {
                        return Err(BindError::Overlap { name: variable.name.clone(), other: (*other).to_owned() });
                    }
                    _ => {}
                }
            }
        }
        self.variables.iter().try_for_each(|variable| self.not_in_body(variable))
    }

    /// Atoms of a body have no coordinates of their own, to refine or to read.
    fn not_in_body(&self, variable: &Variable) -> Result<(), BindError> {
        let mut bodies = variable.spots.iter().filter_map(|spot| self.places[spot.place].in_body(&spot.quantity));
        bodies
            .next()
            .map_or(Ok(()), |body| Err(BindError::InBody { name: variable.name.clone(), body: body.to_owned() }))
    }

    /// Does every tied value lie where such a quantity may be?
    pub fn ties_allowed(&self, values: &[f64]) -> bool {
        self.tied().all(|index| {
            let (low, high) = natural_bounds(self.variables[index].quantity());
            (low..=high).contains(&values[index])
        })
    }
}

/// What a quantity may be at all.
fn natural_bounds(quantity: &Quantity) -> (f64, f64) {
    match quantity {
        Quantity::Whole(Whole::Delta1 | Whole::Delta2) | Quantity::Position { .. } | Quantity::Body { .. } => {
            (f64::NEG_INFINITY, f64::INFINITY)
        }
        Quantity::Whole(_) => (0.0, f64::INFINITY),
        Quantity::Cell { pivot, .. } if *pivot < 3 => (0.1, f64::INFINITY),
        Quantity::Cell { .. } => (1.0, 179.0),
        // Off-diagonal components have either sign.
        Quantity::Uaniso { pivot, .. } if *pivot >= 3 => (f64::NEG_INFINITY, f64::INFINITY),
        // Below this, less than the motion at absolute zero, peaks are narrower than any data can show.
        Quantity::Uaniso { .. } | Quantity::Uiso(_) | Quantity::Beyond(_) | Quantity::Inside(_) => {
            (5e-4, f64::INFINITY)
        }
        Quantity::Occ(_) => (0.0, 1.0),
    }
}
