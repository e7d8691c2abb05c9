//! Refinements whose answer is known: the model made the data.

mod support;

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::job::{Compat, Job};
use corefine::lm;
use corefine::model::{Adp, Model};
use corefine::observed::{Form, Header, Observed};
use corefine::outcome::Outcome;
use corefine::params::Binding;
use corefine::{read, write};
use support::curves::{curve, hundredths};
use support::structures::{molecular, p1, site_with};

/// Face-centred nickel with every atom written out: nothing ties the angles.
fn nickel(uiso: f64) -> Model {
    let places = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let sites = (1..).zip(places).map(|(k, at)| site_with(&format!("Ni{k}"), "Ni", at, Adp::Iso(uiso))).collect();
    p1([3.524, 3.524, 3.524, 90.0, 90.0, 90.0], sites)
}

fn job(text: &str) -> Job {
    read::job::job(text, "job.ron").unwrap()
}

/// The curve that the job's own model makes, as if it had been measured.
fn measured(job: &Job, model: &Model) -> Observed {
    let data = job.data();
    let r = hundredths((data.rmin * 100.0).round() as u32, (data.rmax * 100.0).round() as u32);
    let measurement = Measurement::of(data, r.clone(), r[0]);
    let mut crystal = expand::crystal(model).unwrap();
    if let Some(molecules) = &job.phase().molecules {
        expand::molecules(model, &mut crystal, molecules).unwrap();
    }
    let binding = Binding::new(job, model, &crystal).unwrap();
    let state = binding.state(&binding.start()).unwrap();
    let g = curve(&state, &measurement, &mut Cpu);
    let header = Header::default();
    Observed { name: "known.gr".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![], in_q: None }
}

fn refined(job: &Job, model: &Model, observed: &Observed) -> Outcome {
    let (job, model, observed) = (job.clone(), model.clone(), observed.clone());
    let inputs = Inputs::of(job, model, observed);
    Setup::new(inputs).unwrap().refine(&mut Cpu, &mut |_| lm::Flow::Continue).unwrap()
}

fn value(outcome: &Outcome, name: &str) -> f64 {
    outcome.parameters.iter().find(|parameter| parameter.name == name).unwrap().value
}

/// The derivative of the curve by an angle vanishes nearly at 90 degrees: plus and minus look alike to most pairs.
#[test]
fn right_angles_stay_right() {
    let text = r#"(structure: "start.cif", data: (file: "known.gr", rmin: 1.5, rmax: 10.0, qmax: 25.0), set: { "qdamp": 0.04 },
        refine: { "scale": (), "a": (), "alpha": (), "beta": (), "gamma": (), "Uiso.Ni": () })"#;
    let job = job(text);
    let observed = measured(&job, &nickel(0.0055));
    let mut start = nickel(0.008);
    start.cell.a = 3.53;
    start.profile.scale = 0.9;
    for compat in [Compat::None, Compat::PdfFit2] {
        let mut job = job.clone();
        job.data_mut().compat = compat;
        let observed = if compat == Compat::None { observed.clone() } else { measured(&job, &nickel(0.0055)) };
        let outcome = refined(&job, &start, &observed);
        assert!(outcome.converged, "{compat:?}: {}, Rw {}", outcome.stop, outcome.rw);
        for angle in ["alpha", "beta", "gamma"] {
            let found = value(&outcome, angle);
            assert!((found - 90.0).abs() < 1e-3, "{compat:?}: {angle} = {found}, {}", outcome.stop);
        }
        assert!((value(&outcome, "a") - 3.524).abs() < 1e-4, "{compat:?}: a = {}", value(&outcome, "a"));
    }
}

/// A CN molecule beside a cobalt atom whose U is the largest and stays as it is.
fn cyanide(x: f64, uiso: f64) -> Model {
    let sites = vec![
        site_with("Co1", "Co", [0.02, 0.04, 0.03], Adp::Aniso([0.03, 0.028, 0.026, 0.002, 0.001, -0.002])),
        site_with("C1", "C", [x, 0.42, 0.47], Adp::Iso(uiso)),
        site_with("N1", "N", [0.58, 0.51, 0.56], Adp::Iso(uiso)),
    ];
    p1([5.3, 5.9, 6.4, 82.0, 95.0, 101.0], sites)
}

fn rich_job(compat: Compat) -> Job {
    let text = r#"(structure: "start.cif", data: (file: "known.gr", rmin: 1.0, rmax: 8.0, qmax: 22.0, weights: f0),
        set: { "qbroad": 0.01, "spdiameter": 50.0, "Uinside.C1": 0.006 },
        beyond: { "C1": 4.0 },
        molecules: (exclude: ["Co"]),
        refine: { "scale": (start: 0.8), "b": (), "x.C1": (sigma: 0.05), "Uiso.C1": (), "Uiso2.C1": (start: 0.017),
                  "Uinside.N1": (start: 0.006), "delta2": (start: 0.8), "qdamp": (start: 0.05, min: 0.0) },
        fit: (max_iterations: 4))"#;
    let mut job = job(text);
    job.data_mut().compat = compat;
    job
}

