//! What the weight of the restraints changes.

use super::category;
use crate::report::plot::{Axis, AxisKind, Figure, Series, Size, draw, extent, padded, padded_log};

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
