//! What a name means in a given model: which numbers a variable stands for.

use nalgebra::{SVector, Vector3};

use super::bodies::Body;
use super::names::{CELL, COORDINATES, Kind, Name, TENSOR, Whole};
use super::{BindError, Setting};
use crate::expand::{Direction6, SiteFreedom};
use crate::model::{Adp, Model, Site};

/// One variable: a name, and what it moves in the structures and measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its one name: `x.Co1`, `Uiso.C`, `qdamp@n`.
    pub name: String,
    /// `Å`, `Å²` ...
    pub unit: &'static str,
    /// Value at the start, in the first place that it is in.
    pub start: f64,
    /// Where it moves what: at least one place.
    pub spots: Vec<Spot>,
}

/// What a variable moves in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Number of the place.
    pub place: usize,
    /// The numbers it stands for.
    pub quantity: Quantity,
    /// Their value in the starting structure.
    pub start: f64,
}

/// What a name stands for in one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Its one name there.
    pub name: String,
    pub unit: &'static str,
    pub quantity: Quantity,
    pub start: f64,
}

impl Variable {
    /// The numbers that it stands for in the first place that it is in.
    pub fn quantity(&self) -> &Quantity {
        &self.spots[0].quantity
    }

    /// What it moves in a place.
    pub fn spot(&self, place: usize) -> Option<&Spot> {
        self.spots.iter().find(|spot| spot.place == place)
    }

    /// Is it this number of the whole in a place?
    pub(super) fn is_whole(&self, whole: Whole, place: usize) -> bool {
        self.spot(place).is_some_and(|spot| spot.quantity == Quantity::Whole(whole))
    }

    /// What it moves, one entry for each number of each place.
    pub(super) fn slots(&self) -> impl Iterator<Item = (usize, Slot)> + '_ {
        self.spots.iter().flat_map(|spot| spot.quantity.slots().into_iter().map(|slot| (spot.place, slot)))
    }
}

impl Found {
    /// Joins what has the same name in other places.
    pub fn join(self, place: usize, end: &str, variables: &mut Vec<Variable>) {
        let Self { name, unit, quantity, start } = self;
        let (name, spot) = (name + end, Spot { place, quantity, start });
        match variables.iter_mut().find(|variable| variable.name == name) {
            Some(variable) => variable.spots.push(spot),
            None => variables.push(Variable { name, unit, start, spots: vec![spot] }),
        }
    }
}

/// One number of a structure: what kind, of which site or body, which component.
pub(super) type Slot = (&'static str, usize, usize);

/// The numbers that a variable stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A number of the whole.
    Whole(Whole),
    /// The cell's six numbers along a direction; the pivot's value is the variable's.
    Cell {
        /// Index of the pivot in a, b, c, alpha, beta, gamma.
        pivot: usize,
        /// Change of the six per change of the pivot.
        vector: SVector<f64, 6>,
    },
    /// A site's position along a direction.
    Position {
        /// The site.
        site: usize,
        /// Which coordinate gives the variable's value.
        pivot: usize,
        /// Change of the three fractions per change of that coordinate.
        vector: Vector3<f64>,
    },
    /// `Uiso` of these sites.
    Uiso(Vec<usize>),
    /// A site's U along a direction.
    Uaniso {
        /// The site.
        site: usize,
        /// Which component gives the variable's value.
        pivot: usize,
        /// Change of the six components per change of that one.
        vector: SVector<f64, 6>,
    },
    /// The second U of these sites.
    Beyond(Vec<usize>),
    /// The U inside molecules of these sites.
    Inside(Vec<usize>),
    /// The occupancy of these sites.
    Occ(Vec<usize>),
    /// One of the six values of a molecule as a rigid body.
    Body {
        /// Number of the molecule in the cell.
        body: usize,
        /// 0 to 2: shift of the centroid along x, y, z in Å; 3 to 5: components of the rotation vector in degrees.
        component: usize,
    },
}

