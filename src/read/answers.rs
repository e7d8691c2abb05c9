//! `result.json` of an ensemble, as [`crate::report::ensemble_json`] writes it.

use serde::Deserialize;

use super::ReadError;
use crate::outcome::BondAnswer;

/// What is read of the `result.json` of an ensemble: its bonds, and what a reader must know beside them.
#[derive(Debug, Clone, Deserialize)]
pub struct Answers {
    /// The job's title.
    pub title: String,
    /// How members were made.
    pub method: String,
    /// How many there are.
    pub members: usize,
    /// `synthetic`, or empty.
    pub label: String,
    /// Every kind of bonds.
    pub bonds_all: Vec<BondAnswer>,
}

/// Reads the `result.json` of an ensemble.
///
/// # Errors
/// What is no JSON, or lacks what an ensemble writes: a refinement's `result.json` has no intervals.
pub fn answers(text: &str, name: &str) -> Result<Answers, ReadError> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("this is no result of an ensemble ({error})");
        ReadError::syntax(name, Some(error.line()), message, "name a folder that corefine ensemble wrote")
    })
}
