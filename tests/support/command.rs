//! The command as a user calls it, and what it leaves behind.

use std::ffi::OsStr;
use std::path::Path;

use assert_cmd::Command;

/// What a refinement writes.
pub const RESULTS: [&str; 6] = ["fit.fgr", "histogram.csv", "refined.cif", "refined.ron", "report.html", "result.json"];

/// Runs `corefine ARGS` in a folder: its exit code, what it said, what it complained of.
pub fn corefine(folder: &Path, args: &[impl AsRef<OsStr>]) -> (Option<i32>, String, String) {
    let output = Command::cargo_bin("corefine").unwrap().current_dir(folder).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The names of what lies in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
