//! Names, ties and starts that once gave a wrong number without a word.

mod support;

use corefine::expand;
use corefine::job::Job;
use corefine::model::{Adp, Model};
use corefine::params::{BindError, Binding};
use support::curves::refining;
use support::structures::{self, operators, site_with};

fn model(cell: [f64; 6], group: &[&str]) -> Model {
    let sites = vec![
        site_with("N1", "N", [0.1, 0.2, 0.3], Adp::Iso(0.04)),
        site_with("N2", "N", [0.6, 0.7, 0.1], Adp::Iso(0.04)),
        site_with("O1", "O", [0.3, 0.5, 0.6], Adp::Iso(0.01)),
    ];
    structures::model(cell, operators(group), sites)
}

fn job(refine: &[&str], ties: &[&str]) -> Job {
    Job { ties: ties.iter().map(|&tie| tie.to_owned()).collect(), ..refining(refine, "") }
}

fn bind(model: &Model, job: &Job) -> Result<Binding, BindError> {
    Binding::new(job, model, &expand::crystal(model).unwrap())
}

const OBLIQUE: [f64; 6] = [6.0, 6.5, 7.0, 90.0, 105.0, 90.0];

#[test]
fn a_tie_follows_a_number_under_either_of_its_names() {
    let model = model(OBLIQUE, &["x,y,z"]);
    let binding = bind(&model, &job(&["x.O1"], &["z.O1 = x.O"])).unwrap();
    let values = binding.values(&[0.35]).unwrap();
    let z = binding.variables().iter().position(|variable| variable.name == "z.O1").unwrap();
    assert_eq!(values[z], 0.35);
    assert_eq!(binding.gradients(&[0.35]).unwrap()[z][&0], 1.0);
}

#[test]
fn a_tie_to_a_part_of_a_refined_number_is_refused() {
    let model = model(OBLIQUE, &["x,y,z"]);
    let error = bind(&model, &job(&["Uiso.N"], &["Uiso.O = Uiso.N1"])).unwrap_err();
    assert!(matches!(error, BindError::Overlap { .. }), "{error}");
}

#[test]
fn what_has_no_derivative_at_zero_needs_a_start() {
    let model = model(OBLIQUE, &["x,y,z"]);
    for name in ["qdamp", "qbroad", "spdiameter"] {
        let error = bind(&model, &job(&[name], &[])).unwrap_err();
        assert!(matches!(error, BindError::NeedsStart { .. }), "{error}");
    }
}

#[test]
fn tensors_do_not_depend_on_the_order_of_the_job() {
    let model = model(OBLIQUE, &["x,y,z"]);
    let one = bind(&model, &job(&["beta", "U.O1"], &[])).unwrap();
    let two = bind(&model, &job(&["U.O1", "beta"], &[])).unwrap();
    let (p, mut q) = (one.start(), two.start());
    let mut p = p;
    p[0] += 2.0;
    q[6] += 2.0;
    let tensor = |binding: &Binding, p: &[f64]| binding.state(p).unwrap().model.sites[2].adp.unwrap();
    assert_eq!(tensor(&one, &p), tensor(&two, &q));
    let Adp::Aniso(u) = tensor(&one, &p) else { panic!("no tensor") };
    for (value, start) in u.iter().zip(&one.start()[1..]) {
        assert!((value - start).abs() < 1e-15, "the structure's {value} is not the parameter's {start}");
    }
}

#[test]
fn a_tensor_that_breaks_its_site_symmetry_is_the_same_for_curve_and_fit() {
    let mut model = model([5.0, 5.0, 6.0, 90.0, 90.0, 90.0], &["x,y,z", "-x,-y,z", "-y,x,z", "y,-x,z"]);
    model.sites = vec![site_with("N1", "N", [0.0, 0.0, 0.0], Adp::Iso(0.01))];
    model.sites[0].adp = Some(Adp::Aniso([0.004, 0.03, 0.01, 0.0, 0.0, 0.0]));
    let crystal = expand::crystal(&model).unwrap();
    let state = bind(&model, &job(&["scale"], &[])).unwrap().state(&[1.0]).unwrap();
    assert!((state.crystal.atoms[0].u - crystal.atoms[0].u).abs().max() < 1e-15);
}

#[test]
fn a_tied_value_that_cannot_be_is_noticed() {
    let model = model(OBLIQUE, &["x,y,z"]);
    let binding = bind(&model, &job(&["Uiso.N"], &["Uiso.O = Uiso.N - 0.03"])).unwrap();
    assert!(binding.ties_allowed(&binding.values(&[0.04]).unwrap()));
    assert!(!binding.ties_allowed(&binding.values(&[0.025]).unwrap()));
}
