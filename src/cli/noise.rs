//! Noise on a computed curve, as the statistics of a measured pattern leave it.

use std::f64::consts::PI;

use corefine::noise::correlated;

/// Adds normal noise of standard deviation `sigma` (1/Å²) to `g` on the distances `r` (Å), as [`correlated`] has it for data
/// that end at `qmax`. The same seed gives the same noise on every machine.
pub fn add(g: &mut [f64], r: &[f64], sigma: f64, qmax: Option<f64>, seed: u64) {
    let mut normal = Normal::new(seed);
    for (g, noise) in g.iter_mut().zip(correlated(r, qmax, || normal.next())) {
        *g += sigma * noise;
    }
}

/// Normal deviates by Box and Muller from SplitMix64.
struct Normal {
    state: u64,
    spare: Option<f64>,
}

impl Normal {
    fn new(seed: u64) -> Self {
        Self { state: seed, spare: None }
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let angle = 2.0 * PI * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// In (0, 1].
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms(values: &[f64]) -> f64 {
        (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn noise_has_its_size_and_its_correlation() {
        let r: Vec<f64> = (0..6000).map(|i| 5.0 + 0.01 * f64::from(i)).collect();
        for qmax in [None, Some(23.5)] {
            let mut g = vec![0.0; r.len()];
            add(&mut g, &r, 0.02, qmax, 7);
            // 60 Å hold 449 independent points at qmax 23.5: the rms is known to 1/sqrt(2 * 449) = 3.3 %, and 4 of these are 13 %.
            assert!((rms(&g) / 0.02 - 1.0).abs() < 0.13, "{qmax:?}: {}", rms(&g));
            let steps: Vec<f64> = g.windows(2).map(|pair| pair[1] - pair[0]).collect();
            // White noise steps by sqrt(2) sigma; band-limited noise by sigma qmax step / sqrt(3).
            let expected = qmax.map_or(2.0_f64.sqrt(), |qmax| qmax * 0.01 / 3.0_f64.sqrt());
            assert!((rms(&steps) / (0.02 * expected) - 1.0).abs() < 0.15, "{qmax:?}: {}", rms(&steps));
        }
    }

    #[test]
    fn a_seed_gives_the_same_noise_again() {
        let make = |seed| {
            let mut g = [0.0; 3];
            add(&mut g, &[1.0, 1.01, 1.02], 1.0, Some(20.0), seed);
            g
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }
}
