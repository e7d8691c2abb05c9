//! From a job's names to free parameters, ties and fixed values.

use std::collections::{BTreeMap, HashMap};

use super::BindError;
use super::bodies::{self, Bodies, Body};
use super::names::Whole;
use super::quantity::{Quantity, Resolver, Variable, aniso};
use super::state::{Setting, State};
use super::ties::{self, Tie};
use crate::crystal::Crystal;
use crate::expand::{self, Direction6, SiteFreedom};
use crate::job::{Job, Vary};
use crate::model::{Adp, Beyond, Model};
use crate::tangent::Tangent;

/// The parameters of a job, bound to a model.
#[derive(Debug, Clone)]
pub struct Binding {
    start: State,
    freedom: Vec<SiteFreedom>,
    cell: Vec<Direction6>,
    bodies: Vec<Body>,
    variables: Vec<Variable>,
    /// The refined parameters, in the job's order.
    pub free: Vec<Free>,
    ties: Vec<(usize, Tie)>,
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

impl Binding {
    /// Binds a job to the model that it refines (already in P1, if the job says so).
    ///
    /// `molecules`: the crystal of the model with its molecules found, if the job asks for them.
    ///
    /// # Errors
    /// Names that the model does not have, that symmetry fixes, that overlap; ties that cannot be used.
    pub fn new(job: &Job, model: &Model, crystal: &Crystal) -> Result<Self, BindError> {
        let setting = Setting { molecules: job.molecules.is_some(), ..Setting::default() };
        // Sites exactly on their special positions, tensors as their site allows: so each operator turns them the same way.
        let model = &expand::symmetrized(model)?;
        let start = State { model: model.clone(), crystal: crystal.clone(), setting };
        let mut binding = Self {
            bodies: bodies::find(model, crystal),
            freedom: expand::freedom(model),
            cell: expand::cell_freedom(model),
            start,
            variables: Vec::new(),
            free: Vec::new(),
            ties: Vec::new(),
            aliases: HashMap::new(),
        };
        binding.give_second_u(job)?;
        binding.set_values(job)?;
        for body in &mut binding.bodies {
            body.measure(&binding.start.model, &crystal.basis);
        }
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

    /// The structure at `p`.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn state(&self, p: &[f64]) -> Result<State, BindError> {
        let _room = tracing::info_span!("params").entered();
        let mut state = self.start.clone();
        let values = self.values(p)?;
        // What a formula only refers to stays as it is: its value may be the mean of several sites'.
        for index in self.moved() {
            state.write(&self.variables[index], values[index]);
        }
        state.place(&self.bodies(&values));
        expand::update(&state.model, &mut state.crystal);
        Ok(state)
    }

    /// How the structure at `p` moves with each refined parameter, ties included.
    ///
    /// # Errors
    /// A formula whose derivative is no number.
    pub fn tangents(&self, state: &State, p: &[f64]) -> Result<Vec<Tangent>, BindError> {
        let _room = tracing::info_span!("params").entered();
        let (gradients, values) = (self.gradients(p)?, self.values(p)?);
        let bodies = self.bodies(&values);
        let mut tangents = vec![Tangent::default(); self.free.len()];
        for (variable, gradient) in self.variables.iter().zip(&gradients) {
            if gradient.is_empty() {
                continue;
            }
            let tangent = state.tangent(variable, &bodies);
            for (k, factor) in gradient {
                tangents[*k].add(*factor, &tangent);
            }
        }
        Ok(tangents)
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

    /// The variables that a fit moves: refined and tied ones.
    fn moved(&self) -> impl Iterator<Item = usize> + '_ {
        self.free.iter().map(|free| free.variable).chain(self.tied())
    }

    /// The rigid bodies where they stand at these values.
    fn bodies(&self, values: &[f64]) -> Bodies<'_> {
        let mut poses: Vec<_> = self.bodies.iter().map(|body| body.start).collect();
        for index in self.moved() {
            if let Quantity::Body { body, component } = self.variables[index].quantity {
                poses[body][component] = values[index];
            }
        }
        let rigid = self.bodies.iter().zip(&poses).enumerate().filter(|(_, (body, _))| body.rigid);
        rigid.map(|(number, (body, pose))| (number, body.at(pose))).collect()
    }

