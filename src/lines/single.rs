//! Pairs on their own: peaks where they are told to be, in columns that are asked for.

use nalgebra::Vector3;

use super::width::Width;
use super::{Lines, Measured, RowTable, Shape, class_of};
use crate::crystal::Crystal;
use crate::engine::{Grid, Term};

/// Two atoms of a crystal as far apart, and in the direction, as told: not where the crystal has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Single {
    /// Index of both in [`Crystal::atoms`]: they lend species and U.
    pub atoms: [u32; 2],
    /// Do they belong to one copy of one molecule?
    pub same: bool,
    /// From the first to the second, Å.
    pub v: Vector3<f64>,
    /// How many such pairs of the cell it stands for.
    pub weight: f64,
    /// The column that it adds to, from 0.
    pub column: usize,
}

/// The peaks of pairs on their own, as [`super::lines()`] would make them, times their weights.
///
/// # Panics
/// If `rows` lacks the row of a pair's column and species.
pub fn single_lines(crystal: &Crystal, singles: &[Single], shape: &Shape, grid: &Grid, rows: &RowTable) -> Lines {
    let _room = tracing::info_span!("lines").entered();
    let mut lines = Lines::none(*grid, rows.keys.len());
    let mut order: Vec<(f64, usize)> = singles.iter().enumerate().map(|(k, single)| (single.v.norm(), k)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, k) in order {
        lines.single(crystal, &singles[k], shape, rows);
    }
    lines
}

impl Lines {
    fn single(&mut self, crystal: &Crystal, single: &Single, shape: &Shape, rows: &RowTable) {
        let pair = Measured { atoms: single.atoms, same: single.same, v: single.v };
        let Some(width) = Width::of(crystal, &pair, shape) else {
            self.clamped += 1;
            return;
        };
        let peak = width.peak(&self.peaks.grid, shape.sum);
        if self.peaks.reach(&peak).is_empty() {
            return;
        }
        self.clamped += usize::from(width.clamped);
        self.narrowest = self.narrowest.min(width.sigma);
        let row = rows.row(single.column, class_of(crystal, &pair)).expect("the table was made for these pairs");
        self.peaks.terms.push(Term::value(row as u32, width.amplitude(shape.sum) * single.weight));
        self.close(peak);
    }
}
