//! The CPU engine, in f64: plain loops that define what every engine computes.

use super::{Binned, Counter, Engine, EngineError, Grid, Peak, Peaks, Rows, Term};
use crate::crystal::Points;
use crate::distances::{self, Bins};
use crate::threads;

/// Sums on the CPU in f64.
///
/// The grid is cut into tiles, and the peaks of a tile into pieces; each is summed by one thread in the order of the
/// peaks. Where the cuts are depends on the peaks only, so the result is the same to the last bit whatever the number of
/// threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu;

/// Grid points per tile: wide against a peak, so that few peaks are visited twice, but no more than what stays in the
/// cache with all rows.
const TILE: std::ops::RangeInclusive<usize> = 64..=256;
const CACHED: usize = 1 << 16;

/// Least number of peaks in a piece, and how many values of a piece's sum make another one worth while.
const PIECE: usize = 1024;
const VALUES: usize = 8;

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

impl Counter for Cpu {
    fn count(&mut self, points: &Points, classes: &[(usize, usize)], bins: Bins) -> Result<Binned, EngineError> {
        Ok(Binned::of(distances::bins(points, classes, bins)))
    }
}

/// Lays every peak down: the CPU twin of `shaders/broaden.wgsl`.
pub fn broaden(peaks: &Peaks) -> Rows {
    let pieces = pieces(peaks);
    if let [whole] = &pieces[..]
        && whole.points.len() == peaks.grid.n
    {
        return pulp::Arch::new().dispatch(whole.clone());
    }
    let sums = threads::map(pieces.len(), |k| pulp::Arch::new().dispatch(pieces[k].clone()));
    let mut rows = Rows::zeros(peaks.rows, peaks.grid.n);
    for (piece, sum) in pieces.iter().zip(&sums) {
        for row in 0..peaks.rows {
            let whole = &mut rows.row_mut(row)[piece.points.clone()];
            whole.iter_mut().zip(sum.row(row)).for_each(|(value, part)| *value += part);
        }
    }
    rows
}

/// What is summed at a time.
fn pieces(peaks: &Peaks) -> Vec<Piece<'_>> {
    let n = peaks.grid.n;
    let width = (CACHED / peaks.rows.max(1)).clamp(*TILE.start(), *TILE.end());
    let widest = peaks.peaks.iter().map(|peak| peak.half as usize).max().unwrap_or(0);
    let mut pieces = Vec::new();
    for start in (0..n).step_by(width) {
        let points = start..(start + width).min(n);
        let from = (peaks.grid.first + points.start).saturating_sub(widest);
        let to = peaks.grid.first + points.end + widest;
        let first = peaks.peaks.partition_point(|peak| (peak.center as usize) < from);
        let end = peaks.peaks.partition_point(|peak| (peak.center as usize) < to);
        let most = PIECE.max(peaks.rows * points.len() / VALUES);
        let cut = |first: usize| Piece { peaks, points: points.clone(), range: first..(first + most).min(end) };
        pieces.extend((first..end).step_by(most).map(cut));
    }
    pieces
}

/// Some peaks on some points, to be compiled for the widest vectors that the processor has.
#[derive(Clone)]
struct Piece<'a> {
    peaks: &'a Peaks,
    points: std::ops::Range<usize>,
    range: std::ops::Range<usize>,
}

impl pulp::WithSimd for Piece<'_> {
    type Output = Rows;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> Rows {
        let n = self.points.len();
        // Peaks are laid down in whole vectors. The last may go over the end of its row: there it adds nothing.
        let mut sum = Rows { n, values: vec![0.0; self.peaks.rows * n + LANES] };
        let mut waves = vec![Wave::default(); self.points.len().div_ceil(LANES)];
        for i in self.range.clone() {
            self.add(simd, i, &mut waves, &mut sum);
        }
        sum.values.truncate(self.peaks.rows * n);
        sum
    }
}

/// `exp(-t²/2)` on some points of a peak, and that times t and t².
#[derive(Clone, Copy, Default)]
struct Wave {
    g: [f64; LANES],
    gt: [f64; LANES],
    gtt: [f64; LANES],
}

