//! The CPU engine, in f64: plain loops that define what every engine computes.

use super::{Engine, EngineError, Grid, Peak, Peaks, Rows};
use crate::threads;

/// Sums on the CPU in f64.
///
/// The grid is cut into tiles and every tile is summed by one thread in the order of the peaks, so the result is the
/// same to the last bit whatever the number of threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu;

/// Grid points per tile: wide against a peak (some 100 points), so that few peaks are visited twice.
const TILE: usize = 256;

impl Engine for Cpu {
    fn name(&self) -> String {
        match threads::count() {
            1 => "cpu (1 thread)".to_owned(),
            n => format!("cpu ({n} threads)"),
        }
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        Ok(broaden(peaks))
    }
}

/// Lays every peak down: the CPU twin of `shaders/broaden.wgsl`.
pub fn broaden(peaks: &Peaks) -> Rows {
    let n = peaks.grid.n;
    let widest = peaks.peaks.iter().map(|peak| peak.half as usize).max().unwrap_or(0);
    let tile = |t: usize| {
        let points = t * TILE..((t + 1) * TILE).min(n);
        pulp::Arch::new().dispatch(Tile { peaks, points, widest })
    };
    let sums = threads::map(n.div_ceil(TILE), tile);
    let mut rows = Rows::zeros(peaks.rows, n);
    for (t, sum) in sums.iter().enumerate() {
        for row in 0..peaks.rows {
            rows.row_mut(row)[t * TILE..t * TILE + sum.n].copy_from_slice(sum.row(row));
        }
    }
    rows
}

/// One tile, to be compiled for the widest vectors that the processor has.
struct Tile<'a> {
    peaks: &'a Peaks,
    points: std::ops::Range<usize>,
    widest: usize,
}

impl pulp::WithSimd for Tile<'_> {
    type Output = Rows;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Rows {
        broaden_tile(self.peaks, self.points, self.widest)
    }
}

/// The part of every row that lies on `points`.
#[inline(always)]
fn broaden_tile(peaks: &Peaks, points: std::ops::Range<usize>, widest: usize) -> Rows {
    let mut sum = Rows::zeros(peaks.rows, points.len());
    let mut gauss = vec![0.0; points.len()];
    let from = (peaks.grid.first + points.start).saturating_sub(widest);
    let to = peaks.grid.first + points.end + widest;
    let near = peaks.peaks.partition_point(|peak| (peak.center as usize) < from);
    for (i, peak) in peaks.peaks.iter().enumerate().skip(near) {
        if peak.center as usize > to {
            break;
        }
        let reach = peaks.reach(peak);
        let (first, end) = (reach.start.max(points.start), reach.end.min(points.end));
        if first >= end {
            continue;
        }
        let gauss = &mut gauss[..end - first];
        let t0 = place(&peaks.grid, peak, first);
        let dt = peaks.grid.step / peak.sigma;
        gaussian(gauss, t0, dt);
        for term in peaks.terms_of(i) {
            let row = &mut sum.row_mut(term.row as usize)[first - points.start..end - points.start];
            if term.b == 0.0 && term.c == 0.0 {
                for (value, g) in row.iter_mut().zip(&*gauss) {
                    *value += term.a * g;
                }
            } else {
                for (m, (value, g)) in row.iter_mut().zip(&*gauss).enumerate() {
                    let t = t0 + m as f64 * dt;
                    *value += g * (term.a + t * (term.b + t * term.c));
                }
            }
        }
    }
    sum
}

/// `t = (r_m - r_peak) / σ` at grid point m.
fn place(grid: &Grid, peak: &Peak, m: usize) -> f64 {
    let steps = (grid.first + m) as f64 - f64::from(peak.center);
    (steps * grid.step - peak.offset) / peak.sigma
}

/// Points that are computed side by side: a vector register's worth, or two.
const LANES: usize = 8;

/// `exp(-t²/2)` at `t0, t0 + dt, ...`, by recurrence: with steps of `d = LANES dt`,
///
/// ```text
/// g(t + d) = g(t) q(t),   q(t) = exp(-t d - d²/2),   q(t + d) = q(t) exp(-d²)
/// ```
///
/// Each lane goes its own way from its own start, so that the steps are few: a peak's hundred points take a dozen. The
/// rounding of q adds up twice: after k steps the relative error is some k² 1e-16, 1e-12 for a peak of 650 points.
#[inline(always)]
fn gaussian(values: &mut [f64], t0: f64, dt: f64) {
    let d = LANES as f64 * dt;
    // The first lanes by the same recurrence, with steps of dt: four exponentials for a whole peak.
    let mut g = steps((-0.5 * t0 * t0).exp(), (-t0 * dt - 0.5 * dt * dt).exp(), (-dt * dt).exp());
    let mut q = steps((-t0 * d - 0.5 * d * d).exp(), (-dt * d).exp(), 1.0);
    let shrink = (-d * d).exp();
    for chunk in values.chunks_mut(LANES) {
        chunk.copy_from_slice(&g[..chunk.len()]);
        for l in 0..LANES {
            g[l] *= q[l];
            q[l] *= shrink;
        }
    }
}

/// `first`, then each value the one before times a factor that itself shrinks by `shrink`.
#[inline(always)]
fn steps(first: f64, mut factor: f64, shrink: f64) -> [f64; LANES] {
    let mut values = [first; LANES];
    for l in 1..LANES {
        values[l] = values[l - 1] * factor;
        factor *= shrink;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Term;

    #[test]
    fn the_recurrence_follows_the_gaussian() {
        for (t0, dt, n) in [(-6.5, 0.02, 650), (-6.5, 0.2, 66), (-0.3, 0.5, 14), (6.4, 1.0, 1), (-6.5, 0.9, 15)] {
            let mut values = vec![0.0; n];
            gaussian(&mut values, t0, dt);
            for (m, value) in values.iter().enumerate() {
                let t: f64 = t0 + m as f64 * dt;
                let steps = (n / LANES) as f64;
                let bound = 1e-14 + steps * steps * f64::EPSILON;
                assert!((value - (-0.5 * t * t).exp()).abs() < bound, "t {t}: {value}");
            }
        }
    }

    #[test]
    fn tiles_join_without_a_seam() {
        let grid = Grid { first: 3, step: 0.01, n: 700 };
        let centers = [0, 5, 250, 259, 300, 515, 702, 760];
        let peaks = Peaks {
            grid,
            rows: 2,
            peaks: centers.map(|center| Peak { center, half: 60, offset: 0.003, sigma: 0.1 }).to_vec(),
            start: (0..=centers.len() as u32).collect(),
            terms: (0..centers.len() as u32).map(|i| Term { row: i % 2, a: 1.0, b: 0.5, c: -0.25 }).collect(),
        };
        let rows = broaden(&peaks);
        for row in 0..2 {
            for m in 0..grid.n {
                let mut expected = 0.0;
                for (i, peak) in peaks.peaks.iter().enumerate() {
                    if i % 2 == row && (grid.first + m).abs_diff(peak.center as usize) <= 60 {
                        let t = (grid.r(m) - f64::from(peak.center) * 0.01 - 0.003) / 0.1;
                        expected += (1.0 + 0.5 * t - 0.25 * t * t) * (-0.5 * t * t).exp();
                    }
                }
                assert!((rows.row(row)[m] - expected).abs() < 1e-12, "row {row}, point {m}");
            }
        }
    }
}
