//! What a series wrote: the record of each frame, and the head of its `series.json`.

use serde::Deserialize;

use super::ReadError;
use crate::series::Record;

const HINT: &str = "is it of a series that this corefine wrote? --force begins anew";

/// The record of a frame, `frame.json`.
///
/// # Errors
/// A text that is no such record.
pub fn record(text: &str, name: &str) -> Result<Record, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError::syntax(name, Some(error.line()), error.to_string(), HINT))
}

/// What the frames of a `series.json` were made of, as keys and values.
///
/// # Errors
/// A text that is none.
pub fn made_of(text: &str, name: &str) -> Result<Vec<(String, String)>, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        made_of: Vec<(String, String)>,
    }
    let read = serde_json::from_str::<Head>(text).map(|head| head.made_of);
    read.map_err(|error| ReadError::syntax(name, Some(error.line()), error.to_string(), HINT))
}
