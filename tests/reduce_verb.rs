//! `corefine reduce` as a user types it: what it writes, and what it refuses.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use support::command::{corefine, names};

/// Rows of a pattern of free Ni atoms with a little structure; `edit` may change or drop a row.
fn rows(edit: impl Fn(usize, f64, f64) -> Option<String>) -> String {
    let nickel = "Ni".parse().unwrap();
    let row = |k: usize| {
        let q = 0.02 * k as f64;
        let f = corefine::scattering::xray::f0(nickel, q).unwrap();
        edit(k, q, 10.0 * f * f * (1.0 + 0.3 * (2.5 * q).sin() / (1.0 + q)))
    };
    (1..=1250).filter_map(row).collect::<Vec<_>>().join("\n")
}

fn good() -> String {
    format!("# wavelength = 0.2\n# q_A^-1 I\n{}\n", rows(|_, q, i| Some(format!("{q:.4} {i:.4}"))))
}

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    corefine(folder, &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn one_pattern_becomes_four_files() {
    let temp = folder(&[("a.dat", good())]);
    let line = "reduce a.dat --composition Ni --qmax 22 --qmin 0.5 -o out";
    let (code, said, complained) = run(temp.path(), line);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("polynomial of degree 7.16"), "{said}");
    assert_eq!(names(temp.path()), ["a.dat", "out.fq", "out.gr", "out.iq", "out.sq"]);
    let (code, _, complained) = run(temp.path(), line);
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");

    // Our own reader takes each of them for what it is, and F(Q) gives the same G(r) again.
    let bytes = |name: &str| fs::read(temp.path().join(name)).unwrap();
    let curve = corefine::read::observed::observed(&bytes("out.gr"), "out.gr").unwrap();
    let f = corefine::read::observed::reciprocal(&bytes("out.fq"), "out.fq").unwrap();
    let s = corefine::read::observed::reciprocal(&bytes("out.sq"), "out.sq").unwrap();
    assert!(f.f().iter().zip(s.f()).all(|(a, b)| (a - b).abs() < 1e-5));
    let again = corefine::transform::sine_transform(&f.q, &f.f(), &curve.r, 0.5, 22.0, corefine::window::Window::None);
    let largest = curve.g.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
    assert!(curve.g.iter().zip(&again).all(|(a, b)| (a - b).abs() < 0.01 * largest));
    let iq = corefine::read::pattern::pattern(&bytes("out.iq"), "out.iq").unwrap();
    assert_eq!(iq.abscissa, Some(corefine::pattern::Abscissa::Q));
}

/// Matrices that any program reads: symmetric, with dG² and dF² along their diagonals; and none where nothing tells the noise.
#[test]
fn covariances_are_written_where_there_are_uncertainties() {
    let counted = rows(|_, q, i| Some(format!("{q:.4} {i:.4} {:.4}", i.sqrt())));
    let temp = folder(&[("a.dat", format!("# q_A^-1 I sigma\n{counted}\n")), ("b.dat", good())]);
    // The very distances that hold all of G(r).
    let step = std::f64::consts::PI / 22.0;
    let line = format!("--composition Ni --qmax 22 --qmin 0.5 --rmin {step} --rmax {} --rstep {step}", 70.5 * step);
    let (code, _, complained) = run(temp.path(), &format!("reduce a.dat {line} --covariance F,G -o out"));
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    assert_eq!(names(temp.path()), ["a.dat", "b.dat", "out.fcov", "out.fq", "out.gcov", "out.gr", "out.iq", "out.sq"]);
    let table = |name: &str| -> Vec<Vec<f64>> {
        let text = fs::read_to_string(temp.path().join(name)).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.map(|line| line.split(' ').map(|word| word.parse().unwrap()).collect()).collect()
    };
    let read = |name: &str| fs::read(temp.path().join(name)).unwrap();
    let g = table("out.gcov");
    let curve = corefine::read::observed::observed(&read("out.gr"), "out.gr").unwrap();
    assert_eq!((g.len(), g[0].len()), (70, 72));
    for (i, row) in g.iter().enumerate() {
        assert!((0..g.len()).all(|j| row[2 + j] == g[j][2 + i]));
        assert!((row[2 + i].sqrt() / curve.dg[i] - 1.0).abs() < 3e-3, "{} {}", row[2 + i].sqrt(), curve.dg[i]);
        assert!((row[0] - curve.r[i]).abs() < 1e-8 && (row[1] - curve.g[i]).abs() < 1e-7);
    }
    let f = corefine::read::observed::reciprocal(&read("out.fq"), "out.fq").unwrap();
    for (row, df) in table("out.fcov").iter().zip(&f.dvalue) {
        let pairs = (row.len() - 3) / 2;
        let shared: f64 = (0..pairs).map(|m| row[3 + m] * row[3 + pairs + m]).sum();
        assert!((((row[2] + 2.0 * shared).sqrt()) / df - 1.0).abs() < 2e-3);
    }
    // Their headers are jobs too.
    let (code, _, complained) = run(temp.path(), "reduce a.dat --job out.gcov -o again");
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    assert_eq!(read("out.gr"), read("again.gr"));
    let (code, _, complained) = run(temp.path(), &format!("reduce b.dat {line} --covariance G -o none"));
    assert!(code == Some(2) && complained.contains("b.dat: it has no uncertainties"), "{complained}");
    assert!(!temp.path().join("none.gr").exists());
}

