//! Ensembles from F(Q) and S(Q): the noise of what is compared, the same answer as in r, and the truth inside the intervals.

mod support;

use std::f64::consts::{FRAC_2_PI, PI};

use corefine::ensemble::{Ensemble, Method, Plan};
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::job::Job;
use corefine::lm::Flow;
use corefine::model::{Cell, Model};
use corefine::noise::correlated_in_q;
use corefine::observed::{InQ, Observed};
use corefine::outcome::{EnsembleResult, Interval};
use corefine::read;
use corefine::sample::Random;
use support::curves::{in_q, job, of_in_q, state};
use support::structures::shipped;

const QMAX: f64 = 22.0;
/// Noise of each point of F(Q), 1/Å.
const NOISE: f64 = 0.4;
/// The edge of the truth, Å, and how far one of four atoms is from its place, along x.
const EDGE: f64 = 3.53;
const MOVED: f64 = 0.25;

/// Nickel in P1, one atom moved.
fn truth() -> Model {
    let mut model = expand::to_p1(&shipped("ni"));
    model.cell = Cell { a: EDGE, b: EDGE, c: EDGE, ..model.cell };
    model.sites[1].position.0.x += MOVED / EDGE;
    model
}

/// F(Q) of it with even noise, and the uncertainty of G(r) that this makes.
fn data(truth: &Model) -> Observed {
    let clean = in_q(&state(truth, &job(r#"set: { "qdamp": 0.04 }"#)), QMAX);
    let mut random = Random::new(32, 0);
    let f = clean.f.iter().map(|f| f + NOISE * random.normal()).collect();
    let df = vec![NOISE; clean.q.len()];
    let mut observed = of_in_q(InQ { f, df, q: clean.q }, QMAX);
    // Σ (2/π ΔQ dF)² sin², half of it on average.
    let step = PI / 150.0;
    observed.dg = vec![FRAC_2_PI * NOISE * (step * QMAX / 2.0).sqrt(); observed.r.len()];
    observed
}

fn setup(truth: &Model, compare: &str, refine: &str) -> Setup {
    let text = format!(
        r#"(structure: "ni.ron", symmetry: P1,
            data: (file: "ni.fq", rmin: 1.6, rmax: 6, radiation: xray, qmax: {QMAX}, compare: {compare}, grid: Nyquist),
            set: {{ "qdamp": 0.04 }}, refine: {{ {refine} }}, bonds: [(pair: "Ni-Ni", cutoff: 2.6, neighbours: 12)])"#
    );
    let job: Job = read::job::job(&text, "job.ron").unwrap_or_else(|error| panic!("{error}"));
    Setup::new(Inputs::of(job, shipped("ni"), data(truth))).unwrap_or_else(|error| panic!("{error}"))
}

fn made(truth: &Model, (compare, refine): (&str, &str), method: Method, members: usize) -> EnsembleResult {
    let plan = Plan { method, members, seed: 5, chains: 4 };
    let ensemble = Ensemble::new(setup(truth, compare, refine), plan).unwrap();
    let members = ensemble.run(&[], &|_| Flow::Continue).unwrap();
    ensemble.result(&members, 0.0).unwrap()
}

fn said(what: &str, result: &EnsembleResult) {
    println!("{what}: noise {:.2}, Rw {:.4}, {} members", result.noise, result.rw, result.members);
    for bonds in &result.bonds {
        println!("    broken {:?}, R {:?}, {:.0} independent", bonds.fraction_interval90, bonds.r_hat, bonds.effective);
    }
    for parameter in &result.parameters {
        println!(
            "    {:8} {:.5} ± {:.5} {:.5?}",
            parameter.name, parameter.value.median, parameter.sd, parameter.value.interval90
        );
    }
}

fn value<'a>(result: &'a EnsembleResult, name: &str) -> (&'a Interval, f64) {
    let found = result.parameters.iter().find(|parameter| parameter.name == name);
    let found = found.unwrap_or_else(|| panic!("no {name}"));
    (&found.value, found.sd)
}

/// Unit variance, as much of one piece of information as the oversampling says, and no distance that is not compared.
#[test]
fn noise_in_q_has_the_distances_that_are_compared() {
    let (rmin, rmax) = (1.6, 6.0);
    let q: Vec<f64> = (1..=2200).map(|k| 0.01 * f64::from(k)).collect();
    let mut random = Random::new(3, 0);
    let (draws, mut squares, mut inside, mut outside) = (300, 0.0, 0.0, 0.0);
    for _ in 0..draws {
        let noise = correlated_in_q(&q, (rmin, rmax), QMAX, || random.normal());
        squares += noise.iter().map(|n| n * n).sum::<f64>() / q.len() as f64;
        let power = |r: f64| q.iter().zip(&noise).map(|(q, n)| n * (q * r).sin()).sum::<f64>().powi(2);
        inside += [2.0, 3.0, 4.0, 5.6].map(power).iter().sum::<f64>();
        outside += [0.5, 1.0, 7.0, 8.0].map(power).iter().sum::<f64>();
    }
    let square = squares / f64::from(draws);
    println!("variance {square:.3}; distances outside over inside {:.4}", outside / inside);
    // Some 31 independent values in each: 300 sets know their variance to 1.5 %.
    assert!((square - 1.0).abs() < 0.06, "{square}");
    assert!(outside < 0.02 * inside, "{}", outside / inside);
}

const CELL: &str = r#""scale": (), "a": (), "Uiso.Ni": ()"#;

/// Plain fits of perturbed data are spread as far in Q as in r, where the noise is the same.
#[test]
fn perturbed_data_spread_as_far_in_q_as_in_r() {
    let truth = shipped_p1();
    let g = made(&truth, ("G", CELL), Method::Noise, 200);
    said("G", &g);
    for compare in ["F", "S"] {
        let f = made(&truth, (compare, CELL), Method::Noise, 200);
        said(compare, &f);
        for name in ["scale", "a", "Uiso.Ni"] {
            let ((in_r, sd), (in_q, other)) = (value(&g, name), value(&f, name));
            // Two spreads of 200 are known to 5 % each; S(Q) weighs points otherwise, by 1/Q.
            let bounds = if compare == "F" { 0.75..1.33 } else { 0.4..2.5 };
            assert!(bounds.contains(&(other / sd)), "{compare} {name}: {other} {sd}");
            assert!((in_r.median - in_q.median).abs() < sd.max(other), "{compare} {name}");
        }
    }
}

const ATOMS: &str = r#""scale": (), "a": (), "b": (), "c": (), "Uiso.Ni": (), "xyz.Ni": ()"#;

/// Chains find the atom that was moved: its bonds, and the edges, whichever way the same data are compared.
#[test]
fn chains_in_q_hold_the_truth() {
    let structure = truth();
    let crystal = expand::crystal(&structure).unwrap();
    let list = corefine::histogram::bonds(&shipped_p1(), &expand::crystal(&shipped_p1()).unwrap(), &bonds()).unwrap();
    let measured = corefine::histogram::measure(&list, &crystal, &bonds(), None);
    println!("truth: {} of {} beyond 2.6 Å, mean {:.4}", measured.fraction * measured.n, measured.n, measured.mean);
    let results = ["G", "F"].map(|compare| made(&structure, (compare, ATOMS), Method::Hamiltonian, 240));
    ["G", "F"].iter().zip(&results).for_each(|(compare, result)| said(compare, result));
    for (compare, result) in ["G", "F"].iter().zip(&results) {
        let bonds = &result.bonds[0];
        let [low, high] = bonds.fraction_interval90;
        assert!(low <= measured.fraction && measured.fraction <= high, "{compare}: {low} {high}");
        // 90 % is 1.645 standard deviations: one set may be as far off as three of them.
        let [low, high] = bonds.mean.interval90;
        let off = (bonds.mean.median - measured.mean).abs() / ((high - low) / 3.29);
        println!("{compare}: mean off by {off:.1} standard deviations");
        assert!(off < 3.0, "{compare}: {low} {high}, {}", measured.mean);
        assert!(bonds.r_hat.is_some_and(|r_hat| r_hat < 1.2), "{compare}");
        assert!((0.6..1.6).contains(&result.noise), "{compare}: {}", result.noise);
    }
    let [g, f] = results;
    for name in ["a", "Uiso.Ni"] {
        let ((in_r, sd), (in_q, other)) = (value(&g, name), value(&f, name));
        assert!((0.6..1.7).contains(&(other / sd)), "{name}: {other} {sd}");
        assert!((in_r.median - in_q.median).abs() < 0.7 * sd.max(other), "{name}");
    }
}

fn shipped_p1() -> Model {
    expand::to_p1(&shipped("ni"))
}

fn bonds() -> corefine::job::Bonds {
    corefine::job::Bonds { cutoff: 2.6, neighbours: 12, ..corefine::job::Bonds::of("Ni-Ni") }
}
