//! One structure in one measurement: where names of parameters have a meaning.

use nalgebra::Matrix3;

use super::BindError;
use super::bodies::{self, Bodies, Body};
use super::names::CELL;
use super::quantity::{Found, Quantity, Resolver, Spot, aniso};
use super::state::{Setting, State};
use crate::crystal::Crystal;
use crate::expand::{self, Direction6, SiteFreedom};
use crate::model::{Adp, Beyond, Model, Site};
use crate::tangent::Tangent;

/// A phase in a data set, as a job starts it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Number of the phase.
    pub phase: usize,
    /// Number of the data set.
    pub dataset: usize,
    /// The structure, with all that the job sets.
    pub start: State,
    freedom: Vec<SiteFreedom>,
    cell: Vec<Direction6>,
    /// Its molecules, if they can move.
    pub bodies: Vec<Body>,
}

impl Place {
    /// `molecules`: have they been looked for?
    pub fn new(
        (phase, dataset): (usize, usize),
        model: &Model,
        crystal: &Crystal,
        molecules: bool,
    ) -> Result<Self, BindError> {
        // Sites exactly on their special positions, tensors as their site allows: so each operator turns them the same way.
        let model = expand::symmetrized(model)?;
        Ok(Self {
            phase,
            dataset,
            bodies: bodies::find(&model, crystal),
            freedom: expand::freedom(&model),
            cell: expand::cell_freedom(&model),
            start: State { model, crystal: crystal.clone(), setting: Setting { molecules, ..Setting::default() } },
        })
    }

    /// What a name stands for here; `text` is the whole name, for messages.
    pub fn resolve(&self, text: &str, name: &str) -> Result<Vec<Found>, BindError> {
        self.resolver(&self.start).resolve(text, name)
    }

    fn resolver<'a>(&'a self, state: &'a State) -> Resolver<'a> {
        let Self { freedom, cell, bodies, .. } = self;
        Resolver { model: &state.model, freedom, cell, setting: state.setting, bodies }
    }

    /// Gives sites a second U for pairs beyond a distance, equal to the first until set or refined.
    pub fn give_second_u(&mut self, found: &Quantity, rcut: f64) {
        let Quantity::Uiso(sites) = found else { return };
        let cell = self.start.model.cell;
        for site in sites {
            let site = &mut self.start.model.sites[*site];
            let first = site.adp.map_or(expand::DEFAULT_UISO, |adp| adp.equivalent(&cell));
            let uiso = site.beyond.map_or(first, |beyond| beyond.uiso);
            site.beyond = Some(Beyond { rcut, uiso });
        }
    }

    /// Starts a quantity at a value.
    pub fn set(&mut self, found: &Found, value: f64) {
        match found.quantity {
            Quantity::Body { body, component } => {
                self.bodies[body].start[component] = value;
                self.bodies[body].rigid = true;
            }
            _ => self.start.write(&found.quantity, found.start, value),
        }
    }

    /// Measures the bodies in the cell as the file has it, then brings the atoms to the values that were set.
    pub fn settle(&mut self) {
        let file = self.basis_of_file();
        expand::update(&self.start.model, &mut self.start.crystal);
        for body in &mut self.bodies {
            body.measure(&self.start.model, &file);
        }
    }

    /// What the coordinates of the file are measured by, Å: its cell, which the atoms still have; of a cluster the Å.
    fn basis_of_file(&self) -> Matrix3<f64> {
        if self.start.crystal.cluster { Matrix3::identity() } else { self.start.crystal.basis }
    }

    /// Writes U as a tensor at a site whose tensor is refined or tied: one that stayed isotropic would turn with the cell.
    pub fn make_tensor(&mut self, found: &Quantity) {
        if let Quantity::Uaniso { site, .. } = found {
            let tensor = aniso(&self.start.model, &self.start.model.sites[*site]);
            self.start.model.sites[*site].adp = Some(Adp::Aniso(tensor));
        }
    }

    /// The structure with its quantities at these values.
    pub fn state(&self, moved: &[(&Spot, f64)]) -> State {
        let mut state = self.start.clone();
        self.move_on(&mut state, moved);
        state
    }

