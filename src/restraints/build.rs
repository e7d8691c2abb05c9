//! From a job's restraints to terms.

use nalgebra::Vector3;

use super::term::{Link, Quantity, Shape, Term};
use super::{RestraintError, Restraints, Words};
use crate::crystal::Crystal;
use crate::element::Element;
use crate::expand::disorder::{compatible, of_atoms};
use crate::expand::neighbours::{Neighbour, Neighbourhood};
use crate::expand::{covalent_radius, labels, multiplicities};
use crate::histogram::{self, BondList, BondRef};
use crate::job::{Bonds, Restraint};
use crate::model::Disorder;
use crate::params::{Binding, State};

/// `Apart` watches pairs that are so much farther apart at the start, Å: atoms move less than that in a fit.
const MARGIN: f64 = 1.5;

/// Most terms. Each is a row of the Jacobian, full of numbers.
const MOST: usize = 100_000;

/// Two partly filled sites nearer than this times the sum of their radii are alternatives, as in molecules.
const OVERLAP: f64 = 0.5;

const AXES: [&str; 3] = ["x", "y", "z"];

/// What is asked for of one structure.
pub(super) struct Asked<'a> {
    pub restraints: &'a [Restraint],
    /// Factor on the sum of squares.
    pub weight: f64,
    /// Have molecules been looked for?
    pub knows_molecules: bool,
    /// Whose refined parameters that have a `sigma` are restrained too.
    pub parameters: Option<&'a Binding>,
}

pub(super) fn restraints(asked: &Asked, start: &State) -> Result<Restraints, RestraintError> {
    let mut builder = Builder::new(asked, start);
    asked.parameters.into_iter().for_each(|binding| builder.parameters(binding));
    for restraint in asked.restraints {
        let before = builder.terms.len();
        builder.add(restraint)?;
        let count = builder.terms.len();
        if count == before {
            let of = restraint.of();
            builder
                .warnings
                .push(format!("restraints: \"{of}\" restrains nothing: there is no such pair or angle near enough"));
        }
        if count > MOST {
            return Err(RestraintError::TooMany { of: restraint.of().to_owned(), count, most: MOST });
        }
    }
    Ok(Restraints::of(builder.terms, builder.words, builder.warnings, &start.crystal))
}

/// The terms so far, and the starting structure with what is asked of it often.
struct Builder<'a> {
    start: &'a State,
    labels: Vec<String>,
    multiplicities: Vec<usize>,
    disorder: Vec<Option<Disorder>>,
    weight: f64,
    knows_molecules: bool,
    terms: Vec<Term>,
    words: Vec<Words>,
    warnings: Vec<String>,
}

/// How the terms of one restraint pull.
#[derive(Clone, Copy)]
struct Pull {
    /// `None`: the own value at the start.
    target: Option<f64>,
    shape: Shape,
    sigma: f64,
    unit: &'static str,
}

impl<'a> Builder<'a> {
    fn new(asked: &Asked, start: &'a State) -> Self {
        let State { model, crystal, .. } = start;
        Self {
            start,
            labels: labels(model, crystal),
            multiplicities: multiplicities(model, crystal),
            disorder: of_atoms(model, crystal),
            weight: asked.weight,
            knows_molecules: asked.knows_molecules,
            terms: Vec::new(),
            words: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn crystal(&self) -> &'a Crystal {
        &self.start.crystal
    }

    /// The refined parameters that have a `sigma`.
    fn parameters(&mut self, binding: &Binding) {
        for (index, free) in binding.free.iter().enumerate() {
            let Some(sigma) = free.sigma else { continue };
            let variable = &binding.variables()[free.variable];
            let pull = Pull { target: Some(free.start), shape: Shape::Flat(0.0), sigma, unit: variable.unit };
            self.push(pull, Quantity::Parameter(index), 1.0, ("sigma", &variable.name, variable.name.clone()));
        }
    }

    fn add(&mut self, restraint: &Restraint) -> Result<(), RestraintError> {
        let flat = |target: Option<f64>, within: f64, sigma: f64, unit: &'static str| Pull {
            target,
            shape: Shape::Flat(within),
            sigma,
            unit,
        };
        match restraint {
            Restraint::Distance { pair, neighbours, target, within, sigma } => {
                self.distances(pair, *neighbours, flat(*target, *within, *sigma, "Å"))
            }
            Restraint::Angle { angle, neighbours, target, within, sigma } => {
                self.angles(angle, *neighbours, flat(*target, *within, *sigma, "°"))
            }
            Restraint::Apart { pair, least, sigma } => self.apart(pair, *least, *sigma),
            Restraint::Displacement { of, sigma } => self.displacements(of, flat(Some(0.0), 0.0, *sigma, "Å")),
        }
    }

