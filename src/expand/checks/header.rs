//! The model against what the data's header says.

use std::collections::BTreeMap;

use super::{Finding, Severity, finding};
use crate::crystal::Crystal;
use crate::observed::Header;

/// What the model says against the data's header.
pub(super) fn contradictions(crystal: &Crystal, header: &Header) -> Vec<Finding> {
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
    let data = header.number_density.filter(|rho| rho.is_finite() && *rho > 0.0 && !crystal.cluster)?;
    let ours = crystal.atom_count() / crystal.volume();
    ((ours / data - 1.0).abs() > 0.05).then(|| {
        let message = format!(
            "the model has {ours:.5} atoms/Å³, the data's header says {data:.5}: check the cell, the occupancies and the \
             guests, or the density given to the reduction"
        );
        finding(Severity::Warning, message)
    })
}
