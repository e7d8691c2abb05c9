//! The verbs, one after the other, as a user types them: a curve is computed, a job written, refined, and refined again.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;

use support::command::{RESULTS, corefine, names};
use support::curves::apart;
use support::of_repository;

fn well(folder: &Path, args: &[&str]) -> String {
    let (code, said, complained) = corefine(folder, args);
    assert_eq!(code, Some(0), "{args:?}\n{said}\n{complained}");
    said
}

#[test]
fn a_computed_curve_is_refined_back_to_its_structure() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let good = fs::read_to_string(of_repository("tests/bad/good.cif")).unwrap();
    fs::write(folder.join("true.cif"), &good).unwrap();
    fs::write(folder.join("start.cif"), good.replace("3.524", "3.53").replace("0.005", "0.008")).unwrap();
    let measure =
        "simulate true.cif -o ni.gr --qmax 25 --qmin 0.1 --qdamp 0.04 --rmax 12 --noise 0.01 --seed 3 --engine cpu";
    well(folder, &measure.split(' ').collect::<Vec<_>>());
    well(folder, &["init", "start.cif", "ni.gr", "-o", "job.ron"]);
    let job = fs::read_to_string(folder.join("job.ron")).unwrap();
    assert!(job.contains("qmax: 25.0, // from the header of ni.gr") && job.contains("\"qdamp\": 0.04"), "{job}");

    let said = well(folder, &["refine", "job.ron", "--out", "out", "--engine", "cpu", "--threads", "1"]);
    assert_eq!(said.matches("converged").count(), 1, "{said}");
    assert_eq!(names(&folder.join("out")), RESULTS);
    let result = result(&folder.join("out"));
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

/// Without anything refined a job says how well its model explains the data, and how many bonds are broken in it.
#[test]
fn a_model_is_compared_with_data_as_it_stands() {
    let temp = tempfile::tempdir().unwrap();
    for file in ["start.ron", "cycled.gr"] {
        fs::copy(of_repository("models/demo").join(file), temp.path().join(file)).unwrap();
    }
    let bare = r#"(structure: "start.ron", symmetry: P1, data: (file: "cycled.gr", rmin: 1.0, rmax: 4.5), bonds: [(pair: "Co-N")])"#;
    fs::write(temp.path().join("job.ron"), bare).unwrap();
    let said = well(temp.path(), &["refine", "job.ron", "--out", "out", "--engine", "cpu"]);
    assert!(said.contains("nothing was refined"), "{said}");
    assert_eq!(names(&temp.path().join("out")), RESULTS);
    let result = result(&temp.path().join("out"));
    assert!(result["parameters"].as_array().unwrap().is_empty());
    let rw = result["rw"].as_f64().unwrap();
    // The start is not what the data were made of.
    assert!(rw > 0.1 && rw < 1.0, "{rw}");
    let (code, _, complained) = corefine(temp.path(), &["ensemble", "job.ron", "--out", "more", "--engine", "cpu"]);
    assert!(code == Some(2) && complained.contains("refine"), "{complained}");
}

/// Few members of a distribution, from the demo's data: the files, the sentence, and an exit code that tells whether four short
/// chains agree.
#[test]
fn a_distribution_of_bond_lengths_is_found_and_written() {
    let temp = tempfile::tempdir().unwrap();
    for file in ["start.ron", "cycled.gr"] {
        fs::copy(of_repository("models/demo").join(file), temp.path().join(file)).unwrap();
    }
    let job = fs::read_to_string(of_repository("models/demo/cycled.ron")).unwrap();
    let job = job.replace("bonds:", "molecules: (exclude: [\"Co\"]), bonds:");
    fs::write(temp.path().join("job.ron"), job).unwrap();
    let args = ["shell", "job.ron", "--out", "out", "--draws", "20", "--seed", "2", "--engine", "cpu"];
    let (code, said, complained) = corefine(temp.path(), &args);
    assert!(code.is_some_and(|code| code < 2), "{said}\n{complained}");
    assert!(said.contains("Co-N: ") && said.contains("beyond 2.25 Å (90 %)"), "{said}");
    assert_eq!(names(&temp.path().join("out")), ["shell.csv", "shell.html", "shell.json"]);
    let (code, _, complained) = corefine(temp.path(), &args);
    assert!(code == Some(2) && complained.contains("--force"), "{complained}");
    let without =
        fs::read_to_string(temp.path().join("job.ron")).unwrap().replace("bonds: [(pair", "bonds: [], // [(pair");
    fs::write(temp.path().join("without.ron"), without).unwrap();
    let (code, _, complained) = corefine(temp.path(), &["shell", "without.ron", "--out", "other", "--engine", "cpu"]);
    assert!(code == Some(2) && complained.contains("the job follows no bonds"), "{complained}");
    let few = ["shell", "job.ron", "--out", "other", "--draws", "3"];
    let (code, _, complained) = corefine(temp.path(), &few);
    assert!(code == Some(2) && complained.contains("the number of draws is 3"), "{complained}");
}

