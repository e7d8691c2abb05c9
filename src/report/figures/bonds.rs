//! The lengths of bonds, and how many are broken.

use crate::outcome::{Bin, BondResult};
use crate::report::plot::{Axis, AxisKind, Figure, Mark, Series, Shape, Size, draw, extent, padded};
use crate::report::tables::{dashed, percent};

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
