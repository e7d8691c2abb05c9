//! Tables of what pairs at nodes do, gone through in whole vectors.

use nalgebra::{DMatrix, DVector};

/// For every node of every class of pairs m numbers, each a parabola in the v of its class.
///
/// In single precision: they are read as a whole twice for every step, and what they are for is near the truth to some 1e-3. Sums over
/// them are in double precision, so that slopes are those of values.
#[derive(Debug, Clone)]
pub struct Tables {
    /// m.
    width: usize,
    /// Blocks of a class.
    per_class: usize,
    /// Block after block of nodes, in each number after number: the factors of 1, v and v².
    entries: Vec<[[f32; BLOCK]; 3]>,
}

/// Nodes that are worked on together.
const BLOCK: usize = 16;
/// A pair has its shares in so many nodes that follow each other, less one.
const NEIGHBOURS: usize = 3;

/// How a product with what lies at the nodes changes.
#[derive(Debug, Clone)]
pub struct Slopes {
    /// By one more at each node that has any nearby.
    pub nodes: Vec<f64>,
    /// By the v of each class.
    pub by_v: Vec<f64>,
}

impl Tables {
    /// Of matrices with the factors of 1, v and v²: `count` nodes of the first class, of the second ... × m.
    pub fn new(factors: &[DMatrix<f64>; 3], count: usize) -> Self {
        let (rows, width) = factors[0].shape();
        let per_class = count.div_ceil(BLOCK);
        let classes = rows / count.max(1);
        let mut entries = vec![[[0.0; BLOCK]; 3]; classes * per_class * width];
        for (power, matrix) in factors.iter().enumerate() {
            for (j, column) in matrix.column_iter().enumerate() {
                for (row, value) in column.iter().enumerate() {
                    let (class, node) = (row / count, row % count);
                    let block = class * per_class + node / BLOCK;
                    entries[block * width + j][power][node % BLOCK] = *value as f32;
                }
            }
        }
        Self { width, per_class, entries }
    }

    /// m.
    pub fn width(&self) -> usize {
        self.width
    }

    /// From the first node of a class to that of the next: whole blocks.
    pub fn stride(&self) -> usize {
        self.per_class * BLOCK
    }

    /// Nodes of all classes.
    pub fn nodes(&self) -> usize {
        self.entries.len() / self.width.max(1) * BLOCK
    }

    /// What lies at the nodes does in all, with the v of each class.
    pub fn sum(&self, nodes: &[f64], v: &[f64]) -> DVector<f64> {
        pulp::Arch::new().dispatch(Sum { tables: self, nodes, v })
    }

    /// How `by · sum` changes with what the sum depends on.
    pub fn slopes(&self, nodes: &[f64], v: &[f64], by: &DVector<f64>) -> Slopes {
        pulp::Arch::new().dispatch(Pull { tables: self, nodes, v, by: by.as_slice() })
    }

    /// The blocks of nodes with their numbers and the index of their class.
    fn blocks(&self) -> impl Iterator<Item = (usize, &[[[f32; BLOCK]; 3]])> {
        self.entries
            .chunks_exact(self.width.max(1))
            .enumerate()
            .map(|(block, entries)| (block / self.per_class, entries))
    }
}

/// [`Tables::sum`], to be compiled for the widest vectors that the processor has.
struct Sum<'a> {
    tables: &'a Tables,
    nodes: &'a [f64],
    v: &'a [f64],
}

impl pulp::WithSimd for Sum<'_> {
    type Output = DVector<f64>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> DVector<f64> {
        let Self { tables, nodes, v } = self;
        let mut sums = vec![[0.0; BLOCK]; tables.width];
        let (nodes, _) = nodes.as_chunks::<BLOCK>();
        for (nodes, (class, entries)) in nodes.iter().zip(tables.blocks()) {
            if *nodes != [0.0; BLOCK] {
                add_products(&mut sums, nodes, entries, v[class]);
            }
        }
        DVector::from_iterator(sums.len(), sums.iter().map(|lanes| lanes.iter().sum()))
    }
}