/// The first job counts what the structure has: four nitrogen atoms around Co, broken beyond 1.14 of their mean distance.
#[test]
fn init_takes_the_bonds_from_the_structure() {
    let temp = tempfile::tempdir().unwrap();
    let shipped = |file: &str| of_repository(file).display().to_string();
    let (structure, data) = (shipped("models/co_zif62.ron"), shipped("models/demo/pristine.gr"));
    well(temp.path(), &["init", &structure, &data, "-o", "job.ron"]);
    let job = fs::read_to_string(temp.path().join("job.ron")).unwrap();
    assert!(job.contains(r#"bonds: [(pair: "Co-N", cutoff: 2.25, neighbours: 4, bin: 0.1)]"#), "{job}");
}

#[test]
fn bonds_are_counted_and_written() {
    let temp = tempfile::tempdir().unwrap();
    let cif = of_repository("tests/bad/good.cif");
    let cif = cif.to_str().unwrap();
    let args = ["histogram", cif, "--pair", "Ni-Ni", "--neighbours", "12", "--cutoff", "2.6", "-o", "ni.csv"];
    let said = well(temp.path(), &args);
    assert!(said.contains("Ni-Ni: 48 bonds, mean 2.4918 Å"), "{said}");
    assert_eq!(fs::read_to_string(temp.path().join("ni.csv")).unwrap(), "pair,from,to,count\nNi-Ni,2.4,2.5,48\n");
}

/// Four of the twelve equally near neighbours of fcc nickel are as long as all of them.
#[test]
fn some_of_equally_near_neighbours_are_counted() {
    let temp = tempfile::tempdir().unwrap();
    let nickel = of_repository("models/ni.ron").display().to_string();
    for (neighbours, bonds) in [("4", 16), ("12", 48)] {
        let said = well(temp.path(), &["histogram", &nickel, "--pair", "Ni-Ni", "--neighbours", neighbours]);
        let wanted = format!("Ni-Ni: {bonds} bonds, mean 2.4918 Å, standard deviation 0.0000 Å, 2.4918 to 2.4918 Å");
        assert!(said.contains(&wanted), "{said}");
    }
}

#[test]
fn ties_are_told_of() {
    let temp = tempfile::tempdir().unwrap();
    let nickel = of_repository("models/ni.ron").display().to_string();
    let said = |neighbours| {
        let args = ["histogram", &nickel, "--pair", "Ni-Ni", "--neighbours", neighbours];
        corefine(temp.path(), &args).2
    };
    assert_eq!(
        said("4"),
        "warning: bonds of \"Ni-Ni\": Ni1 has 12 neighbours at 2.492 Å or nearer, and --neighbours 4 takes 4 of them by \
         the order of the atoms; ask for --neighbours 12\n"
    );
    assert_eq!(said("12"), "");
}

/// A folder with nickel of which one atom has a tensor, and a job that fits `data` of it to `rmax`.
fn tensor_folder(rmax: u32) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let mut model = corefine::expand::to_p1(&support::structures::shipped("ni"));
    model.sites[0].adp = Some(corefine::model::Adp::Aniso([0.005, 0.006, 0.007, 0.0, 0.0, 0.0]));
    fs::write(temp.path().join("ni.ron"), corefine::write::ron(&model)).unwrap();
    let points: Vec<String> = (10..=10 * rmax).map(|k| format!("{:.1} 1.0", 0.1 * f64::from(k))).collect();
    fs::write(temp.path().join("ni.gr"), points.join("\n")).unwrap();
    let job = format!(
        r#"(structure: "ni.ron", data: (file: "ni.gr", rmin: 1, rmax: {rmax}, qmax: 25), refine: {{ "scale": () }},
            bonds: [(pair: "Ni-Ni")])"#
    );
    fs::write(temp.path().join("job.ron"), job).unwrap();
    temp
}

