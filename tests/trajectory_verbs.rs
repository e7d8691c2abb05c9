//! `rdf`, `msd`, `relay`, and `simulate` and `histogram` of trajectories, as a user types them.
#![cfg(feature = "cli")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::command::{corefine, names};
use support::reference;

/// Twenty frames of two Li that walk among four S at rest, and of a Zn that breathes between two N.
fn made() -> String {
    let mut text = String::new();
    for k in 0..20 {
        let t = f64::from(k);
        text += "9\nLattice=\"12 0 0 0 12 0 0 0 12\" Properties=species:S:1:pos:R:3\n";
        for (i, phase) in [0.3, 1.9].iter().enumerate() {
            let x = [0.31 * t + phase, 2.0 * (0.7 * t + phase).sin() + 6.0, 0.2 * t + 3.0 * i as f64];
            let _ = writeln!(text, "Li {} {} {}", x[0], x[1], x[2]);
        }
        for x in [0.0, 3.0, 6.0, 9.0] {
            let _ = writeln!(text, "S {x} 5.5 4.0");
        }
        let bond = 2.0 + 0.02 * t;
        let _ = writeln!(text, "Zn 4 1 10\nN {} 1 10\nN 4 3 10", 4.0 + bond);
    }
    text
}

fn parsed(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn run(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    corefine(folder, &line.split(' ').collect::<Vec<_>>())
}

fn well(folder: &Path, line: &str) -> String {
    let (code, said, complained) = run(folder, line);
    assert_eq!(code, Some(0), "{line}\n{said}\n{complained}");
    said
}

/// The made trajectory, plain and packed.
fn write_made(folder: &Path) {
    fs::write(folder.join("made.xyz"), made()).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(made().as_bytes()).unwrap();
    fs::write(folder.join("made.xyz.gz"), packed.finish().unwrap()).unwrap();
}

#[test]
fn every_verb_writes_what_it_says() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    write_made(folder);

    let said = well(folder, "rdf made.xyz made.xyz.gz --pair Li-S,S-S --rmax 9 --out g");
    assert!(said.contains("made.xyz: 20 frames") && said.contains("S-S: first peak at"), "{said}");
    assert_eq!(names(&folder.join("g")), ["rdf.csv", "report.html", "result.json"]);
    let both = parsed(&folder.join("g/result.json"));
    assert_eq!(both["trajectories"][0]["pairs"], both["trajectories"][1]["pairs"]);
    let csv = fs::read_to_string(folder.join("g/rdf.csv")).unwrap();
    assert!(
        csv.starts_with("r,g Li-S made.xyz,dg Li-S made.xyz,n Li-S made.xyz,") && csv.lines().count() == 451,
        "{csv:.200}"
    );
    let (code, _, complained) = run(folder, "rdf made.xyz --pair Li-S --out g");
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");

    let said = well(
        folder,
        "msd made.xyz made.xyz --element Li --timestep 0.5fs --every 2 --temperature 500,600 --out m --fit 0.002,0.01",
    );
    assert!(said.contains("D(Li) = ") && said.contains("activation energy"), "{said}");
    let msd = parsed(&folder.join("m/result.json"));
    assert_eq!(msd["trajectories"][0]["step"], 0.001);
    assert_eq!(names(&folder.join("m")), ["msd.csv", "report.html", "result.json"]);

    let said = well(folder, "relay made.xyz --element Li --anchor S --timestep 1fs --margin 0.1 --out r");
    assert!(said.contains("made.xyz: 2 Li jump from S to S: "), "{said}");
    assert_eq!(
        names(&folder.join("r")),
        ["density.cube", "density.xyz", "graph.csv", "jumps.csv", "report.html", "result.json"]
    );
    let jumps = parsed(&folder.join("r/result.json"))["jumps"].as_array().unwrap().len();
    assert!(
        jumps >= 2 && fs::read_to_string(folder.join("r/jumps.csv")).unwrap().lines().count() == jumps + 1,
        "{jumps}"
    );
    let cube = fs::read_to_string(folder.join("r/density.cube")).unwrap();
    let head: Vec<&str> = cube.lines().skip(2).take(4).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(head, ["7", "40", "40", "40"]);
    assert_eq!(cube.lines().skip(13).flat_map(str::split_whitespace).count(), 40 * 40 * 40);

    let said = well(folder, "histogram made.xyz --pair Zn-N --neighbours 2 --cutoff 2.25 -o bonds.csv");
    // One bond of two grows by 0.02 Å a frame: beyond 2.25 Å from the 14th of 20 frames on.
    assert!(said.contains("18(8) % beyond 2.25 Å, in 20 frames"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("bonds.csv")).unwrap().lines().count(), 21);
}

