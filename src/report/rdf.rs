//! `result.json`, `rdf.csv` and `report.html` of g(r) and n(r).

use std::fmt::Write;

use askama::Template;
use serde::Serialize;

use super::csv::field;
use super::esd;
use super::figures::category;
use super::page::{named_warnings, rendered, versioned};
use super::plot::draw;
use super::plot::ticks::typeset;
use super::plot::{Axis, AxisKind, Figure, Mark, Series, Size, extent};
use super::tables::{dashed, decimals};
use crate::outcome::InputFile;
use crate::rdf::{Estimate, PairResult, Peak, RdfResult};

/// `result.json`: `version`, `inputs[]` with the fields of [`InputFile`], and `trajectories[]` with the fields of [`RdfResult`].
///
/// Lengths in Å, volumes in Å³; an estimate is `value` and `esd`, which is `null` where the frames do not tell it.
pub fn rdf_json(results: &[RdfResult], inputs: &[InputFile]) -> String {
    #[derive(Serialize)]
    struct Found<'a> {
        inputs: &'a [InputFile],
        trajectories: &'a [RdfResult],
    }
    versioned(&Found { inputs, trajectories: results })
}

/// `rdf.csv`: r (Å), then for each trajectory and pair g, its standard uncertainty (empty where there is none) and n up to the
/// end of the bin.
pub fn rdf_csv(results: &[RdfResult]) -> String {
    let all: Vec<(&RdfResult, &PairResult)> = each(results).collect();
    let mut text = String::from("r");
    for (result, pair) in &all {
        let of = if results.len() > 1 { format!(" {}", result.trajectory) } else { String::new() };
        for what in ["g", "dg", "n"] {
            text += ",";
            text += &field(&format!("{what} {}{of}", pair.pair));
        }
    }
    for (k, r) in results.first().map_or(&[][..], |first| &first.r).iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{r:.6}");
        for (_, pair) in &all {
            let dg = pair.dg.get(k).map_or_else(String::new, |dg| format!("{dg:.3e}"));
            let _ = write!(text, ",{:.9e},{dg},{:.9e}", pair.g[k], pair.n[k]);
        }
    }
    text + "\n"
}

fn each(results: &[RdfResult]) -> impl Iterator<Item = (&RdfResult, &PairResult)> {
    results.iter().flat_map(|result| result.pairs.iter().map(move |pair| (result, pair)))
}

/// What is said on the terminal: a line for each pair.
pub fn rdf_lines(result: &RdfResult) -> Vec<String> {
    let head = format!("{}: {} frames, cell of {:.1} Å³", result.trajectory, result.frames, result.volume);
    let line = |pair: &PairResult| match &pair.peak {
        Some(peak) => {
            let [position, width, area] = [&peak.position, &peak.width, &peak.area].map(text);
            format!(
                "{}: first peak at {position} Å, width {width} Å, {area} neighbours up to {:.2} Å",
                pair.pair, peak.minimum
            )
        }
        None => format!("{}: no first peak with a minimum behind it", pair.pair),
    };
    std::iter::once(head).chain(result.pairs.iter().map(line)).collect()
}

fn text(estimate: &Estimate) -> String {
    esd::short(estimate.value, estimate.esd)
}

#[derive(Template)]
#[template(path = "rdf.html")]
struct Page<'a> {
    title: &'a str,
    results: &'a [RdfResult],
    warnings: Vec<String>,
    rows: Vec<Row<'a>>,
    g: Vec<String>,
    n: String,
}

struct Row<'a> {
    pair: String,
    trajectory: &'a str,
    atoms: [usize; 2],
    shell: Option<[String; 5]>,
}

/// g(r) and n(r) as a page that needs nothing else: a figure for each pair, all trajectories over each other.
pub fn rdf_html(results: &[RdfResult]) -> String {
    let pairs = results.first().map_or(0, |first| first.pairs.len());
    let page = Page {
        title: "g(r) and n(r)",
        results,
        warnings: results.iter().flat_map(|result| named_warnings(&result.trajectory, &result.warnings)).collect(),
        rows: each(results).map(row).collect(),
        g: (0..pairs).map(|k| rdf_figure(results, k)).collect(),
        n: coordination(results),
    };
    rendered(&page)
}

