//! What every structure must be, whatever file it came from.

use std::collections::{BTreeMap, BTreeSet};

use super::ReadError;
use crate::model::{Adp, Model, Operator, Site};

/// Makes repeated labels unique (`C1`, `C1_2`, `C1_3`) and says so.
pub(super) fn unique_labels(sites: &mut [Site], name: &str, warnings: &mut Vec<String>) {
    let mut taken: BTreeSet<String> = sites.iter().map(|site| site.label.clone()).collect();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let mut renamed = Vec::new();
    for site in sites {
        let times = met.entry(site.label.clone()).or_default();
        *times += 1;
        if *times > 1 {
            let free = free_label(&site.label, times, &mut taken);
            renamed.push(format!("{} -> {free}", site.label));
            site.label = free;
        }
    }
    if let Some(first) = renamed.first() {
        let count = renamed.len();
        warnings.push(format!("{name}: {count} sites bear a label that others have; they were renamed ({first}, ...)"));
    }
}

/// The label with the next number behind it that no site bears.
fn free_label(label: &str, number: &mut usize, taken: &mut BTreeSet<String>) -> String {
    loop {
        let free = format!("{label}_{number}");
        if taken.insert(free.clone()) {
            return free;
        }
        *number += 1;
    }
}

/// Rejects a structure that no later room could work with.
///
/// # Errors
/// A cell that closes no volume, a cluster with a cell, no sites, labels twice, numbers that are not finite, negative occupancies or U,
/// operators without the identity in front.
pub(super) fn check(model: &Model, name: &str) -> Result<(), ReadError> {
    if model.cluster {
        check_cluster(model, name)?;
    } else {
        check_cell(model, name)?;
    }
    if model.space_group.operators.first() != Some(&Operator::identity()) {
        let message = "the first operator of the space group is not the identity";
        return Err(ReadError::value(name, None, message, "put \"x,y,z\" in front of the operators"));
    }
    if model.sites.is_empty() {
        return Err(ReadError::missing(
            name,
            None,
            "the structure has no sites",
            "give at least one atom with its coordinates",
        ));
    }
    let mut labels = BTreeSet::new();
    for site in &model.sites {
        if !labels.insert(&site.label) {
            let message = format!("two sites are labelled \"{}\"", site.label);
            return Err(ReadError::value(name, None, message, "give every site its own label"));
        }
        check_site(model, site, name)?;
    }
    Ok(())
}

fn check_cell(model: &Model, name: &str) -> Result<(), ReadError> {
    if model.cell.is_angstrom() {
        let hint = "write cell: (a: ..., b: ..., c: ..., alpha: ..., beta: ..., gamma: ...), or cluster: true if it is an isolated \
                    cluster with positions in Å";
        return Err(ReadError::missing(name, None, "the structure has no cell, or one of 1 Å", hint));
    }
    let [a, b, c, angles @ ..] = model.cell.parameters();
    let (edges, volume) = (a > 0.0 && b > 0.0 && c > 0.0, model.cell.volume());
    if edges && angles.iter().all(|angle| (0.0..180.0).contains(angle)) && volume.is_finite() && volume > 0.0 {
        return Ok(());
    }
    let message = format!("the cell {:?} encloses no volume", model.cell.parameters());
    let hint = "correct its edges (Å, above 0) and angles (degrees, 0 to 180)";
    Err(ReadError::value(name, None, message, hint))
}

/// What a particle in empty space has not.
fn check_cluster(model: &Model, name: &str) -> Result<(), ReadError> {
    let wrong = |what: &str, hint: &str| Err(ReadError::value(name, None, format!("a cluster with {what}"), hint));
    if !model.cell.is_angstrom() {
        return wrong("a cell", "take `cell` out and write positions in Å; or take `cluster` out if it is a crystal");
    }
    if model.space_group.operators.len() > 1 {
        return wrong("a space group", "take `space_group` out and write every atom");
    }
    if model.profile.spdiameter != 0.0 || model.profile.stepcut != 0.0 {
        return wrong("spdiameter or stepcut", "take it out: its atoms say where a cluster ends");
    }
    Ok(())
}

/// A position farther off, in cells, has lost the digits that say where in its cell it is.
const FARTHEST: f64 = 1e6;

fn check_site(model: &Model, site: &Site, name: &str) -> Result<(), ReadError> {
    let place = if model.cluster { "give three coordinates in Å" } else { "give three fractions of the cell" };
    let wrong =
        |what: String, hint: &str| Err(ReadError::value(name, None, format!("site {}: {what}", site.label), hint));
    if !site.position.0.iter().all(|x| x.is_finite()) {
        return wrong("its position is not finite".to_owned(), place);
    }
    if let Some(far) = site.position.0.iter().find(|x| x.abs() > FARTHEST) {
        let what = if model.cluster { "too far away" } else { "no fraction of a cell" };
        return wrong(format!("its position {far:e} is {what}"), place);
    }
    if !(site.occ.is_finite() && site.occ >= 0.0) {
        return wrong(format!("occupancy {} is negative or not finite", site.occ), "write a number from 0 to 1");
    }
    let diagonal = match site.adp {
        Some(Adp::Iso(u)) => vec![u],
        Some(Adp::Aniso(u)) => u[..3].to_vec(),
        None => Vec::new(),
    };
    let all = diagonal.into_iter().chain(site.beyond.map(|beyond| beyond.uiso)).chain(site.inside);
    match all.into_iter().find(|u| !(u.is_finite() && *u >= 0.0)) {
        Some(u) => wrong(format!("U = {u} is negative or not finite"), "a mean square displacement in Å² is 0 or more"),
        None => Ok(()),
    }
}
