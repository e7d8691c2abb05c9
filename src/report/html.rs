//! `report.html`: one refinement as a page.

use askama::Template;

use super::figures::{self, Shared};
use super::page::{distinct, rendered};
use super::phases::Phases;
use super::strain::{self, Group};
use super::tables::{self, BondRow, Correlation, ParameterRow, SiteRow, count, dashed, decimals, percent};
use crate::outcome::{BondResult, DataResult, Outcome};

/// Correlations stronger than this are listed.
const STRONG: f64 = 0.8;
/// More rows would make the list and the picture unreadable.
const LISTED: usize = 24;
const PICTURED: usize = 100;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: &'a str,
    labels: Vec<&'a str>,
    outcome: &'a Outcome,
    head: Head,
    fits: Vec<Fit<'a>>,
    phases: Option<Phases<'a>>,
    bonds: Vec<Kind<'a>>,
    run: Run<'a>,
    parameters: Vec<ParameterRow<'a>>,
    sites: Vec<SiteRow<'a>>,
    restraints: Vec<Group<'a>>,
    correlations: Correlations<'a>,
    convergence: String,
    singular_values: String,
}

/// The numbers at the top.
struct Head {
    rw: String,
    refined: usize,
    tied: usize,
    observations: String,
}

/// One curve with its pictures.
pub(crate) struct Fit<'a> {
    pub data: &'a DataResult,
    pub rw: String,
    pub observations: String,
    pub figure: String,
    /// The same in Q, where it was compared there; empty otherwise.
    pub in_q: String,
    pub partials: String,
}

/// One kind of bond with its pictures and lists.
struct Kind<'a> {
    bond: &'a BondResult,
    id: String,
    pair: String,
    percent: String,
    sentence: String,
    histogram: String,
    fraction: String,
    coordination: Vec<(&'a str, String)>,
    rows: Vec<BondRow<'a>>,
}

struct Correlations<'a> {
    picture: String,
    pictured: usize,
    refined: usize,
    strong: Vec<Correlation<'a>>,
    /// Strong ones that are not listed.
    more: usize,
}

/// Where a result comes from: shown at the foot of every page.
pub(crate) struct Run<'a> {
    pub name: &'a str,
    pub outcome: &'a Outcome,
    pub seconds: String,
    pub version: &'static str,
}

/// The report of one refinement: a page that needs nothing else, with pictures that answer to the mouse.
///
/// Everything that comes from files is escaped. Without a script the pictures stand still and the page prints.
pub fn html(outcome: &Outcome) -> String {
    let (parameters, sites) = tables::parameters(&outcome.parameters);
    let page = Page {
        title: &outcome.title,
        labels: labels(std::iter::once(outcome)),
        outcome,
        head: head(outcome),
        fits: fits("fit", outcome, "r"),
        phases: Phases::of(outcome),
        bonds: outcome.bonds.iter().enumerate().map(|(i, bond)| kind(i, bond, outcome)).collect(),
        run: Run::of("", outcome),
        parameters,
        sites,
        restraints: strain::groups(&outcome.restraints),
        correlations: correlations(outcome),
        convergence: convergence("convergence", outcome),
        singular_values: singular_values(outcome),
    };
    rendered(&page)
}

/// The labels of all data, each once.
pub(crate) fn labels<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<&'a str> {
    distinct(outcomes.flat_map(|outcome| &outcome.data).map(|data| data.label.as_str()))
}

fn head(outcome: &Outcome) -> Head {
    let tied = outcome.parameters.iter().filter(|p| p.tied).count();
    Head {
        rw: decimals(outcome.rw, 4),
        refined: outcome.parameters.len() - tied,
        tied,
        observations: decimals(outcome.data.iter().map(|d| d.independent_observations).sum(), 0),
    }
}

/// The curves of an outcome; `id` begins the names of its panels.
pub(crate) fn fits<'a>(id: &str, outcome: &'a Outcome, link: &str) -> Vec<Fit<'a>> {
    let several = outcome.data.len() > 1;
    let curve = |(i, data): (usize, &'a DataResult)| {
        // Curves of different instruments need not share a range.
        let link = if several { format!("{link}{i}") } else { link.to_owned() };
        Fit {
            data,
            rw: decimals(data.rw, 4),
            observations: decimals(data.independent_observations, 0),
            figure: figures::fit(&format!("{id}-{i}"), data, &link),
            in_q: figures::fit_in_q(&format!("{id}-q-{i}"), data),
            partials: figures::partials(&format!("{id}-partials-{i}"), data, &link),
        }
    };
    outcome.data.iter().enumerate().map(curve).collect()
}

fn kind<'a>(i: usize, bond: &'a BondResult, outcome: &Outcome) -> Kind<'a> {
    let stamp = labels(std::iter::once(outcome)).join(", ");
    let axes = Shared::of(std::iter::once(bond));
    Kind {
        bond,
        id: format!("bonds-{i}"),
        pair: dashed(&bond.pair),
        percent: percent(bond.fraction, bond.fraction_esd),
        sentence: tables::sentence(bond),
        histogram: figures::histogram(&format!("histogram-{i}"), bond, None, axes, &stamp),
        fraction: figures::fraction(&format!("fraction-{i}"), bond, None, axes, &stamp),
        coordination: bond.coordination.iter().map(|c| (c.label.as_str(), coordination(c.number, c.esd))).collect(),
        rows: tables::bonds(bond),
    }
}

fn coordination(number: f64, esd: Option<f64>) -> String {
    match esd {
        Some(e) if e > 0.0 => super::plot::ticks::typeset(&super::esd::short(number, Some(e))),
        _ => count(number),
    }
}

fn correlations(outcome: &Outcome) -> Correlations<'_> {
    let (names, values) = tables::correlation_matrix(outcome, PICTURED);
    let mut strong = tables::strong_correlations(outcome, STRONG);
    let more = strong.len().saturating_sub(LISTED);
    strong.truncate(LISTED);
    let pictured = names.len();
    let picture = if pictured > 1 { figures::correlations("correlations", names, values) } else { String::new() };
    Correlations { picture, pictured, refined: outcome.correlations.len(), strong, more }
}

pub(crate) fn convergence(id: &str, outcome: &Outcome) -> String {
    if outcome.history.is_empty() { String::new() } else { figures::convergence(id, &outcome.history) }
}

fn singular_values(outcome: &Outcome) -> String {
    let determined = &outcome.determined;
    if determined.singular_values.is_empty() {
        return String::new();
    }
    figures::singular_values("singular-values", determined)
}

impl<'a> Run<'a> {
    pub(crate) fn of(name: &'a str, outcome: &'a Outcome) -> Self {
        Self { name, outcome, seconds: decimals(outcome.seconds, 2), version: super::VERSION }
    }
}
