//! Series of measured curves: lanthanum manganite that is heated, and a battery's electrode with a dead frame.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use support::command::corefine;
use support::{of_repository, reference};

fn rows(out: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(out.join("series.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["frames"].as_array().unwrap().clone()
}

fn parameter(row: &serde_json::Value, name: &str) -> (f64, f64) {
    let all = row["fitted"]["parameters"].as_array().unwrap();
    let found = all.iter().find(|parameter| parameter["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    (found["value"].as_f64().unwrap(), found["esd"].as_f64().unwrap())
}

const TEMPERATURES: [u32; 14] = [300, 550, 650, 700, 720, 730, 740, 750, 800, 880, 980, 1050, 1100, 1150];

/// Rw at 300 K is that of the refinement in `tests/real_data.rs`; b shrinks and c grows through the loss of Jahn-Teller order near 735 K.
#[test]
fn lanthanum_manganite_heated() {
    let Some(structure) = reference("lamno3/LaMnO3_Pbnm.cif") else { return };
    let temp = tempfile::tempdir().unwrap();
    let line = |t: u32| format!("{},{t}\n", reference(&format!("lamno3/{t}K.gr")).unwrap().display());
    let manifest = TEMPERATURES.map(line).concat();
    fs::write(temp.path().join("m.csv"), format!("file,temperature\n{manifest}")).unwrap();
    let job = format!(
        r#"(structure: "{}", data: (file: "300K.gr", rmin: 1.69, rmax: 19.5), set: {{ "qdamp": 0.014, "qbroad": 0 }},
        refine: {{ "scale": (start: 0.8), "a": (), "b": (), "c": (), "xyz.La1": (), "xyz.O1": (), "xyz.O2": (),
                  "Uiso.La1": (), "Uiso.Mn1": (), "Uiso.O1": (), "Uiso.O2": (), "delta2": (start: 2) }})"#,
        structure.display()
    );
    fs::write(temp.path().join("job.ron"), job).unwrap();
    let (code, said, complained) = corefine(temp.path(), &["series", "job.ron", "m.csv", "--out", "out"]);
    assert_eq!(code, Some(0), "{said}\n{complained}");
    let rows = rows(&temp.path().join("out"));
    assert_eq!(rows.len(), TEMPERATURES.len());
    for row in &rows {
        let [a, b, c, u] = ["a", "b", "c", "Uiso.O2"].map(|name| parameter(row, name).0);
        println!(
            "{}: Rw {:.4} a {a:.4} b {b:.4} c {c:.4} U(O2) {u:.4}",
            row["frame"]["name"],
            row["fitted"]["rw"].as_f64().unwrap()
        );
        assert!(row["fitted"]["rw"].as_f64().unwrap() < 0.11 && row["fitted"]["converged"] == true);
    }
    let first = &rows[0]["fitted"];
    assert!((first["rw"].as_f64().unwrap() - 0.1064).abs() < 1e-4, "{}", first["rw"]);
    // Smooth: from one temperature to the next c and U never fall by more than the data leave open.
    for name in ["c", "Uiso.O2", "Uiso.La1"] {
        for pair in rows.windows(2) {
            let ((before, one), (after, other)) = (parameter(&pair[0], name), parameter(&pair[1], name));
            assert!(after > before - 3.0 * one.hypot(other), "{name}: {before} then {after}");
        }
    }
    let b = |k: usize| parameter(&rows[k], "b").0;
    assert!(b(3) - b(7) > 0.08 && b(0) > b(3) && (b(8) - b(13)).abs() < 0.02, "{} {} {} {}", b(0), b(3), b(7), b(13));
}

/// Frames of a cell, a dead one among them: cell, scale and size follow the charge. The electrode holds carbon and binder beside the
/// oxide, which the model has not, so Rw is no measure of it.
#[test]
fn titanium_oxide_in_a_battery() {
    let Some(first) = reference("operando_tio2b/B3_Bronze-3nm_ss_01.gr") else { return };
    let folder = first.parent().unwrap().to_owned();
    let temp = tempfile::tempdir().unwrap();
    fs::copy(of_repository("tests/structures/tio2_b.cif"), temp.path().join("tio2_b.cif")).unwrap();
    let job = r#"(structure: "tio2_b.cif", set: { "qdamp": 0.03, "spdiameter": 30 },
        data: (file: "none.gr", rmin: 1.5, rmax: 10, radiation: xray, qmin: 0.5, qmax: 20, grid: Nyquist),
        refine: { "scale": (start: 0.3), "a": (), "b": (), "c": (), "beta": (), "Uiso.Ti": (min: 0.001), "Uiso.O": (min: 0.001) },
        bonds: [(pair: "Ti-O", cutoff: 2.4, neighbours: 6)])"#;
    fs::write(temp.path().join("job.ron"), job).unwrap();
    let frames = format!("{}/*.gr", folder.display());
    let (code, said, complained) = corefine(temp.path(), &["series", "job.ron", &frames, "--out", "out"]);
    assert_eq!(code, Some(1), "{said}\n{complained}");
    assert!(said.contains("21 of 22 frames refined") && said.contains("1 skipped"), "{said}");
    assert!(
        complained.contains("dead_frame_031 is skipped") && complained.contains("this is a dead frame"),
        "{complained}"
    );
    let rows = rows(&temp.path().join("out"));
    let names: Vec<&str> = rows.iter().map(|row| row["frame"]["name"].as_str().unwrap()).collect();
    assert_eq!((names[0], names[9], names[21]), ("B3_Bronze-3nm_ss_01", "B3_Bronze-3nm_ss_10", "dead_frame_031"));
    assert!(rows[21]["fitted"].is_null());
    for row in &rows[..21] {
        let (b, esd) = parameter(row, "b");
        println!(
            "{}: Rw {:.4} b {b:.4}({esd:.4}) {}",
            row["frame"]["name"],
            row["fitted"]["rw"].as_f64().unwrap(),
            row["fitted"]["stop"]
        );
        assert!((3.6..4.0).contains(&b), "{b}");
    }
}
