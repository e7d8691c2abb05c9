//! The numbers of a report as a reader sees them: rounded, with units, in sentences.

use super::esd;
use super::plot::ticks::typeset;
use crate::outcome::{Bond, BondResult, Outcome, ParameterResult};

/// `Co–N` for `Co-N`.
pub(crate) fn dashed(pair: &str) -> String {
    pair.replace('-', "–")
}

/// `15.6(31) %`; three digits where there is no uncertainty.
pub(crate) fn percent(fraction: f64, uncertainty: Option<f64>) -> String {
    let number = match uncertainty {
        Some(e) if e > 0.0 && e.is_finite() => esd::short(100.0 * fraction, Some(100.0 * e)),
        _ => esd::plain((1000.0 * fraction).round() / 10.0),
    };
    format!("{} %", typeset(&number))
}

/// A length with its uncertainty and unit; 0.001 Å where there is no uncertainty.
pub(crate) fn length(value: f64, uncertainty: Option<f64>) -> String {
    let number = match uncertainty {
        Some(e) if e > 0.0 && e.is_finite() => esd::short(value, uncertainty),
        _ => return format!("{} Å", decimals(value, 3)),
    };
    format!("{} Å", typeset(&number))
}

/// A count that may be a sum of occupancies.
pub(crate) fn count(n: f64) -> String {
    typeset(&esd::plain((100.0 * n).round() / 100.0))
}

/// A number with a fixed count of decimals, or a dash.
pub(crate) fn decimals(value: f64, places: usize) -> String {
    if value.is_finite() { typeset(&format!("{value:.places$}")) } else { "–".to_owned() }
}

/// One line of the parameter table, or one cell of the table of positions.
pub(crate) struct ParameterRow<'a> {
    pub name: &'a str,
    pub value: String,
    pub unit: &'static str,
    pub start: String,
    /// `tied`, `at bound`, `not determined`.
    pub notes: Vec<&'static str>,
}

impl<'a> From<&'a ParameterResult> for ParameterRow<'a> {
    fn from(p: &'a ParameterResult) -> Self {
        let undetermined = !p.esd.is_some_and(|e| e >= 0.0 && e.is_finite());
        let notes = [(p.tied, "tied"), (p.at_bound, "at bound"), (undetermined, "not determined")];
        Self {
            name: &p.name,
            value: typeset(&esd::short(p.value, p.esd)),
            unit: p.unit,
            start: typeset(&esd::plain(p.start)),
            notes: notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect(),
        }
    }
}

/// The coordinates of one site.
pub(crate) struct SiteRow<'a> {
    pub site: &'a str,
    pub xyz: [Option<ParameterRow<'a>>; 3],
}

/// The parameters as two tables: positions by site, and everything else.
pub(crate) fn parameters(all: &[ParameterResult]) -> (Vec<ParameterRow<'_>>, Vec<SiteRow<'_>>) {
    let mut others = Vec::new();
    let mut sites: Vec<SiteRow> = Vec::new();
    for parameter in all {
        let Some((axis, site)) = coordinate(&parameter.name) else {
            others.push(parameter.into());
            continue;
        };
        let row = sites.iter().position(|row| row.site == site).unwrap_or_else(|| {
            sites.push(SiteRow { site, xyz: [None, None, None] });
            sites.len() - 1
        });
        sites[row].xyz[axis] = Some(position(parameter));
    }
    (others, sites)
}

/// A coordinate, its start with as many decimals as the value has, so that the two can be compared at a glance.
fn position(p: &ParameterResult) -> ParameterRow<'_> {
    let row = ParameterRow::from(p);
    let digits = row.value.split(['(', 'e']).next().and_then(|number| number.split_once('.'));
    let places = digits.map_or(4, |(_, fraction)| fraction.len());
    ParameterRow { start: decimals(p.start, places), ..row }
}

/// The axis and the site of `x.Co1_7`.
pub(crate) fn coordinate(name: &str) -> Option<(usize, &str)> {
    let (axis, site) = name.split_once('.')?;
    let axis = ["x", "y", "z"].iter().position(|known| *known == axis)?;
    Some((axis, site))
}

/// Two parameters that move together.
pub(crate) struct Correlation<'a> {
    pub first: &'a str,
    pub second: &'a str,
    pub value: f64,
}

impl Correlation<'_> {
    pub(crate) fn text(&self) -> String {
        decimals(self.value, 3)
    }
}

