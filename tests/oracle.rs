//! PDFfit2's own curves, reproduced in its compatibility mode.

mod support;

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::forward::Forward;
use corefine::job::{Compat, Job, Normalisation, Weights};
use corefine::observed::Radiation;
use corefine::params::Binding;
use corefine::read;

/// The largest difference from PDFfit2's curve for the 296-atom Co ZIF-62, in units of the largest |G|.
fn difference(qmax: Option<f64>, range: &str) -> Option<f64> {
    let name = format!("oracle/ZIF62_Co_296_qmax{}_qdamp0.069_r{range}.gr", qmax.unwrap_or(0.0));
    let stru = std::fs::read(support::reference("oracle/ZIF62_Co_296.stru")?).unwrap();
    let model = read::structure(&stru, "ZIF62_Co_296.stru").unwrap().value;
    let text = support::reference_text(&name)?;
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect();
    let r: Vec<f64> = rows.iter().map(|row| row[0]).collect();
    let measurement = Measurement {
        radiation: Radiation::Xray,
        weights: Weights::F0,
        normalisation: Normalisation::MeanSquared,
        compat: Compat::PdfFit2,
        qmin: 0.0,
        qmax,
        soper_lorch: None,
        data_rmin: r[0],
        r,
    };
    let job: Job =
        ron::from_str(r#"(structure: "", data: (file: "", rmin: 1, rmax: 9), set: { "qdamp": 0.069 })"#).unwrap();
    let crystal = expand::crystal(&model).unwrap();
    let state = Binding::new(&job, &model, &crystal).unwrap().state(&[]).unwrap();
    let got = Forward::new(&measurement, &state).unwrap().curves(&state, &[], &mut Cpu).unwrap().g;
    let largest = rows.iter().map(|row| row[1].abs()).fold(0.0, f64::max);
    let worst = got.iter().zip(&rows).map(|(g, row)| (g - row[1]).abs()).fold(0.0, f64::max) / largest;
    eprintln!("{name}: {worst:.1e} of the largest |G| {largest:.3}");
    Some(worst)
}

#[test]
fn untruncated_curves_agree_to_1e_5() {
    for range in ["1-4.5", "1-20"] {
        assert!(difference(None, range).is_none_or(|worst| worst < 1e-5));
    }
}

#[test]
fn truncated_curves_agree_to_1e_3() {
    for range in ["1-4.5", "1-20"] {
        assert!(difference(Some(23.5), range).is_none_or(|worst| worst < 1e-3));
    }
}
