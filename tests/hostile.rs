//! Files and options that mean harm, or nonsense: each is refused with a message, soon, and nothing takes much memory.
#![cfg(feature = "cli")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use corefine::read;
use corefine::read::trajectory::{Frames, Options};
use support::command::corefine;
use support::of_repository;

/// No refusal takes longer, on a machine that does other things too.
const SOON: Duration = Duration::from_secs(10);

fn good(name: &str) -> String {
    fs::read_to_string(of_repository("tests/bad").join(name)).unwrap()
}

fn folder() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    for name in ["good.cif", "good.gr", "good.ron"] {
        fs::write(temp.path().join(name), good(name)).unwrap();
    }
    fs::copy(of_repository("models/ni.ron"), temp.path().join("ni.ron")).unwrap();
    temp
}

/// Runs it: exit code 0, 1 or 2, no panic, soon. Returns the code and what was complained of.
fn survived(folder: &Path, args: &[&str]) -> (i32, String) {
    let clock = Instant::now();
    let (code, said, complained) = corefine(folder, args);
    let shown: String = complained.chars().take(600).collect();
    assert!(code.is_some_and(|code| code < 3), "{args:?} ended with {code:?}: {said}\n{shown}");
    assert!(!complained.contains("panicked"), "{args:?}: {shown}");
    assert!(clock.elapsed() < SOON, "{args:?} took {:?}", clock.elapsed());
    (code.unwrap(), complained)
}

fn refused(folder: &Path, args: &[&str], part: &str) {
    let (code, complained) = survived(folder, args);
    let shown: String = complained.chars().take(600).collect();
    assert!(code == 2 && complained.contains("error: ") && complained.contains(part), "{args:?}, {part}: {shown}");
}

const REFINE: [&str; 6] = ["refine", "hostile.ron", "--out", "out", "--engine", "cpu"];
const SIMULATE: [&str; 6] = ["simulate", "hostile.cif", "-o", "out.gr", "--engine", "cpu"];

/// The good job with a part of it in another form.
fn job(from: &str, to: &str) -> String {
    let job = good("good.ron");
    assert!(job.contains(from), "{from}");
    job.replacen(from, to, 1)
}

#[test]
fn numbers_that_are_none_are_refused_wherever_a_job_has_one() {
    let temp = folder();
    for key in ["rmin", "rmax", "qmin", "qmax", "dg", "soper_lorch"] {
        for value in ["NaN", "inf", "-inf", "-1"] {
            let text = match key {
                "rmin" => job("rmin: 1.5", &format!("rmin: {value}")),
                "rmax" => job("rmax: 9.0", &format!("rmax: {value}")),
                _ => job("rmin: 1.5", &format!("{key}: {value}, rmin: 1.5")),
            };
            fs::write(temp.path().join("hostile.ron"), text).unwrap();
            refused(temp.path(), &REFINE, &format!("{key} is {value}"));
        }
    }
    for (from, to, part) in [
        ("rmin: 1.5", "qmax: 1e-300, rmin: 1.5", "qmax is 1e-300, and a curve with it holds nothing"),
        ("rmin: 1.5", "qmax: 1e300, rmin: 1.5", "asks for more memory than is reasonable"),
        ("rmin: 1.5", "dg: 0, rmin: 1.5", "dg is 0"),
        ("rmax: 9.0", "rmax: 1e6", "rmax is 1000000"),
        ("rmin: 1.5", "grid: Step(1e-9), rmin: 1.5", "is finer than the data's own"),
        ("rmin: 1.5", "grid: Step(NaN), rmin: 1.5", "the grid's step is NaN"),
        ("ties: []", "bonds: [(pair: \"Ni-Ni\", bin: 1e-300)]", "a width between 0.001 and 10"),
        ("ties: []", "bonds: [(pair: \"Ni-Ni\", neighbours: 1000000000)]", "a number from 1 to 100 is needed"),
        ("ties: []", "fit: (max_iterations: -1)", "integer is out of bounds"),
    ] {
        fs::write(temp.path().join("hostile.ron"), job(from, to)).unwrap();
        refused(temp.path(), &REFINE, part);
    }
}

