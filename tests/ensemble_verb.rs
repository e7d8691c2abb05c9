//! `corefine ensemble` and `corefine difference` as a user calls them: what is written, taken up again, refused and compared.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use support::command::{corefine, names};
use support::of_repository;

const RESULTS: [&str; 4] = ["ensemble.csv", "histogram.csv", "report.html", "result.json"];
const MOVING: &str = r#""scale": (), "a": (), "Uiso.Ni": (), "xyz.Ni": ()"#;
const STILL: &str = r#""scale": (), "a": (), "Uiso.Ni": ()"#;

fn well(folder: &Path, args: &str) -> String {
    let args: Vec<&str> = args.split(' ').collect();
    let (code, said, complained) = corefine(folder, &args);
    assert_eq!(code, Some(0), "{args:?}\n{said}\n{complained}");
    said
}

/// An ensemble was made: 0 where all fits converged, 1 with a warning where some did not.
fn made(folder: &Path, args: &str) -> String {
    let (code, said, complained) = corefine(folder, &args.split(' ').collect::<Vec<_>>());
    let open = complained.contains("fits did not converge");
    assert_eq!(code, Some(i32::from(open)), "{args}\n{said}\n{complained}");
    said
}

fn refused(folder: &Path, args: &str) -> String {
    let (code, said, complained) = corefine(folder, &args.split(' ').collect::<Vec<_>>());
    assert!(code == Some(2) && said.is_empty(), "{args}: {code:?} {said}{complained}");
    complained
}

/// A folder with a noisy curve of nickel, and jobs that refine the cell alone (`still.ron`) or its four atoms too (`moving.ron`).
fn folder() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::copy(of_repository("models/ni.ron"), temp.path().join("ni.ron")).unwrap();
    let curve = "simulate ni.ron -o ni.gr --qmax 20 --rmin 1.5 --rmax 4.5 --rstep 0.1 --noise 0.1 --engine cpu";
    well(temp.path(), curve);
    for (name, refine) in [("still.ron", STILL), ("moving.ron", MOVING)] {
        fs::write(temp.path().join(name), job(refine, 2.55)).unwrap();
    }
    temp
}

fn job(refine: &str, cutoff: f64) -> String {
    format!(
        r#"(structure: "ni.ron", data: (file: "ni.gr", rmin: 1.5, rmax: 4.5, qmax: 20), symmetry: P1,
            refine: {{ {refine} }}, bonds: [(pair: "Ni-Ni", cutoff: {cutoff}, neighbours: 12)])"#
    )
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

fn result(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&text(folder, "result.json")).unwrap()
}

/// Takes the rows after the first `left` members away.
fn cut(folder: &Path, left: usize) {
    let whole = text(folder, "ensemble.csv");
    let head = whole.lines().take_while(|line| line.starts_with('#')).count() + 1;
    let lines: String = whole.lines().take(head + left).flat_map(|line| [line, "\n"]).collect();
    fs::write(folder.join("ensemble.csv"), lines).unwrap();
}

/// Of eight members in two chains five are left: a whole chain, and one of the other. The others are made again, bit by bit.
#[test]
fn what_was_stopped_goes_on_to_the_same_members() {
    let temp = folder();
    let at = |name: &str| temp.path().join(name);
    for (what, threads) in [
        ("still.ron -n 8 --chains 2 --seed 3", 2),
        ("moving.ron -n 8 --method randomised", 1),
        ("moving.ron -n 8 --method starts --radius 0.1", 2),
        ("moving.ron -n 8 --method noise", 1),
    ] {
        let out = format!("out {}", what.replace([' ', '.'], "_")).replace(' ', "_");
        let run = format!("ensemble {what} --out {out}");
        let said = made(temp.path(), &run);
        assert!(said.contains("8 members by ") && said.contains("(90 %) beyond 2.55 Å"), "{said}");
        assert_eq!(names(&at(&out)), RESULTS);
        let before: Vec<String> = RESULTS.iter().map(|name| text(&at(&out), name)).collect();
        cut(&at(&out), 5);
        made(temp.path(), &format!("{run} --resume --threads {threads}"));
        assert_eq!(text(&at(&out), "ensemble.csv"), before[0], "{what}");
        assert_eq!(text(&at(&out), "histogram.csv"), before[1], "{what}");
        let mut old: serde_json::Value = serde_json::from_str(&before[3]).unwrap();
        let mut new = result(&at(&out));
        for result in [&mut old, &mut new] {
            result["seconds"] = serde_json::Value::Null;
        }
        assert_eq!(old, new, "{what}");
    }
}

