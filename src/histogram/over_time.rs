//! The same bonds in every frame of a trajectory.

use serde::Serialize;

use super::measure::Lengths;
use crate::outcome::{Bin, BondResult};
use crate::rdf;

/// The bonds of one frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BondFrame {
    /// Its number in the file.
    pub frame: usize,
    /// Mean length, Å.
    pub mean: f64,
    /// Standard deviation of the lengths, Å.
    pub sd: f64,
    /// Share beyond the cutoff.
    pub fraction: f64,
    /// Every length with the number of bonds that it stands for.
    #[serde(skip)]
    lengths: Vec<(f64, f64)>,
}

/// The bonds of all frames together.
#[derive(Debug, Clone, Serialize)]
pub struct BondSeries {
    /// `Zn-N`.
    pub pair: String,
    /// Longer is broken, Å.
    pub cutoff: f64,
    /// Mean length, Å.
    pub mean: f64,
    /// Standard uncertainty of the mean, by blocks of frames; `None` for fewer than eight.
    pub mean_esd: Option<f64>,
    /// Standard deviation of all lengths, Å.
    pub sd: f64,
    /// Share beyond the cutoff.
    pub fraction: f64,
    /// Its standard uncertainty, by blocks of frames.
    pub fraction_esd: Option<f64>,
    /// Counts of all frames.
    pub histogram: Vec<Bin>,
    /// Frame by frame.
    pub frames: Vec<BondFrame>,
}

impl BondFrame {
    /// What is kept of one frame.
    pub fn of(frame: usize, result: &BondResult) -> Self {
        let lengths = result.bonds.iter().map(|bond| (bond.distance, bond.weight)).collect();
        Self { frame, mean: result.mean, sd: result.sd, fraction: result.fraction, lengths }
    }
}

impl BondSeries {
    /// All frames together, in bins of `width` Å.
    pub fn of(pair: &str, cutoff: f64, width: f64, frames: Vec<BondFrame>) -> Self {
        let (lengths, weights): (Vec<f64>, Vec<f64>) = frames.iter().flat_map(|frame| &frame.lengths).copied().unzip();
        let all = Lengths { lengths: &lengths, weights: &weights };
        let esd = |pick: fn(&BondFrame) -> f64| rdf::uncertainty(frames.iter().map(pick));
        let mean = all.mean();
        Self {
            pair: pair.to_owned(),
            cutoff,
            mean,
            mean_esd: esd(|frame| frame.mean),
            sd: all.standard_deviation(mean),
            fraction: all.fraction(cutoff),
            fraction_esd: esd(|frame| frame.fraction),
            histogram: all.histogram(width),
            frames,
        }
    }
}