#[test]
fn ties_in_circles_and_deep_formulas_are_refused() {
    let temp = folder();
    // Without symmetry, so that b and c are parameters.
    let cif = good("good.cif").replace("'F m -3 m'", "'P 1'");
    fs::write(temp.path().join("good.cif"), cif).unwrap();
    let deep = format!("\"b = {}a{}\"", "(".repeat(100_000), ")".repeat(100_000));
    for (ties, part) in [
        ("\"b = c\", \"c = b\"", "b"),
        ("\"b = b\"", "b stands on both sides"),
        ("\"b = gamma\", \"gamma = alpha\", \"alpha = b\"", "alpha"),
        (deep.as_str(), "tie"),
    ] {
        fs::write(temp.path().join("hostile.ron"), job("ties: []", &format!("ties: [{ties}]"))).unwrap();
        refused(temp.path(), &REFINE, part);
    }
    for text in ["(".repeat(100_000), format!("(structure: {}", "[".repeat(100_000))] {
        fs::write(temp.path().join("hostile.ron"), text).unwrap();
        refused(temp.path(), &REFINE, "hostile.ron:1:");
    }
}

#[test]
fn cells_without_volume_and_atoms_in_heaps_are_refused() {
    let temp = folder();
    let cif = good("good.cif");
    let cases = [
        (cif.replace("3.524", "0"), "_cell_length_a"),
        (cif.replace("3.524", "nan"), "_cell_length_a"),
        (cif.replace("3.524", "1e-300"), "encloses no volume"),
        (cif.replace("3.524", "1e300"), "encloses no volume"),
        (cif.replace(" 90", " 120"), "angles 120, 120, 120"),
        (cif.replace(" 90", " 1e-9"), "encloses no volume"),
        (cif.replace(" 0 0 0 ", " 1e300 0 0 "), "is no fraction of a cell"),
        (cif.replace(" 0 0 0 ", " inf 0 0 "), "is no number"),
        (cif.replace("0.005", "nan"), "is no number"),
    ];
    for (text, part) in cases {
        assert_ne!(text, cif, "{part}");
        fs::write(temp.path().join("hostile.cif"), text).unwrap();
        refused(temp.path(), &SIMULATE, part);
    }
    let mut heap = "200000\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3\n".to_owned();
    (0..200_000).for_each(|i| writeln!(heap, "Ni {} 0 0", 1e-5 * f64::from(i)).unwrap());
    for (text, part) in [
        (heap, "200000 atoms in a cell of 64.0 Å³: no matter is as dense"),
        ("1000000000\nLattice=\"4 0 0 0 4 0 0 0 4\"\nNi 0 0 0\n".to_owned(), "the first line says 1000000000 atoms"),
    ] {
        fs::write(temp.path().join("hostile.xyz"), text).unwrap();
        refused(temp.path(), &["simulate", "hostile.xyz", "-o", "out.gr", "--engine", "cpu"], part);
    }
    let cells =
        "title x\nformat pdffit\ncell 3.5, 3.5, 3.5, 90, 90, 90\nncell 1000000000, 1000000000, 1000000000, 1\natoms\n";
    fs::write(temp.path().join("hostile.stru"), cells).unwrap();
    refused(temp.path(), &["simulate", "hostile.stru", "-o", "out.gr"], "ncell");
}

#[test]
fn curves_that_no_memory_holds_are_refused() {
    let temp = folder();
    for (more, part) in [
        (vec!["--rmax", "1e6", "--rstep", "1"], "7.7e17 pairs of atoms"),
        (vec!["--rmax", "1e6"], "that is a curve of 100000000 points"),
        (vec!["--rmax", "1e300"], "that is a curve of"),
        (vec!["--rstep", "1e-9"], "that is a curve of 30000000000 points"),
        (vec!["--qmax", "1e300"], "asks for more memory than is reasonable"),
        (vec!["--qmax", "1e-300"], "--qmax is 1e-300, and a curve with it holds nothing"),
        (vec!["--qmin", "inf", "--qmax", "20"], "--qmin is inf"),
    ] {
        let args = [&["simulate", "ni.ron", "-o", "out.gr", "--engine", "cpu"], more.as_slice()].concat();
        refused(temp.path(), &args, part);
    }
}

/// A matrix of derivatives is estimated before it is made.
#[test]
fn more_derivatives_than_memory_holds_are_refused() {
    let temp = folder();
    fs::copy(of_repository("models/demo/start.ron"), temp.path().join("start.ron")).unwrap();
    let mut curve = String::new();
    (0..400_000).for_each(|i| writeln!(curve, "{:.6} 1.0", 1.0 + 1e-6 * f64::from(i)).unwrap());
    fs::write(temp.path().join("fine.gr"), curve).unwrap();
    let job = r#"(structure: "start.ron", data: (file: "fine.gr", rmin: 1, rmax: 1.399, qmax: 20, radiation: xray),
        refine: { "xyz.Co": (), "xyz.N": (), "xyz.C": (), "xyz.O": (), "xyz.H": () })"#;
    fs::write(temp.path().join("hostile.ron"), job).unwrap();
    refused(temp.path(), &REFINE, "residuals by 1248 parameters take some 12.0 GB, more than 8 GB");
}

