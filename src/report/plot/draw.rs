//! From the units of the data to pixels.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;

use super::ticks::{self, Tick};
use super::{Axis, AxisKind, Figure, Mark, Series, Shape, Size};
use crate::report::page::rendered;

/// A figure in pixels, as the template writes it.
#[derive(Template)]
#[template(path = "plot.html")]
struct Plot<'a> {
    figure: &'a Figure,
    frame: Frame,
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
    paths: Vec<String>,
    verticals: Vec<Vertical<'a>>,
    horizontals: Vec<(f64, &'static str)>,
    words: Vec<(f64, &'a str)>,
    data: String,
}

struct Vertical<'a> {
    x: f64,
    at: f64,
    text: &'a str,
    class: &'static str,
    /// The words stand left of the line where there is no room to its right.
    anchor: &'static str,
    shift: f64,
    /// Height of the words: below the stamp, where a half-width picture has one.
    height: f64,
}

/// The plot's rectangle inside the picture, pixels.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Frame {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// About how many ticks the x axis carries.
    pub ticks: usize,
}

/// What the script needs to draw the figure again.
#[derive(Serialize)]
struct Data<'a> {
    frame: Frame,
    x: AxisData<'a>,
    y: AxisData<'a>,
    grids: Vec<Vec<f64>>,
    series: Vec<SeriesData<'a>>,
    link: &'a str,
}

#[derive(Serialize)]
struct AxisData<'a> {
    name: &'a str,
    unit: &'a str,
    range: (f64, f64),
    kind: AxisKind,
}

#[derive(Serialize)]
struct SeriesData<'a> {
    name: &'a str,
    shape: &'static str,
    radius: f64,
    grid: usize,
    offset: f64,
    y: Vec<f64>,
    to: Vec<f64>,
    base: Vec<f64>,
}

/// The figure as HTML: legend, SVG, and the data for the script.
pub(crate) fn figure(figure: &Figure) -> String {
    let frame = Frame::of(figure.size);
    let place = Place { frame, x: &figure.x, y: &figure.y };
    let plot = Plot {
        figure,
        frame,
        x_ticks: x_ticks(&place),
        y_ticks: y_ticks(&place),
        paths: figure.series.iter().map(|series| path(series, figure, &place)).collect(),
        verticals: figure.marks.iter().filter_map(|mark| vertical(mark, figure, &place)).collect(),
        horizontals: figure.marks.iter().filter_map(|mark| horizontal(mark, &place)).collect(),
        words: figure.marks.iter().filter_map(|mark| words(mark, &place)).collect(),
        data: data(figure, frame),
    };
    rendered(&plot)
}

impl Frame {
    fn of(size: Size) -> Self {
        let (width, height, ticks) = match size {
            Size::Tall => (1000.0, 760.0, 15),
            Size::Wide => (1000.0, 420.0, 15),
            Size::Low => (1000.0, 320.0, 15),
            Size::Half => (490.0, 320.0, 7),
        };
        Self { width, height, left: 64.0, right: width - 12.0, top: 14.0, bottom: height - 46.0, ticks }
    }

    fn mid_x(&self) -> f64 {
        f64::midpoint(self.left, self.right)
    }

    fn mid_y(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }

    fn inner_width(&self) -> f64 {
        self.right - self.left
    }

    fn inner_height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Where a value lies in the picture.
struct Place<'a> {
    frame: Frame,
    x: &'a Axis,
    y: &'a Axis,
}

impl Place<'_> {
    fn x(&self, value: f64) -> f64 {
        self.frame.left + share(value, self.x) * (self.frame.right - self.frame.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.frame.bottom - share(value, self.y) * (self.frame.bottom - self.frame.top)
    }
}

/// Tenths of a pixel are fine enough, and short to write.
pub(crate) fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// How far along the axis a value lies, 0 to 1.
fn share(value: f64, axis: &Axis) -> f64 {
    let (low, high) = axis.range;
    match axis.kind {
        AxisKind::Log => (value.ln() - low.ln()) / (high.ln() - low.ln()),
        AxisKind::Linear | AxisKind::Count => (value - low) / (high - low),
    }
}

