//! A suite that was run: lines for people, JSON and JUnit XML for machines.

use askama::Template;
use serde::Serialize;

use super::esd;
use super::page::{indented, rendered};
use crate::suite::{Checked, Ended, Run, State, Value};

/// The head of the table that [`checked_lines`] fills.
pub fn checked_head() -> String {
    format!("{:36} {:6} {:>9} {:>8} {:>8}", "case", "engine", "values", "s", "of unit")
}

/// One run as lines: how it went, then every value that moved beyond its tolerance, or with `all` every value.
pub fn checked_lines(run: &Run, all: bool) -> Vec<String> {
    let values = run.values();
    let within = format!("{}/{}", values.iter().filter(|value| value.within).count(), values.len());
    let ratio = run.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let Run { case, engine, seconds, .. } = run;
    let first = format!("{case:36} {engine:6} {within:>9} {seconds:8.2} {ratio:>8}  {}", word(run));
    let shown: Vec<&Value> = values.iter().filter(|value| all || !value.within).collect();
    let head = (!shown.is_empty()).then(|| {
        format!("    {:20} {:>14} {:>14} {:>10} {:>8} {:>10}", "", "expected", "found", "by", "esds", "allowed")
    });
    std::iter::once(first).chain(head).chain(shown.into_iter().map(row)).collect()
}

/// `12 runs: 10 as expected, 1 moved, 1 could not run, 0 left out; 3.1 s`.
pub fn checked_sum(checked: &Checked) -> String {
    let [passed, moved, not, out] =
        [State::Passed, State::Regressed, State::CouldNotRun, State::LeftOut].map(|state| checked.count(state));
    let (runs, seconds) = (checked.runs.len(), checked.seconds());
    format!(
        "{runs} runs: {passed} as expected, {moved} moved, {not} could not run, {out} left out; {seconds:.1} s in all"
    )
}

/// How a run went, in words.
fn word(run: &Run) -> String {
    match (&run.ended, run.state()) {
        (Ended::CouldNot(why), _) => format!("COULD NOT RUN: {why}"),
        (Ended::LeftOut(why), _) => format!("left out: {why}"),
        (Ended::Broke(why), _) => format!("BROKE OFF: {why}"),
        (_, State::Passed) => "as expected".to_owned(),
        _ if run.is_slow() && run.beyond().next().is_none() => slow(run),
        _ if run.is_slow() => format!("MOVED, {}", slow(run)),
        _ => "MOVED".to_owned(),
    }
}

fn slow(run: &Run) -> String {
    let (ratio, limit) = (run.ratio.unwrap_or_default(), run.limit.unwrap_or_default());
    format!("SLOW: {ratio:.2} of the unit of time, {limit} allowed")
}

fn row(value: &Value) -> String {
    let esds = value.esds().map_or_else(String::new, |esds| format!("{esds:+.2}"));
    let Value { name, expected, found, tolerance, .. } = value;
    let [expected, found] = [expected, found].map(|number| shown(*number));
    let mark = if value.within { "" } else { "  <" };
    format!("    {name:20} {expected:>14} {found:>14} {:>+10.2e} {esds:>8} {tolerance:>10.1e}{mark}", value.by())
}

/// Nine digits: a difference in any of them can be seen.
fn shown(value: f64) -> String {
    let text = format!("{value:.8e}");
    text.parse::<f64>().map_or(text, |number| if number.is_finite() { number.to_string() } else { esd::plain(number) })
}

/// What a machine reads of a run beside its fields.
#[derive(Serialize)]
struct Row<'a> {
    state: State,
    #[serde(flatten)]
    run: &'a Run,
    moved: Vec<Moved<'a>>,
}

/// A value beyond its tolerance, with what a reader would compute.
#[derive(Serialize)]
struct Moved<'a> {
    name: &'a str,
    by: f64,
    esds: Option<f64>,
}

#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    version: &'static str,
    file: &'a str,
    passed: usize,
    regressed: usize,
    could_not_run: usize,
    left_out: usize,
    unit: &'a Option<(String, f64)>,
    runs: Vec<Row<'a>>,
}