/// Refines for a few iterations, short of the minimum, and reads back what was written: the curve goes on from there.
///
/// It is the same curve to rounding, because the widest peak (of the cobalt) is where the exact sum's fade comes from
/// and does not change; the narrowest only sets the step of a grid that is exact to 2e-11.
#[test]
fn a_fit_goes_on_from_where_it_ended() {
    for compat in [Compat::PdfFit2, Compat::None] {
        let first = rich_job(compat);
        let observed = measured(&first, &cyanide(0.445, 0.012));
        let ended = refined(&first, &cyanide(0.43, 0.016), &observed);
        assert_eq!(ended.iterations, 4, "{}", ended.stop);

        let model = read::structure(write::cif(&ended.phases[0].model).as_bytes(), "refined.cif").unwrap().value;
        let next = read::job::job(&ended.refined_job, "refined.ron").unwrap();
        let again = refined(&next, &model, &observed);
        let (rw, start) = (ended.rw, again.history[0].rw);
        println!("{compat:?}: Rw {rw} at the end, {start} at the next start, {} at its end", again.rw);
        assert!((start - rw).abs() < 1e-9, "{compat:?}: ended at {rw}, goes on from {start}");
        for parameter in &ended.parameters {
            let found = again.parameters.iter().find(|other| other.name == parameter.name).unwrap().start;
            let slack = 1e-12 * parameter.value.abs().max(1.0);
            assert!(
                (found - parameter.value).abs() < slack,
                "{}: {found}, ended at {}",
                parameter.name,
                parameter.value
            );
        }
    }
}

fn bodies_job(more: &str) -> Job {
    job(&format!(
        r#"(structure: "start.cif", data: (file: "known.gr", rmin: 1.0, rmax: 10.0, qmax: 24.0), molecules: (exclude: ["Co"]), {more})"#
    ))
}

const POSE: &str = r#"set: { "qdamp": 0.04, "a": 9.35, "Uiso.C": 0.0075,
    "movex.N1A": 0.12, "movey.N1A": -0.1, "movez.N1A": 0.05, "turnx.N1A": 6.0, "turny.N1A": -4.0, "turnz.N1A": 8.0,
    "movex.N1B": -0.15, "movey.N1B": 0.04, "movez.N1B": 0.11, "turnx.N1B": -7.0, "turny.N1B": 3.0, "turnz.N1B": 5.0,
    "movex.N1C": 0.1, "movey.N1C": 0.1, "movez.N1C": -0.1, "turnx.N1C": 5.0, "turny.N1C": -5.0, "turnz.N1C": 6.0 }"#;

/// Three molecules that were moved by 0.15 Å and turned by 10 degrees, in a cell that grew: all twenty numbers come back.
#[test]
fn molecules_come_back_as_rigid_bodies() {
    let truth = bodies_job(POSE);
    let observed = measured(&truth, &molecular());
    let job = bodies_job(
        r#"set: { "qdamp": 0.04 }, refine: { "a": (), "Uiso.C": (), "move.molecules": (), "turn.molecules": () }"#,
    );
    let outcome = refined(&job, &molecular(), &observed);
    println!("Rw {:.1e} from {:.3}, {} iterations", outcome.rw, outcome.history[0].rw, outcome.iterations);
    assert!(
        outcome.converged && outcome.rw < 1e-6 && outcome.history[0].rw > 0.1,
        "{}, Rw {}",
        outcome.stop,
        outcome.rw
    );
    assert_eq!(outcome.parameters.len(), 20);
    for (name, want) in truth.set.iter().filter(|(name, _)| name != "qdamp") {
        let found = value(&outcome, name);
        assert!((found - want).abs() < 1e-4 * want.abs().max(0.1), "{name} = {found}, not {want}");
    }
}

/// The structure that is written holds the moved atoms, and the job beside it goes on from there with every motion at 0.
#[test]
fn rigid_bodies_go_on_from_where_they_ended() {
    let observed = measured(&bodies_job(POSE), &molecular());
    let job = bodies_job(
        r#"set: { "qdamp": 0.04, "move.N1C": 0.05 }, refine: { "a": (), "move.C3H3N2": (sigma: 0.2), "turn.C3H3N2": (sigma: 9.0) },
        ties: ["turnz.N1C = 0.5 * turnz.N1A + 1.5"], fit: (max_iterations: 2)"#,
    );
    let ended = refined(&job, &molecular(), &observed);
    assert_eq!(ended.iterations, 2, "{}", ended.stop);
    let model = read::structure(write::cif(&ended.phases[0].model).as_bytes(), "refined.cif").unwrap().value;
    let next = read::job::job(&ended.refined_job, "refined.ron").unwrap();
    assert!(next.set.contains(&("move.N1C".to_owned(), 0.0)), "{:?}", next.set);
    let again = refined(&next, &model, &observed);
    println!("Rw {} at the end, {} at the next start, {} at its end", ended.rw, again.history[0].rw, again.rw);
    assert!((again.history[0].rw - ended.rw).abs() < 1e-9 && again.rw < ended.rw);
    let motions: Vec<_> = again.parameters.iter().filter(|parameter| parameter.name != "a").collect();
    assert!(motions.len() == 13 && motions.iter().all(|parameter| parameter.start.abs() < 1e-12), "{motions:?}");
}

/// No atom moves when a molecule of two turns about its own line: the fit goes on without that direction.
#[test]
fn a_turn_about_a_line_is_left_alone() {
    let told = |more: &str| {
        job(&format!(
            r#"(structure: "start.cif", data: (file: "known.gr", rmin: 1.0, rmax: 8.0, qmax: 22.0), molecules: (exclude: ["Co"]), {more})"#
        ))
    };
    let model = cyanide(0.445, 0.012);
    let observed = measured(&told(r#"set: { "move.CN": 0.08, "turnx.CN": 9.0, "turnz.CN": -6.0 }"#), &model);
    let outcome = refined(&told(r#"refine: { "move.CN": (), "turn.CN": () }"#), &model, &observed);
    println!("Rw {:.1e} from {:.3}: {}", outcome.rw, outcome.history[0].rw, outcome.stop);
    assert!(
        outcome.converged && outcome.rw < 1e-6 && outcome.history[0].rw > 0.05,
        "{}, Rw {}",
        outcome.stop,
        outcome.rw
    );
    assert!(outcome.determined.directions == 5, "{:?}", outcome.determined);
}
