//! `result.json`: what a script reads.

use serde::Serialize;

use super::page::indented;
use crate::outcome::{
    BondResult, DataResult, Determined, InputFile, IterationRecord, Outcome, ParameterResult, PhaseResult,
    RestraintResult, Share,
};

/// The contract: these names stay.
#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    version: &'static str,
    rw: f64,
    chi2: f64,
    converged: bool,
    stop: &'a str,
    iterations: usize,
    seconds: f64,
    engine: &'a str,
    parameters: &'a [ParameterResult],
    data: Vec<Data<'a>>,
    phases: Vec<Phase<'a>>,
    bonds: Option<&'a BondResult>,
    bonds_all: &'a [BondResult],
    restraints: &'a [RestraintResult],
    correlations: &'a [Vec<f64>],
    history: &'a [IterationRecord],
    determined: &'a Determined,
    warnings: &'a [String],
    inputs: &'a [InputFile],
}

/// A structure without its atoms: those are in `refined.cif`.
#[derive(Serialize)]
struct Phase<'a> {
    name: &'a str,
    title: &'a str,
    shares: &'a [Share],
}

/// A curve without its points: those are in `fit.fgr`.
#[derive(Serialize)]
struct Data<'a> {
    name: &'a str,
    file: &'a str,
    label: &'a str,
    points: usize,
    independent_observations: f64,
    rw: f64,
    misfit: f64,
    compared: &'static str,
}

fn phase(phase: &PhaseResult) -> Phase<'_> {
    Phase { name: &phase.name, title: &phase.model.title, shares: &phase.shares }
}

impl<'a> From<&'a DataResult> for Data<'a> {
    fn from(data: &'a DataResult) -> Self {
        Self {
            name: &data.name,
            file: &data.file,
            label: &data.label,
            points: data.points,
            independent_observations: data.independent_observations,
            rw: data.rw,
            misfit: data.misfit,
            compared: data.in_q.as_ref().map_or("G(r)", |seen| seen.name),
        }
    }
}

/// `result.json` of a refinement.
///
/// Keys: `title version rw chi2 converged stop iterations seconds engine`; `parameters[]` with `name value esd start unit
/// tied at_bound`; `data[]` with `name file label points independent_observations rw misfit compared` (`G(r)`, `F(Q)` or `S(Q) - 1`); `phases[]` with `name title` and
/// `shares[]` of `dataset atoms esd`, where there are several; `bonds`, the first kind of bond asked
/// for (`null` without one), with `pair cutoff n broken fraction fraction_esd mean mean_esd sd min max`, `histogram[]`
/// of `from to count`, `bonds[]` of `from to distance esd weight`, `coordination[]` and `fraction_by_cutoff[]`;
/// `bonds_all`, every kind; `restraints[]` with `kind of name value target within sigma pull weight unit`; `correlations` (rows and columns in the order of the parameters that are not tied);
/// `history[]` with `rw lambda`; `determined`; `warnings[]`; `inputs[]` with `role path sha256`, and
/// `from_results`, the path as seen from the folder of results.
/// Lengths in Å, U in Å², angles in degrees. What is no number is `null`.
pub fn json(outcome: &Outcome) -> String {
    let document = Document {
        title: &outcome.title,
        version: super::VERSION,
        rw: outcome.rw,
        chi2: outcome.chi2,
        converged: outcome.converged,
        stop: &outcome.stop,
        iterations: outcome.iterations,
        seconds: outcome.seconds,
        engine: &outcome.engine,
        parameters: &outcome.parameters,
        data: outcome.data.iter().map(Data::from).collect(),
        phases: outcome.phases.iter().map(phase).collect(),
        bonds: outcome.bonds.first(),
        bonds_all: &outcome.bonds,
        restraints: &outcome.restraints,
        correlations: &outcome.correlations,
        history: &outcome.history,
        determined: &outcome.determined,
        warnings: &outcome.warnings,
        inputs: &outcome.inputs,
    };
    indented(&document)
}
