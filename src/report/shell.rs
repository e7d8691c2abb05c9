//! `shell.json`, `shell.csv` and `shell.html`: the distribution of the lengths of one kind of bond.

use std::fmt::Write;

use askama::Template;

use super::figures;
use super::page::{rendered, versioned};
use super::plot::draw;
use super::plot::{Axis, AxisKind, Figure, Mark, Series, Shape, Size, extent, padded};
use super::tables::{dashed, decimals};
use crate::outcome::Interval;
use crate::shell::ShellResult;

/// `shell.json`: every number of the result, with the program's version.
///
/// Lengths in Å, densities in 1/Å, shares from 0 to 1. An interval is `median`, `interval50` and `interval90`, the latter two
/// `[low, high]`. What is no number is `null`.
pub fn shell_json(result: &ShellResult) -> String {
    versioned(result)
}

/// `shell.csv`: for each length (Å) the quantiles of the density (1/Å), and those before the data.
pub fn shell_csv(result: &ShellResult) -> String {
    let mut text = String::from("d,q05,q25,q50,q75,q95,before05,before50,before95\n");
    let (bands, before) = (&result.density, &result.prior_density);
    let columns = [&bands.q05, &bands.q25, &bands.q50, &bands.q75, &bands.q95, &before.q05, &before.q50, &before.q95];
    for (k, d) in result.d.iter().enumerate() {
        let numbers: Vec<String> = columns.iter().map(|column| format!("{:.5}", column[k])).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{d:.4},{}", numbers.join(","));
    }
    text
}

/// The answer in one line: `Co-N: 12 % [7, 18] beyond 2.25 Å (90 %); mean 2.03 Å [2.02, 2.05]; ...`.
pub fn shell_sentence(result: &ShellResult) -> String {
    format!(
        "{}: {} beyond {} Å (90 %); mean {} Å [{}, {}]; before the data {}",
        result.pair,
        percents(&result.fraction),
        result.cutoff,
        decimals(result.mean.median, 3),
        decimals(result.mean.interval90[0], 3),
        decimals(result.mean.interval90[1], 3),
        percents(&result.prior_fraction),
    )
}

/// `12 % [7, 18]`.
fn percents(share: &Interval) -> String {
    let places = usize::from(share.interval90[1] < 0.1);
    let one = |share: f64| decimals(100.0 * share, places);
    format!("{} % [{}, {}]", one(share.median), one(share.interval90[0]), one(share.interval90[1]))
}

#[derive(Template)]
#[template(path = "shell.html")]
struct Page<'a> {
    title: String,
    result: &'a ShellResult,
    pair: String,
    sentence: String,
    rows: Vec<Row>,
    distribution: String,
    fit: String,
    rw: String,
    chi_square: String,
    r_hat: String,
    effective: String,
}

/// A number with its intervals.
struct Row {
    name: String,
    unit: &'static str,
    median: String,
    half: String,
    most: String,
}

/// The distribution as a page that needs nothing else.
pub fn shell_html(result: &ShellResult) -> String {
    let pair = dashed(&result.pair);
    let page = Page {
        title: if result.title.is_empty() { format!("{pair} bonds") } else { result.title.clone() },
        result,
        sentence: shell_sentence(result).replacen(&result.pair, &pair, 1),
        rows: rows(result),
        distribution: distribution(result),
        fit: figures::fit("shell-fit", &result.curve, "r"),
        rw: decimals(result.rw, 4),
        chi_square: decimals(result.chi_square, 2),
        r_hat: decimals(result.r_hat, 3),
        effective: decimals(result.effective, 0),
        pair,
    };
    rendered(&page)
}

fn rows(result: &ShellResult) -> Vec<Row> {
    let row = |name: &str, unit, factor: f64, places, of: &Interval| Row {
        name: name.to_owned(),
        unit,
        median: decimals(factor * of.median, places),
        half: of.interval50.map(|end| decimals(factor * end, places)).join(" to "),
        most: of.interval90.map(|end| decimals(factor * end, places)).join(" to "),
    };
    let mut rows = vec![
        row(&format!("beyond {} Å", result.cutoff), "%", 100.0, 1, &result.fraction),
        row("the same before the data", "%", 100.0, 1, &result.prior_fraction),
        row("mean length", "Å", 1.0, 3, &result.mean),
        row("standard deviation of the lengths", "Å", 1.0, 3, &result.sd),
        row("coordination over the given one", "", 1.0, 3, &result.area),
        row("length over which ln p changes", "Å", 1.0, 2, &result.length),
        row("by how much", "", 1.0, 2, &result.amplitude),
    ];
    rows.extend(result.nuisances.iter().map(|one| row(&one.name, "", 1.0, 4, &one.value)));
    rows
}

/// The density with its bands, and the cutoff.
fn distribution(result: &ShellResult) -> String {
    let pair = dashed(&result.pair);
    let bands = &result.density;
    let half = 0.5 * result.d.windows(2).map(|two| two[1] - two[0]).next().unwrap_or(0.02);
    let from: Vec<f64> = result.d.iter().map(|d| d - half).collect();
    let to: Vec<f64> = result.d.iter().map(|d| d + half).collect();
    let band = |name: &str, class: &str, low: &[f64], high: &[f64]| {
        let height: Vec<f64> = high.iter().zip(low).map(|(high, low)| high - low).collect();
        let shape = Shape::Bars { to: to.clone(), base: low.to_vec() };
        Series { shape, ..Series::line(name, class, height) }
    };
    let highest = extent(&bands.q95).map_or(1.0, |(_, high)| high);
    let figure = Figure {
        id: "shell-density".to_owned(),
        title: format!("Distribution of the {pair} lengths"),
        description: format!(
            "Density of {pair} lengths: median as a line, 50 % and 90 % bands, and the cutoff at {} Å.",
            result.cutoff
        ),
        size: Size::Wide,
        x: Axis::new(&format!("{pair} length"), "Å", padded(extent(&result.d), 0.0), AxisKind::Linear),
        y: Axis::new("p(d)", "1/Å", (0.0, 1.08 * highest), AxisKind::Linear),
        grids: vec![from, result.d.clone()],
        series: vec![
            band("90 %", "band90", &bands.q05, &bands.q95),
            band("50 %", "band50", &bands.q25, &bands.q75),
            Series::line("median", "calc", bands.q50.clone()).on_grid(1),
            Series::line("median before the data", "c7 dash", result.prior_density.q50.clone()).on_grid(1),
        ],
        marks: vec![Mark::Vertical { x: result.cutoff, text: format!("cutoff {} Å", result.cutoff), class: "cutoff" }],
        stamp: result.curve.label.clone(),
        link: "length".to_owned(),
    };
    draw::figure(&figure)
}
