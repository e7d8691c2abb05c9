//! What the members of an ensemble share.

use nalgebra::DVector;

use super::words::{held, restraint_words, warnings, words};
use super::{Ensemble, Guide, Method, PRIOR_STREAM};
use crate::fit::{FitError, Followed};
use crate::histogram::{BondList, Centre, Lengths, cutoffs, edges};
use crate::job::{Bonds, Weights};
use crate::objective::Noise;
use crate::outcome::{
    BinAnswer, BondAnswer, CoordinationAnswer, CutoffAnswer, EnsembleResult, Interval, Member, Narrowed,
};
use crate::sample::{self, Random};

/// So many draws tell what was thought before the data.
const BEFORE: usize = 600;

/// The value that a share q of the sorted values reaches: the smallest with at least `q n` values up to it.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// Median, middle half and middle nine tenths of some values; no numbers without any.
///
/// ```
/// let values: Vec<f64> = (1..=100).map(f64::from).collect();
/// let interval = corefine::ensemble::interval(&values);
/// assert_eq!((interval.median, interval.interval90), (50.0, [5.0, 95.0]));
/// ```
pub fn interval(values: &[f64]) -> Interval {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |q| quantile(&sorted, q);
    Interval { median: at(0.5), interval50: [at(0.25), at(0.75)], interval90: [at(0.05), at(0.95)] }
}

/// Quantiles of `later - earlier` over all pairs of members: two data sets have nothing in common.
pub fn difference(earlier: &[f64], later: &[f64]) -> Interval {
    let all: Vec<f64> = later.iter().flat_map(|b| earlier.iter().map(move |a| b - a)).collect();
    interval(&all)
}

impl Ensemble {
    /// What the members say, and what was thought before.
    ///
    /// # Errors
    /// Where what was thought before cannot be drawn.
    pub fn result(&self, members: &[Member], seconds: f64) -> Result<EnsembleResult, FitError> {
        let (before, directions) = (self.before()?, self.directions()?);
        let bonds: Vec<BondAnswer> = (0..self.setup.bonds.len()).map(|k| self.bonds(k, members, &before)).collect();
        let parameters = self.parameters(members, &before);
        let rw = interval(&members.iter().map(|member| member.rw).collect::<Vec<_>>()).median;
        let mut result = EnsembleResult {
            title: self.setup.job.title.clone(),
            method: self.plan.method.name().to_owned(),
            seed: self.plan.seed,
            members: members.len(),
            wanted: self.plan.members,
            converged: members.iter().filter(|member| member.converged).count(),
            chains: if self.plan.method == Method::Hamiltonian { self.units() } else { 0 },
            noise: self.found_noise(members, directions),
            rw,
            weights: match self.setup.job.data().weights {
                Weights::Exact => "exact".to_owned(),
                Weights::F0 => "f0".to_owned(),
            },
            restraints: restraint_words(&self.setup),
            bonds,
            parameters,
            directions,
            latent: self.known.len(),
            words: Vec::new(),
            warnings: self.setup.warnings.clone(),
            inputs: self.setup.files.clone(),
            seconds,
        };
        result.words = words(&result, self.plan.method);
        let known = self.setup.first().target.noise != Noise::Unknown;
        result.warnings.extend(warnings(&result, self.plan.method, members, known));
        if matches!(self.plan.method, Method::Hamiltonian | Method::Randomised) {
            result.warnings.extend(self.known.silent().map(|kind| held(&result.bonds[kind].pair)));
        }
        Ok(result)
    }

    /// By what the members miss the data, in units of the noise that these came with.
    fn found_noise(&self, members: &[Member], directions: usize) -> f64 {
        let chi2 = interval(&members.iter().map(|member| member.chi2).collect::<Vec<_>>()).median;
        let freedom = (self.setup.first().target.effective_points() - directions as f64).max(1.0);
        (chi2 / freedom).sqrt()
    }

