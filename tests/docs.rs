//! The documentation against the program: jobs that it shows are jobs, and its reference leaves nothing out.

use std::path::Path;

use corefine::job::{Bonds, Job, Molecules, Restraint, Vary};
use corefine::params::{CELL, COORDINATES, Kind, MOTIONS, TENSOR, Whole};
use corefine::read;

fn docs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// The text of every block that is marked as RON.
fn ron_blocks(text: &str) -> Vec<String> {
    text.split("```ron\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_job_that_is_shown_is_one() {
    let mut jobs = 0;
    for (name, text) in
        docs().into_iter().filter(|(name, _)| !name.ends_with("reduction.md") && !name.ends_with("regression.md"))
    {
        for block in ron_blocks(&text) {
            jobs += 1;
            read::job::job(&block, &name).unwrap_or_else(|error| panic!("{error}\n{block}"));
        }
    }
    assert!(jobs >= 4, "only {jobs} jobs were found in docs/");
}

/// The settings of a reduction are shown in RON, and the reference has every one.
#[test]
fn settings_of_a_reduction_are_in_its_reference() {
    let reference = page("reduction.md");
    let blocks = ron_blocks(&reference);
    assert!(!blocks.is_empty());
    for block in blocks {
        read::reduction::reduction(&block, "reduction.md").unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
    let settings = serde_json::to_value(corefine::reduction::Reduction::default()).unwrap();
    for key in settings.as_object().unwrap().keys() {
        assert!(reference.contains(&format!("`{key}`")), "docs/reduction.md does not speak of {key}");
    }
}

/// One of every kind of parameter.
fn kinds() -> Vec<Kind> {
    let wholes = [
        Whole::Scale,
        Whole::Pscale,
        Whole::Delta1,
        Whole::Delta2,
        Whole::Qdamp,
        Whole::Qbroad,
        Whole::Spdiameter,
        Whole::Sratio,
        Whole::Rcut,
        Whole::Stepcut,
    ];
    let whole = wholes.map(Kind::Whole).into_iter();
    let cell = (0..CELL.len()).map(Kind::Cell);
    let coordinates = (0..COORDINATES.len()).map(Kind::Coordinate);
    let tensor = (0..TENSOR.len()).map(Kind::Uaniso);
    let others = [Kind::Position, Kind::Uiso, Kind::U, Kind::Beyond, Kind::Inside, Kind::Occ, Kind::Move, Kind::Turn];
    let motions = (0..MOTIONS.len()).map(Kind::Motion);
    whole.chain(cell).chain(coordinates).chain(tensor).chain(motions).chain(others).collect()
}

/// Is it a parameter of sites or molecules, written with a dot? A kind that is added stops this from compiling: list it above too.
fn of_sites(kind: Kind) -> bool {
    match kind {
        Kind::Whole(whole) => whole_is_known(whole),
        Kind::Cell(_) => false,
        Kind::Coordinate(_)
        | Kind::Position
        | Kind::Uiso
        | Kind::Uaniso(_)
        | Kind::U
        | Kind::Beyond
        | Kind::Inside
        | Kind::Occ
        | Kind::Motion(_)
        | Kind::Move
        | Kind::Turn => true,
    }
}

/// Never of sites; one that is added stops this from compiling.
fn whole_is_known(whole: Whole) -> bool {
    match whole {
        Whole::Scale
        | Whole::Pscale
        | Whole::Delta1
        | Whole::Delta2
        | Whole::Qdamp
        | Whole::Qbroad
        | Whole::Spdiameter
        | Whole::Sratio
        | Whole::Rcut
        | Whole::Stepcut => false,
    }
}

#[test]
fn every_parameter_is_in_the_reference() {
    let reference = page("job.md");
    for kind in kinds() {
        let name = format!("`{}{}`", kind.word(), if of_sites(kind) { "." } else { "" });
        assert!(reference.contains(&name), "docs/job.md does not speak of the parameter {name}");
    }
}

/// The keys of everything that a job can hold.
fn keys(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(map) => {
            map.iter().flat_map(|(key, value)| [key.clone()].into_iter().chain(keys(value))).collect()
        }
        serde_json::Value::Array(list) => list.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

/// One of every kind with every key. A kind that is added stops this from compiling: list it here too.
fn restraints() -> Vec<Restraint> {
    let text = || "Co-N".to_owned();
    let (neighbours, target, within, sigma, least) = (4, Some(1.0), 0.1, 0.1, 2.0);
    let all = vec![
        Restraint::Distance { pair: text(), neighbours, target, within, sigma },
        Restraint::Angle { angle: text(), neighbours, target, within, sigma },
        Restraint::Apart { pair: text(), least, sigma },
        Restraint::Displacement { of: text(), sigma },
    ];
    for restraint in &all {
        match restraint {
            Restraint::Distance { .. }
            | Restraint::Angle { .. }
            | Restraint::Apart { .. }
            | Restraint::Displacement { .. } => {}
        }
    }
    all
}

#[test]
fn every_key_is_in_the_reference() {
    let text = r#"(structure: "a.cif", data: (file: "a.gr", rmin: 1, rmax: 9, radiation: xray, qmin: 0, qmax: 20,
        soper_lorch: 0.1, dg: 0.1, composition: "Ni", compat: Pdffit2, compare: F, instrument: "i.ron"))"#;
    let mut job = Job {
        bonds: vec![Bonds::of("Co-N")],
        restraints: restraints(),
        restraint_weight: 2.0,
        ..read::job::job(text, "a.ron").unwrap()
    };
    job.phase_mut().molecules = Some(Molecules::default());
    let mut joint = job.clone();
    joint.phases[0].0 = "glass".to_owned();
    joint.datasets[0].0 = "x".to_owned();
    let vary = Vary { start: Some(1.0), min: Some(0.0), max: Some(2.0), sigma: Some(0.1) };
    let mut all = keys(&serde_json::to_value(&job).unwrap());
    all.extend(keys(&serde_json::to_value(joint).unwrap()).into_iter().filter(|key| key != "glass" && key != "x"));
    all.extend(keys(&serde_json::to_value(vary).unwrap()));
    assert!(all.len() >= 35, "{all:?}");
    let reference = page("job.md");
    for key in all {
        assert!(reference.contains(&format!("`{key}`")), "docs/job.md does not speak of the key {key}");
    }
}

/// Links of the pages to each other and to other files of the repository.
#[test]
fn links_lead_somewhere() {
    for (name, text) in docs() {
        let folder = Path::new(&name).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or_default()) {
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { Path::new(&name).to_owned() } else { folder.join(file) };
            assert!(target.is_file(), "{name} links to {link}, which is not there");
            let heading = |line: &str| line.strip_prefix('#').map(|rest| anchor(rest.trim_start_matches('#')));
            let text = std::fs::read_to_string(&target).unwrap_or_default();
            assert!(
                part.is_empty() || text.lines().filter_map(heading).any(|a| a == part),
                "{name}: no heading for {link}"
            );
        }
    }
}

/// A heading as a link names it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// Files of the repository that are named in running text.
#[test]
fn files_that_are_named_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, text) in docs() {
        for word in text
            .split('`')
            .filter(|word| ["src/", "tests/", "models/", "scripts/", "shaders/"].iter().any(|p| word.starts_with(p)))
        {
            if !word.contains(char::is_whitespace) {
                assert!(root.join(word).exists(), "{name} names {word}, which is not there");
            }
        }
    }
}
