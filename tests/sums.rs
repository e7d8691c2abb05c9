//! The two ways to sum over pairs, held together: pair by pair, which is the definition, and through the nodes of a
//! lattice of distances. A tensor that differs from an isotropic U by nothing that counts keeps a crystal off the nodes.
//!
//! Bounds, in units of the largest value of the curve or column: nodes are 0.03 of the narrowest σ apart, so that a
//! peak is right to 6e-8 of its top, and its derivatives, which bend more, to some 1e-7.

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::forward::Forward;
use corefine::job::{Compat, Job, Normalisation, Weights};
use corefine::model::{Adp, Model};
use corefine::observed::Radiation;
use corefine::params::Binding;
use corefine::read;

const CURVE: f64 = 1e-7;
const COLUMN: f64 = 1e-6;

fn flagship() -> Model {
    let bytes = include_bytes!("../models/co_zif62.ron");
    expand::to_p1(&read::structure(bytes, "co_zif62.ron").unwrap().value)
}

/// The same with one atom's U written as a tensor that is not quite isotropic.
fn off_the_nodes(mut model: Model) -> Model {
    let site = model.sites.iter_mut().find(|site| site.species.element.symbol() == "O").unwrap();
    let Some(Adp::Iso(u)) = site.adp else { panic!("the flagship's U are isotropic") };
    site.adp = Some(Adp::Aniso([u, u, u, 0.0, 0.0, 1e-13]));
    model
}

fn measurement(rmax: f64, compat: Compat) -> Measurement {
    let r: Vec<f64> = (100..=(rmax * 100.0) as i32).map(|m| f64::from(m) * 0.01).collect();
    Measurement {
        radiation: Radiation::Xray,
        weights: Weights::Exact,
        normalisation: Normalisation::MeanSquared,
        compat,
        qmin: 0.0,
        qmax: Some(23.5),
        soper_lorch: None,
        data_rmin: r[0],
        r,
    }
}

/// The largest difference in units of the largest value.
fn difference(got: &[f64], want: &[f64]) -> f64 {
    let largest = want.iter().fold(0.0_f64, |top, value| top.max(value.abs()));
    got.iter().zip(want).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max) / largest
}

/// Curve and columns for a model.
fn curves(model: &Model, job: &Job, rmax: f64) -> (Vec<String>, Vec<f64>, Vec<Vec<f64>>) {
    let crystal = expand::crystal(model).unwrap();
    let binding = Binding::new(job, model, &crystal).unwrap();
    let p = binding.start();
    let state = binding.state(&p).unwrap();
    let tangents = binding.tangents(&state, &p).unwrap();
    let mut forward = Forward::new(&measurement(rmax, Compat::None), &state).unwrap();
    let curves = forward.curves(&state, &tangents, &mut Cpu).unwrap();
    // A second structure: what was kept from the first must not be used.
    let moved: Vec<f64> = p.iter().map(|p| p + 1e-3).collect();
    let state = binding.state(&moved).unwrap();
    let g = [curves.g, forward.curves(&state, &[], &mut Cpu).unwrap().g].concat();
    let names = binding.free.iter().map(|free| binding.variables()[free.variable].name.clone()).collect();
    (names, g, curves.columns.column_iter().map(|column| column.iter().copied().collect()).collect())
}

fn compare(refine: &str, more: &str, rmax: f64) {
    let text = format!(
        r#"(structure: "co_zif62.ron", data: (file: "noiseless", rmin: 1, rmax: {rmax}, radiation: xray), refine: {{ {refine} }}, {more})"#
    );
    let job: Job = read::job::job(&text, "job.ron").unwrap();
    let (names, got, columns) = curves(&flagship(), &job, rmax);
    let (_, want, expected) = curves(&off_the_nodes(flagship()), &job, rmax);
    let worst = difference(&got, &want);
    println!("{refine} to {rmax} Å: curve {worst:.1e}");
    assert!(worst < CURVE, "{worst:e}");
    assert!(worst > 1e-12, "both went the same way");
    for ((name, got), want) in names.iter().zip(&columns).zip(&expected) {
        let worst = difference(got, want);
        println!("  {name}: {worst:.1e}");
        assert!(worst < COLUMN, "{name}: {worst:e}");
    }
}

#[test]
fn cell_widths_and_single_atoms() {
    compare(
        r#""scale": (), "a": (), "b": (), "c": (), "Uiso.Co": (), "Uiso.N": (), "Uiso.C": (), "xyz.Co1_2": ()"#,
        "",
        14.0,
    );
}

#[test]
fn corrections_and_a_second_u() {
    compare(
        r#""delta2": (start: 1.5), "qbroad": (start: 0.02), "qdamp": (start: 0.05), "spdiameter": (start: 60), "Uiso2.Co": (start: 0.02), "b": ()"#,
        r#"beyond: { "Co": 4.7 }"#,
        14.0,
    );
}

#[test]
fn occupancies_of_a_kind_and_of_one_atom() {
    compare(r#""occ.N": (), "occ.Co1_2": (start: 0.9), "delta1": (start: 0.3)"#, "", 9.0);
}
