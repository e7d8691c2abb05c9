//! `result.json`, `msd.csv` and `report.html` of mean square displacements.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;

use super::csv::field;
use super::esd;
use super::figures::category;
use super::page::{named_warnings, rendered, versioned};
use super::plot::ticks::typeset;
use super::plot::{Axis, AxisKind, Figure, Mark, Series, Size, draw, extent, padded, padded_log};
use super::tables::decimals;
use crate::msd::{Arrhenius, BOLTZMANN, Line, MsdResult};
use crate::outcome::InputFile;

/// 1 Å²/ps in cm²/s.
pub(crate) const CM2_PER_S: f64 = 1e-4;

/// `result.json`: `version`, `inputs[]` with the fields of [`InputFile`], `trajectories[]` with the fields of [`MsdResult`], `arrhenius` with those of [`Arrhenius`] or `null`.
///
/// Times in ps, displacements in Å², D in Å²/ps (10⁻⁴ cm²/s), energies in eV.
pub fn msd_json(results: &[MsdResult], arrhenius: Option<&Arrhenius>, inputs: &[InputFile]) -> String {
    #[derive(Serialize)]
    struct Found<'a> {
        inputs: &'a [InputFile],
        trajectories: &'a [MsdResult],
        arrhenius: Option<&'a Arrhenius>,
    }
    versioned(&Found { inputs, trajectories: results, arrhenius })
}

/// `msd.csv`: for each trajectory t (ps), the MSD, its standard uncertainty, and the parts along x, y and z (Å²), one trajectory after
/// the other.
pub fn msd_csv(results: &[MsdResult]) -> String {
    let mut text = String::from("trajectory,t,msd,esd,x,y,z\n");
    for result in results {
        for (k, t) in result.time.iter().enumerate() {
            let esd = result.esd.get(k).map_or_else(String::new, |esd| format!("{esd:.4e}"));
            let [x, y, z] = result.axes.each_ref().map(|axis| axis[k]);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{},{t:.9},{:.9e},{esd},{x:.9e},{y:.9e},{z:.9e}",
                field(&result.trajectory),
                result.msd[k]
            );
        }
    }
    text
}

/// What is said on the terminal: a line for each trajectory, and the activation energy.
pub fn msd_lines(results: &[MsdResult], arrhenius: Option<&Arrhenius>) -> Vec<String> {
    let line = |result: &MsdResult| {
        format!(
            "{}: D({}) = {} cm²/s from {:.3} to {:.3} ps; {} atoms, {} frames of {} ps",
            result.trajectory,
            result.element,
            diffusivity(&result.line),
            result.line.window[0],
            result.line.window[1],
            result.atoms,
            result.frames,
            esd::plain(result.step)
        )
    };
    results.iter().map(line).chain(arrhenius.map(energy)).collect()
}

/// `1.38(10)e-5`, in cm²/s.
pub(crate) fn diffusivity(line: &Line) -> String {
    let power = power(line);
    let factor = CM2_PER_S / 10_f64.powi(power);
    format!("{}e{power}", esd::short(factor * line.diffusivity, Some(factor * line.esd)))
}

/// The power of ten of D in cm²/s.
fn power(line: &Line) -> i32 {
    let size = (CM2_PER_S * line.diffusivity.abs().max(line.esd)).log10();
    if size.is_finite() { size.floor() as i32 } else { 0 }
}

fn energy(found: &Arrhenius) -> String {
    format!("activation energy {} eV", esd::short(found.energy, Some(found.energy_esd)))
}

#[derive(Template)]
#[template(path = "msd.html")]
struct Page<'a> {
    title: String,
    answer: Vec<String>,
    results: &'a [MsdResult],
    warnings: Vec<String>,
    rows: Vec<Row<'a>>,
    plain: String,
    log: String,
    axes: String,
    arrhenius: Option<String>,
}

struct Row<'a> {
    trajectory: &'a str,
    cells: [String; 9],
}

