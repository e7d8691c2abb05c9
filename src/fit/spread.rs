//! How well the parameters are known: covariance, and what the data determine.

use nalgebra::{DMatrix, DVector};

use super::problem::points;
use super::setup::Setup;
use super::variances::{Miss, Variances, effective_points, misses, noise, parts};
use crate::lm;
use crate::objective::Noise;
use crate::outcome::Determined;
use crate::params::{Quantity, State, Variable, Whole};

/// Covariance of the refined parameters and what it rests on.
///
/// Every data set has its own variance `s_d²` of a residual of unit weight, by its own misfit. With `J_d` its rows of the Jacobian
/// J and `C = (JᵀJ)⁺`, least squares have the covariance `C (Σ_d s_d² J_dᵀJ_d) C`: with one data set `s² C`. Restraints are
/// widened as all data are together.
pub(super) struct Spread {
    /// That of least squares alone.
    pub plain: DMatrix<f64>,
    /// The same with what was known before added, `(Σ_d J_dᵀJ_d/s_d² + W⁻²)⁻¹`: finite in every direction.
    pub with_prior: DMatrix<f64>,
    /// Which parameters least squares alone determine to less than [`TOO_WIDE`] times what was known before.
    pub known: Vec<bool>,
    /// Is any direction that could move left open? (A parameter on a bound cannot.)
    pub open: bool,
    /// For the report.
    pub determined: Determined,
    /// By what each data set is missed, in units of the noise that its weights rest on.
    pub misfits: Vec<f64>,
}

/// An esd this many times larger than what anybody knows beforehand says: not determined.
const TOO_WIDE: f64 = 3.0;

impl Spread {
    /// `states` are those at the minimum.
    pub(super) fn of(setup: &Setup, states: &[State], fit: &lm::Fit) -> Self {
        let jacobian = &fit.jacobian;
        let widths = widths(setup, states, fit.p.as_slice());
        let misses = misses(setup, fit);
        let data = points(&setup.datasets);
        let first = Variances::of(setup, &misses);
        let mut singular = scaled_singular_values(&first.weighed(jacobian), data, &widths);
        let directions = directions(&singular) as f64;
        let misses: Vec<Miss> =
            misses.iter().zip(parts(setup, fit)).map(|(miss, part)| miss.with(directions * part)).collect();
        let variances = Variances::of(setup, &misses);
        let plain = variances.widened(&fit.covariance, jacobian);
        let known: Vec<bool> = (0..widths.len())
            .map(|k| !fit.at_bound[k] && fit.esd(k).is_some() && plain[(k, k)].sqrt() <= TOO_WIDE * widths[k])
            .collect();
        let weighed = variances.weighed(jacobian);
        match variances.ratio(&first) {
            Some(ratio) => singular.iter_mut().for_each(|value| *value /= ratio.sqrt()),
            None => singular = scaled_singular_values(&weighed, data, &widths),
        }
        Self {
            with_prior: with_prior(&weighed, &widths, &fit.at_bound),
            plain,
            open: known.iter().zip(&fit.at_bound).any(|(known, at_bound)| !known && !at_bound),
            known,
            determined: describe(setup, fit, &singular),
            misfits: misses.iter().map(|miss| miss.reduced().sqrt()).collect(),
        }
    }
}

/// What is known of each refined parameter before any data, in its unit; `states` has one entry for each place.
pub(crate) fn widths(setup: &Setup, states: &[State], p: &[f64]) -> Vec<f64> {
    let variables = setup.binding.free.iter().map(|free| &setup.binding.variables()[free.variable]);
    variables.zip(p).map(|(variable, value)| width(variable, &states[variable.spots[0].place], *value)).collect()
}

/// What is known of a parameter before any data: the scale on which "determined" is judged.
fn width(variable: &Variable, state: &State, value: f64) -> f64 {
    match variable.quantity() {
        // An atom is where it is drawn to some 0.15 Å.
        Quantity::Position { vector, .. } => 0.15 / (state.crystal.basis * vector).norm(),
        // So is a molecule; and it is drawn in its direction to some 5 degrees: atoms 1 to 2 Å from its middle to 0.15 Å.
        Quantity::Body { component, .. } if *component < 3 => 0.15,
        Quantity::Body { .. } => 5.0,
        Quantity::Cell { pivot, .. } if *pivot < 3 => 0.01 * value,
        Quantity::Cell { .. } => 1.0,
        Quantity::Uiso(_) | Quantity::Uaniso { .. } | Quantity::Beyond(_) | Quantity::Inside(_) => {
            value.abs().max(0.005)
        }
        Quantity::Occ(_) => 0.3,
        Quantity::Whole(Whole::Qdamp | Whole::Qbroad) => 0.05,
        Quantity::Whole(Whole::Delta1 | Whole::Delta2) => 3.0,
        Quantity::Whole(_) => 0.5 * value.abs().max(0.1),
    }
}

