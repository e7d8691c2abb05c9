//! Products with the matrix of sines `S[k, m] = sin(q_k x_m)`, nodes × places, which is not made where it is large.
//!
//! Places in equal steps s are cut into blocks of 2H places about a centre X, and the addition theorem splits each
//! sine into a factor of the block and one of the place within it:
//!
//! ```text
//! sin(q (X ± y_b)) = sin(qX) cos(q y_b) ± cos(qX) sin(q y_b),    y_b = (b + 1/2) s,   b = 0 to H - 1
//! ```
//!
//! The factors within a block are two tables of nodes × H, the same for every block; sums and differences of the
//! values at `±y_b` meet the first and the second of them alone. So a product has the multiplications that the whole
//! matrix would have, in the same fast routine, without its memory or its making. Small matrices, and those of places
//! that are not in equal steps, are kept as they are; of large ones of the second kind parts are made when needed.

use std::ops::Range;

use nalgebra::{DMatrix, DMatrixView, Dyn, MatrixView};

use crate::threads;

/// The matrix `sin(q_k x_m)`.
#[derive(Debug, Clone)]
pub(super) enum Sines {
    /// All of it.
    Table(DMatrix<f64>),
    /// Its factors.
    Blocks(Blocks),
    /// Nodes and places, where there are too many for a table.
    Listed(Vec<f64>, Vec<f64>),
}

/// Entries up to which a table is kept although it has factors: 4 MB.
const SMALL: usize = 1 << 19;

/// Entries up to which a table without factors is kept: 32 MB.
const LARGE: usize = 1 << 22;

/// Columns that are multiplied by a table at a time.
const COLUMNS: usize = 64;

/// Nodes or places of which a part of a large table is made.
const PART: usize = 64;

impl Sines {
    /// The matrix for the nodes `q` and the places `x`, of inverse units.
    pub(super) fn new(q: &[f64], x: &[f64]) -> Self {
        let entries = q.len() * x.len();
        match steps(x) {
            Some((first, step)) if entries > SMALL => Self::Blocks(Blocks::new(q, first, step, x.len())),
            Some((first, step)) => Self::Table(Blocks::new(q, first, step, x.len()).table()),
            None if entries > LARGE => Self::Listed(q.to_vec(), x.to_vec()),
            None => Self::Table(exact(q, x)),
        }
    }

    /// `S values`: from places × columns to nodes × columns.
    pub(super) fn times(&self, values: DMatrixView<f64>) -> DMatrix<f64> {
        match self {
            Self::Table(table) => by_columns(table.nrows(), values, |part| table * part),
            Self::Blocks(blocks) => blocks.times(values),
            Self::Listed(q, x) => by_rows(q.len(), values.ncols(), |nodes| {
                by_columns(nodes.len(), values, |part| exact(&q[nodes.clone()], x) * part)
            }),
        }
    }

    /// `Sᵀ f`: from nodes × columns to places × columns.
    pub(super) fn transposed_times(&self, f: DMatrixView<f64>) -> DMatrix<f64> {
        match self {
            Self::Table(table) => by_columns(table.ncols(), f, |part| transposed_product(table, part)),
            Self::Blocks(blocks) => blocks.transposed_times(f),
            Self::Listed(q, x) => by_rows(x.len(), f.ncols(), |places| transposed_product(&exact(q, &x[places]), f)),
        }
    }
}

/// How far a place may be off equal steps, of the farthest place: some hundred times its rounding.
const OFF: f64 = 1e-13;

/// The first place and the step, of places in equal steps.
fn steps(x: &[f64]) -> Option<(f64, f64)> {
    let [first, _, .., last] = x else { return None };
    let step = (last - first) / (x.len() - 1) as f64;
    let off = x.iter().enumerate().map(|(k, x)| (x - first - k as f64 * step).abs()).fold(0.0, f64::max);
    (off <= OFF * first.abs().max(last.abs())).then_some((*first, step))
}

/// The matrix itself.
fn exact(q: &[f64], x: &[f64]) -> DMatrix<f64> {
    DMatrix::from_fn(q.len(), x.len(), |k, m| (q[k] * x[m]).sin())
}

