//! Comparisons in Q: the same structure as in r, its derivatives, its noise, and the glass of ZIF-4 as it was measured.

mod support;

use std::f64::consts::PI;
use std::fs;

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::forward::Forward;
use corefine::job::{Compare, Job};
use corefine::lm::Flow;
use corefine::model::Model;
use corefine::objective::{Noise, Target};
use corefine::observed::{Form, InQ, Observed};
use corefine::outcome::{Outcome, ParameterResult};
use corefine::params::Binding;
use corefine::read;
use corefine::window::Window;
use support::curves::{in_q, of_in_q, state};
use support::{of_repository, reference};

const QMAX: f64 = 22.0;

fn nickel() -> Model {
    read::structure(&fs::read(of_repository("models/ni.ron")).unwrap(), "ni.ron").unwrap().value
}

fn job(more: &str, refine: &str) -> Job {
    let text = format!(
        r#"(structure: "ni.ron", data: (file: "ni.fq", rmin: 1.5, rmax: 12, radiation: xray, qmax: {QMAX}, {more}),
            set: {{ {} }}, refine: {{ {refine} }})"#,
        if refine.contains("qdamp") { "" } else { "\"qdamp\": 0.04" }
    );
    read::job::job(&text, "job.ron").unwrap_or_else(|error| panic!("{error}"))
}

fn measured(model: &Model, df: f64) -> Observed {
    let clean = in_q(&state(model, &job("", "")), QMAX);
    let df = if df > 0.0 { vec![df; clean.q.len()] } else { vec![] };
    of_in_q(InQ { df, ..clean }, QMAX)
}

fn refine(job: Job, model: Model, observed: Observed) -> Outcome {
    let inputs = Inputs::of(job, model, observed);
    Setup::new(inputs).unwrap_or_else(|e| panic!("{e}")).refine(&mut Cpu, &mut |_| Flow::Continue).unwrap()
}

