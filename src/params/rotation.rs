//! Rotations by a rotation vector: its direction is the axis, its length θ the angle.

use nalgebra::{Matrix3, Vector3};

/// Below this angle in radians the quotients are taken from their series, whose next terms are below 1e-18.
const SMALL: f64 = 1e-4;

/// `R(w) = I + (sin θ)/θ K + (1 - cos θ)/θ² K²`, K being `w ×` (Rodrigues); `w` in radians.
pub(super) fn rotation(w: &Vector3<f64>) -> Matrix3<f64> {
    let (theta, k) = (w.norm(), w.cross_matrix());
    Matrix3::identity() + k * sine(theta) + k * k * versine(theta)
}

/// `J(w) = I + (1 - cos θ)/θ² K + (θ - sin θ)/θ³ K²`: how the rotation goes on, `R(w + dw) = (I + (J dw) ×) R(w)`.
///
/// So `∂(R v)/∂w_k = J_k × R v` with J's column k. (The left Jacobian of the group of rotations; Solà, Deray & Atchuthan
/// 2018, arXiv:1812.01537.)
pub(super) fn jacobian(w: &Vector3<f64>) -> Matrix3<f64> {
    let (theta, k) = (w.norm(), w.cross_matrix());
    Matrix3::identity() + k * versine(theta) + k * k * rest(theta)
}

/// `(sin θ)/θ`.
fn sine(theta: f64) -> f64 {
    if theta < SMALL { 1.0 - theta * theta / 6.0 } else { theta.sin() / theta }
}

/// `(1 - cos θ)/θ²`, as a square of half the angle's sine: nothing cancels.
fn versine(theta: f64) -> f64 {
    0.5 * sine(0.5 * theta).powi(2)
}

/// `(θ - sin θ)/θ³`.
fn rest(theta: f64) -> f64 {
    if theta < SMALL { (1.0 - theta * theta / 20.0) / 6.0 } else { (theta - theta.sin()) / theta.powi(3) }
}

#[cfg(test)]
mod tests {
    use nalgebra::Rotation3;

    use super::*;

    /// Vectors of all lengths, on both sides of the series' end and past a whole turn.
    fn vectors() -> impl Iterator<Item = Vector3<f64>> {
        let lengths = [0.0, 1e-9, 0.99 * SMALL, 1.01 * SMALL, 0.01, 0.7, 3.1, 3.2, 7.0];
        lengths.into_iter().map(|length| Vector3::new(0.48, -0.6, 0.64) * length)
    }

    #[test]
    fn rotations_are_those_of_nalgebra() {
        for w in vectors() {
            let apart = (rotation(&w) - Rotation3::new(w).matrix()).abs().max();
            assert!(apart < 2e-15, "{w}: {apart:e}");
            let unitary = (rotation(&w) * rotation(&w).transpose() - Matrix3::identity()).abs().max();
            assert!(unitary < 4e-15, "{w}: {unitary:e}");
        }
    }

    #[test]
    fn derivatives_match_central_differences() {
        let v = Vector3::new(1.3, -0.4, 2.1);
        for w in vectors() {
            for k in 0..3 {
                let at = |steps: f64| rotation(&(w + Vector3::ith(k, 1e-3 * steps))) * v;
                let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / 12e-3;
                let got = jacobian(&w).column(k).cross(&(rotation(&w) * v));
                assert!((got - difference).norm() < 1e-11, "{w} {k}: {got} against {difference}");
            }
        }
    }
}