/// A product whose columns are made independently, some at a time: `rows` × the columns of `values`.
fn by_columns(
    rows: usize,
    values: DMatrixView<f64>,
    product: impl Fn(DMatrixView<f64>) -> DMatrix<f64> + Sync + Send,
) -> DMatrix<f64> {
    if values.ncols() <= COLUMNS {
        return product(values);
    }
    let tiles = Tiles { rows, columns: values.ncols(), tall: rows.max(1), wide: COLUMNS };
    tiles.map(|_, columns| product(values.columns_range(columns)))
}

/// A product whose rows are made independently, some at a time.
fn by_rows(rows: usize, columns: usize, product: impl Fn(Range<usize>) -> DMatrix<f64> + Sync + Send) -> DMatrix<f64> {
    let tiles = Tiles { rows, columns, tall: PART, wide: columns.max(1) };
    tiles.map(|rows, _| product(rows))
}

/// Rows and columns up to which the fast product is not used.
const FEW: usize = 5;

/// `tableᵀ f`.
fn transposed_product(table: &DMatrix<f64>, f: DMatrixView<f64>) -> DMatrix<f64> {
    // The fast product takes any strides; the simple one that stands in for it where there is little to do does not.
    let few = table.nrows().min(table.ncols()).min(f.ncols()) <= FEW;
    if few { table.tr_mul(&f) } else { transposed(table) * f }
}

/// A matrix seen with its rows and columns exchanged.
fn transposed(m: &DMatrix<f64>) -> MatrixView<'_, f64, Dyn, Dyn, Dyn, Dyn> {
    let (rows, columns) = m.shape();
    MatrixView::from_slice_with_strides_generic(m.as_slice(), Dyn(columns), Dyn(rows), Dyn(rows), Dyn(1))
}

/// A matrix cut into tiles that are made independently; the cuts do not depend on the number of threads.
struct Tiles {
    rows: usize,
    columns: usize,
    tall: usize,
    wide: usize,
}

impl Tiles {
    fn map(&self, tile: impl Fn(Range<usize>, Range<usize>) -> DMatrix<f64> + Sync + Send) -> DMatrix<f64> {
        let down = self.rows.div_ceil(self.tall);
        let place = |t: usize| {
            let (top, left) = (t % down * self.tall, t / down * self.wide);
            (top..(top + self.tall).min(self.rows), left..(left + self.wide).min(self.columns))
        };
        let count = down * self.columns.div_ceil(self.wide);
        if count == 1 {
            return tile(0..self.rows, 0..self.columns);
        }
        let parts = threads::map(count, |t| {
            let (rows, columns) = place(t);
            tile(rows, columns)
        });
        let mut whole = DMatrix::zeros(self.rows, self.columns);
        for (t, part) in parts.iter().enumerate() {
            let (rows, columns) = place(t);
            whole.view_range_mut(rows, columns).copy_from(part);
        }
        whole
    }
}

/// The factors of the matrix, for places in equal steps.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    /// Number of places.
    places: usize,
    /// `cos(q_k y_b)` and `sin(q_k y_b)`: nodes × H.
    within: [DMatrix<f64>; 2],
    /// `cos(q_k X_a)` and `sin(q_k X_a)`: nodes × blocks.
    centers: [DMatrix<f64>; 2],
}

/// Places on either side of a block's centre.
const H: usize = 32;

/// Nodes of a tile, on the way to the nodes.
const NODES: usize = 512;

/// Nodes that are worked on at a time within a tile: what they need stays in the cache.
const NEAR: usize = 64;

/// Blocks times columns that are worked on at a time.
const WIDE: usize = 128;

impl Blocks {
    fn new(q: &[f64], first: f64, step: f64, places: usize) -> Self {
        let centers: Vec<f64> =
            (0..places.div_ceil(2 * H)).map(|a| first + ((2 * a + 1) * H) as f64 * step - 0.5 * step).collect();
        Self { places, within: within(q, step), centers: waves(q, &centers) }
    }

    fn nodes(&self) -> usize {
        self.within[0].nrows()
    }

    fn blocks(&self) -> usize {
        self.centers[0].ncols()
    }

