//! PDFfit2's own curves, reproduced in its compatibility mode.

mod support;

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::job::{Compat, Weights};
use support::curves::{apart, curve, job, largest, state, xrays};
use support::structures::reference_structure;

/// The largest difference from PDFfit2's curve for the 296-atom Co ZIF-62, in units of the largest |G|.
fn difference(qmax: Option<f64>, range: &str) -> Option<f64> {
    let name = format!("oracle/ZIF62_Co_296_qmax{}_qdamp0.069_r{range}.gr", qmax.unwrap_or(0.0));
    let model = reference_structure("oracle/ZIF62_Co_296.stru")?.value;
    let text = support::reference_text(&name)?;
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect();
    let column = |k: usize| -> Vec<f64> { rows.iter().map(|row| row[k]).collect() };
    let (r, want) = (column(0), column(1));
    let measurement = Measurement { weights: Weights::F0, compat: Compat::PdfFit2, ..xrays(0.0, qmax, r) };
    let state = state(&model, &job(r#"set: { "qdamp": 0.069 }"#));
    let worst = apart(&curve(&state, &measurement, &mut Cpu), &want);
    eprintln!("{name}: {worst:.1e} of the largest |G| {:.3}", largest(&want));
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