/// Only pairs that have to be listed take memory; 600 Å of nickel are streamed, and cannot be listed.
#[test]
fn the_limit_follows_the_way_that_pairs_are_summed() {
    let temp = tensor_folder(10);
    let simulate = |model: &str, rest: &str| {
        let line = format!("simulate {model} -o out.gr --force --qmax 20 --engine cpu {rest}");
        corefine(temp.path(), &line.split(' ').collect::<Vec<_>>())
    };
    let iso = of_repository("models/ni.ron").display().to_string();
    assert_eq!(simulate(&iso, "--rmin 599 --rmax 600").0, Some(0));
    let (code, _, said) = simulate("ni.ron", "--rmin 599 --rmax 600");
    assert!(code == Some(2) && said.contains("error: --rmax is 600: 1.7e8 pairs of atoms have to be held"), "{said}");
    assert!(said.contains("some 11.0 GB, more than 8 GB\nhint: take a smaller --rmax, or isotropic U"), "{said}");
    assert_eq!(simulate("ni.ron", "--rmin 99 --rmax 100"), (Some(0), "101 points in out.gr\n".into(), String::new()));
    let (code, _, said) = simulate(&iso, "--rmin 49999 --rmax 50000");
    assert!(code == Some(2) && said.contains("9.6e13 pairs of atoms, more than 1e13, take days"), "{said}");
}

/// The curve itself may be too long; the warning comes first.
#[test]
fn a_long_computation_is_announced() {
    let temp = tempfile::tempdir().unwrap();
    let iso = of_repository("models/ni.ron").display().to_string();
    let said = |rmax: &str| {
        let args =
            ["simulate", &iso, "-o", "out.gr", "--rmax", rmax, "--rstep", "1", "--engine", "cpu", "--threads", "4"];
        corefine(temp.path(), &args).2
    };
    let long = said("5000");
    assert!(long.contains("warning: this takes about 4 minutes: --rmax is 5000, 9.6e10 pairs of atoms"), "{long}");
    let longer = said("20000");
    assert!(longer.contains("warning: this takes about 4 hours: --rmax is 20000"), "{longer}");
    let short = said("3000");
    assert!(!short.contains("this takes"), "{short}");
}

#[test]
fn refine_refuses_a_list_that_is_too_long() {
    let refine = ["refine", "job.ron", "--out", "out", "--engine", "cpu"];
    let (code, _, said) = corefine(tensor_folder(600).path(), &refine);
    assert!(code == Some(2) && said.contains("error: to rmax 600 Å 1.7e8 pairs of atoms have to be held"), "{said}");
    assert!(said.contains("\nhint: take a smaller rmax, isotropic U"), "{said}");
    // Nearer it is accepted; the tensor's atoms have twelve neighbours, of which the report says that four were taken.
    let near = tensor_folder(10);
    let (code, _, said) = corefine(near.path(), &refine);
    assert!(code.is_some_and(|code| code < 2), "{said}");
    let result = result(&near.path().join("out"));
    let tied = |text: &serde_json::Value| text.as_str().unwrap().contains("12 neighbours at 2.492 Å or nearer");
    assert!(result["warnings"].as_array().unwrap().iter().any(tied), "{}", result["warnings"]);
    assert!(fs::read_to_string(near.path().join("out/report.html")).unwrap().contains("by the order of the atoms"));
}

#[test]
fn devices_says_what_auto_would_take() {
    let temp = tempfile::tempdir().unwrap();
    assert!(well(temp.path(), &["devices"]).contains("--engine auto takes"));
}

/// What `refine` finds where its user presses Ctrl-C at once: the first iteration is finished and written.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_writes_what_there_is() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let model = of_repository("models/co_zif62.ron");
    let model = model.to_str().unwrap();
    // 416 atoms and 81 parameters: one iteration takes far longer than the signal does.
    well(folder, &["simulate", model, "-o", "co.gr", "--rmax", "12", "--qmax", "20", "--engine", "cpu"]);
    well(folder, &["init", model, "co.gr", "-o", "job.ron"]);
    let job = fs::read_to_string(folder.join("job.ron")).unwrap();
    let job = job.replace("\"Uiso.C\": ()", "\"Uiso.C\": (start: 0.05)").replace("// \"xyz.C\"", "\"xyz.C\"");
    assert!(job.contains("start: 0.05") && job.contains("        \"xyz.C\""), "{job}");
    fs::write(folder.join("job.ron"), job).unwrap();

    let (code, complained) = interrupted(folder, &["refine", "job.ron", "--out", "out", "--engine", "cpu"]);
    assert!(code == Some(1) && complained.contains("finishing this iteration"), "{code:?} {complained}");
    assert_eq!(names(&folder.join("out")), RESULTS);
    let result = result(&folder.join("out"));
    assert!(result["stop"].as_str().unwrap().contains("interrupted"), "{}", result["stop"]);
    assert_eq!(result["converged"], false);
}

