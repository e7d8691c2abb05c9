//! A small series: nickel that expands, and a job that follows it.

use std::fs;
use std::path::Path;

use super::command::corefine;
use super::of_repository;

/// The job; its own data file is that of the first frame.
pub const JOB: &str = r#"(structure: "ni.ron", data: (file: "frames/ni_1.gr", rmin: 1.5, rmax: 8.0),
    refine: { "scale": (), "a": (), "Uiso.Ni": () }, bonds: [(pair: "Ni-Ni", cutoff: 2.52, neighbours: 12)])"#;

/// The edge in `models/ni.ron`, Å.
const NICKEL: f64 = 3.524;

/// The edge of the cell of a frame, Å.
pub fn edge(frame: usize) -> f64 {
    NICKEL + 0.004 * frame as f64
}

/// Writes `job.ron`, `ni.ron` and so many curves, `frames/ni_1.gr` and further, each of a larger cell.
pub fn write(folder: &Path, frames: usize) {
    let model = fs::read_to_string(of_repository("models/ni.ron")).unwrap();
    fs::write(folder.join("ni.ron"), &model).unwrap();
    fs::write(folder.join("job.ron"), JOB).unwrap();
    fs::create_dir_all(folder.join("frames")).unwrap();
    for frame in 1..=frames {
        frame_of(folder, frame);
    }
}

/// Writes the curve of one frame.
pub fn frame_of(folder: &Path, frame: usize) {
    let model = fs::read_to_string(folder.join("ni.ron")).unwrap();
    let [a, larger] = [NICKEL, edge(frame)].map(|a| format!("{a:?}"));
    assert!(model.contains(&a), "models/ni.ron has another cell: {model}");
    fs::write(folder.join("larger.ron"), model.replace(&a, &larger)).unwrap();
    let curve = format!("frames/ni_{frame}.gr");
    let options = "--qmax 20 --qmin 0.5 --rmin 1 --rmax 9 --rstep 0.02 --noise 0.1 --engine cpu --force --seed";
    let seed = frame.to_string();
    let args = ["simulate", "larger.ron", "-o", &curve].into_iter().chain(options.split(' ')).chain([seed.as_str()]);
    let (code, _, complained) = corefine(folder, &args.collect::<Vec<_>>());
    assert_eq!(code, Some(0), "{complained}");
}

/// The files of a series by their names below `out`, with what changes from run to run (the seconds of `result.json`) taken out.
pub fn contents(out: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![out.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(out).unwrap().display().to_string();
            let text = fs::read_to_string(&path).unwrap();
            found.push((name.clone(), if name.ends_with("result.json") { timeless(&text) } else { text }));
        }
    }
    found.sort();
    found
}

fn timeless(text: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
    value["seconds"] = serde_json::Value::Null;
    value["engine"] = serde_json::Value::Null;
    value.to_string()
}