/// All that is asked of two trajectories, in one run: the same numbers as one verb after the other, and how they change.
#[test]
fn trajectories_lie_beside_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    write_made(folder);
    // In the second one the Li atoms go half as far.
    let frame = |k: usize| made().lines().skip(11 * k).take(11).flat_map(|line| [line, "\n"]).collect::<String>();
    fs::write(folder.join("slow.xyz"), (0..20).map(|k| frame(k / 2)).collect::<String>()).unwrap();
    let line = "trajectories made.xyz slow.xyz --names crystal,glass --element Li --anchor S --margin 0.1 --timestep 1fs,2fs --rmax 5 --out b";
    let said = well(folder, line);
    assert!(said.contains("crystal: 2 Li jump from S to S: ") && said.contains("glass: D(Li) = "), "{said}");
    let of_all = ["msd.csv", "rdf.csv", "report.html", "result.json", "summary.csv"];
    let of_each = ["density-1.cube", "density-1.xyz", "density-2.cube", "density-2.xyz", "graph-1.csv", "graph-2.csv"];
    let mut files = [&of_each[..], &["jumps-1.csv", "jumps-2.csv"], &of_all].concat();
    files.sort_unstable();
    assert_eq!(names(&folder.join("b")), files);

    // Each says what the verbs say alone.
    let both = parsed(&folder.join("b/result.json"));
    well(folder, "rdf slow.xyz --names glass --pair Li-S --rmax 5 --out g");
    well(folder, "msd slow.xyz --names glass --element Li --timestep 2fs --out m");
    well(folder, "relay slow.xyz --element Li --anchor S --margin 0.1 --timestep 2fs --out r");
    let glass = &both["trajectories"][1];
    assert_eq!(glass["rdf"], parsed(&folder.join("g/result.json"))["trajectories"][0]);
    assert_eq!(glass["msd"], parsed(&folder.join("m/result.json"))["trajectories"][0]);
    let alone = parsed(&folder.join("r/result.json"));
    for field in ["rate", "rate_esd", "residence", "survival", "jumps", "graph", "visited"] {
        assert_eq!(glass["relay"][field], alone[field], "{field}");
    }
    for (file, own) in [("jumps-2.csv", "jumps.csv"), ("graph-2.csv", "graph.csv"), ("density-2.xyz", "density.xyz")] {
        let [two, one] = [folder.join("b").join(file), folder.join("r").join(own)].map(|path| fs::read(path).unwrap());
        assert_eq!(two, one, "{file}");
    }
    assert_eq!(both["inputs"][1]["path"], "slow.xyz");

    let summary = both["summary"].as_array().unwrap();
    let of = |name: &str| summary.iter().find(|one| one["quantity"] == name).unwrap();
    let rate = of("rate");
    let ratio = rate["values"][1]["value"].as_f64().unwrap() / rate["values"][0]["value"].as_f64().unwrap();
    assert!((rate["changes"][0]["value"].as_f64().unwrap() - ratio).abs() < 1e-12 && ratio < 0.5, "{rate}");
    assert_eq!(of("watched for")["values"], json!([{"value": 0.019, "esd": null}, {"value": 0.038, "esd": null}]));
    let csv = fs::read_to_string(folder.join("b/summary.csv")).unwrap();
    let head = "quantity,unit,crystal,esd crystal,glass,esd glass,change,change glass,change esd glass";
    assert!(csv.starts_with(head) && csv.lines().count() == summary.len() + 1, "{csv}");
    assert!(csv.lines().all(|line| line.split(',').count() == 9), "{csv}");
    let page = fs::read_to_string(folder.join("b/report.html")).unwrap();
    assert!(page.contains("Li along S: crystal and glass") && page.contains("glass against crystal"));

    let (code, _, complained) = run(folder, line);
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");
    let start = "trajectories made.xyz slow.xyz --element Li --anchor S --out o";
    for (line, said) in [
        ("--timestep 1fs --names crystal", "1 names for 2 trajectories"),
        ("--timestep 1fs --names same,same", "\"same\" twice"),
        ("--timestep 1fs,1fs,1fs", "--timestep has 3 values for 2 trajectories"),
        ("--timestep 1fs --every 1,2,3", "--every has 3 values"),
        ("--timestep 1fs --pair Li-Co", "the trajectory has Li, S, Zn, N"),
        ("--timestep 1fs --fit 5,2", "--fit"),
        ("", "--timestep is missing"),
    ] {
        let (code, _, complained) = run(folder, format!("{start} {line}").trim());
        assert!(code == Some(2) && complained.contains(said), "{line}: {complained}");
        assert!(!folder.join("o").exists(), "{line}");
    }
}

