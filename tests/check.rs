//! `corefine check`: what moved is seen, what could not run is no pass, and an update changes nothing else.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use corefine::read;
use serde_json::Value;
use support::command::corefine;
use support::of_repository;

/// A suite of nickel's curve, with `more` for its case.
fn suite(more: &str, value: &str) -> String {
    format!(
        r#"// what we trust
(
    data_from: "COREFINE_TEST_DATA_THAT_IS_NOT_SET",
    unit: "nickel",
    cases: [
        (
            name: "nickel", run: Simulate(structure: "ni.ron", qmax: 25.0, rmax: 5.0), {more}
            expect: {{
                "G(2.49)": (value: {value}, esd: 0.5, abs: 1e-3), // the first neighbours
                "points":  (value: 501, abs: 0),
            }},
        ),
    ],
)
"#
    )
}

fn folder(suite: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::copy(of_repository("models/ni.ron"), temp.path().join("ni.ron")).unwrap();
    fs::write(temp.path().join("suite.ron"), suite).unwrap();
    temp
}

fn check(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    corefine(folder, &[&["check", "suite.ron"], more].concat())
}

/// The value that nickel has, as an update writes it.
fn true_value() -> String {
    let temp = folder(&suite("", "0"));
    assert_eq!(check(temp.path(), &["--update"]).0, Some(0));
    let text = fs::read_to_string(temp.path().join("suite.ron")).unwrap();
    let value = &text[text.find("value: ").unwrap() + 7..];
    value[..value.find(',').unwrap()].to_owned()
}

