//! Atoms too near each other.

use std::collections::BTreeMap;

use super::{Complaint, Severity};
use crate::crystal::Crystal;
use crate::expand::disorder::{compatible, of_atoms};
use crate::expand::labels;
use crate::expand::neighbours::{Neighbour, Neighbourhood};
use crate::model::{Disorder, Model};

/// Atoms nearer than this overlap, Å: every true bond but H-H (0.74 Å) is longer.
const OVERLAP: f64 = 0.8;

/// A hydrogen atom nearer than [`OVERLAP`] but not nearer than this, Å, is one of an X-ray structure, drawn to its bond.
const DRAWN_HYDROGEN: f64 = 0.6;

/// Atoms nearer than this share one position, Å.
const ONE_POSITION: f64 = 0.1;

/// Overlapping atoms, the nearest first, and positions with more than one atom; each pair of sites once, at its nearest.
pub(super) fn contacts(model: &Model, crystal: &Crystal) -> Vec<Complaint> {
    let positions = crystal.atoms.iter().map(|atom| atom.position.0);
    let sorted = Neighbourhood::new(crystal.basis, positions, OVERLAP);
    let room = Room { crystal, disorder: of_atoms(model, crystal), names: labels(model, crystal) };
    let mut overlaps: BTreeMap<(usize, usize), (f64, Complaint)> = BTreeMap::new();
    let mut crowds: BTreeMap<Vec<usize>, Complaint> = BTreeMap::new();
    for i in 0..crystal.atoms.len() {
        let near = sorted.around(crystal.atoms[i].position.0, OVERLAP);
        if let Some((sites, complaint)) = room.crowd(&near) {
            crowds.entry(sites).or_insert(complaint);
        }
        for other in near.iter().filter(|other| other.index >= i && other.distance >= ONE_POSITION) {
            let Some((sites, complaint)) = room.overlap(i, other) else { continue };
            let nearest = overlaps.entry(sites).or_insert_with(|| (f64::INFINITY, complaint.clone()));
            // Images differ in the last digits; the first is named.
            if other.distance < nearest.0 - 1e-6 {
                *nearest = (other.distance, complaint);
            }
        }
    }
    let mut overlaps: Vec<(f64, Complaint)> = overlaps.into_values().collect();
    overlaps.sort_by(|a, b| a.0.total_cmp(&b.0));
    crowds.into_values().chain(overlaps.into_iter().map(|(_, complaint)| complaint)).collect()
}

/// What is needed to judge a contact.
struct Room<'a> {
    crystal: &'a Crystal,
    disorder: Vec<Option<Disorder>>,
    names: Vec<String>,
}

impl Room<'_> {
    fn name(&self, i: usize) -> &str {
        self.names.get(i).map_or("?", String::as_str)
    }

    fn hydrogen(&self, i: usize) -> bool {
        self.crystal.species[self.crystal.atoms[i].species].element.number() == 1
    }

    /// Adds up the occupancies on one position, alternatives of a disorder included; by the sites that share it.
    fn crowd(&self, near: &[Neighbour]) -> Option<(Vec<usize>, Complaint)> {
        let mut sharing: Vec<usize> = near.iter().filter(|n| n.distance < ONE_POSITION).map(|n| n.index).collect();
        sharing.sort_unstable();
        let sum: f64 = sharing.iter().map(|&i| self.crystal.atoms[i].occ).sum();
        // Three thirds may be written 0.333 or 0.334.
        if sharing.len() < 2 || sum < 1.01 {
            return None;
        }
        let names: Vec<&str> = sharing.iter().map(|&i| self.name(i)).collect();
        let complaint = Complaint {
            severity: Severity::Warning,
            what: "occupancies on one position add up to more than 1; correct them, or take out an atom that is there twice",
            who: format!("{} ({sum:.3})", names.join(" and ")),
        };
        Some((sharing.iter().map(|&i| self.crystal.atoms[i].site).collect(), complaint))
    }

    /// What two atoms less than 0.8 Å apart are; `None` if they are never there together.
    fn overlap(&self, i: usize, other: &Neighbour) -> Option<((usize, usize), Complaint)> {
        let j = other.index;
        if !compatible(self.disorder[i].as_ref(), self.disorder[j].as_ref()) {
            return None;
        }
        let (severity, what) = self.judge(i, j, other.distance);
        let who = format!("{} and {} ({:.3} Å)", self.name(i), self.name(j), other.distance);
        let [one, two] = [i, j].map(|k| self.crystal.atoms[k].site);
        Some(((one.min(two), one.max(two)), Complaint { severity, what, who }))
    }

    fn judge(&self, i: usize, j: usize, distance: f64) -> (Severity, &'static str) {
        let [one, other] = [i, j].map(|k| self.crystal.atoms[k].occ);
        if one < 1.0 && other < 1.0 && one + other <= 1.001 {
            return (Severity::Note, "partly occupied atoms nearer than 0.8 Å are taken as alternatives");
        }
        if distance >= DRAWN_HYDROGEN && self.hydrogen(i) != self.hydrogen(j) {
            let what = "bonds to H are shorter than 0.8 Å, as in X-ray structures; move H out (C-H 1.08, O-H 0.97 Å)";
            return (Severity::Warning, what);
        }
        let what =
            "atoms overlap, nearer than 0.8 Å; take one of them out, or give them disorder groups or occupancies";
        (Severity::Warning, what)
    }
}
