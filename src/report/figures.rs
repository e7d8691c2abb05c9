//! The pictures of a report, each from the part of the outcome that it shows.

use super::plot::draw;
use super::plot::heat::{self, Heat};
use super::plot::{Axis, AxisKind, Figure, Mark, Series, Shape, Size, extent, padded, padded_log};
use super::tables::{dashed, percent};
use crate::outcome::{Bin, BondResult, DataResult, Determined, IterationRecord};

/// Observed as circles, calculated as a line, their difference below with its own zero line.
pub(crate) fn fit(id: &str, data: &DataResult, link: &str) -> String {
    let difference: Vec<f64> = data.gobs.iter().zip(&data.gcalc).map(|(obs, calc)| obs - calc).collect();
    let (low, high) = padded(extent(data.gobs.iter().chain(&data.gcalc)), 0.05);
    let (below, above) = extent(&difference).unwrap_or((0.0, 0.0));
    let zero = low - above;
    let mut y = Axis::g((zero + below - 0.05 * (high - low), high));
    y.floor = low;
    let figure = Figure {
        id: id.to_owned(),
        title: format!("Fit of {}", data.file),
        description: "Observed G(r) as open circles, calculated as a line, their difference below.".to_owned(),
        size: Size::Wide,
        x: Axis::r(padded(extent(&data.r), 0.0)),
        y,
        grids: vec![data.r.clone()],
        series: vec![
            Series::points("observed", "obs", data.gobs.clone()),
            Series::line("calculated", "calc", data.gcalc.clone()),
            Series::line("difference", "diff", difference).shifted(zero),
        ],
        marks: vec![Mark::Horizontal { y: zero, class: "zero" }],
        stamp: data.label.clone(),
        link: link.to_owned(),
    };
    draw::figure(&figure)
}

/// What was compared in Q, as [`fit`] shows it in r; empty where nothing was.
pub(crate) fn fit_in_q(id: &str, data: &DataResult) -> String {
    let Some(seen) = &data.in_q else { return String::new() };
    let difference: Vec<f64> = seen.observed.iter().zip(&seen.calculated).map(|(obs, calc)| obs - calc).collect();
    let (low, high) = padded(extent(seen.observed.iter().chain(&seen.calculated)), 0.05);
    let (below, above) = extent(&difference).unwrap_or((0.0, 0.0));
    let zero = low - above;
    let unit = if seen.unit.is_empty() { "" } else { "Å⁻¹" };
    let mut y = Axis::new(seen.name, unit, (zero + below - 0.05 * (high - low), high), AxisKind::Linear);
    y.floor = low;
    let figure = Figure {
        id: id.to_owned(),
        title: format!("Fit of {} in Q", data.file),
        description: format!("Observed {} as open circles, calculated as a line, their difference below.", seen.name),
        size: Size::Wide,
        x: Axis::new("Q", "Å⁻¹", padded(extent(&seen.q), 0.0), AxisKind::Linear),
        y,
        grids: vec![seen.q.clone()],
        series: vec![
            Series::points("observed", "obs", seen.observed.clone()),
            Series::line("calculated", "calc", seen.calculated.clone()),
            Series::line("difference", "diff", difference).shifted(zero),
        ],
        marks: vec![Mark::Horizontal { y: zero, class: "zero" }],
        stamp: data.label.clone(),
        link: "Q".to_owned(),
    };
    draw::figure(&figure)
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

/// Ten colours; from the eleventh on they return as dashes.
pub(crate) fn category(i: usize) -> String {
    let dash = ["", " dash", " dot"][(i / 10) % 3];
    format!("c{}{dash}", i % 10)
}

/// Axes that several histograms share, so that they can be compared by eye.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    pub lengths: (f64, f64),
    pub highest: f64,
    /// The largest broken fraction at any cutoff, percent.
    pub most_broken: f64,
}

impl Shared {
    /// Wide enough for all of them.
    pub(crate) fn of<'a>(kinds: impl Iterator<Item = &'a BondResult> + Clone) -> Self {
        let bins = kinds.clone().flat_map(|kind| &kind.histogram);
        let edges: Vec<f64> =
            bins.clone().flat_map(|bin| [bin.from, bin.to]).chain(kinds.clone().map(|k| k.cutoff)).collect();
        let counts: Vec<f64> = bins.map(|bin| bin.count).collect();
        let highest = extent(&counts).map_or(1.0, |(_, high)| high).max(1.0);
        let fractions: Vec<f64> = kinds.flat_map(|kind| &kind.fraction_by_cutoff).map(|(_, f)| 100.0 * f).collect();
        let most_broken = extent(&fractions).map_or(1.0, |(_, high)| high).max(1.0);
        Self { lengths: padded(extent(&edges), 0.02), highest: 1.12 * highest, most_broken: 1.05 * most_broken }
    }
}