    fn push(&mut self, pull: Pull, quantity: Quantity, weight: f64, (kind, of, name): (&'static str, &str, String)) {
        let Pull { target, shape, sigma, unit } = pull;
        let target = target.unwrap_or_else(|| quantity.value(self.crystal()));
        self.terms.push(Term { quantity, target, shape, sigma, weight, factor: (self.weight * weight).sqrt() });
        self.words.push(Words { kind, of: of.to_owned(), name, unit });
    }

    fn distances(&mut self, pair: &str, neighbours: usize, pull: Pull) -> Result<(), RestraintError> {
        let list = self.bonds(pair, pair, neighbours)?;
        for (bond, (from, to)) in list.bonds.iter().zip(&list.labels) {
            let name = format!("{from}-{to}");
            self.push(pull, Quantity::Distance(link(bond)), self.multiplicity(bond.i), ("Distance", pair, name));
        }
        Ok(())
    }

    /// The pairs among the bonds of each centre, which stand together in the list.
    fn angles(&mut self, angle: &str, neighbours: usize, pull: Pull) -> Result<(), RestraintError> {
        let parts: Vec<&str> = angle.split('-').collect();
        let [end, centre, _] = parts[..] else { return Err(not_an_angle(angle)) };
        if parts[0] != parts[2] {
            return Err(not_an_angle(angle));
        }
        let list = self.bonds(angle, &format!("{centre}-{end}"), neighbours)?;
        for (k, one) in list.bonds.iter().enumerate() {
            let others = list.bonds.iter().enumerate().skip(k + 1).take_while(|(_, other)| other.i == one.i);
            for (n, other) in others {
                self.angle(angle, [&list.labels[k].1, &list.labels[k].0, &list.labels[n].1], [one, other], pull);
            }
        }
        Ok(())
    }

    fn angle(&mut self, angle: &str, names: [&str; 3], [one, other]: [&BondRef; 2], pull: Pull) {
        let (one_link, other_link) = (link(one), link(other));
        let apart = (other_link.vector(self.crystal()) - one_link.vector(self.crystal())).norm();
        if self.together(one.j, other.j, apart) {
            let weight = self.multiplicity(one.i);
            self.push(pull, Quantity::Angle(one_link, other_link), weight, ("Angle", angle, names.join("-")));
        }
    }

    fn bonds(&mut self, of: &str, pair: &str, neighbours: usize) -> Result<BondList, RestraintError> {
        for element in elements(of, pair)? {
            self.atoms_of(of, element)?;
        }
        let State { model, crystal, .. } = self.start;
        let kind = Bonds { neighbours, ..Bonds::of(pair) };
        let list = histogram::bonds(model, crystal, &kind)?;
        self.warnings.extend(list.ties(model, crystal, &kind, ["neighbours: ", ""]));
        Ok(list)
    }

    fn apart(&mut self, pair: &str, least: f64, sigma: f64) -> Result<(), RestraintError> {
        let pull = Pull { target: Some(least), shape: Shape::Below, sigma, unit: "Å" };
        let before = self.terms.len();
        for (link, weight) in self.contacts(pair, least + MARGIN)? {
            let name = format!("{}-{}", self.labels[link.from], self.labels[link.to]);
            self.push(pull, Quantity::Distance(link), weight, ("Apart", pair, name));
        }
        let crystal = self.crystal();
        let near = self.terms[before..].iter().filter(|term| term.quantity.value(crystal) < least).count();
        if near > 0 && !self.knows_molecules {
            self.warnings.push(format!(
                "Apart of \"{pair}\": {near} of the pairs are nearer than {least} Å at the start; if they are bonded, add \
                 molecules: () so that pairs inside one are left alone"
            ));
        }
        Ok(())
    }

    /// The pairs of atoms of two elements within `reach` Å that can bump, each with how many of the cell it stands for.
    ///
    /// A pair of two sites is taken from the end of the first, which its site's multiplicity then counts; pairs of images of
    /// one site are met from both ends, and count half.
    fn contacts(&self, pair: &str, reach: f64) -> Result<Vec<(Link, f64)>, RestraintError> {
        let [first, second] = elements(pair, pair)?;
        let (mut centres, others) = (self.atoms_of(pair, first)?, self.atoms_of(pair, second)?);
        let crystal = self.crystal();
        let site = |i: usize| crystal.atoms[i].site;
        centres.dedup_by_key(|i| site(*i));
        let sorted = Neighbourhood::new(crystal.basis, others.iter().map(|j| crystal.atoms[*j].position.0), reach);
        let mut found = Vec::new();
        for i in centres {
            for near in sorted.around(crystal.atoms[i].position.0, reach) {
                let near = Neighbour { index: others[near.index], ..near };
                let again = first == second && site(near.index) < site(i);
                if !again && self.can_bump(i, &near) {
                    let half = if site(near.index) == site(i) { 0.5 } else { 1.0 };
                    found.push((Link { from: i, to: near.index, shift: near.cell }, half * self.multiplicity(i)));
                }
            }
        }
        Ok(found)
    }

    fn can_bump(&self, i: usize, near: &Neighbour) -> bool {
        let (one, other) = (&self.crystal().atoms[i], &self.crystal().atoms[near.index]);
        let itself = i == near.index && near.cell == Vector3::zeros();
        let one_molecule = match (one.molecule, other.molecule) {
            (Some(one), Some(other)) => one.molecule == other.molecule && other.cell + near.cell == one.cell,
            _ => false,
        };
        !itself && !one_molecule && self.together(i, near.index, near.distance)
    }

    /// Can two atoms at this distance be there at the same time?
    fn together(&self, i: usize, j: usize, distance: f64) -> bool {
        let crystal = self.crystal();
        let radius = |k: usize| covalent_radius(crystal.species[crystal.atoms[k].species].element);
        let alternatives = crystal.atoms[i].occ + crystal.atoms[j].occ < 1.001;
        let overlap = alternatives && distance < OVERLAP * (radius(i) + radius(j));
        compatible(self.disorder[i].as_ref(), self.disorder[j].as_ref()) && !overlap
    }

    fn displacements(&mut self, of: &str, pull: Pull) -> Result<(), RestraintError> {
        for atom in self.meant(of)? {
            let start = self.crystal().atoms[atom].position.0;
            for (axis, letter) in AXES.into_iter().enumerate() {
                let name = format!("{} {letter}", self.labels[atom]);
                let quantity = Quantity::Displacement { atom, start, axis };
                self.push(pull, quantity, self.multiplicity(atom), ("Displacement", of, name));
            }
        }
        Ok(())
    }

    /// The first atom of every site of an element, or of the site with a label. A text that is both is the element.
    fn meant(&self, of: &str) -> Result<Vec<usize>, RestraintError> {
        let State { model, crystal, .. } = self.start;
        let chosen = |choose: &dyn Fn(usize) -> bool| -> Vec<usize> {
            let mut atoms: Vec<usize> = (0..crystal.atoms.len()).filter(|i| choose(crystal.atoms[*i].site)).collect();
            atoms.dedup_by_key(|i| crystal.atoms[*i].site);
            atoms
        };
        let by_element = chosen(&|site| model.sites[site].species.element.symbol() == of);
        let found = if by_element.is_empty() { chosen(&|site| model.sites[site].label == of) } else { by_element };
        if found.is_empty() {
            return Err(RestraintError::NoSite { of: of.to_owned(), known: self.elements() });
        }
        Ok(found)
    }

    /// The atoms of an element; there is at least one.
    fn atoms_of(&self, of: &str, element: Element) -> Result<Vec<usize>, RestraintError> {
        let crystal = self.crystal();
        let is = |i: &usize| crystal.species[crystal.atoms[*i].species].element == element;
        let found: Vec<usize> = (0..crystal.atoms.len()).filter(is).collect();
        if found.is_empty() {
            let element = element.symbol().to_owned();
            return Err(RestraintError::NoElement { of: of.to_owned(), element, known: self.elements() });
        }
        Ok(found)
    }

    /// The elements that the structure has.
    fn elements(&self) -> String {
        let mut known: Vec<&str> = self.crystal().species.iter().map(|species| species.element.symbol()).collect();
        known.sort_unstable();
        known.dedup();
        known.join(", ")
    }

    fn multiplicity(&self, atom: usize) -> f64 {
        self.multiplicities[self.crystal().atoms[atom].site] as f64
    }
}

fn link(bond: &BondRef) -> Link {
    Link { from: bond.i, to: bond.j, shift: bond.shift }
}

fn not_an_angle(of: &str) -> RestraintError {
    RestraintError::Shape {
        of: of.to_owned(),
        needed: "an angle between bonds of one kind: write the centre between two of one element, such as \"N-Co-N\"",
    }
}

/// The two elements of `Co-N`.
fn elements(of: &str, pair: &str) -> Result<[Element; 2], RestraintError> {
    let bad = || RestraintError::Shape {
        of: of.to_owned(),
        needed: "made of elements: write symbols with hyphens between, such as \"Co-N\"",
    };
    let (centre, neighbour) = pair.split_once('-').ok_or_else(bad)?;
    Ok([centre.parse().map_err(|_| bad())?, neighbour.parse().map_err(|_| bad())?])
}

/// Has the structure what a restraint speaks of?
pub(super) fn has(start: &State, restraint: &Restraint) -> bool {
    let sites = &start.model.sites;
    let element = |symbol: &str| sites.iter().any(|site| site.species.element.symbol() == symbol);
    match restraint {
        Restraint::Displacement { of, .. } => element(of) || sites.iter().any(|site| site.label == *of),
        _ => restraint.of().split('-').all(element),
    }
}
