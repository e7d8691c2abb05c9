//! The truncation that PDFfit2 does, for comparing with it: a complex FFT of the curve from its first point on,
//! with everything from the first frequency at or above qmax on set to zero.
//!
//! It differs from the exact truncation in three ways: the curve is taken to be zero before its first point and
//! periodic after the padding, its mirror image at negative r is left out, and the effective qmax is a frequency
//! of the padded grid, `dQ = 2π / ((pad - 1) dr)`.

use rustfft::{FftPlanner, num_complex::Complex};

/// Cuts every frequency at or above `qmax` (1/Å) out of a curve with steps of `step` Å, in place.
pub fn cut(curve: &mut [f64], step: f64, qmax: f64) {
    let pad = (2 * curve.len()).next_power_of_two();
    let mut waves = vec![Complex::new(0.0, 0.0); pad];
    for (wave, value) in waves.iter_mut().zip(&*curve) {
        wave.re = *value;
    }
    let mut planner = FftPlanner::new();
    planner.plan_fft_forward(pad).process(&mut waves);
    let dq = 2.0 * std::f64::consts::PI / ((pad - 1) as f64 * step);
    let low = (qmax / dq).ceil() as usize;
    let high = (pad + 1).saturating_sub(low).min(pad);
    if low < high {
        waves[low..high].fill(Complex::new(0.0, 0.0));
    }
    planner.plan_fft_inverse(pad).process(&mut waves);
    for (value, wave) in curve.iter_mut().zip(&waves) {
        *value = wave.re / pad as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_wave_passes_and_a_fast_one_does_not() {
        let packet = |q: f64| -> Vec<f64> {
            (0..1000)
                .map(|m| f64::from(m) * 0.01)
                .map(|r| (q * r).sin() * (-0.5 * (r - 5.0_f64).powi(2)).exp())
                .collect()
        };
        let (mut slow, mut fast) = (packet(15.0), packet(35.0));
        cut(&mut slow, 0.01, 25.0);
        cut(&mut fast, 0.01, 25.0);
        let changed = slow.iter().zip(packet(15.0)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(changed < 1e-4, "{changed}");
        assert!(fast.iter().all(|g| g.abs() < 1e-4));
    }
}