    /// The whole matrix.
    fn table(&self) -> DMatrix<f64> {
        let mut table = DMatrix::zeros(self.nodes(), self.places);
        for (m, mut column) in table.column_iter_mut().enumerate() {
            let (a, within) = (m / (2 * H), m % (2 * H));
            let (b, sign) = if within < H { (H - 1 - within, -1.0) } else { (within - H, 1.0) };
            let [cos_y, sin_y] = self.within.each_ref().map(|of| part(of, b, 0..self.nodes()));
            let [cos_x, sin_x] = self.centers.each_ref().map(|of| part(of, a, 0..self.nodes()));
            for (k, value) in column.as_mut_slice().iter_mut().enumerate() {
                *value = sin_x[k] * cos_y[k] + sign * cos_x[k] * sin_y[k];
            }
        }
        table
    }

    fn times(&self, values: DMatrixView<f64>) -> DMatrix<f64> {
        let wide = (WIDE / self.blocks().max(1)).max(1);
        let tiles = Tiles { rows: self.nodes(), columns: values.ncols(), tall: NODES, wide };
        tiles.map(|nodes, columns| self.tile(nodes, values.columns_range(columns)))
    }

    /// Some nodes of the product with some columns.
    fn tile(&self, nodes: Range<usize>, values: DMatrixView<f64>) -> DMatrix<f64> {
        let [sums, differences] = self.folded(values);
        let mut tile = DMatrix::zeros(nodes.len(), values.ncols());
        for near in nodes.clone().step_by(NEAR).map(|start| start..(start + NEAR).min(nodes.end)) {
            let cos = self.within[0].rows_range(near.clone()) * &sums;
            let sin = self.within[1].rows_range(near.clone()) * &differences;
            let inside = near.start - nodes.start..near.end - nodes.start;
            for (j, mut out) in tile.column_iter_mut().enumerate() {
                let out = &mut out.as_mut_slice()[inside.clone()];
                for a in 0..self.blocks() {
                    let [cos_x, sin_x] = self.centers.each_ref().map(|of| part(of, a, near.clone()));
                    let [cos, sin] = [&cos, &sin].map(|of| part(of, j * self.blocks() + a, 0..near.len()));
                    add_products(out, [sin_x, cos], [cos_x, sin]);
                }
            }
        }
        tile
    }

    /// Sums and differences of the values at `±y_b` of each block: H × (blocks of each column).
    fn folded(&self, values: DMatrixView<f64>) -> [DMatrix<f64>; 2] {
        let mut folded = [(); 2].map(|()| DMatrix::zeros(H, self.blocks() * values.ncols()));
        let [sums, differences] = &mut folded;
        let n = (self.blocks() * H).max(1);
        let folds = sums.as_mut_slice().chunks_mut(n).zip(differences.as_mut_slice().chunks_mut(n));
        for (column, (sums, differences)) in values.column_iter().zip(folds) {
            let folds = sums.chunks_mut(H).zip(differences.chunks_mut(H));
            for (block, (sums, differences)) in column.as_slice().chunks(2 * H).zip(folds) {
                // Beyond the last place there is nothing.
                let mut whole = [0.0; 2 * H];
                whole[..block.len()].copy_from_slice(block);
                for b in 0..H {
                    (sums[b], differences[b]) = (whole[H + b] + whole[H - 1 - b], whole[H + b] - whole[H - 1 - b]);
                }
            }
        }
        folded
    }

    fn transposed_times(&self, f: DMatrixView<f64>) -> DMatrix<f64> {
        let wide = f.ncols().clamp(1, WIDE);
        let tiles = Tiles { rows: self.places, columns: f.ncols(), tall: 2 * H * (WIDE / wide).max(1), wide };
        tiles.map(|places, columns| self.transposed_tile(places, f.columns_range(columns)))
    }

