//! Molecules as rigid bodies: what stays, what moves, and what is refused.

mod support;

use corefine::crystal::Crystal;
use corefine::expand;
use corefine::job::{Job, Molecules};
use corefine::model::Model;
use corefine::params::{BindError, Binding, State};
use nalgebra::Vector3;
use support::curves::refining;
use support::structures::{model, molecular, operators, shipped};

fn job(refine: &[&str], more: &str) -> Job {
    refining(refine, &format!(r#"molecules: Some((exclude: ["Co"])), {more}"#))
}

/// The crystal with its molecules, as the job asks for them.
fn crystal(model: &Model, job: &Job) -> Crystal {
    let mut crystal = expand::crystal(model).unwrap();
    if let Some(molecules) = &job.phase().molecules {
        expand::molecules(model, &mut crystal, molecules).unwrap();
    }
    crystal
}

fn bind(model: &Model, job: &Job) -> Result<Binding, BindError> {
    Binding::new(job, model, &crystal(model, job))
}

/// The structure with these values of its parameters, by name; others as they start.
fn state(model: &Model, job: &Job, value: impl Fn(&str) -> Option<f64>) -> State {
    let binding = bind(model, job).unwrap();
    let name = |k: usize| binding.variables()[binding.free[k].variable].name.clone();
    let p: Vec<f64> = (0..binding.free.len()).map(|k| value(&name(k)).unwrap_or(binding.free[k].start)).collect();
    binding.state(&p).unwrap()
}

/// The places of each molecule's atoms side by side, Å, by its formula.
fn places(crystal: &Crystal) -> Vec<(String, Vec<Vector3<f64>>)> {
    let place = |(atom, cell): &(usize, Vector3<f64>)| crystal.basis * (crystal.atoms[*atom].position.0 + cell);
    let molecules = expand::found_molecules(crystal).into_iter();
    molecules.map(|molecule| (molecule.formula.clone(), molecule.atoms.iter().map(place).collect())).collect()
}

fn centroid(places: &[Vector3<f64>]) -> Vector3<f64> {
    places.iter().sum::<Vector3<f64>>() / places.len() as f64
}

/// The largest change of a distance inside any molecule, Å, and how many distances there are.
fn strained(one: &Crystal, other: &Crystal) -> (f64, usize) {
    let lengths = |crystal: &Crystal| -> Vec<f64> {
        let all = places(crystal).into_iter();
        all.flat_map(|(_, places)| {
            let pairs = (0..places.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            pairs.map(|(i, j)| (places[i] - places[j]).norm()).collect::<Vec<_>>()
        })
        .collect()
    };
    let (one, other) = (lengths(one), lengths(other));
    assert_eq!(one.len(), other.len());
    (one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max), one.len())
}

/// A number between -1 and 1 that looks like chance and is the same at every run.
fn chance(name: &str) -> f64 {
    let hash = name
        .bytes()
        .fold(7_u64, |hash, byte| hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(byte)));
    ((hash >> 11) as f64 / (1_u64 << 52) as f64) - 1.0
}

/// Far moves, turns up to 200 degrees about each axis, and a cell that is no longer rectangular.
fn far(name: &str) -> Option<f64> {
    match (name, name.split_once('.')) {
        ("a" | "b" | "c", _) => Some(15.0 + chance(name)),
        ("alpha" | "beta" | "gamma", _) => Some(90.0 + 4.0 * chance(name)),
        (_, Some((kind, _))) if kind.starts_with("move") => Some(0.7 * chance(name)),
        (_, Some((kind, _))) if kind.starts_with("turn") => Some(200.0 * chance(name)),
        _ => None,
    }
}

const CELL: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];