    /// Draws of what was known before the data, restraints included; none where a method knows nothing.
    fn before(&self) -> Result<Vec<Member>, FitError> {
        if !matches!(self.plan.method, Method::Hamiltonian | Method::Randomised) {
            return Ok(Vec::new());
        }
        let mut posterior = self.posterior();
        posterior.data = false;
        let mut random = Random::new(self.plan.seed, PRIOR_STREAM);
        let plan = sample::Plan { warmup: 150, draws: BEFORE, apart: 2, ..sample::Plan::default() };
        let start = DVector::zeros(self.known.len());
        let mut guide = Guide::without_data(posterior.clone());
        let chain = sample::guided_chain(&mut posterior, &mut guide, start, &plan, &mut random, &mut sample::silent)?;
        let member = |(number, draw): (usize, &sample::Draw)| {
            let (p, state) = posterior.state(&draw.x)?;
            Some(self.member(number, 0, true, (f64::NAN, f64::NAN), p, &state))
        };
        Ok(chain.draws.iter().enumerate().filter_map(member).collect())
    }

    fn bonds(&self, k: usize, members: &[Member], before: &[Member]) -> BondAnswer {
        let Followed { kind, list, .. } = &self.setup.bonds[k];
        let weights: Vec<f64> = list.bonds.iter().map(|bond| bond.weight).collect();
        let of = |members: &[Member], what: &dyn Fn(Lengths) -> f64| -> Vec<f64> {
            members.iter().map(|m| what(Lengths { lengths: &m.lengths[k], weights: &weights })).collect()
        };
        let over = |what: &dyn Fn(Lengths) -> f64| interval(&of(members, what));
        let fractions = of(members, &|bonds| bonds.fraction(kind.cutoff));
        let fraction = interval(&fractions);
        let agreement = self.agreement(members, &fractions);
        let numbers = numbers(list, kind.cutoff, k, members);
        BondAnswer {
            pair: list.pair.clone(),
            cutoff: kind.cutoff,
            n: weights.iter().sum(),
            fraction: fraction.median,
            fraction_interval50: fraction.interval50,
            fraction_interval90: fraction.interval90,
            fraction_before: (!before.is_empty()).then(|| interval(&of(before, &|bonds| bonds.fraction(kind.cutoff)))),
            mean: over(&|bonds| bonds.mean()),
            sd: over(&|bonds| bonds.standard_deviation(bonds.mean())),
            undercoordinated: interval(&undercoordinated(list, &numbers)),
            histogram: bins(kind, k, members)
                .into_iter()
                .map(|(from, to)| BinAnswer { from, to, count: over(&|bonds| bonds.between(from, to)) })
                .collect(),
            fraction_by_cutoff: cutoffs(kind.cutoff)
                .map(|cutoff| CutoffAnswer { cutoff, fraction: over(&|bonds| bonds.fraction(cutoff)) })
                .collect(),
            coordination: coordination(list, &numbers),
            r_hat: agreement.map(|agreement| agreement.r_hat),
            effective: agreement.map_or(members.len() as f64, |agreement| agreement.effective),
        }
    }

    /// Do the chains agree? `None` where members are no chains.
    fn agreement(&self, members: &[Member], values: &[f64]) -> Option<sample::Agreement> {
        if self.plan.method != Method::Hamiltonian {
            return None;
        }
        let mut chains: Vec<Vec<f64>> = vec![Vec::new(); self.units()];
        for (member, value) in members.iter().zip(values) {
            chains[member.chain].push(*value);
        }
        chains.retain(|chain| chain.len() > 3);
        (!chains.is_empty()).then(|| sample::agreement(&chains))
    }

    fn parameters(&self, members: &[Member], before: &[Member]) -> Vec<Narrowed> {
        let binding = &self.setup.binding;
        let of = |members: &[Member], k: usize| -> Vec<f64> { members.iter().map(|m| m.parameters[k]).collect() };
        let narrowed = |(k, free): (usize, &crate::params::Free)| {
            let variable = &binding.variables()[free.variable];
            let value = interval(&of(members, k));
            Narrowed {
                name: variable.name.clone(),
                unit: variable.unit,
                value,
                sd: deviation(&value),
                sd_before: (!before.is_empty()).then(|| deviation(&interval(&of(before, k)))),
            }
        };
        binding.free.iter().enumerate().map(narrowed).collect()
    }
}

impl Method {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hamiltonian => "hamiltonian",
            Self::Randomised => "randomised",
            Self::Noise => "noise",
            Self::Starts(_) => "starts",
        }
    }
}