    /// Brings a structure of this place to other values of its quantities.
    pub fn bring(&self, state: &mut State, moved: &[(&Spot, f64)]) {
        state.begin_again(&self.start);
        self.move_on(state, moved);
    }

    /// Brings a structure whose numbers are those at the start to these values of its quantities.
    fn move_on(&self, state: &mut State, moved: &[(&Spot, f64)]) {
        for (spot, value) in moved {
            state.write(&spot.quantity, spot.start, *value);
        }
        state.place(&self.bodies_at(moved));
        expand::update(&state.model, &mut state.crystal);
    }

    /// How the structure moves with each of its quantities, which are at these values.
    pub fn tangents(&self, state: &State, moved: &[(&Spot, f64)], wanted: &[&Spot]) -> Vec<Tangent> {
        let bodies = self.bodies_at(moved);
        wanted.iter().map(|spot| state.tangent(&spot.quantity, &bodies)).collect()
    }

    /// The rigid bodies where they stand at these values.
    fn bodies_at(&self, moved: &[(&Spot, f64)]) -> Bodies<'_> {
        let mut poses: Vec<_> = self.bodies.iter().map(|body| body.start).collect();
        for (spot, value) in moved {
            if let Quantity::Body { body, component } = spot.quantity {
                poses[body][component] = *value;
            }
        }
        let rigid = self.bodies.iter().zip(&poses).enumerate().filter(|(_, (body, _))| body.rigid);
        rigid.map(|(number, (body, pose))| (number, body.at(pose))).collect()
    }

    /// The bodies that turn and hold U tensors, which do not turn with them: the labels of their first atoms.
    pub fn turned_tensors(&self, model: &Model, moved: &[&Quantity]) -> Vec<&str> {
        let turns = |number: usize, body: &Body| {
            let moves = |k| moved.contains(&&Quantity::Body { body: number, component: k });
            (3..6).any(|k| body.start[k] != 0.0 || moves(k))
        };
        let tensor = |site: usize| matches!(model.sites[site].adp, Some(Adp::Aniso(_)));
        let bodies = self.bodies.iter().enumerate().filter(|(number, body)| body.rigid && turns(*number, body));
        bodies.filter(|(_, body)| body.sites().any(tensor)).map(|(_, body)| body.label.as_str()).collect()
    }

    /// Atoms of a rigid body have no coordinates of their own, to refine or to read.
    pub fn in_body(&self, quantity: &Quantity) -> Option<&str> {
        let Quantity::Position { site, .. } = quantity else { return None };
        self.bodies.iter().filter(|body| body.rigid).find(|body| body.holds(*site)).map(|body| body.label.as_str())
    }

    /// Do the atoms stand where those of another place do?
    pub fn stands_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.start.model, &other.start.model);
        let mut sites = ours.sites.iter().zip(&theirs.sites);
        let mut poses = self.bodies.iter().zip(&other.bodies);
        ours.cell == theirs.cell
            && sites.all(|(a, b)| a.position == b.position && a.occ == b.occ)
            && poses.all(|(a, b)| a.start == b.start)
    }

    /// Every number of the structure that has a name of its own, at a state; those of bodies are in the positions.
    pub fn numbers(&self, state: &State) -> Vec<Found> {
        let resolver = self.resolver(state);
        let whole = ["delta1", "delta2", "spdiameter", "sratio", "rcut", "stepcut"].map(str::to_owned).into_iter();
        let edges = self.cell.iter().map(|direction| CELL[direction.pivot].to_owned());
        let of_site = |site: &Site| {
            let u = if matches!(site.adp, Some(Adp::Aniso(_))) { "U" } else { "Uiso" };
            ["xyz", u, "Uiso2", "Uinside", "occ"].map(|kind| format!("{kind}.{}", site.label))
        };
        let sites = state.model.sites.iter().flat_map(of_site);
        // A name that this structure does not have is none of its numbers.
        whole.chain(edges).chain(sites).filter_map(|name| resolver.resolve(&name, &name).ok()).flatten().collect()
    }

    /// How far an atom moves per unit of a coordinate, Å; 1 for everything else.
    pub fn length(&self, quantity: &Quantity) -> f64 {
        match quantity {
            Quantity::Position { vector, .. } => (self.start.model.cell.basis() * vector).norm(),
            _ => 1.0,
        }
    }
}
