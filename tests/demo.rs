//! The demo as a newcomer runs it, and its data as the project makes them.
#![cfg(feature = "cli")]

// The test takes the functions that make the structures, not the program around them.
#[allow(dead_code)]
#[path = "../examples/demo_structures.rs"]
mod demo_structures;
mod support;

use std::fs;

use corefine::read::observed::observed;
use support::command::{RESULTS, corefine, names};
use support::of_repository;

#[test]
fn the_demo_finds_the_broken_bonds_in_synthetic_data() {
    let temp = tempfile::tempdir().unwrap();
    let (code, said, complained) = corefine(temp.path(), &["demo", "--engine", "cpu"]);
    assert_eq!(code, Some(0), "{said}\n{complained}");
    assert!(said.contains("synthetic") && said.contains("comparison.html"), "{said}");
    let out = temp.path().join("corefine-demo");
    assert_eq!(names(&out), ["comparison.html", "comparison.json", "cycled", "inputs", "pristine"]);
    for name in ["pristine", "cycled"] {
        assert_eq!(names(&out.join(name)), RESULTS);
        assert!(fs::read_to_string(out.join(name).join("report.html")).unwrap().contains("synthetic data"));
    }
    assert!(fs::read_to_string(out.join("comparison.html")).unwrap().contains("synthetic data"));
    check_numbers(&fs::read_to_string(out.join("comparison.json")).unwrap());

    let (code, _, complained) = corefine(temp.path(), &["demo", "--engine", "cpu"]);
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");
}

fn check_numbers(text: &str) {
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    for (entry, broken) in json["results"].as_array().unwrap().iter().zip([0.0, 10.0]) {
        assert_eq!(entry["true"]["broken"].as_f64(), Some(broken));
        assert_eq!(entry["converged"], true);
        // Noise of 0.025 on a curve whose rms is 1.3 is 0.02 of it.
        assert!(entry["rw"].as_f64().unwrap() < 0.03, "{entry}");
        let number = |side: &str, key: &str| entry[side][key].as_f64().unwrap();
        let wrong = (number("found", "fraction") - number("true", "fraction")).abs();
        // Two bonds of 64: the fit's own uncertainty is about that.
        assert!(wrong <= 2.0 / 64.0 + 1e-9 && number("found", "fraction_esd") < 0.05, "{entry}");
        assert!((number("found", "mean") - number("true", "mean")).abs() < 0.01, "{entry}");
    }
}

#[test]
fn the_structures_are_those_that_the_seeds_make() {
    for (name, text) in demo_structures::structures() {
        let committed = fs::read_to_string(of_repository(&format!("models/demo/{name}"))).unwrap();
        assert_eq!(text, committed.replace("\r\n", "\n"), "{name}: run scripts/make-demo-data");
    }
}

#[test]
fn the_data_are_those_that_their_headers_make() {
    let temp = tempfile::tempdir().unwrap();
    for name in ["pristine", "cycled"] {
        let committed = fs::read(of_repository(&format!("models/demo/{name}.gr"))).unwrap();
        let command = String::from_utf8_lossy(&committed);
        let (_, command) = command.split_once("# command = corefine ").unwrap();
        let again = temp.path().join(name);
        let mut args: Vec<&str> = command.lines().next().unwrap().split(' ').collect();
        args.extend(["--engine", "cpu", "-o", again.to_str().unwrap()]);
        let (code, _, complained) = corefine(&of_repository(""), &args);
        assert_eq!(code, Some(0), "{complained}");
        let (old, new) =
            (observed(&committed, "old.gr").unwrap(), observed(&fs::read(&again).unwrap(), "new.gr").unwrap());
        assert!(old.header.synthetic);
        assert_eq!((old.r, old.dg), (new.r, new.dg));
        // Ten digits are printed; sums in another order and another sine change the last ones.
        let farthest = old.g.iter().zip(&new.g).map(|(old, new)| (old - new).abs()).fold(0.0, f64::max);
        assert!(farthest < 1e-7, "{name}: {farthest}");
    }
}
