//! The README and the documentation, read as a newcomer reads them: the commands run, the files are there.
#![cfg(feature = "cli")]

mod support;

use std::fs;

use support::command::corefine;
use support::of_repository;

fn page(name: &str) -> String {
    fs::read_to_string(of_repository(name)).unwrap()
}

/// The commands of a page: indented lines that call `corefine`, without their comments.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    let calls =
        lines.filter_map(|line| line.strip_prefix("corefine ").or(line.strip_prefix("cargo run --release -- ")));
    let words = |call: &str| call.split('#').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    calls.map(words).collect()
}

#[test]
fn every_command_that_is_shown_is_understood() {
    for name in
        ["README.md", "docs/tutorial.md", "docs/job.md", "docs/physics.md", "docs/formats.md", "docs/regression.md"]
    {
        for mut command in commands(&page(name)).into_iter().filter(|command| command[0] != "demo") {
            // Everything before it is parsed; what is missing from the command, or its files, does not matter.
            command.push("--help".to_owned());
            let (code, _, complained) = corefine(&of_repository(""), &command);
            assert_eq!(code, Some(0), "{name}: {command:?}\n{complained}");
        }
    }
}

/// The README's commands, one after the other, beside a copy of the shipped models.
#[test]
fn the_commands_of_the_readme_run() {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("models")).unwrap();
    fs::copy(of_repository("models/ni.ron"), temp.path().join("models/ni.ron")).unwrap();
    let all: Vec<_> = commands(&page("README.md")).into_iter().filter(|command| command[0] != "demo").collect();
    assert_eq!(all.len(), 6, "{all:?}");
    for command in all {
        let (code, _, complained) = corefine(temp.path(), &command);
        assert_eq!(code, Some(0), "{command:?}\n{complained}");
    }
    for file in ["result.json", "fit.fgr", "refined.cif", "refined.ron", "histogram.csv", "report.html"] {
        assert!(temp.path().join("result").join(file).is_file(), "{file}");
    }
    keys_are_promised(&fs::read_to_string(temp.path().join("result/result.json")).unwrap());
}

/// The README's contract speaks of every key that a fit writes.
fn keys_are_promised(json: &str) {
    let result: serde_json::Value = serde_json::from_str(json).unwrap();
    let readme = page("README.md");
    let contract = &readme[readme.find("The keys of `result.json`").unwrap()..readme.find("## Engines").unwrap()];
    let words: Vec<&str> = contract.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let top = result.as_object().unwrap().keys();
    let inner = ["parameters", "data"].map(|key| result[key][0].as_object().unwrap().keys());
    for key in top.chain(inner.into_iter().flatten()) {
        assert!(words.contains(&key.as_str()), "the README does not speak of the key {key}");
    }
}

#[test]
fn the_readme_opens_with_the_two_commands_and_the_picture() {
    let readme = page("README.md");
    let lines: Vec<&str> = readme.lines().filter(|line| !line.is_empty()).skip(1).collect();
    assert!(lines[0].starts_with("    cargo run --release -- demo"), "{}", lines[0]);
    assert!(lines[1].starts_with("    scripts/test"), "{}", lines[1]);
    assert!(lines[2].starts_with("![") && lines[2].contains("docs/demo.png"), "{}", lines[2]);
}

#[test]
fn the_demo_and_its_picture_are_there() {
    let (code, _, complained) = corefine(&of_repository(""), &["demo", "--help"]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(of_repository("docs/demo.png").is_file(), "the README shows docs/demo.png");
}

/// Links, and names of files of the repository in running text.
#[test]
fn every_file_that_the_readme_names_is_there() {
    let readme = page("README.md");
    let links = readme.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap_or_default());
    let folders = ["src/", "tests/", "models/", "scripts/", "shaders/", "docs/"];
    let named = readme.split('`').filter(|word| folders.iter().any(|f| word.starts_with(f)) && !word.contains(' '));
    let mut names: Vec<&str> = links.chain(named).collect();
    names.push("scripts/test");
    names.retain(|name| *name != "docs/demo.png");
    let missing: Vec<&&str> = names.iter().filter(|name| !of_repository(name).exists()).collect();
    assert!(missing.is_empty(), "the README names what is not there: {missing:?}");
}
