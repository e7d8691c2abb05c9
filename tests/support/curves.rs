//! From a structure to its curve, and curves compared.

use corefine::curve::Measurement;
use corefine::engine::{Cpu, Engine};
use corefine::expand;
use corefine::forms::Even;
use corefine::forward::Forward;
use corefine::job::{Compat, Job, Normalisation, Vary, Weights};
use corefine::model::Model;
use corefine::observed::{Form, Header, InQ, Observed, Radiation};
use corefine::params::{Binding, State};
use corefine::transform::sine_transform;
use corefine::window::Window;

/// A job without files; `more` are its further fields, as RON.
pub fn job(more: &str) -> Job {
    ron::from_str(&format!(r#"#![enable(implicit_some)] (structure: "", data: (file: "", rmin: 1, rmax: 9), {more})"#))
        .unwrap()
}

/// The same with these parameters refined.
pub fn refining(names: &[impl AsRef<str>], more: &str) -> Job {
    let refine = names.iter().map(|name| (name.as_ref().to_owned(), Vary::default())).collect();
    Job { refine, ..job(more) }
}

/// A structure as a job that refines nothing sets it.
pub fn state(model: &Model, job: &Job) -> State {
    Binding::new(job, model, &expand::crystal(model).unwrap()).unwrap().state(&[]).unwrap()
}

/// X-rays with exact weights, from `qmin` to `qmax` (1/Å), at the distances `r` (Å) of data that begin there.
///
/// `qmax` may be `None`: not truncated.
pub fn xrays(qmin: f64, qmax: impl Into<Option<f64>>, r: Vec<f64>) -> Measurement {
    Measurement {
        radiation: Radiation::Xray,
        weights: Weights::Exact,
        normalisation: Normalisation::MeanSquared,
        sample: vec![],
        compat: Compat::None,
        qmin,
        qmax: qmax.into(),
        soper_lorch: None,
        data_rmin: r[0],
        r,
    }
}

/// Distances `first` to `last`, both counted in steps of 0.01 Å.
pub fn hundredths(first: u32, last: u32) -> Vec<f64> {
    (first..=last).map(|m| f64::from(m) * 0.01).collect()
}

/// G(r), 1/Å².
pub fn curve(state: &State, measurement: &Measurement, engine: &mut dyn Engine) -> Vec<f64> {
    Forward::new(measurement, state).unwrap().curves(state, &[], engine).unwrap().g
}

/// F(Q) of a structure up to `qmax`, in steps of π/150 1/Å: from its G(r) to 150 Å, where a qdamp of 0.04 has put an end to it.
pub fn in_q(state: &State, qmax: f64) -> InQ {
    let g = curve(state, &xrays(0.0, qmax, (1..=7500).map(|k| f64::from(k) * 0.02).collect()), &mut Cpu);
    let f = Even { step: 0.02, values: g, resampled: false }.to_q(qmax);
    InQ { q: f.x(), f: f.values, df: vec![] }
}

/// What a reader makes of F(Q) up to `qmax`.
pub fn of_in_q(in_q: InQ, qmax: f64) -> Observed {
    let r: Vec<f64> = (1..=1300).map(|k| f64::from(k) * 0.01).collect();
    let g = sine_transform(&in_q.q, &in_q.f, &r, 0.0, qmax, Window::None);
    let header = Header { qmax: Some(qmax), radiation: Some(Radiation::Xray), ..Header::default() };
    Observed { name: "ni.fq".into(), r, g, dg: vec![], form: Form::FofQ, header, warnings: vec![], in_q: Some(in_q) }
}

/// The largest difference in units of the largest |`want`|.
pub fn apart(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    assert!(got.iter().chain(want).all(|value| value.is_finite()), "not all numbers are finite");
    got.iter().zip(want).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max) / largest(want)
}

/// The largest |G|.
pub fn largest(curve: &[f64]) -> f64 {
    curve.iter().fold(0.0, |top: f64, value| top.max(value.abs()))
}
