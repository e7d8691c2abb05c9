//! Which atoms can be there at the same time.

use crate::crystal::Crystal;
use crate::model::{Disorder, Model, Site};

/// The disorder of an image of a site, with one group number per copy of a part.
///
/// A negative group g overlaps its own images, so each operator's image becomes an alternative of its own, numbered
/// `g n - operator` with n operators: distinct for every (g, operator), and g itself in P1. An atom on a special
/// position is shared by all images of such a part, and so belongs to no alternative. Group 0 is no disorder.
pub(super) fn of_image(site: &Site, operator: usize, multiplicity: usize, operators: usize) -> Option<Disorder> {
    let disorder = site.disorder.as_ref().filter(|disorder| disorder.group != 0)?;
    if disorder.group > 0 {
        return Some(disorder.clone());
    }
    let [operator, count] = [operator, operators].map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    let group = disorder.group.saturating_mul(count).saturating_sub(operator);
    (multiplicity == operators).then(|| Disorder { assembly: disorder.assembly.clone(), group })
}

/// The disorder of every atom of a crystal.
pub(crate) fn of_atoms(model: &Model, crystal: &Crystal) -> Vec<Option<Disorder>> {
    let operators = model.space_group.operators.len();
    let multiplicities = super::multiplicities(model, crystal);
    crystal
        .atoms
        .iter()
        .map(|atom| {
            let site = model.sites.get(atom.site)?;
            of_image(site, atom.operator, multiplicities[atom.site], operators)
        })
        .collect()
}

/// Can two atoms be there at the same time? Not if they are in different groups of one assembly.
pub(crate) fn compatible(one: Option<&Disorder>, other: Option<&Disorder>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.assembly != other.assembly || one.group == other.group,
        _ => true,
    }
}
