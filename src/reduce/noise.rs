//! Counting statistics on their way to F(Q) and G(r), with what the polynomial makes of them.

use super::grid::Grid;
use super::polynomial::dot;

/// Standard uncertainty of F(Q) after the polynomial fit, from independent ones before it, `df`:
///
/// with the fit's projection `H = Σ_m h_m v_m v_mᵀ`, the diagonal of `(1 - H) Σ (1 - H)`.
pub(super) fn of_f(grid: &Grid, df: &[f64]) -> Vec<f64> {
    let variance: Vec<f64> = df.iter().map(|d| d * d).collect();
    let inner = inner(grid, &variance);
    let (basis, share) = (&grid.polynomials.basis, &grid.polynomials.share);
    let at = |k: usize| {
        let v: Vec<f64> = basis.iter().zip(share).map(|(v, h)| h * v[k]).collect();
        let cross: f64 = basis.iter().zip(&v).map(|(basis, v)| basis[k] * v).sum();
        (variance[k] * (1.0 - 2.0 * cross) + quadratic(&inner, &v)).max(0.0).sqrt()
    };
    (0..df.len()).map(at).collect()
}

/// Standard uncertainty of G(r) from independent ones `df` of F(Q) before the polynomial fit. With the weights `w` of the
/// transform and `T = w sin(Q r)`:
///
/// `dG² = Σ_k df_k² [T_k - Σ_m h_m (Σ_l T_l v_ml) v_mk]²`
///
/// At `r = 0`, where G vanishes with all its noise, it is 0.
pub(super) fn of_g(grid: &Grid, df: &[f64]) -> Vec<f64> {
    let variance: Vec<f64> = df.iter().map(|d| d * d).collect();
    let mut squares = of_sum(grid, &variance);
    for (square, change) in squares.iter_mut().zip(of_polynomial(grid, &variance)) {
        *square += change;
    }
    squares.into_iter().map(|square| square.max(0.0).sqrt()).collect()
}

/// `Σ_k variance_k T_k²`, by `sin² x = (1 - cos 2x) / 2`.
fn of_sum(grid: &Grid, variance: &[f64]) -> Vec<f64> {
    let halves: Vec<f64> = grid.weights.iter().zip(variance).map(|(w, v)| 0.5 * w * w * v).collect();
    let whole: f64 = halves.iter().sum();
    let waves = grid.doubled.as_ref().map_or_else(Vec::new, |doubled| doubled.cosines(&halves));
    waves.into_iter().map(|wave| whole - wave).collect()
}

/// What the polynomial changes in the variance of G, at the near distances.
fn of_polynomial(grid: &Grid, variance: &[f64]) -> Vec<f64> {
    let Some(near) = &grid.near else { return Vec::new() };
    let weighted = |v: &[f64], extra: &[f64]| -> Vec<f64> {
        grid.weights.iter().zip(v).zip(extra).map(|((w, v), extra)| w * v * extra).collect()
    };
    let ones = vec![1.0; grid.weights.len()];
    let transforms = |extra: &[f64]| -> Vec<Vec<f64>> {
        grid.polynomials.basis.iter().map(|v| near.sines(&weighted(v, extra))).collect()
    };
    let (plain, noisy) = (transforms(&ones), transforms(variance));
    let inner = inner(grid, variance);
    let change = |j: usize| {
        let c: Vec<f64> = plain.iter().zip(&grid.polynomials.share).map(|(t, h)| h * t[j]).collect();
        let cross: f64 = c.iter().zip(&noisy).map(|(c, d)| c * d[j]).sum();
        quadratic(&inner, &c) - 2.0 * cross
    };
    (0..grid.near_distances).map(change).collect()
}

/// `Σ_k variance_k v_mk v_nk`.
fn inner(grid: &Grid, variance: &[f64]) -> Vec<Vec<f64>> {
    let basis = &grid.polynomials.basis;
    let weighted = |v: &[f64]| -> Vec<f64> { v.iter().zip(variance).map(|(v, s)| v * s).collect() };
    basis.iter().map(|m| weighted(m)).map(|m| basis.iter().map(|n| dot(&m, n)).collect()).collect()
}

fn quadratic(matrix: &[Vec<f64>], v: &[f64]) -> f64 {
    matrix.iter().zip(v).map(|(row, v_m)| v_m * dot(row, v)).sum()
}