    /// The ties of a job that starts from the structure at `p`: there every body's six values are 0 again, and each tie has to
    /// give its target what it has at `p`.
    ///
    /// # Errors
    /// A formula whose value is no number.
    pub fn ties_from(&self, p: &[f64]) -> Result<Vec<String>, BindError> {
        let ended = self.values(p)?;
        let motion = |index: usize| matches!(self.variables[index].quantity, Quantity::Body { .. });
        let begun = (0..ended.len()).map(|k| if motion(k) { 0.0 } else { ended[k] }).collect::<Vec<_>>();
        let anew = |(target, tie): &(usize, Tie)| {
            let value = tie.value(&|name| self.lookup(name, &begun))?;
            Ok(if value == begun[*target] { tie.text().to_owned() } else { tie.raised(begun[*target] - value) })
        };
        self.ties.iter().map(anew).collect()
    }

    /// The bodies that turn and hold U tensors, which do not turn with them: the labels of their first atoms.
    pub fn turned_tensors(&self, model: &Model) -> Vec<&str> {
        let moved: Vec<&Quantity> = self.moved().map(|index| &self.variables[index].quantity).collect();
        let turns = |number: usize, body: &Body| {
            let moves = |k| moved.contains(&&Quantity::Body { body: number, component: k });
            (3..6).any(|k| body.start[k] != 0.0 || moves(k))
        };
        let tensor = |site: usize| matches!(model.sites[site].adp, Some(Adp::Aniso(_)));
        let bodies = self.bodies.iter().enumerate().filter(|(number, body)| body.rigid && turns(*number, body));
        bodies.filter(|(_, body)| body.sites().any(tensor)).map(|(_, body)| body.label.as_str()).collect()
    }

    fn lookup(&self, name: &str, values: &[f64]) -> Option<f64> {
        self.index(name).map(|index| values[index])
    }

    fn index(&self, name: &str) -> Option<usize> {
        let known = self.variables.iter().position(|variable| variable.name == name);
        known.or_else(|| self.aliases.get(name).copied())
    }

