//! The page that sets ensembles beside each other.

use askama::Template;

use super::page::{distinct, rendered};
use super::plot::ticks::typeset;
use super::spread::{self, Axes, fraction_of, length, with_interval};
use super::tables::dashed;
use crate::outcome::{BondAnswer, Interval};
use crate::read::answers::Answers;

/// One of the ensembles.
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
    kinds: Vec<Kind<'a>>,
    warnings: &'a [String],
}

/// One kind of bonds on all sides.
struct Kind<'a> {
    id: String,
    pair: String,
    cutoff: f64,
    lines: Vec<Line<'a>>,
    pictures: Vec<Picture<'a>>,
}

/// One side in the table.
struct Line<'a> {
    side: &'a Side,
    broken: String,
    undercoordinated: String,
    mean: String,
    sd: String,
    /// Empty for the reference.
    difference: String,
}

struct Picture<'a> {
    name: &'a str,
    histogram: String,
    curve: String,
}

/// The page of ensembles beside each other: how much the broken fractions differ from that of the first, and all histograms on
/// equal axes.
///
/// `differences` has, for each side but the first, one entry for each kind of bonds: that side minus the first. All sides have the same
/// kinds in the same order.
pub fn difference_html(sides: &[&Side], differences: &[Vec<Interval>], warnings: &[String]) -> String {
    let name = |side: &&Side| side.name.clone();
    let others: Vec<String> = sides.iter().skip(1).map(name).collect();
    let kinds = sides.first().map_or(0, |side| side.answers.bonds_all.len());
    let page = Page {
        title: format!("{} minus {}", others.join(", "), sides.first().map_or_else(String::new, name)),
        labels: distinct(sides.iter().map(|side| side.answers.label.as_str())),
        kinds: (0..kinds).filter_map(|k| kind(k, sides, differences)).collect(),
        warnings,
    };
    rendered(&page)
}

fn line<'a>(side: &'a Side, bond: &BondAnswer, difference: Option<&Interval>) -> Line<'a> {
    Line {
        side,
        broken: typeset(&with_interval(&fraction_of(bond), false)),
        undercoordinated: typeset(&with_interval(&bond.undercoordinated, false)),
        mean: length(&bond.mean),
        sd: length(&bond.sd),
        difference: difference.map_or_else(String::new, |found| typeset(&with_interval(found, true))),
    }
}

fn kind<'a>(k: usize, sides: &[&'a Side], differences: &[Vec<Interval>]) -> Option<Kind<'a>> {
    let bonds: Vec<&BondAnswer> = sides.iter().filter_map(|side| side.answers.bonds_all.get(k)).collect();
    let axes = Axes::of(&bonds);
    let differences = std::iter::once(None).chain(differences.iter().map(|found| found.get(k)));
    let pictures = sides.iter().zip(&bonds).enumerate();
    Some(Kind {
        id: format!("bonds-{k}"),
        pair: dashed(&bonds.first()?.pair),
        cutoff: bonds.first()?.cutoff,
        lines: sides.iter().zip(&bonds).zip(differences).map(|((side, bond), found)| line(side, bond, found)).collect(),
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
