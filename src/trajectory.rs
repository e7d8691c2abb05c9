//! Structures in the order of time: what stays for all frames, and one frame.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Place, Points};
use crate::element::{Element, Species};
use crate::model::{Adp, Cell, Model, Profile, Site, SpaceGroup};
use crate::units::Frac;

/// What stays for all frames of a trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Atoms {
    /// The species of each atom, in the order of the positions of a [`Frame`].
    pub species: Vec<Species>,
}

/// One instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Its place in the file, counted from 1, frames that were passed over among them.
    pub number: usize,
    /// Steps of the simulation since its start, where the file counts them.
    pub step: Option<u64>,
    /// The cell vectors as columns, Å.
    pub basis: Matrix3<f64>,
    /// Positions in fractions of the cell, as the file has them: in the cell, or not.
    pub fractions: Vec<Vector3<f64>>,
    /// Do positions go on through the faces of the cell, so that differences between frames are displacements?
    pub unwrapped: bool,
}

impl Atoms {
    /// The elements that occur, in order of first appearance.
    pub fn elements(&self) -> Vec<Element> {
        let mut found = Vec::new();
        for species in &self.species {
            if !found.contains(&species.element) {
                found.push(species.element);
            }
        }
        found
    }

    /// The atoms of an element.
    pub fn of(&self, element: Element) -> Vec<usize> {
        (0..self.species.len()).filter(|i| self.species[*i].element == element).collect()
    }
}

impl Frame {
    /// Volume of the cell, Å³.
    pub fn volume(&self) -> f64 {
        self.basis.determinant().abs()
    }

    /// The frame as a structure in P1 in which every atom has this isotropic U (Å²).
    ///
    /// Handedness is not kept: distances do not know it.
    pub fn model(&self, atoms: &Atoms, uiso: f64) -> Model {
        let site = |(i, (frac, species)): (usize, (&Vector3<f64>, &Species))| Site {
            label: format!("{}{}", species.element, i + 1),
            species: *species,
            position: Frac(*frac),
            occ: 1.0,
            adp: Some(Adp::Iso(uiso)),
            beyond: None,
            inside: None,
            disorder: None,
        };
        Model {
            title: format!("frame {}", self.number),
            provenance: Vec::new(),
            cluster: false,
            cell: Cell::of_vectors(&self.basis),
            space_group: SpaceGroup::default(),
            profile: Profile::default(),
            sites: self.fractions.iter().zip(&atoms.species).enumerate().map(site).collect(),
        }
    }

    /// Atoms as points of a histogram of distances: those for which `kind` is one.
    pub fn points(&self, kind: impl Fn(usize) -> Option<usize>) -> Points {
        let place = |(i, frac): (usize, &Vector3<f64>)| Some(Place { frac: *frac, occ: 1.0, kind: kind(i)? });
        Points { basis: self.basis, places: self.fractions.iter().enumerate().filter_map(place).collect() }
    }
}

/// The least distance between opposite faces of a cell, Å.
///
/// ```
/// let basis = nalgebra::Matrix3::from_diagonal(&[4.0, 5.0, 6.0].into());
/// assert_eq!(corefine::trajectory::width(&basis), 4.0);
/// ```
pub fn width(basis: &Matrix3<f64>) -> f64 {
    heights(basis).into_iter().fold(f64::INFINITY, f64::min)
}

/// The distances between opposite faces of a cell, Å, along a*, b* and c*.
pub fn heights(basis: &Matrix3<f64>) -> [f64; 3] {
    let inverse = basis.try_inverse().unwrap_or_else(Matrix3::identity);
    [0, 1, 2].map(|k| 1.0 / inverse.row(k).norm())
}

/// The shortest vector between images of two atoms, in fractions: `v` less the whole cells that leave it shortest.
///
/// In a skew cell the fractions nearest to zero need not be the shortest vector; their 26 neighbours are tried too.
pub fn nearest_image(basis: &Matrix3<f64>, v: &Vector3<f64>) -> Vector3<f64> {
    let near = v.map(|x| x - x.round());
    let square = (basis * near).norm_squared();
    // Within half the width no other image can be nearer.
    if square.sqrt() <= 0.5 * width(basis) {
        return near;
    }
    let mut best = (square, near);
    for (x, y, z) in (0..27).map(|n| (n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1)) {
        let other = near + Vector3::new(f64::from(x), f64::from(y), f64::from(z));
        let square = (basis * other).norm_squared();
        if square < best.0 - 1e-12 {
            best = (square, other);
        }
    }
    best.1
}

