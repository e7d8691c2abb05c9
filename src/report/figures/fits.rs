//! Curves, what was calculated for them, and how two of them differ.

use super::category;
use crate::interpolate::linear;
use crate::outcome::DataResult;
use crate::report::plot::{Axis, AxisKind, Figure, Mark, Series, Size, draw, extent, padded};
use crate::report::tables::dashed;

/// A measured curve, and what was calculated for it.
struct Compared<'a> {
    title: String,
    /// `G(r)`: what is compared.
    name: &'a str,
    x: Axis,
    /// With any range.
    y: Axis,
    at: &'a [f64],
    observed: &'a [f64],
    calculated: &'a [f64],
    stamp: &'a str,
    link: &'a str,
}

/// G(r) as measured and as calculated.
pub(crate) fn fit(id: &str, data: &DataResult, link: &str) -> String {
    let compared = Compared {
        title: format!("Fit of {}", data.file),
        name: "G(r)",
        x: Axis::r(padded(extent(&data.r), 0.0)),
        y: Axis::g((0.0, 1.0)),
        at: &data.r,
        observed: &data.gobs,
        calculated: &data.gcalc,
        stamp: &data.label,
        link,
    };
    compared.figure(id)
}

/// The same of what was compared in Q; empty where nothing was.
pub(crate) fn fit_in_q(id: &str, data: &DataResult) -> String {
    let Some(seen) = &data.in_q else { return String::new() };
    let unit = if seen.unit.is_empty() { "" } else { "Å⁻¹" };
    let compared = Compared {
        title: format!("Fit of {} in Q", data.file),
        name: seen.name,
        x: Axis::new("Q", "Å⁻¹", padded(extent(&seen.q), 0.0), AxisKind::Linear),
        y: Axis::new(seen.name, unit, (0.0, 1.0), AxisKind::Linear),
        at: &seen.q,
        observed: &seen.observed,
        calculated: &seen.calculated,
        stamp: &data.label,
        link: "Q",
    };
    compared.figure(id)
}

impl Compared<'_> {
    /// Observed as circles, calculated as a line, their difference below with its own zero line.
    fn figure(self, id: &str) -> String {
        let difference: Vec<f64> = self.observed.iter().zip(self.calculated).map(|(obs, calc)| obs - calc).collect();
        let (low, high) = padded(extent(self.observed.iter().chain(self.calculated)), 0.05);
        let (below, above) = extent(&difference).unwrap_or((0.0, 0.0));
        let zero = low - above;
        let range = (zero + below - 0.05 * (high - low), high);
        draw::figure(&Figure {
            id: id.to_owned(),
            title: self.title,
            description: format!(
                "Observed {} as open circles, calculated as a line, their difference below.",
                self.name
            ),
            size: Size::Wide,
            x: self.x,
            y: Axis { range, floor: low, ..self.y },
            grids: vec![self.at.to_vec()],
            series: vec![
                Series::points("observed", "obs", self.observed.to_vec()),
                Series::line("calculated", "calc", self.calculated.to_vec()),
                Series::line("difference", "diff", difference).shifted(zero),
            ],
            marks: vec![Mark::Horizontal { y: zero, class: "zero" }],
            stamp: self.stamp.to_owned(),
            link: self.link.to_owned(),
        })
    }
}

/// The calculated curve and its parts by pair of elements; empty where there are none.
pub(crate) fn partials(id: &str, data: &DataResult, link: &str) -> String {
    if data.partials.is_empty() {
        return String::new();
    }
    let parts = data.partials.iter().enumerate();
    let lines = parts.map(|(i, (pair, curve))| Series::line(dashed(pair), category(i), curve.clone()));
    let whole = Series::line("all pairs", "calc thin", data.gcalc.clone());
    let every = data.partials.iter().flat_map(|(_, curve)| curve).chain(&data.gcalc);
    let figure = Figure {
        id: id.to_owned(),
        title: format!("Parts of the calculated curve by pair of elements, {}", data.file),
        description: "The calculated G(r) and, one line each, what every pair of elements adds to it.".to_owned(),
        size: Size::Wide,
        x: Axis::r(padded(extent(&data.r), 0.0)),
        y: Axis::g(padded(extent(every), 0.05)),
        grids: vec![data.r.clone()],
        series: std::iter::once(whole).chain(lines).collect(),
        marks: vec![Mark::Horizontal { y: 0.0, class: "zero" }],
        stamp: data.label.clone(),
        link: link.to_owned(),
    };
    draw::figure(&figure)
}

/// The observed and calculated differences between two fits, on the grid of the first.
pub(crate) fn change(id: &str, name: &str, first: &DataResult, second: &DataResult) -> Option<String> {
    let on_first = |curve: &[f64]| -> Vec<f64> { first.r.iter().map(|r| interpolated(&second.r, curve, *r)).collect() };
    let minus = |a: Vec<f64>, b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let observed = minus(on_first(&second.gobs), &first.gobs);
    let calculated = minus(on_first(&second.gcalc), &first.gcalc);
    let range = extent(observed.iter().chain(&calculated))?;
    let mut y = Axis::g(padded(Some(range), 0.08));
    (y.label, y.name) = ("ΔG(r) (Å⁻²)".to_owned(), "ΔG(r)".to_owned());
    let figure = Figure {
        id: id.to_owned(),
        title: format!("ΔG(r), {name}"),
        description: "Difference of the two observed curves as circles, of the two calculated ones as a line."
            .to_owned(),
        size: Size::Low,
        x: Axis::r(padded(extent(&first.r), 0.0)),
        y,
        grids: vec![first.r.clone()],
        series: vec![Series::points("observed", "obs", observed), Series::line("calculated", "calc", calculated)],
        marks: vec![Mark::Horizontal { y: 0.0, class: "zero" }],
        stamp: both(&first.label, &second.label),
        link: "r".to_owned(),
    };
    Some(draw::figure(&figure))
}

/// Two labels as one: a difference inherits both.
fn both(first: &str, second: &str) -> String {
    match (first, second) {
        (one, other) if one == other || other.is_empty() => one.to_owned(),
        ("", other) => other.to_owned(),
        (one, other) => format!("{one}, {other}"),
    }
}

/// The curve at `r` on the straight line between its neighbours; NaN outside.
fn interpolated(grid: &[f64], curve: &[f64], r: f64) -> f64 {
    const SLACK: f64 = 1e-9;
    match grid {
        [first, .., last] if (first - SLACK..=last + SLACK).contains(&r) => linear(grid, curve, r),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_is_linear_inside_and_absent_outside() {
        let (grid, curve) = ([1.0, 2.0, 3.0], [0.0, 10.0, 0.0]);
        assert!((interpolated(&grid, &curve, 1.25) - 2.5).abs() < 1e-12);
        assert!(interpolated(&grid, &curve, 3.0).abs() < 1e-12);
        assert!(interpolated(&grid, &curve, 0.5).is_nan());
        assert!(interpolated(&grid, &curve, 3.5).is_nan());
        assert!(interpolated(&[], &[], 3.5).is_nan());
    }
}