/// The standard deviation of a normal distribution with the same middle half: few that lie far off, as bonds that break beforehand do,
/// say nothing of how well a value is known.
fn deviation(values: &Interval) -> f64 {
    (values.interval50[1] - values.interval50[0]) / MIDDLE_HALF
}

/// Width of the middle half of a normal distribution of unit standard deviation.
const MIDDLE_HALF: f64 = 1.348_979_5;

/// Bins from the shortest to the longest bond of any member.
fn bins(kind: &Bonds, k: usize, members: &[Member]) -> Vec<(f64, f64)> {
    edges(members.iter().flat_map(|member| member.lengths[k].iter().copied()), kind.bin)
}

/// How many bonds each centre has in each member: centres × members.
fn numbers(list: &BondList, cutoff: f64, k: usize, members: &[Member]) -> Vec<Vec<f64>> {
    let mut first = 0;
    let of = |centre: &Centre| {
        let own = first..first + bonds_of(list, first, centre);
        first = own.end;
        let number = |member: &Member| -> f64 {
            let near = own.clone().filter(|bond| member.lengths[k][*bond] <= cutoff);
            near.map(|bond| list.bonds[bond].weight).sum::<f64>() / centre.weight.max(f64::MIN_POSITIVE)
        };
        members.iter().map(number).collect()
    };
    list.centres.iter().map(of).collect()
}

/// How many bonds of the list, from `first` on, are a centre's.
fn bonds_of(list: &BondList, first: usize, centre: &Centre) -> usize {
    list.bonds[first..].iter().take_while(|bond| bond.i == centre.atom).count()
}

/// The share of centres in each member that lack a bond: that have, rounded, fewer than are followed.
fn undercoordinated(list: &BondList, numbers: &[Vec<f64>]) -> Vec<f64> {
    let mut first = 0;
    let mut followed = Vec::new();
    for centre in &list.centres {
        let own = &list.bonds[first..first + bonds_of(list, first, centre)];
        first += own.len();
        followed.push(own.iter().map(|bond| bond.weight).sum::<f64>() / centre.weight.max(f64::MIN_POSITIVE));
    }
    let whole: f64 = list.centres.iter().map(|centre| centre.weight).sum();
    let members = numbers.first().map_or(0, Vec::len);
    let share = |member: usize| {
        let lack = list.centres.iter().zip(numbers).zip(&followed);
        let lack = lack.filter(|((_, numbers), followed)| numbers[member].round() < followed.round());
        // Added to 0: the sum of nothing is -0.
        (0.0 + lack.map(|((centre, _), _)| centre.weight).sum::<f64>()) / whole
    };
    (0..members).map(share).collect()
}

/// Of each centre, how likely it is to have so many bonds.
fn coordination(list: &BondList, numbers: &[Vec<f64>]) -> Vec<CoordinationAnswer> {
    let of = |(centre, numbers): (&Centre, &Vec<f64>)| {
        let mut chances = vec![0.0; numbers.iter().fold(0.0_f64, |top, n| top.max(n.round())) as usize + 1];
        for n in numbers {
            chances[n.round() as usize] += 1.0 / numbers.len() as f64;
        }
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        CoordinationAnswer { label: centre.label.clone(), mean, chances }
    };
    list.centres.iter().zip(numbers).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_members() {
        // 64 bonds: a fraction is a multiple of 1/64, and so are its quantiles.
        let values = [0.0, 1.0, 1.0, 2.0].map(|broken| broken / 64.0);
        let found = interval(&values);
        assert_eq!(
            (found.median, found.interval50, found.interval90),
            (1.0 / 64.0, [0.0, 1.0 / 64.0], [0.0, 2.0 / 64.0])
        );
        assert!(interval(&[]).median.is_nan());
    }

    #[test]
    fn a_difference_knows_both_spreads() {
        let (earlier, later) = ([0.0, 0.02, 0.04], [0.10, 0.16]);
        let found = difference(&earlier, &later);
        assert!((found.interval90[0] - 0.06).abs() < 1e-12 && (found.interval90[1] - 0.16).abs() < 1e-12);
    }
}
