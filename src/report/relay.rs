//! `result.json`, `jumps.csv`, `graph.csv` and `report.html` of a relay.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;

use super::csv::number;
use super::esd;
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
fn round(x: f64) -> f64 {
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
    maps: Vec<Map>,
}

/// The density seen along one axis: squares in fractions of the other two.
struct Map {
    name: String,
    width: f64,
    height: f64,
    cells: Vec<Cell>,
    across: &'static str,
    up: &'static str,
    highest: String,
}

struct Cell {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    opacity: f64,
}

/// A relay as a page that needs nothing else.
pub fn relay_html(result: &RelayResult) -> String {
    let page = Page {
        title: format!("{} from {} to {}", result.element, result.anchor, result.anchor),
        sentence: typeset(&relay_sentence(result)),
        warnings: &result.warnings,
        rows: rows(result),
        survival: survival(result),
        lengths: lengths(result),
        maps: [2, 1, 0].map(|axis| map(result, axis)).into(),
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

fn survival(result: &RelayResult) -> String {
    let (time, share): (Vec<f64>, Vec<f64>) = result.survival.iter().copied().unzip();
    let last = time.last().copied().filter(|t| *t > 0.0).unwrap_or(1.0);
    draw::figure(&Figure {
        id: "survival".to_owned(),
        title: "Survival of stays".to_owned(),
        description: "Share of the stays that last longer than t.".to_owned(),
        size: Size::Half,
        x: Axis::new("t", "ps", (0.0, last), AxisKind::Linear),
        y: Axis::new("share of stays longer than t", "", (0.0, 1.03), AxisKind::Linear),
        grids: vec![time],
        series: vec![Series::line("share", "calc", share)],
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    })
}

/// Width of a bar of the lengths, Å.
const BAR: f64 = 0.1;

fn lengths(result: &RelayResult) -> String {
    let bin = |length: f64| (length / BAR).floor();
    let first = result.jumps.iter().map(|jump| bin(jump.length)).fold(f64::INFINITY, f64::min);
    let last = result.jumps.iter().map(|jump| bin(jump.length)).fold(0.0, f64::max);
    let bars = if first.is_finite() { (last - first) as usize + 1 } else { 0 };
    let mut counts = vec![0.0; bars];
    result.jumps.iter().for_each(|jump| counts[(bin(jump.length) - first) as usize] += 1.0);
    let from: Vec<f64> = (0..bars).map(|k| (first + k as f64) * BAR).collect();
    let to = from.iter().map(|x| x + BAR).collect();
    let highest = counts.iter().copied().fold(1.0, f64::max);
    let range = if bars > 0 { ((first - 1.0) * BAR, (last + 2.0) * BAR) } else { (0.0, 1.0) };
    let shape = Shape::Bars { to, base: vec![0.0; bars] };
    draw::figure(&Figure {
        id: "lengths".to_owned(),
        title: "Lengths of jumps".to_owned(),
        description: "How many jumps lead how far, from anchor to anchor.".to_owned(),
        size: Size::Half,
        x: Axis::new("length", "Å", range, AxisKind::Linear),
        y: Axis::new("jumps", "", (0.0, 1.06 * highest), AxisKind::Count),
        grids: vec![from],
        series: vec![Series { shape, ..Series::line("jumps", "intact", counts) }],
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    })
}

/// Squares of a map along its longer side at most: boxes are put together where there are more.
const SQUARES: usize = 80;

fn map(result: &RelayResult, axis: usize) -> Map {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    let [first, second] = [[1, 2], [0, 2], [0, 1]][axis];
    let (values, size) = result.density.projection(axis);
    let each = size.map(|n| n.div_ceil(SQUARES));
    let shown = [0, 1].map(|k| size[k].div_ceil(each[k]));
    let mut sums = vec![(0.0, 0.0); shown[0] * shown[1]];
    for (k, value) in values.iter().enumerate() {
        let sum = &mut sums[k / size[1] / each[0] * shown[1] + k % size[1] / each[1]];
        *sum = (sum.0 + value, sum.1 + 1.0);
    }
    let means: Vec<f64> = sums.iter().map(|(sum, n)| sum / n).collect();
    let highest = means.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let edges = [first, second].map(|k| result.density.basis.column(k).norm());
    let (width, height) = (300.0, 300.0 * edges[1] / edges[0]);
    let (w, h) = (width * each[0] as f64 / size[0] as f64, height * each[1] as f64 / size[1] as f64);
    let cell = |(k, value): (usize, &f64)| {
        let (x, y) = (w * (k / shown[1]) as f64, height - h * (k % shown[1] + 1) as f64);
        Cell { x, y, w, h, opacity: (value / highest * 100.0).round() / 100.0 }
    };
    Map {
        name: format!("along {}", NAMES[axis]),
        width,
        height,
        cells: means.iter().enumerate().map(cell).filter(|cell| cell.opacity > 0.01).collect(),
        across: NAMES[first],
        up: NAMES[second],
        highest: esd::plain(round(highest)),
    }
}
