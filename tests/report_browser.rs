//! The pages in a real browser: no error, every panel, values under the mouse, zoom.
//!
//! Needs chromium (Debian: `apt install chromium`). Without it the tests say so and pass, unless
//! `COREFINE_REQUIRE_BROWSER=1`.

mod report_sample;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use corefine::engine::Cpu;
use corefine::msd::{self, Msd};
use corefine::outcome::{
    BinAnswer, BondAnswer, CoordinationAnswer, CutoffAnswer, EnsembleResult, Interval, Narrowed, Outcome,
};
use corefine::rdf::Rdf;
use corefine::read::answers::Answers;
use corefine::relay::Relay;
use corefine::report::{self, Beside, Scan, Scanned, Series, Side};
use corefine::series::{Fitted, Frame, Record};
use corefine::trajectory::{self, Atoms};
use nalgebra::{Matrix3, Vector3};
use report_sample::{comparison, sample, shell};

/// Added to a copy of the page: the reader's hand.
const CHECK: &str = include_str!("../scripts/browser-check.js");

const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-logging=stderr",
    "--v=0",
    "--dump-dom",
];

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var("COREFINE_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
        assert!(!required, "COREFINE_REQUIRE_BROWSER=1, but there is no chromium on the PATH");
        eprintln!("SKIPPED: no chromium on the PATH, the pages were not opened (apt install chromium)");
    }
    found
}

fn open(browser: &Path, folder: &Path, page: &str, window: &str) -> Output {
    let file = folder.join("page.html");
    std::fs::write(&file, page).unwrap();
    Command::new(browser)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--window-size={window}"))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("chromium starts")
}

/// Opens the page with the check added; gives what the check wrote down.
fn checked(browser: &Path, page: &str, window: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let page = page.replace("</body>", &format!("<script>{CHECK}</script></body>"));
    let output = open(browser, folder.path(), &page, window);
    assert_no_error(&output);
    let dom = String::from_utf8_lossy(&output.stdout);
    let (_, after) = dom.split_once("<pre id=\"browser-check\">").expect("the check ran to its end");
    let (notes, _) = after.split_once("\nend\n").expect("the check ran to its end");
    notes.trim().lines().map(str::to_owned).collect()
}

/// Chromium writes what the page says to its console, errors included, as lines with `CONSOLE`.
fn assert_no_error(output: &Output) {
    let log = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(said.is_empty(), "the page wrote to the console:\n{}", said.join("\n"));
    assert!(output.status.success(), "chromium failed:\n{log}");
}

fn assert_all_good(notes: &[String]) {
    let bad: Vec<&String> = notes.iter().filter(|note| !note.starts_with("ok ")).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

fn assert_mentions(notes: &[String], wanted: &[&str]) {
    for want in wanted {
        assert!(notes.iter().any(|note| note.contains(want)), "{want} is missing from {notes:#?}");
    }
}

#[test]
fn a_report_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &report::html(&sample()), "1200,1000");
    assert_all_good(&notes);
    let panels = ["fit-0", "fit-partials-0", "histogram-0", "fraction-0", "convergence", "singular-values"];
    for panel in panels {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("zoom {panel} | "), &format!("redrawn {panel}")]);
    }
    assert_mentions(&notes, &["size correlations", "hover correlations", "linked zoom"]);
    assert_mentions(&notes, &["part warnings", "part parameters", "part trust", "part provenance", "part bonds-0"]);
    // Half of the picture's width, 500 of 1000, in a frame from 64 to 988 that shows 1.0 to 4.5 Å: 2.652, point 2.65.
    assert_mentions(&notes, &["hover fit-0 | r 2.65 Å · observed"]);
}

#[test]
fn a_comparison_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &report::comparison_html(&comparison()), "1200,1000");
    assert_all_good(&notes);
    let panels = ["fit-0-0", "fit-1-0", "change-0", "histogram-0-0", "histogram-0-1", "fraction-0-1", "convergence-1"];
    for panel in panels {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("hover {panel} | ")]);
    }
}

/// Refinements with three weights.
fn scan() -> Scan {
    let entry = |weight: f64| Scanned { weight, outcome: Outcome { rw: 0.05 + 0.01 * weight, ..sample() } };
    Scan { title: "three weights".to_owned(), entries: [0.1, 1.0, 10.0].map(entry).to_vec() }
}

