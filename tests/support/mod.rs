//! What several tests need: the reference data here, the rest by subject.

#![allow(dead_code, reason = "no test needs all of it")]

pub mod command;
pub mod curves;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod groups;
pub mod patterns;
pub mod random;
pub mod series;
pub mod structures;

use std::path::PathBuf;

/// A file of the repository.
pub fn of_repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The path of a reference file, or `None` (said aloud) where the data are not at hand.
///
/// With `COREFINE_REFERENCE_DATA` set, a missing file is a failure: a skipped test must not look like a passed one.
pub fn reference(file: &str) -> Option<PathBuf> {
    let Ok(folder) = std::env::var("COREFINE_REFERENCE_DATA") else {
        eprintln!("SKIPPED: needs {file}; set COREFINE_REFERENCE_DATA to the folder of reference data");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    assert!(path.is_file(), "COREFINE_REFERENCE_DATA is set, but {} is missing", path.display());
    Some(path)
}

/// The text of a reference file, bytes that are no UTF-8 replaced.
pub fn reference_text(file: &str) -> Option<String> {
    let path = reference(file)?;
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
