//! A GPU that fails, while it is opened or in the middle of work: `auto` goes on with the CPU and says so once, `gpu` ends with an
//! error and leaves nothing.
//!
//! Faults are real ones: wgpu is made to refuse, or to lose the device (`corefine::engine::gpu::Fault`).
#![cfg(all(feature = "gpu", feature = "cli"))]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;
use support::command::names;
use support::gpu::gpu;
use support::of_repository;

/// Each fault, as the command reads it, and a word of what is said of it.
const FAULTS: [(&str, &str); 4] =
    [("lost", "lost"), ("memory", "maximum buffer size"), ("invalid", "pipeline"), ("shader", "shader")];

/// While the device is opened, in the first dispatch, and in the second.
const PLACES: [&str; 3] = ["open", "0", "1"];

/// No run may hang.
const SOON: Duration = Duration::from_secs(120);

/// Runs `corefine ARGS` with a fault: its exit code, and what it complained of.
fn run(folder: &Path, args: &[&str], fault: Option<&str>) -> (i32, String) {
    let mut command = Command::cargo_bin("corefine").unwrap();
    fault.map(|fault| command.env("COREFINE_GPU_FAULT", fault));
    let output = command.current_dir(folder).args(args).timeout(SOON).output().unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(!complained.contains("panicked"), "{args:?} with {fault:?}: {complained}");
    let code = output.status.code().unwrap_or_else(|| panic!("{args:?} with {fault:?} was killed: {complained}"));
    (code, complained)
}

fn faults() -> impl Iterator<Item = (String, &'static str)> {
    FAULTS.into_iter().flat_map(|(fault, word)| PLACES.map(|place| (format!("{fault}@{place}"), word)))
}

/// A folder with a small job; `None` where there is no adapter.
fn folder() -> Option<tempfile::TempDir> {
    gpu()?;
    let temp = tempfile::tempdir().unwrap();
    for name in ["good.cif", "good.gr", "good.ron"] {
        fs::copy(of_repository("tests/bad").join(name), temp.path().join(name)).unwrap();
    }
    Some(temp)
}

/// What a refinement found, but for how long it took and its warnings; and these.
fn found(folder: &Path) -> (Value, Vec<String>) {
    let mut result: Value = serde_json::from_str(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap();
    let fields = result.as_object_mut().unwrap();
    fields.remove("seconds");
    let warnings = fields.remove("warnings").unwrap();
    (result, serde_json::from_value(warnings).unwrap())
}

const TAKES_OVER: &str = "the CPU takes over";

#[test]
fn auto_goes_on_with_the_numbers_of_the_cpu_and_says_so_once() {
    let Some(temp) = folder() else { return };
    let refine = |engine: &str, out: &str, fault: Option<&str>| {
        run(temp.path(), &["refine", "good.ron", "--engine", engine, "--out", out], fault)
    };
    let (code, _) = refine("cpu", "cpu", None);
    let (want, before) = found(&temp.path().join("cpu"));
    for (fault, word) in faults() {
        let (now, complained) = refine("auto", &fault, Some(&fault));
        assert_eq!((now, complained.matches(TAKES_OVER).count()), (code, 1), "{fault}: {complained}");
        let (got, warnings) = found(&temp.path().join(&fault));
        assert_eq!(got, want, "{fault}");
        let new: Vec<&String> = warnings.iter().filter(|warning| !before.contains(warning)).collect();
        assert!(matches!(new[..], [one] if one.contains(word) && one.ends_with(TAKES_OVER)), "{fault}: {new:?}");
        let page = fs::read_to_string(temp.path().join(&fault).join("report.html")).unwrap();
        assert_eq!(page.matches(TAKES_OVER).count(), 1, "{fault}");
    }
}

#[test]
fn gpu_ends_with_an_error_and_without_a_result() {
    let Some(temp) = folder() else { return };
    for (fault, word) in faults() {
        let (code, complained) =
            run(temp.path(), &["refine", "good.ron", "--engine", "gpu", "--out", "out"], Some(&fault));
        // The Vulkan loader may have errors of its own to tell.
        let said = complained.lines().any(|line| line.starts_with("error: ") && line.contains(word));
        assert!(code == 2 && said && complained.contains("use --engine cpu"), "{fault}: {complained}");
        assert_eq!(names(temp.path()), ["good.cif", "good.gr", "good.ron"], "{fault}");
    }
}

#[test]
fn a_curve_of_auto_is_that_of_the_cpu() {
    let Some(temp) = folder() else { return };
    let simulate = |engine: &str, out: &str, fault: Option<&str>| {
        run(temp.path(), &["simulate", "good.cif", "--uiso", "0.01", "--engine", engine, "-o", out], fault)
    };
    let curve = |name: &str| {
        let text = fs::read_to_string(temp.path().join(name)).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(simulate("cpu", "cpu.gr", None).0, 0);
    for (fault, word) in faults().filter(|(fault, _)| !fault.ends_with('1')) {
        let (code, complained) = simulate("auto", &fault, Some(&fault));
        assert!(code == 0 && complained.contains(word), "{fault}: {complained}");
        assert_eq!(complained.matches(TAKES_OVER).count(), 1, "{fault}: {complained}");
        assert_eq!(curve(&fault), curve("cpu.gr"), "{fault}");
    }
}

#[test]
fn a_fault_that_is_none_is_refused() {
    let Some(temp) = folder() else { return };
    for text in ["lost", "fire@open", "lost@soon"] {
        let (code, complained) = run(temp.path(), &["simulate", "good.cif", "-o", "out.gr"], Some(text));
        assert!(code == 2 && complained.contains("COREFINE_GPU_FAULT"), "{text}: {complained}");
    }
}
