//! What multiplies the curve as a function of r before it is truncated in Q.

use crate::tangent::ShapeTangent;

/// Resolution, particle and cut-offs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// Resolution of the instrument, 1/Å: `exp(-(r qdamp)²/2)`.
    pub qdamp: f64,
    /// Diameter of a spherical particle, Å (0: none): `1 - 3/2 (r/D) + 1/2 (r/D)³` for r < D, else 0.
    pub spdiameter: f64,
    /// The curve is zero beyond, Å (0: nowhere).
    pub stepcut: f64,
    /// The sum fades out between these distances, Å: a model that ended sharply would ripple into the fitted range.
    pub fade: Option<(f64, f64)>,
}

impl Envelope {
    /// The factor at distance r, no unit; `step` is the grid's, Å.
    pub fn at(&self, r: f64, step: f64) -> f64 {
        self.resolution(r) * self.sphere(r) * self.ends(r, step)
    }

    /// The derivative of [`Envelope::at`] along a tangent, per unit of the parameter.
    pub fn derivative(&self, r: f64, step: f64, tangent: &ShapeTangent) -> f64 {
        let by_qdamp = -self.qdamp * r * r * self.resolution(r) * self.sphere(r);
        let by_diameter = self.resolution(r) * self.sphere_slope(r);
        (by_qdamp * tangent.qdamp + by_diameter * tangent.spdiameter) * self.ends(r, step)
    }

    fn resolution(&self, r: f64) -> f64 {
        (-0.5 * (r * self.qdamp).powi(2)).exp()
    }

    fn sphere(&self, r: f64) -> f64 {
        if self.spdiameter <= 0.0 {
            return 1.0;
        }
        let x = r / self.spdiameter;
        if x < 1.0 { 1.0 - 1.5 * x + 0.5 * x.powi(3) } else { 0.0 }
    }

    /// Derivative of the sphere's factor by its diameter, 1/Å.
    fn sphere_slope(&self, r: f64) -> f64 {
        let x = r / self.spdiameter;
        if self.spdiameter > 0.0 && x < 1.0 { 1.5 * (x - x.powi(3)) / self.spdiameter } else { 0.0 }
    }

    fn ends(&self, r: f64, step: f64) -> f64 {
        // The share of the point's own stretch of the grid that lies within the cut keeps the integral right.
        let cut = if self.stepcut > 0.0 { ((self.stepcut - r) / step + 0.5).clamp(0.0, 1.0) } else { 1.0 };
        cut * self.fade.map_or(1.0, |(from, to)| fade(r, from, to))
    }
}

/// 1 up to `from`, 0 from `to` on, smooth (all derivatives continuous) between.
fn fade(r: f64, from: f64, to: f64) -> f64 {
    let x = (r - from) / (to - from);
    if x <= 0.0 {
        1.0
    } else if x >= 1.0 {
        0.0
    } else {
        let (down, up) = ((-1.0 / (1.0 - x)).exp(), (-1.0 / x).exp());
        down / (down + up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_match_central_differences() {
        let envelope = Envelope { qdamp: 0.05, spdiameter: 30.0, stepcut: 0.0, fade: Some((20.0, 26.0)) };
        let h = 1e-6;
        for r in [0.5, 3.0, 14.0, 23.0, 29.9, 31.0] {
            let moved = |dq: f64, dd: f64| Envelope { qdamp: 0.05 + dq, spdiameter: 30.0 + dd, ..envelope }.at(r, 0.01);
            let by_qdamp = ShapeTangent { qdamp: 1.0, ..Default::default() };
            let by_diameter = ShapeTangent { spdiameter: 1.0, ..Default::default() };
            let difference = (moved(h, 0.0) - moved(-h, 0.0)) / (2.0 * h);
            assert!((envelope.derivative(r, 0.01, &by_qdamp) - difference).abs() < 1e-7);
            let difference = (moved(0.0, h) - moved(0.0, -h)) / (2.0 * h);
            assert!((envelope.derivative(r, 0.01, &by_diameter) - difference).abs() < 1e-9);
        }
    }

    #[test]
    fn a_sphere_ends_at_its_diameter_and_a_step_at_its_cut() {
        let envelope = Envelope { qdamp: 0.0, spdiameter: 20.0, stepcut: 0.0, fade: None };
        assert_eq!((envelope.at(0.0, 0.01), envelope.at(20.0, 0.01), envelope.at(25.0, 0.01)), (1.0, 0.0, 0.0));
        assert!((envelope.at(10.0, 0.01) - 0.3125).abs() < 1e-15);
        let envelope = Envelope { qdamp: 0.0, spdiameter: 0.0, stepcut: 5.0, fade: None };
        assert_eq!((envelope.at(4.99, 0.01), envelope.at(5.01, 0.01)), (1.0, 0.0));
    }
}