#[test]
fn the_files_agree_with_each_other() {
    let temp = folder();
    made(temp.path(), "ensemble moving.ron -n 6 --method starts --radius 0.6 --out out");
    let out = temp.path().join("out");
    let (result, csv) = (result(&out), text(&out, "ensemble.csv"));
    assert_eq!(result["bonds"], result["bonds_all"][0]);
    assert_eq!((result["members"].as_u64(), result["label"].as_str()), (Some(6), Some("synthetic")));
    let mut rows = csv.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let columns = rows.next().unwrap();
    assert_eq!(columns[..8], ["member", "chain", "converged", "chi2", "rw", "scale", "a", "Uiso.Ni"]);
    assert!(columns.contains(&"Ni1-Ni1_2") && columns.contains(&"Ni1-Ni1_2#2"), "{columns:?}");
    assert_eq!(columns.last(), Some(&"broken_Ni-Ni"));
    let bonds: Vec<usize> = (0..columns.len()).filter(|k| columns[*k].starts_with("Ni1")).collect();
    assert_eq!(bonds.len(), 48);
    let mut fractions = Vec::new();
    for row in rows {
        let values: Vec<f64> = row.iter().map(|text| text.parse().unwrap()).collect();
        let broken = bonds.iter().filter(|k| values[**k] > 2.55).count();
        assert!((values[columns.len() - 1] - broken as f64 / 48.0).abs() < 1e-12, "{row:?}");
        fractions.push(values[columns.len() - 1]);
    }
    fractions.sort_by(f64::total_cmp);
    assert_eq!(fractions.len(), 6);
    assert_eq!(result["bonds"]["fraction"].as_f64(), Some(fractions[2]));
    let page = text(&out, "report.html");
    for part in ["id=\"histogram-0\"", "id=\"fraction-0\"", "noise factor", "weights exact", "synthetic", "Ni1_4"] {
        assert!(page.to_lowercase().contains(&part.to_lowercase()), "{part} is missing");
    }
}

