//! `series.html`: the curves over each other, and what was refined against the axis.

use std::collections::BTreeMap;

use askama::Template;

use super::Series;
use crate::report::csv;
use crate::report::page::{distinct, rendered};
use crate::report::plot::{Axis, AxisKind, Figure, Mark, Series as Line, Size, draw, extent, padded};
use crate::report::tables::{coordinate, dashed, decimals, percent};
use crate::series::{Fitted, Frame, Record};

/// More curves over each other cannot be told apart.
const CURVES: usize = 25;
/// Share of the largest curve's height that lies between neighbours.
const SPACE: f64 = 0.45;
/// More pictures of parameters are not looked at; the table has them all.
const PICTURES: usize = 60;
/// Rows that a page shows without being asked.
const ROWS: usize = 40;

#[derive(Template)]
#[template(path = "series.html")]
struct Page<'a> {
    title: &'a str,
    labels: Vec<&'a str>,
    refined: usize,
    open: usize,
    wanted: usize,
    skipped: Vec<(&'a str, &'a str)>,
    warnings: Vec<String>,
    waterfall: String,
    rw: String,
    fractions: Vec<String>,
    means: Vec<String>,
    parameters: Vec<String>,
    coordinates: Vec<String>,
    left_out: usize,
    axis: String,
    rows: Vec<Row<'a>>,
    many: bool,
    made_of: &'a [(String, String)],
}

struct Row<'a> {
    name: &'a str,
    at: String,
    rw: String,
    broken: Vec<String>,
    stop: &'a str,
    good: bool,
}

/// A value with its uncertainty at each refined frame.
struct Course {
    name: String,
    unit: String,
    points: Vec<(f64, f64, Option<f64>)>,
}

/// The page of a series: what was skipped, the curves, Rw, broken fractions and parameters against the axis, and a table.
pub fn series_html(series: &Series) -> String {
    let fitted: Vec<(f64, &Fitted)> = placed(series);
    let labels = distinct(fitted.iter().map(|(_, fitted)| fitted.label.as_str()));
    let stamp = labels.join(", ");
    let draw = |id: String, course: &Course| plot(&id, course, series, &stamp);
    let (coordinates, others): (Vec<Course>, Vec<Course>) =
        parameters(&fitted).into_iter().partition(|course| coordinate(&course.name).is_some());
    let shown = |courses: &[Course], word: &str| -> Vec<String> {
        courses.iter().take(PICTURES).enumerate().map(|(k, course)| draw(format!("{word}-{k}"), course)).collect()
    };
    let rows: Vec<Row> = series.records.iter().map(|record| row(series, record)).collect();
    let page = Page {
        title: series.title,
        refined: fitted.len(),
        open: fitted.iter().filter(|(_, fitted)| !fitted.converged).count(),
        wanted: series.wanted,
        skipped: skipped(series),
        warnings: warnings(&fitted),
        waterfall: waterfall(series, &stamp),
        rw: draw("rw".to_owned(), &course("Rw", "", &fitted, |fitted| Some((fitted.rw, None)))),
        fractions: bonds(&fitted, "broken", "%", |b| (100.0 * b.fraction, b.esd.map(|e| 100.0 * e)), &draw),
        means: bonds(&fitted, "mean length", "Å", |b| (b.mean, b.mean_esd), &draw),
        left_out: [&others, &coordinates].map(|courses| courses.len().saturating_sub(PICTURES)).iter().sum(),
        parameters: shown(&others, "parameter"),
        coordinates: shown(&coordinates, "coordinate"),
        axis: axis_name(series),
        many: rows.len() > ROWS,
        rows,
        made_of: series.made_of,
        labels,
    };
    rendered(&page)
}

fn axis_name(series: &Series) -> String {
    series.columns.get(series.axis).cloned().unwrap_or_default()
}

/// Refined frames with their place on the axis; those without one stand in the table only.
fn placed<'a>(series: &Series<'a>) -> Vec<(f64, &'a Fitted)> {
    let fitted = |record: &&'a Record| Some((series.at(&record.frame).unwrap_or(f64::NAN), record.fitted.as_ref()?));
    series.records.iter().filter_map(fitted).collect()
}

