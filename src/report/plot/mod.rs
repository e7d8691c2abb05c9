//! Plots as inline SVG: static without a script, answering to the mouse with `templates/plot.js`.
//!
//! A [`Figure`] says what is drawn in the units of the data; [`draw`] turns it into pixels, and sends the same numbers
//! along as JSON, from which the script draws again when the reader zooms.

pub(crate) mod draw;
pub(crate) mod heat;
pub(crate) mod ticks;

use serde::Serialize;

/// One plot with its axes, curves and marks.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// Unique in the page; the panel's `id`.
    pub id: String,
    /// What a reader who sees nothing is told first.
    pub title: String,
    /// And then.
    pub description: String,
    pub size: Size,
    pub x: Axis,
    pub y: Axis,
    /// Abscissae, shared by series.
    pub grids: Vec<Vec<f64>>,
    pub series: Vec<Series>,
    pub marks: Vec<Mark>,
    /// Must stand in the picture: `synthetic`.
    pub stamp: String,
    /// Figures of one link zoom together; empty for none.
    pub link: String,
}

/// How large a figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    /// Across the page, and high enough for many curves.
    Tall,
    /// Across the page.
    Wide,
    /// Across the page, but lower.
    Low,
    /// Two in a row.
    Half,
}

/// An axis and its range.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// `r (Å)`.
    pub label: String,
    /// `r`: how the value is called when it is read off.
    pub name: String,
    /// `Å`.
    pub unit: String,
    pub range: (f64, f64),
    pub kind: AxisKind,
    /// No numbers are written below this value: there lies a shifted curve, which the axis does not measure.
    pub floor: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AxisKind {
    Linear,
    /// Ticks at whole numbers only.
    Count,
    Log,
}

/// A curve, points, or bars.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Empty for what only accompanies another series.
    pub name: String,
    pub shape: Shape,
    /// Its colours, in the style sheet.
    pub class: String,
    /// Index of its abscissae among the figure's grids.
    pub grid: usize,
    pub y: Vec<f64>,
    /// Drawn at `y + offset`, read off as `y`.
    pub offset: f64,
}

/// How a series is drawn.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Line,
    /// Open circles of this radius, in pixels.
    Points(f64),
    /// Bars from the abscissa to `to`, standing on `base`.
    Bars {
        to: Vec<f64>,
        base: Vec<f64>,
    },
    /// The contour of such bars.
    Outline {
        to: Vec<f64>,
    },
    /// A line from `base` up to the value in the middle between the abscissa and `to`, with caps of this half width, in pixels.
    Whiskers {
        to: Vec<f64>,
        base: Vec<f64>,
        cap: f64,
    },
    /// The area between `base` and the values.
    Band {
        base: Vec<f64>,
    },
}

/// A straight line across the plot, with words, or words alone.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    Vertical {
        x: f64,
        text: String,
        class: &'static str,
    },
    Horizontal {
        y: f64,
        class: &'static str,
    },
    /// Words at the right end, above this height.
    Words {
        y: f64,
        text: String,
    },
}

impl Figure {
    /// One curve needs no legend: the axis names it.
    pub(crate) fn has_legend(&self) -> bool {
        self.series.iter().filter(|series| !series.name.is_empty()).count() > 1
    }
}

impl Axis {
    pub(crate) fn new(name: &str, unit: &str, range: (f64, f64), kind: AxisKind) -> Self {
        let label = if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
        Self { label, name: name.to_owned(), unit: unit.to_owned(), range, kind, floor: f64::NEG_INFINITY }
    }

    /// The distance axis.
    pub(crate) fn r(range: (f64, f64)) -> Self {
        Self::new("r", "Å", range, AxisKind::Linear)
    }

    /// The axis of the reduced pair distribution function.
    pub(crate) fn g(range: (f64, f64)) -> Self {
        let mut axis = Self::new("G(r)", "Å⁻²", range, AxisKind::Linear);
        axis.unit.clear();
        axis
    }
}

impl Series {
    pub(crate) fn line(name: impl Into<String>, class: impl Into<String>, y: Vec<f64>) -> Self {
        Self { name: name.into(), shape: Shape::Line, class: class.into(), grid: 0, y, offset: 0.0 }
    }

    pub(crate) fn points(name: impl Into<String>, class: impl Into<String>, y: Vec<f64>) -> Self {
        // Many points in one width would merge into a band.
        let radius = if y.len() <= 500 { 2.8 } else { 1.8 };
        Self { shape: Shape::Points(radius), ..Self::line(name, class, y) }
    }

    /// The area from `low` to `high`.
    pub(crate) fn band(name: impl Into<String>, class: impl Into<String>, low: Vec<f64>, high: Vec<f64>) -> Self {
        Self { shape: Shape::Band { base: low }, ..Self::line(name, class, high) }
    }

    /// The band of a quantity that cannot be negative.
    pub(crate) fn uncertainty(values: &[f64], esd: &[f64]) -> Self {
        let edge = |sign: f64| values.iter().zip(esd).map(|(value, esd)| (value + sign * esd).max(0.0)).collect();
        Self::band("± 1 standard uncertainty", "band50", edge(-1.0), edge(1.0))
    }

    pub(crate) fn shifted(self, offset: f64) -> Self {
        Self { offset, ..self }
    }

    pub(crate) fn on_grid(self, grid: usize) -> Self {
        Self { grid, ..self }
    }
}

/// Smallest and largest of the finite values; `None` without any.
pub(crate) fn extent<'a>(values: impl IntoIterator<Item = &'a f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |range, &v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

/// The extent widened by a fraction at both ends, and never empty.
pub(crate) fn padded(extent: Option<(f64, f64)>, fraction: f64) -> (f64, f64) {
    let (low, high) = extent.unwrap_or((0.0, 1.0));
    let pad = if high > low { fraction * (high - low) } else { low.abs().max(1.0) * 0.5 };
    (low - pad, high + pad)
}

/// The extent of a logarithmic axis: positive values only, a little room at both ends.
pub(crate) fn padded_log(values: &[f64]) -> (f64, f64) {
    let positive: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).collect();
    let (low, high) = extent(&positive).unwrap_or((0.1, 1.0));
    let room = (high / low).powf(0.06).max(1.1);
    (low / room, high * room)
}
