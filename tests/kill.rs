//! Runs that are ended at random moments with `kill -9`: every result is whole or absent, older ones are never lost, and what is gone
//! on with ends at the same bits.
//!
//! `COREFINE_KILLS` says how many runs of each verb are killed; `scripts/kill-often` asks for many.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use corefine::read;
use support::command::{RESULTS, corefine};
use support::series::{contents, write};

const ENSEMBLE: [&str; 4] = ["ensemble.csv", "histogram.csv", "report.html", "result.json"];

/// Kills of each verb.
fn kills() -> usize {
    std::env::var("COREFINE_KILLS").map_or(4, |text| text.parse().expect("COREFINE_KILLS is a number"))
}

/// Numbers from 0 to 1 that are the same in every run (the generator of MMIX).
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn well(folder: &Path, args: &str) -> Duration {
    let begun = Instant::now();
    let (code, said, complained) = corefine(folder, &args.split(' ').collect::<Vec<_>>());
    assert!(code == Some(0) || complained.contains("did not converge"), "{args}: {code:?}\n{said}\n{complained}");
    begun.elapsed()
}

/// Starts a run and kills it after this time; says whether it was still running.
fn killed(folder: &Path, args: &str, after: Duration) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corefine"));
    command.current_dir(folder).args(args.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(after);
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

/// Is the file what such a file has to be, to its end?
fn assert_whole(path: &Path) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_name().unwrap().to_str().unwrap();
    let columns = |line: &str| line.split([',', ' ']).count();
    let whole = match name {
        "result.json" | "series.json" => serde_json::from_str::<serde_json::Value>(&text).is_ok(),
        "frame.json" => read::frames::record(&text, name).is_ok(),
        "refined.cif" => read::structure(text.as_bytes(), name).is_ok(),
        "refined.ron" => read::job::job(&text, name).is_ok(),
        "ensemble.csv" => read::members::members(&text, name).is_ok_and(|found| !found.rows.is_empty()),
        "report.html" | "series.html" => text.trim_end().ends_with("</html>"),
        _ => {
            let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            text.ends_with('\n') && rows.iter().all(|row| name == "series.csv" || columns(row) == columns(rows[0]))
        }
    };
    assert!(whole, "{} is torn:\n{text}", path.display());
}

/// All of these files, and each whole.
fn assert_complete(folder: &Path, names: &[&str]) {
    for name in names {
        assert_whole(&folder.join(name));
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |entries| {
        entries.flatten().all(|entry| entry.file_name().to_string_lossy().starts_with(".corefine-"))
    })
}

/// Kills runs that make new results, and runs that replace older ones.
fn kill_often(folder: &Path, verb: &str, results: &[&str], seed: u64) {
    let duration = well(folder, &format!("{verb} --out old"));
    let (mut moments, mut running) = (Moments(seed), 0);
    for kill in 0..kills() {
        let after = duration.mul_f64(1.1 * moments.next());
        if kill % 2 == 0 {
            running += usize::from(killed(folder, &format!("{verb} --out old --force"), after));
            assert_complete(&folder.join("old"), results);
        } else {
            let new = folder.join("new");
            running += usize::from(killed(folder, &format!("{verb} --out new"), after));
            if !is_empty(&new) {
                assert_complete(&new, results);
            }
            let _ = fs::remove_dir_all(&new);
        }
    }
    println!("{verb}: {running} of {} kills met a run that was not finished", kills());
    // Nothing that a killed run leaves keeps the next one out, or stays after it.
    well(folder, &format!("{verb} --out old --force"));
    assert_eq!(support::command::names(&folder.join("old")), results);
}

fn folder(frames: usize) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), frames);
    temp
}

#[test]
fn a_killed_refinement_leaves_whole_results_or_none() {
    kill_often(folder(1).path(), "refine job.ron --engine cpu", &RESULTS, 1);
}

#[test]
fn a_killed_ensemble_leaves_whole_results_or_none() {
    kill_often(folder(1).path(), "ensemble job.ron -n 4 --method starts", &ENSEMBLE, 2);
}

