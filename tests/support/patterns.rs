//! Patterns of a made-up structure, as a detector counts them.

use corefine::pattern::{Abscissa, Pattern};
use corefine::reduction::Reduction;

/// Distances (Å) and numbers of neighbours of a made-up structure, with one width (Å) for all.
const SHELLS: [(f64, f64); 5] = [(2.5, 1.2), (3.5, 0.6), (4.3, 1.6), (5.0, 1.0), (7.0, 0.8)];
const WIDTH: f64 = 0.09;

/// `F(Q) = Σ N sin(Q d) / d · exp(-(Q σ)² / 2)` of that structure, 1/Å.
pub fn true_f(q: f64) -> f64 {
    SHELLS.iter().map(|(d, n)| n * (q * d).sin() / d).sum::<f64>() * (-(q * WIDTH).powi(2) / 2.0).exp()
}

/// What a detector counts of it at `q`, without noise: the sample, an amorphous background, and `slope` times what grows with Q as
/// Compton scattering does.
pub fn counted(q: f64, slope: f64) -> (f64, f64) {
    let f2 = corefine::scattering::xray::f0("Ni".parse().unwrap(), q).unwrap().powi(2);
    let background = 3000.0 * (-((q - 1.5) / 0.8).powi(2)).exp() + 900.0 / (1.0 + 0.1 * q);
    let sample = 20.0 * f2 * (1.0 + true_f(q) / q) + slope * q / (1.0 + 0.05 * q);
    (sample + 0.7 * background, background)
}

pub fn made(name: &str, q: &[f64], intensity: Vec<f64>) -> Pattern {
    let uncertainty = intensity.iter().map(|i| i.sqrt()).collect();
    Pattern {
        name: name.to_owned(),
        abscissa: Some(Abscissa::Q),
        x: q.to_vec(),
        intensity,
        uncertainty,
        wavelength: None,
        warnings: Vec::new(),
    }
}

/// The points of a detector: equal steps in angle, so uneven ones in Q.
pub fn points() -> Vec<f64> {
    (1..=1300).map(|k| 4.0 * std::f64::consts::PI / 0.2 * (0.0004 * f64::from(k)).sin() + 0.3).collect()
}

pub fn nickel() -> Reduction {
    Reduction {
        composition: "Ni".to_owned(),
        bgscale: 0.7,
        qmin: 0.6,
        qmax: Some(24.0),
        qmaxinst: Some(28.0),
        rmax: 20.0,
        ..Reduction::default()
    }
}