fn row<'a>((result, pair): (&'a RdfResult, &'a PairResult)) -> Row<'a> {
    let shell = |peak: &Peak| {
        let [position, mean, width, area] =
            [&peak.position, &peak.mean, &peak.width, &peak.area].map(|one| typeset(&text(one)));
        [position, mean, width, area, decimals(peak.minimum, 2)]
    };
    Row {
        pair: dashed(&pair.pair),
        trajectory: &result.trajectory,
        atoms: pair.atoms,
        shell: pair.peak.as_ref().map(shell),
    }
}

/// g(r) of one pair in all trajectories, with a band of one standard uncertainty to both sides.
pub(crate) fn rdf_figure(results: &[RdfResult], k: usize) -> String {
    let several = results.len() > 1;
    let pairs: Vec<&PairResult> = results.iter().filter_map(|result| result.pairs.get(k)).collect();
    let name = pairs.first().map_or(String::new(), |pair| dashed(&pair.pair));
    let mut series = Vec::new();
    for (i, pair) in pairs.iter().enumerate() {
        if !several && !pair.dg.is_empty() {
            series.push(Series::uncertainty(&pair.g, &pair.dg));
        }
        let label = if several { results[i].trajectory.clone() } else { format!("g {name}") };
        series.push(Series::line(label, category(i), pair.g.clone()).on_grid(i));
    }
    let highest = pairs.iter().filter_map(|pair| extent(&pair.g)).map(|(_, high)| high).fold(1.0, f64::max);
    // Those of several trajectories lie close together: the table has them.
    let peak = pairs.first().filter(|_| !several).and_then(|pair| pair.peak.as_ref());
    let marks =
        peak.map(|peak| Mark::Vertical { x: peak.minimum, text: "end of the shell".to_owned(), class: "cutoff" });
    draw::figure(&Figure {
        id: format!("g-{k}"),
        title: format!("g(r) of {name}"),
        description: format!("g(r) of {name} against r; it goes to 1 where atoms do not know of each other."),
        size: Size::Wide,
        x: r_axis(results),
        y: Axis::new(&format!("g(r), {name}"), "", (0.0, 1.06 * highest), AxisKind::Linear),
        grids: results.iter().map(|result| result.r.clone()).collect(),
        series,
        marks: marks.into_iter().chain([Mark::Horizontal { y: 1.0, class: "zero" }]).collect(),
        stamp: String::new(),
        link: "r".to_owned(),
    })
}

fn r_axis(results: &[RdfResult]) -> Axis {
    let last = results.iter().filter_map(|result| result.r.last()).copied().fold(1.0, f64::max);
    Axis::r((0.0, last))
}

/// n(r) of all pairs, up to a little beyond their first shells.
pub(crate) fn coordination(results: &[RdfResult]) -> String {
    let name = |result: &RdfResult, pair: &PairResult| match results.len() {
        1 => dashed(&pair.pair),
        _ => format!("{} {}", dashed(&pair.pair), result.trajectory),
    };
    // A trajectory has its colour in all figures; its pairs are told apart by dashes.
    let class = |i: usize, k: usize| if results.len() > 1 { category(i % 10 + 10 * k) } else { category(k) };
    let mut lines = Vec::new();
    for (i, result) in results.iter().enumerate() {
        let of_pair = |(k, pair): (usize, &PairResult)| Series::line(name(result, pair), class(i, k), pair.n.clone());
        lines.extend(result.pairs.iter().enumerate().map(of_pair).map(|line| line.on_grid(i)));
    }
    let shells = each(results).filter_map(|(_, pair)| pair.peak.as_ref().map(|peak| 2.5 * peak.area.value));
    draw::figure(&Figure {
        id: "n".to_owned(),
        title: "Running coordination number n(r)".to_owned(),
        description: "Number of neighbours nearer than r, for each pair.".to_owned(),
        size: Size::Wide,
        x: r_axis(results),
        y: Axis::new("n(r)", "", (0.0, shells.fold(4.0, f64::max)), AxisKind::Linear),
        grids: results.iter().map(|result| result.r.clone()).collect(),
        series: lines,
        marks: Vec::new(),
        stamp: String::new(),
        link: "r".to_owned(),
    })
}