/// Runs `corefine ARGS` and sends it SIGINT as soon as it listens for that.
#[cfg(target_os = "linux")]
fn interrupted(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_corefine"));
    let child = command.current_dir(folder).args(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let process = child.id().to_string();
    let begun = std::time::Instant::now();
    while !listens_for_sigint(&process) {
        assert!(begun.elapsed().as_secs() < 60, "corefine never listened for Ctrl-C");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Is the second bit of the signals that the process catches set?
#[cfg(target_os = "linux")]
fn listens_for_sigint(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 2 != 0)
}

fn result(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap()
}

/// The first two columns of a file, after its header.
fn columns(path: &Path) -> Vec<(f64, f64)> {
    let text = fs::read_to_string(path).unwrap();
    let numbers = |line: &str| -> Option<(f64, f64)> {
        let mut words = line.split_whitespace().map(str::parse);
        Some((words.next()?.ok()?, words.next()?.ok()?))
    };
    text.lines().filter_map(numbers).collect()
}

/// The largest difference between two curves on the same distances, in units of the largest value.
fn difference(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a.0 - b.0).abs() < 1e-6), "other distances");
    let g = |curve: &[(f64, f64)]| -> Vec<f64> { curve.iter().map(|(_, g)| *g).collect() };
    apart(&g(a), &g(b))
}

#[test]
fn compat_pdffit2_gives_the_curves_of_pdffit2() {
    let Some(structure) = support::reference("oracle/ZIF62_Co_296.stru") else { return };
    let temp = tempfile::tempdir().unwrap();
    let common = "--compat pdffit2 --rmin 1 --rmax 4.5 --rstep 0.01 --qdamp 0.069 --engine cpu --force -o out.gr";
    for (qmax, bound) in [("0", 1e-5), ("23.5", 1e-3)] {
        let oracle = format!("oracle/ZIF62_Co_296_qmax{qmax}_qdamp0.069_r1-4.5.gr");
        let Some(oracle) = support::reference(&oracle) else { return };
        let mut args = vec!["simulate", structure.to_str().unwrap()];
        args.extend(common.split(' '));
        if qmax != "0" {
            args.extend(["--qmax", qmax]);
        }
        well(temp.path(), &args);
        let worst = difference(&columns(&temp.path().join("out.gr")), &columns(&oracle));
        assert!(worst < bound, "qmax {qmax}: {worst:e}");
    }
}

#[test]
fn a_curve_ends_at_rmax_or_before() {
    let temp = tempfile::tempdir().unwrap();
    let cif = of_repository("tests/bad/good.cif");
    for (rmin, rstep, points, last) in [("0", "0.7", 5, 2.8), ("1", "0.1", 21, 3.0), ("0", "40", 1, 0.0)] {
        let args = ["simulate", cif.to_str().unwrap(), "-o", "out.gr", "--force", "--engine", "cpu", "--rmax", "3"];
        well(temp.path(), &[&args[..], &["--rmin", rmin, "--rstep", rstep]].concat());
        let curve = columns(&temp.path().join("out.gr"));
        assert_eq!((curve.len(), curve[curve.len() - 1].0), (points, last), "{rmin} {rstep}");
    }
}

/// G(r) of nickel by an engine, and what the command said; `None` (said aloud) where there is no adapter.
#[cfg(feature = "gpu")]
fn nickel_by(engine: &str) -> Option<(Vec<(f64, f64)>, String)> {
    let temp = tempfile::tempdir().unwrap();
    let cif = of_repository("tests/bad/good.cif");
    let args =
        ["simulate", cif.to_str().unwrap(), "-o", "out.gr", "--qmax", "25", "--qdamp", "0.04", "--engine", engine];
    let (code, said, complained) = corefine(temp.path(), &args);
    if code == Some(2) && complained.contains("no adapter found") {
        support::gpu::missing(&format!("--engine {engine}: {}", complained.trim()));
        return None;
    }
    assert_eq!(code, Some(0), "{complained}");
    Some((columns(&temp.path().join("out.gr")), said))
}