/// Three frames, of which the second is skipped.
fn frames() -> [Record; 3] {
    [0, 1, 2].map(|number| {
        let frame = Frame {
            number,
            name: format!("f{number}"),
            file: "f.gr".to_owned(),
            values: vec![Some(300.0 + number as f64)],
        };
        let fitted = (number != 1).then(|| Fitted::of(&sample(), None));
        Record {
            frame,
            sha256: String::new(),
            fitted,
            skipped: if number == 1 { "dead <frame>".to_owned() } else { String::new() },
        }
    })
}

#[test]
fn a_series_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let (records, columns) = (frames(), ["temperature".to_owned()]);
    let made_of = [("order".to_owned(), "forward".to_owned())];
    let records = records.iter().collect();
    let series = Series { title: "heated", columns: &columns, axis: 0, made_of: &made_of, wanted: 3, records };
    let notes = checked(&browser, &report::series_html(&series), "1200,1000");
    assert_all_good(&notes);
    for panel in ["waterfall", "rw", "broken-0", "mean-length-0", "parameter-0"] {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("zoom {panel} | ")]);
    }
    assert_mentions(&notes, &["part skipped", "part curves", "part course", "part frames"]);
}

#[test]
fn a_scan_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &report::scan_html(&scan()), "1200,1000");
    assert_all_good(&notes);
    for panel in ["l-curve", "fractions"] {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("zoom {panel} | "), &format!("redrawn {panel}")]);
    }
    assert_mentions(&notes, &["hover l-curve | Rw ", "hover fractions | log"]);
}

fn interval(median: f64, by: f64) -> Interval {
    Interval { median, interval50: [median - by, median + by], interval90: [median - 2.0 * by, median + 2.0 * by] }
}

/// Bonds in eight bins from 1.9 Å on, of sixteen centres.
fn answer(broken: f64) -> BondAnswer {
    let edge = |k: usize| (190.0 + 10.0 * k as f64) / 100.0;
    let bin = |k: usize| BinAnswer { from: edge(k), to: edge(k + 1), count: interval(20.0 - 2.0 * k as f64, 2.0) };
    let curve = |k: usize| {
        let cutoff = 2.0 + 0.01 * k as f64;
        CutoffAnswer { cutoff, fraction: interval(broken + 0.2 * (2.25 - cutoff), 0.02) }
    };
    let centre =
        |k: usize| CoordinationAnswer { label: format!("Co1_{k}"), mean: 3.6, chances: vec![0.0, 0.0, 0.1, 0.2, 0.7] };
    BondAnswer {
        pair: "Co-N".to_owned(),
        cutoff: 2.25,
        n: 64.0,
        fraction: broken,
        fraction_interval50: [broken - 0.02, broken + 0.02],
        fraction_interval90: [broken - 0.04, broken + 0.04],
        fraction_before: Some(interval(0.25, 0.1)),
        mean: interval(2.08, 0.01),
        sd: interval(0.15, 0.01),
        undercoordinated: interval(0.4, 0.05),
        histogram: (0..8).map(bin).collect(),
        fraction_by_cutoff: (0..50).map(curve).collect(),
        coordination: (1..=16).map(centre).collect(),
        r_hat: Some(1.01),
        effective: 310.0,
    }
}

fn ensemble() -> EnsembleResult {
    let narrowed = |name: &str, sd: f64| Narrowed {
        name: name.to_owned(),
        unit: "Å",
        value: interval(15.4, sd),
        sd,
        sd_before: Some(0.03),
    };
    EnsembleResult {
        title: "Co ZIF-62, cycled".to_owned(),
        method: "hamiltonian".to_owned(),
        seed: 1,
        members: 400,
        wanted: 400,
        converged: 400,
        chains: 4,
        noise: 1.2,
        rw: 0.08,
        weights: "exact".to_owned(),
        restraints: "none".to_owned(),
        bonds: vec![answer(0.14)],
        parameters: vec![narrowed("a", 0.002), narrowed("x.Co1_3", 0.03)],
        directions: 12,
        latent: 58,
        words: vec!["Co-N: 14 % of 64 bonds are longer than 2.25 Å.".to_owned()],
        warnings: vec!["a warning".to_owned()],
        inputs: Vec::new(),
        seconds: 61.0,
    }
}

fn difference() -> String {
    let side = |name: &str, broken: f64| {
        let (title, label, method) = (name.to_owned(), "synthetic".to_owned(), "hamiltonian".to_owned());
        let answers = Answers { title, method, members: 400, label, bonds_all: vec![answer(broken)] };
        Side { name: name.to_owned(), answers }
    };
    report::difference_html(&[&side("pristine", 0.06), &side("cycled", 0.2)], &[vec![interval(0.14, 0.03)]], &[])
}

