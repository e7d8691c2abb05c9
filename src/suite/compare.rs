//! What was expected and what was found, side by side.

use serde::Serialize;

use super::{Answers, Expected};
use crate::job::Named;

/// An expectation beside what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Value {
    /// Its name in the suite.
    pub name: String,
    /// What was expected.
    pub expected: f64,
    /// What was found.
    pub found: f64,
    /// The standard uncertainty that the difference is counted in: the expected one, else the one that was found.
    pub esd: Option<f64>,
    /// The standard uncertainty that was found.
    pub found_esd: Option<f64>,
    /// Largest difference allowed.
    pub tolerance: f64,
    /// Is it within?
    pub within: bool,
}

impl Value {
    /// Found minus expected.
    pub fn by(&self) -> f64 {
        self.found - self.expected
    }

    /// The same in standard uncertainties.
    pub fn esds(&self) -> Option<f64> {
        self.esd.filter(|esd| *esd > 0.0).map(|esd| self.by() / esd)
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Ended {
    /// It gave answers.
    Compared(Vec<Value>),
    /// It was refused with the words that were expected.
    Refused(String),
    /// It began and broke off, or was not refused: a regression.
    Broke(String),
    /// It could not begin: a file is missing, a job is none.
    CouldNot(String),
    /// It was left out, and why: there is no adapter.
    LeftOut(String),
}

/// What a run counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum State {
    /// Everything is as expected.
    Passed,
    /// Something moved, took too long, or broke off.
    Regressed,
    /// Nothing can be said.
    CouldNotRun,
    /// It was not asked for here.
    LeftOut,
}

/// One case on one engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// The case.
    pub case: String,
    /// `cpu`, `gpu` or `check`.
    pub engine: &'static str,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The same in units of the suite's reference case.
    pub ratio: Option<f64>,
    /// Largest ratio allowed.
    pub limit: Option<f64>,
    /// How it ended.
    pub ended: Ended,
}

impl Run {
    /// What it counts as.
    pub fn state(&self) -> State {
        match &self.ended {
            Ended::CouldNot(_) => State::CouldNotRun,
            Ended::LeftOut(_) => State::LeftOut,
            Ended::Broke(_) => State::Regressed,
            _ if self.is_slow() => State::Regressed,
            Ended::Refused(_) => State::Passed,
            Ended::Compared(values) if values.iter().all(|value| value.within) => State::Passed,
            Ended::Compared(_) => State::Regressed,
        }
    }

    /// Did it take longer than it may?
    pub fn is_slow(&self) -> bool {
        self.ratio.zip(self.limit).is_some_and(|(ratio, limit)| ratio > limit)
    }

    /// The values that are not within their tolerance.
    pub fn beyond(&self) -> impl Iterator<Item = &Value> {
        self.values().iter().filter(|value| !value.within)
    }

    /// Every value that was compared.
    pub fn values(&self) -> &[Value] {
        match &self.ended {
            Ended::Compared(values) => values,
            _ => &[],
        }
    }
}

/// A suite that was run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The suite's title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// The case whose time is the unit, and its seconds.
    pub unit: Option<(String, f64)>,
    /// Case by case, engine by engine.
    pub runs: Vec<Run>,
}

impl Checked {
    /// How many runs count as `state`.
    pub fn count(&self, state: State) -> usize {
        self.runs.iter().filter(|run| run.state() == state).count()
    }

    /// Wall-clock seconds of all runs.
    pub fn seconds(&self) -> f64 {
        self.runs.iter().map(|run| run.seconds).sum()
    }
}

/// Holds every expectation to what was found. A value that is no number is never within.
///
/// # Errors
/// The first name that the answers do not have, in words.
///
/// ```
/// use corefine::suite::{Answers, Expected, compare};
///
/// let answers = Answers::of_curve(&[1.0, 1.1], &[0.5, 0.6]);
/// let expected = Expected { value: 0.61, abs: Some(0.001), ..Expected::default() };
/// let values = compare(&[("G(1.1)".to_owned(), expected)].into(), &answers).unwrap();
/// assert!(!values[0].within && (values[0].by() + 0.01).abs() < 1e-12);
/// ```
pub fn compare(expect: &Named<Expected>, answers: &Answers) -> Result<Vec<Value>, String> {
    expect.iter().map(|(name, expected)| value(name, expected, answers)).collect()
}

fn value(name: &str, expected: &Expected, answers: &Answers) -> Result<Value, String> {
    let found = answers.find(name).ok_or_else(|| {
        format!("\"{name}\" is expected, and there is none; there are {}", answers.names().join(", "))
    })?;
    let tolerance = expected.tolerance(found.esd);
    let within = (found.value - expected.value).abs() <= tolerance;
    Ok(Value {
        name: name.to_owned(),
        expected: expected.value,
        found: found.value,
        esd: expected.esd.or(found.esd),
        found_esd: found.esd,
        tolerance,
        within,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(expected: Expected, found: f64, esd: Option<f64>) -> Value {
        let mut answers = Answers::default();
        answers.with_esd("a".to_owned(), found, esd);
        compare(&vec![("a".to_owned(), expected)], &answers).unwrap().remove(0)
    }

    #[test]
    fn the_largest_tolerance_counts() {
        let expected = Expected { value: 2.0, abs: Some(0.1), rel: Some(0.1), ..Expected::default() };
        assert!(held(expected, 2.19, None).within && !held(expected, 2.21, None).within);
        let expected = Expected { value: 2.0, esds: Some(2.0), ..Expected::default() };
        assert!(held(expected, 2.1, Some(0.06)).within && !held(expected, 2.1, Some(0.04)).within);
        assert!(!held(expected, 2.1, None).within, "nobody knows the uncertainty");
        let own = Expected { esd: Some(0.06), ..expected };
        assert!(held(own, 2.1, Some(1e-6)).within, "the expected uncertainty goes before the one that is found");
        assert_eq!(held(own, 2.12, None).esds().map(|esds| (esds * 1e6).round() / 1e6), Some(2.0));
    }

    #[test]
    fn what_is_no_number_is_never_within() {
        let expected = Expected { value: 2.0, abs: Some(f64::MAX), ..Expected::default() };
        assert!(!held(expected, f64::NAN, None).within);
    }

    #[test]
    fn a_run_is_what_its_worst_part_is() {
        let run = |ended: Ended, ratio| Run {
            case: "a".to_owned(),
            engine: "cpu",
            seconds: 1.0,
            ratio,
            limit: Some(2.0),
            ended,
        };
        assert_eq!(run(Ended::Compared(vec![]), Some(1.9)).state(), State::Passed);
        assert_eq!(run(Ended::Compared(vec![]), Some(2.1)).state(), State::Regressed);
        assert_eq!(run(Ended::CouldNot(String::new()), None).state(), State::CouldNotRun);
        assert_eq!(run(Ended::LeftOut(String::new()), None).state(), State::LeftOut);
        assert_eq!(run(Ended::Broke(String::new()), None).state(), State::Regressed);
    }
}
