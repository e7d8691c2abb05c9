//! What several verbs read of what was typed.

use corefine::element::Element;

use super::messages::Failure;

pub fn element(flag: &str, text: &str) -> Result<Element, Failure> {
    text.parse().map_err(|error| Failure::new(format!("{flag}: {error}")))
}

/// Both ends of a range, the smaller first; `hint` says how it is written.
pub fn range(flag: &str, ends: &[f64], hint: &str) -> Result<[f64; 2], Failure> {
    match *ends {
        [from, to] if from >= 0.0 && from < to && to.is_finite() => Ok([from, to]),
        _ => {
            let said: Vec<String> = ends.iter().map(f64::to_string).collect();
            Err(Failure::with_hint(format!("{flag} is {}", said.join(",")), hint))
        }
    }
}

/// What was said of the `k`-th of so many trajectories: once for all of them, or once for each.
pub fn nth<'a, T>(flag: &str, given: &'a [T], (k, files): (usize, usize)) -> Result<Option<&'a T>, Failure> {
    match given.len() {
        0 => Ok(None),
        1 => Ok(given.first()),
        n if n == files => Ok(given.get(k)),
        n => Err(Failure::with_hint(
            format!("{flag} has {n} values for {files} trajectories"),
            "write one for all, or one for each, in order",
        )),
    }
}
