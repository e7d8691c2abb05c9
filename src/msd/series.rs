//! The mean square displacement for all times at once.
//!
//! ```text
//! Σ_k |x_(k+m) - x_k|² = Σ_k (x_(k+m)² + x_k²) - 2 Σ_k x_k x_(k+m)
//! ```
//!
//! The first sum follows from its neighbour, m - 1, by two terms; the second is an autocorrelation, which an FFT of twice the
//! length gives for all m.

use nalgebra::Vector3;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use crate::threads;

/// MSD by lag, in frames.
pub struct Series {
    /// Of all three axes together, Å².
    pub total: Vec<f64>,
    /// Of each axis, Å².
    pub axes: [Vec<f64>; 3],
    /// Standard uncertainty of the total from how much atoms differ, Å²; empty for one atom.
    pub esd: Vec<f64>,
}

/// Atoms whose displacements are summed by one thread at a time.
const CHUNK: usize = 16;

/// Sums over some atoms.
struct Part {
    axes: [Vec<f64>; 3],
    /// Of the squares of each atom's MSD, Å⁴.
    squares: Vec<f64>,
}

impl Series {
    /// Of positions frame by frame, in each frame atom by atom, Å.
    pub fn of(tracks: &[Vector3<f64>], atoms: usize) -> Self {
        let parts = threads::map(atoms.div_ceil(CHUNK), |chunk| {
            Part::of(tracks, atoms, chunk * CHUNK..((chunk + 1) * CHUNK).min(atoms))
        });
        let frames = tracks.len() / atoms;
        let sum = |pick: &dyn Fn(&Part) -> &Vec<f64>| -> Vec<f64> {
            (0..frames).map(|m| parts.iter().map(|part| pick(part)[m]).sum::<f64>() / atoms as f64).collect()
        };
        let axes = [0, 1, 2].map(|k| sum(&|part| &part.axes[k]));
        let squares = sum(&|part| &part.squares);
        let total: Vec<f64> = (0..frames).map(|m| axes.iter().map(|axis| axis[m]).sum()).collect();
        let spread = |(total, square): (&f64, &f64)| ((square - total * total).max(0.0) / (atoms as f64 - 1.0)).sqrt();
        let esd = if atoms > 1 { total.iter().zip(&squares).map(spread).collect() } else { Vec::new() };
        Self { total, axes, esd }
    }
}

impl Part {
    fn of(tracks: &[Vector3<f64>], atoms: usize, range: std::ops::Range<usize>) -> Self {
        let frames = tracks.len() / atoms;
        let mut part = Self { axes: std::array::from_fn(|_| vec![0.0; frames]), squares: vec![0.0; frames] };
        let mut planner = FftPlanner::new();
        for atom in range {
            let mut total = vec![0.0; frames];
            for (axis, sum) in part.axes.iter_mut().enumerate() {
                let x: Vec<f64> = (0..frames).map(|t| tracks[t * atoms + atom][axis]).collect();
                let one = msd(x, &mut planner);
                for (m, one) in one.into_iter().enumerate() {
                    sum[m] += one;
                    total[m] += one;
                }
            }
            part.squares.iter_mut().zip(&total).for_each(|(square, total)| *square += total * total);
        }
        part
    }
}

/// MSD of one coordinate.
fn msd(mut x: Vec<f64>, planner: &mut FftPlanner<f64>) -> Vec<f64> {
    let n = x.len();
    // Differences do not change, and small numbers lose fewer digits.
    let mean = x.iter().sum::<f64>() / n as f64;
    for x in &mut x {
        *x -= mean;
    }
    let products = autocorrelation(&x, planner);
    let mut squares = 2.0 * x.iter().map(|x| x * x).sum::<f64>();
    let mut msd = vec![0.0; n];
    for m in 1..n {
        squares -= x[m - 1] * x[m - 1] + x[n - m] * x[n - m];
        msd[m] = ((squares - 2.0 * products[m]) / (n - m) as f64).max(0.0);
    }
    msd
}

/// `Σ_k x_k x_(k+m)`.
fn autocorrelation(x: &[f64], planner: &mut FftPlanner<f64>) -> Vec<f64> {
    let length = (2 * x.len()).next_power_of_two();
    let mut wave: Vec<Complex<f64>> = x.iter().map(|x| Complex::new(*x, 0.0)).collect();
    wave.resize(length, Complex::default());
    planner.plan_fft_forward(length).process(&mut wave);
    for z in &mut wave {
        *z = Complex::new(z.norm_sqr(), 0.0);
    }
    planner.plan_fft_inverse(length).process(&mut wave);
    wave[..x.len()].iter().map(|z| z.re / length as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A direct double loop says the same.
    #[test]
    fn the_fft_is_the_double_loop() {
        let (frames, atoms) = (137, 19);
        let mut seed = 3_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let mut at = vec![Vector3::new(31.0, -17.0, 5.0); atoms];
        let mut tracks = Vec::new();
        for _ in 0..frames {
            for x in &mut at {
                *x += Vector3::new(random(), random(), 2.0 * random());
            }
            tracks.extend(at.iter().copied());
        }
        let series = Series::of(&tracks, atoms);
        for m in 1..frames {
            let of = |atom: usize| {
                let steps = (0..frames - m).map(|t| tracks[(t + m) * atoms + atom] - tracks[t * atoms + atom]);
                steps.map(|d| d.component_mul(&d)).sum::<Vector3<f64>>() / (frames - m) as f64
            };
            let each: Vec<Vector3<f64>> = (0..atoms).map(of).collect();
            let mean = each.iter().sum::<Vector3<f64>>() / atoms as f64;
            for axis in 0..3 {
                assert!((series.axes[axis][m] / mean[axis] - 1.0).abs() < 1e-10, "lag {m}");
            }
            let spread = each.iter().map(|one| (one.sum() - mean.sum()).powi(2)).sum::<f64>();
            let esd = (spread / (atoms * (atoms - 1)) as f64).sqrt();
            assert!((series.esd[m] / esd - 1.0).abs() < 1e-8, "lag {m}");
        }
    }
}