fn parameter<'a>(outcome: &'a Outcome, name: &str) -> &'a ParameterResult {
    outcome.parameters.iter().find(|parameter| parameter.name == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_known_structure_is_found_in_q_as_in_r() {
    let mut truth = nickel();
    truth.cell = corefine::model::Cell { a: 3.53, b: 3.53, c: 3.53, ..truth.cell };
    let data = measured(&truth, 0.0);
    for compare in ["G", "F", "S"] {
        for grid in ["Data", "Nyquist"] {
            let more = format!("compare: {compare}, grid: {grid}");
            let outcome =
                refine(job(&more, r#""a": (), "scale": (start: 0.8), "Uiso.Ni": ()"#), nickel(), data.clone());
            let a = parameter(&outcome, "a");
            println!(
                "{compare} {grid}: a {} Rw {} of {} points, {}",
                a.value, outcome.rw, outcome.data[0].points, outcome.stop
            );
            assert!(outcome.converged, "{compare} {grid}");
            // What is left is the sum that ends six ripples past rmax: 5e-4 of the largest |G|.
            assert!((a.value - 3.53).abs() < 2e-4 && outcome.rw < 0.02, "{compare} {grid}: {} {}", a.value, outcome.rw);
            assert_eq!(outcome.data[0].in_q.is_some(), compare != "G");
        }
    }
}

/// Uncertainties of G(r) say nothing of F(Q) on their own, and a user who gave them is told so.
#[test]
fn uncertainties_of_the_other_form_are_told_of() {
    let data = measured(&nickel(), 0.0);
    let with = Observed { dg: vec![0.1; data.g.len()], form: Form::G, in_q: None, ..data };
    let told = |compare: &str| {
        let outcome = refine(job(&format!("compare: {compare}"), r#""scale": ()"#), nickel(), with.clone());
        outcome
            .warnings
            .iter()
            .any(|text| text.starts_with("ni.fq gives uncertainties of G(r), none of what is compared"))
    };
    assert!(told("F") && !told("G"));
}

/// Each derivative of the residuals against central differences of fourth order.
#[test]
fn derivatives_in_q() {
    let model = nickel();
    let data = measured(&model, 0.05);
    for compare in ["F", "S"] {
        let names = ["scale", "a", "Uiso.Ni", "delta2", "qdamp", "qbroad", "occ.Ni"];
        let refine = names.map(|name| format!("\"{name}\": ()")).join(", ");
        let refine = refine
            .replace("\"qbroad\": ()", "\"qbroad\": (start: 0.02)")
            .replace("\"qdamp\": ()", "\"qdamp\": (start: 0.04)");
        let job = job(&format!("compare: {compare}, soper_lorch: 0.1"), &refine);
        let crystal = expand::crystal(&model).unwrap();
        let binding = Binding::new(&job, &model, &crystal).unwrap();
        let p = binding.start();
        let state = binding.state(&p).unwrap();
        let target = Target::select(&data, job.data(), Some(QMAX), false).unwrap();
        assert_eq!(target.noise, Noise::File);
        let mut forward = Forward::new(&Measurement::of(job.data(), target.r.clone(), 0.01), &state).unwrap();
        let tangents = binding.tangents(&state, &p).unwrap();
        let jacobian = target.jacobian(&forward.curves(&state, &tangents, &mut Cpu).unwrap().columns);
        assert_eq!(jacobian.shape(), (target.points(), names.len()));
        for (k, name) in names.iter().enumerate() {
            let h = 1e-4 * p[k].abs().max(0.01);
            let mut at = |steps: f64| {
                let mut p = p.clone();
                p[k] += steps * h;
                target.residuals(&forward.curves(&binding.state(&p).unwrap(), &[], &mut Cpu).unwrap().g)
            };
            let [far, near, behind, back] = [2.0, 1.0, -1.0, -2.0].map(&mut at);
            let column = jacobian.column(k);
            let largest = column.amax();
            let mut worst = 0.0_f64;
            for j in 0..target.points() {
                let difference = (8.0 * (near[j] - behind[j]) - (far[j] - back[j])) / (12.0 * h);
                worst = worst.max((difference - column[j]).abs() / largest);
            }
            println!("{compare} {name}: {worst:.1e} of {largest:.3e}");
            assert!(worst < 1e-6, "{compare} {name}: {worst:e}");
        }
    }
}

/// Noise on the points of F(Q): what is compared has the spread that the target says.
#[test]
fn noise_of_the_points_is_that_of_what_is_compared() {
    let clean = measured(&nickel(), 0.03);
    let job = job("compare: F", "");
    let target = |data: &Observed| Target::select(data, job.data(), Some(QMAX), false).unwrap();
    let truth = target(&clean);
    let mut state = 11_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let mut normal = || (-2.0 * uniform().ln()).sqrt() * (2.0 * PI * uniform()).cos();
    let in_q = clean.in_q.clone().unwrap();
    let mut sum = vec![0.0; truth.points()];
    let sets = 60;
    for _ in 0..sets {
        let f = in_q.f.iter().map(|f| f + 0.03 * normal()).collect();
        let noisy = target(&of_in_q(InQ { f, ..in_q.clone() }, QMAX));
        for ((sum, a), (b, d)) in sum.iter_mut().zip(noisy.values()).zip(truth.values().iter().zip(&truth.dg)) {
            *sum += ((a - b) / d).powi(2);
        }
    }
    let mean = sum.iter().sum::<f64>() / (sets * truth.points()) as f64;
    println!("mean square of the pulls: {mean:.3}; oversampling {:.1}", truth.oversampling);
    // 60 sets of 74 independent points each: 2 %. F is taken to be straight between its points, which smooths its noise a little.
    assert!((mean - 1.0).abs() < 0.08, "{mean}");
    assert!((truth.oversampling - 150.02 / 10.5).abs() < 0.01, "{}", truth.oversampling);
}

/// Whatever the grid, fits in F(Q) and in G(r) with even noise are one fit: Parseval.
#[test]
fn even_noise_makes_the_same_fit_of_both() {
    let mut truth = nickel();
    truth.sites[0].adp = Some(corefine::model::Adp::Iso(0.007));
    let mut data = measured(&truth, 0.0);
    if let Some(in_q) = &mut data.in_q {
        // Something that no structure explains.
        in_q.q.iter().zip(&mut in_q.f).for_each(|(q, f)| *f += 0.15 * (2.9 * q).sin() * (-0.02 * q * q).exp());
    }
    let data = of_in_q(data.in_q.unwrap(), QMAX);
    let fit = |compare: &str| {
        let more = format!("compare: {compare}, grid: Nyquist");
        refine(job(&more, r#""a": (), "scale": (), "Uiso.Ni": ()"#), nickel(), data.clone())
    };
    let (in_r, in_q) = (fit("G"), fit("F"));
    for name in ["a", "scale", "Uiso.Ni"] {
        let (a, b) = (parameter(&in_r, name), parameter(&in_q, name));
        let (esd, other) = (a.esd.unwrap(), b.esd.unwrap());
        println!("{name}: {} +- {esd} in r, {} +- {other} in Q", a.value, b.value);
        assert!((a.value - b.value).abs() < 0.5 * esd && (other / esd - 1.0).abs() < 0.3, "{name}");
    }
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let data = measured(&nickel(), 0.0);
    let mut job = job("compare: S", "");
    job.data_mut().qmax = None;
    let error = Target::select(&data, job.data(), None, false).unwrap_err().to_string();
    assert!(error.contains("a comparison in Q needs qmax"), "{error}");
    job.data_mut().qmin = Some(21.99);
    let error = Target::select(&data, job.data(), Some(QMAX), false).unwrap_err().to_string();
    assert!(error.contains("points of Q between 21.99 and 22 1/Å are too few"), "{error}");
    assert_eq!(job.data().compare, Compare::S);
    let text = r#"(structure: "ni.ron", data: (file: "a", rmin: 1, rmax: 9, compare: Q))"#;
    let error = read::job::job(text, "job.ron").unwrap_err().to_string();
    assert!(error.contains("unknown choice `Q`"), "{error}");
}

/// The glass, its zinc free but drawn to the crystal by 0.1 Å, from what the program was given in Q and in r.
fn glass(data: &str) -> Option<Outcome> {
    let text = format!(
        r#"(structure: "zif4_glass/ZIF-4_DFT_relaxed.cif", symmetry: P1,
            data: (file: "zif4_glass/ZIF4glassa_31.{data}, rmin: 1.0, rmax: 4.5, normalisation: SquareMean, radiation: xray),
            refine: {{ "scale": (start: 0.9), "a": (), "b": (), "c": (), "Uiso.Zn": (), "Uiso.N": (), "Uiso.C": (),
                       "xyz.Zn": (sigma: 0.1) }})"#
    );
    let job = read::job::job(&text, "glass.ron").unwrap_or_else(|error| panic!("{error}"));
    let structure = fs::read(reference(&job.phase().structure)?).unwrap();
    let bytes = fs::read(reference(&job.data().file)?).unwrap();
    let model = read::structure(&structure, &job.phase().structure).unwrap().value;
    let observed = read::observed::observed_for(&bytes, &job.data().file, job.data()).unwrap();
    let outcome = refine(job, model, observed);
    println!("{data}: Rw {:.4}, {} iterations, {}", outcome.rw, outcome.iterations, outcome.stop);
    for parameter in outcome.parameters.iter().take(10) {
        println!("    {:8} {}", parameter.name, corefine::report::esd::format(parameter.value, parameter.esd));
    }
    Some(outcome)
}

/// Coordinates of zinc: how far two fits are apart, in their esds (those of the same data: no more than one of them) and in Å.
fn apart(one: &Outcome, other: &Outcome) -> (usize, f64, f64, f64) {
    let edges = one.phases[0].model.cell.parameters();
    let axis = |name: &str| ["x.", "y.", "z."].iter().position(|axis| name.starts_with(axis));
    let pairs: Vec<(f64, f64)> = one
        .parameters
        .iter()
        .filter_map(|a| {
            let (b, axis) = (parameter(other, &a.name), axis(&a.name)?);
            let apart = b.value - a.value;
            Some((apart / a.esd?.max(b.esd?), apart * edges[axis]))
        })
        .collect();
    let rms = |of: &dyn Fn(&(f64, f64)) -> f64| {
        (pairs.iter().map(|pair| of(pair).powi(2)).sum::<f64>() / pairs.len() as f64).sqrt()
    };
    let most = pairs.iter().fold(0.0_f64, |top, pair| top.max(pair.0.abs()));
    (pairs.len(), rms(&|pair| pair.0), most, rms(&|pair| pair.1))
}

/// dG as large as the misfit, and dF that Parseval makes of it: 0.13 sqrt(π/2 · 3.5/22.7).
#[test]
fn the_glass_in_f_and_in_d() {
    let Some(in_d) = glass(r#"dofr", soper_lorch: 0.1, qmax: 23.3625, dg: 0.13"#) else { return };
    for (how, bound) in [
        (r#"int01", compare: F, soper_lorch: 0.1, qmax: 23.3625, dg: 0.064"#, 1.0),
        (r#"int01", compare: F, qmax: 23.3625, dg: 0.064"#, 1.0),
        (r#"int01", soper_lorch: 0.1, qmax: 23.3625, dg: 0.13"#, 1.0),
        // Counting statistics: what the model gets wrong at low Q outweighs all else, and zinc is not determined.
        (r#"int01", compare: F, soper_lorch: 0.1, qmax: 23.3625"#, f64::INFINITY),
    ] {
        let Some(other) = glass(how) else { return };
        let (count, rms, most, angstroms) = apart(&in_d, &other);
        println!(
            "{how} against D(r): {count} coordinates of zinc, rms {rms:.2}, most {most:.2} esds; rms {angstroms:.3} Å"
        );
        if bound.is_infinite() {
            assert_eq!(count, 0, "{how}");
        } else {
            assert!(count == 48 && most < bound && angstroms < 0.02, "{how}: {count} {most} {angstroms}");
        }
    }
}

/// Our transform of the `.int01` and the `.dofr` that lay beside it, at three temperatures: equal to a third of a percent once both end
/// at the same Q. What is left are Gudrun's bins in r and Q, and what it holds below its first Q.
#[test]
fn the_glass_transformed_here_and_there() {
    for temperature in [31, 199, 301] {
        let read_all = |ending: &str| {
            Some(fs::read(reference(&format!("zif4_glass/ZIF4glassa_{temperature}.{ending}"))?).unwrap())
        };
        let (Some(int01), Some(dofr)) = (read_all("int01"), read_all("dofr")) else { return };
        let d = read::observed::observed(&dofr, "a.dofr").unwrap();
        let i = read::observed::reciprocal(&int01, "a.int01").unwrap();
        for (qmax, width, bound) in [(23.3625, 0.1, 0.005), (23.975, 0.1, 0.025), (23.3625, 0.08, 0.1)] {
            let ours = i.to_observed(0.0, qmax, &d.r, Window::SoperLorch(width));
            let rms = |from: f64, to: f64, of: &dyn Fn(usize) -> f64| {
                let inside: Vec<usize> = (0..d.r.len()).filter(|k| d.r[*k] > from && d.r[*k] < to).collect();
                (inside.iter().map(|k| of(*k).powi(2)).sum::<f64>() / inside.len() as f64).sqrt()
            };
            let apart = |from, to| rms(from, to, &|k| d.g[k] - ours.g[k]) / rms(from, to, &|k| d.g[k]);
            let parts = [(0.0, 1.0), (1.0, 4.5), (4.5, 10.0), (10.0, 20.0), (20.0, 40.0)].map(|(a, b)| apart(a, b));
            println!("{temperature} °C, qmax {qmax}, width {width}: rms over that of D in five ranges {parts:.4?}");
            assert!(parts[1] < bound && parts[1] > 0.2 * bound, "{temperature} {qmax} {width}: {parts:?}");
        }
    }
}
