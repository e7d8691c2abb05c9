//! How much each pair of species counts.

use crate::job::Normalisation;

/// Weights of the partial curves at a list of Q, and how they change with the numbers of atoms.
///
/// With the unnormalised partial curve `P_ab` of [`crate::lines`] (both orders of a pair in it),
///
/// ```text
/// W_ab(Q) = f_a f_b / (N <f>²)      or, for data normalised by <f²>,      f_a f_b / (N <f²>)
/// N = Σ_s N_s,   N <f> = Σ_s N_s f_s,   N <f²> = Σ_s N_s f_s²
/// ```
///
/// which is Faber and Ziman's `c_a c_b f_a f_b / <f>²` on the usual partials (Keen 2001, J. Appl. Cryst. 34, 172).
///
/// Data of a mixture were divided by the `<f>²` (or `<f²>`) of the whole sample: then the means are those of a [`Sample`], whatever
/// the phase is made of, and N is still the phase's.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Amplitude of each species at each Q, `amplitudes[s][k]`: electrons or fm; a single one where Q does not matter.
    amplitudes: Vec<Vec<f64>>,
    /// `1 / (N <f>²)` or `1 / (N <f²>)` at each Q.
    norm: Vec<f64>,
    /// `d ln norm / d N_s` at each Q.
    slopes: Vec<Vec<f64>>,
}

/// What S(Q) was normalised by, where that is not the phase itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// How many atoms there are of each species.
    pub counts: Vec<f64>,
    /// The amplitude of each species at each Q, at the same Q as those of the phase.
    pub amplitudes: Vec<Vec<f64>>,
}

/// `Σ_s c_s f_s^power` at each Q.
fn sums(counts: &[f64], amplitudes: &[Vec<f64>], power: i32) -> Vec<f64> {
    let points = amplitudes.first().map_or(0, Vec::len);
    let at = |k: usize| counts.iter().zip(amplitudes).map(|(c, f)| c * f[k].powi(power)).sum();
    (0..points).map(at).collect()
}

/// `<f>` or `<f²>` at the k-th Q.
pub(super) fn mean(counts: &[f64], amplitudes: &[Vec<f64>], normalisation: Normalisation, k: usize) -> f64 {
    sums(counts, amplitudes, power(normalisation))[k] / counts.iter().sum::<f64>()
}

/// The power of f that a mean is of.
fn power(normalisation: Normalisation) -> i32 {
    if normalisation == Normalisation::MeanSquared { 1 } else { 2 }
}

impl Weights {
    /// Weights for `counts[s]` atoms of amplitude `amplitudes[s][k]` in a sample of other atoms.
    pub fn within(sample: &Sample, amplitudes: Vec<Vec<f64>>, counts: &[f64], normalisation: Normalisation) -> Self {
        let (n, whole): (f64, f64) = (counts.iter().sum(), sample.counts.iter().sum());
        let means = sums(&sample.counts, &sample.amplitudes, power(normalisation)).into_iter().map(|sum| sum / whole);
        let norm: Vec<f64> = match normalisation {
            Normalisation::MeanSquared => means.map(|mean| 1.0 / (n * mean.powi(2))).collect(),
            Normalisation::SquareMean => means.map(|mean| 1.0 / (n * mean)).collect(),
        };
        let slopes = amplitudes.iter().map(|_| vec![-1.0 / n; norm.len()]).collect();
        Self { amplitudes, norm, slopes }
    }

    /// Weights for `counts[s]` atoms of amplitude `amplitudes[s][k]`.
    pub fn new(amplitudes: Vec<Vec<f64>>, counts: &[f64], normalisation: Normalisation) -> Self {
        let n: f64 = counts.iter().sum();
        // N <f> or N <f²>.
        let sums = sums(counts, &amplitudes, power(normalisation));
        let norm = sums.iter().map(|sum| match normalisation {
            Normalisation::MeanSquared => n / sum.powi(2),
            Normalisation::SquareMean => 1.0 / sum,
        });
        let slope = |(f, sum): (&f64, &f64)| match normalisation {
            Normalisation::MeanSquared => 1.0 / n - 2.0 * f / sum,
            Normalisation::SquareMean => -f * f / sum,
        };
        let slopes = amplitudes.iter().map(|f| f.iter().zip(&sums).map(slope).collect()).collect();
        let norm = norm.collect();
        Self { amplitudes, norm, slopes }
    }

    /// `W_ab` at the k-th Q.
    pub fn at(&self, (a, b): (usize, usize), k: usize) -> f64 {
        let k = self.place(k);
        self.amplitudes[a][k] * self.amplitudes[b][k] * self.norm[k]
    }

    /// `d ln W / d parameter` at the k-th Q, for a parameter that changes the numbers of atoms by `counts`.
    pub fn slope(&self, counts: &[f64], k: usize) -> f64 {
        let k = self.place(k);
        counts.iter().zip(&self.slopes).map(|(count, slope)| count * slope[k]).sum()
    }

    /// Where there is one amplitude for every Q it is meant.
    fn place(&self, k: usize) -> usize {
        if self.norm.len() == 1 { 0 } else { k }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A phase in a sample of nothing else, and one of three in equal shares.
    #[test]
    fn a_sample_of_the_phase_alone_changes_nothing_but_slopes() {
        let (amplitudes, counts) = (vec![vec![27.0, 9.0], vec![7.0, 1.0]], [16.0, 64.0]);
        let sample = Sample { counts: counts.map(|n| 3.0 * n).to_vec(), amplitudes: amplitudes.clone() };
        for normalisation in [Normalisation::MeanSquared, Normalisation::SquareMean] {
            let alone = Weights::new(amplitudes.clone(), &counts, normalisation);
            let within = |n: f64| Weights::within(&sample, amplitudes.clone(), &[16.0, n], normalisation);
            for k in [0, 1] {
                assert!((within(64.0).at((0, 1), k) / alone.at((0, 1), k) - 1.0).abs() < 1e-14);
                let h = 1e-4;
                let slope = (within(64.0 + h).at((0, 1), k).ln() - within(64.0 - h).at((0, 1), k).ln()) / (2.0 * h);
                assert!((within(64.0).slope(&[0.0, 1.0], k) - slope).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn weights_of_the_mean_squared_add_up_to_one() {
        // Σ_ab N_a N_b W_ab = N: the partial curves of a featureless sample add up to its density.
        let counts = [16.0, 64.0, 120.0];
        let weights = Weights::new(vec![vec![27.0], vec![7.0], vec![6.0]], &counts, Normalisation::MeanSquared);
        let sum: f64 = (0..3)
            .flat_map(|a| (0..3).map(move |b| (a, b)))
            .map(|(a, b)| counts[a] * counts[b] * weights.at((a, b), 0))
            .sum();
        assert!((sum - 200.0).abs() < 1e-9);
    }

    #[test]
    fn slopes_match_central_differences() {
        for normalisation in [Normalisation::MeanSquared, Normalisation::SquareMean] {
            let weights = |n: f64| Weights::new(vec![vec![27.0], vec![7.0]], &[16.0, n], normalisation);
            let h = 1e-4;
            let difference = (weights(64.0 + h).at((0, 1), 0).ln() - weights(64.0 - h).at((0, 1), 0).ln()) / (2.0 * h);
            assert!((weights(64.0).slope(&[0.0, 1.0], 0) - difference).abs() < 1e-9);
        }
    }
}
