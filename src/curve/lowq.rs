//! What a lower end of the transform takes away from the curve.
//!
//! Waves with Q below qmin are tens of Å long: to cut them out of a curve that is summed to a few Å past rmax would
//! cut out the wrong ones. So the curve is first brought back from all Q down to 0, and the part below qmin of the
//! crystal without end is then subtracted, known in Q without any sum over pairs:
//!
//! ```text
//! F_ab(Q) = Σ_h 2π²/(V Q_h) Re[F_a(h) F_b(h)*] [n(Q - Q_h) - n(Q + Q_h)]  -  δ_ab Q Σ_i occ_i² exp(-Q² U_i)
//! F_a(h)  = Σ_(i of a) occ_i exp(-Q_h² U_i / 2) exp(2πi h·x_i)
//! ```
//!
//! the Bragg lines, each with the shape n that resolution and particle give it (the cosine transform of the envelope: a
//! Gaussian with standard deviation qdamp for a crystal without end), and the missing pair of every atom with itself. Near pairs that move together change F by Q³ times hundredths of Å², which is left out.
//! The part is that of the starting structure and stays as it is while a fit moves the atoms: it depends on the
//! structure through a few long waves only, and its change is below the accuracy of everything else.

use std::f64::consts::PI;

use nalgebra::{DMatrix, Vector3};

use super::envelope::Envelope;
use super::quadrature::{gauss_legendre, nodes_for_wave};
use super::weights::Weights;
use crate::crystal::Crystal;
use crate::crystal::classes;

/// A Bragg line: where, and how strong for each pair of species (both orders counted), in the order of [`classes`].
struct Line {
    q: f64,
    strength: Vec<f64>,
}

/// `(2/π) ∫_0^qmin F_ab(Q) sin(Qr) dQ` at the distances `r` for unit scale: distances × pairs of species.
///
/// `q` are the nodes that `weights` are for, `dq` the quadrature's weights.
pub(super) fn below(
    crystal: &Crystal,
    weights: &Weights,
    q: &[f64],
    dq: &[f64],
    qdamp: f64,
    r: &[f64],
) -> DMatrix<f64> {
    let last = q.last().copied().unwrap_or(0.0);
    let shape = LineShape::new(qdamp, crystal.profile.spdiameter, last);
    let lines = lines(crystal, last + shape.reach());
    let waves: Vec<Vec<f64>> = (0..q.len()).map(|k| wave(crystal, weights, &lines, &shape, k, q[k])).collect();
    let waves = DMatrix::from_fn(q.len(), classes(crystal.species.len()).count(), |k, class| waves[k][class]);
    DMatrix::from_fn(r.len(), q.len(), |i, k| std::f64::consts::FRAC_2_PI * dq[k] * (q[k] * r[i]).sin()) * waves
}

/// The lines of a sphere this large, Å, are far narrower than any quadrature here resolves: it is a crystal without end.
const WITHOUT_END: f64 = 1e5;

/// The shape of a Bragg line, `n(x) = (1/π) ∫_0^∞ E(r) cos(xr) dr` with the envelope E: area 1.
enum LineShape {
    /// Of a crystal without end: a Gaussian of this standard deviation, 1/Å.
    Gaussian(f64),
    /// Of a sphere: the envelope at nodes of r with the quadrature's weights in it, and how far its tails are followed.
    Sphere { envelope: Vec<(f64, f64)>, reach: f64 },
}

impl LineShape {
    fn new(qdamp: f64, spdiameter: f64, qmin: f64) -> Self {
        if spdiameter <= 0.0 || spdiameter > WITHOUT_END {
            // At least the width that the quadrature over Q resolves.
            return Self::Gaussian(qdamp.max(NARROWEST_LINE));
        }
        // A sphere's line falls off as 1/x⁴, here to some 1e-5 of its top.
        let reach = 6.0 * qdamp + 60.0 / spdiameter;
        let (r, dr) = gauss_legendre(nodes_for_wave(spdiameter * (qmin + reach)), 0.0, spdiameter);
        let envelope = Envelope { qdamp, spdiameter, stepcut: 0.0, fade: None };
        let envelope = r.iter().zip(dr).map(|(r, dr)| (*r, dr * envelope.at(*r, 1.0) / PI)).collect();
        Self::Sphere { envelope, reach }
    }

