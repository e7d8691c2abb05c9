//! The result of a fit, gathered for the report.

use super::dataset::{Dataset, Parts};
use super::problem::{all_curves, rw};
use super::restart::Restart;
use super::setup::{FitError, Followed, Setup};
use super::spread::Spread;
use crate::curve::Curves;
use crate::element::Element;
use crate::engine::Engine;
use crate::expand;
use crate::histogram::{self, BondCovariance};
use crate::job::{Compare, Phase, Scopes};
use crate::lm;
use crate::objective::Noise;
use crate::outcome::{
    BondResult, DataResult, InQResult, IterationRecord, Outcome, ParameterResult, PhaseResult, RestraintResult, Share,
};
use crate::params::State;
use crate::read::observed::composition;
use crate::tangent::Tangent;

/// A restraint that is off by more than so many sigma contradicts the data.
const STRAINED: f64 = 3.0;

/// Shares of elements that differ by no more than this agree.
const OFF: f64 = 0.02;

/// Uncertainties of two curves whose misfits differ by more than this factor are on two scales.
const UNEVEN: f64 = 3.0;

impl Setup {
    /// Everything that a report says about the fit.
    pub(super) fn gather(
        mut self,
        fit: &lm::Fit,
        history: Vec<IterationRecord>,
        seconds: f64,
        engine: &mut dyn Engine,
    ) -> Result<Outcome, FitError> {
        let _room = tracing::info_span!("fit").entered();
        let p = fit.p.as_slice();
        let states = self.binding.states(p)?;
        let tangents = self.binding.all_tangents(&states, p)?;
        let curves = all_curves(&mut self.datasets, &states, &[], engine)?;
        let spread = Spread::of(&self, &states, fit);
        let parts = self.parts(&states, engine)?;
        self.warn_of_clamped();
        self.warn_of_scales(&spread.misfits);
        let parameters = self.parameters(fit, &spread)?;
        self.warn_of_bounds(&parameters);
        let bonds = self.bonds(&states, &tangents, &spread);
        let restraints = self.restraints.pulls(&states, p);
        self.warn_of_pulls(&restraints);
        let residuals = |(dataset, curves): (&Dataset, &Curves)| dataset.target.residuals(&curves.g);
        let chi2 = self.datasets.iter().zip(&curves).flat_map(residuals).map(|x| x * x).sum();
        let phases = self.phases(&states, &tangents, &spread);
        self.warn_of_compositions(&phases);
        let refined_job = Restart { job: &self.job, binding: &self.binding, states: &states, p }.text(&restraints)?;
        Ok(Outcome {
            title: if self.job.title.is_empty() { titles(&states) } else { self.job.title.clone() },
            rw: rw(&self.datasets, &curves),
            chi2,
            converged: fit.stop.converged(),
            stop: fit.stop.to_string(),
            iterations: fit.iterations,
            seconds,
            engine: engine.name(),
            parameters,
            correlations: correlations(fit),
            history,
            data: self
                .datasets
                .iter()
                .zip(curves)
                .zip(parts)
                .zip(&spread.misfits)
                .map(|(((dataset, c), parts), misfit)| data(dataset, c.g, parts, *misfit))
                .collect(),
            bonds,
            determined: spread.determined,
            refined_job,
            phases,
            restraints,
            warnings: self.one_of_many.into_iter().chain(self.warnings).chain(engine.warnings()).collect(),
            inputs: self.files,
        })
    }

    /// The parts of each curve.
    fn parts(&mut self, states: &[State], engine: &mut dyn Engine) -> Result<Vec<Parts>, FitError> {
        let phases = Scopes::of(&self.job).phases;
        self.datasets.iter_mut().map(|dataset| dataset.partials(&phases, states, engine)).collect()
    }

    /// The refined structures: those of the first data set, which others share or have with values of their own.
    fn phases(&self, states: &[State], tangents: &[Vec<Tangent>], spread: &Spread) -> Vec<PhaseResult> {
        let shares: Vec<Vec<Share>> = self.datasets.iter().map(|d| d.shares(states, tangents, spread)).collect();
        let of = |(phase, (name, _)): (usize, &(String, Phase))| PhaseResult {
            name: name.clone(),
            model: states[self.datasets[0].places[phase]].model.clone(),
            shares: shares.iter().filter_map(|own| own.get(phase).cloned()).collect(),
        };
        self.job.phases.iter().enumerate().map(of).collect()
    }

