//! Where atoms were: a map on a grid of the cell, at rest with the host.

use std::fmt::Write;

use nalgebra::{Matrix3, Vector3};

use crate::trajectory::Frame;

/// Atoms in each box of the grid, over all frames.
#[derive(Debug, Clone)]
pub struct Grid {
    size: [usize; 3],
    basis: Matrix3<f64>,
    counts: Vec<f64>,
    /// Positions of the host in the first frame, fractions, with their places in the file.
    host: Vec<(usize, Vector3<f64>)>,
}

/// A density on a grid over the cell of the first frame.
#[derive(Debug, Clone, Default)]
pub struct Density {
    /// Boxes along a, b and c.
    pub size: [usize; 3],
    /// Cell vectors as columns, Å.
    pub basis: Matrix3<f64>,
    /// Atoms per Å³ in each box, c fastest, then b.
    pub values: Vec<f64>,
    /// Atoms of the host in the first frame: place in the file (from 0) and fractions.
    pub host: Vec<(usize, Vector3<f64>)>,
}

/// More boxes along an axis than a picture or a memory wants.
const MOST: f64 = 400.0;

impl Grid {
    pub fn new(frame: &Frame, host: &[usize], spacing: f64) -> Self {
        let edge = |k: usize| (frame.basis.column(k).norm() / spacing).round().clamp(1.0, MOST) as usize;
        let size = [0, 1, 2].map(edge);
        let host = host.iter().map(|atom| (*atom, inside(frame.fractions[*atom]))).collect();
        Self { size, basis: frame.basis, counts: vec![0.0; size.iter().product()], host }
    }

    /// Takes in some atoms of a frame whose host has drifted by so much, Å.
    pub fn add(&mut self, frame: &Frame, atoms: &[usize], drifted: Vector3<f64>) {
        let off = frame.basis.try_inverse().unwrap_or_else(Matrix3::zeros) * drifted;
        for atom in atoms {
            let x = inside(frame.fractions[*atom] - off);
            let at = [0, 1, 2].map(|k| ((x[k] * self.size[k] as f64) as usize).min(self.size[k] - 1));
            self.counts[(at[0] * self.size[1] + at[1]) * self.size[2] + at[2]] += 1.0;
        }
    }

    pub fn density(&self, frames: usize) -> Density {
        let each = self.basis.determinant().abs() / self.counts.len() as f64 * frames as f64;
        let values = self.counts.iter().map(|count| count / each).collect();
        Density { size: self.size, basis: self.basis, values, host: self.host.clone() }
    }
}

fn inside(x: Vector3<f64>) -> Vector3<f64> {
    x.map(|x| (x - x.floor()).min(1.0 - f64::EPSILON))
}

impl Density {
    /// The density summed along an axis, over its other two in their order, atoms per Å²: rows of the first, and their sizes.
    pub fn projection(&self, axis: usize) -> (Vec<f64>, [usize; 2]) {
        let others = [[1, 2], [0, 2], [0, 1]][axis];
        let size = others.map(|k| self.size[k]);
        let thick = crate::trajectory::heights(&self.basis)[axis] / self.size[axis] as f64;
        let mut sum = vec![0.0; size[0] * size[1]];
        for (k, value) in self.values.iter().enumerate() {
            let at = [k / (self.size[1] * self.size[2]), k / self.size[2] % self.size[1], k % self.size[2]];
            sum[at[others[0]] * size[1] + at[others[1]]] += value * thick;
        }
        (sum, size)
    }
}

/// Å in a Bohr radius (CODATA 2018).
const BOHR: f64 = 0.529177210903;

/// The density as a Gaussian cube file: lengths in Bohr, values in atoms per Å³; `numbers` are the atomic numbers of all atoms.
pub fn cube(density: &Density, numbers: &[usize], title: &str) -> String {
    let mut text = format!("{title}\nnumber density in 1/A^3, lengths in Bohr; outer loop a, inner loop c\n");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:5} {:11.6} {:11.6} {:11.6}", density.host.len(), 0.0, 0.0, 0.0);
    for k in 0..3 {
        let step = density.basis.column(k) / (BOHR * density.size[k] as f64);
        let _ = writeln!(text, "{:5} {:11.6} {:11.6} {:11.6}", density.size[k], step[0], step[1], step[2]);
    }
    for (atom, frac) in &density.host {
        let x = density.basis * frac / BOHR;
        let number = numbers[*atom];
        let _ = writeln!(text, "{number:5} {:11.6} {:11.6} {:11.6} {:11.6}", number as f64, x[0], x[1], x[2]);
    }
    for row in density.values.chunks(density.size[2]) {
        for six in row.chunks(6) {
            text.extend(six.iter().map(|value| format!(" {value:12.5e}")));
            text.push('\n');
        }
    }
    text
}

/// Boxes that hold less than this share of the highest density are left out of the xyz.
const SEEN: f64 = 0.05;

/// The density as extended xyz: the boxes that hold most, as points of the element with their density (1/Å³), behind the host.
pub fn points(density: &Density, element: &str, symbols: &[&str]) -> String {
    let highest = density.values.iter().copied().fold(0.0, f64::max);
    let [_, b, c] = density.size;
    let seen: Vec<(usize, f64)> =
        density.values.iter().copied().enumerate().filter(|(_, v)| *v > SEEN * highest).collect();
    let lattice: Vec<String> = density.basis.iter().map(|x| format!("{x:.8}")).collect();
    let mut text = format!(
        "{}\nLattice=\"{}\" Properties=species:S:1:pos:R:3:density:R:1\n",
        density.host.len() + seen.len(),
        lattice.join(" ")
    );
    let mut line = |symbol: &str, frac: Vector3<f64>, value: f64| {
        let x = density.basis * frac;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{symbol} {:.5} {:.5} {:.5} {value:.5e}", x[0], x[1], x[2]);
    };
    density.host.iter().for_each(|(atom, frac)| line(symbols[*atom], *frac, 0.0));
    for (k, value) in seen {
        let at = Vector3::new((k / (b * c)) as f64, (k / c % b) as f64, (k % c) as f64);
        let size = Vector3::from(density.size.map(|n| n as f64));
        line(element, (at + Vector3::repeat(0.5)).component_div(&size), value);
    }
    text
}
