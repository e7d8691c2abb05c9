//! Who is near whom in a crystal without end: a grid of boxes over the cell.

use nalgebra::{Matrix3, Vector3};

/// Atoms sorted into boxes, so that a search looks at the boxes around a point only.
#[derive(Debug, Clone)]
pub(crate) struct Neighbourhood {
    basis: Matrix3<f64>,
    /// Fractions as given, and the whole cells to take off to lie in the cell at the origin.
    atoms: Vec<(Vector3<f64>, Vector3<f64>)>,
    /// Boxes along each axis.
    boxes: [usize; 3],
    /// Height of a box between its faces, Å, for each axis.
    heights: [f64; 3],
    /// `members[start[b]..start[b + 1]]` are the atoms of box b.
    start: Vec<usize>,
    members: Vec<usize>,
}

/// An atom near a point: atom `index`, moved by `cell`, lies `distance` away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbour {
    pub index: usize,
    /// Whole cells, as floating point for the arithmetic.
    pub cell: Vector3<f64>,
    /// Å.
    pub distance: f64,
}

impl Neighbourhood {
    /// Sorts the atoms at `positions` (fractions, in any cell) for searches of about `reach` Å.
    pub fn new(basis: Matrix3<f64>, positions: impl Iterator<Item = Vector3<f64>>, reach: f64) -> Self {
        let atoms: Vec<_> = positions.map(|x| (x, x.map(f64::floor))).collect();
        let faces = basis.try_inverse().unwrap_or_else(|| Matrix3::repeat(f64::NAN));
        let height = |axis: usize| 1.0 / faces.row(axis).norm();
        // More boxes than atoms along an axis would be empty ones only.
        let most = (atoms.len() as f64).clamp(1.0, 64.0);
        let boxes = [0, 1, 2].map(|axis| (height(axis) / reach.max(0.5)).clamp(1.0, most) as usize);
        let heights = [0, 1, 2].map(|axis| height(axis) / boxes[axis] as f64);
        let mut sorted = Self { basis, atoms, boxes, heights, start: Vec::new(), members: Vec::new() };
        sorted.fill();
        sorted
    }

    fn fill(&mut self) {
        let homes: Vec<usize> = self.atoms.iter().map(|(x, floor)| self.flat(self.home(x - floor))).collect();
        self.start = vec![0; self.boxes.iter().product::<usize>() + 1];
        for home in &homes {
            self.start[home + 1] += 1;
        }
        for b in 1..self.start.len() {
            self.start[b] += self.start[b - 1];
        }
        self.members = (0..homes.len()).collect();
        self.members.sort_by_key(|&i| homes[i]);
    }

    /// The box of a position in the cell at the origin.
    fn home(&self, x: Vector3<f64>) -> [i64; 3] {
        [0, 1, 2].map(|axis| ((x[axis] * self.boxes[axis] as f64) as i64).min(self.size(axis) - 1))
    }

    fn size(&self, axis: usize) -> i64 {
        i64::try_from(self.boxes[axis]).unwrap_or(i64::MAX)
    }

    fn flat(&self, b: [i64; 3]) -> usize {
        (b[0] as usize * self.boxes[1] + b[1] as usize) * self.boxes[2] + b[2] as usize
    }

    /// Everything within `reach` Å of a position, itself included if it is one of the atoms; in no order.
    pub fn around(&self, position: Vector3<f64>, reach: f64) -> Vec<Neighbour> {
        let floor = position.map(f64::floor);
        let home = self.home(position - floor);
        let ranges = [0, 1, 2].map(|axis| {
            let span = (reach / self.heights[axis]).ceil().clamp(0.0, 1e6) as i64;
            home[axis] - span..=home[axis] + span
        });
        let mut found = Vec::new();
        for i in ranges[0].clone() {
            for j in ranges[1].clone() {
                for k in ranges[2].clone() {
                    self.search([i, j, k], position, floor, reach, &mut found);
                }
            }
        }
        found
    }

    /// The atoms of one box, which may lie in another cell.
    fn search(&self, b: [i64; 3], from: Vector3<f64>, floor: Vector3<f64>, reach: f64, found: &mut Vec<Neighbour>) {
        let within = [0, 1, 2].map(|axis| b[axis].rem_euclid(self.size(axis)));
        let cells = Vector3::from_fn(|axis, _| b[axis].div_euclid(self.size(axis)) as f64);
        let b = self.flat(within);
        for &index in &self.members[self.start[b]..self.start[b + 1]] {
            let (x, own) = self.atoms[index];
            let cell = cells + floor - own;
            let distance = (self.basis * (x + cell - from)).norm();
            if distance <= reach {
                found.push(Neighbour { index, cell, distance });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cell;

    /// Fractions that look random, some outside the cell.
    fn scattered(n: usize) -> Vec<Vector3<f64>> {
        let value = |k: f64| (k * 0.618_033_988_75).rem_euclid(1.0) * 1.6 - 0.3;
        (0..n).map(|i| Vector3::from_fn(|axis, _| value((3 * i + axis) as f64 * (1.0 + 0.37 * axis as f64)))).collect()
    }

    fn by_hand(basis: Matrix3<f64>, atoms: &[Vector3<f64>], from: Vector3<f64>, reach: f64) -> Vec<(usize, [i64; 3])> {
        let mut found = Vec::new();
        for (index, x) in atoms.iter().enumerate() {
            for n in 0..11 * 11 * 11 {
                let cell = [n % 11 - 5, n / 11 % 11 - 5, n / 121 - 5];
                let shift = Vector3::from_fn(|axis, _| cell[axis] as f64);
                if (basis * (x + shift - from)).norm() <= reach {
                    found.push((index, cell));
                }
            }
        }
        found
    }

    #[test]
    fn the_boxes_find_what_a_full_search_finds() {
        for (cell, n, reach) in [
            ([12.0, 9.0, 15.0, 90.0, 90.0, 90.0], 60, 2.5),
            ([12.0, 9.0, 15.0, 70.0, 110.0, 60.0], 60, 4.0),
            ([3.0, 4.0, 3.5, 80.0, 95.0, 118.0], 3, 7.0),
        ] {
            let basis = Cell::from_parameters(cell).basis();
            let atoms = scattered(n);
            let sorted = Neighbourhood::new(basis, atoms.iter().copied(), reach / 2.0);
            for from in &atoms {
                let found = sorted.around(*from, reach);
                let mut found: Vec<_> = found.iter().map(|n| (n.index, [0, 1, 2].map(|a| n.cell[a] as i64))).collect();
                let mut expected = by_hand(basis, &atoms, *from, reach);
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected);
            }
        }
    }
}
