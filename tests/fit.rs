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
use support::structures::{p1, site_with};

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
    let data = &job.data;
    let r = hundredths((data.rmin * 100.0).round() as u32, (data.rmax * 100.0).round() as u32);
    let measurement = Measurement::of(data, r.clone(), r[0]);
    let mut crystal = expand::crystal(model).unwrap();
    if let Some(molecules) = &job.molecules {
        expand::molecules(model, &mut crystal, molecules).unwrap();
    }
    let binding = Binding::new(job, model, &crystal).unwrap();
    let state = binding.state(&binding.start()).unwrap();
    let g = curve(&state, &measurement, &mut Cpu);
    let header = Header::default();
    Observed { name: "known.gr".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![] }
}

fn refined(job: &Job, model: &Model, observed: &Observed) -> Outcome {
    let (job, model, observed) = (job.clone(), model.clone(), observed.clone());
    let inputs = Inputs { job, model, observed, files: vec![], warnings: vec![] };
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
        job.data.compat = compat;
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
    job.data.compat = compat;
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

        let model = read::structure(write::cif(&ended.refined).as_bytes(), "refined.cif").unwrap().value;
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
