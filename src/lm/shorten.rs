//! How much more damping a step needs that went too far.

use nalgebra::DVector;

use super::damped::{Factor, Linear};

/// What was too large about a step.
pub(super) enum Excess {
    /// The change of one parameter, in its width.
    Change,
    /// The bend of the path, which has this second derivative of the residuals along the step.
    Bend(DVector<f64>),
    /// Its length: the residuals did not get shorter.
    Length,
}

/// Most `λ` that are looked at; none costs a residual.
const LOOKS: usize = 6;
/// How near to the size wanted is near enough, in logarithms.
const NEAR_ENOUGH: f64 = 0.1;
/// `λ` is not changed by more than this at once.
const LARGEST_LEAP: f64 = 1e3;

impl Excess {
    /// The `λ`, from `lambda` on, with which what was too large is about `share` of what it was.
    ///
    /// By secants of the logarithms, in which the size of a step falls from slope 0 to slope -1.
    pub(super) fn lower(&self, linear: &Linear, factor: &mut Factor, widths: &[f64], lambda: f64, share: f64) -> f64 {
        let mut size = |lambda: f64| self.size(linear, factor, widths, lambda).ln();
        let (mut lambda, mut last) = (lambda, size(lambda));
        let wanted = last + share.ln();
        let mut leap = share.powi(-2).min(LARGEST_LEAP);
        for _ in 0..LOOKS {
            let now = size(lambda * leap);
            lambda *= leap;
            if !now.is_finite() || (now - wanted).abs() < NEAR_ENOUGH {
                break;
            }
            let slope = ((last - now) / leap.ln()).max(0.05);
            leap = ((now - wanted) / slope).exp().clamp(LARGEST_LEAP.recip(), LARGEST_LEAP);
            last = now;
        }
        lambda
    }

    /// What is too large, to a factor that is the same for every `λ`.
    fn size(&self, linear: &Linear, factor: &mut Factor, widths: &[f64], lambda: f64) -> f64 {
        let step = linear.step(factor, lambda);
        match self {
            Self::Change => largest_change(&step, widths),
            // The second derivative grows as the square of the step, and is set against the step.
            Self::Bend(along) => linear.scaled_norm(&linear.solve(factor, along, lambda)) * linear.scaled_norm(&step),
            Self::Length => linear.scaled_norm(&step),
        }
    }
}

/// The largest change of a parameter in its width; 0 where no widths are known.
pub(super) fn largest_change(step: &DVector<f64>, widths: &[f64]) -> f64 {
    widths.iter().zip(step.iter()).map(|(width, change)| change.abs() / width).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, dvector};

    use super::super::bounds::Bounds;
    use super::*;

    /// With singular values from 1 to 0.03 the size falls by a power of `λ` that is nowhere the same.
    #[test]
    fn the_size_asked_for_is_found_to_a_tenth() {
        let jacobian = DMatrix::from_diagonal(&dvector![1.0, 0.3, 0.1, 0.03]);
        let (residuals, p, scale) =
            (dvector![1.0, -1.0, 1.0, 0.1], dvector![0.0, 0.0, 0.0, 0.0], dvector![1.0, 1.0, 1.0, 1.0]);
        let bounds = Bounds::new::<()>(&[], 4).unwrap();
        let (p, residuals, jacobian, scale, bounds) = (&p, &residuals, &jacobian, &scale, &bounds);
        let linear = Linear { p, residuals, jacobian, scale, bounds, rank_tolerance: 1e-12 };
        let mut factor = linear.factor(vec![0, 1, 2, 3]);
        let widths = [1.0, 2.0, 3.0, 4.0];
        for excess in [Excess::Change, Excess::Length, Excess::Bend(dvector![0.1, 1.0, 1.0, 1.0])] {
            for share in [0.9, 0.5, 0.1, 0.01] {
                let before = excess.size(&linear, &mut factor, &widths, 1e-6);
                let lambda = excess.lower(&linear, &mut factor, &widths, 1e-6, share);
                let found = excess.size(&linear, &mut factor, &widths, lambda) / before;
                assert!((found / share).ln().abs() < NEAR_ENOUGH, "{found} for {share} at {lambda:e}");
            }
        }
    }
}
