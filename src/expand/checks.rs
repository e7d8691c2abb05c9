//! Checks that speak: what in a structure cannot be meant, or contradicts the data.

use std::collections::{BTreeMap, BTreeSet};

use super::disorder::{compatible, of_atoms};
use super::neighbours::Neighbourhood;
use super::special::symmetric_cell;
use super::{DEFAULT_UISO, labels};
use crate::crystal::Crystal;
use crate::model::{Adp, Disorder, Model, Operator, Site};
use crate::observed::Header;

/// Atoms nearer than this overlap, Å: no bond is shorter except H-H (0.74 Å), which no such structure has.
const OVERLAP: f64 = 0.8;

/// Atoms nearer than this share one position, Å.
const ONE_POSITION: f64 = 0.1;

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

/// Looks a structure over, the worst findings first.
///
/// It speaks of overlapping atoms (nearer than 0.8 Å, alternatives of a disorder excepted), occupancies outside 0 to 1 or
/// adding up to more than 1 on one position, missing, negative or non-positive-definite U, a cell without volume, a cell
/// or a list of operators that contradicts itself, and of a composition or number density that contradicts the data's
/// header. `crystal` is the one made of `model`.
pub fn checks(model: &Model, crystal: &Crystal, header: Option<&Header>) -> Vec<Finding> {
    let mut findings = cell(model);
    findings.extend(operators(model));
    findings.extend(model.sites.iter().flat_map(|site| occupancy(site).into_iter().chain(displacement(model, site))));
    findings.extend(missing_u(model));
    if super::check_cell(model).is_ok() {
        findings.extend(contacts(model, crystal));
        findings.extend(header.into_iter().flat_map(|header| contradictions(crystal, header)));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn finding(severity: Severity, message: String) -> Finding {
    Finding { severity, message }
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
    let known: BTreeSet<String> = operators.iter().map(name).collect();
    let missing = operators.iter().flat_map(|a| operators.iter().map(move |b| (a, b))).find_map(|(a, b)| {
        let product = name(&product(a, b));
        (!known.contains(&product)).then_some((a, b, product))
    });
    missing.map(|(a, b, product)| {
        let message = format!(
            "the operators of space group {} are no group: {a} after {b} is {product}, which is missing; atoms may be too \
             few. Give all operators",
            model.space_group.name
        );
        finding(Severity::Warning, message)
    })
}

fn product(a: &Operator, b: &Operator) -> Operator {
    let translation = a.rotation * b.translation + a.translation;
    Operator { rotation: a.rotation * b.rotation, translation: twelfths(translation).map(|x| x.rem_euclid(1.0)) }
}

/// Files may write 0.6667 for 2/3: what is near a twelfth is one.
fn twelfths(t: nalgebra::Vector3<f64>) -> nalgebra::Vector3<f64> {
    t.map(|x| {
        let near = (x * 12.0).round() / 12.0;
        if (x - near).abs() < 2e-3 { near } else { (x * 1e3).round() / 1e3 }
    })
}

fn name(operator: &Operator) -> String {
    let translation =
        twelfths(operator.translation).map(|x| if x.rem_euclid(1.0) > 0.9999 { 0.0 } else { x.rem_euclid(1.0) });
    Operator { rotation: operator.rotation, translation }.to_string()
}

fn occupancy(site: &Site) -> Option<Finding> {
    let label = &site.label;
    if site.occ < 0.0 || !site.occ.is_finite() {
        let message = format!("site {label} has occupancy {}: it must lie between 0 and 1", site.occ);
        return Some(finding(Severity::Error, message));
    }
    if site.occ > 1.0 + 1e-6 {
        let message =
            format!("site {label} has occupancy {}, more than one atom on one position: use 0 to 1", site.occ);
        return Some(finding(Severity::Warning, message));
    }
    (site.occ == 0.0).then(|| finding(Severity::Note, format!("site {label} is empty (occupancy 0) and adds nothing")))
}

/// Negative, zero or non-positive-definite U of one site.
fn displacement(model: &Model, site: &Site) -> Vec<Finding> {
    let label = &site.label;
    let mut findings = Vec::new();
    match site.adp {
        Some(Adp::Iso(u)) => findings.extend(isotropic(label, "Uiso", u)),
        Some(Adp::Aniso(u)) => findings.extend(anisotropic(model, label, u)),
        None => {}
    }
    findings.extend(site.beyond.and_then(|beyond| isotropic(label, "the second Uiso", beyond.uiso)));
    findings.extend(site.inside.and_then(|u| isotropic(label, "the Uiso inside molecules", u)));
    findings
}

fn isotropic(label: &str, what: &str, u: f64) -> Option<Finding> {
    if u < 0.0 || !u.is_finite() {
        let message =
            format!("site {label}: {what} is {u} Å²; a mean square displacement must be positive (0.005 is usual)");
        return Some(finding(Severity::Error, message));
    }
    (u == 0.0).then(|| {
        let message = format!("site {label}: {what} is 0 Å², an atom at perfect rest; give it a U (0.005 Å² is usual)");
        finding(Severity::Warning, message)
    })
}

fn anisotropic(model: &Model, label: &str, u: [f64; 6]) -> Option<Finding> {
    if u.iter().any(|x| !x.is_finite()) {
        return Some(finding(Severity::Error, format!("site {label}: Uij {u:?} Å² has a value that is no number")));
    }
    let smallest = Adp::Aniso(u).cartesian(&model.cell).symmetric_eigenvalues().min();
    if smallest < -1e-9 {
        let message = format!(
            "site {label}: Uij {u:?} Å² is not positive definite (mean square displacement {smallest:.5} Å² along one axis): \
             correct it or use Uiso"
        );
        return Some(finding(Severity::Error, message));
    }
    (smallest < 1e-9).then(|| {
        let message =
            format!("site {label}: Uij {u:?} Å² leaves the atom at perfect rest along one axis; give it a larger U");
        finding(Severity::Warning, message)
    })
}

fn missing_u(model: &Model) -> Option<Finding> {
    let missing: Vec<&str> = model.sites.iter().filter(|s| s.adp.is_none()).map(|s| s.label.as_str()).collect();
    (!missing.is_empty()).then(|| {
        let message = format!("no U is given for {}: Uiso {DEFAULT_UISO} Å² is used", listed(&missing));
        finding(Severity::Warning, message)
    })
}

/// The first ten of a list, and how many more there are.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown} and {} more", names.len() - 10) } else { shown }
}

/// A pair of sites and what was seen between their atoms.
#[derive(Debug, Clone)]
struct Contact {
    nearest: f64,
    count: usize,
    example: (usize, usize),
}

/// Overlapping atoms, and positions with more than one atom.
fn contacts(model: &Model, crystal: &Crystal) -> Vec<Finding> {
    let positions = crystal.atoms.iter().map(|atom| atom.position.0);
    let sorted = Neighbourhood::new(crystal.basis, positions, OVERLAP);
    let disorder = of_atoms(model, crystal);
    let names = labels(model, crystal);
    let mut overlaps: BTreeMap<(usize, usize), Contact> = BTreeMap::new();
    let mut crowded: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
    for i in 0..crystal.atoms.len() {
        let near = sorted.around(crystal.atoms[i].position.0, OVERLAP);
        let sharing: Vec<usize> = near.iter().filter(|n| n.distance < ONE_POSITION).map(|n| n.index).collect();
        crowd(crystal, &sharing, &mut crowded);
        for other in near.iter().filter(|other| other.index >= i && other.distance >= ONE_POSITION) {
            overlap(crystal, &disorder, (i, other.index), other.distance, &mut overlaps);
        }
    }
    let crowds = crowded.iter().map(|(sites, sum)| crowd_finding(model, sites, *sum));
    crowds.chain(overlaps.values().map(|contact| overlap_finding(crystal, &names, contact))).collect()
}

/// Adds up the occupancies on one position, alternatives of a disorder included.
fn crowd(crystal: &Crystal, sharing: &[usize], crowded: &mut BTreeMap<Vec<usize>, f64>) {
    let sum: f64 = sharing.iter().map(|&i| crystal.atoms[i].occ).sum();
    // Three thirds may be written 0.333 or 0.334.
    if sharing.len() > 1 && sum > 1.01 {
        let mut sites: Vec<usize> = sharing.iter().map(|&i| crystal.atoms[i].site).collect();
        sites.sort_unstable();
        crowded.insert(sites, sum);
    }
}

fn crowd_finding(model: &Model, sites: &[usize], sum: f64) -> Finding {
    let names: Vec<&str> = sites.iter().filter_map(|&s| model.sites.get(s)).map(|s| s.label.as_str()).collect();
    let message = format!(
        "{} share one position with occupancies adding up to {sum:.3}, more than one atom: correct the occupancies, or \
         take out an atom that is there twice",
        names.join(" and ")
    );
    finding(Severity::Warning, message)
}

fn overlap(
    crystal: &Crystal,
    disorder: &[Option<Disorder>],
    (i, j): (usize, usize),
    distance: f64,
    overlaps: &mut BTreeMap<(usize, usize), Contact>,
) {
    if !compatible(disorder[i].as_ref(), disorder[j].as_ref()) {
        return;
    }
    let [one, other] = [i, j].map(|index| crystal.atoms[index].site);
    let pair = (one.min(other), one.max(other));
    let contact = overlaps.entry(pair).or_insert(Contact { nearest: f64::INFINITY, count: 0, example: (i, j) });
    contact.count += 1;
    if distance < contact.nearest {
        contact.nearest = distance;
        contact.example = (i, j);
    }
}

fn overlap_finding(crystal: &Crystal, names: &[String], contact: &Contact) -> Finding {
    let (i, j) = contact.example;
    let what = format!(
        "{} and {} are {:.3} Å apart, nearer than {OVERLAP} Å ({} such contacts in the cell)",
        names[i], names[j], contact.nearest, contact.count
    );
    let [one, other] = [i, j].map(|index| crystal.atoms[index].occ);
    if one < 1.0 && other < 1.0 && one + other <= 1.001 {
        let message = format!("{what}; taken as alternatives, since their occupancies are {one} and {other}");
        return finding(Severity::Note, message);
    }
    let message = format!("{what}: take one of them out, or give them disorder groups or occupancies");
    finding(Severity::Warning, message)
}

/// What the model says against the data's header.
fn contradictions(crystal: &Crystal, header: &Header) -> Vec<Finding> {
    composition(crystal, header).into_iter().chain(density(crystal, header)).collect()
}

/// Fractions of atoms by element may differ by a twentieth and half a percent of all atoms.
fn composition(crystal: &Crystal, header: &Header) -> Option<Finding> {
    let told = header.composition.as_ref().filter(|list| !list.is_empty())?;
    let data = fractions(told.iter().map(|(species, count)| (species.element.symbol(), *count)));
    let counts = crystal.species.iter().zip(crystal.species_counts());
    let ours = fractions(counts.map(|(species, count)| (species.element.symbol(), count)));
    let of = |list: &BTreeMap<&'static str, f64>, symbol: &str| list.get(symbol).copied().unwrap_or(0.0);
    let differs = |symbol: &&str| (of(&data, symbol) - of(&ours, symbol)).abs() > 0.005 + 0.05 * of(&data, symbol);
    data.keys().chain(ours.keys()).copied().any(|symbol| differs(&symbol)).then(|| {
        let message = format!(
            "the model's composition ({} of its atoms) contradicts that of the data's header ({}): S(Q) was normalised \
             for the latter; correct the model or reduce the data again",
            percent(&ours),
            percent(&data)
        );
        finding(Severity::Warning, message)
    })
}

fn fractions(counts: impl Iterator<Item = (&'static str, f64)>) -> BTreeMap<&'static str, f64> {
    let mut sums: BTreeMap<&'static str, f64> = BTreeMap::new();
    for (symbol, count) in counts {
        *sums.entry(symbol).or_default() += count;
    }
    let total: f64 = sums.values().sum();
    for count in sums.values_mut() {
        *count /= total;
    }
    sums
}

fn percent(fractions: &BTreeMap<&'static str, f64>) -> String {
    fractions.iter().map(|(symbol, x)| format!("{symbol} {:.1} %", 100.0 * x)).collect::<Vec<_>>().join(", ")
}

fn density(crystal: &Crystal, header: &Header) -> Option<Finding> {
    let data = header.number_density.filter(|rho| rho.is_finite() && *rho > 0.0)?;
    let ours = crystal.atom_count() / crystal.volume();
    ((ours / data - 1.0).abs() > 0.05).then(|| {
        let message = format!(
            "the model has {ours:.5} atoms/Å³, the data's header says {data:.5}: check the cell, the occupancies and the \
             guests, or the density given to the reduction"
        );
        finding(Severity::Warning, message)
    })
}