/// Mean square displacements as a page that needs nothing else.
pub fn msd_html(results: &[MsdResult], arrhenius: Option<&Arrhenius>) -> String {
    let element = results.first().map_or(String::new(), |first| first.element.to_string());
    let page = Page {
        title: format!("Mean square displacement of {element}"),
        answer: msd_lines(results, arrhenius).iter().map(|line| typeset(line)).collect(),
        results,
        warnings: results.iter().flat_map(|result| named_warnings(&result.trajectory, &result.warnings)).collect(),
        rows: results.iter().map(row).collect(),
        plain: figure("msd", results, AxisKind::Linear),
        log: figure("msd-log", results, AxisKind::Log),
        axes: axes(&results[..results.len().min(1)]),
        arrhenius: arrhenius.map(|found| arrhenius_figure(results, found)),
    };
    rendered(&page)
}

fn row(result: &MsdResult) -> Row<'_> {
    let axes = result.axis_lines.each_ref().map(|line| typeset(&diffusivity(line)));
    let [x, y, z] = axes;
    let power = power(&result.line);
    let ends = result.line.interval90.map(|d| decimals(CM2_PER_S * d / 10_f64.powi(power), 2));
    let low_high = format!("{}e{power} to {}e{power}", ends[0], ends[1]);
    let cells = [
        result.temperature.map_or("–".to_owned(), |kelvin| decimals(kelvin, 0)),
        typeset(&diffusivity(&result.line)),
        typeset(&low_high),
        x,
        y,
        z,
        decimals(result.line.intercept, 3),
        decimals(result.exponent, 2),
        decimals(result.line.excess, 2),
    ];
    Row { trajectory: &result.trajectory, cells }
}

/// The MSD of all trajectories with their lines, and the window of the fit.
pub(crate) fn figure(id: &str, results: &[MsdResult], kind: AxisKind) -> String {
    let (mut series, mut grids) = (Vec::new(), Vec::new());
    let shown = |result: &MsdResult| thinned(usize::from(kind == AxisKind::Log), result);
    for (i, result) in results.iter().enumerate() {
        let picked = shown(result);
        let pick = |values: &[f64]| picked.iter().map(|k| values[*k]).collect::<Vec<_>>();
        let (time, msd) = (pick(&result.time), pick(&result.msd));
        if results.len() == 1 && !result.esd.is_empty() {
            series.push(Series::uncertainty(&msd, &pick(&result.esd)).on_grid(2 * i));
        }
        let name = if results.len() > 1 { result.trajectory.clone() } else { "MSD".to_owned() };
        series.push(Series::line(name, category(i), msd).on_grid(2 * i));
        let ends = line_times(result);
        let line = ends.iter().map(|t| result.line.at(*t, 3.0)).collect();
        let name = if results.len() > 1 { String::new() } else { "c + 6 D t".to_owned() };
        series.push(Series::line(name, if results.len() > 1 { "c7 dash" } else { "calc" }, line).on_grid(2 * i + 1));
        grids.extend([time, ends]);
    }
    let (x, y) = ranges(results, &series, &grids, kind);
    draw::figure(&Figure {
        id: id.to_owned(),
        title: "Mean square displacement".to_owned(),
        description: "Mean square displacement against time, with the fitted line and the window of the fit."
            .to_owned(),
        size: Size::Wide,
        x: Axis::new("t", "ps", x, kind),
        y: Axis::new("MSD", "Å²", y, kind),
        grids,
        series,
        marks: window(results),
        stamp: String::new(),
        link: String::new(),
    })
}

/// Where the fit begins and ends, if it does so in all of them at the same times; the lines show it as well.
fn window(results: &[MsdResult]) -> Vec<Mark> {
    let mut windows = results.iter().map(|result| result.line.window);
    let Some([from, to]) = windows.next() else { return Vec::new() };
    if windows.any(|other| other != [from, to]) {
        return Vec::new();
    }
    let mark = |x: f64, text: &str| Mark::Vertical { x, text: text.to_owned(), class: "cutoff" };
    vec![mark(from, "fit from"), mark(to, "to")]
}

