//! Jobs whose data are intensities: the curve is made on the way, and its settings travel with the result.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use support::command::{corefine, names};
use support::{of_repository, reference};

const SETTINGS: &str = r#"composition: "Ni", dataformat: QA, qmaxinst: 31.26, rpoly: 0.9"#;

/// A folder with nickel and the two patterns of the reference data; none where those are not at hand.
fn folder() -> Option<tempfile::TempDir> {
    let temp = tempfile::tempdir().unwrap();
    for file in ["Ni.chi", "kapton.chi"] {
        fs::copy(reference(&format!("ni_raw/{file}"))?, temp.path().join(file)).unwrap();
    }
    fs::copy(of_repository("models/ni.ron"), temp.path().join("ni.ron")).unwrap();
    Some(temp)
}

fn job(data: &str) -> String {
    format!(
        r#"(structure: "ni.ron", data: ({data}, rmin: 1.5, rmax: 20),
            set: {{ "qdamp": 0.045, "qbroad": 0.017 }},
            refine: {{ "scale": (start: 0.5), "a": (), "Uiso.Ni": (), "delta2": (start: 2) }},
            bonds: [(pair: "Ni-Ni", cutoff: 2.7, neighbours: 12)])"#
    )
}

fn from_intensities(more: &str) -> String {
    job(&format!(r#"file: "Ni.chi", reduce: (backgroundfile: "kapton.chi", {SETTINGS}{more}), qmax: 24"#))
}

fn refined(folder: &Path, job: &str, out: &str) -> serde_json::Value {
    let (code, said, complained) = corefine(folder, &["refine", job, "--out", out, "--engine", "cpu"]);
    assert_eq!(code, Some(0), "{said}{complained}");
    serde_json::from_str(&fs::read_to_string(folder.join(out).join("result.json")).unwrap()).unwrap()
}

fn numbers(result: &serde_json::Value, key: &str) -> Vec<f64> {
    result["parameters"].as_array().unwrap().iter().map(|parameter| parameter[key].as_f64().unwrap()).collect()
}

/// Both ways from the same intensities end in the same structure, to what seven digits of a written curve leave.
#[test]
fn intensities_are_refined_as_the_curve_that_is_made_of_them() {
    let Some(temp) = folder() else { return };
    fs::write(temp.path().join("reduce.ron"), format!("({SETTINGS}, backgroundfile: \"kapton.chi\", qmax: 24)"))
        .unwrap();
    let (code, _, complained) = corefine(temp.path(), &["reduce", "Ni.chi", "--job", "reduce.ron", "-o", "Ni"]);
    assert_eq!(code, Some(0), "{complained}");
    fs::write(temp.path().join("two.ron"), job(r#"file: "Ni.gr""#)).unwrap();
    fs::write(temp.path().join("one.ron"), from_intensities("")).unwrap();
    let [two, one] = ["two", "one"].map(|name| refined(temp.path(), &format!("{name}.ron"), name));
    // PDFgetX3's own curve of these patterns gives 0.0730 in this job.
    assert!(one["rw"].as_f64().unwrap() < 0.075, "{}", one["rw"]);
    let (values, esds) = (numbers(&one, "value"), numbers(&one, "esd"));
    for ((one, two), esd) in values.iter().zip(numbers(&two, "value")).zip(esds) {
        assert!((one - two).abs() < 1e-3 * esd, "{one} {two}, esd {esd}");
    }
    let roles: Vec<&str> =
        one["inputs"].as_array().unwrap().iter().map(|file| file["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["structure", "data", "job", "background"]);
    // The job that goes on from there reads both patterns from where they are.
    let again = refined(temp.path(), "one/refined.ron", "again");
    // The grid of the sum follows the widths of peaks at the start, to some 1e-5 of G(r).
    assert!((again["rw"].as_f64().unwrap() - one["rw"].as_f64().unwrap()).abs() < 1e-4);
}

/// In Q, the F(Q) of the reduction is compared.
#[test]
fn intensities_are_compared_in_q_too() {
    let Some(temp) = folder() else { return };
    let text = from_intensities("").replace("rmin: 1.5, rmax: 20", "rmin: 1.5, rmax: 20, compare: F");
    fs::write(temp.path().join("q.ron"), text).unwrap();
    let result = refined(temp.path(), "q.ron", "q");
    assert!(result["rw"].as_f64().unwrap() < 0.065, "{}", result["rw"]);
    assert_eq!(result["data"][0]["compared"], "F(Q)");
}

/// An ensemble takes the same job: each member is a fit of the curve that was made on the way, in r or in Q.
#[test]
fn ensembles_are_made_from_intensities_too() {
    let Some(temp) = folder() else { return };
    let plain = from_intensities("");
    for (name, text) in [("r", plain.clone()), ("q", plain.replace("rmax: 20", "rmax: 20, compare: F"))] {
        fs::write(temp.path().join("job.ron"), text).unwrap();
        let line = ["ensemble", "job.ron", "-n", "4", "--method", "noise", "--seed", "1", "--out", name];
        let (code, said, complained) = corefine(temp.path(), &line);
        assert_eq!(code, Some(0), "{said}{complained}");
        let text = fs::read_to_string(temp.path().join(name).join("result.json")).unwrap();
        let result: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(result["members"] == 4 && result["rw"].as_f64().unwrap() < 0.09, "{}", result["rw"]);
        let roles: Vec<&str> =
            result["inputs"].as_array().unwrap().iter().filter_map(|file| file["role"].as_str()).collect();
        assert!(roles.contains(&"background"), "{roles:?}");
        let edge = result["parameters"].as_array().unwrap().iter().find(|parameter| parameter["name"] == "a").unwrap();
        let edge = edge["value"]["median"].as_f64().unwrap();
        assert!((edge - 3.525).abs() < 0.002, "{edge}");
    }
}

#[test]
fn what_has_no_model_is_refused_with_its_place() {
    let temp = tempfile::tempdir().unwrap();
    fs::copy(of_repository("models/ni.ron"), temp.path().join("ni.ron")).unwrap();
    fs::write(temp.path().join("Ni.chi"), "1 2\n2 3\n").unwrap();
    fs::write(temp.path().join("kapton.chi"), "1 2\n2 3\n").unwrap();
    let job = |from: &str, to: &str| {
        let text = from_intensities("");
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    for (text, told) in [
        (
            from_intensities(", qmax: 22"),
            "job.ron:1:166: qmax is 24, and that of the reduction is 22\nhint: the model ends",
        ),
        (from_intensities(", window: lorch"), ": the model has no Lorch window\nhint: take none"),
        (
            from_intensities(", radiation: xray").replace("qmax: 24", "radiation: neutron"),
            ": radiation is not that of the reduction\nhint: say it once",
        ),
        (job("qmax: 24", "normalisation: SquareMean"), ": the reduction divides by <f>²\nhint: "),
        (job("composition: \"Ni\"", "composition: \"\""), ": the reduction has no composition\nhint: "),
        (job("composition: \"Ni\"", "composition: \"Nx\""), "composition \"Nx\": "),
        (job("rpoly: 0.9", "rpoli: 0.9"), "unknown key `rpoli` in reduction\nhint: did you mean `rpoly`?"),
        (job("\"kapton.chi\"", "\"capton.chi\""), ": there is no file capton.chi\nhint: paths in a job are relative"),
        (from_intensities(""), ".chi: 2 rows of numbers, 20 at least are needed"),
    ] {
        fs::write(temp.path().join("job.ron"), text).unwrap();
        let (code, said, complained) = corefine(temp.path(), &["refine", "job.ron", "--out", "out"]);
        assert!(code == Some(2) && said.is_empty() && complained.contains(told), "{told}\n{complained}");
    }
    let plain = r#"(structure: "ni.ron", data: (file: "Ni.chi", rmin: 1.5, rmax: 20), refine: { "a": () })"#;
    fs::write(temp.path().join("job.ron"), plain).unwrap();
    let (_, _, complained) = corefine(temp.path(), &["refine", "job.ron", "--out", "out"]);
    assert!(complained.contains("a job makes it on the way with `reduce: (composition: ...)`"), "{complained}");
    assert_eq!(names(temp.path()), ["Ni.chi", "job.ron", "kapton.chi", "ni.ron"]);
}