#[test]
fn names_that_lead_elsewhere_are_read_as_what_they_are() {
    let temp = folder();
    for (name, part) in [
        ("../../../../../../../../../../etc/passwd", "neither its name nor its content"),
        ("..", "there is no file .."),
        ("/dev/zero", "there is no file /dev/zero"),
        ("", "the name of a file is empty"),
    ] {
        if cfg!(unix) {
            fs::write(temp.path().join("hostile.ron"), job("good.cif", name)).unwrap();
            refused(temp.path(), &REFINE, part);
        }
    }
    let suite = r#"(cases: [(name: "../../a", run: Refine("../../../../../../etc/passwd"), expect: { "rw": (value: 0, abs: 1) })])"#;
    fs::write(temp.path().join("suite.ron"), suite).unwrap();
    refused(temp.path(), &["check", "suite.ron"], "1 of 1 runs could not run");
}

#[test]
fn numbers_of_draws_and_members_are_bounded() {
    let temp = folder();
    let most = "18446744073709551615";
    refused(temp.path(), &["shell", "good.ron", "--out", "out", "--draws", most], "the number of draws is");
    refused(temp.path(), &["ensemble", "good.ron", "--out", "out", "-n", most], "-n is 18446744073709551615");
    refused(temp.path(), &["refine", "good.ron", "--out", "out", "--threads", most], "--threads is");
}

/// Nonsense that is no error in itself: the fit runs or says why it cannot, and says so soon.
#[test]
fn odd_values_end() {
    let temp = folder();
    for set in
        ["\"qdamp\": 1e300", "\"qbroad\": 1e300", "\"delta2\": 1e300", "\"spdiameter\": 1e-300", "\"sratio\": 1e300"]
    {
        fs::write(temp.path().join("hostile.ron"), job("ties: []", &format!("set: {{ {set} }}"))).unwrap();
        survived(temp.path(), &[&REFINE[..], &["--force"]].concat());
    }
    let g = |value: &dyn Fn(i32) -> String| -> String {
        (1..200).map(|i| format!("{:.2} {}\n", 0.05 * f64::from(i), value(i))).collect::<Vec<_>>().concat()
    };
    let curves = [
        g(&|i| format!("{}1e308", if i % 2 == 0 { "-" } else { "" })),
        g(&|_| "1e-308".to_owned()),
        g(&|_| "nan".to_owned()),
        g(&|i| if i == 50 { "inf".to_owned() } else { "1".to_owned() }),
        "1 1\n1e300 2\n".to_owned(),
        format!("{}\n", "1 ".repeat(100_000)),
    ];
    for curve in curves {
        fs::write(temp.path().join("good.gr"), curve).unwrap();
        survived(temp.path(), &["refine", "good.ron", "--out", "out", "--engine", "cpu", "--force"]);
    }
}

/// `scripts/fuzz` begins with these: one that no reader takes would try nothing but refusals.
#[test]
fn the_seeds_of_changed_files_are_read() {
    let bytes = |name: &str| fs::read(of_repository("tests/seeds").join(name)).unwrap();
    let text = |name: &str| String::from_utf8(bytes(name)).unwrap();
    read::result::result(&text("result.json"), "result.json").unwrap();
    read::answers::answers(&text("ensemble.json"), "ensemble.json").unwrap();
    read::members::members(&text("ensemble.csv"), "ensemble.csv").unwrap();
    read::frames::record(&text("frame.json"), "frame.json").unwrap();
    read::frames::made_of(&text("series.json"), "series.json").unwrap();
    assert_eq!(read::manifest::manifest(&text("manifest.csv"), "manifest.csv").unwrap().rows.len(), 3);
    for name in ["made.xdatcar", "made.lammpstrj", "made.dcd", "made.xyz"] {
        let species = ["Li", "Li", "N", "N", "N"].map(|word| word.parse().unwrap()).to_vec();
        let options = Options { species, ..Options::default() };
        let mut frames = Frames::open(Cursor::new(bytes(name)), name, options).unwrap();
        assert_eq!(frames.each(|_| (), |()| true), Ok(3), "{name}");
    }
}
