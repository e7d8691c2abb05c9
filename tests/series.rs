//! `corefine series` as a user calls it: what is written, skipped, taken up again, watched for and refused.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::command::{corefine, names};
use support::series::{contents, edge, frame_of, write};
use support::{of_repository, reference};

fn folder(frames: usize) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), frames);
    temp
}

fn run(folder: &Path, args: &str) -> (Option<i32>, String, String) {
    corefine(folder, &args.split(' ').collect::<Vec<_>>())
}

fn well(folder: &Path, args: &str) -> String {
    let (code, said, complained) = run(folder, args);
    assert_eq!(code, Some(0), "{args}\n{said}\n{complained}");
    said
}

fn refused(folder: &Path, args: &str) -> String {
    let (code, said, complained) = run(folder, args);
    assert!(code == Some(2) && said.is_empty(), "{args}: {code:?} {said}{complained}");
    complained
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

/// The rows of `series.csv`, each a list of fields, the names first.
fn table(out: &Path) -> Vec<Vec<String>> {
    let split = |line: &str| line.split(',').map(str::to_owned).collect();
    text(out.join("series.csv")).lines().map(split).collect()
}

fn column(table: &[Vec<String>], name: &str) -> Vec<String> {
    let at = table[0].iter().position(|known| known == name).unwrap_or_else(|| panic!("no {name} in {:?}", table[0]));
    table[1..].iter().map(|row| row[at].clone()).collect()
}

#[test]
fn frames_follow_each_other_and_each_is_kept() {
    let temp = folder(4);
    fs::write(
        temp.path().join("m.csv"),
        "file,cycle,temperature\nframes/ni_1.gr,1,300\nframes/ni_2.gr,1,\nframes/ni_3.gr,2,500\n",
    )
    .unwrap();
    let said = well(temp.path(), "series job.ron m.csv --out out --axis temperature");
    assert!(said.contains("3 of 3 frames refined, 0 not converged, 0 skipped"), "{said}");
    let out = temp.path().join("out");
    assert_eq!(names(&out), ["frames", "series.csv", "series.html", "series.json"]);
    assert_eq!(names(&out.join("frames")), ["ni_1", "ni_2", "ni_3"]);
    assert_eq!(names(&out.join("frames/ni_2")), ["fit.fgr", "frame.json", "refined.cif", "refined.ron", "result.json"]);
    let table = table(&out);
    let head = "name,file,cycle,temperature,rw,chi2,converged,stop,iterations,begun_from,scale,scale_esd,a,a_esd,Uiso.Ni,Uiso.Ni_esd,\
                broken_Ni-Ni,broken_Ni-Ni_esd,mean_Ni-Ni,mean_Ni-Ni_esd,warnings,remarks";
    assert_eq!(table[0].join(","), head);
    assert_eq!(column(&table, "temperature"), ["300", "", "500"]);
    assert_eq!(column(&table, "begun_from"), ["", "ni_1", "ni_2"]);
    assert_eq!(column(&table, "file")[0], "frames/ni_1.gr");
    for (k, a) in column(&table, "a").iter().enumerate() {
        assert!((a.parse::<f64>().unwrap() - edge(k + 1)).abs() < 0.002, "frame {k}: {a}");
    }
    let json: serde_json::Value = serde_json::from_str(&text(out.join("series.json"))).unwrap();
    assert_eq!((json["axis"].as_str(), json["wanted"].as_u64()), (Some("temperature"), Some(3)));
    let fitted = &json["frames"][2]["fitted"];
    assert_eq!(fitted["parameters"][1]["value"].as_f64().unwrap().to_string(), column(&table, "a")[2]);
    assert_eq!((fitted["label"].as_str(), fitted.get("curve")), (Some("synthetic"), None));
    let page = text(out.join("series.html"));
    assert!(
        page.contains("id=\"waterfall\"") && page.contains("id=\"rw\"") && page.contains("synthetic"),
        "{}",
        page.len()
    );
    // What was kept of a frame is where another refinement can begin.
    well(&out.join("frames/ni_3"), "refine refined.ron --out again --engine cpu");
}

#[test]
fn the_order_says_where_a_frame_begins() {
    let temp = folder(5);
    let begun = |options: &str, out: &str| {
        well(temp.path(), &format!("series job.ron frames/*.gr --out {out} {options}"));
        column(&table(&temp.path().join(out)), "begun_from")
    };
    assert_eq!(begun("--order backward", "backward"), ["ni_2", "ni_3", "ni_4", "ni_5", ""]);
    assert_eq!(begun("--order independent", "independent"), ["", "", "", "", ""]);
    assert_eq!(begun("--parts 2", "parts"), ["", "ni_1", "ni_2", "ni_1", "ni_4"]);
    // The same bits, however many threads there are.
    assert_eq!(begun("--parts 2 --threads 1", "single"), ["", "ni_1", "ni_2", "ni_1", "ni_4"]);
    assert_eq!(text(temp.path().join("parts/series.csv")), text(temp.path().join("single/series.csv")));
    assert_eq!(begun("--threads 1", "forward"), ["", "ni_1", "ni_2", "ni_3", "ni_4"]);
}

/// Every way in which a frame can be bad: it is told of in its row, and the next begins from the last good one.
#[test]
fn bad_frames_are_skipped_and_told_of() {
    let temp = folder(3);
    let at = |name: &str| temp.path().join("frames").join(name);
    let good = text(at("ni_1.gr"));
    let zeros = (0..450).map(|k| format!("{:.2} 0.0\n", 0.02 * f64::from(k))).collect::<Vec<_>>().concat();
    fs::write(at("ni_1a.gr"), &zeros).unwrap();
    fs::write(at("ni_1b.gr"), &good[..good.len() / 2]).unwrap();
    fs::write(at("ni_1c.gr"), [0u8, 159, 146, 150, 0, 1, 2]).unwrap();
    fs::write(at("ni_1d.gr"), "").unwrap();
    let manifest = "file,t\nframes/ni_1.gr,1\nframes/ni_1a.gr,2\nframes/ni_1b.gr,3\nframes/ni_1c.gr,4\nframes/ni_1d.gr,5\n\
                    frames/gone.gr,6\nframes/ni_2.gr,7\n";
    fs::write(temp.path().join("m.csv"), manifest).unwrap();
    let (code, said, complained) = run(temp.path(), "series job.ron m.csv --out out");
    assert_eq!(code, Some(1), "{said}{complained}");
    assert!(said.contains("2 of 7 frames refined, 0 not converged, 5 skipped"), "{said}");
    let table = table(&temp.path().join("out"));
    let remarks: Vec<String> =
        text(temp.path().join("out/series.csv")).lines().skip(2).take(5).map(str::to_owned).collect();
    for (line, words) in remarks.iter().zip(["zero", "ends at", "byte 0x00", "empty", "there is no such file"]) {
        assert!(line.contains("skipped: ") && line.contains(words), "{line} should speak of {words}");
    }
    let rows: Vec<&Vec<String>> = table.iter().filter(|row| row[0] == "ni_2").collect();
    let begun = table[0].iter().position(|name| name == "begun_from").unwrap();
    assert_eq!(rows[0][begun], "ni_1");
    assert_eq!(complained.matches("is skipped").count(), 5, "{complained}");
    assert!(text(temp.path().join("out/series.html")).contains("id=\"skipped\""));
}

#[test]
fn what_was_stopped_goes_on_to_the_same_bits() {
    let temp = folder(5);
    for (k, options) in ["", "--order backward", "--order independent", "--parts 2"].iter().enumerate() {
        let series = |out: &str, more: &str| {
            format!("series job.ron frames/*.gr --out {out} {options} {more}").trim().replace("  ", " ")
        };
        let (whole, torn) = (format!("whole{k}"), format!("torn{k}"));
        well(temp.path(), &series(&whole, "--threads 2"));
        well(temp.path(), &series(&torn, "--threads 1"));
        let out = temp.path().join(&torn);
        // What a kill leaves: some frames, a folder half written, older tables.
        for name in ["ni_2", "ni_5"] {
            fs::remove_dir_all(out.join("frames").join(name)).unwrap();
        }
        fs::remove_file(out.join("series.csv")).unwrap();
        fs::create_dir(out.join("frames/.corefine-half")).unwrap();
        well(temp.path(), &series(&torn, "--resume"));
        assert_eq!(
            contents(&out),
            contents(&temp.path().join(&whole))
                .into_iter()
                .map(|(name, text)| (name, text.replace(&whole, &torn)))
                .collect::<Vec<_>>(),
            "{options}"
        );
    }
}

#[test]
fn another_series_is_not_gone_on_with() {
    let temp = folder(3);
    let series = "series job.ron frames/*.gr --out out";
    well(temp.path(), series);
    assert!(refused(temp.path(), series).contains("holds an older result"));
    for other in ["--order backward", "--parts 2"] {
        let complained = refused(temp.path(), &format!("{series} {other} --resume"));
        assert!(complained.contains("is of another run") && complained.contains("--force"), "{complained}");
    }
    assert!(refused(temp.path(), "series job.ron frames/ni_1.gr --out out --resume").contains("sha256 of their list"));
    assert!(refused(temp.path(), "series job.ron frames/*.gr --out none --resume").contains("holds no series.json"));
    assert!(!temp.path().join("none").exists());
    frame_of(temp.path(), 3);
    well(temp.path(), &format!("{series} --resume"));
    fs::copy(temp.path().join("frames/ni_1.gr"), temp.path().join("frames/ni_3.gr")).unwrap();
    let complained = refused(temp.path(), &format!("{series} --resume"));
    assert!(complained.contains("frames/ni_3.gr is not what it was when frame ni_3 was refined"), "{complained}");
    let job = text(temp.path().join("job.ron")).replace("rmax: 8.0", "rmax: 7.0");
    fs::write(temp.path().join("job.ron"), job).unwrap();
    assert!(refused(temp.path(), &format!("{series} --resume")).contains("sha256 of the job"));
    well(temp.path(), &format!("{series} --force"));
}

#[test]
fn bad_arguments_are_refused_before_any_work() {
    let temp = folder(1);
    let at = |name: &str| temp.path().join(name);
    fs::write(at("m.csv"), "file,t\nframes/ni_1.gr,warm\n").unwrap();
    fs::write(at("ok.csv"), "file,t\nframes/ni_1.gr,1\n").unwrap();
    fs::write(at("bad.ron"), text(at("job.ron")).replace("\"a\"", "\"Uiso.Xx\"")).unwrap();
    for (args, words) in [
        ("job.ron none*.gr", "none*.gr: there is no such file"),
        ("job.ron m.csv", "m.csv:2: t is \"warm\", which is no number"),
        ("job.ron ok.csv --axis time", "the columns are t"),
        ("job.ron ok.csv --watch", "--watch looks for files"),
        ("job.ron frames/ni_1.gr --parts 0", "--parts is 0"),
        ("job.ron frames/ni_1.gr --parts 2 --order independent", "independent frames are a part each"),
        ("job.ron frames --watch --order backward", "leave --order out"),
        ("job.ron frames --watch --poll -1", "--poll is -1"),
        ("bad.ron frames/ni_1.gr", "bad.ron:2:"),
        ("job.ron ni.ron", "ni.ron"),
    ] {
        let complained = refused(temp.path(), &format!("series {args} --out out"));
        assert!(complained.contains(words), "{args}: {complained}");
        assert!(!at("out").exists(), "{args}");
    }
}

/// Two files of one name, and names that lead elsewhere: each gets a folder of its own below `frames`.
#[test]
fn a_frame_stays_in_its_folder() {
    let temp = folder(2);
    fs::create_dir_all(temp.path().join("other")).unwrap();
    fs::copy(temp.path().join("frames/ni_1.gr"), temp.path().join("other/ni_1.gr")).unwrap();
    fs::copy(temp.path().join("frames/ni_2.gr"), temp.path().join("other/...gr")).unwrap();
    well(temp.path(), "series job.ron frames/ni_1.gr other/ni_1.gr other/...gr other/../frames/ni_2.gr --out deep/out");
    assert_eq!(names(&temp.path().join("deep/out/frames")), ["_.", "ni_1", "ni_1-2", "ni_2"]);
    assert_eq!(names(&temp.path().join("deep")), ["out"]);
}

/// A program that is ended with the test, whatever that finds.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn started(folder: &Path, args: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corefine"));
    command.current_dir(folder).args(args.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn rows(out: &Path) -> usize {
    fs::read_to_string(out.join("series.csv")).map_or(0, |text| text.lines().count().saturating_sub(1))
}

#[test]
fn frames_are_refined_as_they_come() {
    let temp = folder(2);
    let out = temp.path().join("out");
    let watching = "series job.ron frames --out out --watch --poll 0.1";
    let mut program = started(temp.path(), watching);
    wait_for("two frames", || rows(&out) == 2);
    assert!(
        refused(temp.path(), &format!("{watching} --resume"))
            .contains("another run of corefine writes into this folder")
    );
    // A file that grows is left alone until it is whole.
    frame_of(temp.path(), 3);
    let whole = text(temp.path().join("frames/ni_3.gr"));
    fs::remove_file(temp.path().join("frames/ni_3.gr")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for part in 1..=8 {
        let now: String = lines[..lines.len() * part / 8].iter().flat_map(|line| [line, "\n"]).collect();
        fs::write(temp.path().join("frames/ni_4.gr"), now).unwrap();
        std::thread::sleep(Duration::from_millis(40));
    }
    wait_for("a third frame", || rows(&out) == 3);
    program.0.kill().unwrap();
    program.0.wait().unwrap();
    assert_eq!(column(&table(&out), "name"), ["ni_1", "ni_2", "ni_4"]);
    assert_eq!(column(&table(&out), "begun_from"), ["", "ni_1", "ni_2"]);
    let before = text(out.join("frames/ni_4/frame.json"));
    frame_of(temp.path(), 3);
    let mut program = started(temp.path(), &format!("{watching} --resume"));
    wait_for("a fourth frame", || rows(&out) == 4);
    interrupt(&program.0);
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
    assert_eq!(column(&table(&out), "name"), ["ni_1", "ni_2", "ni_4", "ni_3"]);
    assert_eq!(text(out.join("frames/ni_4/frame.json")), before);
}

/// A job that reduces intensities finds those, and takes neither their background nor a curve for a frame.
#[test]
fn intensities_are_refined_as_they_come() {
    let patterns = ["Ni.chi", "kapton.chi"].map(|file| reference(&format!("ni_raw/{file}")));
    let [Some(nickel), Some(kapton)] = patterns else { return };
    let temp = tempfile::tempdir().unwrap();
    let put = |from: &Path, name: &str| fs::copy(from, temp.path().join(name)).unwrap();
    fs::create_dir(temp.path().join("frames")).unwrap();
    put(&of_repository("models/ni.ron"), "ni.ron");
    put(&kapton, "frames/empty.chi");
    put(&nickel, "frames/ni_1.chi");
    let job = r#"(structure: "ni.ron", data: (file: "frames/ni_1.chi", rmin: 1.5, rmax: 8, qmax: 24,
        reduce: (backgroundfile: "frames/empty.chi", composition: "Ni", dataformat: QA, qmaxinst: 31.26)),
        refine: { "scale": (start: 0.5), "a": (), "Uiso.Ni": () })"#;
    fs::write(temp.path().join("job.ron"), job).unwrap();
    let out = temp.path().join("out");
    let mut program = started(temp.path(), "series job.ron frames --out out --watch --poll 0.1");
    wait_for("a frame", || rows(&out) == 1);
    put(&nickel, "frames/ni_2.gr");
    put(&nickel, "frames/ni_3.xye");
    wait_for("a second frame", || rows(&out) == 2);
    put(&nickel, "frames/ni_4.XY");
    wait_for("a third frame", || rows(&out) == 3);
    interrupt(&program.0);
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
    assert_eq!(column(&table(&out), "name"), ["ni_1", "ni_3", "ni_4"]);
    assert_eq!(column(&table(&out), "begun_from"), ["", "ni_1", "ni_3"]);
}

/// Ctrl-C.
fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