#[test]
fn an_ensemble_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &report::ensemble_html(&ensemble(), "synthetic"), "1200,1000");
    assert_all_good(&notes);
    for panel in ["histogram-0", "fraction-0"] {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("zoom {panel} | "), &format!("redrawn {panel}")]);
    }
    assert_mentions(&notes, &["part warnings", "part bonds-0", "part parameters", "part provenance"]);
    // Half of the picture's width, 245 of 490, in a frame from 64 to 478 that shows 1.884 to 2.716 Å: 2.248, the fourth bin.
    assert_mentions(&notes, &["2.2 to 2.3 Å · holds the cutoff 14 · 90 % 10 to 18 · 50 % 12 to 16"]);
    assert_mentions(
        &notes,
        &["hover fraction-0 | cutoff 2.21 Å · 90 % 10.8 to 18.8 % · 50 % 12.8 to 16.8 % · median 14.8 %"],
    );
}

#[test]
fn a_difference_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &difference(), "1200,1000");
    assert_all_good(&notes);
    for panel in ["histogram-0-0", "histogram-0-1", "fraction-0-0", "fraction-0-1"] {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("hover {panel} | ")]);
    }
}

#[test]
fn a_distribution_opens_and_answers_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &report::shell_html(&shell()), "1200,1000");
    assert_all_good(&notes);
    for panel in ["shell-density", "shell-fit"] {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("zoom {panel} | "), &format!("redrawn {panel}")]);
    }
}

/// Two Li that go to and fro between two S, in the second trajectory half as often.
fn beside() -> String {
    let atoms = Atoms { species: ["Li", "Li", "S", "S"].map(|word| word.parse().unwrap()).to_vec() };
    let pair = ["Li", "S"].map(|word| word.parse().unwrap());
    let mut found = Beside::default();
    for (name, frames) in [("crystal", 5), ("glass", 10)] {
        let mut rdf = Rdf::new(&atoms, &["Li-S".to_owned()], 9.0, 0.1).unwrap();
        let (mut msd, mut relay) = (Msd::new(&atoms, pair[0]).unwrap(), Relay::new(&atoms, pair, 0.1, 0.5).unwrap());
        for number in 0..60 {
            let at = if number / frames % 2 == 0 { 0.15 } else { 0.45 };
            let x = at + 0.01 * (number as f64).sin();
            let fractions =
                [[x, 0.5, 0.5], [x, 0.2, 0.6], [0.0, 0.5, 0.5], [0.6, 0.5, 0.5]].map(Vector3::from).to_vec();
            let basis = Matrix3::identity() * 10.0;
            let frame = trajectory::Frame { number, step: None, basis, fractions, unwrapped: false };
            rdf.add(&rdf.count(&rdf.see(&frame), &mut Cpu).unwrap());
            msd.add(&frame);
            relay.add(&relay.near(frame));
        }
        found.rdf.push(rdf.result(name, "cpu (2 threads)".to_owned()));
        let settings = msd::Settings { step: 0.1, window: None, temperature: None };
        found.msd.push(msd.result(name, &settings).unwrap());
        found.relay.push(relay.result(name, 0.1).unwrap());
    }
    report::beside_html(&found, &[])
}

#[test]
fn trajectories_open_and_answer_to_the_mouse() {
    let Some(browser) = browser() else { return };
    let notes = checked(&browser, &beside(), "1200,1000");
    assert_all_good(&notes);
    for panel in ["g-0", "n", "msd", "msd-log", "survival", "lengths"] {
        assert_mentions(&notes, &[&format!("size {panel}"), &format!("hover {panel} | ")]);
    }
    assert_mentions(&notes, &["part summary", "part density", "part provenance"]);
}

#[test]
fn pages_fit_a_narrow_window() {
    let Some(browser) = browser() else { return };
    let pages = [
        report::html(&sample()),
        report::comparison_html(&comparison()),
        report::scan_html(&scan()),
        report::shell_html(&shell()),
        report::ensemble_html(&ensemble(), "synthetic"),
        difference(),
        beside(),
    ];
    for page in pages {
        assert_mentions(&checked(&browser, &page, "500,900"), &["ok no sideways scrolling"]);
    }
}

#[test]
fn a_console_error_would_be_noticed() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = "<!DOCTYPE html><title>x</title><script>null.missing();</script>";
    let output = open(&browser, folder.path(), page, "800,600");
    assert!(String::from_utf8_lossy(&output.stderr).contains("CONSOLE"), "chromium's log no longer shows errors");
}
