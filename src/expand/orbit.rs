//! The images of one site under a space group, those that coincide merged.

use nalgebra::{Matrix3, Vector3};

use crate::model::{Model, Operator};
use crate::units::Frac;

/// Images nearer than this along every axis, in fractions of the cell, may be one atom: 0.333 written for 1/3 is
/// up to 0.001 away from its own image, and the sum of two such roundings half as much again.
const SAME_FRACTION: f64 = 1.5e-3;

/// And nearer than this, Å: in a long cell the fractions alone would merge the halves of a split atom.
const SAME_DISTANCE: f64 = 0.05;

/// One atom of the cell as an image of its site.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Image {
    /// All operators that lead here, ascending; the first names the image.
    pub members: Vec<usize>,
    /// Mean of the coinciding images, in the cell at the origin.
    pub position: Frac,
    /// Whole cells added to the first operator's image.
    pub shift: Vector3<f64>,
}

/// What makes images: the operators, and the cell vectors to measure by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    operators: &'a [Operator],
    basis: Matrix3<f64>,
}

impl<'a> Group<'a> {
    pub fn of(model: &'a Model) -> Self {
        Self { operators: &model.space_group.operators, basis: model.cell.basis() }
    }

    /// The images of a position, in the order of their first operators.
    pub fn orbit(&self, position: Frac) -> Vec<Image> {
        let site = self.idealised(position);
        let mut images: Vec<Image> = Vec::new();
        for (k, operator) in self.operators.iter().enumerate() {
            let image = operator.apply(site);
            match images.iter_mut().find(|known| self.same(image.0 - known.position.0).is_some()) {
                Some(known) => known.members.push(k),
                None => images.push(first_image(k, image)),
            }
        }
        images
    }

    /// The operators that leave a position where it is, up to whole cells.
    pub fn stabilizer(&self, position: Frac) -> Vec<usize> {
        let site = self.idealised(position);
        let moves = |k: &usize| self.operators[*k].apply(site).0 - site.0;
        (0..self.operators.len()).filter(|k| self.same(moves(k)).is_some()).collect()
    }

    /// The position moved onto its special position exactly: the mean of the images that coincide with it.
    ///
    /// Repeated, because from the exact position one more operator may be seen to leave it in place.
    pub fn idealised(&self, position: Frac) -> Frac {
        let mut site = position.0;
        let mut known = 0;
        loop {
            let moves: Vec<Vector3<f64>> =
                self.operators.iter().filter_map(|op| self.same(op.apply(Frac(site)).0 - site)).collect();
            if moves.len() <= known {
                return Frac(site);
            }
            known = moves.len();
            site += moves.iter().sum::<Vector3<f64>>() / known as f64;
        }
    }

    /// The difference without whole cells, if it is small enough for one atom.
    fn same(&self, difference: Vector3<f64>) -> Option<Vector3<f64>> {
        let rest = difference.map(|x| x - x.round());
        (rest.amax() < SAME_FRACTION && (self.basis * rest).norm() < SAME_DISTANCE).then_some(rest)
    }
}

fn first_image(operator: usize, image: Frac) -> Image {
    let position = image.wrapped();
    Image { members: vec![operator], position, shift: (position.0 - image.0).map(f64::round) }
}
