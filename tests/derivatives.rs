//! Every derivative of G(r), column by column, against central differences; the curve against an independent sum.

mod support;

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::forward::Forward;
use corefine::job::{Compat, Job, Molecules, Normalisation, Vary, Weights};
use corefine::lines::Sum;
use corefine::model::{Adp, Beyond, Model, Profile};
use corefine::observed::Radiation;
use corefine::params::Binding;
use corefine::sums::Sums;
use corefine::units::Frac;
use support::curves::{hundredths, refining, xrays};
use support::structures::{model, molecular, operators, site_with};

/// An oblique cell with an inversion centre, tensors, a half-filled site and a second U: nothing about it is special.
fn triclinic() -> Model {
    let mut sites = vec![
        site_with("Co1", "Co", [0.11, 0.23, 0.31], Adp::Aniso([0.012, 0.018, 0.009, 0.002, -0.003, 0.001])),
        site_with("N1", "N", [0.37, 0.12, 0.05], Adp::Iso(0.011)),
        site_with("N2", "N", [0.81, 0.62, 0.55], Adp::Iso(0.016)),
        site_with("O1", "O2-", [0.45, 0.71, 0.22], Adp::Aniso([0.02, 0.01, 0.015, -0.001, 0.002, 0.003])),
    ];
    sites[1].beyond = Some(Beyond { rcut: 4.0, uiso: 0.02 });
    sites[2].occ = 0.5;
    let profile = Profile { scale: 0.9, delta2: 1.2, spdiameter: 40.0, ..Profile::default() };
    Model { profile, ..model([5.1, 6.3, 7.2, 83.0, 97.0, 108.0], operators(&["x,y,z", "-x,-y,-z"]), sites) }
}

