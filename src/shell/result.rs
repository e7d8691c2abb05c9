//! What is found of a distribution of bond lengths.

use serde::Serialize;

use crate::outcome::{DataResult, InputFile, Interval};

/// The distribution of the lengths of one kind of bond, from the posterior.
#[derive(Debug, Clone, Serialize)]
pub struct ShellResult {
    /// The job's title, or the structure's.
    pub title: String,
    /// `Co-N`.
    pub pair: String,
    /// Longer is broken, Å.
    pub cutoff: f64,
    /// How many bonds of the cell the distribution is that of.
    pub bonds: f64,
    /// Lengths, Å, in even steps.
    pub d: Vec<f64>,
    /// Quantiles of the density at each length, 1/Å.
    pub density: Bands,
    /// The same before the data.
    pub prior_density: Bands,
    /// Share of the bonds that is longer than the cutoff.
    pub fraction: Interval,
    /// The same before the data.
    pub prior_fraction: Interval,
    /// The same for other cutoffs.
    pub fraction_by_cutoff: Vec<ByCutoff>,
    /// Mean length, Å.
    pub mean: Interval,
    /// Standard deviation of the lengths, Å.
    pub sd: Interval,
    /// Coordination number over the given one: 1 where it is not free.
    pub area: Interval,
    /// Length over which `ln p` changes, Å.
    pub length: Interval,
    /// By how much it does, natural logarithms.
    pub amplitude: Interval,
    /// What else was left free.
    pub nuisances: Vec<NuisanceResult>,
    /// The worst agreement of the chains ([`crate::sample::Agreement`]) on fraction, mean, sd, length and amplitude.
    pub r_hat: f64,
    /// So many independent members would tell the fraction as well.
    pub effective: f64,
    /// Members drawn, all chains together.
    pub draws: usize,
    /// Misfit of the mean curve, no unit.
    pub rw: f64,
    /// `|misfit|²` at the most likely distribution per free observation, in units of the noise as given (with the error of the
    /// model, [`super::Options::model_error`], added) or, where none is given, as assumed at first.
    pub chi_square: f64,
    /// By what the noise was multiplied.
    pub noise_factor: f64,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Data and mean curve.
    #[serde(skip)]
    pub curve: DataResult,
    /// What a user should know before trusting the numbers.
    pub warnings: Vec<String>,
    /// The files that went in.
    pub inputs: Vec<InputFile>,
}

/// Quantiles at each length.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Bands {
    /// 5 %.
    pub q05: Vec<f64>,
    /// 25 %.
    pub q25: Vec<f64>,
    /// 50 %.
    pub q50: Vec<f64>,
    /// 75 %.
    pub q75: Vec<f64>,
    /// 95 %.
    pub q95: Vec<f64>,
}

/// The broken share at one cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ByCutoff {
    /// Å.
    pub cutoff: f64,
    /// The share.
    pub fraction: Interval,
}

/// What the data make of a parameter beside the lengths.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NuisanceResult {
    /// `Uiso.Co`, or `bend`: the standard deviation of the centres' shifts across their bonds, Å.
    pub name: String,
    /// Before the data.
    pub start: f64,
    /// After them.
    pub value: Interval,
}

/// Quantiles of values drawn of something that varies smoothly: they lie between ranks.
pub(super) fn interval(values: impl IntoIterator<Item = f64>) -> Interval {
    let sorted = sorted(values);
    let [q05, q25, median, q75, q95] = QUANTILES.map(|share| quantile(&sorted, share));
    Interval { median, interval50: [q25, q75], interval90: [q05, q95] }
}

const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

impl Bands {
    /// Of curves drawn, all of one length.
    pub(super) fn of(curves: &[Vec<f64>]) -> Self {
        let mut bands = Self::default();
        for k in 0..curves.first().map_or(0, Vec::len) {
            let sorted = sorted(curves.iter().map(|curve| curve[k]));
            let all = [&mut bands.q05, &mut bands.q25, &mut bands.q50, &mut bands.q75, &mut bands.q95];
            all.into_iter().zip(QUANTILES).for_each(|(band, share)| band.push(quantile(&sorted, share)));
        }
        bands
    }
}

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// On the straight line between the two values nearest in rank; not a number where there are none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = share * last as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    sorted[low] + part * (sorted[(low + 1).min(last)] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_ranks() {
        let interval = interval((0..=100).rev().map(f64::from));
        assert_eq!((interval.median, interval.interval50, interval.interval90), (50.0, [25.0, 75.0], [5.0, 95.0]));
        assert!(super::interval([]).median.is_nan());
        assert_eq!(quantile(&[1.0, 2.0], 0.25), 1.25);
    }
}