/// Names and matrix for the picture: all refined parameters, or the `most` with the strongest correlations.
pub(crate) fn correlation_matrix(outcome: &Outcome, most: usize) -> (Vec<&str>, Vec<Vec<f64>>) {
    let names = refined_names(outcome);
    let strongest = |i: &usize| {
        let others = (0..names.len()).filter(|j| j != i);
        others.map(|j| entry(outcome, *i, j).abs()).fold(0.0, f64::max)
    };
    let mut kept: Vec<usize> = (0..names.len()).collect();
    kept.sort_by(|a, b| strongest(b).total_cmp(&strongest(a)));
    kept.truncate(most);
    kept.sort_unstable();
    let row = |i: &usize| kept.iter().map(|j| entry(outcome, *i, *j)).collect();
    (kept.iter().map(|i| names[*i]).collect(), kept.iter().map(row).collect())
}

/// The pairs of parameters with a correlation beyond `limit`, strongest first.
pub(crate) fn strong_correlations(outcome: &Outcome, limit: f64) -> Vec<Correlation<'_>> {
    let names = refined_names(outcome);
    let mut strong = Vec::new();
    for (i, second) in names.iter().enumerate() {
        for (j, first) in names[..i].iter().enumerate() {
            let value = entry(outcome, i, j);
            if value.abs() > limit {
                strong.push(Correlation { first, second, value });
            }
        }
    }
    strong.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    strong
}

/// As many names as there are rows in the matrix.
fn refined_names(outcome: &Outcome) -> Vec<&str> {
    let refined = outcome.parameters.iter().filter(|p| !p.tied);
    refined.map(|p| p.name.as_str()).take(outcome.correlations.len()).collect()
}

/// A correlation, 0 where there is none.
fn entry(outcome: &Outcome, i: usize, j: usize) -> f64 {
    outcome.correlations.get(i).and_then(|row| row.get(j)).copied().filter(|v| v.is_finite()).unwrap_or(0.0)
}

/// One line of the list of bonds.
pub(crate) struct BondRow<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub length: String,
    pub broken: bool,
    pub weight: String,
}

/// All bonds, longest first.
pub(crate) fn bonds(kind: &BondResult) -> Vec<BondRow<'_>> {
    let mut sorted: Vec<&Bond> = kind.bonds.iter().collect();
    sorted.sort_by(|a, b| b.distance.total_cmp(&a.distance));
    let row = |bond: &&'_ Bond| -> (String, bool, String) {
        (length(bond.distance, bond.esd), bond.distance > kind.cutoff, count(bond.weight))
    };
    let rows = sorted.iter().map(|bond| (row(bond), *bond));
    rows.map(|((length, broken, weight), bond)| BondRow { from: &bond.from, to: &bond.to, length, broken, weight })
        .collect()
}

/// The answer about one kind of bond in a sentence.
pub(crate) fn sentence(kind: &BondResult) -> String {
    let pair = dashed(&kind.pair);
    if kind.n <= 0.0 {
        return format!("There is no {pair} bond in the structure.");
    }
    let verb = if (kind.broken - 1.0).abs() < 1e-9 { "is" } else { "are" };
    format!(
        "{} of {} {pair} bonds, {}, {verb} longer than {} Å and counted as broken. The mean length is {}, the standard \
         deviation {}, the range {} to {} Å.",
        count(kind.broken),
        count(kind.n),
        percent(kind.fraction, kind.fraction_esd),
        kind.cutoff,
        length(kind.mean, kind.mean_esd),
        length(kind.sd, None),
        decimals(kind.min, 3),
        decimals(kind.max, 3),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_carry_their_uncertainty() {
        assert_eq!(percent(0.15625, Some(0.031)), "16(3) %");
        assert_eq!(percent(0.15625, Some(0.0124)), "15.6(12) %");
        assert_eq!(percent(0.15625, None), "15.6 %");
        assert_eq!(percent(0.0, Some(0.0)), "0 %");
    }

    #[test]
    fn coordinates_are_told_from_other_parameters() {
        assert_eq!(coordinate("x.Co1_7"), Some((0, "Co1_7")));
        assert_eq!(coordinate("z.N.1"), Some((2, "N.1")));
        assert_eq!(coordinate("Uiso.Co"), None);
        assert_eq!(coordinate("scale"), None);
    }
}
