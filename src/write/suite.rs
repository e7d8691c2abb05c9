//! A suite with other expectations, everything else as its author wrote it.

use crate::read::job::word_at;
use crate::suite::{Expected, Suite, Value};

/// An expectation that was written anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The case.
    pub case: String,
    /// The value.
    pub name: String,
    /// What stood there.
    pub from: String,
    /// What stands there now.
    pub to: String,
}

/// The text of a suite with the values, and where they stand there the uncertainties, that `moved` found; and what was changed.
///
/// `moved` names each value with its case. Digits are kept to a hundredth of its tolerance. Comments and layout stay. A value whose place is not found is left out of the changes.
///
/// ```
/// use corefine::{read, suite::Value, write};
/// let text = "(cases: [(name: \"ni\", run: Read(\"a.gr\"), expect: { // of old\n \"rmax\": (value: 20, abs: 0.1) })])";
/// let suite = read::suite::suite(text, "s.ron").unwrap();
/// let value =
///     Value { name: "rmax".into(), expected: 20.0, found: 30.00004, esd: None, found_esd: None, tolerance: 0.1, within: false };
/// let (new, changes) = write::suite(text, &suite, &[("ni", &value)]);
/// assert_eq!(new, text.replace("20", "30.000"));
/// assert_eq!(changes[0].from, "20");
/// ```
pub fn suite(text: &str, suite: &Suite, moved: &[(&str, &Value)]) -> (String, Vec<Change>) {
    let mut edits = Vec::new();
    let mut changes = Vec::new();
    for (case, value) in moved {
        let Some(at) = suite.cases.iter().position(|known| known.name == *case) else { continue };
        let place = |key: &str| word_at(text, &format!("cases/{at}/expect/{}/{key}", value.name));
        let Some(word) = place("value") else { continue };
        let to = rounded(value.found, tolerance(suite, at, value));
        let from = text[word.clone()].to_owned();
        changes.push(Change { case: (*case).to_owned(), name: value.name.clone(), from, to: to.clone() });
        edits.push((word, to));
        let found = value.found_esd.filter(|esd| esd.is_finite());
        edits.extend(place("esd").zip(found).map(|(word, esd)| (word, significant(esd))));
    }
    edits.sort_by_key(|(word, _)| std::cmp::Reverse(word.start));
    let mut new = text.to_owned();
    for (word, to) in edits {
        new.replace_range(word, &to);
    }
    (new, changes)
}

/// The tolerance of an expectation whose value and uncertainty are those that were found.
fn tolerance(suite: &Suite, case: usize, found: &Value) -> f64 {
    let expected = suite.cases[case].expect.iter().find(|(name, _)| *name == found.name);
    expected.map_or(0.0, |(_, old)| Expected { value: found.found, esd: None, ..*old }.tolerance(found.found_esd))
}

/// To a hundredth of the tolerance; in full where there is none, or where it is a whole number.
fn rounded(value: f64, tolerance: f64) -> String {
    if tolerance > 0.0 && value.fract() != 0.0 {
        let decimals = (2.0 - tolerance.log10().floor()).clamp(0.0, 15.0) as usize;
        format!("{value:.decimals$}")
    } else {
        value.to_string()
    }
}

/// Three digits.
fn significant(value: f64) -> String {
    format!("{value:.2e}").parse::<f64>().unwrap_or(value).to_string()
}
