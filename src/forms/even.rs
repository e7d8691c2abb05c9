//! Curves on even grids, and the pair of sine sums that takes one from r to Q and back.

use std::f64::consts::{FRAC_2_PI, PI};

use crate::interpolate::cubic;
use crate::threads;

/// A curve at `x_k = k step`, k = 1 ... n; it is 0 at x = 0 and at the end of its period, `(n + 1) step`.
#[derive(Debug, Clone, PartialEq)]
pub struct Even {
    /// Å in r, 1/Å in Q.
    pub step: f64,
    /// Values at `step`, `2 step`, ...
    pub values: Vec<f64>,
    /// Whether the points were laid anew, by cubics between those of the file.
    pub resampled: bool,
}

/// Points nearer than this share of a step to whole multiples of it are those: files round their abscissae.
const NEAR: f64 = 2e-3;

/// The step whose multiples the points `x` are, and which multiple the first one is.
fn multiples(x: &[f64]) -> Option<(f64, usize)> {
    let [first, .., last] = *x else { return None };
    let parts = (x.len() - 1) as f64;
    let start = (first * parts / (last - first)).round();
    let step = last / (start + parts);
    let off = x.iter().enumerate().map(|(k, x)| (x / step - start - k as f64).abs()).fold(0.0, f64::max);
    (off < NEAR).then_some((step, start as usize))
}

/// The points without what their file rounded them by, where they are multiples of a step.
pub(super) fn unrounded(x: &[f64]) -> Option<Vec<f64>> {
    let (step, start) = multiples(x)?;
    Some((start..start + x.len()).map(|k| k as f64 * step).collect())
}

/// More points than any curve needs.
pub const MOST: f64 = 2e6;

impl Even {
    /// The points `(x, y)`, x ascending and two at least, on whole multiples of their mean step. Below the first point stands `below(x)`.
    ///
    /// Points that lie on multiples already keep their values; others are interpolated. `None` for fewer than two points, and where
    /// more than [`MOST`] would be needed.
    pub fn new(x: &[f64], y: &[f64], below: impl Fn(f64) -> f64) -> Option<Self> {
        let (first, last) = (*x.first()?, *x.last()?);
        let mean = (last - first) / x.len().checked_sub(1).filter(|parts| *parts > 0)? as f64;
        if mean.is_nan() || mean <= 0.0 || last / mean > MOST {
            return None;
        }
        if let Some((step, start)) = multiples(x) {
            let hole = (1..start).map(|k| below(k as f64 * step));
            // At x = 0 every one of them is 0.
            let values = hole.chain(y.iter().skip(usize::from(start == 0)).copied()).collect();
            return Some(Self { step, values, resampled: false });
        }
        let n = (last / mean * (1.0 + 1e-12)).floor() as usize;
        let at = |x0: f64| if x0 < first { below(x0) } else { cubic(x, y, x0) };
        Some(Self { step: mean, values: (1..=n).map(|k| at(k as f64 * mean)).collect(), resampled: true })
    }

    /// The abscissae.
    pub fn x(&self) -> Vec<f64> {
        (1..=self.values.len()).map(|k| k as f64 * self.step).collect()
    }

    /// `(n + 1) step`: where the sums repeat.
    pub fn period(&self) -> f64 {
        (self.values.len() + 1) as f64 * self.step
    }

    /// F(Q) of this G(r), to Q = `qmax` (1/Å) at most and at most π/step:
    ///
    /// ```text
    /// F(Q_j) = h Σ_k G(r_k) sin(Q_j r_k)             Q_j = j π/P,   P = (n + 1) h
    /// ```
    ///
    /// With all n of its points [`Even::to_r`] brings G back to rounding. With fewer it brings back the part of G inside the window,
    /// and what it brings back goes there and back again to rounding.
    ///
    /// ```
    /// use corefine::forms::Even;
    /// let g = Even { step: 0.02, values: (1..500).map(|k| (0.3 * k as f64).sin() / k as f64).collect(), resampled: false };
    /// let back = g.to_q(f64::INFINITY).to_r(g.values.len() + 1);
    /// assert!((back.step - g.step).abs() < 1e-15);
    /// assert!(back.values.iter().zip(&g.values).all(|(a, b)| (a - b).abs() < 1e-13));
    /// ```
    #[must_use]
    pub fn to_q(&self, qmax: f64) -> Self {
        let parts = self.values.len() + 1;
        let step = PI / self.period();
        let count = ((qmax / step * (1.0 + 1e-9)).floor() as usize).min(self.values.len());
        let values = sums(&self.values, parts, count).into_iter().map(|sum| self.step * sum).collect();
        Self { step, values, resampled: false }
    }

    /// G(r) of this F(Q), with the period cut into `parts` (raised to what its points ask for):
    ///
    /// ```text
    /// G(r_k) = (2/π) ΔQ Σ_j F(Q_j) sin(Q_j r_k)      r_k = k h,   h = π/(ΔQ parts),   k = 1 ... parts - 1
    /// ```
    #[must_use]
    pub fn to_r(&self, parts: usize) -> Self {
        self.to_r_until(parts, f64::INFINITY)
    }