/// The lengths of one kind of bond; beyond the cutoff in another colour; the truth, where known, as an outline.
pub(crate) fn histogram(id: &str, bond: &BondResult, truth: Option<&BondResult>, axes: Shared, stamp: &str) -> String {
    let pair = dashed(&bond.pair);
    let (within, broken) = split(bond);
    let from = |bins: &[Bin]| bins.iter().map(|bin| bin.from).collect::<Vec<_>>();
    let to = edges_to(&bond.histogram);
    let standing = Shape::Bars { to: to.clone(), base: vec![0.0; to.len()] };
    let on_top = Shape::Bars { to, base: within.clone() };
    let mut series = vec![
        Series { shape: standing, ..Series::line("within the cutoff", "intact", within) },
        Series { shape: on_top, ..Series::line("beyond: broken", "broken", broken) },
    ];
    let mut grids = vec![from(&bond.histogram)];
    if let Some(truth) = truth {
        let outline = Shape::Outline { to: edges_to(&truth.histogram) };
        let counts = truth.histogram.iter().map(|bin| bin.count).collect();
        series.push(Series { shape: outline, ..Series::line("truth", "truth", counts).on_grid(1) });
        grids.push(from(&truth.histogram));
    }
    let figure = Figure {
        id: id.to_owned(),
        title: format!("Histogram of the {pair} lengths"),
        description: format!("Number of {pair} bonds per bin of length, with the cutoff at {} Å.", bond.cutoff),
        size: Size::Half,
        x: Axis::new(&format!("{pair} length"), "Å", axes.lengths, AxisKind::Linear),
        y: Axis::new("bonds", "", (0.0, axes.highest), AxisKind::Count),
        grids,
        series,
        marks: vec![cutoff(bond)],
        stamp: stamp.to_owned(),
        link: format!("length {}", bond.pair),
    };
    draw::figure(&figure)
}

fn edges_to(bins: &[Bin]) -> Vec<f64> {
    bins.iter().map(|bin| bin.to).collect()
}

fn cutoff(bond: &BondResult) -> Mark {
    Mark::Vertical { x: bond.cutoff, text: format!("cutoff {} Å", bond.cutoff), class: "cutoff" }
}

/// The counts within the cutoff and beyond it, bin by bin.
///
/// A bin that holds the cutoff is shared out by the lengths of its bonds; without them it belongs where its middle lies.
fn split(bond: &BondResult) -> (Vec<f64>, Vec<f64>) {
    let broken = |bin: &Bin| {
        if bin.from >= bond.cutoff {
            bin.count
        } else if bin.to <= bond.cutoff {
            0.0
        } else if bond.bonds.is_empty() {
            if f64::midpoint(bin.from, bin.to) > bond.cutoff { bin.count } else { 0.0 }
        } else {
            let beyond = bond.bonds.iter().filter(|b| b.distance > bond.cutoff && b.distance < bin.to);
            beyond.map(|b| b.weight).sum::<f64>().min(bin.count)
        }
    };
    bond.histogram.iter().map(|bin| (bin.count - broken(bin), broken(bin))).unzip()
}

/// How the broken fraction moves with the cutoff.
pub(crate) fn fraction(id: &str, bond: &BondResult, truth: Option<&BondResult>, axes: Shared, stamp: &str) -> String {
    let curve = |bond: &BondResult| bond.fraction_by_cutoff.iter().map(|(c, f)| (*c, 100.0 * f)).unzip();
    let (cutoffs, percents): (Vec<f64>, Vec<f64>) = curve(bond);
    if cutoffs.is_empty() {
        return String::new();
    }
    let mut series = vec![Series::line("refined", "broken-line", percents)];
    let mut grids = vec![cutoffs];
    if let Some(truth) = truth {
        let (cutoffs, percents) = curve(truth);
        series.push(Series::line("truth", "truth", percents).on_grid(1));
        grids.push(cutoffs);
    }
    let figure = Figure {
        id: id.to_owned(),
        title: format!("Broken fraction of {} against the cutoff", dashed(&bond.pair)),
        description: "Percentage of bonds longer than the cutoff, as the cutoff moves.".to_owned(),
        size: Size::Half,
        x: Axis::new("cutoff", "Å", padded(extent(grids.iter().flatten()), 0.0), AxisKind::Linear),
        y: Axis::new("broken", "%", (0.0, axes.most_broken), AxisKind::Linear),
        grids,
        series,
        marks: vec![Mark::Vertical { x: bond.cutoff, text: percent(bond.fraction, None), class: "cutoff" }],
        stamp: stamp.to_owned(),
        link: format!("cutoff {}", bond.pair),
    };
    draw::figure(&figure)
}

