//! Truncation in Q and the way back to r, exact at both ends of the window.
//!
//! A damped partial curve `D_ab(r)` on the fine grid of the pair sum is taken to Q, weighted there, and brought back
//! to the distances asked for:
//!
//! ```text
//! F(Q) = Σ_ab W_ab(Q) w(Q) ∫ D_ab(r) sin(Qr) dr          the trapezoidal rule on the grid, step h
//! G(r) = (2/π) ∫_qmin^qmax F(Q) sin(Qr) dQ               Gauss-Legendre
//! ```
//!
//! The first sum converges faster than any power of h, because `D_ab` is smooth on the scale of h; the second is
//! exact to rounding once it has the nodes that the fastest wave asks for, of phase `(qmax - qmin)(r + r')/2`.
//! Both sums are products with a matrix of sines, which is not made where it is large (see [`super::sines`]).
//! `w(Q)` is the window that the data were transformed with, 1 if none.

use nalgebra::{DMatrix, DMatrixView};

use super::quadrature::{gauss_legendre, nodes_for_wave};
use super::sines::Sines;
use crate::engine::Grid;
use crate::window::Window;

/// The linear map from rows on a grid of r, through Q, to the distances asked for.
#[derive(Debug, Clone)]
pub struct Transform {
    /// Nodes of Q, 1/Å.
    pub q: Vec<f64>,
    /// `sin(q r')` at the grid points.
    forward: Sines,
    /// Spacing h of the grid, Å.
    step: f64,
    /// `sin(q r)` at the distances asked for.
    back: Sines,
    /// `(2/π) weight(q) w(q)` at the nodes, 1/Å.
    weight: Vec<f64>,
}

impl Transform {
    /// The map for the window `qmin` to `qmax` (1/Å) from `grid` to the distances `r` (Å).
    ///
    /// `soper_lorch`: width in Å of the window `3 (sin x - x cos x)/x³`, `x = Q Δ` (Soper & Barney 2011,
    /// J. Appl. Cryst. 44, 714), if the data have one.
    pub fn new(grid: &Grid, r: &[f64], qmin: f64, qmax: f64, soper_lorch: Option<f64>) -> Self {
        let farthest = grid.r(grid.n.saturating_sub(1)) + r.iter().copied().fold(0.0, f64::max);
        let nodes = nodes_for_wave(0.5 * (qmax - qmin) * farthest);
        let (q, weight) = gauss_legendre(nodes, qmin, qmax);
        let window = Window::soper_lorch(soper_lorch);
        let windowed = |(q, weight): (&f64, f64)| std::f64::consts::FRAC_2_PI * weight * window.at(*q, qmax);
        let weight = q.iter().zip(weight).map(windowed).collect();
        let points: Vec<f64> = (0..grid.n).map(|m| grid.r(m)).collect();
        Self { forward: Sines::new(&q, &points), step: grid.step, back: Sines::new(&q, r), weight, q }
    }

    /// Columns on the grid to Q: nodes × columns.
    pub fn to_q(&self, columns: DMatrixView<f64>) -> DMatrix<f64> {
        self.forward.times(columns) * self.step
    }

    /// Columns of weighted F(Q) (nodes × columns) to G(r): distances × columns.
    pub fn to_r(&self, f: &DMatrix<f64>) -> DMatrix<f64> {
        let mut weighted = f.clone();
        for mut column in weighted.column_iter_mut() {
            for (value, weight) in column.as_mut_slice().iter_mut().zip(&self.weight) {
                *value *= weight;
            }
        }
        self.back.transposed_times(weighted.as_view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Gaussian peak cut at qmax has a closed form in Q; its way back by brute-force quadrature is the oracle.
    #[test]
    fn a_peak_cut_in_q_is_right_at_any_r() {
        let (center, sigma, qmin, qmax) = (2.0, 0.1, 0.7, 18.3);
        let grid = Grid { first: 1, step: 0.01, n: 400 };
        let mut rows = DMatrix::zeros(grid.n, 1);
        for (m, value) in rows.iter_mut().enumerate() {
            *value = (-0.5 * ((grid.r(m) - center) / sigma).powi(2)).exp();
        }
        let r = [0.0, 0.013, 1.0, 1.987, 2.5, 7.7];
        let transform = Transform::new(&grid, &r, qmin, qmax, None);
        let g = transform.to_r(&transform.to_q(rows.as_view()));
        for (i, r) in r.iter().enumerate() {
            let f = |q: f64| {
                sigma * (2.0 * std::f64::consts::PI).sqrt() * (-0.5 * (q * sigma).powi(2)).exp() * (q * center).sin()
            };
            let n = 200_000;
            let dq = (qmax - qmin) / f64::from(n);
            let midpoint = |k: i32| qmin + (f64::from(k) + 0.5) * dq;
            let sum: f64 = (0..n).map(|k| f(midpoint(k)) * (midpoint(k) * r).sin() * dq).sum();
            let expected = std::f64::consts::FRAC_2_PI * sum;
            assert!((g[(i, 0)] - expected).abs() < 1e-8, "r {r}: {} {expected}", g[(i, 0)]);
        }
    }

    /// Where the map is large it never has the whole matrix of sines: it must be the same map.
    #[test]
    fn a_large_map_is_the_sum_of_its_sines() {
        let grid = Grid { first: 1, step: 0.05, n: 1000 };
        let mut rows = DMatrix::zeros(grid.n, 3);
        for (m, value) in rows.iter_mut().enumerate() {
            *value = (0.37 * m as f64).sin();
        }
        let even: Vec<f64> = (0..4000).map(|k| 0.01 + 0.01 * f64::from(k)).collect();
        let mut uneven = even.clone();
        uneven[1700] += 0.003;
        let qmax = 24.0;
        for r in [even, uneven] {
            let transform = Transform::new(&grid, &r, 0.5, qmax, Some(0.1));
            let f = transform.to_q(rows.as_view());
            let g = transform.to_r(&f);
            let (q, weight) = gauss_legendre(transform.q.len(), 0.5, qmax);
            for k in [0, 17, q.len() - 1] {
                let sum: f64 = (0..grid.n).map(|m| grid.step * rows[(m, 2)] * (q[k] * grid.r(m)).sin()).sum();
                assert!((f[(k, 2)] - sum).abs() < 1e-11, "node {k}: {} {sum}", f[(k, 2)]);
            }
            for i in [0, 63, 64, 1700, 3999] {
                let wave = |k: usize| Window::SoperLorch(0.1).at(q[k], qmax) * (q[k] * r[i]).sin() * f[(k, 1)];
                let sum: f64 = (0..q.len()).map(|k| std::f64::consts::FRAC_2_PI * weight[k] * wave(k)).sum();
                assert!((g[(i, 1)] - sum).abs() < 1e-11, "r {}: {} {sum}", r[i], g[(i, 1)]);
            }
        }
    }
}
