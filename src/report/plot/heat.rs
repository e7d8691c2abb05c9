//! The matrix of correlations as a picture.

use askama::Template;
use serde::Serialize;

use super::draw::{embedded, tenth};
use crate::report::page::rendered;

/// Correlations of named parameters.
pub(crate) struct Heat<'a> {
    pub id: &'a str,
    pub names: Vec<&'a str>,
    /// Square, in the order of `names`.
    pub values: Vec<Vec<f64>>,
}

#[derive(Template)]
#[template(path = "heat.html")]
struct Picture<'a> {
    heat: &'a Heat<'a>,
    cells: Vec<Cell>,
    labels: Vec<(f64, &'a str)>,
    left: f64,
    size: f64,
    data: String,
}

struct Cell {
    x: f64,
    y: f64,
    side: f64,
    opacity: f64,
    class: &'static str,
}

#[derive(Serialize)]
struct Data<'a> {
    heat: Map<'a>,
}

#[derive(Serialize)]
struct Map<'a> {
    left: f64,
    size: f64,
    names: &'a [&'a str],
    /// Thousandths, the lower triangle row by row with its diagonal.
    values: Vec<Vec<i32>>,
}

/// Pixels of the matrix.
const SIZE: f64 = 420.0;
/// Rows with less height than this are named by the mouse only.
const READABLE: f64 = 9.0;
/// Fainter cells than this cannot be told from the paper.
const VISIBLE: f64 = 0.02;

/// The lower triangle as squares, blue for negative and red for positive.
pub(crate) fn figure(heat: &Heat) -> String {
    let side = SIZE / heat.names.len().max(1) as f64;
    let left = if side >= READABLE { room_for(&heat.names) } else { 12.0 };
    let named = heat.names.iter().enumerate().filter(|_| side >= READABLE);
    let picture = Picture {
        heat,
        cells: cells(heat, side),
        labels: named.map(|(i, name)| (tenth((i as f64 + 0.5) * side), *name)).collect(),
        left,
        size: SIZE,
        data: data(heat, left),
    };
    rendered(&picture)
}

/// Pixels that the longest name needs in the small type of the picture.
fn room_for(names: &[&str]) -> f64 {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    (6.2 * longest as f64 + 12.0).min(200.0)
}

fn cells(heat: &Heat, side: f64) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (i, row) in heat.values.iter().enumerate() {
        for (j, value) in row.iter().take(i).enumerate().filter(|(_, value)| value.abs() >= VISIBLE) {
            let class = if *value < 0.0 { "negative" } else { "positive" };
            let opacity = (value.abs().min(1.0) * 100.0).round() / 100.0;
            let [x, y] = [j, i].map(|k| tenth(k as f64 * side));
            cells.push(Cell { x, y, side: tenth(side), opacity, class });
        }
    }
    cells
}

fn data(heat: &Heat, left: f64) -> String {
    let thousandths = |value: &f64| (value * 1000.0).round() as i32;
    let triangle = heat.values.iter().enumerate();
    let values = triangle.map(|(i, row)| row.iter().take(i + 1).map(thousandths).collect()).collect();
    embedded(&Data { heat: Map { left, size: SIZE, names: &heat.names, values } })
}
