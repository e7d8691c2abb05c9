//! A suite of regression cases: RON, read strictly and checked value by value.

use ron::extensions::Extensions;

use super::job::{JobError, Places, Problem, options, syntax};
use crate::suite::{Case, EngineName, Expected, Suite, Task};

/// The reference of a suite's keys.
const PAGE: &str = "docs/regression.md";

/// Reads a suite from the text of the file `name`.
///
/// # Errors
/// For text that is no RON, unknown or missing keys, names given twice, and values that cannot be: no tolerance, one below zero, an
/// empty list of cases or engines, a `time` without a `unit`.
///
/// ```
/// let text = r#"(cases: [(name: "ni", run: Refine("ni.ron"), expect: { "a": (value: 3.524, esds: 1) })])"#;
/// let suite = corefine::read::suite::suite(text, "suite.ron").unwrap();
/// assert_eq!(suite.cases[0].expect[0].1.esds, Some(1.0));
///
/// let wrong = text.replace(", esds: 1", "");
/// let error = corefine::read::suite::suite(&wrong, "suite.ron").unwrap_err();
/// assert!(error.to_string().starts_with("suite.ron:1:61: a of ni has no tolerance"), "{error}");
/// ```
pub fn suite(text: &str, name: &str) -> Result<Suite, JobError> {
    let options = options().with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES);
    let suite: Suite = options.from_str(text).map_err(|error| syntax(&error, text, name, PAGE))?;
    check(&suite).map_err(|problem| problem.at(name, &Places::of(text)))?;
    Ok(suite)
}

fn check(suite: &Suite) -> Result<(), Problem> {
    if suite.cases.is_empty() {
        return Err(Problem::new("cases", "the suite has no cases", format!("see {PAGE}")));
    }
    for (i, case) in suite.cases.iter().enumerate() {
        let path = |key: &str| format!("cases/{i}/{key}");
        if case.name.trim().is_empty() {
            return Err(Problem::new(path("name"), "the name of a case is empty", "name it"));
        }
        if suite.cases[..i].iter().any(|earlier| earlier.name == case.name) {
            return Err(Problem::new(path("name"), format!("two cases are called {}", case.name), "rename one"));
        }
        of_case(case, &path)?;
        if case.time.is_some() && suite.unit.is_none() {
            let hint = "name the case that time is counted in: unit: \"CASE\"";
            return Err(Problem::new(path("time"), format!("{} has a time, and the suite no unit", case.name), hint));
        }
    }
    unit(suite)
}

/// Is the unit of time a case that can be timed?
fn unit(suite: &Suite) -> Result<(), Problem> {
    let Some(name) = &suite.unit else { return Ok(()) };
    match suite.cases.iter().find(|case| case.name == *name) {
        Some(case) if case.refused.is_none() && !matches!(case.run, Task::Read(_)) => Ok(()),
        Some(_) => {
            Err(Problem::new("unit", format!("the unit of time, {name}, computes nothing"), "take another case"))
        }
        None => Err(Problem::new("unit", format!("no case is called {name}"), "name one of the suite's cases")),
    }
}

fn of_case(case: &Case, path: &dyn Fn(&str) -> String) -> Result<(), Problem> {
    let Case { name, engines, time, refused, expect, .. } = case;
    if engines.is_empty() || (1..engines.len()).any(|i| engines[..i].contains(&engines[i])) {
        let problem = format!("{name} has no engine, or one twice");
        return Err(Problem::new(path("engines"), problem, "name each once: [cpu, gpu, check]"));
    }
    let sums = matches!(case.run, Task::Refine(_) | Task::Simulate(_));
    if !sums && *engines != [EngineName::Cpu] {
        let problem = format!("{name} has engines, and nothing of it is summed by one");
        return Err(Problem::new(path("engines"), problem, "leave them out"));
    }
    if time.is_some_and(|time| !(time.is_finite() && time > 0.0)) {
        return Err(Problem::new(path("time"), format!("the time of {name} is no number above 0"), "correct it"));
    }
    if refused.is_some() != expect.is_empty() {
        let problem = format!("{name} expects nothing, or values of a run that is to be refused");
        return Err(Problem::new(path("expect"), problem, "give it values under `expect`, or words under `refused`"));
    }
    expect.iter().try_for_each(|(of, expected)| tolerance(name, of, expected, &path(&format!("expect/{of}"))))
}

