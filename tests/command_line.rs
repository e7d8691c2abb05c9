//! What people expect of a command: switches that every verb has, completions, a manual, results that can be made again.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::command::corefine;
use support::of_repository;

const VERBS: [&str; 18] = [
    "demo",
    "simulate",
    "init",
    "refine",
    "scan",
    "shell",
    "ensemble",
    "difference",
    "histogram",
    "rdf",
    "msd",
    "relay",
    "trajectories",
    "reduce",
    "calibrate",
    "convert",
    "check",
    "rerun",
];

/// A folder with nickel, its curve with noise, and a job.
fn nickel() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::copy(of_repository("models/ni.ron"), temp.path().join("ni.ron")).unwrap();
    let simulate = "simulate ni.ron -o ni.gr --qmax 25 --qdamp 0.04 --rmax 10 --noise 0.02 --seed 1 --engine cpu -q";
    assert_eq!(run(temp.path(), simulate), (Some(0), String::new(), String::new()));
    let job = r#"(structure: "ni.ron", data: (file: "ni.gr", rmin: 1.5, rmax: 10), bonds: [(pair: "Ni-Ni", neighbours: 12)],
        refine: { "scale": (), "a": (start: 3.53), "Uiso.Ni": () })"#;
    fs::write(temp.path().join("job.ron"), job).unwrap();
    temp
}

fn run(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    corefine(folder, &line.split(' ').collect::<Vec<_>>())
}

fn document(folder: &Path, line: &str) -> Value {
    let (_, said, complained) = run(folder, line);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{line}: {error}\n{said}\n{complained}"))
}

#[test]
fn json_is_one_document_with_what_was_found() {
    let temp = nickel();
    let refined = document(temp.path(), "refine job.ron --out out --engine cpu --json");
    assert_eq!((&refined["verb"], &refined["exit_code"]), (&"refine".into(), &0.into()), "{refined}");
    assert!(refined["rw"].as_f64().unwrap() < 0.1 && refined["parameters"][1]["name"] == "a", "{refined}");
    assert_eq!(refined["bonds"][0]["n"], 48.0);
    assert!(refined["said"].as_array().unwrap().iter().any(|line| line == "results in out"), "{refined}");
    for (line, key) in [
        ("histogram ni.ron --pair Ni-Ni --neighbours 12 --json", "histogram"),
        ("simulate ni.ron -o b.gr --rmax 5 --engine cpu --json", "points"),
        ("init ni.ron ni.gr -o b.ron --json", "file"),
        ("convert ni.gr ni.fq --to F --json", "form"),
        ("difference ni.gr ni.gr --no-scale --json", "points"),
        ("devices --json", "adapters"),
        ("rerun out --json", "numbers"),
    ] {
        let found = document(temp.path(), line);
        assert!(found["exit_code"] == 0 && !found[key].is_null(), "{line}: {found}");
    }
    let failed = document(temp.path(), "refine gone.ron --out b --json");
    assert_eq!(failed["exit_code"], 2);
    assert!(failed["error"].as_str().unwrap().starts_with("gone.ron: there is no such file"), "{failed}");
}

#[test]
fn a_suite_goes_to_stdout_as_json() {
    let temp = nickel();
    let suite = r#"(cases: [(name: "ni", run: Read("ni.gr"), expect: { "points": (value: 1001, abs: 0) })])"#;
    fs::write(temp.path().join("suite.ron"), suite).unwrap();
    let found = document(temp.path(), "check suite.ron --json -");
    assert!(found["passed"] == 1 && found["runs"][0]["case"] == "ni", "{found}");
}

#[test]
fn quiet_leaves_errors_only() {
    let temp = nickel();
    assert_eq!(run(temp.path(), "-q refine job.ron --out out --engine cpu"), (Some(0), String::new(), String::new()));
    let (code, said, complained) = run(temp.path(), "refine job.ron --out out --engine cpu --quiet");
    assert!(
        code == Some(2) && said.is_empty() && complained.starts_with("error: out holds an older result"),
        "{complained}"
    );
}

/// The rows of the table of `-v`: room, seconds, share in percent, calls.
fn rooms(complained: &str) -> Vec<(String, [f64; 3])> {
    let table = complained.lines().skip_while(|line| !line.starts_with("room ")).skip(1);
    let number = |text: &str| text.parse::<f64>().unwrap();
    table
        .map_while(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [room, seconds, share, "%", calls] => Some((room.to_owned(), [seconds, share, calls].map(number))),
            _ => None,
        })
        .collect()
}

