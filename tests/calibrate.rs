//! The resolution of an instrument from a standard: known ones of synthetic powders, and nickel as it was measured.

mod support;

use std::fs;
use std::path::Path;

use corefine::expand;
use corefine::read;
use corefine::standards::{CEO2, LAB6, NI, SI, Standard};
use support::command::corefine;
use support::reference;

fn well(folder: &Path, args: &[&str]) -> String {
    let (code, said, complained) = corefine(folder, args);
    assert_eq!(code, Some(0), "{args:?}: {said}{complained}");
    println!("{said}{complained}");
    said
}

/// Value and standard uncertainty of a parameter in a folder of results.
fn parameter(folder: &Path, name: &str) -> (f64, f64) {
    let text = fs::read_to_string(folder.join("result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    let found = result["parameters"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap();
    (found["value"].as_f64().unwrap(), found["esd"].as_f64().unwrap())
}

fn instrument(folder: &Path) -> corefine::job::Instrument {
    let text = fs::read_to_string(folder.join("instrument.ron")).unwrap();
    println!("{text}");
    read::job::instrument(&text, "instrument.ron").unwrap()
}

/// The cells hold what their names say, and the nearest atoms are where they should be.
#[test]
fn standards_are_what_they_are_called() {
    for (standard, atoms, nearest) in [(CEO2, 12, "Ce-O"), (NI, 4, "Ni-Ni"), (SI, 8, "Si-Si"), (LAB6, 7, "B-B")] {
        let Standard { name, .. } = standard;
        let model = read::structure(standard.cif().as_bytes(), name).unwrap().value;
        let crystal = expand::crystal(&model).unwrap();
        assert_eq!(crystal.atoms.len(), atoms, "{name}");
        let list = corefine::histogram::all_bonds(&model, &crystal, nearest, 3.0).unwrap();
        let lengths = list.bonds.iter().map(|bond| corefine::histogram::BondList::vector(bond, &crystal).norm());
        let shortest = lengths.fold(f64::INFINITY, f64::min);
        assert!((shortest - standard.nearest).abs() < 0.05, "{name}: {shortest}");
    }
}

/// Powders with a known resolution and noise: it is found within its uncertainty, and another job takes it.
#[test]
fn a_known_resolution_is_found() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    for (standard, name, resolution) in
        [(CEO2, "CeO2", (0.069, 0.01)), (LAB6, "LaB6", (0.035, 0.02)), (SI, "Si", (0.05, 0.015))]
    {
        let cif = format!("{name}.cif");
        fs::write(folder.join(&cif), standard.cif()).unwrap();
        let (qdamp, qbroad) = (resolution.0.to_string(), resolution.1.to_string());
        let (gr, out) = (format!("{name}.gr"), format!("out-{name}"));
        let line = "--qmax 23.5 --qmin 0.1 --rmax 51 --noise 0.02 --seed 5 --engine cpu";
        let args = ["simulate", &cif, "-o", &gr, "--qdamp", &qdamp, "--qbroad", &qbroad];
        well(folder, &args.into_iter().chain(line.split(' ')).collect::<Vec<_>>());
        well(folder, &["calibrate", &gr, "--standard", name, "--out", &out, "--engine", "cpu"]);
        for (name, truth) in [("qdamp", resolution.0), ("qbroad", resolution.1), ("scale", 1.0)] {
            let (value, esd) = parameter(&folder.join(&out), name);
            // Nine numbers of one seed each: four standard uncertainties.
            assert!((value - truth).abs() < 4.0 * esd && esd < 0.1 * truth.max(0.03), "{name} {value} +- {esd}");
        }
        let found = instrument(&folder.join(&out));
        assert!((found.qdamp - parameter(&folder.join(&out), "qdamp").0).abs() < 1e-6);
    }
    let job = r#"(structure: "Si.cif", data: (file: "bare.gr", instrument: "out-Si/instrument.ron", rmin: 1.4, rmax: 20, qmax: 23.5),
        refine: { "scale": (), "qbroad": () })"#;
    fs::write(folder.join("job.ron"), job).unwrap();
    // The same curve without a word on its resolution.
    let curve = fs::read_to_string(folder.join("Si.gr")).unwrap();
    let bare: Vec<&str> =
        curve.lines().filter(|line| !line.starts_with("# q") && !line.starts_with("# command")).collect();
    fs::write(folder.join("bare.gr"), bare.join("\n")).unwrap();
    well(folder, &["refine", "job.ron", "--out", "fit", "--engine", "cpu"]);
    let result = fs::read_to_string(folder.join("fit/result.json")).unwrap();
    assert!(result.contains("\"role\": \"instrument\""), "{result}");
    let next = fs::read_to_string(folder.join("fit/refined.ron")).unwrap();
    let found = instrument(&folder.join("out-Si"));
    let next = read::job::job(&next, "refined.ron").unwrap();
    assert!(next.set.contains(&("qdamp".to_owned(), found.qdamp)) && next.data().instrument.is_none(), "{next:?}");
    let (code, _, said) = corefine(folder, &["calibrate", "Si.gr", "--standard", "Au", "--out", "x"]);
    assert!(code == Some(2) && said.contains("possible values: CeO2, Ni, Si, LaB6"), "{said}");
    fs::write(folder.join("bad.ron"), job.replace("out-Si/instrument.ron", "gone.ron")).unwrap();
    let (code, _, said) = corefine(folder, &["refine", "bad.ron", "--out", "x"]);
    assert!(code == Some(2) && said.contains("bad.ron:1:"), "{said}");
    assert!(said.contains("there is no file") && said.contains("gone.ron"), "{said}");
}

/// `ni/Ni.gr` against PDFgui's qdamp 0.0454(34) and qbroad 0.0170(92).
#[test]
fn nickel_as_it_was_measured() {
    let Some(data) = reference("ni/Ni.gr") else { return };
    let data = data.display().to_string();
    let temp = tempfile::tempdir().unwrap();
    for (out, cell) in [("held", None), ("refined", Some("--cell"))] {
        let args = ["calibrate", &data, "--standard", "Ni", "--rmax", "50.12", "--out", out, "--engine", "cpu"];
        well(temp.path(), &args.into_iter().chain(cell).collect::<Vec<_>>());
        let found = instrument(&temp.path().join(out));
        println!("{out}: {found:?}");
        assert!((found.qdamp - 0.0454).abs() < 0.0034, "{out}: qdamp {}", found.qdamp);
        assert!((found.qbroad - 0.0170).abs() < 0.0092, "{out}: qbroad {}", found.qbroad);
    }
    let (a, esd) = parameter(&temp.path().join("refined"), "a");
    assert!((a - 3.52478).abs() < 0.00082, "{a} +- {esd}");
}
