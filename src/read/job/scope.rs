//! The names of phases and data sets, and names that end in them.

use super::Problem;
use crate::job::Scopes;

/// The path in a job at which the keys of a phase stand, see [`super::place_of`]; a single one has no name.
pub fn in_phase(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("phases/{name}/") }
}

/// The path in a job at which the keys of a data set stand; a single one has no name.
pub fn in_dataset(name: &str) -> String {
    if name.is_empty() { "data/".to_owned() } else { format!("datasets/{name}/") }
}

/// Can these names stand behind an `@`, and in the names of files?
pub(super) fn names(scopes: &Scopes) -> Result<(), Problem> {
    for (key, names) in [("phases", &scopes.phases), ("datasets", &scopes.datasets)] {
        let named = names.iter().filter(|name| names.len() > 1 || !name.is_empty());
        for name in named {
            let path = format!("{key}/{name}");
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                let problem = format!("{key}: \"{name}\" is no name");
                return Err(Problem::new(path, problem, "write letters, digits and _, such as \"neutrons_300K\""));
            }
            if names.iter().filter(|other| other.to_lowercase() == name.to_lowercase()).count() > 1 {
                let problem = format!("{key}: \"{name}\" is there twice but for capital letters");
                return Err(Problem::new(path, problem, "files are called by these names: give one of them another"));
            }
            if key == "datasets" && scopes.phases.contains(name) {
                let problem = format!("\"{name}\" is a phase and a data set");
                return Err(Problem::new(path, problem, "give one of them another name"));
            }
        }
    }
    Ok(())
}

/// A name without its end, which has to be one of the job's.
pub(super) fn plain<'a>(scopes: &Scopes, path: &str, name: &'a str) -> Result<&'a str, Problem> {
    let wrong = |error: crate::job::ScopeError| {
        Problem::new(path, format!("\"{}\": {}", error.text, error.problem), error.known)
    };
    Ok(scopes.scoped(name).map_err(wrong)?.name)
}
