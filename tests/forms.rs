//! A curve in every form and back, through files as a user has them.

mod support;

use std::fs;
use std::path::Path;

use corefine::observed::{Form, Tabulated};
use corefine::read::observed::{observed, tabulated};
use support::command::corefine;
use support::{of_repository, reference};

fn well(folder: &Path, args: &[&str]) -> String {
    let (code, said, complained) = corefine(folder, args);
    assert_eq!(code, Some(0), "{args:?}: {said}{complained}");
    complained
}

fn read(path: &Path) -> Tabulated {
    tabulated(&fs::read(path).unwrap(), &path.display().to_string()).unwrap()
}

/// G(r) of nickel, to 40 Å in steps of 0.01 Å, with every setting in its header.
fn nickel(folder: &Path) {
    let model = of_repository("models/ni.ron").display().to_string();
    let line = "-o ni.gr --qmax 25 --qdamp 0.05 --rmax 40 --noise 0.01 --seed 3 --engine cpu";
    let args: Vec<&str> = ["simulate", &model].into_iter().chain(line.split(' ')).collect();
    well(folder, &args);
}

/// The largest difference of two curves in units of the first one's largest value; they have the same abscissae but for what files round.
fn apart(a: &Tabulated, b: &Tabulated) -> f64 {
    assert_eq!(a.form, b.form);
    // A form may have no point at 0.
    let skip = a.x.len() - b.x.len();
    assert!(skip <= 1 && a.x[..skip].iter().all(|x| *x == 0.0), "{} points, {} points", a.x.len(), b.x.len());
    let largest = a.y.iter().fold(0.0_f64, |top, y| top.max(y.abs()));
    let pairs = a.x.iter().zip(&a.y).skip(skip).zip(b.x.iter().zip(&b.y));
    pairs
        .map(|((xa, ya), (xb, yb))| {
            assert!((xa - xb).abs() < 1e-4, "{xa} {xb}");
            (ya - yb).abs() / largest
        })
        .fold(0.0, f64::max)
}

#[test]
fn every_form_goes_back_to_g() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    nickel(folder);
    let g = read(&folder.join("ni.gr"));
    for form in Form::ALL {
        let (there, back) = (format!("{}.txt", form.word()), format!("{}-back.txt", form.word()));
        let known = ["--number-density", "0.0914", "--b-squared", "1.06", "--qmax", "400"];
        let args = ["convert", "ni.gr", &there, "--to", form.word()];
        well(folder, &args.into_iter().chain(known).collect::<Vec<_>>());
        let text = fs::read_to_string(folder.join(&there)).unwrap();
        assert!(text.contains(&format!("# form = {}\n", form.word())) && text.contains("synthetic"), "{form:?}");
        // The way back needs no numbers: the header has them.
        well(folder, &["convert", &there, &back, "--to", "G"]);
        let off = apart(&g, &read(&folder.join(&back)));
        println!("G -> {} -> G: {off:.1e} of the largest |G|", form.word());
        assert!(off < 1e-6, "{form:?}: {off:e}");
        // A job that names the file has the same G(r).
        if !form.in_q() {
            let as_g = observed(&fs::read(folder.join(&there)).unwrap(), &there).unwrap();
            assert_eq!(as_g.form, form);
            assert!((as_g.g[300] - g.y[300 + g.x.len() - as_g.r.len()]).abs() < 1e-9, "{form:?}");
            assert_eq!(as_g.dg.len(), as_g.r.len(), "{form:?}: uncertainties come along");
        }
    }
}

/// Inside the window of the header nothing is lost: what comes back once comes back again, and F(Q) itself does.
#[test]
fn inside_the_window_the_way_there_and_back_is_exact() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    nickel(folder);
    let said = well(folder, &["convert", "ni.gr", "f.fq", "--to", "F"]);
    assert!(said.contains("of its largest value; --qmax 314 holds all of it"), "{said}");
    for (from, to, form) in
        [("f.fq", "g.gr", "G"), ("g.gr", "f2.fq", "F"), ("f2.fq", "g2.gr", "G"), ("g2.gr", "s.sq", "S")]
    {
        well(folder, &["convert", from, to, "--to", form]);
    }
    well(folder, &["convert", "s.sq", "f3.fq", "--to", "F"]);
    let of = |name: &str| read(&folder.join(name));
    let last = of("f.fq").x.last().copied().unwrap();
    assert!(last <= 25.0 && last > 24.9, "{last}");
    for (a, b) in [("g.gr", "g2.gr"), ("f.fq", "f2.fq"), ("f.fq", "f3.fq")] {
        let off = apart(&of(a), &of(b));
        println!("{a} against {b}: {off:.1e}");
        assert!(off < 1e-6, "{a} {b}: {off:e}");
    }
}

