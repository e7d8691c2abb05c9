//! The page that sets two ensembles beside each other.

use askama::Template;

use super::html::{SCRIPT, STYLE};
use super::plot::ticks::typeset;
use super::spread::{self, Axes, fraction_of, with_interval};
use super::tables::dashed;
use crate::outcome::{BondAnswer, Interval};
use crate::read::answers::Answers;

/// One of the two ensembles.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is called beside the other: the name of its folder.
    pub name: String,
    /// What it says.
    pub answers: Answers,
}

#[derive(Template)]
#[template(path = "difference.html")]
struct Page<'a> {
    title: String,
    labels: Vec<&'a str>,
    sides: Vec<Line<'a>>,
    kinds: Vec<Kind<'a>>,
    warnings: &'a [String],
    style: &'static str,
    script: &'static str,
}

/// One side in the table: its broken fractions, kind by kind.
struct Line<'a> {
    side: &'a Side,
    fractions: Vec<String>,
}

/// One kind of bonds on both sides.
struct Kind<'a> {
    id: String,
    pair: String,
    cutoff: f64,
    difference: String,
    pictures: Vec<Picture<'a>>,
}

struct Picture<'a> {
    name: &'a str,
    histogram: String,
    curve: String,
}

/// The page of two ensembles: how much the broken fractions differ, and both histograms on equal axes.
///
/// `differences` has one entry for each kind of bonds, later minus earlier, and the sides have the same kinds in the same order.
pub fn difference_html(sides: [&Side; 2], differences: &[Interval], warnings: &[String]) -> String {
    let [earlier, later] = sides;
    let page = Page {
        title: format!("{} minus {}", later.name, earlier.name),
        labels: labels(sides),
        sides: sides.map(line).into(),
        kinds: differences.iter().enumerate().filter_map(|(k, found)| kind(k, sides, found)).collect(),
        warnings,
        style: STYLE,
        script: SCRIPT,
    };
    // The templates are checked when the crate is built, and writing to memory does not fail.
    page.render().unwrap_or_default()
}

fn line(side: &Side) -> Line<'_> {
    let fractions = side.answers.bonds_all.iter().map(fraction_text);
    Line { side, fractions: fractions.collect() }
}

fn fraction_text(bond: &BondAnswer) -> String {
    typeset(&with_interval(&fraction_of(bond), false))
}

fn labels(sides: [&Side; 2]) -> Vec<&str> {
    let mut labels: Vec<&str> = sides.iter().map(|side| side.answers.label.as_str()).collect();
    labels.retain(|label| !label.is_empty());
    labels.dedup();
    labels
}

fn kind<'a>(k: usize, sides: [&'a Side; 2], difference: &Interval) -> Option<Kind<'a>> {
    let [earlier, later] = sides.map(|side| side.answers.bonds_all.get(k));
    let bonds = [earlier?, later?];
    let axes = Axes::of(&bonds);
    let pictures = sides.into_iter().zip(bonds).enumerate();
    Some(Kind {
        id: format!("bonds-{k}"),
        pair: dashed(&bonds[0].pair),
        cutoff: bonds[0].cutoff,
        difference: typeset(&with_interval(difference, true)),
        pictures: pictures.map(|(i, (side, bond))| picture(&format!("{k}-{i}"), side, bond, axes)).collect(),
    })
}

fn picture<'a>(id: &str, side: &'a Side, bond: &BondAnswer, axes: Axes) -> Picture<'a> {
    let label = &side.answers.label;
    Picture {
        name: &side.name,
        histogram: spread::histogram(&format!("histogram-{id}"), bond, axes, label),
        curve: spread::fraction(&format!("fraction-{id}"), bond, axes, label),
    }
}