/// Every molecule of the flagship, the C10H8N4 that two half-filled rings make across a centre among them: lengths stay, and
/// centroids go where they are told.
#[test]
fn lengths_stay_in_the_flagship() {
    let model = expand::to_p1(&shipped("co_zif62"));
    let job = job(&[&CELL[..], &["move.molecules", "turn.molecules"]].concat(), "");
    let before = crystal(&model, &job);
    let after = state(&model, &job, far).crystal;
    let cut = before.atoms.iter().filter(|atom| atom.molecule.is_some_and(|of| of.cell != Vector3::zeros())).count();
    let count = |formula: &str| places(&before).iter().filter(|(other, _)| other == formula).count();
    assert_eq!((count("C3H3N2"), count("C10H8N4"), places(&before).len()), (24, 4, 44));
    let (worst, n) = strained(&before, &after);
    println!("{n} distances, worst {worst:e} Å, {cut} atoms lie in another cell than their molecule's first");
    assert!(worst < 1e-9 && n > 1500 && cut > 20, "{worst:e} Å in {n}, {cut}");
    let binding = bind(&model, &job).unwrap();
    let names: Vec<&str> = binding.free.iter().map(|free| binding.variables()[free.variable].name.as_str()).collect();
    assert_eq!(names.len(), 6 + 44 * 6);
    for (number, ((_, old), (_, new))) in places(&before).iter().zip(places(&after)).enumerate() {
        let kept = after.basis * before.basis.try_inverse().unwrap() * centroid(old);
        let told = Vector3::from_fn(|k, _| far(names[6 + 3 * number + k]).unwrap());
        let apart = (centroid(&new) - kept - told).norm();
        assert!(apart < 1e-9, "{}: {apart:e} Å", names[6 + 3 * number]);
    }
}

/// Atoms of molecules that are not named, and cobalt, keep their fractions; so do all in a job that names none.
#[test]
fn only_named_molecules_are_rigid() {
    let model = molecular();
    let fractions = |state: &State| state.model.sites.iter().map(|site| site.position.0).collect::<Vec<_>>();
    let longer = |name: &str| (name == "a").then_some(9.9);
    let all = state(&model, &job(&["a"], ""), longer);
    assert_eq!(fractions(&all), model.sites.iter().map(|site| site.position.0).collect::<Vec<_>>());
    let one = state(&model, &job(&["a", "turnx.H4A"], ""), longer);
    let moved: Vec<bool> = fractions(&one).iter().zip(fractions(&all)).map(|(a, b)| (a - b).norm() > 1e-4).collect();
    assert_eq!(moved.iter().filter(|moved| **moved).count(), 8);
    assert!(moved[1..9].iter().all(|moved| *moved), "{moved:?}");
    let (worst, _) = strained(&crystal(&model, &job(&["a"], "")), &all.crystal);
    assert!(worst > 0.1, "{worst}");
}