impl Piece<'_> {
    #[inline(always)]
    fn add<S: pulp::Simd>(&self, simd: S, i: usize, waves: &mut [Wave], sum: &mut Rows) {
        let Self { peaks, points, .. } = self;
        let peak = &peaks.peaks[i];
        let reach = peaks.reach(peak);
        let (first, end) = (reach.start.max(points.start), reach.end.min(points.end));
        if first >= end {
            return;
        }
        let waves = &mut waves[..(end - first).div_ceil(LANES)];
        let (t0, dt) = (place(&peaks.grid, peak, first), peaks.grid.step / peak.sigma);
        gaussian(simd, waves, end - first, t0, dt);
        let terms = peaks.terms_of(i);
        if terms.iter().any(|term| term.b != 0.0 || term.c != 0.0) {
            slopes(simd, waves, t0, dt);
        }
        let start = first - points.start;
        for term in terms {
            let start = term.row as usize * sum.n + start;
            lay(simd, term, waves, &mut sum.values[start..start + LANES * waves.len()]);
        }
    }
}

/// Adds a term to its row: as many of its three parts as it has.
#[inline(always)]
fn lay<S: pulp::Simd>(simd: S, term: &Term, waves: &[Wave], row: &mut [f64]) {
    match (term.b == 0.0, term.c == 0.0) {
        (true, true) => lay_parts::<S, 1>(simd, term, waves, row),
        (false, true) => lay_parts::<S, 2>(simd, term, waves, row),
        (_, false) => lay_parts::<S, 3>(simd, term, waves, row),
    }
}

/// Adds the first `PARTS` of a, b and c.
#[inline(always)]
fn lay_parts<S: pulp::Simd, const PARTS: usize>(simd: S, term: &Term, waves: &[Wave], row: &mut [f64]) {
    let factors = [term.a, term.b, term.c].map(|factor| simd.splat_f64s(factor));
    for (values, wave) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(waves) {
        let parts = [&wave.g, &wave.gt, &wave.gtt].map(|wave| S::as_simd_f64s(wave).0);
        for (k, value) in S::as_mut_simd_f64s(values).0.iter_mut().enumerate() {
            let add = |sum, part: usize| simd.mul_add_e_f64s(factors[part], parts[part][k], sum);
            *value = (0..PARTS).fold(*value, add);
        }
    }
}

/// `t = (r_m - r_peak) / σ` at grid point m.
fn place(grid: &Grid, peak: &Peak, m: usize) -> f64 {
    let steps = (grid.first + m) as f64 - f64::from(peak.center);
    (steps * grid.step - peak.offset) / peak.sigma
}

/// Points that are computed side by side: a vector register's worth, or two.
const LANES: usize = 8;

/// `exp(-t²/2)` at n points `t0, t0 + dt, ...`, and 0 behind them, by recurrence: with steps of `d = LANES dt`,
///
/// ```text
/// g(t + d) = g(t) q(t),   q(t) = exp(-t d - d²/2),   q(t + d) = q(t) exp(-d²)
/// ```
///
/// Each lane goes its own way from its own start, so that the steps are few: a peak's hundred points take a dozen. The
/// rounding of q adds up twice: after k steps the relative error is some k² 1e-16, 1e-12 for a peak of 650 points.
#[inline(always)]
fn gaussian<S: pulp::Simd>(simd: S, waves: &mut [Wave], n: usize, t0: f64, dt: f64) {
    let d = LANES as f64 * dt;
    // The first lanes by the same recurrence, with steps of dt.
    let starts = [-0.5 * t0 * t0, -t0 * dt - 0.5 * dt * dt, -dt * dt, -t0 * d - 0.5 * d * d, -dt * d, -d * d, 0.0, 0.0];
    let [g0, gdt, gdtdt, q0, qdt, shrink, ..] = exp(simd, starts);
    let mut g = steps(g0, gdt, gdtdt);
    let mut q = steps(q0, qdt, 1.0);
    let shrink = [shrink; LANES];
    for wave in waves.iter_mut() {
        wave.g = g;
        multiply(simd, &mut g, &q);
        multiply(simd, &mut q, &shrink);
    }
    if let (Some(last), 1..) = (waves.last_mut(), n % LANES) {
        last.g[n % LANES..].fill(0.0);
    }
}