    /// The same to `rmax` (Å) only.
    #[must_use]
    pub fn to_r_until(&self, parts: usize, rmax: f64) -> Self {
        let parts = parts.max(self.values.len() + 1);
        let step = PI / (self.step * parts as f64);
        let count = ((rmax / step * (1.0 + 1e-9)).floor() as usize).min(parts - 1);
        let front = FRAC_2_PI * self.step;
        let values = sums(&self.values, parts, count).into_iter().map(|sum| front * sum).collect();
        Self { step, values, resampled: false }
    }

    /// The cut of [`Even::to_r`] that comes nearest to a step of `h` Å.
    pub fn parts(&self, h: f64) -> usize {
        (PI / (self.step * h)).round() as usize
    }

    /// The same sum of sines as [`Even::to_r`] at any distances (Å).
    pub fn at(&self, r: &[f64]) -> Vec<f64> {
        let q = self.x();
        let sum = |r: f64| q.iter().zip(&self.values).map(|(q, f)| f * (q * r).sin()).sum::<f64>();
        threads::map(r.len(), |k| FRAC_2_PI * self.step * sum(r[k]))
    }
}

/// `Σ_k v_k sin(j k π/parts)` for j = 1 ... count, with sines of whole parts of a turn: no phase is rounded.
fn sums(values: &[f64], parts: usize, count: usize) -> Vec<f64> {
    let turn = 2 * parts;
    let sines: Vec<f64> = (0..turn).map(|m| (PI * m as f64 / parts as f64).sin()).collect();
    let sum = |j: usize| {
        let mut place = 0;
        let mut sum = 0.0;
        for value in values {
            place = (place + j) % turn;
            sum += value * sines[place];
        }
        sum
    };
    threads::map(count, |j| sum(j + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(n: usize) -> Vec<f64> {
        (1..=n).map(|k| (0.37 * k as f64).sin() + 0.2 * (1.9 * k as f64).cos()).collect()
    }

    fn apart(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn a_gaussian_goes_to_its_transform() {
        // G = N(r; 3, 0.1) less its mirror image, whose F is sin(3Q) exp(-(0.1 Q)²/2).
        let gauss = |x: f64| (-0.5 * (x / 0.1).powi(2)).exp() / (0.1 * (2.0 * PI).sqrt());
        let values = (1..1000).map(|k| gauss(0.01 * f64::from(k) - 3.0)).collect();
        let f = Even { step: 0.01, values, resampled: false }.to_q(30.0);
        for (q, f) in f.x().iter().zip(&f.values) {
            assert!((f - (3.0 * q).sin() * (-0.5 * (0.1 * q).powi(2)).exp()).abs() < 1e-12, "{q}");
        }
    }

    #[test]
    fn a_window_takes_its_part_once() {
        let g = Even { step: 0.05, values: curve(399), resampled: false };
        let inside = g.to_q(20.0).to_r(400);
        assert!(apart(&g.values, &inside.values) > 0.1);
        let again = inside.to_q(20.0).to_r(400);
        assert!(apart(&inside.values, &again.values) < 1e-13);
    }

    #[test]
    fn there_and_back_from_q() {
        let f = Even { step: 0.025, values: curve(958), resampled: false };
        let g = f.to_r(f.parts(0.02));
        assert!((g.step - 0.02).abs() < 1e-5 && (g.period() - PI / 0.025).abs() < 1e-9);
        let back = g.to_q(958.0 * 0.025);
        assert_eq!(back.values.len(), 958);
        assert!(apart(&f.values, &back.values) < 1e-12);
        assert!(apart(&g.values[..50], &f.at(&g.x()[..50])) < 1e-12);
    }

    #[test]
    fn points_off_the_multiples_are_laid_anew() {
        let x: Vec<f64> = (0..200).map(|k| 0.01 + 0.02 * f64::from(k)).collect();
        let y: Vec<f64> = x.iter().map(|x| (3.0 * x).sin()).collect();
        let even = Even::new(&x, &y, |_| 0.0).unwrap();
        assert!(even.resampled && (even.step - 0.02).abs() < 1e-12 && even.values.len() == 199);
        assert!(even.x().iter().zip(&even.values).all(|(x, y)| (y - (3.0 * x).sin()).abs() < 1e-5));
        let whole: Vec<f64> = (3..9).map(|k| 0.1 * f64::from(k)).collect();
        let even = Even::new(&whole, &[5.0; 6], |x| -x).unwrap();
        assert!(!even.resampled && (even.values[1] + 0.2).abs() < 1e-12 && even.values[2..] == [5.0; 6]);
        assert!(Even::new(&[1.0], &[1.0], |_| 0.0).is_none());
        assert!(Even::new(&[1e9, 1e9 + 1.0], &[1.0, 2.0], |_| 0.0).is_none());
    }
}