#[test]
fn the_header_of_a_curve_is_a_job() {
    let temp = folder(&[("a.dat", good())]);
    let line = "reduce a.dat --composition Ni --qmax 22 --qmin 0.5 --soper-lorch 0.1 --rpoly 1.1 --rmax 12 -o first";
    assert_eq!(run(temp.path(), line).0, Some(0));
    let (code, _, complained) = run(temp.path(), "reduce a.dat --job first.gr -o again");
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    let read = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap();
    assert_eq!(read("first.gr"), read("again.gr"));
}

/// One page for a reduction with its steps, one for several that differ in a setting.
#[test]
fn pages_help_to_choose() {
    let temp = folder(&[("a.dat", good())]);
    let settings = "reduce a.dat --composition Ni --qmin 0.5 --rmax 10 -o out";
    assert_eq!(run(temp.path(), &format!("{settings} --report --qmax 22")).0, Some(0));
    assert_eq!(run(temp.path(), &format!("{settings} --scan qmax=14,18,22")).0, Some(0));
    assert_eq!(names(temp.path()), ["a.dat", "out.fq", "out.gr", "out.html", "out.iq", "out.scan.html", "out.sq"]);
    let page = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap();
    let (one, several) = (page("out.html"), page("out.scan.html"));
    for id in ["reduced-g", "reduced-f", "reduced-i", "reduced-p", "reduced-s"] {
        let id = format!("id=\"{id}\"");
        let both = id.contains("-g") || id.contains("-f");
        assert_eq!((one.contains(&id), several.contains(&id)), (true, both), "{id}");
    }
    for value in ["qmax = 14", "qmax = 18", "qmax = 22"] {
        assert!(several.contains(value), "{value}");
    }
    for (scan, told) in
        [("qmin", "--scan is qmin"), ("qmax", "has no value to start from"), ("qmax=a", "give numbers after the sign")]
    {
        let (code, _, complained) = run(temp.path(), &format!("{settings} --scan {scan} --force"));
        assert!(code == Some(2) && complained.contains(told), "{scan}: {complained}");
    }
}

