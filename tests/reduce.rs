//! Reduction of intensities: against the curves of another program, against what was put in, and against noise that was drawn.

mod support;

use corefine::observed::Normalisation;
use corefine::pattern::Pattern;
use corefine::read;
use corefine::read::observed::observed;
use corefine::reduce::Reducer;
use corefine::reduction::{Reduced, Reduction};
use corefine::report::reduced_files;
use support::{reference, reference_text};

/// A pattern of the reference data.
fn pattern(file: &str) -> Option<Pattern> {
    let bytes = std::fs::read(reference(file)?).unwrap();
    Some(read::pattern::pattern(&bytes, file).unwrap())
}

fn reduce(settings: &Reduction, sample: &Pattern, background: Option<&Pattern>) -> Reduced {
    Reducer::new(settings).unwrap().reduce(sample, background).unwrap()
}

/// `sqrt(Σ (got - want)² / Σ want²)` over the points where `from < r`.
fn rw(r: &[f64], got: &[f64], want: &[f64], from: f64) -> f64 {
    let points = || (0..r.len()).filter(|&j| r[j] > from);
    let square = |value: f64| value * value;
    (points().map(|j| square(got[j] - want[j])).sum::<f64>() / points().map(|j| square(want[j])).sum::<f64>()).sqrt()
}

/// Ni.gr is by PDFgetX3 2.0.0: what is left of Rw is its interpolation onto the grid. The other two are by an older version, which
/// seems to have taken a polynomial of the whole degree 8 where ours is of degree 8.31.
#[test]
fn curves_of_nickel_are_those_of_pdfgetx3() {
    for (curve, most) in [("Ni", 0.001), ("Ni-hires", 0.004), ("Ni-lownoise", 0.004)] {
        let Some(theirs) = reference_text(&format!("ni_raw/{curve}.gr")) else { return };
        let (Some(sample), Some(empty)) = (pattern("ni_raw/Ni.chi"), pattern("ni_raw/kapton.chi")) else { return };
        let settings = read::reduction::reduction(&theirs, curve).unwrap().value;
        let ours = reduce(&settings, &sample, Some(&empty));
        let theirs = observed(theirs.as_bytes(), "Ni.gr").unwrap();
        assert_eq!(ours.r.len(), theirs.r.len());
        assert!(ours.r.iter().zip(&theirs.r).all(|(a, b)| (a - b).abs() < 1e-9));
        let rw = rw(&ours.r, &ours.g, &theirs.g, 1.0);
        println!("{curve}: Rw {rw:.6}, degree {:.3}", ours.degree);
        assert!(rw < most, "{curve}: Rw {rw}");
    }
}

#[test]
fn a_curve_is_made_again_from_its_own_header() {
    let (Some(sample), Some(empty)) = (pattern("ni_raw/Ni.chi"), pattern("ni_raw/kapton.chi")) else { return };
    let window = corefine::transform::Window::SoperLorch(0.15);
    let composition = "Ni0.97 O0.03".to_owned();
    let settings =
        Reduction { composition, qmin: 0.85, qmax: Some(23.0), window, bgscale: 0.35, ..Reduction::default() };
    let first = reduced_files(&reduce(&settings, &sample, Some(&empty)));
    let again = read::reduction::reduction(&first[3], "first.gr").unwrap();
    assert_eq!(again.warnings, [""; 0]);
    assert_eq!(reduced_files(&reduce(&again.value, &sample, Some(&empty))), first);

    let curve = observed(first[3].as_bytes(), "first.gr").unwrap();
    assert_eq!((curve.header.qmax, curve.header.qmin, curve.header.bgscale), (Some(23.0), Some(0.85), Some(0.35)));
    assert_eq!(curve.header.program.as_deref(), Some("corefine reduce"));
    assert_eq!(curve.header.normalisation, Some(Normalisation::MeanSquared));
    assert_eq!(curve.header.composition.map(|formula| formula.len()), Some(2));
    assert_eq!((curve.r.len(), curve.dg.len(), curve.warnings.len()), (3001, 3001, 0));
}