/// How far atoms have moved since the first frame, whether or not the file leads them through the faces of the cell.
///
/// A step of fractions is taken as the shortest of its periodic images, unless the file is unwrapped, and turned into Å with the cell
/// of the frame that it leads to: what a cell that breathes does to all atoms is no displacement.
#[derive(Debug, Clone, Default)]
pub struct Unwrapper {
    last: Vec<Vector3<f64>>,
    /// Displacement of each atom since the first frame, Å.
    pub moved: Vec<Vector3<f64>>,
    /// The longest step between two frames, over the least width of the cell: from 0.5 on a step can be another one's image.
    pub longest: f64,
}

/// Steps longer than this share of the cell's least width are doubtful.
pub const DOUBTFUL: f64 = 0.4;

impl Unwrapper {
    /// Takes in the next frame.
    pub fn add(&mut self, frame: &Frame) {
        if self.last.is_empty() {
            self.moved = vec![Vector3::zeros(); frame.fractions.len()];
        } else {
            let width = width(&frame.basis);
            let steps = self.last.iter().zip(&frame.fractions).zip(&mut self.moved);
            let mut longest: f64 = 0.0;
            for ((last, now), moved) in steps {
                let step = now - last;
                let step = frame.basis * if frame.unwrapped { step } else { nearest_image(&frame.basis, &step) };
                longest = longest.max(step.norm());
                *moved += step;
            }
            self.longest = self.longest.max(longest / width);
        }
        self.last.clone_from(&frame.fractions);
    }

    /// What a user should know of steps that are too long.
    pub fn warning(&self) -> Option<String> {
        (self.longest > DOUBTFUL).then(|| {
            format!(
                "an atom moved by {:.2} of the cell's least width between two frames; beyond a half, one way cannot be told from the other: take frames nearer in time, or unwrapped coordinates",
                self.longest
            )
        })
    }
}

/// Mean of some atoms' displacements, Å; zero for none.
pub fn drift(moved: &[Vector3<f64>], of: &[usize]) -> Vector3<f64> {
    of.iter().map(|atom| moved[*atom]).sum::<Vector3<f64>>() / of.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(basis: Matrix3<f64>, at: Vector3<f64>) -> Frame {
        Frame { number: 1, step: None, basis, fractions: vec![at], unwrapped: false }
    }

    /// An atom walks ten cells far through a skew cell: what comes of its wrapped positions is where it went.
    #[test]
    fn a_walk_through_faces_is_followed() {
        let basis = Matrix3::new(8.0, 3.0, -2.0, 0.0, 7.0, 2.5, 0.0, 0.0, 6.0);
        let inverse = basis.try_inverse().unwrap();
        let mut unwrapper = Unwrapper::default();
        let step = Vector3::new(0.61, -0.83, 0.47);
        for k in 0..100 {
            let place = inverse * (step * f64::from(k));
            unwrapper.add(&frame(basis, place.map(|x| x - x.floor())));
        }
        assert!((unwrapper.moved[0] - step * 99.0).norm() < 1e-10, "{:?}", unwrapper.moved);
        assert!((unwrapper.longest - step.norm() / width(&basis)).abs() < 1e-10);
        assert_eq!(unwrapper.warning(), None);
        unwrapper.add(&frame(basis, Vector3::new(0.5, 0.0, 0.0) + unwrapper.last[0]));
        assert!(unwrapper.warning().unwrap().contains("least width"));
    }

    /// The images nearest in fractions are not always the nearest.
    #[test]
    fn images_in_a_skew_cell_are_the_nearest() {
        let basis = Matrix3::new(5.0, 4.5, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 9.0);
        let v = Vector3::new(0.45, 0.45, 0.1);
        let near = basis * nearest_image(&basis, &v);
        let mut least = f64::INFINITY;
        for n in 0..343 {
            let whole = Vector3::new(f64::from(n % 7 - 3), f64::from(n / 7 % 7 - 3), f64::from(n / 49 - 3));
            least = least.min((basis * (v + whole)).norm());
        }
        assert!((near.norm() - least).abs() < 1e-12 && near.norm() < (basis * v).norm() - 0.1, "{near}");
    }
}
