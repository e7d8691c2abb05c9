//! Every shipped model on the GPU and on the CPU: the curve, and each column of the Jacobian.
//!
//! The aim is 1e-5 of the largest value of the curve or column. The engine's own bound (point by point, on its rows) is
//! held by the `check` engine; here it is asked what is left of it after baseline, weights and truncation, which is what a
//! refinement sees. Without an adapter the tests say so and pass; with `COREFINE_REQUIRE_GPU=1` they fail.
#![cfg(feature = "gpu")]

mod support;

use std::fs;
use std::time::Instant;

use corefine::curve::{Curves, Measurement};
use corefine::engine::check::Check;
use corefine::engine::gpu::Gpu;
use corefine::engine::{Cpu, Engine};
use corefine::expand;
use corefine::forward::Forward;
use corefine::job::Weights;
use corefine::model::Model;
use corefine::params::Binding;
use corefine::read;
use support::curves::{apart, hundredths, refining, xrays};
use support::gpu::gpu;
use support::of_repository;

/// Largest difference in units of the curve's, or column's, largest value.
const AIM: f64 = 1e-5;

/// The shipped models by file name.
fn shipped() -> Vec<(String, Model)> {
    let mut models: Vec<(String, Model)> = fs::read_dir(of_repository("models"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ron"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .map(|(name, path)| (name.clone(), read::structure(&fs::read(path).unwrap(), &name).unwrap().value))
        .collect();
    models.sort_by(|a, b| a.0.cmp(&b.0));
    models
}

/// What a user would refine: scale and cell, U by element, and of the flagship the positions of Co.
fn names(model: &Model) -> Vec<String> {
    let mut names: Vec<String> = vec!["scale".into(), "a".into(), "delta2".into(), "qdamp".into(), "qbroad".into()];
    let mut elements: Vec<&str> = model.sites.iter().map(|site| site.species.element.symbol()).collect();
    elements.sort_unstable();
    elements.dedup();
    names.extend(elements.iter().map(|element| format!("Uiso.{element}")));
    if elements.contains(&"Co") {
        names.extend(["b", "c", "xyz.Co"].map(str::to_owned));
    }
    names
}

fn measurement(model: &Model, weights: Weights) -> Measurement {
    // Software adapters need seconds for what a CPU does at once: the flagship is seen as far as the demo fits it.
    let last = if model.sites.len() > 10 { 450 } else { 1000 };
    Measurement { weights, ..xrays(0.1, 23.5, hundredths(100, last)) }
}

fn binding(model: &Model) -> Binding {
    let job = refining(&names(model), r#"set: { "qdamp": 0.069, "qbroad": 0.02, "delta2": 1.5 }"#);
    Binding::new(&job, model, &expand::crystal(model).unwrap()).unwrap()
}

fn curves(model: &Model, measurement: &Measurement, engine: &mut dyn Engine) -> Curves {
    let binding = binding(model);
    let p = binding.start();
    let state = binding.state(&p).unwrap();
    let tangents = binding.tangents(&state, &p).unwrap();
    let clock = Instant::now();
    let curves = Forward::new(measurement, &state).unwrap().curves(&state, &tangents, engine).unwrap();
    println!("    {}: {:.2} s", engine.name(), clock.elapsed().as_secs_f64());
    curves
}

fn hold(name: &str, model: &Model, weights: Weights, gpu: &mut Gpu) {
    let measurement = measurement(model, weights);
    let (got, want) = (curves(model, &measurement, gpu), curves(model, &measurement, &mut Cpu));
    let curve = apart(&got.g, &want.g);
    let binding = binding(model);
    let names: Vec<&str> = binding.free.iter().map(|free| binding.variables()[free.variable].name.as_str()).collect();
    let columns: Vec<f64> =
        (0..names.len()).map(|k| apart(got.columns.column(k).as_slice(), want.columns.column(k).as_slice())).collect();
    let worst = (0..names.len()).max_by(|a, b| columns[*a].total_cmp(&columns[*b])).unwrap();
    println!(
        "{name}, {weights:?}: curve {curve:.1e}, worst column {} {:.1e} of {}",
        names[worst],
        columns[worst],
        names.len()
    );
    assert!(curve <= AIM, "{name}: the curve differs by {curve:e} of its largest value");
    for (column, parameter) in columns.iter().zip(names) {
        assert!(*column <= AIM, "{name}: column {parameter} differs by {column:e} of its largest value");
    }
}

#[test]
fn the_gpu_agrees_on_every_shipped_model() {
    let Some(mut gpu) = gpu() else { return };
    let models = shipped();
    assert!(models.iter().any(|(name, _)| name == "co_zif62.ron"), "the flagship is missing");
    for (name, model) in &models {
        hold(name, model, Weights::Exact, &mut gpu);
    }
}

#[test]
fn the_gpu_agrees_with_one_weight_per_pair() {
    let Some(mut gpu) = gpu() else { return };
    let (name, model) = shipped().swap_remove(0);
    hold(&name, &model, Weights::F0, &mut gpu);
}

/// `check` holds every point of every row to the engine's bound, and hands on what the CPU computed.
#[test]
fn check_passes_and_returns_what_the_cpu_computed() {
    let Some(gpu) = gpu() else { return };
    let (_, model) = shipped().swap_remove(0);
    let measurement = measurement(&model, Weights::Exact);
    let mut check = Check::new(gpu);
    let got = curves(&model, &measurement, &mut check);
    let worst = check.worst().expect("compared");
    println!("check: {worst}, {:.3} of the bound", worst.ratio());
    assert!(worst.ratio() <= 1.0);
    assert_eq!(got, curves(&model, &measurement, &mut Cpu));
}