/// A molecule that is set is rigid too, has the lengths of the file in a cell that is set, and starts from where it is set.
#[test]
fn what_is_set_is_where_a_fit_begins() {
    let model = molecular();
    let set = job(&["movex.N1A"], r#"set: { "a": 9.9, "move.C3H3N2": 0.2, "turnz.N1C": 30.0 }"#);
    let begun = state(&model, &set, |_| None);
    let (worst, _) = strained(&crystal(&model, &set), &begun.crystal);
    assert!(worst < 1e-9, "{worst:e}");
    assert_eq!(bind(&model, &set).unwrap().start(), [0.2]);
    let values = |name: &str| if name.starts_with("move") { Some(0.2) } else { None };
    let refined = state(&model, &job(&["move.C3H3N2"], r#"set: { "a": 9.9, "turnz.C1C": 30.0 }"#), values);
    for (a, b) in begun.crystal.atoms.iter().zip(&refined.crystal.atoms) {
        assert!((a.position.0 - b.position.0).norm() < 1e-14);
    }
}

/// One turn of 90 degrees about z, seen in a cell whose axes are the Cartesian ones.
#[test]
fn turns_are_right_handed_and_in_degrees() {
    let mut model = molecular();
    model.cell = corefine::model::Cell::from_parameters([10.0, 10.0, 10.0, 90.0, 90.0, 90.0]);
    let job = job(&["turnz.N1C", "movey.O1C"], "");
    let value = |name: &str| Some(if name == "turnz.N1C" { 90.0 } else { 0.5 });
    let (before, after) = (crystal(&model, &job), state(&model, &job, value).crystal);
    let (_, old) = places(&before).into_iter().find(|(formula, _)| formula == "CNO").unwrap();
    let (_, new) = places(&after).into_iter().find(|(formula, _)| formula == "CNO").unwrap();
    for (old_place, new_place) in old.iter().zip(&new) {
        let arm = old_place - centroid(&old);
        let want = centroid(&old) + Vector3::new(-arm.y, arm.x + 0.5, arm.z);
        assert!((new_place - want).norm() < 1e-12, "{new_place} {want}");
    }
}

#[test]
fn names_of_bodies_are_those_of_their_first_atoms() {
    let binding = bind(&molecular(), &job(&["turn.H5B", "movey.CNO"], "")).unwrap();
    let named = |k: usize| &binding.variables()[binding.free[k].variable];
    let names: Vec<_> = (0..4).map(|k| (named(k).name.as_str(), named(k).unit)).collect();
    assert_eq!(names, [("turnx.N1B", "°"), ("turny.N1B", "°"), ("turnz.N1B", "°"), ("movey.N1C", "Å")]);
}

/// What is refused, and the words that help.
#[test]
fn what_cannot_be_a_body_is_refused() {
    let molecular = molecular();
    let refusal = |model: &Model, job: &Job| bind(model, job).unwrap_err().to_string();
    let without = refining(&["move.C3H3N2"], "");
    assert!(refusal(&molecular, &without).contains("add molecules: (exclude: [\"Co\"])"));
    let centred =
        model([9.3, 10.1, 10.8, 84.0, 97.0, 103.0], operators(&["x,y,z", "-x,-y,-z"]), molecular.sites[9..17].to_vec());
    let mut inside = without;
    inside.phase_mut().molecules = Some(Molecules::default());
    assert!(refusal(&centred, &inside).contains("set symmetry: P1"));
    for (names, words) in [
        (&["turn.C7H5N2"][..], "name a formula (C3H3N2 CNO)"),
        (&["movex.Co1"], "\"xyz.Co1\" instead"),
        (&["move.C3H3N2", "xyz.C2A"], "\"x.C2A\" moves an atom of the molecule of N1A"),
        (&["z.O1C", "turn.CNO"], "\"z.O1C\" moves an atom of the molecule of N1C"),
        (&["move.N1A", "movey.C4A"], "move the same number"),
    ] {
        let message = refusal(&molecular, &job(names, ""));
        assert!(message.contains(words), "{names:?}: {message}");
    }
    let read = job(&["move.C3H3N2", "x.Co1"], r#"ties: ["y.Co1 = x.H4A"]"#);
    assert!(refusal(&molecular, &read).contains("\"x.H4A\" moves an atom of the molecule of N1A"));
}

/// The job that the reference shows binds to the flagship: 24 rings, and one of the four molecules of two half-filled rings.
#[test]
fn the_job_that_is_shown_binds() {
    let page = std::fs::read_to_string(support::of_repository("docs/job.md")).unwrap();
    let blocks = page.split("```ron\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown = blocks.filter(|block| block.contains("\"move.C3H3N2\"")).collect::<Vec<_>>();
    let job = corefine::read::job::job(shown[0], "job.md").unwrap();
    let binding = bind(&expand::to_p1(&shipped("co_zif62")), &job).unwrap();
    assert_eq!((shown.len(), binding.free.len()), (1, 4 + 48 + 24 * 6 + 2 + 3));
}

/// Another job's ties give what this one's gave, with every motion at 0 again.
#[test]
fn ties_go_on_from_where_they_are() {
    let model = molecular();
    let ties = r#"ties: ["movez.N1B = 2 * movex.N1A + 0.1", "Uiso.O = 0.01 + 0.1 * movex.N1A", "Uiso.N = Uiso.C"]"#;
    let binding = bind(&model, &job(&["movex.N1A", "Uiso.C"], ties)).unwrap();
    let ties = binding.ties_from(&[0.03, 0.02]).unwrap();
    assert_eq!(ties.iter().filter(|tie| *tie == "Uiso.N = Uiso.C").count(), 1, "{ties:?}");
    let next = Job { ties, ..job(&["movex.N1A", "Uiso.C"], "") };
    let again = bind(&model, &next).unwrap();
    let values = again.values(&[0.0, 0.02]).unwrap();
    let value = |name: &str| values[again.variables().iter().position(|variable| variable.name == name).unwrap()];
    assert!(value("movez.N1B").abs() < 1e-15 && (value("Uiso.O") - 0.013).abs() < 1e-15, "{values:?}");
}

/// A tensor keeps its direction when its molecule turns, and that is told; one that is made isotropic is not.
#[test]
fn tensors_that_stay_are_told() {
    let model = molecular();
    let told = |refine: &[&str]| {
        let binding = bind(&model, &job(refine, "")).unwrap();
        let state = binding.state(&binding.start()).unwrap();
        binding.turned_tensors(0, &state.model).iter().map(|label| (*label).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(&["turn.C3H3N2"]), ["N1B"]);
    assert!(told(&["move.C3H3N2", "turn.CNO"]).is_empty() && told(&["turn.C3H3N2", "Uiso.C"]).is_empty());
}
