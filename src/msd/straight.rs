//! Is the MSD a straight line where D is fitted?
//!
//! Atoms that rattle about their places as they diffuse have a line all the same, only higher: the intercept holds the rattle, and nothing
//! is wrong with D. Atoms in cages that open slowly, or that fly freely, have a curve. What tells them apart is whether the line holds
//! over a wide range of times, from half of the fit's beginning on.

use super::line::Line;
use super::series::Series;

/// A line that is left by more than this share of the MSD is none.
pub const BENT: f64 = 0.1;

/// Chance takes an MSD so many standard uncertainties away from its line.
const CHANCE: f64 = 2.0;

/// By which share the MSD leaves its line where it does most, of the places where this is more than chance: half of the fit's first
/// time, its first, middle and last.
pub fn bend(series: &Series, line: &Line, (step, [first, last]): (f64, [usize; 2])) -> f64 {
    let off = |lag: usize| {
        let (msd, esd) = (series.total[lag], series.esd.get(lag).copied().unwrap_or(0.0));
        let off = (line.at(lag as f64 * step, 3.0) - msd).abs();
        if off > CHANCE * esd && msd > 0.0 { off / msd } else { 0.0 }
    };
    [(first / 2).max(1), first, usize::midpoint(first, last), last].into_iter().map(off).fold(0.0, f64::max)
}