    /// Some places (whole blocks, the last perhaps cut) of the product with some columns.
    fn transposed_tile(&self, places: Range<usize>, f: DMatrixView<f64>) -> DMatrix<f64> {
        let blocks = places.start / (2 * H)..places.end.div_ceil(2 * H);
        let [mut sums, mut differences] = [(); 2].map(|()| DMatrix::zeros(H, blocks.len() * f.ncols()));
        for start in (0..self.nodes()).step_by(NEAR) {
            let near = start..(start + NEAR).min(self.nodes());
            let [cos_x, sin_x] = self.centers.each_ref().map(|of| modulated(of, blocks.clone(), f, near.clone()));
            add_transposed_product(&mut sums, &self.within[0], near.clone(), &sin_x);
            add_transposed_product(&mut differences, &self.within[1], near, &cos_x);
        }
        unfolded(&sums, &differences, places.len(), f.ncols())
    }
}

/// Some entries of a column.
fn part(m: &DMatrix<f64>, column: usize, rows: Range<usize>) -> &[f64] {
    &m.as_slice()[column * m.nrows()..][rows]
}

/// The values at `±y_b` of each block from their half sums and half differences: places × columns.
fn unfolded(sums: &DMatrix<f64>, differences: &DMatrix<f64>, places: usize, columns: usize) -> DMatrix<f64> {
    let mut values = DMatrix::zeros(places, columns);
    let blocks = values.as_mut_slice().chunks_mut(places.max(1)).flat_map(|column| column.chunks_mut(2 * H));
    let folds = sums.as_slice().chunks_exact(H).zip(differences.as_slice().chunks_exact(H));
    for (block, (sums, differences)) in blocks.zip(folds) {
        let mut whole = [0.0; 2 * H];
        for b in 0..H {
            (whole[H + b], whole[H - 1 - b]) = (sums[b] + differences[b], sums[b] - differences[b]);
        }
        block.copy_from_slice(&whole[..block.len()]);
    }
    values
}

/// `out += x[0] x[1] + y[0] y[1]`, entry by entry.
fn add_products(out: &mut [f64], x: [&[f64]; 2], y: [&[f64]; 2]) {
    let n = out.len();
    let ([a, b], [c, d]) = (x.map(|x| &x[..n]), y.map(|y| &y[..n]));
    for k in 0..n {
        out[k] += a[k] * b[k] + c[k] * d[k];
    }
}

/// Every column of f times some columns of factors, entry by entry, at some of the nodes: nodes × (factors of each
/// column).
fn modulated(factors: &DMatrix<f64>, of: Range<usize>, f: DMatrixView<f64>, nodes: Range<usize>) -> DMatrix<f64> {
    let mut products = DMatrix::zeros(nodes.len(), of.len() * f.ncols());
    for (c, mut product) in products.column_iter_mut().enumerate() {
        let factor = part(factors, of.start + c % of.len(), nodes.clone());
        let column = f.column(c / of.len());
        let f = &column.as_slice()[nodes.clone()];
        for ((product, factor), f) in product.as_mut_slice().iter_mut().zip(factor).zip(f) {
            *product = factor * f;
        }
    }
    products
}

/// `sum += tableᵀ f` with some of the table's rows.
fn add_transposed_product(sum: &mut DMatrix<f64>, table: &DMatrix<f64>, rows: Range<usize>, f: &DMatrix<f64>) {
    if rows.len().min(f.ncols()) <= FEW {
        *sum += table.rows_range(rows).tr_mul(f);
    } else {
        sum.gemm(1.0, &transposed(table).columns_range(rows), f, 1.0);
    }
}

/// Entries from which a table is made by more than one thread.
const MANY: usize = 1 << 13;

/// `cos(q x)` and `sin(q x)`: nodes × places.
fn waves(q: &[f64], x: &[f64]) -> [DMatrix<f64>; 2] {
    let wave = |m: usize| q.iter().map(|q| (q * x[m]).sin_cos()).collect::<Vec<_>>();
    let many = q.len() * x.len() >= MANY;
    let waves = if many { threads::map(x.len(), wave) } else { (0..x.len()).map(wave).collect() };
    let of = |pick: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = waves.iter().flat_map(|wave| wave.iter().map(pick)).collect();
        DMatrix::from_vec(q.len(), x.len(), values)
    };
    [of(|wave| wave.1), of(|wave| wave.0)]
}

