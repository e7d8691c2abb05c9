//! `result.json` of a refinement, as [`crate::report::json`] writes it.

use serde::Deserialize;

use super::ReadError;
use crate::outcome::InputFile;
use crate::suite::Answers;

/// What is read of the `result.json` of a refinement, so that it can be done again.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The version of the program.
    pub version: String,
    /// The engine that did the sums, as the report names it.
    pub engine: String,
    /// The files that went in.
    pub inputs: Vec<InputFile>,
    /// Its numbers, by the names of [`Answers::of_fit`]; those that are `null` are left out.
    pub answers: Answers,
}

#[derive(Deserialize)]
struct Document {
    version: String,
    engine: String,
    iterations: f64,
    rw: Option<f64>,
    chi2: Option<f64>,
    inputs: Vec<InputFile>,
    parameters: Vec<Parameter>,
    bonds_all: Vec<Bonds>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    value: Option<f64>,
    esd: Option<f64>,
}

#[derive(Deserialize)]
struct Bonds {
    pair: String,
    fraction: Option<f64>,
    fraction_esd: Option<f64>,
    mean: Option<f64>,
    mean_esd: Option<f64>,
}

/// Reads the `result.json` of a refinement.
///
/// # Errors
/// What is no JSON, or lacks what a refinement writes: an ensemble's `result.json` has intervals.
pub fn result(text: &str, name: &str) -> Result<Earlier, ReadError> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        let message = format!("this is no result of a refinement ({error})");
        ReadError::syntax(name, Some(error.line()), message, "name a folder that corefine refine wrote")
    })?;
    let answers = answers(&document);
    let Document { version, engine, inputs, .. } = document;
    Ok(Earlier { version, engine, inputs, answers })
}

fn answers(document: &Document) -> Answers {
    let mut answers = Answers::default();
    let mut add = |name: String, value: Option<f64>, esd: Option<f64>| {
        if let Some(value) = value {
            answers.with_esd(name, value, esd);
        }
    };
    add("rw".to_owned(), document.rw, None);
    add("chi2".to_owned(), document.chi2, None);
    add("iterations".to_owned(), Some(document.iterations), None);
    for Parameter { name, value, esd } in &document.parameters {
        add(name.clone(), *value, *esd);
        add(format!("esd_{name}"), *esd, None);
    }
    for bonds in &document.bonds_all {
        add(format!("broken_{}", bonds.pair), bonds.fraction, bonds.fraction_esd);
        add(format!("mean_{}", bonds.pair), bonds.mean, bonds.mean_esd);
    }
    answers
}