#[test]
fn verbose_says_what_took_how_long() {
    let temp = nickel();
    let silent = run(temp.path(), "refine job.ron --out out --engine cpu").2;
    assert!(rooms(&silent).is_empty(), "{silent}");
    let (code, _, complained) = run(temp.path(), "-v refine job.ron --out out --engine cpu --force --threads 1");
    let found = rooms(&complained);
    assert_eq!(code, Some(0), "{complained}");
    for room in
        ["read", "expand", "params", "pairs", "lines", "engine", "curve", "objective", "lm", "fit", "report", "write"]
    {
        let calls = found.iter().find(|(name, _)| name == room).map_or(0.0, |(_, [.., calls])| *calls);
        assert!(calls >= 1.0, "{room}: {complained}");
    }
    let once = |room: &str| found.iter().any(|(name, [.., calls])| name == room && *calls == 1.0);
    assert!(once("lm") && once("write"), "{complained}");
    let share: f64 = found.iter().map(|(_, [_, share, _])| share).sum();
    assert!((share - 100.0).abs() < 1.0, "{complained}");
    let last = |start: &str| -> f64 {
        let line = complained.lines().find(|line| line.starts_with(start)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let (all, clock) = (last("all rooms"), last("by the clock"));
    assert!(all <= clock && all > 0.5 * clock, "one thread is in one room at a time: {complained}");

    assert_eq!(run(temp.path(), "-v -q refine job.ron --out out --engine cpu --force").2, "");
    let document = document(temp.path(), "-v simulate ni.ron -o v.gr --rmax 5 --engine cpu --json");
    let room = |name: &str| document["rooms"].as_array().unwrap().iter().find(|room| room["room"] == name).cloned();
    assert!(
        room("engine").is_some_and(|room| room["calls"] == 1 && room["seconds"].as_f64() > Some(0.0)),
        "{document}"
    );
    assert!(document["seconds_by_clock"].as_f64() > Some(0.0), "{document}");
}

#[test]
fn every_verb_has_the_common_switches() {
    for verb in VERBS {
        let (code, help, _) = run(&of_repository(""), &format!("{verb} --help"));
        assert_eq!(code, Some(0));
        for switch in ["--quiet", "--threads", "--verbose", "--json"] {
            assert!(help.contains(switch), "{verb} has no {switch}");
        }
    }
    let (code, _, complained) = run(&of_repository(""), "--threads 0 devices");
    assert!(code == Some(2) && complained.contains("--threads is 0"), "{complained}");
}

/// Help is coloured on a terminal, and on nothing where `NO_COLOR` is set.
#[test]
fn no_color_is_honoured() {
    let help = |more: &[(&str, &str)]| {
        let mut command = assert_cmd::Command::cargo_bin("corefine").unwrap();
        let forced = command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").envs(more.iter().copied());
        String::from_utf8(forced.arg("--help").output().unwrap().stdout).unwrap()
    };
    assert!(help(&[]).contains('\u{1b}'), "nothing is coloured, so nothing is tested");
    assert!(!help(&[("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn completions_and_manual_know_every_verb() {
    let temp = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, said, _) = run(temp.path(), &format!("completions {shell}"));
        assert_eq!(code, Some(0));
        for verb in VERBS {
            assert!(said.contains(verb), "{shell} does not complete {verb}");
        }
    }
    let (code, page, _) = run(temp.path(), "man");
    assert!(code == Some(0) && page.contains(".TH corefine 1") && page.contains("rerun"), "{page}");
    assert_eq!(run(temp.path(), "man --out man").0, Some(0));
    for verb in VERBS {
        let page = fs::read_to_string(temp.path().join(format!("man/corefine-{verb}.1"))).unwrap();
        assert!(page.contains(&format!(".TH corefine-{verb} 1")) && page.contains("threads"), "{verb}: {page}");
    }
    let (code, _, complained) = run(temp.path(), "man --out man");
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");
}

#[test]
fn a_refinement_done_again_gives_the_same_bits() {
    let temp = nickel();
    let out = temp.path().join("runs/first");
    assert_eq!(run(temp.path(), "refine job.ron --out runs/first --engine cpu").0, Some(0));
    let before = fs::read_to_string(out.join("result.json")).unwrap();
    // From another folder, by the paths as seen from the results; with other threads.
    for (folder, line) in [
        (temp.path(), "rerun runs/first"),
        (&out, "rerun result.json --threads 1"),
        (temp.path(), "rerun runs/first/result.json --esds 0"),
    ] {
        let (code, said, complained) = run(folder, line);
        assert_eq!(code, Some(0), "{line}: {said}{complained}");
        assert!(said.contains("the same bits: 11 numbers of"), "{line}: {said}");
    }
    assert_eq!(fs::read_to_string(out.join("result.json")).unwrap(), before);

    let mut old: Value = serde_json::from_str(&before).unwrap();
    let esd = old["parameters"][1]["esd"].as_f64().unwrap();
    old["parameters"][1]["value"] = (old["parameters"][1]["value"].as_f64().unwrap() - 2.0 * esd).into();
    fs::write(out.join("result.json"), old.to_string()).unwrap();
    let (code, said, _) = run(temp.path(), "rerun runs/first");
    assert!(
        code == Some(1) && said.contains("1 of 11 numbers of runs/first/result.json differ, by up to 2.0e0 esds"),
        "{said}"
    );
    assert_eq!(run(temp.path(), "rerun runs/first --esds 3").0, Some(0));
}

#[test]
fn a_changed_or_missing_input_is_refused() {
    let temp = nickel();
    assert_eq!(run(temp.path(), "refine job.ron --out out --engine cpu").0, Some(0));
    let curve = fs::read_to_string(temp.path().join("ni.gr")).unwrap();
    fs::write(temp.path().join("ni.gr"), curve.replace("seed = 1", "seed = 2")).unwrap();
    let (code, _, complained) = run(temp.path(), "rerun out");
    assert_eq!(code, Some(2), "{complained}");
    assert!(complained.contains("this has changed: the data out/../ni.gr (SHA-256"), "{complained}");
    fs::remove_file(temp.path().join("ni.gr")).unwrap();
    let (code, _, complained) = run(temp.path(), "rerun out");
    assert!(code == Some(2) && complained.contains("the data of out/result.json is not there"), "{complained}");
    fs::write(temp.path().join("other.json"), "{\"members\": 3}").unwrap();
    let (code, _, complained) = run(temp.path(), "rerun other.json");
    assert!(code == Some(2) && complained.contains("this is no result of a refinement"), "{complained}");
    let (code, _, complained) = run(temp.path(), "rerun out --esds -1");
    assert!(code == Some(2) && complained.contains("--esds is -1"), "{complained}");
}