impl Quantity {
    /// What it moves, one entry for each number; two variables that share one cannot both be used.
    pub fn slots(&self) -> Vec<Slot> {
        let each = |word, sites: &[usize]| sites.iter().map(|site| (word, *site, 0)).collect();
        match self {
            Self::Whole(whole) => vec![(Kind::Whole(*whole).word(), 0, 0)],
            Self::Cell { pivot, .. } => vec![("cell", 0, *pivot)],
            Self::Position { site, pivot, .. } => vec![("position", *site, *pivot)],
            Self::Uiso(sites) => sites.iter().flat_map(|site| (0..6).map(|k| ("U", *site, k))).collect(),
            Self::Uaniso { site, pivot, .. } => vec![("U", *site, *pivot)],
            Self::Beyond(sites) => each("Uiso2", sites),
            Self::Inside(sites) => each("Uinside", sites),
            Self::Occ(sites) => each("occ", sites),
            Self::Body { body, component } => vec![("body", *body, *component)],
        }
    }
}

/// Finds what names mean in a model.
pub(super) struct Resolver<'a> {
    pub model: &'a Model,
    pub freedom: &'a [SiteFreedom],
    pub cell: &'a [Direction6],
    pub setting: Setting,
    pub bodies: &'a [Body],
}

impl Resolver<'_> {
    /// The variables that a name stands for: one, or for `xyz.Co` and its kin one for each coordinate of each site.
    ///
    /// `text` is the name as the job has it, for messages.
    pub fn resolve(&self, text: &str, name: &str) -> Result<Vec<Found>, BindError> {
        let name = Name::parse(name).ok_or_else(|| BindError::NoSuchKind { name: text.to_owned() })?;
        match name.kind {
            Kind::Whole(whole) => Ok(vec![self.whole(whole)?]),
            Kind::Cell(pivot) => Ok(vec![self.cell(pivot)?]),
            Kind::Coordinate(axis) => self.coordinates(text, &name.target, &[axis]),
            Kind::Position => self.coordinates(text, &name.target, &[0, 1, 2]),
            Kind::Uaniso(component) => self.tensors(text, &name.target, &[component]),
            Kind::U => self.tensors(text, &name.target, &[0, 1, 2, 3, 4, 5]),
            Kind::Uiso | Kind::Beyond | Kind::Inside | Kind::Occ => Ok(vec![self.shared(text, &name)?]),
            Kind::Motion(component) => self.motions(text, &name.target, &[component]),
            Kind::Move => self.motions(text, &name.target, &[0, 1, 2]),
            Kind::Turn => self.motions(text, &name.target, &[3, 4, 5]),
        }
    }

    fn whole(&self, whole: Whole) -> Result<Found, BindError> {
        if self.model.cluster && matches!(whole, Whole::Spdiameter | Whole::Stepcut) {
            return Err(BindError::EndOfCluster { name: Kind::Whole(whole).word().to_owned() });
        }
        let profile = &self.model.profile;
        let start = match whole {
            Whole::Scale => profile.scale,
            Whole::Delta1 => profile.delta1,
            Whole::Delta2 => profile.delta2,
            Whole::Qdamp => self.setting.qdamp,
            Whole::Qbroad => self.setting.qbroad,
            Whole::Pscale => self.setting.pscale,
            Whole::Spdiameter => profile.spdiameter,
            Whole::Sratio => profile.sratio,
            Whole::Rcut => profile.rcut,
            Whole::Stepcut => profile.stepcut,
        };
        Ok(variable(Kind::Whole(whole), "", Quantity::Whole(whole), start))
    }

    fn cell(&self, pivot: usize) -> Result<Found, BindError> {
        if self.model.cluster {
            return Err(BindError::CellOfCluster { name: CELL[pivot].to_owned() });
        }
        let free = self.cell.iter().find(|direction| direction.pivot == pivot);
        let direction = free.ok_or_else(|| BindError::FixedBySymmetry {
            name: CELL[pivot].to_owned(),
            free: list(self.cell.iter().map(|direction| CELL[direction.pivot].to_owned())),
        })?;
        let start = self.model.cell.parameters()[pivot];
        Ok(variable(Kind::Cell(pivot), "", Quantity::Cell { pivot, vector: direction.vector }, start))
    }

    fn coordinates(&self, text: &str, target: &str, axes: &[usize]) -> Result<Vec<Found>, BindError> {
        let sites = self.sites(text, target)?;
        let unit = if self.model.cluster { "Å" } else { "" };
        let found = sites.iter().flat_map(|&site| {
            self.freedom[site].position.iter().filter(|direction| axes.contains(&direction.pivot)).map(
                move |direction| {
                    let quantity = Quantity::Position { site, pivot: direction.pivot, vector: direction.vector };
                    let kind = Kind::Coordinate(direction.pivot);
                    let Site { label, position, .. } = &self.model.sites[site];
                    Found { unit, ..variable(kind, label, quantity, position.0[direction.pivot]) }
                },
            )
        });
        let free = || sites.iter().flat_map(|&site| self.free_coordinates(site));
        some_or_fixed(text, found.collect(), || list(free()))
    }

    fn free_coordinates(&self, site: usize) -> impl Iterator<Item = String> + '_ {
        let label = &self.model.sites[site].label;
        self.freedom[site].position.iter().map(move |direction| format!("{}.{label}", COORDINATES[direction.pivot]))
    }

    fn tensors(&self, text: &str, target: &str, components: &[usize]) -> Result<Vec<Found>, BindError> {
        let sites = self.sites(text, target)?;
        let found = sites.iter().flat_map(|&site| {
            let start = aniso(self.model, &self.model.sites[site]);
            self.freedom[site].adp.iter().filter(|direction| components.contains(&direction.pivot)).map(
                move |direction| {
                    let pivot = direction.pivot;
                    let quantity = Quantity::Uaniso { site, pivot, vector: direction.vector };
                    variable(Kind::Uaniso(pivot), &self.model.sites[site].label, quantity, start[pivot])
                },
            )
        });
        let free = || sites.iter().flat_map(|&site| self.free_components(site));
        some_or_fixed(text, found.collect(), || list(free()))
    }

    fn free_components(&self, site: usize) -> impl Iterator<Item = String> + '_ {
        let label = &self.model.sites[site].label;
        self.freedom[site].adp.iter().map(move |direction| format!("{}.{label}", TENSOR[direction.pivot]))
    }

    fn motions(&self, text: &str, target: &str, components: &[usize]) -> Result<Vec<Found>, BindError> {
        let bodies = self.bodies_of(text, target)?.into_iter();
        let of_body = |number: usize| {
            components.iter().map(move |&component| {
                let body = &self.bodies[number];
                let quantity = Quantity::Body { body: number, component };
                variable(Kind::Motion(component), &body.label, quantity, body.start[component])
            })
        };
        Ok(bodies.flat_map(of_body).collect())
    }

    /// The molecules with a formula, the one that has an atom, or all. A text that is both a formula and a label is the
    /// formula.
    fn bodies_of(&self, text: &str, target: &str) -> Result<Vec<usize>, BindError> {
        self.can_have_bodies(text)?;
        let chosen = |choose: &dyn Fn(&Body) -> bool| -> Vec<usize> {
            self.bodies.iter().enumerate().filter(|(_, body)| choose(body)).map(|(number, _)| number).collect()
        };
        let by_formula = chosen(&|body| target == "molecules" || body.formula == target);
        if !by_formula.is_empty() {
            return Ok(by_formula);
        }
        let site = self.model.sites.iter().position(|site| site.label == target);
        let by_atom = site.map(|site| chosen(&|body| body.holds(site)));
        by_atom.map_or_else(|| Err(self.no_such_molecule(text, target)), |found| some_or_lone(text, target, found))
    }

    fn can_have_bodies(&self, text: &str) -> Result<(), BindError> {
        if !self.setting.molecules {
            return Err(BindError::NoMolecules { name: text.to_owned() });
        }
        if self.model.space_group.operators.len() > 1 {
            let group = self.model.space_group.name.clone();
            return Err(BindError::BodyInGroup { name: text.to_owned(), group });
        }
        Ok(())
    }

    fn no_such_molecule(&self, text: &str, target: &str) -> BindError {
        let mut formulas: Vec<&str> = self.bodies.iter().map(|body| body.formula.as_str()).collect();
        formulas.sort_unstable();
        formulas.dedup();
        let formulas = if formulas.is_empty() { "no molecule was found".to_owned() } else { formulas.join(" ") };
        BindError::NoSuchMolecule { name: text.to_owned(), target: target.to_owned(), formulas }
    }

    /// A number that all sites meant share.
    fn shared(&self, text: &str, name: &Name) -> Result<Found, BindError> {
        let sites = self.sites(text, &name.target)?;
        let values = sites.iter().map(|&site| self.shared_value(text, name.kind, &self.model.sites[site]));
        let values = values.collect::<Result<Vec<f64>, _>>()?;
        let start = values.iter().sum::<f64>() / values.len() as f64;
        let quantity = match name.kind {
            Kind::Beyond => Quantity::Beyond(sites),
            Kind::Inside => Quantity::Inside(sites),
            Kind::Occ => Quantity::Occ(sites),
            _ => Quantity::Uiso(sites),
        };
        Ok(variable(name.kind, &name.target, quantity, start))
    }

    fn shared_value(&self, text: &str, kind: Kind, site: &Site) -> Result<f64, BindError> {
        let uiso = || site.adp.map_or(crate::expand::DEFAULT_UISO, |adp| adp.equivalent(&self.model.cell));
        match kind {
            Kind::Occ => Ok(site.occ),
            Kind::Beyond => site
                .beyond
                .map(|beyond| beyond.uiso)
                .ok_or_else(|| BindError::NoBeyond { name: text.to_owned(), target: site.label.clone() }),
            Kind::Inside if !self.setting.molecules => Err(BindError::NoMolecules { name: text.to_owned() }),
            Kind::Inside => Ok(site.inside.unwrap_or_else(uiso)),
            _ => Ok(uiso()),
        }
    }

    /// The sites of an element, or the site with a label. A text that is both is the element.
    fn sites(&self, text: &str, target: &str) -> Result<Vec<usize>, BindError> {
        let chosen = |choose: &dyn Fn(&Site) -> bool| -> Vec<usize> {
            self.model.sites.iter().enumerate().filter(|(_, site)| choose(site)).map(|(index, _)| index).collect()
        };
        let by_element = chosen(&|site| site.species.element.symbol() == target || site.species.to_string() == target);
        let found = if by_element.is_empty() { chosen(&|site| site.label == target) } else { by_element };
        if found.is_empty() {
            return Err(BindError::NoSuchTarget {
                name: text.to_owned(),
                target: target.to_owned(),
                known: self.known(),
            });
        }
        Ok(found)
    }

    fn known(&self) -> String {
        let mut elements: Vec<&str> = self.model.sites.iter().map(|site| site.species.element.symbol()).collect();
        elements.sort_unstable();
        elements.dedup();
        let labels = self.model.sites.iter().take(6).map(|site| site.label.as_str());
        let more = if self.model.sites.len() > 6 { " ..." } else { "" };
        format!("{}; {}{more}", elements.join(" "), labels.collect::<Vec<_>>().join(" "))
    }
}