fn ranges(results: &[MsdResult], series: &[Series], grids: &[Vec<f64>], kind: AxisKind) -> ((f64, f64), (f64, f64)) {
    if kind == AxisKind::Log {
        let all = |values: &mut dyn Iterator<Item = f64>| padded_log(&values.collect::<Vec<_>>());
        let time = all(&mut grids.iter().step_by(2).flatten().copied());
        return (time, all(&mut results.iter().flat_map(|result| result.msd.iter().copied())));
    }
    let last = grids.iter().flatten().copied().fold(0.0, f64::max);
    let highest = extent(series.iter().flat_map(|one| &one.y)).map_or(1.0, |(_, high)| high);
    ((0.0, last), (0.0, 1.05 * highest))
}

/// Where a line is drawn: its window.
fn line_times(result: &MsdResult) -> Vec<f64> {
    let [from, to] = result.line.window;
    (0..=20).map(|k| from + f64::from(k) / 20.0 * (to - from)).collect()
}

/// So many points are enough for any eye.
const DRAWN: usize = 800;

/// Lags that are drawn, from `first` on; the last tenth has so few beginnings that it says nothing.
fn thinned(first: usize, result: &MsdResult) -> Vec<usize> {
    let end = (result.frames * 9).div_ceil(10);
    let step = end.div_ceil(DRAWN);
    (first..end).step_by(step).collect()
}

/// The parts along x, y and z of one trajectory.
fn axes(results: &[MsdResult]) -> String {
    let Some(result) = results.first() else { return String::new() };
    let picked = thinned(0, result);
    let pick = |values: &[f64]| picked.iter().map(|k| values[*k]).collect::<Vec<_>>();
    let series: Vec<Series> = ["x", "y", "z"]
        .iter()
        .zip(&result.axes)
        .enumerate()
        .map(|(k, (name, axis))| Series::line(*name, category(k), pick(axis)))
        .collect();
    let highest = extent(series.iter().flat_map(|one| &one.y)).map_or(1.0, |(_, high)| high);
    let time = pick(&result.time);
    draw::figure(&Figure {
        id: "msd-axes".to_owned(),
        title: "Mean square displacement along the axes".to_owned(),
        description: "The parts of the mean square displacement along x, y and z.".to_owned(),
        size: Size::Low,
        x: Axis::new("t", "ps", (0.0, time.last().copied().unwrap_or(1.0)), AxisKind::Linear),
        y: Axis::new("MSD", "Å²", (0.0, 1.05 * highest), AxisKind::Linear),
        grids: vec![time],
        series,
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    })
}

/// ln D against 1000/T with the line.
fn arrhenius_figure(results: &[MsdResult], found: &Arrhenius) -> String {
    let known: Vec<(f64, &Line)> =
        results.iter().filter_map(|one| Some((1000.0 / one.temperature?, &one.line))).collect();
    let x: Vec<f64> = known.iter().map(|(x, _)| *x).collect();
    let y: Vec<f64> = known.iter().map(|(_, line)| line.diffusivity.ln()).collect();
    let range = padded(extent(&x), 0.08);
    let ends = vec![range.0, range.1];
    let line = ends.iter().map(|x| found.ln_prefactor - found.energy * x / (1000.0 * BOLTZMANN)).collect();
    let (low, high): (Vec<f64>, Vec<f64>) = known
        .iter()
        .map(|(_, line)| (line.diffusivity - line.esd, line.diffusivity + line.esd))
        .map(|(a, b)| (a.max(1e-12).ln(), b.ln()))
        .unzip();
    let heights = padded(extent(low.iter().chain(&high)), 0.15);
    let points = Series::points("D", "calc-dots", y).on_grid(0);
    draw::figure(&Figure {
        id: "arrhenius".to_owned(),
        title: "Arrhenius plot".to_owned(),
        description: "ln D against 1000/T with the fitted line.".to_owned(),
        size: Size::Low,
        x: Axis::new("1000/T", "1/K", range, AxisKind::Linear),
        y: Axis::new("ln D", "D in Å²/ps", heights, AxisKind::Linear),
        grids: vec![x, ends],
        series: vec![Series::line("ln D0 - Ea/kT", "calc", line).on_grid(1), points],
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    })
}
