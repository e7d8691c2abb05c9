//! Checks that speak: what in a structure cannot be meant, or contradicts the data.

mod contacts;
mod header;
mod sites;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use nalgebra::Vector3;

use super::special::symmetric_cell;
use crate::crystal::Crystal;
use crate::model::{Model, Operator};
use crate::observed::Header;

/// How many atoms or pairs a message names before it says how many more there are.
const NAMED: usize = 4;

/// What a finding means for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not meant; the result may be wrong.
    Warning,
    /// Nothing can be computed from this.
    Error,
}

/// One thing that a check has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What, where, and what to do, in one sentence or two.
    pub message: String,
}

/// One atom's or pair's share of a finding: all with the same words are told together.
#[derive(Debug, Clone)]
struct Complaint {
    severity: Severity,
    what: &'static str,
    who: String,
}

/// Looks a structure over, the worst findings first; what many atoms have in common is one finding.
///
/// It speaks of overlapping atoms (nearer than 0.8 Å, alternatives of a disorder excepted), occupancies outside 0 to 1 or
/// adding up to more than 1 on one position, missing, negative or non-positive-definite U, a cell without volume, a cell
/// or a list of operators that contradicts itself, and of a composition or number density that contradicts the data's
/// header. `crystal` is the one made of `model`.
pub fn checks(model: &Model, crystal: &Crystal, header: Option<&Header>) -> Vec<Finding> {
    let mut findings = cell(model);
    findings.extend(operators(model));
    findings.extend(told_together(sites::sites(model)));
    findings.extend(inside_without_molecules(model, crystal));
    findings.extend(disorder(model));
    let crowd = crowded(crystal);
    if crowd.is_some() {
        // Who overlaps whom would take as long as every atom has neighbours.
        findings.extend(crowd);
    } else if super::check_cell(model).is_ok() {
        findings.extend(told_together(contacts::contacts(model, crystal)));
        findings.extend(header.into_iter().flat_map(|header| header::contradictions(crystal, header)));
    }
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// Far more atoms for each Å³ than anything has: diamond has 0.18.
const DENSEST: f64 = 5.0;

/// Fewer atoms may lie as close as they like: they are soon looked through.
const CROWD: usize = 1000;

/// Atoms heaped up by a wrong unit of length, or by a cell that is not theirs.
fn crowded(crystal: &Crystal) -> Option<Finding> {
    let (atoms, volume) = (crystal.atoms.len(), crystal.occupied());
    (atoms > CROWD && atoms as f64 > DENSEST * volume).then(|| {
        let room = if crystal.cluster { "block" } else { "cell" };
        let what = format!("{atoms} atoms in a {room} of {volume:.1} Å³: no matter is as dense; look at the cell, and at the unit of lengths (Å)");
        finding(Severity::Error, what)
    })
}

/// A U inside molecules does nothing until molecules are found.
fn inside_without_molecules(model: &Model, crystal: &Crystal) -> Option<Finding> {
    let inside = model.sites.iter().any(|site| site.inside.is_some());
    let found = crystal.atoms.iter().any(|atom| atom.molecule.is_some());
    (inside && !found).then(|| {
        let what = "the structure carries a U for pairs inside molecules, and no molecules were looked for: it is not used; in a \
                    job, add molecules: (exclude: [...])";
        finding(Severity::Warning, what.to_owned())
    })
}

/// Alternatives are weighed as if they were there independently of each other.
fn disorder(model: &Model) -> Option<Finding> {
    let partial = model.sites.iter().filter(|site| site.disorder.is_some() && site.occ < 1.0).count();
    (partial > 0).then(|| {
        let what = format!(
            "{partial} sites are alternatives of a disorder: every pair is weighed by the product of its occupancies, as PDFfit2 \
             does, also inside one group (too weak) and between groups that exclude each other (too strong)"
        );
        finding(Severity::Note, what)
    })
}

fn finding(severity: Severity, message: String) -> Finding {
    Finding { severity, message }
}

fn told_together(complaints: Vec<Complaint>) -> Vec<Finding> {
    let mut groups: BTreeMap<(Reverse<Severity>, &'static str), Vec<String>> = BTreeMap::new();
    for complaint in complaints {
        groups.entry((Reverse(complaint.severity), complaint.what)).or_default().push(complaint.who);
    }
    let tell = |((severity, what), who): (&(Reverse<Severity>, &str), &Vec<String>)| {
        finding(severity.0, format!("{what}: {}", listed(who)))
    };
    groups.iter().map(tell).collect()
}

/// The first of a list (where one is worse than another, the worst), how many more there are, and how many in all.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more ({} in all)", names.len()),
    }
}

fn cell(model: &Model) -> Vec<Finding> {
    match super::check_cell(model) {
        Err(error) => vec![finding(Severity::Error, error.to_string())],
        Ok(()) => cell_against_operators(model),
    }
}

/// A tetragonal group in a cell with a ≠ b: distances would differ between images.
fn cell_against_operators(model: &Model) -> Vec<Finding> {
    if model.space_group.operators.is_empty() {
        return Vec::new();
    }
    let symmetric = symmetric_cell(&model.cell, &model.space_group.operators).parameters();
    let given = model.cell.parameters();
    let off = |k: usize| {
        if k < 3 { (given[k] / symmetric[k] - 1.0).abs() * 1000.0 } else { (given[k] - symmetric[k]).abs() * 10.0 }
    };
    if (0..6).all(|k| off(k) < 1.0) {
        return Vec::new();
    }
    let list = |p: [f64; 6]| p.map(|x| format!("{x:.4}")).join(", ");
    let message = format!(
        "the cell ({}) does not have the symmetry of space group {}, which would make it ({}): correct the cell or the group",
        list(given),
        model.space_group.name,
        list(symmetric)
    );
    vec![finding(Severity::Warning, message)]
}

/// The product of two operators must be an operator.
fn operators(model: &Model) -> Option<Finding> {
    let operators = &model.space_group.operators;
    let known: HashSet<[i64; 12]> = operators.iter().map(key).collect();
    let pairs = operators.iter().flat_map(|a| operators.iter().map(move |b| (a, b)));
    let (a, b) = pairs.into_iter().find(|(a, b)| !known.contains(&key(&product(a, b))))?;
    let message = format!(
        "the operators of space group {} are no group: \"{a}\" after \"{b}\" is none of them, and atoms may be too few; \
         give all operators",
        model.space_group.name
    );
    Some(finding(Severity::Warning, message))
}

fn product(a: &Operator, b: &Operator) -> Operator {
    Operator {
        rotation: a.rotation * b.rotation,
        translation: exact(a.rotation * exact(b.translation) + exact(a.translation)),
    }
}

/// Files may write 0.6667 for 2/3: what is near a twelfth is one.
fn exact(t: Vector3<f64>) -> Vector3<f64> {
    t.map(|x| {
        let twelfth = (x * 12.0).round() / 12.0;
        if (x - twelfth).abs() < 2e-3 { twelfth } else { x }
    })
}

/// An operator as integers, its translation in 1/1200 without whole cells.
fn key(operator: &Operator) -> [i64; 12] {
    let translation = exact(operator.translation).map(|x| (x * 1200.0).round().rem_euclid(1200.0) as i64);
    let rotation = operator.rotation.map(|x| x.round() as i64);
    let numbers = rotation.iter().chain(translation.iter());
    let mut key = [0; 12];
    key.iter_mut().zip(numbers).for_each(|(place, number)| *place = *number);
    key
}
