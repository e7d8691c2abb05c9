//! `result.json`, `summary.csv` and `report.html` of several trajectories beside each other.

mod quantities;

use std::fmt::Write;

use askama::Template;
use serde::Serialize;

use super::csv::field;
use super::esd;
use super::map::maps;
use super::msd::figure;
use super::page::{named_warnings, rendered, versioned};
use super::plot::AxisKind;
use super::plot::ticks::{superscript, typeset};
use super::rdf::{coordination, rdf_figure};
use super::relay::{lengths, round, survival};
use crate::msd::MsdResult;
use crate::outcome::InputFile;
use crate::rdf::{Estimate, RdfResult};
use crate::relay::RelayResult;
pub use quantities::{Change, Quantity};

/// What several trajectories say, each list in the same order.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Pairs, the same ones of each.
    pub rdf: Vec<RdfResult>,
    /// Displacements.
    pub msd: Vec<MsdResult>,
    /// Jumps and density.
    pub relay: Vec<RelayResult>,
}

/// `result.json`: `version`, `inputs[]` with the fields of [`InputFile`], `trajectories[]` of `trajectory`, `rdf`, `msd` and `relay`
/// with the fields of [`RdfResult`], [`MsdResult`] and [`RelayResult`], and `summary[]` with those of [`Quantity`].
pub fn beside_json(found: &Beside, inputs: &[InputFile]) -> String {
    #[derive(Serialize)]
    struct Found<'a> {
        inputs: &'a [InputFile],
        summary: Vec<Quantity>,
        trajectories: Vec<One<'a>>,
    }
    #[derive(Serialize)]
    struct One<'a> {
        trajectory: &'a str,
        rdf: &'a RdfResult,
        msd: &'a MsdResult,
        relay: &'a RelayResult,
    }
    let each = found.rdf.iter().zip(&found.msd).zip(&found.relay);
    let trajectories = each.map(|((rdf, msd), relay)| One { trajectory: &rdf.trajectory, rdf, msd, relay }).collect();
    versioned(&Found { inputs, summary: found.summary(), trajectories })
}

/// `summary.csv`: a line for each number, with the values of all trajectories, their standard uncertainties, and how each but the first
/// changes against the first: by a difference or by a ratio.
pub fn summary_csv(found: &Beside) -> String {
    let mut text = String::from("quantity,unit");
    let columns = |text: &mut String, whats: [&str; 2], names: &[&str]| {
        for (name, what) in names.iter().flat_map(|name| whats.map(|what| (name, what))) {
            text.extend([",", &field(&format!("{what}{name}"))]);
        }
    };
    let names = found.names();
    columns(&mut text, ["", "esd "], &names);
    text += ",change";
    columns(&mut text, ["change ", "change esd "], &names[names.len().min(1)..]);
    for quantity in found.summary() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{},{}", field(&quantity.quantity), field(quantity.unit));
        let cell = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:.9e}"));
        let numbers = |all: &[Option<Estimate>]| -> Vec<String> {
            all.iter().flat_map(|one| [cell(one.map(|one| one.value)), cell(one.and_then(|one| one.esd))]).collect()
        };
        let change = vec![quantity.change.word().to_owned()];
        let cells = [numbers(&quantity.values), change, numbers(&quantity.changes)].concat();
        text.extend(cells.iter().flat_map(|cell| [",", cell]));
    }
    text + "\n"
}

#[derive(Template)]
#[template(path = "beside.html")]
struct Page<'a> {
    title: String,
    found: &'a Beside,
    names: Vec<&'a str>,
    inputs: &'a [InputFile],
    answers: Vec<String>,
    warnings: Vec<String>,
    groups: Vec<Group>,
    g: Vec<String>,
    n: String,
    plain: String,
    log: String,
    survival: String,
    lengths: String,
    maps: Vec<(&'a str, [String; 3])>,
}

/// Rows of the table that belong together.
struct Group {
    name: &'static str,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    cells: Vec<String>,
    /// Against the first trajectory, one for each other.
    changes: Vec<String>,
}