    fn resolver(&self) -> Resolver<'_> {
        Resolver {
            model: &self.start.model,
            freedom: &self.freedom,
            cell: &self.cell,
            setting: self.start.setting,
            bodies: &self.bodies,
        }
    }

    /// Writes U as a tensor at every site whose tensor is refined or tied: one that stayed isotropic would turn with the cell.
    fn make_tensors(&mut self, job: &Job) {
        let names = job.refine.iter().map(|(name, _)| name.clone());
        let tied = job.ties.iter().filter_map(|text| Tie::parse(text).ok()).map(|tie| tie.target().to_owned());
        for name in names.chain(tied) {
            for variable in self.resolver().resolve(&name).unwrap_or_default() {
                if let Quantity::Uaniso { site, .. } = variable.quantity {
                    let tensor = aniso(&self.start.model, &self.start.model.sites[site]);
                    self.start.model.sites[site].adp = Some(Adp::Aniso(tensor));
                }
            }
        }
    }

    /// Gives the sites that the job names a second U, equal to the first until set or refined.
    fn give_second_u(&mut self, job: &Job) -> Result<(), BindError> {
        for (target, rcut) in &job.beyond {
            let name = format!("Uiso.{target}");
            let Quantity::Uiso(sites) = self.resolver().resolve(&name)?.remove(0).quantity else { continue };
            for site in sites {
                let cell = self.start.model.cell;
                let site = &mut self.start.model.sites[site];
                let first = site.adp.map_or(expand::DEFAULT_UISO, |adp| adp.equivalent(&cell));
                let uiso = site.beyond.map_or(first, |beyond| beyond.uiso);
                site.beyond = Some(Beyond { rcut: *rcut, uiso });
            }
        }
        Ok(())
    }

    fn set_values(&mut self, job: &Job) -> Result<(), BindError> {
        for (name, value) in &job.set {
            for variable in self.resolver().resolve(name)? {
                self.set(&variable, *value);
            }
        }
        // A U inside molecules that is refined must be there to be moved.
        for (name, _) in job.refine.iter().filter(|(name, _)| name.starts_with("Uinside.")) {
            for variable in self.resolver().resolve(name)? {
                self.start.write(&variable, variable.start);
            }
        }
        expand::update(&self.start.model, &mut self.start.crystal);
        Ok(())
    }

    fn set(&mut self, variable: &Variable, value: f64) {
        match variable.quantity {
            Quantity::Body { body, component } => {
                self.bodies[body].start[component] = value;
                self.bodies[body].rigid = true;
            }
            _ => self.start.write(variable, value),
        }
    }

    /// A molecule is a rigid body if any of its six values is set, refined or tied.
    fn make_rigid(&mut self) {
        for index in self.moved().collect::<Vec<_>>() {
            if let Quantity::Body { body, .. } = self.variables[index].quantity {
                self.bodies[body].rigid = true;
            }
        }
    }

    fn free_parameters(&mut self, job: &Job) -> Result<(), BindError> {
        for (name, vary) in &job.refine {
            for variable in self.resolver().resolve(name)? {
                let free = self.free_parameter(name, &variable, vary)?;
                self.variables.push(variable);
                self.free.push(free);
            }
        }
        let refined = |name: &str| self.free.iter().any(|free| self.variables[free.variable].name == name);
        if refined("delta1") && refined("delta2") {
            return Err(BindError::BothDeltas);
        }
        Ok(())
    }

    fn free_parameter(&self, name: &str, variable: &Variable, vary: &Vary) -> Result<Free, BindError> {
        let fixed = [Whole::Sratio, Whole::Rcut, Whole::Stepcut].map(Quantity::Whole);
        if fixed.contains(&variable.quantity) {
            return Err(BindError::NotRefinable { name: name.to_owned() });
        }
        let (low, high) = natural_bounds(&variable.quantity);
        let bounds = (vary.min.unwrap_or(low), vary.max.unwrap_or(high));
        let start = vary.start.unwrap_or(variable.start);
        if !(bounds.0..=bounds.1).contains(&start) {
            return Err(BindError::Outside { name: name.to_owned(), value: start, low: bounds.0, high: bounds.1 });
        }
        let flat = [Whole::Qdamp, Whole::Qbroad, Whole::Spdiameter].map(Quantity::Whole);
        if start == 0.0 && flat.contains(&variable.quantity) {
            return Err(BindError::NeedsStart { name: name.to_owned() });
        }
        let sigma = vary.sigma.map(|sigma| sigma / self.length(variable));
        Ok(Free { variable: self.variables.len(), start, bounds, sigma })
    }

    /// The element of a site.
    pub(crate) fn element(&self, site: usize) -> crate::element::Element {
        self.start.model.sites[site].species.element
    }

    /// How far an atom moves per unit of a coordinate, Å; 1 for everything else.
    pub(crate) fn length(&self, variable: &Variable) -> f64 {
        match &variable.quantity {
            Quantity::Position { vector, .. } => (self.start.crystal.basis * vector).norm(),
            _ => 1.0,
        }
    }

    fn tie(&mut self, job: &Job) -> Result<(), BindError> {
        let ties = job.ties.iter().map(|text| Tie::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let mut known = HashMap::new();
        for name in ties.iter().flat_map(|tie| tie.variables().iter().cloned().chain([tie.target().to_owned()])) {
            if let Ok(found) = self.resolver().resolve(&name) {
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
                self.add_one(&tie, name, &known)?;
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
        if let Some(index) = self.variables.iter().position(|known| known.quantity == variable.quantity) {
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
            for slot in variable.quantity.slots() {
                if let Some(other) = owners.insert(slot, &variable.name) {
                    return Err(BindError::Overlap { name: variable.name.clone(), other: other.to_owned() });
                }
            }
        }
        // A formula that reads a number under another name than the one that moves it would read its start for ever.
        for variable in &self.variables {
            for slot in variable.quantity.slots() {
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
        let Quantity::Position { site, .. } = variable.quantity else { return Ok(()) };
        self.bodies
            .iter()
            .filter(|body| body.rigid)
            .find(|body| body.holds(site))
            .map_or(Ok(()), |body| Err(BindError::InBody { name: variable.name.clone(), body: body.label.clone() }))
    }

    /// Does every tied value lie where such a quantity may be?
    pub fn ties_allowed(&self, values: &[f64]) -> bool {
        self.tied().all(|index| {
            let (low, high) = natural_bounds(&self.variables[index].quantity);
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