/// Results name what they were made of by the digest of the whole file, however much of it was read.
#[test]
fn results_name_the_files_that_were_read() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    write_made(folder);
    fs::write(folder.join("atoms.xyz"), made().lines().take(11).collect::<Vec<_>>().join("\n")).unwrap();
    let input = |role: &str, path: &str| {
        let digest = Sha256::digest(fs::read(folder.join(path)).unwrap());
        let sha256 = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        json!({ "role": role, "path": path, "sha256": sha256, "from_results": format!("../{path}") })
    };
    let inputs = |out: &str| parsed(&folder.join(out).join("result.json"))["inputs"].clone();

    well(folder, "rdf made.xyz made.xyz.gz --pair Li-S --rmax 5 --frames 3 --topology atoms.xyz --out g");
    let all = [input("trajectory", "made.xyz"), input("trajectory", "made.xyz.gz"), input("topology", "atoms.xyz")];
    assert_eq!(inputs("g"), Value::from(all.to_vec()));
    well(folder, "msd made.xyz.gz --element Li --timestep 1fs --out m");
    assert_eq!(inputs("m"), Value::from(vec![all[1].clone()]));
    well(folder, "relay made.xyz --element Li --anchor S --timestep 1fs --out r");
    assert_eq!(inputs("r"), Value::from(vec![all[0].clone()]));
}

/// The mean of frames is the mean of their curves, and over a curve of its own the scale is 1 and nothing is left, in r and in Q.
#[test]
fn a_trajectory_has_the_mean_curve_of_its_frames() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    fs::write(folder.join("made.xyz"), made()).unwrap();
    let settings = "--uiso 0.002 --rmax 8 --rstep 0.02 --engine cpu";
    well(folder, &format!("simulate made.xyz --frames 2 {settings} -o mean.gr --partials"));
    for (k, lines) in made().lines().collect::<Vec<_>>().chunks(11).take(2).enumerate() {
        fs::write(folder.join(format!("{k}.xyz")), lines.join("\n")).unwrap();
        well(folder, &format!("simulate {k}.xyz {settings} -o {k}.gr"));
    }
    let curve = |name: &str| -> Vec<f64> {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.map(|row| row.split(' ').nth(1).unwrap().parse().unwrap()).collect()
    };
    let (mean, one, two) = (curve("mean.gr"), curve("0.gr"), curve("1.gr"));
    let largest = mean.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
    for ((mean, one), two) in mean.iter().zip(&one).zip(&two) {
        assert!((mean - 0.5 * (one + two)).abs() < 1e-6 * largest, "{mean} {one} {two}");
    }
    assert!(fs::read_to_string(folder.join("mean.gr")).unwrap().contains("# frames = 2, their mean"));
    let said = well(
        folder,
        &format!("simulate made.xyz --frames 2 {settings} -o again.gr --against mean.gr --report page.html"),
    );
    assert!(said.contains("G(r) over mean.gr: Rw 0.0000 with the scale 1.0000"), "{said}");
    assert!(fs::read_to_string(folder.join("page.html")).unwrap().contains("Nothing but the scale was fitted"));
    let (code, _, complained) = run(folder, "simulate made.xyz -o other.gr --against mean.gr --range 5,2");
    assert!(code == Some(2) && complained.contains("--range"), "{complained}");
}

