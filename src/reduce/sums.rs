//! Sums of sines over points in Q, at all distances of a grid at once.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Cells of the fine grid that a point is spread over: with twice as many cells as distances, sums are exact to 1e-12 or so.
const WIDTH: usize = 14;

/// The shape over which a point is spread is `exp(SHARPNESS (sqrt(1 - z²) - 1))`, z from -1 to 1.
const SHARPNESS: f64 = 2.3 * WIDTH as f64;

/// Points at which that shape is integrated; it vanishes at both ends, so that a plain sum is as exact as the arithmetic.
const NODES: usize = 64;

/// `Σ_k c_k sin(Q_k r_j)` for any `Q_k` (1/Å) and `r_j = rmin + j step` (Å), with one fast Fourier transform.
///
/// The points need not be equally spaced: each is spread over the nearest cells of a fine grid, the grid is transformed,
/// and what the spreading did is divided out (A. Dutt & V. Rokhlin, SIAM J. Sci. Comput. **14** (1993) 1368; the shape is that of
/// A. H. Barnett, J. Magland & L. af Klinteberg, SIAM J. Sci. Comput. **41** (2019) C479).
#[derive(Clone)]
pub(super) struct SineSums {
    spread: Vec<Spread>,
    /// What each distance has to be multiplied by, from the first to the last.
    correction: Vec<f64>,
    cells: usize,
    fft: Arc<dyn Fft<f64>>,
}

/// How one point enters the fine grid.
#[derive(Clone)]
struct Spread {
    first: usize,
    weights: [f64; WIDTH],
    /// The phase of the point at the middle of the distances.
    phase: Complex<f64>,
}

impl SineSums {
    pub(super) fn new(q: &[f64], rmin: f64, step: f64, distances: usize) -> Self {
        let cells = smooth((2 * distances).max(4 * WIDTH));
        let middle = rmin + (distances / 2) as f64 * step;
        Self {
            spread: q.iter().map(|&q| Spread::of(q, step, middle, cells)).collect(),
            correction: corrections(distances, cells),
            cells,
            fft: FftPlanner::new().plan_fft_inverse(cells),
        }
    }

    /// The same distances for other points.
    pub(super) fn of_points(&self, q: &[f64], rmin: f64, step: f64) -> Self {
        let middle = rmin + (self.correction.len() / 2) as f64 * step;
        Self { spread: q.iter().map(|&q| Spread::of(q, step, middle, self.cells)).collect(), ..self.clone() }
    }

    /// The sums of sines; `c` as long as `q` was, or shorter: then the first points only.
    pub(super) fn sines(&self, c: &[f64]) -> Vec<f64> {
        self.waves(c, |wave| wave.im)
    }

    /// The same with cosines.
    pub(super) fn cosines(&self, c: &[f64]) -> Vec<f64> {
        self.waves(c, |wave| wave.re)
    }

    fn waves(&self, c: &[f64], part: impl Fn(Complex<f64>) -> f64) -> Vec<f64> {
        let mut grid = vec![Complex::default(); self.cells];
        for (c, spread) in c.iter().zip(&self.spread) {
            spread.add(&mut grid, *c);
        }
        self.fft.process(&mut grid);
        let before = self.correction.len() / 2;
        let order = grid[self.cells - before..].iter().chain(&grid);
        order.zip(&self.correction).map(|(wave, correction)| part(*wave) * correction).collect()
    }
}

impl Spread {
    fn of(q: f64, step: f64, middle: f64, cells: usize) -> Self {
        let half = WIDTH as f64 / 2.0;
        let place = (q * step / (2.0 * PI)).rem_euclid(1.0) * cells as f64;
        let first = (place - half).ceil();
        let weights = std::array::from_fn(|i| shape((first + i as f64 - place) / half));
        let phase = Complex::from_polar(1.0, q * middle);
        Self { first: first.rem_euclid(cells as f64) as usize, weights, phase }
    }

    fn add(&self, grid: &mut [Complex<f64>], c: f64) {
        let height = self.phase * c;
        let (start, end) = grid.split_at_mut(self.first.min(grid.len()));
        let cells = end.iter_mut().chain(start);
        cells.zip(self.weights).for_each(|(cell, weight)| *cell += height * weight);
    }
}

fn shape(z: f64) -> f64 {
    (SHARPNESS * ((1.0 - z * z).max(0.0).sqrt() - 1.0)).exp()
}

/// What the spreading took from each distance: one over the transform of the shape.
fn corrections(distances: usize, cells: usize) -> Vec<f64> {
    // The shape is even, and so is its transform: half of either is computed.
    let before = distances / 2;
    let mut transform = vec![0.0; before + 1];
    for node in NODES / 2..NODES {
        let z = (2.0 * node as f64 + 1.0) / NODES as f64 - 1.0;
        let turn = PI * WIDTH as f64 * z / cells as f64;
        // Cosines follow each other by a rotation.
        let (mut wave, rotation) = (Complex::from(2.0 * shape(z)), Complex::from_polar(1.0, turn));
        for sum in &mut transform {
            *sum += wave.re;
            wave *= rotation;
        }
    }
    // The mean of the shape over z from -1 to 1 times WIDTH cells is its sum over cells.
    let scale = NODES as f64 / WIDTH as f64;
    (0..distances).map(|j| scale / transform[j.abs_diff(before)]).collect()
}

/// The smallest number from `n` on without prime factors beyond 5, for which the transform is fast.
fn smooth(n: usize) -> usize {
    let n = n.max(1);
    let is_smooth = |n: &usize| {
        let mut rest = *n;
        for factor in [2, 3, 5] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1
    };
    // A power of two is one, and not far.
    (n..=n.next_power_of_two()).find(is_smooth).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_definition_on_any_grid() {
        let uneven: Vec<f64> = (0..700).map(|k| 40.0 * (f64::from(k) / 900.0).sin() + 0.3).collect();
        let c: Vec<f64> = (0..700).map(|k| (f64::from(k) * 0.37).sin() + 0.2).collect();
        for (rmin, step, n) in [(0.0, 0.01, 3001), (1.234, 0.37, 150), (50.0, 0.01, 2), (3.0, 0.5, 1)] {
            let sums = SineSums::new(&uneven, rmin, step, n);
            let (sines, cosines) = (sums.sines(&c), sums.cosines(&c[..300]));
            assert_eq!((sines.len(), cosines.len()), (n, n));
            for j in (0..n).step_by(1 + n / 40) {
                let r = rmin + j as f64 * step;
                let sine: f64 = uneven.iter().zip(&c).map(|(q, c)| c * (q * r).sin()).sum();
                let cosine: f64 = uneven.iter().zip(&c[..300]).map(|(q, c)| c * (q * r).cos()).sum();
                // 700 terms of size one: 1e-11 is rounding and the spreading's own 1e-13.
                assert!((sines[j] - sine).abs() < 1e-10, "r {r}: {} {sine}", sines[j]);
                assert!((cosines[j] - cosine).abs() < 1e-10, "r {r}: {} {cosine}", cosines[j]);
            }
        }
    }

    #[test]
    fn smooth_numbers_have_small_factors() {
        assert_eq!([1, 7, 20002, 41].map(smooth), [1, 8, 20250, 45]);
    }
}