#[test]
fn another_run_is_not_taken_for_this_one() {
    let temp = folder();
    let run = "ensemble moving.ron -n 4 --method starts --out out";
    assert_eq!(
        refused(temp.path(), &format!("{run} --resume")),
        "error: out holds no ensemble.csv to go on from\nhint: leave --resume out, or name the folder of the run that was \
         stopped\n"
    );
    made(temp.path(), run);
    assert!(refused(temp.path(), run).contains("out holds an older result (result.json)"));
    for (options, key) in [
        ("-n 4 --method starts --seed 2", "seed 1, and this one has seed 2"),
        ("-n 5 --method starts", "members 4, and this one has members 5"),
        ("-n 4 --method starts --radius 0.3", "radius 0.2, and this one has radius 0.3"),
        ("-n 4", "method starts, and this one has method hamiltonian"),
    ] {
        let said = refused(temp.path(), &format!("ensemble moving.ron {options} --out out --resume"));
        assert!(
            said.starts_with(&format!("error: out/ensemble.csv is of another run: it has {key}\nhint: ")),
            "{said}"
        );
    }
    fs::write(temp.path().join("moving.ron"), job(MOVING, 2.56)).unwrap();
    let said = refused(temp.path(), &format!("{run} --resume"));
    assert!(said.contains("is of another run: it has sha256 of the job "), "{said}");
    fs::write(temp.path().join("out/ensemble.csv"), "# seed: 1\nmember,chain\n0,one\n").unwrap();
    let said = refused(temp.path(), &format!("{run} --resume"));
    assert!(said.starts_with("error: out/ensemble.csv:3: \"one\" is no number\nhint: "), "{said}");
    made(temp.path(), &format!("{run} --force"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let temp = folder();
    fs::write(temp.path().join("nothing.ron"), job("", 2.55)).unwrap();
    for (options, message) in [
        ("moving.ron -n 0", "error: -n is 0\nhint: give 1 to 1000000\n"),
        ("moving.ron --chains 0", "error: --chains is 0\nhint: give 1 to 1000000\n"),
        ("moving.ron --radius -1", "error: --radius is -1\nhint: write a number above 0, in Å\n"),
        ("moving.ron --threads 0", "error: --threads is 0\nhint: give 1 or more, or leave it out for one per core\n"),
        (
            "nothing.ron",
            "error: nothing.ron refines nothing, and all members would be the same\nhint: name parameters under `refine`\n",
        ),
    ] {
        assert_eq!(refused(temp.path(), &format!("ensemble {options} --out out")), message);
    }
    assert!(!temp.path().join("out").exists());
}

#[test]
fn two_ensembles_are_set_beside_each_other() {
    let temp = folder();
    fs::write(temp.path().join("nearer.ron"), job(MOVING, 2.5)).unwrap();
    let run = |job: &str, rest: &str| made(temp.path(), &format!("ensemble {job} -n 4 --method {rest}"));
    run("moving.ron", "starts --radius 0.01 --out a");
    run("moving.ron", "starts --radius 0.9 --out b");
    run("nearer.ron", "noise --out c");
    let (code, said, complained) = corefine(temp.path(), &["difference", "b", "a", "--out", "d.html"]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(complained.contains("b: the spread of members by starts is no uncertainty"), "{complained}");
    assert_eq!(said.lines().next().unwrap(), expected(temp.path(), "a", "b"), "{said}");
    let page = text(temp.path(), "d.html");
    for part in ["histogram-0-0", "histogram-0-1", "fraction-0-0", "fraction-0-1", "b minus a", "synthetic data"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(refused(temp.path(), "difference b a --out d.html").contains("d.html exists already"));
    let (code, said, complained) = corefine(temp.path(), &["difference", "b", "a", "a", "--out", "three.html"]);
    assert_eq!(code, Some(0), "{complained}");
    let expected = [("b", expected(temp.path(), "a", "b")), ("a", expected(temp.path(), "a", "a"))];
    let lines = expected.map(|(name, line)| format!("{name}, {line}\n")).concat();
    assert_eq!(said, format!("{lines}all in three.html\n"));
    assert!(text(temp.path(), "three.html").contains("histogram-0-2"));
    assert_eq!(
        refused(temp.path(), "difference c a"),
        "error: a counts Ni-Ni beyond 2.55 Å, but c counts Ni-Ni beyond 2.5 Å\nhint: give both jobs the same `bonds`\n"
    );
    assert_eq!(
        refused(temp.path(), "difference a none"),
        "error: there is no file none/result.json\nhint: name folders that corefine ensemble wrote\n"
    );
    fs::write(temp.path().join("c/result.json"), "{\"title\": \"a refinement\", \"rw\": 0.1}").unwrap();
    let said = refused(temp.path(), "difference c a");
    assert!(said.starts_with("error: c/result.json:1: this is no result of an ensemble (missing field"), "{said}");
}

/// A centre that lacks a bond has one of its columns in `ensemble.csv` beyond the cutoff.
#[test]
fn centres_that_lack_a_bond_are_counted() {
    let temp = folder();
    made(temp.path(), "ensemble moving.ron -n 4 --method starts --radius 0.9 --out out");
    let table = text(&temp.path().join("out"), "ensemble.csv");
    let mut rows = table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let heads = rows.next().unwrap();
    let mut shares: Vec<usize> = rows
        .map(|row| {
            let bonds = heads.iter().zip(&row).filter(|(head, _)| head.starts_with("Ni") && head.contains('-'));
            let long = bonds.filter(|(_, value)| value.parse::<f64>().unwrap() > 2.55);
            long.map(|(head, _)| head.split('-').next().unwrap()).collect::<std::collections::BTreeSet<_>>().len()
        })
        .collect();
    shares.sort_unstable();
    assert!(shares[1] > 0, "{shares:?}");
    let found = &result(&temp.path().join("out"))["bonds"]["undercoordinated"];
    assert_eq!(found["median"].as_f64().unwrap(), shares[1] as f64 / 4.0);
    assert_eq!(found["interval90"][1].as_f64().unwrap(), shares[3] as f64 / 4.0);
}

/// What `difference` has to say, from the last column of both tables.
fn expected(folder: &Path, a: &str, b: &str) -> String {
    let fractions = |name: &str| -> Vec<f64> {
        let table = text(&folder.join(name), "ensemble.csv");
        let rows = table.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        rows.map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect()
    };
    let (a, b) = (fractions(a), fractions(b));
    let mut all: Vec<f64> = b.iter().flat_map(|b| a.iter().map(move |a| 100.0 * (b - a))).collect();
    all.sort_by(f64::total_cmp);
    // Of sixteen differences, the smallest that at least 5, 50 and 95 % do not exceed.
    let [low, median, high] = [0, 7, 15].map(|rank: usize| {
        let percent = format!("{:.0}", all[rank]);
        let sign = if all[rank] > 0.0 && percent != "0" { "+" } else { "" };
        format!("{sign}{}", if percent == "-0" { "0" } else { &percent })
    });
    format!("Ni-Ni: {median} % [{low}, {high}] (90 %) beyond 2.55 Å")
}

/// Ctrl-C: what is finished is written, and said how to go on.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_writes_the_members_there_are() {
    use std::process::{Command, Stdio};
    let temp = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_corefine"));
    command.args("ensemble still.ron -n 200000 --method starts --out out".split(' ')).current_dir(temp.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A member takes milliseconds, all of them many minutes.
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("of 200000 members: the same command with --resume makes the rest"), "{said}");
    let result = result(&temp.path().join("out"));
    let members = result["members"].as_u64().unwrap();
    let csv = text(&temp.path().join("out"), "ensemble.csv");
    let rows = csv.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count();
    assert!(members > 0 && members < 200_000 && rows as u64 == members, "{members} {rows}");
}
