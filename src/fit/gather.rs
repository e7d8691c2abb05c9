//! The result of a fit, gathered for the report.

use super::setup::{FitError, Setup};
use super::spread::Spread;
use crate::engine::Engine;
use crate::histogram::{self, BondCovariance};
use crate::job::{Compare, Job, Restraint, Vary};
use crate::lm;
use crate::objective::Noise;
use crate::outcome::{BondResult, DataResult, InQResult, IterationRecord, Outcome, ParameterResult, RestraintResult};
use crate::params::{Name, State};
use crate::tangent::Tangent;

/// A restraint that is off by more than so many sigma contradicts the data.
const STRAINED: f64 = 3.0;

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
        let state = self.binding.state(p)?;
        let tangents = self.binding.tangents(&state, p)?;
        let curves = self.forward.curves(&state, &tangents, engine)?;
        let jacobian = super::jacobian(&self.target, &self.restraints, &curves, &state, &tangents);
        let spread = Spread::of(&self, &state, fit, &jacobian);
        let partials = self.forward.partials(&state, engine)?;
        self.warn_of_clamped();
        let parameters = self.parameters(fit, &spread)?;
        self.warn_of_bounds(&parameters);
        let bonds = self.bonds(&state, &tangents, &spread);
        let restraints = self.restraints.pulls(&state, p);
        self.warn_of_pulls(&restraints);
        Ok(Outcome {
            title: if self.job.title.is_empty() { state.model.title.clone() } else { self.job.title.clone() },
            rw: self.target.rw(&curves.g),
            chi2: self.target.residuals(&curves.g).iter().map(|x| x * x).sum(),
            converged: fit.stop.converged(),
            stop: fit.stop.to_string(),
            iterations: fit.iterations,
            seconds,
            engine: engine.name(),
            parameters,
            correlations: correlations(fit),
            history,
            data: vec![self.data(curves.g, partials)],
            bonds,
            determined: spread.determined,
            refined_job: restart(&self.job, &state, &restraints, self.binding.ties_from(p)?),
            refined: state.model,
            restraints,
            warnings: self.one_of_many.into_iter().chain(self.warnings).chain(engine.warnings()).collect(),
            inputs: self.files,
        })
    }

    fn warn_of_clamped(&mut self) {
        if self.forward.clamped > 0 {
            self.warnings.push(format!(
                "{} pairs have no real width with these delta, U and sratio (or one below 0.01 Å); they were given 0.01 Å: \
                 lower delta1 or delta2, or raise U",
                self.forward.clamped
            ));
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

    fn data(&self, gcalc: Vec<f64>, partials: Vec<(String, Vec<f64>)>) -> DataResult {
        let known = self.target.noise != Noise::Unknown;
        let d = if known { self.target.dg.clone() } else { Vec::new() };
        let in_q = self.target.seen.as_ref().map(|seen| {
            let (name, unit) = if seen.compare == Compare::S { ("S(Q) - 1", "") } else { ("F(Q)", "1/Å") };
            let calculated = self.target.of(&gcalc).into_owned();
            InQResult { name, unit, q: seen.q.clone(), observed: seen.values.clone(), calculated, d: d.clone() }
        });
        DataResult {
            file: self.job.data.file.clone(),
            label: if self.observed.header.synthetic { "synthetic".to_owned() } else { String::new() },
            points: self.target.points(),
            independent_observations: self.independent_observations(),
            rw: self.target.rw(&gcalc),
            r: self.target.r.clone(),
            gobs: self.target.g.clone(),
            gcalc,
            dg: if in_q.is_some() { Vec::new() } else { d },
            partials,
            in_q,
        }
    }

    fn bonds(&mut self, state: &State, tangents: &[Tangent], spread: &Spread) -> Vec<BondResult> {
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
        let measure = |(kind, list): &(crate::job::Bonds, histogram::BondList)| {
            let jacobian = histogram::length_jacobian(list, &state.crystal, tangents);
            let covariance = BondCovariance { covariance: &jacobian * covariance * jacobian.transpose() };
            histogram::measure(list, &state.crystal, kind, Some(&covariance))
        };
        self.bonds.iter().map(measure).collect()
    }
}

fn correlations(fit: &lm::Fit) -> Vec<Vec<f64>> {
    let n = fit.p.len();
    (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { fit.correlation(i, j) }).collect()).collect()
}

/// The job that starts where this one ended: the structure is `refined.cif`, beside which it is written.
///
/// The CIF carries every refined value but the instrument's two (cell, sites, each U, profile), so `start`, `set` and
/// `beyond` of the old job would only stand in its way. A restraint without a target in the job is drawn to the new start,
/// and a comment at the head says so; where all its terms had one target, that is written down. Motions of molecules are
/// counted from where they are now, in `ties` too.
fn restart(job: &Job, state: &State, restraints: &[RestraintResult], ties: Vec<String>) -> String {
    let mut next = job.clone();
    "refined.cif".clone_into(&mut next.structure);
    // What the structure file carries need not be set; what belongs to the measurement must be.
    next.set = vec![("qdamp".to_owned(), state.setting.qdamp), ("qbroad".to_owned(), state.setting.qbroad)];
    // A molecule that was set is rigid, and goes on so from where it is.
    let motion = |name: &str| Name::parse(name).is_some_and(|name| name.kind.is_motion());
    next.set.extend(job.set.iter().filter(|(name, _)| motion(name)).map(|(name, _)| (name.clone(), 0.0)));
    next.data.instrument = None;
    next.beyond = Vec::new();
    next.ties = ties;
    for (name, vary) in &mut next.refine {
        let start = match name.as_str() {
            "qdamp" => Some(state.setting.qdamp),
            "qbroad" => Some(state.setting.qbroad),
            _ => None,
        };
        *vary = Vary { start, ..*vary };
    }
    next.set.retain(|(name, _)| !next.refine.iter().any(|(refined, _)| refined == name));
    for restraint in &mut next.restraints {
        write_target(restraint, restraints);
    }
    let drawn = drawn_to_start(&next);
    let head = if drawn.is_empty() {
        String::new()
    } else {
        format!("// Drawn to where this job starts, no longer to where the first one did: {}.\n", drawn.join(", "))
    };
    head + &crate::read::job::to_ron(&next)
}

/// Gives a restraint the target that all its terms had, to a millionth.
fn write_target(restraint: &mut Restraint, results: &[RestraintResult]) {
    let of = restraint.of().to_owned();
    let (kind, target) = match restraint {
        Restraint::Distance { target, .. } => ("Distance", target),
        Restraint::Angle { target, .. } => ("Angle", target),
        Restraint::Apart { .. } | Restraint::Displacement { .. } => return,
    };
    let mut own = results.iter().filter(|result| result.kind == kind && result.of == of).map(|result| result.target);
    if let (None, Some(first)) = (&target, own.next())
        && own.all(|other| (other - first).abs() < 1e-6)
    {
        *target = Some(first);
    }
}

/// What a job draws to its own start, in words.
fn drawn_to_start(job: &Job) -> Vec<String> {
    let sigmas = job.refine.iter().filter(|(_, vary)| vary.sigma.is_some()).map(|(name, _)| format!("{name} by sigma"));
    let others = job.restraints.iter().filter_map(|restraint| match restraint {
        Restraint::Distance { pair, target: None, .. } => Some(format!("Distance of {pair}")),
        Restraint::Angle { angle, target: None, .. } => Some(format!("Angle of {angle}")),
        Restraint::Displacement { of, .. } => Some(format!("Displacement of {of}")),
        _ => None,
    });
    sigmas.chain(others).collect()
}
