//! `result.json`, `jumps.csv`, `graph.csv` and `report.html` of a relay.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;

use super::csv::number;
use super::esd;
use super::figures::category;
use super::map::maps;
use super::page::{rendered, versioned};
use super::plot::ticks::typeset;
use super::plot::{Axis, AxisKind, Figure, Series, Shape, Size, draw};
use super::tables::decimals;
use crate::outcome::InputFile;
use crate::relay::RelayResult;

/// `result.json`: `version`, `inputs[]` with the fields of [`InputFile`], and the fields of [`RelayResult`] but the density. Times in ps, lengths in Å, rates in 1/ps.
pub fn relay_json(result: &RelayResult, inputs: &[InputFile]) -> String {
    #[derive(Serialize)]
    struct Found<'a> {
        inputs: &'a [InputFile],
        #[serde(flatten)]
        result: &'a RelayResult,
    }
    versioned(&Found { inputs, result })
}

/// `jumps.csv`: one line per jump: atom, both anchors (their places in the file, from 1), time (ps), length (Å), back (0 or 1).
pub fn jumps_csv(result: &RelayResult) -> String {
    let mut text = String::from("atom,from,to,t,length,back\n");
    for jump in &result.jumps {
        let (t, length) = (number(jump.frame as f64 * result.step), number(jump.length));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{},{},{},{t},{length},{}", jump.atom, jump.from, jump.to, u8::from(jump.back));
    }
    text
}

/// `graph.csv`: how often which anchor was left for which.
pub fn graph_csv(result: &RelayResult) -> String {
    let mut text = String::from("from,to,count\n");
    for (from, to, count) in &result.graph {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{from},{to},{count}");
    }
    text
}

/// The answer in one line.
pub fn relay_sentence(result: &RelayResult) -> String {
    let rate = esd::short(result.rate, Some(result.rate_esd));
    let residence =
        result.residence.map_or("no jump".to_owned(), |time| format!("mean residence {} ps", esd::plain(round(time))));
    format!(
        "{}: {} {} jump from {} to {}: {} jumps, {rate} per atom and ps, {residence}, {:.0} % go back",
        result.trajectory,
        result.atoms,
        result.element,
        result.anchor,
        result.anchor,
        result.jumps.len(),
        100.0 * result.back
    )
}

/// Four digits.
pub(crate) fn round(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

#[derive(Template)]
#[template(path = "relay.html")]
struct Page<'a> {
    title: String,
    sentence: String,
    result: &'a RelayResult,
    warnings: &'a [String],
    rows: Vec<(&'static str, String)>,
    survival: String,
    lengths: String,
    maps: [String; 3],
}

/// A relay as a page that needs nothing else.
pub fn relay_html(result: &RelayResult) -> String {
    let page = Page {
        title: format!("{} from {} to {}", result.element, result.anchor, result.anchor),
        sentence: typeset(&relay_sentence(result)),
        warnings: &result.warnings,
        rows: rows(result),
        survival: survival(std::slice::from_ref(result)),
        lengths: lengths(std::slice::from_ref(result)),
        maps: maps(std::slice::from_ref(result)).swap_remove(0),
        result,
    };
    rendered(&page)
}

fn rows(result: &RelayResult) -> Vec<(&'static str, String)> {
    vec![
        ("atoms that move", format!("{} {}", result.atoms, result.element)),
        ("anchors", format!("{} {}", result.anchors, result.anchor)),
        ("jumps", result.jumps.len().to_string()),
        ("rate (per atom and ps)", typeset(&esd::short(result.rate, Some(result.rate_esd)))),
        ("mean residence (ps)", result.residence.map_or("–".to_owned(), |time| typeset(&esd::plain(round(time))))),
        ("jumps back to the anchor before", format!("{} %", decimals(100.0 * result.back, 1))),
        ("mean length of a jump (Å)", decimals(result.length, 3)),
        ("different anchors of an atom", decimals(result.visited, 2)),
        ("different pairs of anchors jumped between", result.graph.len().to_string()),
        ("another anchor is nearer by (Å)", decimals(result.margin, 2)),
    ]
}

/// How long stays last, of all trajectories.
pub(crate) fn survival(results: &[RelayResult]) -> String {
    let several = results.len() > 1;
    let (mut grids, mut series) = (Vec::new(), Vec::new());
    for (i, result) in results.iter().enumerate() {
        let (time, share): (Vec<f64>, Vec<f64>) = result.survival.iter().copied().unzip();
        let (name, class) = if several { (&result.trajectory[..], category(i)) } else { ("share", "calc".to_owned()) };
        series.push(Series::line(name, class, share).on_grid(i));
        grids.push(time);
    }
    let last = grids.iter().flatten().copied().fold(0.0, f64::max);
    draw::figure(&Figure {
        id: "survival".to_owned(),
        title: "Survival of stays".to_owned(),
        description: "Share of the stays that last longer than t.".to_owned(),
        size: Size::Half,
        x: Axis::new("t", "ps", (0.0, if last > 0.0 { last } else { 1.0 }), AxisKind::Linear),
        y: Axis::new("share of stays longer than t", "", (0.0, 1.03), AxisKind::Linear),
        grids,
        series,
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    })
}

/// Width of a bar of the lengths, Å.
const BAR: f64 = 0.1;

/// How many jumps lead how far: of one trajectory their number, of several their rate, as they may be watched for different times.
pub(crate) fn lengths(results: &[RelayResult]) -> String {
    let several = results.len() > 1;
    let bin = |length: f64| (length / BAR).floor();
    let jumps = || results.iter().flat_map(|result| &result.jumps).map(|jump| bin(jump.length));
    let (first, last) = (jumps().fold(f64::INFINITY, f64::min), jumps().fold(0.0, f64::max));
    let bars = if first.is_finite() { (last - first) as usize + 1 } else { 0 };
    let from: Vec<f64> = (0..bars).map(|k| (first + k as f64) * BAR).collect();
    let to: Vec<f64> = from.iter().map(|x| x + BAR).collect();
    let heights = |result: &RelayResult| {
        let each = if several { result.rate / result.jumps.len().max(1) as f64 } else { 1.0 };
        let mut heights = vec![0.0; bars];
        result.jumps.iter().for_each(|jump| heights[(bin(jump.length) - first) as usize] += each);
        heights
    };
    let one = |(i, result): (usize, &RelayResult)| {
        let (name, class, shape) = if several {
            (&result.trajectory[..], category(i), Shape::Outline { to: to.clone() })
        } else {
            ("jumps", "intact".to_owned(), Shape::Bars { to: to.clone(), base: vec![0.0; bars] })
        };
        Series { shape, ..Series::line(name, class, heights(result)) }
    };
    let series: Vec<Series> = results.iter().enumerate().map(one).collect();
    let highest = series.iter().flat_map(|one| &one.y).copied().fold(0.0, f64::max);
    let highest = if highest > 0.0 { highest } else { 1.0 };
    let range = if bars > 0 { ((first - 1.0) * BAR, (last + 2.0) * BAR) } else { (0.0, 1.0) };
    let (name, unit, kind) =
        if several { ("jumps", "per atom and ps", AxisKind::Linear) } else { ("jumps", "", AxisKind::Count) };
    draw::figure(&Figure {
        id: "lengths".to_owned(),
        title: "Lengths of jumps".to_owned(),
        description: "How many jumps lead how far, from anchor to anchor.".to_owned(),
        size: Size::Half,
        x: Axis::new("length", "Å", range, AxisKind::Linear),
        y: Axis::new(name, unit, (0.0, 1.06 * highest), kind),
        grids: vec![from],
        series,
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    })
}
