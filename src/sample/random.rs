//! Random numbers that depend on a seed and on what they are for, never on who asks first.

use nalgebra::DVector;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Open01, StandardNormal};

/// A stream of random numbers. Streams of one seed with different numbers are independent of each other.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// Stream `number` of `seed`.
    ///
    /// ```
    /// use corefine::sample::Random;
    /// assert_eq!(Random::new(1, 7).normal(), Random::new(1, 7).normal());
    /// assert_ne!(Random::new(1, 7).normal(), Random::new(1, 8).normal());
    /// ```
    pub fn new(seed: u64, number: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number);
        Self(generator)
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// `n` of them.
    pub fn normals(&mut self, n: usize) -> DVector<f64> {
        DVector::from_fn(n, |_, _| self.normal())
    }

    /// Between 0 and 1, neither included, each value as likely as any other.
    pub fn uniform(&mut self) -> f64 {
        Open01.sample(&mut self.0)
    }
}
