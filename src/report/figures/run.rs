//! How the least squares went, and what they could tell.

use crate::outcome::{Determined, IterationRecord};
use crate::report::plot::heat::{self, Heat};
use crate::report::plot::{Axis, AxisKind, Figure, Mark, Series, Size, draw, padded_log};

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

/// The heat map of correlations.
pub(crate) fn correlations(id: &str, names: Vec<&str>, values: Vec<Vec<f64>>) -> String {
    heat::figure(&Heat { id, names, values })
}
