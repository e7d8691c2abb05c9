//! The flagship's refinement on its own noiseless data: 416 atoms in P1, 56 parameters, 1.0-4.5 Å. Only some 26 numbers
//! are in such data, so the parameters need not come back; the curve must.

mod support;

use corefine::engine::Cpu;
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::job::Job;
use corefine::lm::Flow;
use corefine::model::Model;
use corefine::observed::{Form, Header, Observed};
use corefine::read;
use support::curves::{curve, hundredths, job, state, xrays};
use support::structures::shipped;

fn flagship() -> Model {
    expand::to_p1(&shipped("co_zif62"))
}

/// Its G(r) as data without noise.
fn data(model: &Model) -> Observed {
    let r = hundredths(100, 450);
    let state = state(model, &job(r#"set: { "qdamp": 0.069 }"#));
    let g = curve(&state, &xrays(0.1, 23.5, r.clone()), &mut Cpu);
    let header = Header { qmin: Some(0.1), qmax: Some(23.5), qdamp: Some(0.069), ..Header::default() };
    Observed { name: "noiseless".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![] }
}

/// Moves every Co by about `by` Å along each axis, the same way at every run.
fn displace(model: &mut Model, by: f64) {
    let mut seed = 1_u64;
    let mut uniform = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let edges = [model.cell.a, model.cell.b, model.cell.c];
    for site in model.sites.iter_mut().filter(|site| site.species.element.symbol() == "Co") {
        for (axis, edge) in edges.iter().enumerate() {
            // Twelve uniform numbers less their mean: variance 1.
            let normal: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            site.position.0[axis] += by * normal / edge;
        }
    }
}

#[test]
fn fifty_six_parameters_reach_the_curve_from_displaced_atoms() {
    let mut model = flagship();
    let observed = data(&model);
    displace(&mut model, 0.1);
    let job: Job = read::job::job(
        r#"(
            structure: "co_zif62.ron",
            data: (file: "noiseless", rmin: 1, rmax: 4.5, radiation: xray),
            refine: { "scale": (), "a": (), "b": (), "c": (), "xyz.Co": (), "Uiso.Co": (), "Uiso.N": (), "Uiso.C": (), "Uiso.O": () },
            bonds: [(pair: "Co-N")],
        )"#,
        "flagship.ron",
    )
    .unwrap();
    let inputs = Inputs { job, model, observed, files: vec![], warnings: vec![] };
    let mut seen = Vec::new();
    let outcome = Setup::new(inputs)
        .unwrap()
        .refine(&mut Cpu, &mut |progress| {
            seen.push(progress.rw);
            if progress.rw < 1e-4 { Flow::Stop } else { Flow::Continue }
        })
        .unwrap();
    println!(
        "Rw {:.1e} after {} iterations, {:.2} s; from {:.3}",
        outcome.rw, outcome.iterations, outcome.seconds, seen[0]
    );
    assert_eq!(outcome.parameters.len(), 56);
    assert!(seen[0] > 0.1 && outcome.rw < 1e-4, "{seen:?}");
    assert!(outcome.iterations <= 60, "{}", outcome.iterations);
}
