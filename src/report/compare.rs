//! `comparison.html`: several refinements beside each other, and beside the truth where it is known.

use askama::Template;

use super::figures::{self, Shared};
use super::html::{self, Fit, Run};
use super::page::rendered;
use super::tables::{self, ParameterRow, count, dashed, decimals, length, percent};
use super::{Comparison, Entry};
use crate::outcome::{BondResult, ParameterResult};

#[derive(Template)]
#[template(path = "comparison.html")]
struct Page<'a> {
    title: &'a str,
    labels: Vec<&'a str>,
    notes: &'a [String],
    columns: Vec<Column<'a>>,
    changes: Vec<Change>,
    kinds: Vec<Kind>,
    parameters: Vec<Line<'a>>,
    runs: Vec<Run<'a>>,
}

/// One refinement.
struct Column<'a> {
    name: &'a str,
    entry: &'a Entry,
    rw: String,
    answers: Vec<Answer>,
    fits: Vec<Fit<'a>>,
    convergence: String,
}

/// The broken fraction of one kind of bond, for the head of the page.
struct Answer {
    pair: String,
    percent: String,
}

/// The difference of two curves.
struct Change {
    name: String,
    figure: String,
}

/// One kind of bond in all refinements.
struct Kind {
    pair: String,
    pictures: Vec<Picture>,
    blocks: Vec<Block>,
    knows_truth: bool,
}

struct Picture {
    name: String,
    histogram: String,
    fraction: String,
}

/// The lines of one refinement in the table.
struct Block {
    name: String,
    lines: [Compared; 5],
}

/// One quantity of one refinement: what was found, and what is true.
struct Compared {
    quantity: &'static str,
    found: String,
    truth: String,
    difference: String,
}

/// One parameter in all refinements.
struct Line<'a> {
    name: &'a str,
    unit: &'static str,
    cells: Vec<Option<ParameterRow<'a>>>,
}

/// The page that sets refinements beside each other: their fits, the change of G(r), the histograms on equal axes.
///
/// Where an [`Entry`] knows the bonds of the true structure, their histogram lies over the refined one as an outline,
/// and a table says how near the refinement came.
pub fn comparison_html(comparison: &Comparison) -> String {
    let outcomes = || comparison.entries.iter().map(|entry| &entry.outcome);
    let page = Page {
        title: &comparison.title,
        labels: html::labels(outcomes()),
        notes: &comparison.notes,
        columns: comparison.entries.iter().enumerate().map(column).collect(),
        changes: changes(&comparison.entries),
        kinds: kinds(&comparison.entries),
        parameters: parameters(&comparison.entries),
        runs: comparison.entries.iter().map(|entry| Run::of(&entry.name, &entry.outcome)).collect(),
    };
    rendered(&page)
}

fn column((i, entry): (usize, &Entry)) -> Column<'_> {
    let answer =
        |bond: &BondResult| Answer { pair: dashed(&bond.pair), percent: percent(bond.fraction, bond.fraction_esd) };
    Column {
        name: &entry.name,
        entry,
        rw: decimals(entry.outcome.rw, 4),
        answers: entry.outcome.bonds.iter().map(answer).collect(),
        fits: html::fits(&format!("fit-{i}"), &entry.outcome, "r"),
        convergence: html::convergence(&format!("convergence-{i}"), &entry.outcome),
    }
}

/// The first curve of every refinement minus the first curve of the first.
fn changes(entries: &[Entry]) -> Vec<Change> {
    let Some((first, others)) = entries.split_first() else { return Vec::new() };
    let change = |(i, other): (usize, &Entry)| {
        let name = format!("{} minus {}", other.name, first.name);
        let (a, b) = (first.outcome.data.first()?, other.outcome.data.first()?);
        let figure = figures::change(&format!("change-{i}"), &name, a, b)?;
        Some(Change { name, figure })
    };
    others.iter().enumerate().filter_map(change).collect()
}