fn tolerance(case: &str, of: &str, expected: &Expected, path: &str) -> Result<(), Problem> {
    let Expected { value, esd, abs, rel, esds } = *expected;
    if [abs, rel, esds].iter().all(Option::is_none) {
        let problem = format!("{of} of {case} has no tolerance");
        return Err(Problem::new(path, problem, "add abs, rel or esds: (value: 3.52, abs: 0.001)"));
    }
    let amiss = [
        ("value", Some(value), f64::MIN),
        ("esd", esd, 0.0),
        ("abs", abs, 0.0),
        ("rel", rel, 0.0),
        ("esds", esds, 0.0),
    ]
    .into_iter()
    .find(|(_, given, least)| given.is_some_and(|given| !(given.is_finite() && given >= *least)));
    amiss.map_or(Ok(()), |(key, given, _)| {
        let problem = format!("{key} of {of} of {case} is {}", given.unwrap_or_default());
        Err(Problem::new(format!("{path}/{key}"), problem, "write a number; tolerances and esd are 0 or more"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"(
    title: "both",
    data_from: "DATA",
    unit: "ni",
    cases: [
        (
            name: "ni", run: Refine("ni.ron"), engines: [cpu, check], time: 2.0,
            expect: { "a": (value: 3.524, esd: 0.001, esds: 1.0), "G(2.49)": (value: 6, rel: 0.01) },
        ),
        (name: "curve", run: Simulate(structure: "ni.cif", qmax: 25.0), expect: { "G(2.49)": (value: 6, abs: 0.1) }),
        (name: "dead", run: Read("dead.gr"), refused: "zero"),
    ],
)"#;

    #[test]
    fn a_suite_is_read() {
        let suite = suite(WHOLE, "s.ron").unwrap();
        assert_eq!(suite.cases.len(), 3);
        let Task::Simulate(curve) = &suite.cases[1].run else { panic!("{:?}", suite.cases[1].run) };
        assert_eq!((curve.qmax, curve.rmax), (Some(25.0), 30.0));
    }

    #[test]
    fn what_cannot_be_is_refused_in_its_place() {
        for (from, to, start) in [
            ("esds: 1.0", "esds: -1.0", "s.ron:8:61: esds of a of ni is -1"),
            ("\"curve\"", "\"ni\"", "s.ron:10:16: two cases are called ni"),
            ("unit: \"ni\"", "unit: \"no\"", "s.ron:4:11: no case is called no"),
            ("unit: \"ni\"", "unit: \"dead\"", "s.ron:4:11: the unit of time, dead, computes nothing"),
            ("    unit: \"ni\",\n", "", "s.ron:6:77: ni has a time, and the suite no unit"),
            ("time: 2.0", "time: 0.0", "s.ron:7:77: the time of ni"),
            (", refused: \"zero\"", "", "s.ron:11:9: dead expects nothing"),
            ("[cpu, check]", "[cpu, cpu]", "s.ron:7:57: ni has no engine, or one twice"),
            ("[cpu, check]", "[cpu, tpu]", "s.ron:7:63: unknown choice `tpu`"),
            ("qmax: 25.0", "qmaks: 25.0", "s.ron:10:60: unknown key `qmaks`"),
            (", abs: 0.1", "", "s.ron:10:94: G(2.49) of curve has no tolerance"),
            ("\"G(2.49)\": (value: 6, rel", "\"a\": (value: 6, rel", "s.ron:8:"),
        ] {
            let text = WHOLE.replacen(from, to, 1);
            assert_ne!(text, WHOLE, "{from}");
            let error = suite(&text, "s.ron").unwrap_err().to_string();
            assert!(error.starts_with(start), "{from} -> {to}: {error}");
        }
    }
}
