//! The distance and the width of a pair, and how they change.

use nalgebra::Vector3;

use super::{Measured, NARROWEST, REACH, REACH_PDFFIT2, Shape, Sum};
use crate::crystal::{Atom, Crystal};
use crate::distances::Kind;
use crate::engine::{Grid, Peak};
use crate::pairs::Pair;
use crate::tangent::ShapeTangent;

/// Which U an atom lends to a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    First,
    Beyond,
    Inside,
}

/// A pair's distance and width.
pub struct Width {
    pub r: f64,
    pub direction: Vector3<f64>,
    pub sources: [Source; 2],
    pub sigma: f64,
    pub clamped: bool,
    /// (U_i + U_j) d, Å².
    ud: Vector3<f64>,
    /// Mean square of the relative displacement along the pair before correlation, Å².
    square: f64,
    /// sratio² below rcut.
    near: f64,
    /// The factor on the square: correlation and broadening, times `near`.
    factor: f64,
}

/// What changes of a pair make of the logarithm of its σ.
pub struct Slopes {
    /// By the pair's vector, 1/Å.
    pub v: Vector3<f64>,
    /// By `d^T (U_i + U_j) d`, 1/Å².
    pub square: f64,
    delta1: f64,
    delta2: f64,
    qbroad: f64,
}

impl Width {
    /// `None` for a pair that PDFfit2 would drop.
    #[inline(always)]
    pub fn of(crystal: &Crystal, pair: &Measured, shape: &Shape) -> Option<Self> {
        let r = pair.v.norm();
        let direction = pair.v / r;
        let atoms = pair.atoms.map(|k| &crystal.atoms[k as usize]);
        let sources = atoms.map(|atom| source(atom, r, pair.same));
        let ud = displacement(atoms[0], sources[0], &direction) + displacement(atoms[1], sources[1], &direction);
        Self::along(r, direction, sources, ud, shape)
    }

    /// Of a pair of two kinds, in any direction.
    pub fn between(kinds: [&Kind; 2], r: f64, shape: &Shape) -> Option<Self> {
        let sources = kinds.map(|kind| match kind.beyond {
            Some(beyond) if r > beyond.rcut => Source::Beyond,
            _ => Source::First,
        });
        let lent = |kind: &Kind, source: Source| match (source, kind.beyond) {
            (Source::Beyond, Some(beyond)) => beyond.uiso,
            _ => kind.uiso,
        };
        let u = lent(kinds[0], sources[0]) + lent(kinds[1], sources[1]);
        Self::along(r, Vector3::x(), sources, Vector3::x() * u, shape)
    }

    #[inline(always)]
    fn along(r: f64, direction: Vector3<f64>, sources: [Source; 2], ud: Vector3<f64>, shape: &Shape) -> Option<Self> {
        let square = direction.dot(&ud);
        let near = if r < shape.rcut { shape.sratio * shape.sratio } else { 1.0 };
        let broad = shape.qbroad * r;
        let factor = near * (1.0 - shape.delta1 / r - shape.delta2 / (r * r) + broad * broad);
        let variance = square * factor;
        if shape.sum == Sum::PdfFit2 && variance <= 0.0 {
            return None;
        }
        let clamped = shape.sum == Sum::Exact && (variance.is_nan() || variance <= NARROWEST * NARROWEST);
        let sigma = if clamped { NARROWEST } else { variance.sqrt() };
        Some(Self { r, direction, sources, sigma, clamped, ud, square, near, factor })
    }

    /// Factor of `occ_i occ_j exp(-t²/2)`; 2 because every pair stands for two ordered ones.
    pub fn amplitude(&self, sum: Sum) -> f64 {
        let area = 2.0 / (self.sigma * (2.0 * std::f64::consts::PI).sqrt());
        match sum {
            Sum::Exact => area / self.r,
            Sum::PdfFit2 => area,
        }
    }

    /// Where the peak lies on a grid, and how far it reaches.
    #[inline(always)]
    pub fn peak(&self, grid: &Grid, sum: Sum) -> Peak {
        let center = (self.r / grid.step + 0.5).floor();
        let half = match sum {
            Sum::Exact => (REACH * self.sigma / grid.step).ceil(),
            Sum::PdfFit2 => (REACH_PDFFIT2 * self.sigma / grid.step + 0.5).floor(),
        };
        Peak { center: center as u32, half: half as u32, offset: self.r - center * grid.step, sigma: self.sigma }
    }

    /// The derivatives of `ln σ = ln(σ²) / 2`.
    #[inline(always)]
    pub fn slopes(&self, shape: &Shape) -> Slopes {
        let Self { r, direction, square, .. } = *self;
        // A clamped width stays what it is.
        let half = if self.clamped { 0.0 } else { 0.5 / (self.sigma * self.sigma) };
        let by_r = shape.delta1 / (r * r) + 2.0 * shape.delta2 / (r * r * r) + 2.0 * shape.qbroad * shape.qbroad * r;
        // The direction turns with the part of dv across it.
        let turned = (self.ud - direction * square) * (2.0 * self.factor / r);
        let by_factor = square * self.near * half;
        Slopes {
            v: (turned + direction * (square * self.near * by_r)) * half,
            square: self.factor * half,
            delta1: -by_factor / r,
            delta2: -by_factor / (r * r),
            qbroad: by_factor * 2.0 * shape.qbroad * r * r,
        }
    }
}

impl Slopes {
    /// `dσ/σ` by a parameter that changes all widths.
    pub fn by_shape(&self, change: &ShapeTangent) -> f64 {
        self.delta1 * change.delta1 + self.delta2 * change.delta2 + self.qbroad * change.qbroad
    }
}

/// Do the atoms of a pair belong to one copy of one molecule?
pub fn same_molecule(crystal: &Crystal, pair: &Pair) -> bool {
    match [pair.i, pair.j].map(|k| crystal.atoms[k as usize].molecule) {
        [Some(i), Some(j)] => i.molecule == j.molecule && j.cell + pair.shift == i.cell,
        _ => false,
    }
}

fn source(atom: &Atom, r: f64, same: bool) -> Source {
    match (atom.inside, atom.beyond) {
        (Some(_), _) if same => Source::Inside,
        (_, Some(beyond)) if r > beyond.rcut => Source::Beyond,
        _ => Source::First,
    }
}

/// U d.
#[inline(always)]
fn displacement(atom: &Atom, source: Source, direction: &Vector3<f64>) -> Vector3<f64> {
    match source {
        Source::First => atom.u * direction,
        Source::Beyond => direction * atom.beyond.map_or(0.0, |beyond| beyond.uiso),
        Source::Inside => direction * atom.inside.unwrap_or(0.0),
    }
}
