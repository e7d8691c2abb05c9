//! The polynomial that takes from F(Q) what no structure can have put there.

use std::f64::consts::PI;

/// Degrees beyond this are not asked for by any data: 0.9 Å to 174 1/Å.
pub(super) const MOST: f64 = 50.0;

/// Least-squares polynomials in Q without constant term, on given points.
///
/// The degree `n = rpoly qmaxinst / π` need not be whole: the fits of the degrees below and above it are mixed linearly (P. Juhás,
/// T. Davis, C. L. Farrow & S. J. L. Billinge, J. Appl. Cryst. **46** (2013) 560). With an orthonormal basis of ascending degree
/// that is one fit in which the last member counts by the fraction of n.
#[derive(Debug, Clone)]
pub(super) struct Polynomials {
    /// Orthonormal on the points, degrees 1, 2, 3 ...
    pub basis: Vec<Vec<f64>>,
    /// How much each counts: 1, and the last the fraction of the degree.
    pub share: Vec<f64>,
}

/// `rpoly qmaxinst / π`.
pub(super) fn degree(rpoly: f64, qmaxinst: f64) -> f64 {
    rpoly * qmaxinst / PI
}

impl Polynomials {
    /// The polynomials up to the degree `n` on the points `q`.
    pub(super) fn new(q: &[f64], n: f64) -> Self {
        let whole = n.floor() as usize;
        let fraction = n - n.floor();
        let last = usize::from(fraction > 0.0);
        let basis = orthonormal(q, whole + last);
        let share = (0..basis.len()).map(|m| if m < whole { 1.0 } else { fraction }).collect();
        Self { basis, share }
    }

    /// The fitted polynomial at the points.
    pub(super) fn fitted(&self, f: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; f.len()];
        for (basis, share) in self.basis.iter().zip(&self.share) {
            add(&mut sum, share * dot(basis, f), basis);
        }
        sum
    }

    /// What is left of `f` without its fitted polynomial.
    pub(super) fn without(&self, f: &[f64]) -> Vec<f64> {
        f.iter().zip(self.fitted(f)).map(|(f, p)| f - p).collect()
    }
}

/// By Stieltjes' recurrence, each orthogonalised once more against all before it.
fn orthonormal(q: &[f64], count: usize) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut next: Vec<f64> =
            basis.last().map_or_else(|| q.to_vec(), |last| q.iter().zip(last).map(|(q, v)| q * v).collect());
        for _ in 0..2 {
            for earlier in &basis {
                let part = dot(earlier, &next);
                add(&mut next, -part, earlier);
            }
        }
        let length = dot(&next, &next).sqrt();
        if length <= f64::EPSILON {
            break;
        }
        basis.push(next.into_iter().map(|v| v / length).collect());
    }
    basis
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn add(sum: &mut [f64], factor: f64, part: &[f64]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += factor * part);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<f64> {
        (1..=1500).map(|k| 0.02 * f64::from(k)).collect()
    }

    #[test]
    fn a_polynomial_is_found_whole_and_a_constant_is_not() {
        let q = points();
        let f: Vec<f64> = q.iter().map(|q| 0.3 * q - 0.02 * q.powi(3) + 1e-6 * q.powi(7)).collect();
        let fitted = Polynomials::new(&q, 7.0).fitted(&f);
        let worst = f.iter().zip(&fitted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-8 * 2e4, "{worst}");
        assert_eq!(Polynomials::new(&q, 7.0).share, [1.0; 7]);
        assert!(Polynomials::new(&q, 0.0).basis.is_empty());
    }

    #[test]
    fn degrees_between_are_mixed_linearly() {
        let q = points();
        let f: Vec<f64> = q.iter().map(|q| (1.7 * q).sin() * (-0.01 * q * q).exp()).collect();
        let at = |n| Polynomials::new(&q, n).fitted(&f);
        let (low, mixed, high) = (at(8.0), at(8.25), at(9.0));
        for k in 0..q.len() {
            assert!((mixed[k] - 0.75 * low[k] - 0.25 * high[k]).abs() < 1e-12);
        }
    }
}