fn job(names: &[&str]) -> Job {
    refining(names, r#"set: { "qdamp": 0.05, "qbroad": 0.03 }"#)
}

fn measurement(radiation: Radiation, weights: Weights, normalisation: Normalisation, compat: Compat) -> Measurement {
    let r = (100..900).step_by(7).map(|m| f64::from(m) * 0.01).collect();
    let exact = Measurement { radiation, weights, normalisation, compat, ..xrays(0.7, 21.3, r) };
    match compat {
        Compat::None => Measurement { soper_lorch: Some(0.1), ..exact },
        Compat::PdfFit2 => Measurement { qmin: 0.0, ..exact },
    }
}

const NAMES: [&str; 22] = [
    "scale", "a", "b", "c", "alpha", "beta", "gamma", "xyz.Co1", "xyz.N", "x.O1", "y.O1", "z.O1", "U.Co1", "U11.O1",
    "U13.O1", "Uiso.N", "Uiso2.N1", "occ.N2", "occ.O1", "delta2", "qdamp", "qbroad",
];

fn check(job: &Job, model: &Model, measurement: &Measurement) {
    let mut crystal = expand::crystal(model).unwrap();
    if let Some(molecules) = &job.phase().molecules {
        expand::molecules(model, &mut crystal, molecules).unwrap();
    }
    let binding = Binding::new(job, model, &crystal).unwrap();
    let p = binding.start();
    let state = binding.state(&p).unwrap();
    let mut forward = Forward::new(measurement, &state).unwrap();
    let tangents = binding.tangents(&state, &p).unwrap();
    let curves = forward.curves(&state, &tangents, &mut Cpu).unwrap();
    let mut at = |p: &[f64]| forward.curves(&binding.state(p).unwrap(), &[], &mut Cpu).unwrap().g;
    // The same sums in another order: the matrix products are blocked by the number of columns.
    assert!(at(&p).iter().zip(&curves.g).all(|(a, b)| (a - b).abs() < 1e-12));
    for (k, free) in binding.free.iter().enumerate() {
        let variable = &binding.variables()[free.variable];
        let name = &variable.name;
        // Steps of some 3e-4 Å, as near as the unit tells; motions of molecules start at 0.
        let least = match variable.unit {
            "°" => 100.0,
            "Å" => 3.0,
            _ => 0.01,
        };
        let h = 1e-4 * p[k].abs().max(least);
        let moved = |steps: f64| {
            let mut p = p.clone();
            p[k] += steps * h;
            p
        };
        // Fourth order in h: the truncation error of a second-order difference would hide an error of 1e-6.
        let [two, one, minus, minus_two] = [2.0, 1.0, -1.0, -2.0].map(|steps| at(&moved(steps)));
        let scale = curves.columns.column(k).amax().max(1e-12);
        for m in 0..measurement.r.len() {
            let difference = (8.0 * (one[m] - minus[m]) - (two[m] - minus_two[m])) / (12.0 * h);
            let got = curves.columns[(m, k)];
            assert!(
                (got - difference).abs() < 2e-6 * scale,
                "{name} at r {}: {got} against {difference}, largest {scale}",
                measurement.r[m]
            );
        }
    }
}

#[test]
fn derivatives_match_central_differences_with_exact_weights() {
    for normalisation in [Normalisation::MeanSquared, Normalisation::SquareMean] {
        check(&job(&NAMES), &triclinic(), &measurement(Radiation::Xray, Weights::Exact, normalisation, Compat::None));
    }
}

#[test]
fn derivatives_match_central_differences_for_neutrons() {
    let measurement = measurement(Radiation::Neutron, Weights::F0, Normalisation::MeanSquared, Compat::None);
    let mut names = NAMES.to_vec();
    names.push("spdiameter");
    check(&job(&names), &triclinic(), &measurement);
}

#[test]
fn derivatives_match_central_differences_in_pdffit2_mode() {
    let mut measurement = measurement(Radiation::Xray, Weights::F0, Normalisation::MeanSquared, Compat::PdfFit2);
    measurement.r = hundredths(100, 899);
    let model = triclinic();
    let crystal = expand::crystal(&model).unwrap();
    let job = job(&NAMES);
    let binding = Binding::new(&job, &model, &crystal).unwrap();
    let p = binding.start();
    let state = binding.state(&p).unwrap();
    let mut forward = Forward::new(&measurement, &state).unwrap();
    let tangents = binding.tangents(&state, &p).unwrap();
    let curves = forward.curves(&state, &tangents, &mut Cpu).unwrap();
    for k in 0..p.len() {
        // Its peaks end at 5 σ on the nearest grid point: the curve jumps by 4e-6 of a peak when one moves on. A step
        // large against these jumps finds the slope to some 1e-3.
        let h = 2e-3 * p[k].abs().max(0.1);
        let at = |by: f64, forward: &mut Forward| {
            let mut p = p.clone();
            p[k] += by;
            forward.curves(&binding.state(&p).unwrap(), &[], &mut Cpu).unwrap().g
        };
        let (plus, minus) = (at(h, &mut forward), at(-h, &mut forward));
        let column = curves.columns.column(k);
        let error = plus.iter().zip(&minus).zip(column.iter()).map(|((a, b), c)| ((a - b) / (2.0 * h) - c).abs());
        assert!(
            error.fold(0.0, f64::max) < 2e-2 * column.amax(),
            "{}",
            binding.variables()[binding.free[k].variable].name
        );
    }
}

#[test]
fn derivatives_match_central_differences_inside_and_between_molecules() {
    let mut job = job(&["Uinside.N", "Uinside.O1", "Uiso.N", "xyz.N1", "a", "delta1"]);
    job.phase_mut().molecules = Some(Molecules { exclude: vec!["Co".into()], slack: 0.4 });
    job.set.push(("delta2".into(), 0.0));
    let mut model = triclinic();
    model.sites[1].position = Frac::new(0.52, 0.62, 0.12);
    check(&job, &model, &measurement(Radiation::Xray, Weights::Exact, Normalisation::MeanSquared, Compat::None));
}

/// Two rings that move as bodies, one of them cut by the cell's faces and one with a tensor, a molecule that keeps its
/// fractions, and the cell.
fn bodies(shift: f64, turn: f64) -> Job {
    let mut job = job(&["scale", "a", "b", "c", "alpha", "beta", "gamma", "xyz.Co", "Uiso.N1C"]);
    let vary = |start| Vary { start: Some(start), ..Vary::default() };
    job.refine.extend(["move.C3H3N2", "movex.N1C"].map(|name| (name.to_owned(), vary(shift))));
    job.refine.extend(["turn.C3H3N2", "turn.O1C"].map(|name| (name.to_owned(), vary(turn))));
    job.refine[1].1 = vary(9.5);
    job.refine[4].1 = vary(86.0);
    job.ties = vec!["movez.N1C = 0.3 * movex.N1A - 0.02 * turny.N1B + 0.1".into()];
    job.phase_mut().molecules = Some(Molecules { exclude: vec!["Co".into()], ..Molecules::default() });
    job
}

/// By every motion and by the cell, where the bodies lie as in the file and where they are turned by 70 degrees (40 about each
/// axis), in a cell that is not the file's.
#[test]
fn derivatives_match_central_differences_of_rigid_bodies() {
    for (shift, turn) in [(0.0, 0.0), (0.17, 40.0)] {
        check(
            &bodies(shift, turn),
            &molecular(),
            &measurement(Radiation::Xray, Weights::Exact, Normalisation::MeanSquared, Compat::None),
        );
    }
}

/// The same where pairs are shared out among nodes.
#[test]
fn derivatives_match_central_differences_of_rigid_bodies_among_many_pairs() {
    let mut model = molecular();
    model.sites[10].adp = model.sites[9].adp;
    let load = Sums::load(&expand::crystal(&model).unwrap(), Sum::Exact, (45.0, Some(21.3)), &[]);
    assert!(load.streamed > 0.0, "{load:?}");
    check(
        &bodies(0.17, 40.0),
        &model,
        &xrays(0.7, 21.3, (300..4500).step_by(67).map(|m| f64::from(m) * 0.01).collect()),
    );
}
