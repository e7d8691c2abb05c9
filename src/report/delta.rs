//! Two measured curves and their difference: lines, columns, and a page.

use std::fmt::Write;

use askama::Template;

use super::esd;
use super::page::rendered;
use super::plot::draw;
use super::plot::ticks::typeset;
use super::plot::{Axis, Figure, Mark, Series, Size, extent, padded};
use super::tables::decimals;
use crate::delta::Delta;

#[derive(Template)]
#[template(path = "delta.html")]
struct Page<'a> {
    title: String,
    delta: &'a Delta,
    sentences: Vec<String>,
    figure: String,
    peaks: Vec<Peak>,
}

/// An extreme of the difference.
struct Peak {
    r: String,
    height: String,
    /// In units of its uncertainty; empty where that is not known.
    ratio: String,
}

/// What was found, in sentences.
///
/// ```text
/// cycled.gr minus 0.987(12) pristine.gr, scaled to each other on 1.2 to 1.5 Å; |ΔG|/|G| 0.12
/// ```
pub fn delta_lines(delta: &Delta) -> Vec<String> {
    let [first, second] = &delta.names;
    let factor = match delta.window {
        Some(_) => format!(" {}", esd::short(delta.scale.0, delta.scale.1)),
        None => String::new(),
    };
    let how = match delta.window {
        Some((from, to)) => format!("scaled to each other on {from} to {to} Å"),
        None => "not scaled".to_owned(),
    };
    let mut lines = vec![format!(
        "{first} minus{factor} {second}, {how}, from {} to {} Å; Rw of the difference {:.4}",
        decimals(delta.r.first().copied().unwrap_or(0.0), 2),
        decimals(delta.r.last().copied().unwrap_or(0.0), 2),
        delta.rw
    )];
    for (name, (value, uncertainty), unit) in [("stretch", delta.stretch, ""), ("smear", delta.smear, " Å")] {
        if value != 0.0 || uncertainty.is_some() {
            lines.push(format!("{second}: {name} {}{unit}", esd::short(value, uncertainty)));
        }
    }
    lines.push(format!("uncertainty of the difference: {}", delta.noise));
    for (r, height, sigma) in extremes(delta) {
        lines.push(format!("ΔG({r:.2} Å) = {} 1/Å²", esd::short(height, sigma)));
    }
    lines
}

/// Below this r there are no bonds, Å.
const NEAREST: f64 = 1.0;

/// How many extremes are named.
const NAMED: usize = 6;

/// Two extremes nearer than this are one, Å.
const APART: f64 = 0.2;

/// The largest extremes of the difference where there are bonds, by r: where, how high, how uncertain.
fn extremes(delta: &Delta) -> Vec<(f64, f64, Option<f64>)> {
    let mut found: Vec<usize> = (1..delta.delta.len().saturating_sub(1))
        .filter(|k| {
            let [before, here, after] = [k - 1, *k, k + 1].map(|k| delta.delta[k].abs());
            delta.r[*k] >= NEAREST && here >= before && here > after
        })
        .collect();
    found.sort_by(|a, b| delta.delta[*b].abs().total_cmp(&delta.delta[*a].abs()));
    let mut kept: Vec<usize> = Vec::new();
    for k in found {
        if kept.len() < NAMED && kept.iter().all(|other| (delta.r[*other] - delta.r[k]).abs() >= APART) {
            kept.push(k);
        }
    }
    kept.sort_unstable();
    kept.into_iter().map(|k| (delta.r[k], delta.delta[k], delta.sigma.get(k).copied())).collect()
}

