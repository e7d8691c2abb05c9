//! Molecules: atoms joined by bonds.

use std::collections::BTreeMap;

use nalgebra::Vector3;

use super::disorder::{compatible, of_atoms};
use super::neighbours::{Neighbour, Neighbourhood};
use super::radii::covalent_radius;
use super::{ExpandError, labels};
use crate::crystal::{Crystal, Membership};
use crate::element::Element;
use crate::job;
use crate::model::{Disorder, Model};

/// Two partly occupied atoms nearer than this times the sum of their radii are alternatives, not bonded: the
/// shortest bonds there are (N2, CO) have 0.77 of it.
const OVERLAP: f64 = 0.5;

/// Elements that are no metals: what is usually kept in a molecule when a framework is cut at its metals.
const NONMETALS: [&str; 23] = [
    "H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se", "Br", "Kr", "Te", "I",
    "Xe", "At", "Rn",
];

/// A molecule of the cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Molecule {
    /// Its atoms, two or more: index into [`Crystal::atoms`], and the whole cells that move the atom next to the others.
    pub atoms: Vec<(usize, Vector3<f64>)>,
    /// Elements with their occupancies summed, carbon and hydrogen first: `C3H3N2`.
    pub formula: String,
}

/// Finds the molecules of a crystal and notes in each atom which one it belongs to.
///
/// Atoms i and j are bonded if
///
/// ```text
/// r_ij < r_i + r_j + slack
/// ```
///
/// with the covalent radii of [`covalent_radius`] and `slack` in Å from the options. Excluded elements bond to nothing, H
/// does not bond to H, and atoms that are never there together do not bond: those of different groups of one disorder
/// assembly, and partly occupied ones (occupancies adding up to 1 or less) nearer than half the sum of their radii.
/// Atoms without bonds are no molecules and keep `molecule: None`. `crystal` is the one made of `model`.
///
/// # Errors
/// An unknown element or a slack that is no length in the options; a molecule that runs through the crystal without end.
pub fn molecules(model: &Model, crystal: &mut Crystal, options: &job::Molecules) -> Result<Vec<Molecule>, ExpandError> {
    let _room = tracing::info_span!("expand").entered();
    let bonds = Bonding::new(model, crystal, options)?.bonds(crystal);
    let mut cells: Vec<Option<Membership>> = vec![None; crystal.atoms.len()];
    let mut found = 0;
    for seed in 0..crystal.atoms.len() {
        if cells[seed].is_some() || bonds[seed].is_empty() {
            continue;
        }
        grow(seed, found, &bonds, &mut cells).map_err(|(i, members)| endless(model, crystal, options, i, &members))?;
        found += 1;
    }
    for (atom, membership) in crystal.atoms.iter_mut().zip(cells) {
        atom.molecule = membership;
    }
    Ok(found_molecules(crystal))
}

/// The molecules of a crystal in which they were looked for, in the order of their numbers: what [`molecules()`] noted in
/// the atoms.
pub fn found_molecules(crystal: &Crystal) -> Vec<Molecule> {
    let mut found: BTreeMap<usize, Vec<(usize, Vector3<f64>)>> = BTreeMap::new();
    for (index, atom) in crystal.atoms.iter().enumerate() {
        if let Some(Membership { molecule, cell }) = atom.molecule {
            found.entry(molecule).or_default().push((index, -cell));
        }
    }
    found.into_values().map(|atoms| Molecule { formula: formula(crystal, &atoms), atoms }).collect()
}

/// Follows the bonds from one atom; fails with the atom that is reached in a second cell, and all atoms so far.
fn grow(
    seed: usize,
    molecule: usize,
    bonds: &[Vec<Neighbour>],
    cells: &mut [Option<Membership>],
) -> Result<(), (usize, Vec<usize>)> {
    let mut members = vec![seed];
    cells[seed] = Some(Membership { molecule, cell: Vector3::zeros() });
    let mut next = 0;
    let mut closed_on_itself = None;
    while next < members.len() {
        let i = members[next];
        let here = cells[i].map_or_else(Vector3::zeros, |membership| membership.cell);
        for bond in &bonds[i] {
            // j + n is bonded to i: cell_j + n = cell_i.
            let cell = here - bond.cell;
            match cells[bond.index] {
                None => {
                    cells[bond.index] = Some(Membership { molecule, cell });
                    members.push(bond.index);
                }
                Some(known) if known.cell != cell => closed_on_itself = closed_on_itself.or(Some(bond.index)),
                Some(_) => {}
            }
        }
        next += 1;
    }
    match closed_on_itself {
        Some(i) => Err((i, members)),
        None => Ok(()),
    }
}