/// `cos(q y_b)` and `sin(q y_b)`, each the one before turned by `q s`: the rounding of some thirty turns is below 1e-14.
fn within(q: &[f64], step: f64) -> [DMatrix<f64>; 2] {
    let mut tables = [(); 2].map(|()| DMatrix::zeros(q.len(), H));
    let (mut wave, turn): (Vec<_>, Vec<_>) =
        q.iter().map(|q| ((0.5 * step * q).sin_cos(), (step * q).sin_cos())).unzip();
    let [cosines, sines] = &mut tables;
    let n = q.len().max(1);
    for (cosines, sines) in cosines.as_mut_slice().chunks_mut(n).zip(sines.as_mut_slice().chunks_mut(n)) {
        for (k, (sin, cos)) in wave.iter_mut().enumerate() {
            (cosines[k], sines[k]) = (*cos, *sin);
            (*sin, *cos) = (*sin * turn[k].1 + *cos * turn[k].0, *cos * turn[k].1 - *sin * turn[k].0);
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(n: usize) -> Vec<f64> {
        super::super::gauss_legendre(n, 0.7, 25.0).0
    }

    fn places(first: f64, n: usize) -> Vec<f64> {
        (0..n).map(|m| first + 0.05 * m as f64).collect()
    }

    /// Columns without a pattern.
    fn columns(rows: usize, n: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, n, |i, j| (1.7 * i as f64 * (j + 3) as f64).sin())
    }

    #[test]
    fn factors_give_the_exact_sines() {
        let q = nodes(70);
        for (first, n) in [(0.05, 400), (0.0, 64), (3.3, 65), (1.0, 3)] {
            let x = places(first, n);
            let (first, step) = steps(&x).expect("even");
            let off = (Blocks::new(&q, first, step, n).table() - exact(&q, &x)).amax();
            // A phase is as uncertain as its rounding; that of a turn adds up to some 1e-15.
            let bound = 3e-15 + 2.0 * f64::EPSILON * 25.0 * x[n - 1];
            assert!(off < bound.min(3e-13), "{first} {n}: {off}, bound {bound}");
        }
    }

    #[test]
    fn all_kinds_give_the_same_products() {
        let q = nodes(300);
        for (n, wide) in [(330, 1), (330, 7), (127, 70), (64, 40), (3, 2)] {
            let x = places(0.35, n);
            let (first, step) = steps(&x).expect("even");
            let (values, f) = (columns(n, wide), columns(q.len(), wide));
            let (forward, back) = (exact(&q, &x) * &values, exact(&q, &x).transpose() * &f);
            for kind in [
                Sines::Table(exact(&q, &x)),
                Sines::Blocks(Blocks::new(&q, first, step, n)),
                Sines::Listed(q.clone(), x.clone()),
            ] {
                let off = (kind.times(values.as_view()) - &forward).amax();
                assert!(off < 1e-11, "{n} places, {wide} columns, to the nodes: {off}");
                let off = (kind.transposed_times(f.as_view()) - &back).amax();
                assert!(off < 1e-11, "{n} places, {wide} columns, back: {off}");
            }
        }
    }

    #[test]
    fn the_kind_follows_size_and_steps() {
        let q = nodes(300);
        assert!(matches!(Sines::new(&q, &places(0.05, 100)), Sines::Table(_)));
        assert!(matches!(Sines::new(&q, &places(0.05, 2000)), Sines::Blocks(_)));
        let mut x = places(0.05, 2000);
        x[700] += 1e-8;
        let Sines::Table(table) = Sines::new(&q, &x) else { panic!("a table is not too large") };
        assert_eq!(table[(11, 700)], (q[11] * x[700]).sin());
        let far: Vec<f64> = (0..20_000).map(|m| 0.01 * f64::from(m).powf(1.001)).collect();
        assert!(matches!(Sines::new(&q, &far), Sines::Listed(..)));
    }

    #[test]
    fn nothing_is_multiplied_by_nothing() {
        let none = Sines::new(&nodes(5), &[]);
        assert_eq!(none.transposed_times(columns(5, 2).as_view()).shape(), (0, 2));
        assert_eq!(none.times(columns(0, 2).as_view()), DMatrix::zeros(5, 2));
        assert_eq!(
            Sines::new(&nodes(300), &places(0.0, 2000)).transposed_times(columns(300, 0).as_view()).shape(),
            (2000, 0)
        );
    }
}
