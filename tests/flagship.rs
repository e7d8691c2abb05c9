//! The flagship's refinement on its own noiseless data: 416 atoms in P1, 56 parameters, 1.0-4.5 Å. Only some 26 numbers
//! are in such data, so the parameters need not come back; the curve must.

mod support;

use corefine::curve::Curves;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::forward::Forward;
use corefine::job::Job;
use corefine::lm::Flow;
use corefine::model::Model;
use corefine::observed::{Form, Header, Observed};
use corefine::params::Binding;
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
    Observed { name: "noiseless".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![], in_q: None }
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

/// The 56 parameters.
const FREE: &str =
    r#""scale": (), "a": (), "b": (), "c": (), "xyz.Co": (), "Uiso.Co": (), "Uiso.N": (), "Uiso.C": (), "Uiso.O": ()"#;

/// Curve and columns at the start and, with what was kept from there, a little beside it.
fn curves(job: &Job, model: &Model, r: &[f64]) -> [Curves; 2] {
    let binding = Binding::new(job, model, &expand::crystal(model).unwrap()).unwrap();
    let start = binding.start();
    let mut forward = Forward::new(&xrays(0.1, 23.5, r.to_vec()), &binding.state(&start).unwrap()).unwrap();
    [0.0, 1e-3].map(|by| {
        let p: Vec<f64> = start.iter().map(|value| value + by).collect();
        let state = binding.state(&p).unwrap();
        forward.curves(&state, &binding.tangents(&state, &p).unwrap(), &mut Cpu).unwrap()
    })
}

/// On the data's grid and on Nyquist's.
#[test]
fn the_last_bit_does_not_hang_on_the_number_of_threads() {
    let job = job(&format!("refine: {{ {FREE} }}"));
    let nyquist: Vec<f64> = (0..27).map(|k| 1.0 + std::f64::consts::PI / 23.5 * f64::from(k)).collect();
    for r in [hundredths(100, 450), nyquist] {
        let [one, two, seven] = [1, 2, 7].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| curves(&job, &flagship(), &r))
        });
        assert_eq!(one[0].columns.shape(), (r.len(), 56));
        assert!(one == two && one == seven);
    }
}

#[test]
fn fifty_six_parameters_reach_the_curve_from_displaced_atoms() {
    let mut model = flagship();
    let observed = data(&model);
    displace(&mut model, 0.1);
    let text = format!(
        r#"(
            structure: "co_zif62.ron",
            data: (file: "noiseless", rmin: 1, rmax: 4.5, radiation: xray),
            refine: {{ {FREE} }},
            bonds: [(pair: "Co-N")],
        )"#
    );
    let job: Job = read::job::job(&text, "flagship.ron").unwrap();
    let inputs = Inputs::of(job, model, observed);
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
