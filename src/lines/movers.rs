//! What the parameters do to a pair.

use nalgebra::{Matrix3, Vector3};

use super::width::{Slopes, Source, Width};
use super::{Measured, Shape, Sum};
use crate::crystal::Crystal;
use crate::engine::Term;
use crate::tangent::{AtomTangent, ShapeTangent, Tangent};

/// The change of one pair with one parameter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change {
    /// Of its distance, Å.
    pub dr: f64,
    /// Of the logarithm of its σ.
    pub widen: f64,
    /// Of `occ_i occ_j`.
    pub occ: f64,
}

impl Change {
    /// The term that it adds to its row (the row is left 0), for a pair whose `occ_i occ_j` is `occ`.
    #[inline(always)]
    pub fn term(&self, width: &Width, shape: &Shape, occ: f64, amplitude: f64) -> Term {
        let both = amplitude * occ;
        let prefactor = match shape.sum {
            Sum::Exact => self.dr / width.r,
            Sum::PdfFit2 => 0.0,
        };
        Term {
            row: 0,
            a: amplitude * self.occ - both * (prefactor + self.widen),
            b: both * self.dr / width.sigma,
            c: both * self.widen,
        }
    }
}

/// The tangents, sorted by what they move.
pub struct Movers<'a> {
    /// For each atom the parameters that move it.
    by_atom: Vec<Vec<Mover<'a>>>,
    /// The parameters that strain the cell: `d basis · basis⁻¹`.
    strains: Vec<(u32, Matrix3<f64>)>,
    /// The parameters that change every peak's width.
    shapes: Vec<(u32, ShapeTangent)>,
}

/// What one parameter does to one atom.
struct Mover<'a> {
    parameter: u32,
    /// Change of its place, Å.
    v: Vector3<f64>,
    /// The whole change, if it is more than that.
    more: Option<&'a AtomTangent>,
}

impl<'a> Movers<'a> {
    pub fn new(crystal: &Crystal, tangents: &'a [Tangent]) -> Self {
        let by_atom = crystal.atoms.iter().map(|_| Vec::new()).collect();
        let mut movers = Self { by_atom, strains: Vec::new(), shapes: Vec::new() };
        for (parameter, tangent) in (0_u32..).zip(tangents) {
            for (atom, change) in &tangent.atoms {
                let only = AtomTangent { position: change.position, ..AtomTangent::default() };
                let (v, more) = (crystal.basis * change.position, (*change != only).then_some(change));
                movers.by_atom[*atom as usize].push(Mover { parameter, v, more });
            }
            movers.strains.extend(tangent.strain(&crystal.basis).map(|strain| (parameter, strain)));
            if tangent.shape.widens() {
                movers.shapes.push((parameter, tangent.shape));
            }
        }
        movers
    }

    /// Does no parameter change this pair?
    pub fn leave(&self, pair: &Measured) -> bool {
        let still = |atom: u32| self.by_atom[atom as usize].is_empty();
        pair.atoms.into_iter().all(still) && self.strains.is_empty() && self.shapes.is_empty()
    }

    /// Collects what every parameter does to a pair.
    #[inline(always)]
    pub fn gather(&self, pair: &Measured, (width, slopes): (&Width, &Slopes), occ: [f64; 2], scratch: &mut Scratch) {
        for (end, (atom, sign)) in pair.atoms.into_iter().zip([-1.0, 1.0]).enumerate() {
            for mover in &self.by_atom[atom as usize] {
                let change = scratch.of(mover.parameter);
                change.dr += sign * width.direction.dot(&mover.v);
                change.widen += sign * slopes.v.dot(&mover.v);
                if let Some(more) = mover.more {
                    change.occ += more.occ * occ[1 - end];
                    change.widen += slopes.square * square(more, width.sources[end], &width.direction);
                }
            }
        }
        for (k, strain) in &self.strains {
            let (change, dv) = (scratch.of(*k), strain * pair.v);
            change.dr += width.direction.dot(&dv);
            change.widen += slopes.v.dot(&dv);
        }
        for (k, shape) in &self.shapes {
            scratch.of(*k).widen += slopes.by_shape(shape);
        }
    }
}

/// Change of `d^T U d` of one atom with the direction held, Å².
fn square(change: &AtomTangent, source: Source, direction: &Vector3<f64>) -> f64 {
    match source {
        Source::First => direction.dot(&(change.u * direction)),
        Source::Beyond => change.beyond,
        Source::Inside => change.inside,
    }
}

/// Changes by parameter, cleared pair by pair without touching those that were not used.
pub struct Scratch {
    changes: Vec<Change>,
    used: Vec<u32>,
    marked: Vec<bool>,
}

impl Scratch {
    pub fn new(parameters: usize) -> Self {
        Self { changes: vec![Change::default(); parameters], used: Vec::new(), marked: vec![false; parameters] }
    }

    #[inline(always)]
    fn of(&mut self, k: u32) -> &mut Change {
        if !std::mem::replace(&mut self.marked[k as usize], true) {
            self.used.push(k);
        }
        &mut self.changes[k as usize]
    }

    #[inline(always)]
    pub fn drain(&mut self) -> impl Iterator<Item = (usize, Change)> + '_ {
        let Self { changes, used, marked } = self;
        used.drain(..).map(|k| {
            marked[k as usize] = false;
            (k as usize, std::mem::take(&mut changes[k as usize]))
        })
    }
}