/// `Rw` after every iteration.
pub(crate) fn convergence(id: &str, history: &[IterationRecord]) -> String {
    let rw: Vec<f64> = history.iter().map(|record| record.rw).collect();
    let figure = Figure {
        id: id.to_owned(),
        title: "Convergence".to_owned(),
        description: "Rw after every iteration, on a logarithmic scale; iteration 0 is the start.".to_owned(),
        size: Size::Half,
        x: count_axis("iteration", 0.0, rw.len() as f64 - 1.0),
        y: Axis::new("Rw", "", padded_log(&rw), AxisKind::Log),
        grids: vec![(0..rw.len()).map(|i| i as f64).collect()],
        // The dots only show where the iterations are; without a name they are neither in the legend nor read off.
        series: vec![Series::line("Rw", "calc", rw.clone()), Series::points("", "calc-dots", rw)],
        marks: Vec::new(),
        stamp: String::new(),
        link: String::new(),
    };
    draw::figure(&figure)
}

/// The singular values of the scaled Jacobian and how many of them stand above the noise.
pub(crate) fn singular_values(id: &str, determined: &Determined) -> String {
    let values = determined.singular_values.clone();
    let text = format!("{} directions determined", determined.directions);
    let at = determined.directions as f64 + 0.5;
    let figure = Figure {
        id: id.to_owned(),
        title: "Singular values of the scaled Jacobian".to_owned(),
        description: format!("Largest first, on a logarithmic scale; {text} by the data alone."),
        size: Size::Half,
        x: count_axis("direction", 1.0, values.len() as f64),
        y: Axis::new("singular value", "", padded_log(&values), AxisKind::Log),
        grids: vec![(1..=values.len()).map(|i| i as f64).collect()],
        series: vec![Series::points("singular value", "obs", values)],
        marks: vec![Mark::Vertical { x: at, text, class: "cutoff" }],
        stamp: String::new(),
        link: String::new(),
    };
    draw::figure(&figure)
}

fn count_axis(name: &str, first: f64, last: f64) -> Axis {
    Axis::new(name, "", (first - 0.5, last.max(first) + 0.5), AxisKind::Count)
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
    let above = grid.partition_point(|x| *x < r - 1e-9);
    let at = |i: usize| grid.get(i).copied().zip(curve.get(i).copied());
    match (above.checked_sub(1).and_then(at), at(above)) {
        (_, Some((x, y))) if (x - r).abs() <= 1e-9 => y,
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (r - x0) / (x1 - x0),
        _ => f64::NAN,
    }
}

/// How far the structure is from its restraints, against how far it is from the data: `(Rw, Σ m pull²)` by ascending Rw.
pub(crate) fn l_curve(id: &str, points: &[(f64, f64)], stamp: &str) -> String {
    let (rw, misfit): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let figure = Figure {
        id: id.to_owned(),
        title: "Misfit of the restraints against Rw".to_owned(),
        description: "One point for each weight of the restraints: heavier ones lie to the right and below.".to_owned(),
        size: Size::Half,
        x: Axis::new("Rw", "", padded(extent(&rw), 0.06), AxisKind::Linear),
        y: Axis::new("χ² of restraints", "", padded_log(&misfit), AxisKind::Log),
        grids: vec![rw],
        series: vec![Series::line("χ² of restraints", "calc", misfit.clone()), Series::points("", "calc-dots", misfit)],
        marks: Vec::new(),
        stamp: stamp.to_owned(),
        link: String::new(),
    };
    draw::figure(&figure)
}

/// The broken fraction of each kind of bond, percent, against the weight of the restraints; empty without bonds.
pub(crate) fn fractions(id: &str, weights: &[f64], kinds: &[(String, Vec<f64>)], stamp: &str) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let powers: Vec<f64> = weights.iter().map(|weight| weight.log10()).collect();
    let highest = extent(kinds.iter().flat_map(|(_, percents)| percents)).map_or(1.0, |(_, high)| high).max(1.0);
    let lines = kinds.iter().enumerate().map(|(i, (pair, percents))| Series::line(pair, category(i), percents.clone()));
    let dots = kinds.iter().map(|(_, percents)| Series::points("", "calc-dots", percents.clone()));
    let figure = Figure {
        id: id.to_owned(),
        title: "Broken fraction against the weight of the restraints".to_owned(),
        description: "Percentage of bonds longer than the cutoff, one line for each kind of bond.".to_owned(),
        size: Size::Half,
        x: Axis::new("log₁₀ weight", "", padded(extent(&powers), 0.06), AxisKind::Linear),
        y: Axis::new("broken", "%", (-0.03 * highest, 1.05 * highest), AxisKind::Linear),
        grids: vec![powers],
        series: lines.chain(dots).collect(),
        marks: Vec::new(),
        stamp: stamp.to_owned(),
        link: String::new(),
    };
    draw::figure(&figure)
}

/// The heat map of correlations.
pub(crate) fn correlations(id: &str, names: Vec<&str>, values: Vec<Vec<f64>>) -> String {
    heat::figure(&Heat { id, names, values })
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
