//! Where the atoms of a relay were, seen along the axes of the cell.

use askama::Template;

use super::esd;
use super::page::rendered;
use super::plot::ticks::typeset;
use super::relay::round;
use crate::relay::RelayResult;

/// The density seen along one axis: squares in fractions of the other two.
#[derive(Template)]
#[template(path = "map.html")]
struct Map {
    title: String,
    name: String,
    width: f64,
    height: f64,
    cells: Vec<Cell>,
    across: String,
    up: String,
    highest: String,
}

struct Cell {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    opacity: f64,
}

/// Squares along an axis, and the mean density in each, atoms per Å².
struct Squares {
    /// Boxes of the grid along both axes, and how many of them are a square.
    size: [usize; 2],
    each: [usize; 2],
    shown: [usize; 2],
    means: Vec<f64>,
}

/// Squares of a map along its longer side at most: boxes are put together where there are more.
const SQUARES: usize = 80;

/// Pixels across.
const WIDTH: f64 = 300.0;

/// Three pictures of each, along c, b and a. What is seen along one axis has one darkest value in all trajectories.
pub(crate) fn maps(results: &[RelayResult]) -> Vec<[String; 3]> {
    let seen: Vec<[Squares; 3]> = results.iter().map(|result| [2, 1, 0].map(|axis| squares(result, axis))).collect();
    let highest = |k: usize| seen.iter().flat_map(|of| &of[k].means).copied().fold(f64::MIN_POSITIVE, f64::max);
    let highest = [0, 1, 2].map(highest);
    let three = |(result, seen): (&RelayResult, &[Squares; 3])| {
        [0, 1, 2].map(|k| rendered(&map(result, 2 - k, &seen[k], highest[k])))
    };
    results.iter().zip(&seen).map(three).collect()
}

fn squares(result: &RelayResult, axis: usize) -> Squares {
    let (values, size) = result.density.projection(axis);
    let each = size.map(|n| n.div_ceil(SQUARES));
    let shown = [0, 1].map(|k| size[k].div_ceil(each[k]));
    let mut sums = vec![(0.0, 0.0); shown[0] * shown[1]];
    for (k, value) in values.iter().enumerate() {
        let sum = &mut sums[k / size[1] / each[0] * shown[1] + k % size[1] / each[1]];
        *sum = (sum.0 + value, sum.1 + 1.0);
    }
    Squares { size, each, shown, means: sums.iter().map(|(sum, n)| sum / n).collect() }
}

fn map(result: &RelayResult, axis: usize, squares: &Squares, highest: f64) -> Map {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    let Squares { size, each, shown, means } = squares;
    let sides = [[1, 2], [0, 2], [0, 1]][axis];
    let edges = sides.map(|k| result.density.basis.column(k).norm());
    let [across, up] = [0, 1].map(|k| format!("{}, {:.1} Å", NAMES[sides[k]], edges[k]));
    let height = WIDTH * edges[1] / edges[0];
    let (w, h) = (WIDTH * each[0] as f64 / size[0] as f64, height * each[1] as f64 / size[1] as f64);
    let cell = |(k, value): (usize, &f64)| {
        let (x, y) = (w * (k / shown[1]) as f64, height - h * (k % shown[1] + 1) as f64);
        Cell { x, y, w, h, opacity: (value / highest * 100.0).round() / 100.0 }
    };
    Map {
        title: format!("Density of {} in {}", result.element, result.trajectory),
        name: format!("along {}", NAMES[axis]),
        width: WIDTH,
        height,
        cells: means.iter().enumerate().map(cell).filter(|cell| cell.opacity > 0.01).collect(),
        across,
        up,
        highest: typeset(&esd::plain(round(highest))),
    }
}