/// Columns r (Å), ΔG, its uncertainty (0 where it is not known), and both curves as they were subtracted (1/Å²).
pub fn delta_columns(delta: &Delta) -> String {
    let [first, second] = &delta.names;
    let label = if delta.label.is_empty() { String::new() } else { format!(" ({})", delta.label) };
    let mut text = format!("# corefine {}: {first} minus {second}{label}\n", super::VERSION);
    for line in delta_lines(delta).into_iter().skip(1).chain(delta.warnings.iter().map(|w| format!("warning: {w}"))) {
        text.extend(["# ", &line, "\n"]);
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# scale = {}\n# stretch = {}\n# smear = {}", delta.scale.0, delta.stretch.0, delta.smear.0);
    text.push_str("# DeltaG(r) is first - second in 1/A^2, r in A; the second is stretched, smeared and scaled\n");
    text.push_str("# r DeltaG dDeltaG Gfirst Gsecond\n");
    for (k, r) in delta.r.iter().enumerate() {
        let sigma = delta.sigma.get(k).copied().unwrap_or(0.0);
        let _ =
            writeln!(text, "{r:.6} {:.9e} {sigma:.6e} {:.9e} {:.9e}", delta.delta[k], delta.first[k], delta.second[k]);
    }
    text
}

/// The names of the files without their folders, where that tells them apart.
fn short(names: &[String; 2]) -> [String; 2] {
    let bare = |name: &String| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
    let [first, second] = [bare(&names[0]), bare(&names[1])];
    if first == second { names.clone() } else { [first, second] }
}

/// Both curves and the difference below them, as a page that needs nothing else.
pub fn delta_html(delta: &Delta) -> String {
    let delta = &Delta { names: short(&delta.names), ..delta.clone() };
    let peak = |(r, height, sigma): (f64, f64, Option<f64>)| Peak {
        r: decimals(r, 2),
        height: typeset(&esd::short(height, sigma)),
        ratio: sigma.filter(|sigma| *sigma > 0.0).map_or_else(String::new, |sigma| decimals((height / sigma).abs(), 1)),
    };
    let page = Page {
        title: format!("{} minus {}", delta.names[0], delta.names[1]),
        delta,
        sentences: delta_lines(delta).into_iter().filter(|line| !line.starts_with("ΔG(")).collect(),
        figure: figure(delta),
        peaks: extremes(delta).into_iter().map(peak).collect(),
    };
    rendered(&page)
}

/// The second curve as it is drawn: `0.950 × pristine.gr, smeared`.
fn drawn(delta: &Delta) -> String {
    let mut name = delta.names[1].clone();
    if delta.window.is_some() {
        name = format!("{} × {name}", decimals(delta.scale.0, 3));
    }
    for (word, (value, _)) in [(", stretched", delta.stretch), (", smeared", delta.smear)] {
        if value != 0.0 {
            name.push_str(word);
        }
    }
    name
}

fn figure(delta: &Delta) -> String {
    let (low, top) = padded(extent(delta.first.iter().chain(&delta.second)), 0.05);
    // Room for the words at the window.
    let high = if delta.window.is_some() { top + 0.08 * (top - low) } else { top };
    let (below, above) = extent(&delta.delta).unwrap_or((0.0, 0.0));
    let zero = low - above;
    let mut y = Axis::g((zero + below - 0.05 * (high - low), high));
    y.floor = low;
    let [first, second] = &delta.names;
    let mut series = vec![
        Series::line(first.clone(), "calc", delta.first.clone()),
        Series::line(drawn(delta), "obs", delta.second.clone()),
    ];
    if !delta.sigma.is_empty() {
        let edge = |sign: f64| -> Vec<f64> {
            delta.delta.iter().zip(&delta.sigma).map(|(d, sigma)| d + zero + sign * 2.0 * sigma).collect()
        };
        series.push(Series::band("± 2 σ", "band50", edge(-1.0), edge(1.0)));
    }
    series.push(Series::line("ΔG, the first minus the second", "diff", delta.delta.clone()).shifted(zero));
    let ends = delta.window.map(|(from, to)| [(from, ""), (to, "scaled here")]);
    let window =
        ends.into_iter().flatten().map(|(x, text)| Mark::Vertical { x, text: text.to_owned(), class: "cutoff" });
    let figure = Figure {
        id: "delta".to_owned(),
        title: format!("G(r) of {first} and {second}, and their difference"),
        description: "Both curves as lines, their difference below with its own zero line and its uncertainty."
            .to_owned(),
        size: Size::Wide,
        x: Axis::r(padded(extent(&delta.r), 0.0)),
        y,
        grids: vec![delta.r.clone()],
        series,
        marks: std::iter::once(Mark::Horizontal { y: zero, class: "zero" }).chain(window).collect(),
        stamp: delta.label.clone(),
        link: "r".to_owned(),
    };
    draw::figure(&figure)
}