    fn warn_of_clamped(&mut self) {
        let clamped: usize = self.datasets.iter().map(Dataset::clamped).sum();
        if clamped > 0 {
            self.warnings.push(format!(
                "{clamped} pairs have no real width with these delta, U and sratio (or one below 0.01 Å); they were given 0.01 Å: \
                 lower delta1 or delta2, or raise U"
            ));
        }
    }

    /// Weights of curves that are not on one scale.
    fn warn_of_scales(&mut self, misfits: &[f64]) {
        let of = |k: usize| (&self.datasets[k].name, misfits[k]);
        let by = |a: &usize, b: &usize| misfits[*a].total_cmp(&misfits[*b]);
        let all = || 0..misfits.len();
        let (Some(least), Some(most)) = (all().min_by(by).map(of), all().max_by(by).map(of)) else { return };
        if most.1 > UNEVEN * least.1 {
            self.warnings.push(format!(
                "{} is missed by {:.1} times its noise, {} by {:.1}: these are hardly on one scale, and the first outweighs the \
                 second; dg: in datasets gives a curve another",
                most.0, most.1, least.0, least.1
            ));
        }
    }

    /// Phases that do not add up to what the data were normalised by.
    fn warn_of_compositions(&mut self, phases: &[PhaseResult]) {
        for (k, dataset) in self.datasets.iter().enumerate().filter(|_| phases.len() > 1) {
            let Some(told) = dataset.data.composition.as_deref().and_then(composition) else { continue };
            let found = sample_of(phases, k);
            let whole: f64 = told.iter().map(|(_, count)| count).sum();
            let share = |element: Element| {
                let own = told.iter().filter(|(species, _)| species.element == element);
                own.map(|(_, count)| count).sum::<f64>() / whole
            };
            let off = found.iter().map(|(element, found, esd)| ((found - share(*element)).abs(), 3.0 * esd));
            if off.clone().any(|(off, room)| off > room.max(OFF)) {
                let formula = |(element, found, _): &(Element, f64, f64)| format!("{} {found:.3}", element.symbol());
                let formula = found.iter().map(formula).collect::<Vec<_>>().join(" ");
                let of = if dataset.name.is_empty() { "the data" } else { &dataset.name };
                self.warnings.push(format!(
                    "the phases amount to {formula}, and composition of {of} says \"{}\": shares of atoms are wrong until they agree",
                    dataset.data.composition.as_deref().unwrap_or_default()
                ));
            }
        }
    }

    fn warn_of_bounds(&mut self, parameters: &[ParameterResult]) {
        let stuck: Vec<&str> =
            parameters.iter().filter(|result| result.at_bound).map(|result| result.name.as_str()).collect();
        if !stuck.is_empty() {
            self.warnings.push(format!("stopped at a bound: {}; it has no esd there", stuck.join(", ")));
        }
    }

    fn warn_of_pulls(&mut self, restraints: &[RestraintResult]) {
        let off = || restraints.iter().filter(|restraint| restraint.pull.abs() > STRAINED);
        let Some(most) = off().max_by(|a, b| a.pull.abs().total_cmp(&b.pull.abs())) else { return };
        self.warnings.push(format!(
            "{} of {} restraints are off by more than {STRAINED} sigma, the most {} {} ({:.4} {}, drawn to {:.4}, pull {:+.1}): \
             data and restraint disagree, or the restraint is wrong",
            off().count(),
            restraints.len(),
            most.kind,
            most.name,
            most.value,
            most.unit,
            most.target,
            most.pull
        ));
    }

