//! The followed bonds in a structure: lengths, histogram, coordination.

use super::uncertainty::Spread;
use super::{BondCovariance, BondList, Centre};
use crate::crystal::Crystal;
use crate::job;
use crate::outcome::{Bin, Bond, BondResult, Coordination};

/// Other cutoffs at which the broken fraction is given: from 0.35 Å below to 0.55 Å above, 1.90 to 2.80 Å for 2.25 Å.
const CUTOFFS: std::ops::RangeInclusive<i32> = -35..=55;

/// Measures the bonds of a list in a structure.
///
/// A bond with `d > cutoff` is broken. Sums over bonds are weighted with the number of bonds that each stands for: mean
/// `Σ w d / Σ w`, standard deviation `sqrt(Σ w (d - mean)² / Σ w)` (of the bonds there are, not an estimate from a
/// sample). Bins are `from <= d < to` with edges at whole multiples of the bin's width, without a gap from the shortest
/// to the longest bond. A centre's coordination is the number of its bonds that are not broken.
///
/// With a `covariance` of the lengths (`None`: no uncertainties), their errors are taken as jointly Gaussian:
///
/// ```text
/// esd(mean)²     = Σ_ij w_i w_j C_ij / W²
/// esd(fraction)² = Σ_ij w_i w_j [P(d_i > c, d_j > c) - P(d_i > c) P(d_j > c)] / W²,   W = Σ w
/// ```
///
/// so that two bonds of one Co atom that can only lengthen together, or one at the other's cost, are counted as such. A bond
/// far from the cutoff adds nothing to the second sum however well or badly it is known. Where an entry of the covariance is
/// no number (the data do not determine a length) there are no uncertainties.
///
/// # Panics
/// Where `crystal` has fewer atoms than that of the list, or the covariance is not n × n for n bonds.
pub fn measure(
    list: &BondList,
    crystal: &Crystal,
    kind: &job::Bonds,
    covariance: Option<&BondCovariance>,
) -> BondResult {
    let lengths: Vec<f64> = list.bonds.iter().map(|bond| BondList::vector(bond, crystal).norm()).collect();
    let weights: Vec<f64> = list.bonds.iter().map(|bond| bond.weight).collect();
    let spread = covariance.and_then(|covariance| Spread::new(&covariance.covariance, &lengths, kind.cutoff));
    let lengths = Lengths { lengths: &lengths, weights: &weights };
    let (n, mean) = (lengths.total(), lengths.mean());
    let broken = lengths.longer_than(kind.cutoff);
    BondResult {
        pair: list.pair.clone(),
        cutoff: kind.cutoff,
        n,
        broken,
        fraction: lengths.fraction(kind.cutoff),
        fraction_esd: spread.as_ref().and_then(|s| per(s.count_variance(&weights, 0..weights.len()).sqrt(), n)),
        mean,
        mean_esd: spread.as_ref().and_then(|s| per(s.sum_variance(&weights).sqrt(), n)),
        sd: lengths.standard_deviation(mean),
        min: lengths.lengths.iter().copied().reduce(f64::min).unwrap_or(0.0),
        max: lengths.lengths.iter().copied().reduce(f64::max).unwrap_or(0.0),
        histogram: lengths.histogram(kind.bin),
        bonds: bonds(list, lengths.lengths, spread.as_ref()),
        coordination: coordination(list, &lengths, kind.cutoff, spread.as_ref()),
        fraction_by_cutoff: lengths.fraction_by_cutoff(kind.cutoff),
    }
}

fn per(value: f64, n: f64) -> Option<f64> {
    (n > 0.0).then(|| value / n)
}

/// A sum that is 0 without terms: the empty `Iterator::sum` is -0, which is printed with its sign.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    terms.sum::<f64>() + 0.0
}

/// Lengths in Å with the number of bonds that each stands for.
#[derive(Clone, Copy)]
pub(crate) struct Lengths<'a> {
    pub lengths: &'a [f64],
    pub weights: &'a [f64],
}