/// Every kind of bond that any refinement reports, once.
fn kinds(entries: &[Entry]) -> Vec<Kind> {
    let mut pairs: Vec<&str> = Vec::new();
    for bond in entries.iter().flat_map(|entry| &entry.outcome.bonds) {
        if !pairs.contains(&bond.pair.as_str()) {
            pairs.push(&bond.pair);
        }
    }
    pairs.iter().enumerate().map(|(k, pair)| kind(k, pair, entries)).collect()
}

fn kind(k: usize, pair: &str, entries: &[Entry]) -> Kind {
    let found = entries.iter().filter_map(|entry| Some((entry, of_pair(&entry.outcome.bonds, pair)?)));
    let found: Vec<(&Entry, &BondResult, Option<&BondResult>)> =
        found.map(|(entry, bond)| (entry, bond, of_pair(&entry.truth, pair))).collect();
    let axes = Shared::of(found.iter().flat_map(|(_, bond, truth)| std::iter::once(*bond).chain(*truth)));
    let picture = |(i, (entry, bond, truth)): (usize, &(&Entry, &BondResult, Option<&BondResult>))| {
        let stamp = html::labels(std::iter::once(&entry.outcome)).join(", ");
        Picture {
            name: entry.name.clone(),
            histogram: figures::histogram(&format!("histogram-{k}-{i}"), bond, *truth, axes, &stamp),
            fraction: figures::fraction(&format!("fraction-{k}-{i}"), bond, *truth, axes, &stamp),
        }
    };
    Kind {
        pair: dashed(pair),
        pictures: found.iter().enumerate().map(picture).collect(),
        blocks: found.iter().map(block).collect(),
        knows_truth: found.iter().any(|(_, _, truth)| truth.is_some()),
    }
}

fn of_pair<'a>(bonds: &'a [BondResult], pair: &str) -> Option<&'a BondResult> {
    bonds.iter().find(|bond| bond.pair == pair)
}

fn block((entry, bond, truth): &(&Entry, &BondResult, Option<&BondResult>)) -> Block {
    // A true structure has no uncertainties, whatever counted its bonds says.
    let truth = truth.map(|truth| BondResult { fraction_esd: None, mean_esd: None, ..truth.clone() });
    Block { name: entry.name.clone(), lines: compared(bond, truth.as_ref()) }
}

/// Found and true, quantity by quantity.
fn compared(found: &BondResult, truth: Option<&BondResult>) -> [Compared; 5] {
    let line = |quantity, value: fn(&BondResult) -> String, number: fn(&BondResult) -> f64, places, unit| Compared {
        quantity,
        found: value(found),
        truth: truth.map_or_else(|| "–".to_owned(), value),
        difference: truth.map_or_else(|| "–".to_owned(), |truth| signed(number(found) - number(truth), places) + unit),
    };
    [
        line("broken fraction", |b| percent(b.fraction, b.fraction_esd), |b| 100.0 * b.fraction, 1, " points"),
        line("broken bonds", |b| format!("{} of {}", count(b.broken), count(b.n)), |b| b.broken, 0, ""),
        line("mean length", |b| length(b.mean, b.mean_esd), |b| b.mean, 3, " Å"),
        line("standard deviation", |b| length(b.sd, None), |b| b.sd, 3, " Å"),
        line("longest", |b| length(b.max, None), |b| b.max, 3, " Å"),
    ]
}

/// A difference with its sign, which it has only where it does not round to nothing.
fn signed(difference: f64, places: usize) -> String {
    let least = 0.5 * 0.1_f64.powf(places as f64);
    let sign = if difference >= least { "+" } else { "" };
    let rounded = if difference.abs() < least { 0.0 } else { difference };
    format!("{sign}{}", decimals(rounded, places))
}

/// The parameters that are no coordinates, in the order of the first refinement that has them.
fn parameters(entries: &[Entry]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        for row in others(&entry.outcome.parameters) {
            let at = lines.iter().position(|line| line.name == row.name).unwrap_or_else(|| {
                let cells = entries.iter().map(|_| None).collect();
                lines.push(Line { name: row.name, unit: row.unit, cells });
                lines.len() - 1
            });
            lines[at].cells[i] = Some(row);
        }
    }
    lines
}

fn others(parameters: &[ParameterResult]) -> Vec<ParameterRow<'_>> {
    tables::parameters(parameters).0
}