    /// Lines this far above qmin still reach below it, 1/Å.
    fn reach(&self) -> f64 {
        match self {
            Self::Gaussian(width) => 6.0 * width,
            Self::Sphere { reach, .. } => *reach,
        }
    }

    fn at(&self, x: f64) -> f64 {
        match self {
            Self::Gaussian(width) => (-0.5 * (x / width).powi(2)).exp() / (width * (2.0 * PI).sqrt()),
            Self::Sphere { envelope, .. } => envelope.iter().map(|(r, e)| e * (x * r).cos()).sum(),
        }
    }
}

/// The narrowest line, 1/Å: nodes of Q are laid half as far apart.
pub(super) const NARROWEST_LINE: f64 = 0.01;

/// Weighted F(Q) of each pair of species at the k-th node.
fn wave(crystal: &Crystal, weights: &Weights, lines: &[Line], shape: &LineShape, k: usize, q: f64) -> Vec<f64> {
    let shapes: Vec<f64> = lines.iter().map(|line| shape.at(q - line.q) - shape.at(q + line.q)).collect();
    let itself = |species: usize| -> f64 {
        let atoms = crystal.atoms.iter().filter(|atom| atom.species == species);
        q * atoms.map(|atom| atom.occ.powi(2) * (-q * q * atom.u.trace() / 3.0).exp()).sum::<f64>()
    };
    let of = |(index, (a, b)): (usize, (usize, usize))| {
        let bragg: f64 = lines.iter().zip(&shapes).map(|(line, shape)| line.strength[index] * shape).sum();
        weights.at((a, b), k) * (bragg - if a == b { itself(a) } else { 0.0 })
    };
    classes(crystal.species.len()).enumerate().map(of).collect()
}

/// The Bragg lines up to `farthest`, 1/Å, each with its opposite in one.
fn lines(crystal: &Crystal, farthest: f64) -> Vec<Line> {
    let Some(inverse) = crystal.basis.try_inverse() else { return Vec::new() };
    // Index h along an edge is at most the edge's length times the reach.
    let most = Vector3::from_fn(|k, _| (farthest * crystal.basis.column(k).norm() / (2.0 * PI)).floor() as i64);
    let mut lines = Vec::new();
    for h in -most[0]..=most[0] {
        for k in -most[1]..=most[1] {
            for l in -most[2]..=most[2] {
                let index = Vector3::new(h as f64, k as f64, l as f64);
                let q = (inverse.transpose() * index).norm() * 2.0 * PI;
                if q > 1e-9 && q <= farthest {
                    lines.push(Line { q, strength: strength(crystal, &index, q) });
                }
            }
        }
    }
    lines
}

fn strength(crystal: &Crystal, index: &Vector3<f64>, q: f64) -> Vec<f64> {
    let mut factors = vec![[0.0; 2]; crystal.species.len()];
    for atom in &crystal.atoms {
        let (sin, cos) = (2.0 * PI * index.dot(&atom.position.0)).sin_cos();
        let size = atom.occ * (-0.5 * q * q * atom.u.trace() / 3.0).exp();
        factors[atom.species][0] += size * cos;
        factors[atom.species][1] += size * sin;
    }
    let front = 2.0 * PI * PI / (crystal.volume() * q);
    let of = |(a, b): (usize, usize)| {
        let orders = if a == b { 1.0 } else { 2.0 };
        front * orders * (factors[a][0] * factors[b][0] + factors[a][1] * factors[b][1])
    };
    classes(factors.len()).map(of).collect()
}
