//! Restraints for a reader: how far each kind is off, and which of them most.

use super::plot::ticks::typeset;
use super::tables::{count, decimals};
use crate::outcome::RestraintResult;

/// So many of a kind are listed one by one.
const LISTED: usize = 5;

/// The restraints of one kind on one thing.
pub(crate) struct Group<'a> {
    /// `Distance Co-N`.
    pub name: String,
    pub count: String,
    pub rms: String,
    pub largest: Vec<Line<'a>>,
}

/// One restraint that pulls.
pub(crate) struct Line<'a> {
    pub name: &'a str,
    pub value: String,
    pub target: String,
    pub pull: String,
}

/// The line on the terminal, `64 distances, rms pull 0.8, largest Co1_3-N2_7 +2.9`; `None` without restraints.
///
/// Counts are those of the cell, and the mean goes over it: an entry counts as often as its `weight` says.
pub fn restraint_summary(restraints: &[RestraintResult]) -> Option<String> {
    let most = largest(restraints.iter()).into_iter().next()?;
    let counts: Vec<String> =
        kinds(restraints).into_iter().map(|(kind, all)| format!("{} {}", number(&all), several(kind))).collect();
    let all: Vec<&RestraintResult> = restraints.iter().collect();
    Some(format!("{}, rms pull {:.2}, largest {} {:+.1}", counts.join(", "), rms(&all), most.name, most.pull + 0.0))
}

/// One group for each kind and what it is of; those by `sigma` are one.
pub(crate) fn groups(restraints: &[RestraintResult]) -> Vec<Group<'_>> {
    let mut groups: Vec<(String, Vec<&RestraintResult>)> = Vec::new();
    for restraint in restraints {
        let of = if restraint.kind == "sigma" { "of parameters" } else { &restraint.of };
        collect(&mut groups, format!("{} {of}", restraint.kind), restraint);
    }
    groups.into_iter().map(|(name, all)| group(name, &all)).collect()
}

fn group<'a>(name: String, all: &[&'a RestraintResult]) -> Group<'a> {
    let strongest = largest(all.iter().copied()).into_iter().take(LISTED).filter(|restraint| restraint.pull != 0.0);
    Group { name, count: number(all), rms: decimals(rms(all), 2), largest: strongest.map(line).collect() }
}

fn line(restraint: &RestraintResult) -> Line<'_> {
    let places = match restraint.unit {
        "Å" => 3,
        "°" => 1,
        _ => 5,
    };
    let unit = |text: String| match restraint.unit {
        "" => text,
        "°" => format!("{text}°"),
        unit => format!("{text} {unit}"),
    };
    let target = decimals(restraint.target, places);
    let within = format!(" ± {}", decimals(restraint.within, places));
    Line {
        name: &restraint.name,
        value: unit(decimals(restraint.value, places)),
        target: unit(if restraint.within > 0.0 { target + &within } else { target }),
        pull: typeset(&format!("{:+.1}", restraint.pull)),
    }
}

fn kinds(restraints: &[RestraintResult]) -> Vec<(&'static str, Vec<&RestraintResult>)> {
    let mut kinds = Vec::new();
    for restraint in restraints {
        collect(&mut kinds, restraint.kind, restraint);
    }
    kinds
}

fn collect<'a, K: PartialEq>(groups: &mut Vec<(K, Vec<&'a RestraintResult>)>, key: K, restraint: &'a RestraintResult) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, all)) => all.push(restraint),
        None => groups.push((key, vec![restraint])),
    }
}

/// By the size of their pull, largest first; without those that are no number.
fn largest<'a>(restraints: impl Iterator<Item = &'a RestraintResult>) -> Vec<&'a RestraintResult> {
    let mut sorted: Vec<_> = restraints.filter(|restraint| restraint.pull.is_finite()).collect();
    sorted.sort_by(|a, b| b.pull.abs().total_cmp(&a.pull.abs()));
    sorted
}

/// How many there are in the cell; a displacement is three entries.
fn number(all: &[&RestraintResult]) -> String {
    let one = |restraint: &&RestraintResult| {
        let axes = if restraint.kind == "Displacement" { 3.0 } else { 1.0 };
        restraint.weight / axes
    };
    count(all.iter().map(one).sum())
}

fn rms(all: &[&RestraintResult]) -> f64 {
    let weight: f64 = all.iter().map(|restraint| restraint.weight).sum();
    (all.iter().map(|restraint| restraint.weight * restraint.pull.powi(2)).sum::<f64>() / weight).sqrt()
}

fn several(kind: &str) -> &str {
    match kind {
        "Distance" => "distances",
        "Angle" => "angles",
        "Apart" => "contacts",
        "Displacement" => "displacements",
        _ => "parameters",
    }
}