#[test]
fn a_killed_series_goes_on_to_the_same_bits() {
    let temp = folder(6);
    let series = |out: &str, more: &str| format!("series job.ron frames/*.gr --out {out}{more}");
    let duration = well(temp.path(), &series("whole", ""));
    let whole = contents(&temp.path().join("whole"));
    let (mut moments, mut running, mut rounds) = (Moments(3), 0, 0);
    let out = temp.path().join("torn");
    for _ in 0..kills() {
        // Without its head there is nothing to go on from: the run begins anew.
        let more = if out.join("series.json").is_file() { " --resume" } else { " --force" };
        let still = killed(temp.path(), &series("torn", more), duration.mul_f64(0.8 * moments.next()));
        running += usize::from(still);
        assert_frames(&out);
        if !still {
            compare(&out, &whole);
            fs::remove_dir_all(&out).unwrap();
            rounds += 1;
        }
    }
    let more = if out.join("series.json").is_file() { " --resume" } else { " --force" };
    well(temp.path(), &series("torn", more));
    compare(&out, &whole);
    println!(
        "series: {running} of {} kills met a run that was not finished; {} series came to their end",
        kills(),
        rounds + 1
    );
}

/// Every frame that is there is there with all its files, and every table is whole.
fn assert_frames(out: &Path) {
    for entry in fs::read_dir(out.join("frames")).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(".corefine-") {
            assert_complete(&entry.path(), &["frame.json", "fit.fgr", "refined.cif", "refined.ron", "result.json"]);
        }
    }
    for table in ["series.csv", "series.json", "series.html"].map(|name| out.join(name)) {
        if table.exists() {
            assert_whole(&table);
        }
    }
}

fn compare(out: &Path, whole: &[(String, String)]) {
    let found = contents(out);
    let names = |files: &[(String, String)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), names(whole));
    for ((name, found), (_, wanted)) in found.iter().zip(whole) {
        assert!(found == wanted, "{name} differs from that of the run without a stop");
    }
}

/// Files may grow to so many blocks of 512 or 1024 bytes: what a full disk does, without filling one.
fn with_little_room(folder: &Path, blocks: usize, args: &str) -> (Option<i32>, String) {
    let command = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {args}", env!("CARGO_BIN_EXE_corefine"));
    let output = Command::new("sh").current_dir(folder).args(["-c", &command]).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_full_disk_costs_no_older_result() {
    let temp = folder(3);
    well(temp.path(), "refine job.ron --out old --engine cpu");
    let before = contents(&temp.path().join("old"));
    let (code, complained) = with_little_room(temp.path(), 8, "refine job.ron --out old --engine cpu --force");
    assert!(code == Some(2) && complained.contains("cannot write the results"), "{code:?} {complained}");
    compare(&temp.path().join("old"), &before);
    let (code, _) = with_little_room(temp.path(), 8, "refine job.ron --out new --engine cpu");
    assert!(code == Some(2) && !temp.path().join("new").exists(), "{code:?}");
    // A series keeps the frames that it has, and goes on when there is room.
    well(temp.path(), "series job.ron frames/*.gr --out whole");
    let (code, complained) = with_little_room(temp.path(), 8, "series job.ron frames/*.gr --out torn");
    assert!(code == Some(2) && complained.contains("cannot write the results"), "{code:?} {complained}");
    assert_frames(&temp.path().join("torn"));
    well(temp.path(), "series job.ron frames/*.gr --out torn --resume");
    compare(&temp.path().join("torn"), &contents(&temp.path().join("whole")));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_of_before_any_work() {
    let temp = folder(1);
    fs::write(temp.path().join("file"), "").unwrap();
    for out in ["file/out", "file"] {
        for verb in ["refine job.ron", "series job.ron frames/*.gr", "ensemble job.ron -n 4"] {
            let args = format!("{verb} --out {out}");
            let (code, said, complained) = corefine(temp.path(), &args.split(' ').collect::<Vec<_>>());
            assert!(
                code == Some(2) && said.is_empty() && complained.contains("hint: name another folder"),
                "{args}: {complained}"
            );
        }
    }
}