#[test]
fn what_is_missing_is_said_in_one_message() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let whole = made();
    fs::write(folder.join("made.xyz"), &whole).unwrap();
    fs::write(folder.join("cut.xyz"), &whole[..whole.len() - 100]).unwrap();
    fs::write(folder.join("plain.xyz"), whole.replace("Lattice", "Comment")).unwrap();
    fs::write(folder.join("nan.xyz"), whole.replacen("S 3 5.5", "S nan 5.5", 1)).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(whole.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    fs::write(folder.join("cut.xyz.gz"), &packed[..packed.len() / 2]).unwrap();
    let cases = [
        ("rdf cut.xyz --pair Li-S --out o", "cut short"),
        ("rdf cut.xyz.gz --pair Li-S --out o", "cut short"),
        ("rdf plain.xyz --pair Li-S --out o", "there is no Lattice"),
        ("rdf nan.xyz --pair Li-S --out o", "\"nan\" is no number"),
        ("rdf none.xyz --pair Li-S --out o", "there is no such file"),
        ("rdf made.xyz --pair Li-Co --out o", "the trajectory has Li, S, Zn, N"),
        ("rdf made.xyz --pair Li-S --skip 20 --out o", "no frame is left to read"),
        ("rdf made.xyz --pair Li-S --stride 0 --out o", "--stride"),
        ("rdf made.xyz --pair Li-S --bin -1 --out o", "--bin is -1"),
        ("msd made.xyz --element Li --out o", "--timestep is missing"),
        ("msd made.xyz --element Li --timestep 1 --out o", "with its unit"),
        ("msd made.xyz --element Li --timestep 1fs --fit 5,2 --out o", "--fit"),
        ("msd made.xyz --element Li --timestep 1fs --temperature 300,400 --out o", "2 numbers for 1 trajectories"),
        ("msd made.xyz --element Li --timestep 1fs --frames 4 --out o", "at least 10 are needed"),
        ("relay made.xyz --element Li --anchor Li --timestep 1fs --out o", "anchor of itself"),
        ("relay made.xyz --element Li --anchor S --out o", "--timestep is missing"),
        ("histogram made.xyz --pair Co-N", "Co"),
    ];
    for (line, said) in cases {
        let (code, _, complained) = run(folder, line);
        assert_eq!(code, Some(2), "{line}: {complained}");
        assert!(complained.contains(said) && complained.matches("error:").count() == 1, "{line}: {complained}");
        assert!(!folder.join("o").exists(), "{line}");
    }
}

/// 140 frames of Li6PS5Cl: every P has its four S, and Li diffuses.
#[test]
fn a_simulation_of_an_electrolyte_is_read() {
    let Some(path) = reference("li6ps5cl/XDATCAR.gz") else { return };
    let temp = tempfile::tempdir().unwrap();
    let file = path.display();
    well(temp.path(), &format!("rdf {file} --pair P-S,Li-S --rmax 6 --out g"));
    let pairs = parsed(&temp.path().join("g/result.json"))["trajectories"][0]["pairs"].clone();
    assert!((pairs[0]["peak"]["area"]["value"].as_f64().unwrap() - 4.0).abs() < 1e-9, "{pairs:.300}");
    assert!((pairs[0]["peak"]["position"]["value"].as_f64().unwrap() - 2.06).abs() < 0.01);
    assert!((pairs[1]["peak"]["position"]["value"].as_f64().unwrap() - 2.45).abs() < 0.03);
    well(temp.path(), &format!("msd {file} --element Li --timestep 2fs --every 50 --out m"));
    let msd = parsed(&temp.path().join("m/result.json"))["trajectories"][0].clone();
    let interval = &msd["line"]["interval90"];
    // kinisi, from 2 ps on: 1.3e-5 to 1.6e-5 cm²/s.
    assert!(interval[0].as_f64().unwrap() < 0.15 && interval[1].as_f64().unwrap() > 0.13, "{interval}");
    let said = well(temp.path(), &format!("relay {file} --element Li --anchor S --timestep 2fs --every 50 --out r"));
    assert!(said.contains("jumps"), "{said}");
}