    /// Refined parameters first, in the job's order, then tied ones.
    fn parameters(&self, fit: &lm::Fit, spread: &Spread) -> Result<Vec<ParameterResult>, FitError> {
        let p = fit.p.as_slice();
        let start = self.binding.values(&self.begin)?;
        let values = self.binding.values(p)?;
        let gradients = self.binding.gradients(p)?;
        let result = |index: usize, tied: bool, at_bound: bool| {
            let variable = &self.binding.variables()[index];
            let gradient = &gradients[index];
            let determined = !gradient.is_empty() && gradient.keys().all(|k| spread.known[*k]);
            let square: f64 = gradient
                .iter()
                .flat_map(|(i, f)| gradient.iter().map(move |(j, g)| f * g * spread.plain[(*i, *j)]))
                .sum();
            ParameterResult {
                name: variable.name.clone(),
                value: values[index],
                esd: determined.then(|| square.max(0.0).sqrt()),
                start: start[index],
                unit: variable.unit,
                tied,
                at_bound,
            }
        };
        let free = self.binding.free.iter().enumerate().map(|(k, free)| result(free.variable, false, fit.at_bound[k]));
        Ok(free.chain(self.binding.tied().map(|index| result(index, true, false))).collect())
    }

    fn bonds(&mut self, states: &[State], tangents: &[Vec<Tangent>], spread: &Spread) -> Vec<BondResult> {
        // Where least squares alone leave a direction open, lengths are as well known as with what was known before.
        let open = spread.open;
        if open && !self.bonds.is_empty() {
            self.warnings.push(
                "the data leave some positions undetermined: uncertainties of bonds take it that each atom was known to 0.15 Å \
                 beforehand"
                    .to_owned(),
            );
        }
        let covariance = if open { &spread.with_prior } else { &spread.plain };
        let measure = |Followed { place, end, kind, list }: &Followed| {
            let crystal = &states[*place].crystal;
            let jacobian = histogram::length_jacobian(list, crystal, &tangents[*place]);
            let covariance = BondCovariance { covariance: &jacobian * covariance * jacobian.transpose() };
            let bonds = histogram::measure(list, crystal, kind, Some(&covariance));
            BondResult { pair: bonds.pair + end, ..bonds }
        };
        self.bonds.iter().map(measure).collect()
    }
}

/// The sample that shares of phases amount to, as a data set has them: elements, their shares of all atoms, with esds.
fn sample_of(phases: &[PhaseResult], dataset: usize) -> Vec<(Element, f64, f64)> {
    let mut sample: Vec<(Element, f64, f64)> = Vec::new();
    for (phase, share) in phases.iter().filter_map(|phase| Some((phase, phase.shares.get(dataset)?))) {
        let Ok(crystal) = expand::crystal(&phase.model) else { continue };
        let (counts, esd) = (crystal.species_counts(), share.esd.unwrap_or(1.0));
        let whole: f64 = counts.iter().sum();
        for (species, count) in crystal.species.iter().zip(counts) {
            let part = count / whole;
            match sample.iter_mut().find(|(element, ..)| *element == species.element) {
                Some((_, atoms, own)) => (*atoms, *own) = (*atoms + part * share.atoms, *own + part * esd),
                None => sample.push((species.element, part * share.atoms, part * esd)),
            }
        }
    }
    sample
}

/// What the structures are called.
fn titles(states: &[State]) -> String {
    let mut titles: Vec<&str> = states.iter().map(|state| state.model.title.as_str()).collect();
    titles.dedup();
    titles.join(", ")
}

fn data(dataset: &Dataset, gcalc: Vec<f64>, partials: Parts, misfit: f64) -> DataResult {
    let target = &dataset.target;
    let known = target.noise != Noise::Unknown;
    let d = if known { target.dg.clone() } else { Vec::new() };
    let in_q = target.seen.as_ref().map(|seen| {
        let (name, unit) = if seen.compare == Compare::S { ("S(Q) - 1", "") } else { ("F(Q)", "1/Å") };
        let calculated = target.of(&gcalc).into_owned();
        InQResult { name, unit, q: seen.q.clone(), observed: seen.values.clone(), calculated, d: d.clone() }
    });
    DataResult {
        name: dataset.name.clone(),
        file: dataset.data.file.clone(),
        label: if dataset.observed.header.synthetic { "synthetic".to_owned() } else { String::new() },
        points: target.points(),
        independent_observations: dataset.independent_observations(),
        rw: target.rw(&gcalc),
        misfit,
        r: target.r.clone(),
        gobs: target.g.clone(),
        gcalc,
        dg: if in_q.is_some() { Vec::new() } else { d },
        partials,
        in_q,
    }
}

fn correlations(fit: &lm::Fit) -> Vec<Vec<f64>> {
    let n = fit.p.len();
    (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { fit.correlation(i, j) }).collect()).collect()
}