/// A dead frame among good ones is told of and leaves nothing; the others are written.
#[test]
fn of_many_files_the_good_ones_are_reduced() {
    let dead = rows(|_, q, _| Some(format!("{q:.4} 0.0")));
    let temp = folder(&[
        ("f1.chi", good()),
        ("f2.chi", good()),
        ("f3.chi", dead),
        ("job.ron", r#"(composition: "Ni", qmin: 0.5, dataformat: QA)"#.to_owned()),
    ]);
    let (code, said, complained) = run(temp.path(), "reduce f*.chi --job job.ron --out many");
    assert_eq!(code, Some(1), "{said}{complained}");
    assert!(
        said.contains("2 of 3 files reduced") && complained.contains("f3.chi: all 1250 intensities are zero"),
        "{said}{complained}"
    );
    assert_eq!(
        names(&temp.path().join("many")),
        ["f1.fq", "f1.gr", "f1.iq", "f1.sq", "f2.fq", "f2.gr", "f2.iq", "f2.sq"]
    );
    let (code, _, complained) = run(temp.path(), "reduce f3.chi --job job.ron --out none");
    assert!(code == Some(2) && complained.contains("none of 1 files"), "{complained}");
    assert!(!temp.path().join("none").exists());
}

/// Each wrong input with what is said of it. Nothing is written.
#[test]
fn wrong_input_is_told_and_nothing_is_written() {
    let plain = |edit: fn(usize, f64, f64) -> Option<String>| rows(edit);
    let row = |k: usize, q: f64, i: f64| Some(format!("{q:.4} {}", if k == 700 { f64::NAN } else { i }));
    let files = [
        ("good.dat", good()),
        ("bare.chi", plain(|_, q, i| Some(format!("{q:.4} {i:.4}")))),
        ("nan.chi", plain(row)),
        ("gap.chi", plain(|k, q, i| (!(700..710).contains(&k)).then(|| format!("{q:.4} {i:.4}")))),
        ("zeros.chi", plain(|k, q, i| Some(format!("{q:.4} {}", if k > 1100 { 0.0 } else { i })))),
        ("negative.chi", plain(|_, q, i| Some(format!("{q:.4} {:.3}", i - 500.0)))),
        ("back.chi", plain(|k, q, i| Some(format!("{:.4} {i:.4}", if k == 40 { 0.1 } else { q })))),
        (
            "word.chi",
            plain(|k, q, i| Some(format!("{q:.4} {}", if k == 40 { "many".to_owned() } else { i.to_string() }))),
        ),
        (
            "angle.dat",
            format!(
                "# Wavelength: 1.0e-11 m\n# 2th_deg I\n{}",
                rows(|_, q, i| Some(format!("{:.3} {i:.4}", 10.0 * q)))
            ),
        ),
        ("far.dat", format!("# wavelength = 0.6\n# q_A^-1 I\n{}", rows(|_, q, i| Some(format!("{q:.4} {i:.4}"))))),
        ("other.dat", format!("# wavelength = 0.4\n# q_A^-1 I\n{}", rows(|_, q, i| Some(format!("{q:.4} {i:.4}"))))),
        ("short.chi", plain(|k, q, i| (k < 900).then(|| format!("{q:.4} {i:.4}")))),
        ("empty.chi", String::new()),
        ("key.ron", r#"(composition: "Ni", qmaximum: 20)"#.to_owned()),
        ("prose.txt", "nothing of the kind".to_owned()),
    ];
    let temp = folder(&files);
    let before = names(temp.path());
    let qa = "--composition Ni --dataformat QA";
    for (args, told) in [
        ("bare.chi --composition Ni".to_owned(), "nothing in it says whether the first column is an angle or Q"),
        (format!("nan.chi {qa}"), "nan.chi: the intensity at Q = 14.0000 1/Å is no number"),
        (format!("gap.chi {qa}"), "no points between Q = 13.9800 and 14.2000 1/Å"),
        (format!("zeros.chi {qa} --qmaxinst 24"), "the intensity is zero from Q = 22.0200 to 24.0000"),
        (format!("negative.chi {qa}"), "intensities are negative, the first at Q = "),
        (format!("back.chi {qa}"), "back.chi:40: 0.1 follows 0.78 in the first column"),
        (format!("word.chi {qa}"), "word.chi:40: \"many\" is not a number"),
        (format!("empty.chi {qa}"), "the file is empty"),
        (format!("prose.txt {qa}"), "it has no row of numbers"),
        (format!("good.dat {qa} --qmax 30"), "qmax is 30 1/Å, beyond qmaxinst = 25.0000"),
        (format!("good.dat {qa} --qmaxinst 30"), "qmaxinst is 30 1/Å, but the pattern ends at 25"),
        (format!("good.dat {qa} --qmin 20 --qmax 10"), "qmin is 20 1/Å and qmax 10"),
        (format!("good.dat {qa} --rpoly 30"), "which makes a polynomial of degree 239"),
        (format!("good.dat {qa} --rmin 5 --rmax 2"), "rmax must be the larger"),
        (format!("good.dat {qa} --rstep 0"), "rstep is 0"),
        (format!("good.dat {qa} --bgscale -1"), "bgscale is -1\nhint: it must not be negative"),
        (
            "good.dat --composition Ni --dataformat twotheta".to_owned(),
            "its header says that the first column is QA, dataformat says twotheta",
        ),
        ("bare.chi --composition Ni --dataformat twotheta".to_owned(), "angles become Q by the wavelength"),
        (
            "angle.dat --composition Ni".to_owned(),
            "the first column goes to 250, and no scattering angle is beyond 180",
        ),
        ("far.dat --composition Ni".to_owned(), "Q goes to 25.00 1/Å, but a wavelength of 0.6 Å reaches 20.94 only"),
        ("good.dat".to_owned(), "no formula is given"),
        ("good.dat --composition NiXx2".to_owned(), "\"Xx\" is no element"),
        ("good.dat --composition Ni(OH".to_owned(), "a bracket is opened and not closed"),
        (
            format!("good.dat {qa} --background short.chi"),
            "it covers Q = 0.0200 to 17.9800 1/Å, and the sample is used from 0.0200 to 25.0000",
        ),
        (
            format!("good.dat {qa} --background other.dat"),
            "it was measured at a wavelength of 0.4 Å, the sample at 0.2 Å",
        ),
        (
            format!("good.dat {qa} --background good.dat --bgscale 1.1"),
            "the background exceeds the sample at 1250 of 1250 points",
        ),
        (format!("good.dat {qa} --fit-bgscale"), "bgscale is to be fitted, and there is no background"),
        ("good.dat --job key.ron".to_owned(), "key.ron:1: column"),
        ("good.dat --job prose.txt".to_owned(), "no setting of a reduction was found"),
        (format!("none.chi {qa}"), "none.chi: there is no such file"),
        (format!("good.dat bare.chi {qa}"), "-o names one result, and 2 patterns are given"),
    ] {
        let (code, said, complained) = run(temp.path(), &format!("reduce {args} -o out"));
        assert_eq!(code, Some(2), "{args}: {said}{complained}");
        assert!(complained.contains(told), "{args}: {complained}");
        assert_eq!(complained.matches("error: ").count(), 1, "{complained}");
        assert_eq!(names(temp.path()), before, "{args} left something behind");
    }
}
