//! From a standard normal vector to a displacement that is small for most atoms and large for some.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

/// Lengths of vectors of which a share is drawn from a wide normal distribution and the others from a narrow one, both
/// isotropic in `dimensions` dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixture {
    /// 1, 2 or 3.
    pub dimensions: usize,
    /// Standard deviation along every axis of the many, Å.
    pub narrow: f64,
    /// That of the few, Å.
    pub wide: f64,
    /// How many are of the few, 0 to 1.
    pub share: f64,
}

/// A length and its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// R, Å.
    pub value: f64,
    /// By the length of the normal vector, Å.
    pub by_length: f64,
    /// By the logarithm of `narrow`, Å.
    pub by_log_narrow: f64,
    /// By `share`, Å.
    pub by_share: f64,
}

/// Normal vectors that are shorter have no direction that could be told.
const LEAST: f64 = 1e-6;
/// Halvings and Newton steps until R no longer changes.
const STEPS: usize = 100;

impl Mixture {
    /// The R that as many of these vectors exceed as standard normal ones exceed `length`:
    ///
    /// ```text
    /// (1 - share) S(R / narrow) + share S(R / wide) = S(length)
    /// ```
    ///
    /// with `S(x)` the chance that a standard normal vector is longer than x. So a standard normal vector that is given the length R
    /// and keeps its direction is distributed as the mixture.
    pub fn length(&self, length: f64) -> Length {
        let length = length.max(LEAST);
        let value = self.solve(length);
        let (narrow, wide) = (value / self.narrow, value / self.wide);
        let inner = (1.0 - self.share) * self.density(narrow);
        let density = (inner / self.narrow + self.share * self.density(wide) / self.wide).max(f64::MIN_POSITIVE);
        Length {
            value,
            by_length: self.density(length) / density,
            by_log_narrow: inner * narrow / density,
            by_share: (self.beyond(wide) - self.beyond(narrow)) / density,
        }
    }

    /// Newton's method between bounds that close in.
    fn solve(&self, length: f64) -> f64 {
        let wanted = self.beyond(length);
        let ends = [self.narrow * length, self.wide * length];
        let (mut low, mut high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let mut r = low;
        for _ in 0..STEPS {
            let (narrow, wide) = (r / self.narrow, r / self.wide);
            let excess = (1.0 - self.share) * self.beyond(narrow) + self.share * self.beyond(wide) - wanted;
            if excess > 0.0 {
                low = r;
            } else {
                high = r;
            }
            let slope =
                (1.0 - self.share) * self.density(narrow) / self.narrow + self.share * self.density(wide) / self.wide;
            let newton = r + excess / slope;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - r).abs() <= 1e-14 * high {
                return next;
            }
            r = next;
        }
        r
    }

    /// S(x).
    fn beyond(&self, x: f64) -> f64 {
        let tail = libm::erfc(x * FRAC_1_SQRT_2);
        match self.dimensions {
            1 => tail,
            2 => (-0.5 * x * x).exp(),
            _ => tail + FRAC_2_PI.sqrt() * x * (-0.5 * x * x).exp(),
        }
    }

    /// `-dS/dx`.
    fn density(&self, x: f64) -> f64 {
        let bell = (-0.5 * x * x).exp();
        match self.dimensions {
            1 => FRAC_2_PI.sqrt() * bell,
            2 => x * bell,
            _ => FRAC_2_PI.sqrt() * x * x * bell,
        }
    }
}

/// The chance that a standard normal number is below x.
pub(super) fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Its density at x.
pub(super) fn bell(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixture(dimensions: usize, share: f64) -> Mixture {
        Mixture { dimensions, narrow: 0.05, wide: 0.35, share }
    }

    #[test]
    fn without_a_share_lengths_are_in_proportion() {
        for dimensions in 1..=3 {
            for length in [0.01, 0.5, 1.7, 4.0, 7.0] {
                for (share, width) in [(0.0, 0.05), (1.0, 0.35)] {
                    let found = mixture(dimensions, share).length(length).value;
                    assert!((found / (width * length) - 1.0).abs() < 1e-9, "{dimensions} {length}: {found}");
                }
            }
        }
    }

    #[test]
    fn as_many_are_longer() {
        for dimensions in 1..=3 {
            let mixture = mixture(dimensions, 0.2);
            for length in [0.05, 1.0, 2.0, 3.5, 6.0] {
                let r = mixture.length(length).value;
                let beyond = 0.8 * mixture.beyond(r / 0.05) + 0.2 * mixture.beyond(r / 0.35);
                assert!((beyond / mixture.beyond(length) - 1.0).abs() < 1e-9, "{dimensions} {length}");
            }
        }
    }

    #[test]
    fn derivatives_are_those_of_the_length() {
        for dimensions in 1..=3 {
            for length in [0.3, 1.2, 1.9, 2.6, 4.0] {
                let (base, h) = (mixture(dimensions, 0.15), 1e-5);
                let found = base.length(length);
                let by = |one: f64, other: f64| (one - other) / (2.0 * h);
                let expected = [
                    by(base.length(length + h).value, base.length(length - h).value),
                    by(
                        Mixture { narrow: 0.05 * h.exp(), ..base }.length(length).value,
                        Mixture { narrow: 0.05 * (-h).exp(), ..base }.length(length).value,
                    ),
                    by(
                        Mixture { share: 0.15 + h, ..base }.length(length).value,
                        Mixture { share: 0.15 - h, ..base }.length(length).value,
                    ),
                ];
                for (got, expected) in [found.by_length, found.by_log_narrow, found.by_share].into_iter().zip(expected)
                {
                    assert!((got - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{length}: {got} {expected}");
                }
            }
        }
    }
}