/// A site's U as a tensor on CIF axes.
pub(super) fn aniso(model: &Model, site: &Site) -> [f64; 6] {
    match site.adp.unwrap_or(Adp::Iso(crate::expand::DEFAULT_UISO)) {
        Adp::Aniso(u) => u,
        Adp::Iso(u) => isotropic(model, u),
    }
}

/// The tensor on CIF axes of an isotropic U: `U G*_ij / (a*_i a*_j)`.
fn isotropic(model: &Model, u: f64) -> [f64; 6] {
    let basis = model.cell.basis();
    let metric = (basis.transpose() * basis).try_inverse().unwrap_or_default();
    let n = model.cell.reciprocal_lengths();
    [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)].map(|(i, j)| u * metric[(i, j)] / (n[i] * n[j]))
}

fn variable(kind: Kind, target: &str, quantity: Quantity, start: f64) -> Found {
    let name = Name { kind, target: target.to_owned() }.to_string();
    Found { name, unit: kind.unit(), quantity, start }
}

fn some_or_fixed(text: &str, found: Vec<Found>, free: impl Fn() -> String) -> Result<Vec<Found>, BindError> {
    if found.is_empty() {
        return Err(BindError::FixedBySymmetry { name: text.to_owned(), free: free() });
    }
    Ok(found)
}

fn some_or_lone(text: &str, target: &str, found: Vec<usize>) -> Result<Vec<usize>, BindError> {
    if found.is_empty() {
        return Err(BindError::LoneAtom { name: text.to_owned(), target: target.to_owned() });
    }
    Ok(found)
}

fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
}