#[cfg(feature = "gpu")]
#[test]
fn the_engines_agree_through_the_command() {
    let (cpu, _) = nickel_by("cpu").unwrap();
    assert!(cpu.len() == 3001);
    let (auto, _) = nickel_by("auto").unwrap();
    let Some((gpu, _)) = nickel_by("gpu") else { return };
    let Some((check, said)) = nickel_by("check") else { return };
    assert!(said.contains("check: the worst point is"), "{said}");
    for (engine, curve) in [("auto", auto), ("gpu", gpu), ("check", check)] {
        let worst = difference(&curve, &cpu);
        assert!(worst < 1e-5, "{engine}: {worst:e}");
    }
}

/// F(Q) of the first shells of nickel, `sum n sin(Q d) / d exp(-U Q²)` in 1/Å, U = 0.005 Å².
fn nickel_fq() -> String {
    const SHELLS: [(f64, f64); 4] = [(12.0, 2.492), (6.0, 3.524), (24.0, 4.316), (12.0, 4.984)];
    let f = |q: f64| SHELLS.iter().map(|(n, d)| n * (q * d).sin() / d * (-0.005 * q * q).exp()).sum::<f64>();
    let rows = (40..=2500).map(|i| 0.01 * f64::from(i)).map(|q| format!("{q:.2} {:.8}", f(q)));
    rows.collect::<Vec<_>>().join("\n")
}

/// The job's qmin, qmax and window act on the transform of data in Q, not only on the model.
#[test]
fn data_in_q_are_transformed_as_the_job_says() {
    use corefine::read::observed::reciprocal;
    use corefine::window::Window;
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let fq = nickel_fq();
    fs::write(folder.join("ni.fq"), &fq).unwrap();
    let cif = of_repository("tests/bad/good.cif");
    fs::copy(cif, folder.join("ni.cif")).unwrap();
    for (settings, qmin, qmax, window) in [
        ("qmin: 1.0, qmax: 15.0, soper_lorch: 0.1", 1.0, 15.0, Window::SoperLorch(0.1)),
        ("qmin: 2.0", 2.0, 25.0, Window::None),
    ] {
        let job = format!(
            r#"(structure: "ni.cif", data: (file: "ni.fq", rmin: 2.0, rmax: 3.0, {settings}), refine: {{ "scale": () }})"#
        );
        fs::write(folder.join("job.ron"), job).unwrap();
        let (code, _, complained) =
            corefine(folder, &["refine", "job.ron", "--out", "out", "--engine", "cpu", "--force"]);
        assert!(code.is_some_and(|code| code < 2), "{complained}");
        let fitted = columns(&folder.join("out/fit.fgr"));
        let r: Vec<f64> = fitted.iter().map(|(r, _)| *r).collect();
        let g = reciprocal(fq.as_bytes(), "ni.fq").unwrap().to_observed(qmin, qmax, &r, window).g;
        let expected: Vec<_> = r.iter().copied().zip(g).collect();
        // The file gives six decimals or more of a curve whose largest value is above 1.
        assert!(fitted.len() > 50 && difference(&fitted, &expected) < 1e-4, "{settings}");
    }
}

/// The same job with restraints of two weights: the heavier one is nearer to its target and farther from the data.
#[test]
fn a_scan_sets_weights_beside_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    for name in ["good.cif", "good.gr", "good.ron", "restrained.ron"] {
        fs::copy(of_repository("tests/bad").join(name), folder.join(name)).unwrap();
    }
    let scan = |job: &str, weights: &str, more: &[&str]| {
        let args =
            [&["scan", job, "--restraint-weight", weights, "--out", "out", "--engine", "cpu"][..], more].concat();
        corefine(folder, &args)
    };
    let (code, said, complained) = scan("restrained.ron", "10000,0.5,0.5", &[]);
    assert_eq!(code, Some(0), "{said}{complained}");
    assert_eq!(names(&folder.join("out")), ["scan.csv", "scan.html"]);
    let text = fs::read_to_string(folder.join("out/scan.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert_eq!((rows.len(), rows[0][0], rows[1][0]), (2, 0.5, 10000.0), "{text}");
    assert!(rows[1][1] >= rows[0][1] && rows[1][3] <= rows[0][3], "{text}");
    for (job, weights, part) in [
        ("good.ron", "1", "restrains nothing"),
        ("restrained.ron", "1,0", "--restraint-weight is 0"),
        ("restrained.ron", "1,nan", "--restraint-weight is NaN"),
        ("restrained.ron", "1", "older result"),
    ] {
        let more: &[&str] = if part == "older result" { &[] } else { &["--force"] };
        let (code, _, complained) = scan(job, weights, more);
        assert!(code == Some(2) && complained.contains(part), "{complained}");
    }
}
