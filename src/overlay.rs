//! A computed curve over a measured one: how near they come, with nothing fitted but the scale.
//!
//! ```text
//! s = Σ y c / Σ c²        Rw² = Σ (y - s c)² / Σ y²
//! ```
//!
//! y: measured, c: computed at the measured points. A curve in Q is compared as F(Q), with
//! `F(Q) = ∫ G(r) sin(Qr) dr` up to the end of the computed G(r); one in r as G(r).

use std::f64::consts::FRAC_PI_2;

use serde::Serialize;

use crate::forms::{FormError, Route, convert};
use crate::interpolate::cubic;
use crate::observed::{Form, Tabulated};
use crate::transform::sine_transform;
use crate::window::Window;

/// Both curves at the measured points.
#[derive(Debug, Clone, Serialize)]
pub struct Overlay {
    /// The measured file.
    pub file: String,
    /// Was it compared in Q?
    pub in_q: bool,
    /// The scale on the computed curve.
    pub scale: f64,
    /// No unit.
    pub rw: f64,
    /// r in Å, or Q in 1/Å.
    pub x: Vec<f64>,
    /// Measured G(r) or F(Q).
    pub observed: Vec<f64>,
    /// Computed, times the scale.
    pub calculated: Vec<f64>,
}

/// Why curves cannot lie over each other.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OverlayError {
    /// The measured curve cannot be brought to G or F.
    #[error("{0}: {1}")]
    Form(String, FormError),
    /// They have nothing in common.
    #[error("{0}: fewer than three points lie where both curves are; look at --rmin, --rmax and --range")]
    Apart(String),
}

/// Lays a computed G(r) (r in Å, even steps) over a measured curve between `range` (Å or 1/Å).
///
/// # Errors
/// See [`OverlayError`].
pub fn overlay(r: &[f64], g: &[f64], measured: &Tabulated, range: Option<[f64; 2]>) -> Result<Overlay, OverlayError> {
    let in_q = measured.form.in_q();
    let form = if in_q { Form::FofQ } else { Form::G };
    let curve =
        convert(measured, form, &Route::default()).map_err(|error| OverlayError::Form(measured.name.clone(), error))?;
    let [from, to] = range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    let ends = if in_q { (0.0, f64::INFINITY) } else { (r[0], r[r.len() - 1]) };
    let inside = |x: &f64| (from.max(ends.0)..=to.min(ends.1)).contains(x);
    let (x, observed): (Vec<f64>, Vec<f64>) =
        curve.x.iter().zip(&curve.y).filter(|(x, _)| inside(x)).map(|(x, y)| (*x, *y)).unzip();
    if x.len() < 3 {
        return Err(OverlayError::Apart(measured.name.clone()));
    }
    let computed: Vec<f64> = if in_q {
        sine_transform(r, g, &x, 0.0, f64::INFINITY, Window::None).into_iter().map(|f| FRAC_PI_2 * f).collect()
    } else {
        x.iter().map(|x| cubic(r, g, *x)).collect()
    };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = product(&observed, &computed) / product(&computed, &computed);
    let calculated: Vec<f64> = computed.iter().map(|c| scale * c).collect();
    let off: Vec<f64> = observed.iter().zip(&calculated).map(|(y, c)| y - c).collect();
    let rw = (product(&off, &off) / product(&observed, &observed)).sqrt();
    Ok(Overlay { file: measured.name.clone(), in_q, scale, rw, x, observed, calculated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::observed::tabulated;

    /// A wave of Q = 7 that dies out: its F(Q) is known, and a curve of twice the height lies over it with scale 2.
    #[test]
    fn a_known_curve_lies_over_itself_in_both_spaces() {
        let r: Vec<f64> = (0..6000).map(|k| 0.01 * f64::from(k)).collect();
        let g: Vec<f64> = r.iter().map(|r| (7.0 * r).sin() * (-0.2 * r).exp()).collect();
        let lorentz = |q: f64| 0.1 / (0.04 + (q - 7.0_f64).powi(2)) - 0.1 / (0.04 + (q + 7.0).powi(2));
        let rows: String = (1..200)
            .map(|k| 0.1 * f64::from(k))
            .flat_map(|q| [q.to_string(), format!(" {}\n", 2.0 * lorentz(q))])
            .collect();
        let f = tabulated(format!("# form = F\n#L Q F\n{rows}").as_bytes(), "f.fq").unwrap();
        let found = overlay(&r, &g, &f, None).unwrap();
        assert!((found.scale - 2.0).abs() < 1e-3 && found.rw < 1e-3, "{} {}", found.scale, found.rw);
        let rows: String = r
            .iter()
            .zip(&g)
            .skip(100)
            .step_by(3)
            .flat_map(|(r, g)| [r.to_string(), format!(" {}\n", 3.0 * g)])
            .collect();
        let measured = tabulated(format!("#L r G\n{rows}").as_bytes(), "g.gr").unwrap();
        let found = overlay(&r, &g, &measured, Some([1.0, 20.0])).unwrap();
        assert!((found.scale - 3.0).abs() < 1e-6 && found.rw < 1e-6 && !found.in_q, "{} {}", found.scale, found.rw);
        assert!(overlay(&r, &g, &measured, Some([70.0, 90.0])).is_err());
    }
}