fn skipped<'a>(series: &Series<'a>) -> Vec<(&'a str, &'a str)> {
    let bad = series.records.iter().filter(|record| record.fitted.is_none());
    bad.map(|record| (record.frame.name.as_str(), record.skipped.as_str())).collect()
}

/// Each warning once, with the number of frames that have it.
fn warnings(fitted: &[(f64, &Fitted)]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in fitted.iter().flat_map(|(_, fitted)| &fitted.warnings) {
        *counts.entry(warning).or_default() += 1;
    }
    counts.into_iter().map(|(warning, n)| format!("{warning} ({n} of {} frames)", fitted.len())).collect()
}

fn row<'a>(series: &Series, record: &'a Record) -> Row<'a> {
    let fitted = record.fitted.as_ref();
    let broken = fitted.map_or(&[][..], |fitted| &fitted.bonds);
    let kinds = series.first().map_or(0, |first| first.bonds.len());
    let mut broken: Vec<String> = broken.iter().map(|b| percent(b.fraction, b.esd)).collect();
    broken.resize(kinds, "–".to_owned());
    Row {
        name: &record.frame.name,
        at: at_text(series, &record.frame),
        rw: decimals(fitted.map_or(f64::NAN, |fitted| fitted.rw), 4),
        broken,
        stop: fitted.map_or("skipped", |fitted| fitted.stop.as_str()),
        good: fitted.is_some_and(|fitted| fitted.converged),
    }
}

fn at_text(series: &Series, frame: &Frame) -> String {
    series.at(frame).map_or_else(|| "–".to_owned(), csv::number)
}

fn course(
    name: &str,
    unit: &str,
    fitted: &[(f64, &Fitted)],
    of: impl Fn(&Fitted) -> Option<(f64, Option<f64>)>,
) -> Course {
    let point = |(at, fitted): &(f64, &Fitted)| of(fitted).map(|(value, esd)| (*at, value, esd));
    Course { name: name.to_owned(), unit: unit.to_owned(), points: fitted.iter().filter_map(point).collect() }
}

fn parameters(fitted: &[(f64, &Fitted)]) -> Vec<Course> {
    let first = fitted.first().map_or(&[][..], |(_, first)| &first.parameters);
    let of = |k: usize| move |fitted: &Fitted| fitted.parameters.get(k).map(|p| (p.value, p.esd));
    first.iter().enumerate().map(|(k, p)| course(&p.name, &p.unit, fitted, of(k))).collect()
}

/// A picture for each kind of bonds.
fn bonds(
    fitted: &[(f64, &Fitted)],
    word: &str,
    unit: &str,
    value: impl Fn(&crate::series::Broken) -> (f64, Option<f64>) + Copy,
    draw: &impl Fn(String, &Course) -> String,
) -> Vec<String> {
    let kinds = fitted.first().map_or(&[][..], |(_, first)| &first.bonds);
    let of = |k: usize| move |fitted: &Fitted| fitted.bonds.get(k).map(value);
    let courses =
        kinds.iter().enumerate().map(|(k, b)| course(&format!("{} {word}", dashed(&b.pair)), unit, fitted, of(k)));
    courses.enumerate().map(|(k, course)| draw(format!("{}-{k}", word.replace(' ', "-")), &course)).collect()
}

/// A value against the axis: points, joined in the order of the series, with their uncertainties.
fn plot(id: &str, course: &Course, series: &Series, stamp: &str) -> String {
    let x: Vec<f64> = course.points.iter().map(|point| point.0).collect();
    let y: Vec<f64> = course.points.iter().map(|point| point.1).collect();
    let ends: Vec<f64> = course.points.iter().flat_map(|(_, y, esd)| whisker(*y, *esd)).collect();
    let thrice: Vec<f64> = x.iter().flat_map(|x| [*x; 3]).collect();
    let dots = Line::points(course.name.clone(), "calc-dots", y.clone());
    let figure = Figure {
        id: id.to_owned(),
        title: format!("{} against {}", course.name, axis_name(series)),
        description:
            "A point for each refined frame, joined in the order of the series, with bars of one standard uncertainty."
                .to_owned(),
        size: Size::Half,
        x: Axis::new(&axis_name(series), "", padded(extent(&x), 0.04), AxisKind::Linear),
        y: Axis::new(&course.name, &course.unit, range(&y, &ends), AxisKind::Linear),
        grids: vec![x, thrice],
        series: vec![Line::line("", "calc thin", y), Line::line("", "calc thin", ends).on_grid(1), dots],
        marks: Vec::new(),
        stamp: stamp.to_owned(),
        link: "axis".to_owned(),
    };
    draw::figure(&figure)
}