impl Lengths<'_> {
    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.lengths.iter().copied().zip(self.weights.iter().copied())
    }

    fn total(&self) -> f64 {
        sum(self.weights.iter().copied())
    }

    /// A weighted mean of something, 0 without bonds.
    fn average(&self, of: impl Fn(f64) -> f64) -> f64 {
        per(self.pairs().map(|(d, w)| w * of(d)).sum(), self.total()).unwrap_or(0.0)
    }

    pub fn mean(&self) -> f64 {
        self.average(|d| d)
    }

    pub fn standard_deviation(&self, mean: f64) -> f64 {
        self.average(|d| (d - mean).powi(2)).sqrt()
    }

    fn longer_than(&self, cutoff: f64) -> f64 {
        sum(self.pairs().filter(|(d, _)| *d > cutoff).map(|(_, w)| w))
    }

    pub fn fraction(&self, cutoff: f64) -> f64 {
        per(self.longer_than(cutoff), self.total()).unwrap_or(0.0)
    }

    fn fraction_by_cutoff(&self, cutoff: f64) -> Vec<(f64, f64)> {
        cutoffs(cutoff).map(|c| (c, self.fraction(c))).collect()
    }

    /// How many there are from one length up to, but without, another.
    pub fn between(&self, from: f64, to: f64) -> f64 {
        sum(self.pairs().filter(|(d, _)| (from..to).contains(d)).map(|(_, w)| w))
    }

    pub fn histogram(&self, width: f64) -> Vec<Bin> {
        let edges = edges(self.lengths.iter().copied(), width);
        let mut bins: Vec<Bin> = edges.into_iter().map(|(from, to)| Bin { from, to, count: 0.0 }).collect();
        let known = || self.pairs().filter(|(d, _)| d.is_finite()).map(|(d, w)| (bin_of(d, width), w));
        let first = known().map(|(bin, _)| bin).fold(f64::INFINITY, f64::min);
        for (bin, w) in known() {
            bins[(bin - first) as usize].count += w;
        }
        bins
    }
}

/// Other cutoffs at which the broken fraction is given.
pub(crate) fn cutoffs(cutoff: f64) -> impl Iterator<Item = f64> {
    CUTOFFS.map(move |k| tidy(cutoff + f64::from(k) * 0.01)).filter(|c| *c > 0.0)
}

/// Edges of bins at whole multiples of their width, without a gap from the shortest to the longest length.
pub(crate) fn edges(lengths: impl Iterator<Item = f64>, width: f64) -> Vec<(f64, f64)> {
    let known: Vec<f64> = lengths.filter(|d| d.is_finite()).map(|d| bin_of(d, width)).collect();
    let Some(first) = known.iter().copied().reduce(f64::min) else { return Vec::new() };
    let last = known.into_iter().fold(first, f64::max);
    let edge = |k: usize| tidy((first + k as f64) * width);
    (0..=(last - first) as usize).map(|k| (edge(k), edge(k + 1))).collect()
}

/// The number of the bin that holds a length. 2.3 / 0.1 is 22.999...: a length on an edge belongs to the bin that begins there.
fn bin_of(d: f64, width: f64) -> f64 {
    (d / width + 1e-9).floor()
}

/// Without the digits that a product of decimal fractions leaves behind: 1.9, not 1.9000000000000001.
fn tidy(x: f64) -> f64 {
    (x * 1e9).round() / 1e9
}

fn bonds(list: &BondList, lengths: &[f64], spread: Option<&Spread>) -> Vec<Bond> {
    let bond = |k: usize| Bond {
        from: list.labels[k].0.clone(),
        to: list.labels[k].1.clone(),
        distance: lengths[k],
        esd: spread.map(|spread| spread.esd(k)),
        weight: list.bonds[k].weight,
    };
    (0..lengths.len()).map(bond).collect()
}

/// The bonds of one centre stand together, in the order of the centres.
fn coordination(list: &BondList, lengths: &Lengths, cutoff: f64, spread: Option<&Spread>) -> Vec<Coordination> {
    let mut end = 0;
    let mut of = |centre: &Centre| {
        let first = end;
        end += list.bonds[first..].iter().take_while(|bond| bond.i == centre.atom).count();
        let own = Lengths { lengths: &lengths.lengths[first..end], weights: &lengths.weights[first..end] };
        let bound = own.total() - own.longer_than(cutoff);
        Coordination {
            label: centre.label.clone(),
            number: per(bound, centre.weight).unwrap_or(0.0),
            esd: spread.and_then(|s| per(s.count_variance(lengths.weights, first..end).sqrt(), centre.weight)),
        }
    };
    list.centres.iter().map(&mut of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_plain_zero() {
        for (lengths, weights) in [(vec![], vec![]), (vec![2.0], vec![1.0])] {
            let lengths = Lengths { lengths: &lengths, weights: &weights };
            for value in [lengths.longer_than(2.25), lengths.fraction(2.25), lengths.standard_deviation(lengths.mean())]
            {
                assert!(value == 0.0 && value.is_sign_positive(), "{value}");
            }
        }
        assert!(Lengths { lengths: &[], weights: &[] }.total().is_sign_positive());
    }
}
