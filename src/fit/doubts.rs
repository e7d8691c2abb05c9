//! What a user should know about a question before it is answered.

use super::dataset::Dataset;
use crate::job::{Compat, Data, Job, Scopes, Weights};
use crate::objective::Noise;
use crate::params::{Binding, Quantity, State, Whole};

/// Below this rmax nothing that acts as a function of r over many shells can be told from the U's, Å.
const SHORT: f64 = 4.6;

/// Molecules that turn while their U tensors stay.
pub(super) fn tensors_left(binding: &Binding, start: &[State]) -> Option<String> {
    let bodies: Vec<&str> =
        start.iter().enumerate().flat_map(|(place, state)| binding.turned_tensors(place, &state.model)).collect();
    let first = bodies.first()?;
    Some(format!(
        "{} molecules that may turn (the first is that of {first}) have U tensors, which keep their directions: refine or set \
         Uiso of their elements if they turn far",
        bodies.len()
    ))
}

/// Phases that are each normalised by themselves, in a curve that was by the whole sample.
pub(super) fn own_norms(job: &Job) -> Option<String> {
    let exact =
        |data: &Data| data.weights == Weights::Exact && data.compat == Compat::None && data.composition.is_none();
    let (name, data) = job.datasets.iter().find(|(_, data)| job.phases.len() > 1 && exact(data))?;
    let place = if name.is_empty() { "data" } else { name };
    Some(format!(
        "{} was divided by <f>² of the whole sample, and each phase is by its own, which at high Q is not in proportion: write \
         composition in {place}, the atoms of all phases together, such as composition: \"Si 0.8 Ni 0.2\"",
        data.file
    ))
}

/// Are more parameters refined than there are observations to tell them by?
pub(super) fn one_of_many(binding: &Binding, datasets: &[Dataset]) -> Option<String> {
    let observations = datasets.iter().map(Dataset::information).sum::<Option<f64>>()?;
    let refined = binding.free.len();
    (refined as f64 > observations).then(|| {
        format!(
            "{refined} parameters on {observations:.0} independent observations: many sets of values fit these data equally well, and \
             this is one of them"
        )
    })
}

/// What a user should know about the question that the job asks.
pub(super) fn of_question(binding: &Binding, datasets: &[Dataset]) -> Vec<String> {
    let mut doubts = Vec::new();
    for (rmax, hopeless) in hopeless(binding, datasets) {
        doubts.push(format!(
            "{} cannot be told apart from U on data that end at {rmax} Å: fix {} at the value of a standard, or fit farther",
            hopeless.join(", "),
            if hopeless.len() == 1 { "it" } else { "them" }
        ));
    }
    let unknown = |what: fn(&Dataset) -> bool| datasets.iter().filter(move |dataset| what(dataset));
    for _ in unknown(|dataset| dataset.qmax().is_none()) {
        doubts.push("qmax is not known: the model is not truncated, and information cannot be counted".to_owned());
    }
    for dataset in unknown(|dataset| dataset.target.noise == Noise::Unknown) {
        let in_q = dataset.target.seen.is_some() && !dataset.observed.dg.is_empty();
        let has = if in_q { "gives uncertainties of G(r), none of what is compared" } else { "gives no uncertainties" };
        doubts.push(format!(
            "{} {has}: every point weighs the same, and esds rest on the size of the residuals",
            dataset.data.file
        ));
    }
    doubts.dedup();
    doubts
}

/// Parameters that short data cannot tell from U: the end of the longest data that know each, Å, and their names.
fn hopeless<'a>(binding: &'a Binding, datasets: &[Dataset]) -> Vec<(f64, Vec<&'a str>)> {
    let long = [Whole::Delta1, Whole::Delta2, Whole::Qdamp, Whole::Qbroad].map(Quantity::Whole);
    let places: Vec<(usize, usize)> = binding.places().collect();
    let mut found: Vec<(f64, Vec<&str>)> = Vec::new();
    for free in &binding.free {
        let variable = &binding.variables()[free.variable];
        let ends = variable.spots.iter().map(|spot| datasets[places[spot.place].1].data.rmax);
        let rmax = ends.fold(0.0, f64::max);
        if rmax >= SHORT || !long.contains(variable.quantity()) {
            continue;
        }
        match found.iter_mut().find(|(end, _)| *end == rmax) {
            Some((_, names)) => names.push(&variable.name),
            None => found.push((rmax, vec![&variable.name])),
        }
    }
    found
}

/// Correlated motion that several structures are given in common.
pub(super) fn one_motion(job: &Job, binding: &Binding) -> Vec<String> {
    let (scopes, places) = (Scopes::of(job), binding.places().collect::<Vec<_>>());
    let motion = [Whole::Delta1, Whole::Delta2].map(Quantity::Whole);
    let variables = binding.free.iter().map(|free| &binding.variables()[free.variable]);
    let shared = variables.filter(|variable| motion.contains(variable.quantity())).filter_map(|variable| {
        let mut phases: Vec<usize> = variable.spots.iter().map(|spot| places[spot.place].0).collect();
        phases.sort_unstable();
        phases.dedup();
        let names: Vec<&str> = phases.iter().map(|phase| scopes.phases[*phase].as_str()).collect();
        let own: Vec<String> = phases.iter().map(|phase| scopes.in_phase(&variable.name, *phase)).collect();
        (names.len() > 1).then(|| {
            let (name, names, own) = (&variable.name, names.join(", "), own.join(", "));
            format!(
                "{name} is one number for the phases {names}, whose atoms need not move alike: {own} give each its own"
            )
        })
    });
    shared.collect()
}

/// `scale` and every `pscale` refined at once: one of them can be anything.
pub(super) fn one_factor_too_many(binding: &Binding) -> Option<String> {
    let places = binding.places().count();
    let all = |whole: Whole| (0..places).all(|place| binding.refines(whole, place));
    (all(Whole::Scale) && all(Whole::Pscale)).then(|| {
        "scale and pscale of every phase are refined, and only their products are known: set the pscale of one phase".to_owned()
    })
}

/// One measurement that counts twice.
pub(super) fn same_data(datasets: &[Dataset]) -> Vec<String> {
    let mut doubts = Vec::new();
    for (k, second) in datasets.iter().enumerate() {
        for first in &datasets[..k] {
            let (from, to) = (first.data.rmin.max(second.data.rmin), first.data.rmax.min(second.data.rmax));
            let same = first.observed.g == second.observed.g || first.data.file == second.data.file;
            if same && from < to {
                doubts.push(format!(
                    "{} and {} are one measurement, which counts twice from {from} to {to} Å: esds are too small; give them ranges \
                     that do not overlap",
                    first.name, second.name
                ));
            }
        }
    }
    doubts
}