/// Adds what a block of nodes does to each of the m sums.
#[inline(always)]
fn add_products(sums: &mut [[f64; BLOCK]], nodes: &[f64; BLOCK], entries: &[[[f32; BLOCK]; 3]], v: f64) {
    for (sum, [one, first, second]) in sums.iter_mut().zip(entries) {
        for l in 0..BLOCK {
            sum[l] += nodes[l] * (f64::from(one[l]) + v * (f64::from(first[l]) + v * f64::from(second[l])));
        }
    }
}

/// [`Tables::slopes`], to be compiled for the widest vectors that the processor has.
struct Pull<'a> {
    tables: &'a Tables,
    nodes: &'a [f64],
    v: &'a [f64],
    by: &'a [f64],
}

impl pulp::WithSimd for Pull<'_> {
    type Output = Slopes;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Slopes {
        let Self { tables, nodes, v, by } = self;
        let mut slopes = Slopes { nodes: vec![0.0; nodes.len()], by_v: vec![0.0; v.len()] };
        for ((block, (class, entries)), out) in tables.blocks().enumerate().zip(slopes.nodes.chunks_exact_mut(BLOCK)) {
            let first = block * BLOCK;
            let near = first.saturating_sub(NEIGHBOURS)..(first + BLOCK + NEIGHBOURS).min(nodes.len());
            if nodes[near].iter().all(|weight| *weight == 0.0) {
                continue;
            }
            let [one, first_power, second] = products(by, entries);
            let (v, nodes) = (v[class], &nodes[first..first + BLOCK]);
            for l in 0..BLOCK {
                out[l] = one[l] + v * (first_power[l] + v * second[l]);
                slopes.by_v[class] += nodes[l] * (first_power[l] + 2.0 * v * second[l]);
            }
        }
        slopes
    }
}

/// The three factors at each node of a block, times `by` and added up.
#[inline(always)]
fn products(by: &[f64], entries: &[[[f32; BLOCK]; 3]]) -> [[f64; BLOCK]; 3] {
    let (mut one, mut first, mut second) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
    for (by, entry) in by.iter().zip(entries) {
        for l in 0..BLOCK {
            one[l] += by * f64::from(entry[0][l]);
            first[l] += by * f64::from(entry[1][l]);
            second[l] += by * f64::from(entry[2][l]);
        }
    }
    [one, first, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_slopes_are_those_of_matrices() {
        let (count, classes, width) = (37, 3, 5);
        let factors: [DMatrix<f64>; 3] = std::array::from_fn(|power| {
            let wave = |row: usize, j: usize| (1.3 * row as f64 + 2.1 * j as f64 + 0.7 * power as f64).sin();
            DMatrix::from_fn(classes * count, width, |row, j| f64::from(wave(row, j) as f32))
        });
        let (tables, v) = (Tables::new(&factors, count), [0.3, -0.2, 0.1]);
        let mut nodes = vec![0.0; tables.nodes()];
        let mut whole = DVector::zeros(classes * count);
        for (class, node, weight) in [(0, 3, 1.5), (0, 36, -0.5), (2, 17, 2.0), (2, 18, 0.25)] {
            nodes[class * tables.stride() + node] = weight;
            whole[class * count + node] = weight;
        }
        let at = |row: usize| v[row / count];
        let matrix = DMatrix::from_fn(classes * count, width, |row, j| {
            factors[0][(row, j)] + at(row) * (factors[1][(row, j)] + at(row) * factors[2][(row, j)])
        });
        assert!((tables.sum(&nodes, &v) - matrix.tr_mul(&whole)).amax() < 1e-13);
        let by = DVector::from_fn(width, |j, _| 0.4 - 0.3 * j as f64);
        let slopes = tables.slopes(&nodes, &v, &by);
        let each = &matrix * &by;
        for (class, node) in [(0, 3), (0, 4), (0, 36), (2, 15), (2, 20)] {
            assert!((slopes.nodes[class * tables.stride() + node] - each[class * count + node]).abs() < 1e-13);
        }
        let h = 1e-6;
        for class in 0..classes {
            let moved = |by: f64| {
                let mut v = v;
                v[class] += by;
                tables.sum(&nodes, &v)
            };
            let expected = by.dot(&(moved(h) - moved(-h))) / (2.0 * h);
            assert!((slopes.by_v[class] - expected).abs() < 1e-8, "{class}");
        }
    }
}