/// Singular values of the data's rows of a Jacobian in units of the noise, every column multiplied by what is known beforehand.
fn scaled_singular_values(weighed: &DMatrix<f64>, data: usize, widths: &[f64]) -> Vec<f64> {
    let mut data = weighed.rows(0, data).into_owned();
    for (mut column, width) in data.column_iter_mut().zip(widths) {
        column *= *width;
    }
    lm::Singular::values_of(&data).iter().copied().collect()
}

fn directions(singular: &[f64]) -> usize {
    singular.iter().filter(|value| **value > 1.0).count()
}

/// `jacobian`: in units of the noise.
fn with_prior(jacobian: &DMatrix<f64>, widths: &[f64], at_bound: &[bool]) -> DMatrix<f64> {
    let mut normal = jacobian.transpose() * jacobian;
    for (k, width) in widths.iter().enumerate() {
        normal[(k, k)] += width.powi(-2);
    }
    let mut covariance =
        normal.cholesky().map_or_else(|| DMatrix::from_diagonal(&DVector::from_column_slice(widths)), |c| c.inverse());
    for k in (0..at_bound.len()).filter(|k| at_bound[*k]) {
        covariance.row_mut(k).fill(0.0);
        covariance.column_mut(k).fill(0.0);
    }
    covariance
}

fn describe(setup: &Setup, fit: &lm::Fit, singular: &[f64]) -> Determined {
    let (parameters, directions) = (setup.binding.free.len(), directions(singular));
    let observations = setup.independent_observations();
    let mut words = vec![if parameters == 0 {
        "No parameter was refined: this is the model as it stands.".to_owned()
    } else {
        format!(
            "The data determine {directions} of {parameters} directions of the parameters better than they were known before \
         (atoms to 0.15 Å, edges to 1 %, U to themselves); they hold about {observations:.0} independent observations."
        )
    }];
    if directions < parameters {
        words.push(format!(
            "{} directions are not determined: single values among the strongly correlated parameters are one choice of many \
             that fit equally well. What the fit shares between them (the mean and width of a distribution of distances) is \
             known better than any one of them.",
            parameters - directions
        ));
    }
    words.extend(noise_words(setup));
    let unknown = setup.datasets.iter().filter(|dataset| dataset.target.noise == Noise::Unknown);
    if setup.datasets.len() > 1 && unknown.count() > 0 {
        words.push(
            "Of several curves, one without uncertainties is taken to be known to 2 % of its largest value.".to_owned(),
        );
    }
    words.push(format!(
        "Neighbouring points of a curve on a grid finer than {} repeat each other; they are counted as {:.0} points, not {}.",
        if setup.datasets.iter().any(|dataset| dataset.target.seen.is_some()) { "π/(rmax - rmin)" } else { "π/qmax" },
        effective_points(setup),
        points(&setup.datasets)
    ));
    Determined {
        singular_values: fit.singular_values.iter().copied().collect(),
        directions,
        parameters,
        observations,
        words,
    }
}

/// What uncertainties rest on: one sentence, or one for each curve where these differ.
fn noise_words(setup: &Setup) -> Vec<String> {
    let of = |noise: Noise| match noise {
        Noise::File => "Uncertainties rest on those in the data file, widened where the misfit is larger.",
        Noise::Job => "Uncertainties rest on the dG that the job gives, widened where the misfit is larger.",
        Noise::Unknown => "The data have no uncertainties: esds rest on the misfit, counted as if it were noise.",
    };
    let (common, datasets) = (noise(setup), &setup.datasets);
    if datasets.iter().all(|dataset| dataset.target.noise == common) {
        return vec![of(common).to_owned()];
    }
    datasets.iter().map(|dataset| format!("{}: {}", dataset.name, of(dataset.target.noise))).collect()
}