/// The suite as JSON.
///
/// Keys: `title version file passed regressed could_not_run left_out`; `unit`, `[case, seconds]` or `null`; `runs[]` with `state`
/// (`Passed Regressed CouldNotRun LeftOut`), `case engine seconds ratio limit`, `moved[]` of `name by esds`, and `ended`, an object whose one key is `Compared` (a list of `name expected
/// found esd found_esd tolerance within`), `Refused`, `Broke`, `CouldNot` or `LeftOut` (a sentence).
pub fn checked_json(checked: &Checked) -> String {
    let rows = checked.runs.iter().map(|run| Row {
        state: run.state(),
        run,
        moved: run.beyond().map(|value| Moved { name: &value.name, by: value.by(), esds: value.esds() }).collect(),
    });
    let document = Document {
        title: &checked.title,
        version: super::VERSION,
        file: &checked.file,
        passed: checked.count(State::Passed),
        regressed: checked.count(State::Regressed),
        could_not_run: checked.count(State::CouldNotRun),
        left_out: checked.count(State::LeftOut),
        unit: &checked.unit,
        runs: rows.collect(),
    };
    indented(&document)
}

#[derive(Template)]
#[template(path = "junit.xml")]
struct Junit<'a> {
    name: &'a str,
    failures: usize,
    errors: usize,
    skipped: usize,
    seconds: String,
    runs: Vec<Testcase<'a>>,
}

struct Testcase<'a> {
    case: &'a str,
    engine: &'a str,
    seconds: String,
    state: State,
    message: String,
    lines: String,
}

/// The suite as JUnit XML, as GitLab, Jenkins and others read it: a `testcase` for each run, with a `failure` where something moved, an `error`
/// where it could not run, and `skipped` where it was left out.
pub fn checked_junit(checked: &Checked) -> String {
    let junit = Junit {
        name: if checked.title.is_empty() { &checked.file } else { &checked.title },
        failures: checked.count(State::Regressed),
        errors: checked.count(State::CouldNotRun),
        skipped: checked.count(State::LeftOut),
        seconds: thousandths(checked.seconds()),
        runs: checked.runs.iter().map(testcase).collect(),
    };
    rendered(&junit)
}

fn testcase(run: &Run) -> Testcase<'_> {
    let (message, lines) = (word(run), checked_lines(run, false).join("\n"));
    Testcase {
        case: &run.case,
        engine: run.engine,
        seconds: thousandths(run.seconds),
        state: run.state(),
        message,
        lines,
    }
}

fn thousandths(seconds: f64) -> String {
    format!("{seconds:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ended: Ended) -> Run {
        Run { case: "a<b".to_owned(), engine: "cpu", seconds: 1.0, ratio: Some(3.0), limit: Some(2.0), ended }
    }

    fn value(found: f64) -> Value {
        let (expected, esd) = (3.524, Some(0.001));
        Value {
            name: "a".to_owned(),
            expected,
            found,
            esd,
            found_esd: esd,
            tolerance: 0.001,
            within: found == expected,
        }
    }

    #[test]
    fn what_moved_is_a_line_in_esds() {
        let lines = checked_lines(&run(Ended::Compared(vec![value(3.527)])), false);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("0/1") && lines[0].ends_with("MOVED, SLOW: 3.00 of the unit of time, 2 allowed"));
        assert!(lines[2].contains("3.524          3.527   +3.00e-3    +3.00     1.0e-3  <"), "{}", lines[2]);
        assert_eq!(checked_lines(&run(Ended::Compared(vec![value(3.524)])), false).len(), 1);
        assert_eq!(checked_lines(&run(Ended::Compared(vec![value(3.524)])), true).len(), 3);
    }

    #[test]
    fn machines_read_the_same() {
        let runs = vec![
            run(Ended::Compared(vec![value(3.527)])),
            run(Ended::CouldNot("there is no file \"x\"".to_owned())),
            run(Ended::LeftOut("no adapter".to_owned())),
            Run { ratio: None, ..run(Ended::Refused("zero".to_owned())) },
        ];
        let checked = Checked { title: String::new(), file: "s & t.ron".to_owned(), unit: None, runs };
        let xml = checked_junit(&checked);
        assert!(xml.contains(r#"tests="4" failures="1" errors="1" skipped="1" time="4.000""#), "{xml}");
        assert!(!xml.contains("a<b") && !xml.contains("s & t") && xml.matches("<testcase ").count() == 4, "{xml}");
        let json: serde_json::Value = serde_json::from_str(&checked_json(&checked)).unwrap();
        assert_eq!(json["regressed"], 1);
        assert_eq!(json["runs"][0]["moved"][0]["name"], "a");
        assert_eq!(json["runs"][3]["state"], "Passed");
        assert_eq!(json["runs"][1]["ended"]["CouldNot"], "there is no file \"x\"");
    }
}
