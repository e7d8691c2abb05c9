//! Factors on F(Q) against termination ripples.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// A factor M(Q) on F(Q) that brings it to zero at its end, against termination ripples.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Window {
    /// `M = 1`: full resolution and full ripples, which the model shares.
    #[default]
    #[serde(rename = "none")]
    None,
    /// `M = sin(x) / x` with `x = π Q / qmax` (E. Lorch, J. Phys. C **2** (1969) 229).
    #[serde(rename = "lorch")]
    Lorch,
    /// `M = 3 (sin x - x cos x) / x³` with `x = Q Δ`, Δ in Å (A. K. Soper & E. R. Barney, J. Appl. Cryst. **44** (2011) 714).
    #[serde(rename = "soper_lorch")]
    SoperLorch(f64),
}

impl Window {
    /// Soper and Lorch's of this width, Å, or none.
    pub fn soper_lorch(width: Option<f64>) -> Self {
        width.map_or(Self::None, Self::SoperLorch)
    }

    /// `M(Q)` at `q` for a transform that ends at `qmax`, both in 1/Å.
    pub fn at(self, q: f64, qmax: f64) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Lorch => sinc(PI * q / qmax),
            Self::SoperLorch(width) => soper_lorch(q * width),
        }
    }
}

/// Below this argument the leading terms of a series are exact to rounding, where the closed form cancels.
const SMALL: f64 = 1e-2;

/// `sin(x) / x`.
pub fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-8 { 1.0 } else { x.sin() / x }
}

fn soper_lorch(x: f64) -> f64 {
    if x.abs() < SMALL {
        let x2 = x * x;
        return 1.0 - x2 / 10.0 + x2 * x2 / 280.0 - x2 * x2 * x2 / 15120.0;
    }
    3.0 * (x.sin() - x * x.cos()) / (x * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_their_limits() {
        assert!((Window::Lorch.at(0.0, 20.0) - 1.0).abs() < 1e-15);
        assert!(Window::Lorch.at(20.0, 20.0).abs() < 1e-15);
        for x in [SMALL * (1.0 - 1e-9), SMALL * (1.0 + 1e-9)] {
            let series = 1.0 - x * x / 10.0 + x.powi(4) / 280.0;
            // The closed form loses eps / x³ of its relative precision here.
            assert!((Window::SoperLorch(1.0).at(x, 20.0) - series).abs() < 1e-9, "{x}");
        }
    }
}
