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