fn axis_ticks(axis: &Axis, wanted: usize) -> Vec<Tick> {
    let (low, high) = axis.range;
    match axis.kind {
        AxisKind::Log => match ticks::logarithmic(low, high) {
            // A range too short to hold two of them is nearly linear anyway.
            few if few.len() < 2 => ticks::linear(low, high, wanted, false),
            decades => decades,
        },
        kind => ticks::linear(low, high, wanted, kind == AxisKind::Count),
    }
}

fn x_ticks(place: &Place) -> Vec<(f64, String)> {
    axis_ticks(place.x, place.frame.ticks).into_iter().map(|tick| (tenth(place.x(tick.at)), tick.text)).collect()
}

fn y_ticks(place: &Place) -> Vec<(f64, String)> {
    let wanted = (place.frame.inner_height() / 50.0) as usize;
    let shown = |tick: &Tick| tick.at >= place.y.floor;
    axis_ticks(place.y, wanted).into_iter().filter(shown).map(|tick| (tenth(place.y(tick.at)), tick.text)).collect()
}

fn vertical<'a>(mark: &'a Mark, figure: &Figure, place: &Place) -> Option<Vertical<'a>> {
    let Mark::Vertical { x, text, class } = mark else { return None };
    let at = tenth(place.x(*x));
    let crowded = at > place.frame.left + 0.7 * place.frame.inner_width();
    let (anchor, shift) = if crowded { ("end", -6.0) } else { ("start", 6.0) };
    let height = place.frame.top + if figure.stamp.is_empty() || figure.size != Size::Half { 15.0 } else { 40.0 };
    at.is_finite().then_some(Vertical { x: *x, at, text, class, anchor, shift, height })
}

fn horizontal(mark: &Mark, place: &Place) -> Option<(f64, &'static str)> {
    let Mark::Horizontal { y, class } = mark else { return None };
    let at = tenth(place.y(*y));
    at.is_finite().then_some((at, *class))
}

fn words<'a>(mark: &'a Mark, place: &Place) -> Option<(f64, &'a str)> {
    /// Pixels between the words and the height that they stand at.
    const ABOVE: f64 = 4.0;
    let Mark::Words { y, text } = mark else { return None };
    let at = tenth(place.y(*y) - ABOVE);
    at.is_finite().then_some((at, text.as_str()))
}

/// The `d` of a series' path.
fn path(series: &Series, figure: &Figure, place: &Place) -> String {
    let x = figure.grids.get(series.grid).map_or(&[][..], Vec::as_slice);
    let points = x.iter().zip(&series.y).map(|(&x, &y)| (place.x(x), place.y(y + series.offset)));
    match &series.shape {
        Shape::Line => line(points),
        Shape::Points(radius) => circles(points, *radius),
        Shape::Bars { to, base } => bars(x, to, base, &series.y, place),
        Shape::Outline { to } => outline(x, to, &series.y, place),
        Shape::Whiskers { to, base, cap } => whiskers(x, to, (base, &series.y), *cap, place),
        Shape::Band { base } => band(x, base, &series.y, place),
    }
}

fn line(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut d = String::new();
    let mut pen = 'M';
    for (x, y) in points {
        if x.is_finite() && y.is_finite() {
            // Writing to a String cannot fail.
            let _ = write!(d, "{pen}{x:.1} {y:.1}");
            pen = 'L';
        } else {
            pen = 'M';
        }
    }
    d
}

fn circles(points: impl Iterator<Item = (f64, f64)>, radius: f64) -> String {
    let mut d = String::new();
    let diameter = 2.0 * radius;
    for (x, y) in points.filter(|(x, y)| x.is_finite() && y.is_finite()) {
        let arc = format!("a{radius} {radius} 0 1 0");
        let _ = write!(d, "M{:.1} {y:.1}{arc} {diameter} 0{arc} -{diameter} 0", x - radius);
    }
    d
}

