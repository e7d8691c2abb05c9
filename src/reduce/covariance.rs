//! Covariance of G(r): neighbouring points are made of the same F(Q).

use std::f64::consts::{FRAC_2_PI, PI};

use nalgebra::{DMatrix, DVector};

use crate::reduction::Reduced;

/// G(r) with the covariance of its points.
#[derive(Debug, Clone, PartialEq)]
pub struct CovarianceOfG {
    /// Distances, Å.
    pub r: Vec<f64>,
    /// G(r) there, 1/Å².
    pub g: Vec<f64>,
    /// Covariance of all points with each other, 1/Å⁴.
    pub covariance: DMatrix<f64>,
}

/// The distances that hold all of G(r) once: `r = k π / qmax` from `rmin` to `rmax`, Å. Between them G(r) is interpolated.
pub fn nodes(reduced: &Reduced) -> Vec<f64> {
    let settings = &reduced.settings;
    let step = PI / settings.qmax.unwrap_or(f64::INFINITY);
    let (first, last) = ((settings.rmin / step).ceil().max(1.0), (settings.rmax / step * (1.0 + 1e-12)).floor());
    (first as usize..=last as usize).map(|k| k as f64 * step).collect()
}

/// G(r) and its covariance at the distances `r` (Å).
///
/// ```text
/// Cov G(r_i, r_j) = Σ_kl T_ik Cov F(Q_k, Q_l) T_jl,      T_ik = (2/π) ΔQ_k M(Q_k) sin(Q_k r_i)
/// ```
///
/// M is the window, Cov F the [`crate::reduction::Covariance`] of the reduction, 1/Å². `None` where the sample came without uncertainties.
/// Where points are nearer to each other than those of [`nodes`] the matrix has no inverse.
///
/// ```
/// use corefine::pattern::{Abscissa, Pattern};
/// use corefine::reduce::{Reducer, covariance, nodes};
/// use corefine::reduction::Reduction;
///
/// let q: Vec<f64> = (1..=1200).map(|k| 0.02 * f64::from(k)).collect();
/// let nickel = "Ni".parse().unwrap();
/// let intensity: Vec<f64> = q.iter().map(|q| 50.0 * corefine::scattering::xray::f0(nickel, *q).unwrap().powi(2)).collect();
/// let pattern = Pattern {
///     name: "gas.chi".to_owned(), abscissa: Some(Abscissa::Q), x: q, uncertainty: intensity.iter().map(|i| i.sqrt()).collect(),
///     intensity, wavelength: None, warnings: Vec::new(),
/// };
/// let settings = Reduction { composition: "Ni".to_owned(), ..Reduction::default() };
/// let reduced = Reducer::new(&settings).unwrap().reduce(&pattern, None).unwrap();
/// // The diagonal is dG², and neighbours are not independent.
/// let near = covariance(&reduced, &reduced.r[100..103]).unwrap().covariance;
/// assert!((near[(0, 0)].sqrt() / reduced.dg[100] - 1.0).abs() < 2e-3);
/// assert!(near[(0, 1)] > 0.9 * near[(0, 0)]);
/// assert_eq!(covariance(&reduced, &nodes(&reduced)).unwrap().r.len(), 229);
/// ```
pub fn covariance(reduced: &Reduced, r: &[f64]) -> Option<CovarianceOfG> {
    if reduced.dg.is_empty() {
        return None;
    }
    let transform = transform(reduced, r);
    let mut weighted = transform.clone();
    weighted.column_iter_mut().zip(&reduced.covariance.own).for_each(|(mut column, own)| column *= *own);
    let mut covariance = weighted * transform.transpose();
    let sums = |column: &[f64]| &transform * DVector::from_column_slice(&column[..transform.ncols()]);
    for [a, b] in &reduced.covariance.shared {
        let product = sums(a) * sums(b).transpose();
        covariance += &product + product.transpose();
    }
    // Rounding is not symmetric.
    let covariance = 0.5 * (&covariance + covariance.transpose());
    Some(CovarianceOfG { r: r.to_vec(), g: sums(&reduced.f).as_slice().to_vec(), covariance })
}

fn transform(reduced: &Reduced, r: &[f64]) -> DMatrix<f64> {
    let settings = &reduced.settings;
    let qmax = settings.qmax.unwrap_or(f64::INFINITY);
    DMatrix::from_fn(r.len(), reduced.transformed(), |i, k| {
        let q = reduced.q[k];
        FRAC_2_PI * reduced.widths[k] * settings.window.at(q, qmax) * (q * r[i]).sin()
    })
}
