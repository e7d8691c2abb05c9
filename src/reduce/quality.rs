//! What tells a better reduction from a worse one, without a structure.

use std::f64::consts::PI;

use serde::Serialize;

use crate::reduction::Reduced;

/// A maximum this high, as a share of the highest, is a distance between atoms.
const PEAK: f64 = 0.2;

/// Below this share of the first distance no pair of atoms adds to G(r).
const BEFORE: f64 = 0.75;

/// Figures of merit of a reduced pattern.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Where G(r) has its first large maximum, Å.
    pub first: f64,
    /// Root mean square of `G(r) + 4 π ρ r`, ρ the best for it, from r = 0 to 0.75 of [`Self::first`], 1/Å²: no pair of atoms is that near, so
    /// that all of it is ripple, noise and what the corrections left.
    pub low: f64,
    /// That ρ, 1/Å³, where it is not the number density the scale of G(r) or its low-r end is off.
    pub density: f64,
    /// Mean of dG(r) beyond [`Self::first`], 1/Å²; no number without uncertainties.
    pub noise: f64,
    /// The largest value of G(r), 1/Å².
    pub highest: f64,
    /// Root mean square of the polynomial over that of F(Q): how much had to be corrected.
    pub corrected: f64,
}

/// The figures of merit of a reduced pattern.
pub fn quality(reduced: &Reduced) -> Quality {
    let (r, g) = (&reduced.r, &reduced.g);
    let highest = g.iter().copied().fold(0.0, f64::max);
    let is_peak = |w: &[f64]| w[1] > w[0] && w[1] >= w[2] && w[1] > PEAK * highest;
    let first = (r.iter().skip(1).zip(g.windows(3)))
        .find(|(r, w)| **r > reduced.settings.rpoly && is_peak(w))
        .map_or(f64::NAN, |(r, _)| *r);
    let low: Vec<(f64, f64)> =
        r.iter().copied().zip(g.iter().copied()).take_while(|(r, _)| *r < BEFORE * first).collect();
    let slope = -low.iter().map(|(r, g)| r * g).sum::<f64>() / low.iter().map(|(r, _)| r * r).sum::<f64>();
    let far: Vec<f64> = r.iter().zip(&reduced.dg).filter(|(r, _)| **r > first).map(|(_, dg)| *dg).collect();
    Quality {
        first,
        low: rms(low.iter().map(|(r, g)| g + slope * r)),
        density: slope / (4.0 * PI),
        noise: far.iter().sum::<f64>() / far.len() as f64,
        highest,
        corrected: rms(reduced.polynomial.iter().copied()) / rms(reduced.f.iter().copied()),
    }
}

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value * value, n + 1.0));
    (sum / n).sqrt()
}