#[test]
fn what_moved_is_told_in_esds_and_exits_1() {
    let value: f64 = true_value().parse().unwrap();
    let temp = folder(&suite("", &value.to_string()));
    let (code, said, complained) = check(temp.path(), &[]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("1 runs: 1 as expected, 0 moved") && !said.contains("G(2.49)"), "{said}");
    assert!(check(temp.path(), &["--all"]).1.contains("G(2.49)"));

    fs::write(temp.path().join("suite.ron"), suite("", &(value - 1.0).to_string())).unwrap();
    let (code, said, _) = check(temp.path(), &["--junit", "out.xml", "--json", "out.json"]);
    assert_eq!(code, Some(1), "{said}");
    let row = said.lines().find(|line| line.contains("G(2.49)")).unwrap();
    assert!(row.contains("+1.00e0") && row.contains("+2.00") && row.ends_with('<'), "{row}");
    let json: Value = serde_json::from_str(&fs::read_to_string(temp.path().join("out.json")).unwrap()).unwrap();
    assert!((json["runs"][0]["moved"][0]["esds"].as_f64().unwrap() - 2.0).abs() < 1e-3, "{json}");
    let xml = fs::read_to_string(temp.path().join("out.xml")).unwrap();
    assert!(xml.contains(r#"failures="1""#) && xml.contains("<failure message=\"MOVED\">"), "{xml}");
}

#[test]
fn an_update_changes_the_values_that_moved_and_nothing_else() {
    let old = suite("", "1.5");
    let temp = folder(&old);
    let (code, said, _) = check(temp.path(), &["--update"]);
    let new = fs::read_to_string(temp.path().join("suite.ron")).unwrap();
    let value = true_value();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(new, old.replace("value: 1.5", &format!("value: {value}")));
    assert!(said.contains(&format!("nickel: G(2.49) is {value} now, and was 1.5")), "{said}");
    assert_eq!(check(temp.path(), &[]).0, Some(0));
    assert!(check(temp.path(), &["--update"]).1.contains("suite.ron stays as it is"));
}

#[test]
fn what_cannot_run_is_no_pass() {
    let missing = suite("", "1").replace("structure: \"ni.ron\"", "structure: \"gone.cif\"");
    let unknown = suite("", &true_value()).replace("\"points\"", "\"pints\"");
    for (text, part) in [
        (missing, "COULD NOT RUN: there is no file ./gone.cif; and no folder of data is named"),
        (unknown, "\"pints\" is expected, and there is none; there are points, G(X)"),
    ] {
        let text = text.replace("    unit: \"nickel\",\n", "");
        let temp = folder(&text);
        let (code, said, complained) = check(temp.path(), &["--update", "--junit", "out.xml"]);
        assert_eq!(code, Some(2), "{said}{complained}");
        assert!(said.contains(part) && complained.contains("1 of 1 runs could not run"), "{said}{complained}");
        assert_eq!(fs::read_to_string(temp.path().join("suite.ron")).unwrap(), text, "it was updated");
        assert!(fs::read_to_string(temp.path().join("out.xml")).unwrap().contains(r#"errors="1""#));
    }
}

#[test]
fn wrong_suites_and_options_are_refused() {
    let good = suite("", "1");
    for (text, args, part) in [
        (good.replace("rmax", "rmaks"), vec![], "unknown key `rmaks`"),
        (good.replace("abs: 1e-3", "esd: 1.0"), vec![], "key `esd` stands twice"),
        (String::new(), vec![], "the file is empty\nhint: see docs/regression.md"),
        (good.clone(), vec!["--only", "copper"], "no case of suite.ron holds copper"),
        (good.clone(), vec!["--data", "nowhere"], "--data is nowhere, and there is no such folder"),
        (good.clone(), vec!["--junit", "no/out.xml"], "there is no folder no"),
        (good.replace("\"nickel\",\n    cases", "\"copper\",\n    cases"), vec![], "no case is called copper"),
    ] {
        let temp = folder(&text);
        let (code, said, complained) = check(temp.path(), &args);
        assert_eq!(code, Some(2), "{part}: {said}");
        assert!(complained.contains(part) && said.is_empty(), "{part}: {complained}");
    }
}

#[test]
fn a_case_that_is_to_be_refused_is_held_to_it() {
    let refused = |structure: &str| {
        let text = format!(r#"(cases: [(name: "bad", run: Simulate(structure: "{structure}"), refused: "element")])"#);
        let temp = folder(&text);
        fs::copy(of_repository("tests/bad/unknown_element.cif"), temp.path().join("bad.cif")).unwrap();
        check(temp.path(), &[])
    };
    assert_eq!(refused("bad.cif").0, Some(0));
    let (code, said, _) = refused("ni.ron");
    assert!(code == Some(1) && said.contains("it was not refused with"), "{said}");
    assert_eq!(refused("gone.cif").0, Some(2));
}

#[test]
fn a_slow_case_is_a_regression() {
    let temp = folder(&suite("time: 1e-9,", &true_value()));
    let (code, said, _) = check(temp.path(), &[]);
    assert!(code == Some(1) && said.contains("SLOW: ") && said.contains("of the unit of time"), "{said}");
    let temp = folder(&suite("time: 1e9,", &true_value()));
    assert_eq!(check(temp.path(), &[]).0, Some(0));
}

/// Without an adapter a run on a GPU is left out and counted, or an error where one is required.
#[test]
fn a_missing_adapter_is_told_of() {
    let temp = folder(&suite("engines: [cpu, gpu],", &true_value()));
    let run = |more: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("corefine").unwrap();
        let none = [("VK_DRIVER_FILES", "/nowhere/none.json"), ("VK_ICD_FILENAMES", "/nowhere/none.json")];
        let args = [&["check", "suite.ron"], more].concat();
        let output = command.current_dir(temp.path()).envs(none).args(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    if cfg!(target_os = "linux") {
        let (code, said) = run(&[]);
        assert!(code == Some(0) && said.contains("1 as expected") && said.contains("1 left out"), "{said}");
        let (code, said) = run(&["--require-gpu"]);
        assert!(code == Some(2) && said.contains("1 could not run"), "{said}");
    }
}

/// The page's suite is one, and the commands of its CI files run.
#[test]
fn the_commands_of_the_page_run() {
    let page = fs::read_to_string(of_repository("docs/regression.md")).unwrap();
    let block = |kind: &str| -> Vec<&str> {
        page.split(&format!("```{kind}\n")).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
    };
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir_all(temp.path().join("models/demo")).unwrap();
    for file in ["ni.ron", "demo/start.ron", "demo/pristine.ron", "demo/pristine.gr"] {
        fs::copy(of_repository("models").join(file), temp.path().join("models").join(file)).unwrap();
    }
    fs::write(temp.path().join("suite.ron"), block("ron")[0]).unwrap();
    let lines: Vec<&str> = block("yaml").into_iter().flat_map(str::lines).collect();
    let commands: Vec<&str> = lines.iter().filter_map(|line| Some(line.split_once("corefine ")?.1)).collect();
    assert_eq!(commands.len(), 2, "{lines:?}");
    for command in commands {
        let (code, said, complained) = corefine(temp.path(), &command.split(' ').collect::<Vec<_>>());
        assert_eq!(code, Some(0), "{command}\n{said}{complained}");
    }
    assert!(temp.path().join("junit.xml").is_file() && temp.path().join("checked.json").is_file());
}

/// Every key of a suite, and every name of a value, stands in the reference.
#[test]
fn the_page_leaves_nothing_out() {
    let page = fs::read_to_string(of_repository("docs/regression.md")).unwrap();
    for key in [
        "title",
        "data_from",
        "unit",
        "cases",
        "name",
        "run",
        "engines",
        "time",
        "refused",
        "expect",
        "value",
        "esd",
        "abs",
        "rel",
        "esds",
    ] {
        assert!(page.contains(&format!("`{key}`")) || page.contains(&format!("{key}: ")), "{key}");
    }
}

/// The project's own suite speaks of every shipped model and of every file of the reference data that the program reads.
#[test]
fn the_suite_covers_models_and_reference_data() {
    let path = of_repository("suites/reference.ron");
    let mut text = fs::read_to_string(&path).unwrap();
    read::suite::suite(&text, "reference.ron").unwrap();
    for entry in fs::read_dir(of_repository("suites")).unwrap() {
        let job = entry.unwrap().path();
        if job != path {
            let name = job.file_name().unwrap().to_str().unwrap();
            assert!(text.contains(name), "no case of the suite runs suites/{name}");
            text.push_str(&fs::read_to_string(&job).unwrap());
        }
    }
    for folder in ["models", "models/demo"] {
        for entry in fs::read_dir(of_repository(folder)).unwrap() {
            let file = entry.unwrap().path();
            let name = format!("{folder}/{}", file.file_name().unwrap().to_str().unwrap());
            let is_curve = file.extension().is_some_and(|ending| ending == "gr");
            assert!(file.is_dir() || is_curve || text.contains(&name), "no case speaks of {name}");
        }
    }
    covers_reference_data(&text);
}

/// Read by no case: no measured curve and no structure in a form that is read, or the curves of PDFgetX3 and PDFfit2 that
/// `tests/reduce.rs` and `tests/oracle.rs` compare with point by point.
const NOT_COVERED: [&str; 9] = [
    "README.md",
    "li6ps5cl/XDATCAR.gz",
    "ni_raw/Ni.gr",
    "ni_raw/Ni-hires.gr",
    "ni_raw/Ni-lownoise.gr",
    "oracle/make_oracle.py",
    "oracle/Ni-xray_1.5-19.99.res",
    "oracle/Ni-xray_1.5-19.99.fgr",
    "oracle/ZIF62_Co_296_qmax",
];

fn covers_reference_data(suite: &str) {
    let Some(readme) = support::reference("README.md") else { return };
    let root = readme.parent().unwrap();
    for set in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(&set).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let known = NOT_COVERED.iter().any(|start| name.starts_with(start)) || suite.contains(&name);
            assert!(known, "no case of the suite speaks of {name}");
        }
    }
}

/// A part of it on measured data.
#[test]
fn fits_of_measured_data_are_as_expected() {
    if support::reference("README.md").is_none() {
        return;
    }
    let (code, said, complained) =
        corefine(&of_repository(""), &["check", "suites/reference.ron", "--only", "nisi", "--only", "ni, neutrons"]);
    assert_eq!(code, Some(0), "{said}{complained}");
    assert!(said.contains("6 runs: 6 as expected"), "{said}");
}