/// The two ends of a bar, and a gap to the next.
fn whisker(y: f64, esd: Option<f64>) -> [f64; 3] {
    let esd = esd.unwrap_or(f64::NAN);
    [y - esd, y + esd, f64::NAN]
}

/// Values and bars, but no bars that would flatten the values.
fn range(y: &[f64], ends: &[f64]) -> (f64, f64) {
    /// Bars may take so many times the room of the values.
    const MOST: f64 = 4.0;
    let values = padded(extent(y), 0.08);
    let all = padded(extent(y.iter().chain(ends)), 0.08);
    let room = MOST * (values.1 - values.0);
    (all.0.max(values.0 - room), all.1.min(values.1 + room))
}

/// The curves of frames, the first on top, each as far below the one before.
fn waterfall(series: &Series, stamp: &str) -> String {
    let all: Vec<(&Frame, &Fitted)> =
        series.records.iter().filter_map(|record| Some((&record.frame, record.fitted.as_ref()?))).collect();
    let chosen = evenly(&all);
    let Some((_, first)) = chosen.first() else { return String::new() };
    let heights = chosen.iter().filter_map(|(_, fitted)| extent(&wide(&fitted.curve.gobs)));
    let step = SPACE * heights.map(|(low, high)| high - low).fold(0.0, f64::max).max(1e-9);
    let grids: Vec<Vec<f64>> = chosen.iter().map(|(_, fitted)| wide(&fitted.curve.r)).collect();
    let top = extent(&wide(&first.curve.gobs)).unwrap_or((0.0, 1.0));
    let (mut lines, mut marks, mut bottom) = (Vec::new(), Vec::new(), top.0);
    for (k, (frame, fitted)) in chosen.iter().enumerate() {
        let offset = -step * k as f64;
        let (gobs, gcalc) = (wide(&fitted.curve.gobs), wide(&fitted.curve.gcalc));
        bottom = bottom.min(offset + extent(&gobs).map_or(0.0, |(low, _)| low));
        lines.push(Line::line("", "obs", gobs).shifted(offset).on_grid(k));
        lines.push(Line::line("", "calc thin", gcalc).shifted(offset).on_grid(k));
        marks.push(Mark::Words { y: offset, text: at_text(series, frame) });
    }
    let mut y = Axis::g((bottom - 0.1 * step, top.1 + 0.1 * step));
    // The numbers are those of the first curve.
    y.floor = top.0;
    let figure = Figure {
        id: "waterfall".to_owned(),
        title: "Observed and calculated G(r)".to_owned(),
        description: "A pair of curves for each frame, the first on top, each lower than the one before.".to_owned(),
        size: if chosen.len() > 6 { Size::Tall } else { Size::Wide },
        x: Axis::r(extent(grids.iter().flatten()).unwrap_or((0.0, 1.0))),
        y,
        grids,
        series: lines,
        marks,
        stamp: stamp.to_owned(),
        link: String::new(),
    };
    draw::figure(&figure)
}

fn wide(curve: &[f32]) -> Vec<f64> {
    curve.iter().map(|x| f64::from(*x)).collect()
}

/// So many of them as can be told apart, the first and the last among them.
fn evenly<T: Copy>(all: &[T]) -> Vec<T> {
    if all.len() <= CURVES {
        return all.to_vec();
    }
    (0..CURVES).map(|k| all[k * (all.len() - 1) / (CURVES - 1)]).collect()
}