/// The Gaussian times t and t².
#[inline(always)]
fn slopes<S: pulp::Simd>(simd: S, waves: &mut [Wave], t0: f64, dt: f64) {
    let mut t: [f64; LANES] = std::array::from_fn(|l| t0 + l as f64 * dt);
    let step = simd.splat_f64s(LANES as f64 * dt);
    for wave in waves {
        wave.gt = wave.g;
        multiply(simd, &mut wave.gt, &t);
        wave.gtt = wave.gt;
        multiply(simd, &mut wave.gtt, &t);
        S::as_mut_simd_f64s(&mut t).0.iter_mut().for_each(|t| *t = simd.add_f64s(*t, step));
    }
}

#[inline(always)]
fn multiply<S: pulp::Simd>(simd: S, values: &mut [f64; LANES], factors: &[f64; LANES]) {
    for (value, factor) in S::as_mut_simd_f64s(values).0.iter_mut().zip(S::as_simd_f64s(factors).0) {
        *value = simd.mul_f64s(*value, *factor);
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

/// `1/n!` for n = 13 down to 0.
const FACTORIALS: [f64; 14] = [
    1.0 / 6227020800.0,
    1.0 / 479001600.0,
    1.0 / 39916800.0,
    1.0 / 3628800.0,
    1.0 / 362880.0,
    1.0 / 40320.0,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// ln 2 in two parts: the first has so few digits that whole multiples of it are exact.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// Eight exponentials at once: `exp(x) = 2^k exp(x - k ln 2)`, the latter by its series, whose first term left out is
/// below 1e-17. Below -708, where numbers end, it stays what it is there: 3e-308.
#[inline(always)]
fn exp<S: pulp::Simd>(simd: S, x: [f64; LANES]) -> [f64; LANES] {
    // Adding this leaves the nearest whole number in the lowest bits.
    const ROUNDER: f64 = 1.5 * (1_u64 << 52) as f64;
    let x = x.map(|x| x.clamp(-708.0, 708.0));
    let rounded = x.map(|x| x * std::f64::consts::LOG2_E + ROUNDER);
    let mut rest: [f64; LANES] = std::array::from_fn(|l| {
        let k = rounded[l] - ROUNDER;
        (x[l] - k * LN_2[0]) - k * LN_2[1]
    });
    for x in S::as_mut_simd_f64s(&mut rest).0 {
        let start = simd.splat_f64s(FACTORIALS[0]);
        let add = |sum, factor: &f64| simd.mul_add_e_f64s(sum, *x, simd.splat_f64s(*factor));
        *x = FACTORIALS[1..].iter().fold(start, add);
    }
    std::array::from_fn(|l| {
        let k = rounded[l].to_bits().wrapping_sub(ROUNDER.to_bits());
        rest[l] * f64::from_bits(k.wrapping_add(1023) << 52)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recurrence_follows_the_gaussian() {
        for (t0, dt, n) in [(-6.5, 0.02, 650_usize), (-6.5, 0.2, 66), (-0.3, 0.5, 14), (6.4, 1.0, 1), (-6.5, 0.9, 15)] {
            let mut waves = vec![Wave::default(); n.div_ceil(LANES)];
            gaussian(pulp::Scalar::new(), &mut waves, n, t0, dt);
            let values: Vec<f64> = waves.iter().flat_map(|wave| wave.g).collect();
            assert!(values[n..].iter().all(|value| *value == 0.0));
            for (m, value) in values[..n].iter().enumerate() {
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

    #[test]
    fn exponentials_have_all_their_digits() {
        for k in -7000..7000 {
            let x = 0.1 * f64::from(k) + 0.013;
            let [value, ..] = exp(pulp::Scalar::new(), [x; LANES]);
            assert!((value / x.exp() - 1.0).abs() < 1e-15, "{x}: {value}");
        }
        let [least, one, ..] = exp(pulp::Scalar::new(), [-1e9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(least < 1e-300 && one == 1.0);
    }
}
