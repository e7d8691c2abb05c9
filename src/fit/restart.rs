//! The job that goes on from where a refinement ended.

use super::setup::FitError;
use crate::job::{Job, Named, Restraint, Scopes, Vary};
use crate::outcome::RestraintResult;
use crate::params::{BindError, Binding, Free, Kind, Name, State, Whole};

/// The numbers of a measurement: what no structure says, and its scale, which each curve may have of its own.
const MEASURED: [Whole; 4] = [Whole::Scale, Whole::Pscale, Whole::Qdamp, Whole::Qbroad];

/// What a refinement ended with.
pub(super) struct Restart<'a> {
    pub job: &'a Job,
    pub binding: &'a Binding,
    /// The structures, one for each place.
    pub states: &'a [State],
    /// The refined parameters.
    pub p: &'a [f64],
}

/// The file with the structure that is written for a phase: a CIF, or for a cluster, of which a CIF cannot tell, a RON model.
pub fn refined_structure(phases: usize, name: &str, cluster: bool) -> String {
    match (phases, cluster) {
        (1, false) => "refined.cif".to_owned(),
        (1, true) => "refined-model.ron".to_owned(),
        (_, false) => format!("refined-{name}.cif"),
        (_, true) => format!("refined-{name}.ron"),
    }
}