#[test]
fn measured_curves_go_there_and_back() {
    let temp = tempfile::tempdir().unwrap();
    // The Q of a .int01 are steps added up in single precision, and are laid anew by cubics on the way.
    for (file, there, bound) in
        [("ni/Ni.gr", "F", 1e-6), ("nisi/si.gr", "S", 1e-6), ("zif4_glass/ZIF4glassa_31.int01", "G", 1e-4)]
    {
        let Some(path) = reference(file) else { return };
        let path = path.display().to_string();
        let first = tabulated(&fs::read(&path).unwrap(), &path).unwrap();
        let qmax = if first.form.in_q() { first.x.last().copied().unwrap() } else { 1000.0 };
        let qmax = qmax.to_string();
        well(temp.path(), &["convert", &path, "there.txt", "--to", there, "--qmax", &qmax, "--force"]);
        let mut args = vec!["convert", "there.txt", "back.txt", "--to", first.form.word(), "--force"];
        // Below its first point a curve in Q was continued.
        let qmin = (0.99 * first.x[0]).to_string();
        args.extend(if first.form.in_q() { ["--qmin", &qmin] } else { ["--rmax", "1000"] });
        well(temp.path(), &args);
        let off = apart(&first, &read(&temp.path().join("back.txt")));
        println!("{file} -> {there} -> {}: {off:.1e} of its largest value", first.form.word());
        assert!(off < bound, "{file}: {off:e}");
    }
}

#[test]
fn neutron_lengths_make_b_squared() {
    let temp = tempfile::tempdir().unwrap();
    let text = "# mode = neutron\n# composition = Ni\n#L r G\n1.0 0.5\n1.1 0.6\n1.2 0.1\n";
    fs::write(temp.path().join("a.gr"), text).unwrap();
    let said = well(temp.path(), &["convert", "a.gr", "d.txt", "--to", "D"]);
    assert!(said.contains("1.06090 barn"), "{said}");
    let d = read(&temp.path().join("d.txt"));
    assert!((d.y[0] - 0.5 * 1.0609).abs() < 1e-9 && d.header.b_squared == Some(10.3_f64.powi(2) / 100.0));
}

#[test]
fn what_is_missing_is_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("a.gr"), "1.0 0.5\n1.1 0.6\n1.2 0.1\n").unwrap();
    fs::write(temp.path().join("a.fq"), "0.1 0.5\n0.2 0.6\n0.3 0.1\n").unwrap();
    fs::write(temp.path().join("far.fq"), "1000000000 0.5\n1000000001 0.6\n1000000002 0.1\n").unwrap();
    let refused = |args: &[&str]| {
        let (code, _, complained) = corefine(temp.path(), args);
        assert_eq!(code, Some(2), "{args:?}: {complained}");
        complained
    };
    for (args, want) in [
        (&["convert", "a.gr", "b.txt", "--to", "g"][..], "g needs the number density"),
        (&["convert", "a.gr", "b.txt", "--to", "F"], "begins too late"),
        (&["convert", "a.gr", "b.txt", "--to", "F", "--qmax", "-1"], "--qmax is -1"),
        (&["convert", "a.fq", "b.txt", "--to", "G", "--rstep", "1e-9"], "more than 2 million"),
        (&["convert", "far.fq", "b.txt", "--to", "G"], "more than 2 million"),
        (&["convert", "a.gr", "a.gr", "--to", "D"], "exists already"),
        (&["convert", "a.gr", "b.txt", "--to", "rdf"], "possible values: G, g, D, T, G_K, RDF, S, i, F"),
    ] {
        let complained = refused(args);
        assert!(complained.contains(want) && !temp.path().join("b.txt").exists(), "{complained}");
    }
    // A header that names a form without its constants is no G(r).
    let error = observed(b"# form = RDF\n1.0 0.5\n1.1 0.6\n1.2 0.1\n", "c.txt").unwrap_err().to_string();
    assert!(error.starts_with("c.txt: RDF needs the number density; "), "{error}");
}