/// All of it as a page that needs nothing else.
pub fn beside_html(found: &Beside, inputs: &[InputFile]) -> String {
    let pairs = found.rdf.first().map_or(0, |first| first.pairs.len());
    let (names, summary) = (found.names(), found.summary());
    let page = Page {
        title: title(found),
        found,
        inputs,
        answers: answers(&names, &summary),
        warnings: found.warnings(),
        groups: groups(&summary),
        g: (0..pairs).map(|k| rdf_figure(&found.rdf, k)).collect(),
        n: coordination(&found.rdf),
        plain: figure("msd", &found.msd, AxisKind::Linear),
        log: figure("msd-log", &found.msd, AxisKind::Log),
        survival: survival(&found.relay),
        lengths: lengths(&found.relay),
        maps: names.iter().copied().zip(maps(&found.relay)).collect(),
        names,
    };
    rendered(&page)
}

fn title(found: &Beside) -> String {
    let what =
        found.relay.first().map_or_else(String::new, |first| format!("{} along {}", first.element, first.anchor));
    format!("{what}: {}", found.names().join(" and "))
}

/// What is asked first, in a line each: where the nearest anchors are, D, and the rate.
fn answers(names: &[&str], summary: &[Quantity]) -> Vec<String> {
    let line = |quantity: &Quantity| {
        let row = row(quantity);
        let values = names.iter().zip(&row.cells).map(|(name, cell)| format!("{cell} ({name})"));
        let changes = row.changes.iter().filter(|change| !change.is_empty());
        let all: Vec<String> = values.chain(changes.cloned()).collect();
        format!("{}: {}", row.name, all.join(", "))
    };
    summary.iter().filter(|quantity| quantity.first).map(line).collect()
}

fn groups(summary: &[Quantity]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for quantity in summary {
        let row = row(quantity);
        match groups.last_mut().filter(|last| last.name == quantity.of) {
            Some(last) => last.rows.push(row),
            None => groups.push(Group { name: quantity.of, rows: vec![row] }),
        }
    }
    groups
}

/// Numbers below this are written with a power of ten.
const SMALL: f64 = 1e-3;

fn row(quantity: &Quantity) -> Row {
    let largest = quantity.values.iter().flatten().map(|one| one.value.abs()).fold(0.0, f64::max);
    let power = if largest > 0.0 && largest < SMALL { largest.log10().floor() as i32 } else { 0 };
    let ten = if power == 0 { String::new() } else { format!("10{} ", superscript(power)) };
    Row {
        name: match format!("{ten}{}", quantity.unit).as_str() {
            "" => quantity.quantity.clone(),
            unit => format!("{} ({unit})", quantity.quantity),
        },
        cells: quantity.values.iter().map(|one| one.map_or("–".to_owned(), |one| shown(one, power))).collect(),
        changes: quantity
            .changes
            .iter()
            .map(|one| one.map_or_else(String::new, |one| changed(quantity.change, one)))
            .collect(),
    }
}

/// `2.142(3)`; four digits without an uncertainty.
fn shown(number: Estimate, power: i32) -> String {
    let Estimate { value, esd } = number;
    let unit = 10_f64.powi(power);
    typeset(&match esd {
        Some(esd) => esd::short(value / unit, Some(esd / unit)),
        None => esd::plain(round(value / unit)),
    })
}

/// `+0.081(4)`, `× 0.36(4)`.
fn changed(change: Change, number: Estimate) -> String {
    let sign = match change {
        Change::Ratio => "× ",
        _ if number.value > 0.0 => "+",
        _ => "",
    };
    format!("{sign}{}", shown(number, 0))
}

impl Beside {
    /// What results call the trajectories.
    fn names(&self) -> Vec<&str> {
        self.rdf.iter().map(|result| result.trajectory.as_str()).collect()
    }

    /// Every warning once: displacements and jumps see the same steps.
    fn warnings(&self) -> Vec<String> {
        let rdf = self.rdf.iter().flat_map(|one| named_warnings(&one.trajectory, &one.warnings));
        let msd = self.msd.iter().flat_map(|one| named_warnings(&one.trajectory, &one.warnings));
        let relay = self.relay.iter().flat_map(|one| named_warnings(&one.trajectory, &one.warnings));
        let mut found = Vec::new();
        for warning in rdf.chain(msd).chain(relay) {
            if !found.contains(&warning) {
                found.push(warning);
            }
        }
        found
    }
}
