//! The texts of the report room: what scripts, plotting programs and people read.

mod report_sample;

use corefine::outcome::Outcome;
use corefine::report::{self, Comparison, Entry};
use report_sample::{Noise, bonds, outcome};
use serde_json::Value;

fn sample() -> Outcome {
    outcome("Co ZIF-62, cycled", 7, 10)
}

fn comparison() -> Comparison {
    let entry = |name: &str, seed: u64, broken: usize| Entry {
        name: name.to_owned(),
        outcome: outcome(name, seed, broken),
        truth: vec![bonds(&mut Noise::new(seed + 100), broken)],
    };
    Comparison {
        title: "Co ZIF-62: pristine against cycled".to_owned(),
        entries: vec![entry("pristine", 3, 0), entry("cycled", 4, 10)],
        notes: vec!["Both data sets are synthetic, made by corefine simulate.".to_owned()],
    }
}

/// Writes the sample pages where `COREFINE_SAMPLE_PAGES` says, for looking at them.
#[test]
fn sample_pages_for_looking_at() {
    let Ok(folder) = std::env::var("COREFINE_SAMPLE_PAGES") else { return };
    std::fs::write(format!("{folder}/report.html"), report::html(&sample())).unwrap();
    std::fs::write(format!("{folder}/comparison.html"), report::comparison_html(&comparison())).unwrap();
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}