/// Hill's order: carbon, hydrogen, then by symbol; by symbol alone where there is no carbon.
fn formula(crystal: &Crystal, members: &[(usize, Vector3<f64>)]) -> String {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for (i, _) in members {
        let atom = &crystal.atoms[*i];
        *counts.entry(crystal.species[atom.species].element.symbol()).or_default() += atom.occ;
    }
    let first: &[&str] = if counts.contains_key("C") { &["C", "H"] } else { &[] };
    let rest = counts.keys().filter(|symbol| !first.contains(symbol)).copied().collect::<Vec<_>>();
    let order = first.iter().copied().chain(rest);
    order.filter_map(|symbol| counts.get(symbol).map(|count| format!("{symbol}{}", subscript(*count)))).collect()
}

fn subscript(count: f64) -> String {
    let hundredths = (count * 100.0).round() / 100.0;
    if (hundredths - 1.0).abs() < 1e-9 { String::new() } else { hundredths.to_string() }
}

/// What may bond, and how far.
struct Bonding {
    /// Covalent radius of each atom, `None` for excluded elements.
    radii: Vec<Option<f64>>,
    hydrogen: Vec<bool>,
    disorder: Vec<Option<Disorder>>,
    slack: f64,
}

impl Bonding {
    fn new(model: &Model, crystal: &Crystal, options: &job::Molecules) -> Result<Self, ExpandError> {
        if !(-1.0..=2.0).contains(&options.slack) {
            return Err(ExpandError::Slack { slack: options.slack });
        }
        let excluded = options.exclude.iter().map(|text| excluded(text)).collect::<Result<Vec<_>, _>>()?;
        let element = |atom: &crate::crystal::Atom| crystal.species[atom.species].element;
        let radius = |element: Element| (!excluded.contains(&element)).then(|| covalent_radius(element));
        Ok(Self {
            radii: crystal.atoms.iter().map(|atom| radius(element(atom))).collect(),
            hydrogen: crystal.atoms.iter().map(|atom| element(atom).number() == 1).collect(),
            disorder: of_atoms(model, crystal),
            slack: options.slack,
        })
    }

    /// The bonds of every atom.
    fn bonds(&self, crystal: &Crystal) -> Vec<Vec<Neighbour>> {
        let largest = self.radii.iter().flatten().copied().fold(0.0, f64::max);
        let reach = 2.0 * largest + self.slack;
        let positions = crystal.atoms.iter().map(|atom| atom.position.0);
        let sorted = Neighbourhood::new(crystal.basis, positions, reach);
        let bonds_of = |i: usize| match self.radii[i] {
            None => Vec::new(),
            Some(radius) => {
                let mut near = sorted.around(crystal.atoms[i].position.0, radius + largest + self.slack);
                near.retain(|neighbour| self.bonded(crystal, i, neighbour));
                near
            }
        };
        (0..crystal.atoms.len()).map(bonds_of).collect()
    }

    fn bonded(&self, crystal: &Crystal, i: usize, neighbour: &Neighbour) -> bool {
        let j = neighbour.index;
        let (Some(one), Some(other)) = (self.radii[i], self.radii[j]) else { return false };
        let itself = i == j && neighbour.cell == Vector3::zeros();
        let alternatives = crystal.atoms[i].occ + crystal.atoms[j].occ < 1.001;
        let overlap = alternatives && neighbour.distance < OVERLAP * (one + other);
        let hydrogens = self.hydrogen[i] && self.hydrogen[j];
        let far = neighbour.distance >= one + other + self.slack;
        let together = compatible(self.disorder[i].as_ref(), self.disorder[j].as_ref());
        together && !(itself || overlap || hydrogens || far)
    }
}

fn excluded(text: &str) -> Result<Element, ExpandError> {
    text.parse().map_err(|_| ExpandError::UnknownElement { text: text.to_owned() })
}

fn endless(model: &Model, crystal: &Crystal, options: &job::Molecules, atom: usize, members: &[usize]) -> ExpandError {
    let mut elements: Vec<&str> =
        members.iter().map(|&i| crystal.species[crystal.atoms[i].species].element.symbol()).collect();
    elements.sort_unstable();
    elements.dedup();
    let metals: Vec<String> =
        elements.iter().filter(|symbol| !NONMETALS.contains(symbol)).map(|symbol| format!("\"{symbol}\"")).collect();
    let all = options.exclude.iter().map(|known| format!("\"{known}\"")).chain(metals.iter().cloned());
    let remedy = if metals.is_empty() {
        format!("refine without `molecules`, or try a `slack` below {} Å", options.slack)
    } else {
        format!("exclude the metal: `molecules: Some((exclude: [{}]))`", all.collect::<Vec<_>>().join(", "))
    };
    let label = labels(model, crystal).get(atom).cloned().unwrap_or_else(|| format!("atom {}", atom + 1));
    ExpandError::EndlessMolecule { title: model.title.clone(), label, elements: elements.join(", "), remedy }
}