fn bars(from: &[f64], to: &[f64], base: &[f64], count: &[f64], place: &Place) -> String {
    let mut d = String::new();
    for (((from, to), base), count) in from.iter().zip(to).zip(base).zip(count) {
        let (left, right) = (place.x(*from) + 1.0, place.x(*to) - 1.0);
        let (foot, head) = (place.y(*base), place.y(base + count));
        if *count > 0.0 && [left, right, foot, head].iter().all(|v| v.is_finite()) {
            let _ = write!(d, "M{left:.1} {foot:.1}V{head:.1}H{right:.1}V{foot:.1}Z");
        }
    }
    d
}

fn outline(from: &[f64], to: &[f64], count: &[f64], place: &Place) -> String {
    let steps = from.iter().zip(to).zip(count);
    let corners = steps.flat_map(|((from, to), count)| [(*from, *count), (*to, *count)]);
    let ends = [from.first(), to.last()].map(|x| x.map(|x| (*x, 0.0)));
    let [first, last] = ends;
    line(first.into_iter().chain(corners).chain(last).map(|(x, y)| (place.x(x), place.y(y))))
}

fn whiskers(from: &[f64], to: &[f64], (low, high): (&[f64], &[f64]), cap: f64, place: &Place) -> String {
    let mut d = String::new();
    for (((from, to), low), high) in from.iter().zip(to).zip(low).zip(high) {
        let (x, foot, head) = (place.x(f64::midpoint(*from, *to)), place.y(*low), place.y(*high));
        if *high > 0.0 && [x, foot, head].iter().all(|v| v.is_finite()) {
            // Writing to a String cannot fail.
            let _ = write!(d, "M{x:.1} {foot:.1}V{head:.1}");
            for y in [foot, head] {
                let _ = write!(d, "M{:.1} {y:.1}H{:.1}", x - cap, x + cap);
            }
        }
    }
    d
}

/// Along the upper edge and back along the lower one.
fn band(x: &[f64], low: &[f64], high: &[f64], place: &Place) -> String {
    let there = x.iter().zip(high);
    let back = x.iter().zip(low).rev();
    let d = line(there.chain(back).map(|(x, y)| (place.x(*x), place.y(*y))));
    if d.is_empty() { d } else { d + "Z" }
}

fn data(figure: &Figure, frame: Frame) -> String {
    let data = Data {
        frame,
        x: axis_data(&figure.x),
        y: axis_data(&figure.y),
        grids: figure.grids.iter().map(|grid| rounded(grid)).collect(),
        series: figure.series.iter().map(series_data).collect(),
        link: &figure.link,
    };
    embedded(&data)
}

fn axis_data(axis: &Axis) -> AxisData<'_> {
    AxisData { name: &axis.name, unit: &axis.unit, range: axis.range, kind: axis.kind }
}

fn series_data(series: &Series) -> SeriesData<'_> {
    let (shape, radius, to, base) = match &series.shape {
        Shape::Line => ("line", 0.0, Vec::new(), Vec::new()),
        Shape::Points(radius) => ("points", *radius, Vec::new(), Vec::new()),
        Shape::Bars { to, base } => ("bars", 0.0, rounded(to), rounded(base)),
        Shape::Outline { to } => ("outline", 0.0, rounded(to), Vec::new()),
        Shape::Whiskers { to, base, cap } => ("whiskers", *cap, rounded(to), rounded(base)),
        Shape::Band { base } => ("band", 0.0, Vec::new(), rounded(base)),
    };
    let (name, grid, offset, y) = (&series.name, series.grid, series.offset, rounded(&series.y));
    SeriesData { name, shape, radius, grid, offset, y, to, base }
}

/// Six significant digits: more than a pixel or a reader needs, a third of the page's length.
fn rounded(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| format!("{v:.5e}").parse().unwrap_or(f64::NAN)).collect()
}

/// JSON that may stand inside a `script` element: no `<` that could end it.
pub(crate) fn embedded(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default().replace('<', "\\u003c")
}