impl Restart<'_> {
    /// The job that starts where this one ended, as RON: its structures are `refined.cif`, beside which it is written, or one
    /// `refined-PHASE.cif` for each phase; see [`refined_structure`].
    ///
    /// A CIF, or a model, carries every refined value of its phase but those of the measurement (cell, sites, each U, profile), so `start`,
    /// `set` and `beyond` of the old job would only stand in its way. A restraint without a target in the job is drawn to the new
    /// start, and a comment at the head says so; where all its terms had one target, that is written down. Motions of molecules
    /// are counted from where they are now, in `ties` too.
    pub fn text(&self, restraints: &[RestraintResult]) -> Result<String, FitError> {
        let mut next = self.job.clone();
        let count = next.phases.len();
        for (number, (name, phase)) in next.phases.iter_mut().enumerate() {
            phase.structure = refined_structure(count, name, self.is_cluster(number));
        }
        for (_, data) in &mut next.datasets {
            data.instrument = None;
        }
        next.beyond = self.of_places(Binding::own_beyond);
        next.ties = self.binding.ties_from(self.p)?;
        next.set = self.settings();
        next.refine = self.refined()?;
        for restraint in &mut next.restraints {
            write_target(restraint, restraints);
        }
        let drawn = drawn_to_start(&next);
        let head = if drawn.is_empty() {
            String::new()
        } else {
            format!("// Drawn to where this job starts, no longer to where the first one did: {}.\n", drawn.join(", "))
        };
        Ok(head + &crate::read::job::to_ron(&next))
    }

    /// Is a phase an isolated cluster?
    fn is_cluster(&self, phase: usize) -> bool {
        let mut places = self.binding.places().zip(self.states);
        places.any(|((of, _), state)| of == phase && state.model.cluster)
    }

    /// What is set: what no CIF carries, as far as it is neither refined nor tied.
    fn settings(&self) -> Named<f64> {
        let scopes = Scopes::of(self.job);
        let mut set = Vec::new();
        for whole in MEASURED.into_iter().filter(|whole| !self.is_carried(*whole)) {
            for dataset in 0..self.job.datasets.len() {
                set.extend(self.setting(&scopes, whole, dataset));
            }
        }
        set.extend(self.of_places(Binding::own_numbers));
        // A molecule that was set is rigid, and goes on so from where it is.
        let motion = |name: &str| local(name).is_some_and(|name| name.kind.is_motion());
        set.extend(self.job.set.iter().filter(|(name, _)| motion(name)).map(|(name, _)| (name.clone(), 0.0)));
        set.retain(|(name, _)| !self.job.refine.iter().any(|(refined, _)| refined == name));
        set
    }

    /// What data sets have of their own, as the CIF is that of the first.
    fn of_places(&self, own: impl Fn(&Binding, usize, &[State]) -> Named<f64>) -> Named<f64> {
        (0..self.states.len()).flat_map(|place| own(self.binding, place, self.states)).collect()
    }

    /// Does the CIF carry it, or is it nowhere anything but what it is without a job?
    fn is_carried(&self, whole: Whole) -> bool {
        match whole {
            Whole::Scale => self.job.datasets.len() == 1,
            Whole::Pscale => self.states.iter().all(|state| state.setting.pscale == 1.0),
            _ => false,
        }
    }

    /// One entry for a data set, or one for each phase of it where these differ or some are refined or tied.
    fn setting(&self, scopes: &Scopes, whole: Whole, dataset: usize) -> Named<f64> {
        let name = Kind::Whole(whole).word();
        let places = self.binding.places().enumerate().filter(|(_, (_, other))| *other == dataset);
        let still = places.filter(|(place, _)| !self.binding.moves(whole, *place));
        let named = |(place, _)| (name.to_owned() + &self.binding.name_of(place), value(&self.states[place], whole));
        let own: Named<f64> = still.map(named).collect();
        match own.first() {
            Some((_, first)) if own.len() == self.job.phases.len() && own.iter().all(|(_, value)| value == first) => {
                vec![(scopes.in_dataset(name, dataset), *first)]
            }
            _ => own,
        }
    }

    /// What is refined, with a start where no CIF carries one: of the measurement, and of what a phase has of its own in a data
    /// set.
    fn refined(&self) -> Result<Named<Vary>, FitError> {
        let (scopes, mut variables) = (Scopes::of(self.job), self.binding.free.iter().zip(self.p));
        let mut refine = Vec::new();
        for (name, vary) in &self.job.refine {
            let own: Vec<(String, f64)> = self.of_entry(name, &mut variables);
            let scoped = scopes.scoped(name).map_err(BindError::from)?;
            let measured = MEASURED.into_iter().find(|whole| Kind::Whole(*whole).word() == scoped.name);
            // A start that is refined is written down, whatever it is: only `scale` can be in the CIF.
            let written = measured.is_some_and(|whole| whole != Whole::Scale || !self.is_carried(whole));
            let carried = !written && scoped.dataset.is_none();
            if carried {
                refine.push((name.clone(), Vary { start: None, ..*vary }));
            } else {
                refine.extend(own.into_iter().map(|(name, value)| (name, Vary { start: Some(value), ..*vary })));
            }
        }
        Ok(refine)
    }

    /// The next variables, as many as an entry of `refine` stands for, with their values.
    fn of_entry<'b>(
        &self,
        entry: &str,
        variables: &mut impl Iterator<Item = (&'b Free, &'b f64)>,
    ) -> Vec<(String, f64)> {
        let count = self.binding.count(entry);
        let named = |(free, value): (&Free, &f64)| (self.binding.variables()[free.variable].name.clone(), *value);
        variables.take(count).map(named).collect()
    }
}

/// A name without its end.
fn local(name: &str) -> Option<Name> {
    Name::parse(name.split('@').next().unwrap_or(name))
}

/// A number of the measurement.
fn value(state: &State, whole: Whole) -> f64 {
    match whole {
        Whole::Pscale => state.setting.pscale,
        Whole::Qdamp => state.setting.qdamp,
        Whole::Qbroad => state.setting.qbroad,
        _ => state.model.profile.scale,
    }
}

/// Gives a restraint the target that all its terms had, to a millionth.
fn write_target(restraint: &mut Restraint, results: &[RestraintResult]) {
    let of = restraint.of().to_owned();
    let (kind, target) = match restraint {
        Restraint::Distance { target, .. } => ("Distance", target),
        Restraint::Angle { target, .. } => ("Angle", target),
        Restraint::Apart { .. } | Restraint::Displacement { .. } => return,
    };
    // A result has the ends of its place, a restraint some of them.
    let of_it = |result: &&RestraintResult| {
        let parts: Vec<&str> = result.of.split('@').collect();
        result.kind == kind && of.split('@').all(|part| parts.contains(&part))
    };
    let mut own = results.iter().filter(of_it).map(|result| result.target);
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
