//! Wrong inputs, run through the command: one clear message, exit code 2, and nothing left behind.
//!
//! `tests/bad/NAME` is the input and `tests/bad/NAME.expected` all that the command says about it. After a change that is
//! meant, `COREFINE_BLESS=1 cargo test --test bad_input` writes the expected files anew; read the difference.
#![cfg(feature = "cli")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use support::command::corefine;
use support::of_repository;

fn bad(name: &str) -> PathBuf {
    of_repository("tests/bad").join(name)
}

/// A folder with the good structures, curve and job, and one bad file.
fn folder_with(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for good in ["good.cif", "molecules.cif", "good.gr", "good.ron"] {
        fs::copy(bad(good), folder.path().join(good)).unwrap();
    }
    fs::write(folder.path().join(name), bytes).unwrap();
    folder
}

/// Every file below a folder, with its bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.clone(), Vec::new());
            files.extend(contents(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Runs `corefine ARGS` there; it has to fail with code 2, say nothing on stdout, and change no file. Returns stderr.
fn refused(folder: &Path, args: &[&str]) -> String {
    let before = contents(folder);
    let (code, printed, said) = corefine(folder, args);
    assert_eq!(code, Some(2), "{args:?}: {said}");
    assert!(printed.is_empty(), "{args:?}: {printed}");
    assert_eq!(contents(folder), before, "{args:?} left something behind");
    assert_eq!(said.matches("error: ").count(), 1, "{args:?} says more than one thing: {said}");
    said
}

/// The job that uses the bad file, which may itself be a job.
fn job_for(folder: &Path, name: &str) -> String {
    let replaced = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("ron") => return name.to_owned(),
        Some("cif") => ("good.cif", name),
        _ => ("good.gr", name),
    };
    let job = fs::read_to_string(bad("good.ron")).unwrap().replace(replaced.0, replaced.1);
    fs::write(folder.join("job.ron"), job).unwrap();
    "job.ron".to_owned()
}

fn refuse_as_expected(name: &str) {
    let folder = folder_with(name, &fs::read(bad(name)).unwrap());
    let job = job_for(folder.path(), name);
    let said = refused(folder.path(), &["refine", &job, "--out", "out", "--engine", "cpu"]);
    let expected = bad(&format!("{name}.expected"));
    if std::env::var_os("COREFINE_BLESS").is_some() {
        fs::write(&expected, &said).unwrap();
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(said, expected, "what is said about {name} has changed");
    assert!(said.contains(name) || said.contains("good"), "the file is not named: {said}");
}

macro_rules! refused {
    ($($test:ident: $file:literal,)*) => { $(#[test] fn $test() { refuse_as_expected($file); })* };
}

refused! {
    truncated_cif: "truncated.cif",
    truncated_job: "truncated.ron",
    unknown_key: "unknown_key.ron",
    rmax_beyond_the_data: "rmax_beyond.ron",
    rmin_above_rmax: "rmin_above_rmax.ron",
    negative_u_in_a_structure: "negative_u.cif",
    negative_u_in_a_job: "negative_start.ron",
    unknown_element_in_a_structure: "unknown_element.cif",
    unknown_element_in_a_job: "unknown_element.ron",
    empty_structure: "empty.cif",
    empty_data: "empty.gr",
    empty_job: "empty.ron",
    binary_structure: "binary.cif",
    binary_data: "binary.gr",
    binary_job: "binary.ron",
    dead_frame: "dead_frame.gr",
    duplicate_parameter: "duplicate.ron",
    tie_to_nothing: "tie_to_nothing.ron",
    no_such_site: "no_such_site.ron",
    no_such_structure: "no_such_structure.ron",
    fixed_by_symmetry: "fixed_by_symmetry.ron",
    motion_without_molecules: "motion_without_molecules.ron",
    motion_in_a_group: "motion_in_a_group.ron",
    motion_of_no_molecule: "motion_of_no_molecule.ron",
    motion_of_an_atom: "motion_of_an_atom.ron",
    motion_and_atom: "motion_and_atom.ron",
    motion_without_target: "motion_without_target.ron",
    restraint_of_an_element_that_is_not_there: "restraint_element.ron",
    restraint_of_a_site_that_is_not_there: "restraint_site.ron",
    restraint_without_width: "restraint_sigma.ron",
    restraint_with_an_unknown_key: "restraint_key.ron",
    restraint_of_an_unknown_kind: "restraint_kind.ron",
    restraint_of_no_angle: "restraint_angle.ron",
    restraint_of_too_many_neighbours: "restraint_neighbours.ron",
    restraint_of_negative_weight: "restraint_weight.ron",
}

/// The good one among them: every kind of restraint.
#[test]
fn a_job_with_restraints_is_taken() {
    let folder = folder_with("restrained.ron", &fs::read(bad("restrained.ron")).unwrap());
    let (code, printed, said) =
        corefine(folder.path(), &["refine", "restrained.ron", "--out", "out", "--engine", "cpu"]);
    assert_eq!(code, Some(0), "{printed}{said}");
    let result = fs::read_to_string(folder.path().join("out/result.json")).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&result).unwrap()["converged"] == true, "{printed}");
}

#[test]
fn the_dead_frame_of_a_battery_series() {
    let Some(path) = support::reference("operando_tio2b/dead_frame_031.gr") else { return };
    let folder = folder_with("dead_frame_031.gr", &fs::read(path).unwrap());
    let job = job_for(folder.path(), "dead_frame_031.gr");
    let said = refused(folder.path(), &["refine", &job, "--out", "out", "--engine", "cpu"]);
    assert!(said.starts_with("error: dead_frame_031.gr") && said.contains("zero"), "{said}");
}

#[test]
fn every_bad_file_is_tested_and_every_expectation_has_its_file() {
    let source = include_str!("bad_input.rs");
    for entry in fs::read_dir(bad("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        match name.strip_suffix(".expected") {
            Some(input) => assert!(bad(input).is_file(), "{name} belongs to no input"),
            None => assert!(source.contains(&format!("\"{name}\"")), "tests/bad/{name} is not tested"),
        }
    }
}

/// Other verbs meet the same files through the same readers.
#[test]
fn other_verbs_refuse_too() {
    for (name, args) in [
        ("truncated.cif", vec!["simulate", "truncated.cif", "-o", "out.gr"]),
        ("empty.cif", vec!["histogram", "empty.cif", "--pair", "Ni-Ni", "-o", "out.csv"]),
        ("dead_frame.gr", vec!["init", "good.cif", "dead_frame.gr", "-o", "out.ron"]),
        ("binary.cif", vec!["init", "binary.cif", "good.gr", "-o", "out.ron"]),
        ("good.cif", vec!["histogram", "good.cif", "--pair", "Co-N"]),
        ("good.cif", vec!["histogram", "good.cif", "--pair", "NiNi"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "good.gr"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "no/folder.gr"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--rmin", "5", "--rmax", "4"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--rstep", "0"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--rstep", "-0.01"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--rstep", "1e-9"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--qmax", "nan"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--threads", "0", "--engine", "cpu"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--threads", "100000", "--engine", "cpu"]),
        (
            "good.cif",
            vec!["simulate", "good.cif", "-o", "out.gr", "--rmax", "50000", "--rstep", "1", "--engine", "cpu"],
        ),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--compat", "pdffit2"]),
        ("good.cif", vec!["simulate", "good.cif", "-o", "out.gr", "--compat", "pdffit2", "--rmin", "0.005"]),
        ("good.cif", vec!["simulate", "missing.cif", "-o", "out.gr"]),
        ("good.cif", vec!["simulate", "good.cif"]),
        ("good.cif", vec!["refine", "good.ron", "--out", "good.cif"]),
    ] {
        let folder = folder_with(name, &fs::read(bad(name)).unwrap());
        refused(folder.path(), &args);
    }
}
