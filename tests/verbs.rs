//! The verbs, one after the other, as a user types them: a curve is computed, a job written, refined, and refined again.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const RESULTS: [&str; 6] = ["fit.fgr", "histogram.csv", "refined.cif", "refined.ron", "report.html", "result.json"];

fn corefine(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::cargo_bin("corefine").unwrap().current_dir(folder).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn well(folder: &Path, args: &[&str]) -> String {
    let (code, said, complained) = corefine(folder, args);
    assert_eq!(code, Some(0), "{args:?}\n{said}\n{complained}");
    said
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_computed_curve_is_refined_back_to_its_structure() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let good = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad/good.cif")).unwrap();
    fs::write(folder.join("true.cif"), &good).unwrap();
    fs::write(folder.join("start.cif"), good.replace("3.524", "3.53").replace("0.005", "0.008")).unwrap();
    let measure =
        "simulate true.cif -o ni.gr --qmax 25 --qmin 0.1 --qdamp 0.04 --rmax 12 --noise 0.01 --seed 3 --engine cpu";
    well(folder, &measure.split(' ').collect::<Vec<_>>());
    well(folder, &["init", "start.cif", "ni.gr", "-o", "job.ron"]);
    let job = fs::read_to_string(folder.join("job.ron")).unwrap();
    assert!(job.contains("qmax: 25.0, // from the header of ni.gr") && job.contains("\"qdamp\": 0.04"), "{job}");

    let said = well(folder, &["refine", "job.ron", "--out", "out", "--engine", "cpu", "--threads", "1"]);
    assert!(said.contains("converged"), "{said}");
    assert_eq!(names(&folder.join("out")), RESULTS);
    let result: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("out/result.json")).unwrap()).unwrap();
    let a = result["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "a").unwrap();
    let (value, esd) = (a["value"].as_f64().unwrap(), a["esd"].as_f64().unwrap());
    // Noise of one seed: within five of its own standard uncertainties, which are far below the change of 0.006.
    assert!((value - 3.524).abs() < 5.0 * esd && esd < 0.001, "a = {value} +- {esd}");

    let (code, _, complained) = corefine(folder, &["refine", "job.ron", "--out", "out", "--engine", "cpu"]);
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");
    well(folder, &["refine", "job.ron", "--out", "out", "--engine", "cpu", "--force"]);
    well(folder, &["refine", "out/refined.ron", "--out", "again", "--engine", "cpu"]);
    assert_eq!(names(folder), ["again", "job.ron", "ni.gr", "out", "start.cif", "true.cif"]);
}

#[test]
fn bonds_are_counted_and_written() {
    let temp = tempfile::tempdir().unwrap();
    let cif = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad/good.cif");
    let cif = cif.to_str().unwrap();
    let args = ["histogram", cif, "--pair", "Ni-Ni", "--neighbours", "12", "--cutoff", "2.6", "-o", "ni.csv"];
    let said = well(temp.path(), &args);
    assert!(said.contains("Ni-Ni: 48 bonds, mean 2.4918 Å"), "{said}");
    assert_eq!(fs::read_to_string(temp.path().join("ni.csv")).unwrap(), "pair,from,to,count\nNi-Ni,2.4,2.5,48\n");
}

#[test]
fn devices_says_what_auto_would_take() {
    let temp = tempfile::tempdir().unwrap();
    assert!(well(temp.path(), &["devices"]).contains("--engine auto takes"));
}
