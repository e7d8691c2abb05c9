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
const COLUMNS: usize = 32;

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
        let parts = threads::map(down * self.columns.div_ceil(self.wide), |t| {
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

/// Nodes that are worked on at a time, on the way to the nodes.
const NODES: usize = 128;

/// Blocks times columns that are worked on at a time.
const WIDE: usize = 256;

/// The same on the way back, where a column has all nodes.
const WIDE_BACK: usize = 64;

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
            let (a, b, sign) = split(m);
            let factors = |of: &[DMatrix<f64>; 2], k: usize| [of[0][k], of[1][k]];
            let (within, center) = (b * self.nodes(), a * self.nodes());
            for (k, value) in column.iter_mut().enumerate() {
                let ([cos_y, sin_y], [cos_x, sin_x]) =
                    (factors(&self.within, within + k), factors(&self.centers, center + k));
                *value = sin_x * cos_y + sign * cos_x * sin_y;
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
        let cos = self.within[0].rows_range(nodes.clone()) * sums;
        let sin = self.within[1].rows_range(nodes.clone()) * differences;
        let mut tile = DMatrix::zeros(nodes.len(), values.ncols());
        for (j, mut out) in tile.column_iter_mut().enumerate() {
            for a in 0..self.blocks() {
                let [cos_x, sin_x] =
                    self.centers.each_ref().map(|of| &of.as_slice()[a * self.nodes()..][nodes.clone()]);
                let c = (j * self.blocks() + a) * nodes.len();
                let [cos, sin] = [&cos, &sin].map(|of| &of.as_slice()[c..c + nodes.len()]);
                add_products(out.as_mut_slice(), [sin_x, cos], [cos_x, sin]);
            }
        }
        tile
    }

    /// Sums and differences of the values at `±y_b` of each block: H × (blocks of each column).
    fn folded(&self, values: DMatrixView<f64>) -> [DMatrix<f64>; 2] {
        let mut folded = [(); 2].map(|()| DMatrix::zeros(H, self.blocks() * values.ncols()));
        for (j, column) in values.column_iter().enumerate() {
            for (m, value) in column.iter().enumerate() {
                let (a, b, sign) = split(m);
                folded[0][(b, j * self.blocks() + a)] += value;
                folded[1][(b, j * self.blocks() + a)] += sign * value;
            }
        }
        folded
    }

    fn transposed_times(&self, f: DMatrixView<f64>) -> DMatrix<f64> {
        let wide = f.ncols().clamp(1, WIDE_BACK);
        let tiles = Tiles { rows: self.places, columns: f.ncols(), tall: 2 * H * (WIDE_BACK / wide).max(1), wide };
        tiles.map(|places, columns| self.transposed_tile(places, f.columns_range(columns)))
    }

    /// Some places (whole blocks, the last perhaps cut) of the product with some columns.
    fn transposed_tile(&self, places: Range<usize>, f: DMatrixView<f64>) -> DMatrix<f64> {
        let blocks = places.start / (2 * H)..places.end.div_ceil(2 * H);
        let [cos_x, sin_x] =
            self.centers.each_ref().map(|centers| modulated(&centers.columns_range(blocks.clone()), f));
        let sums = transposed_product(&self.within[0], sin_x.as_view());
        let differences = transposed_product(&self.within[1], cos_x.as_view());
        DMatrix::from_fn(places.len(), f.ncols(), |m, j| {
            let (a, b, sign) = split(m);
            let c = j * blocks.len() + a;
            sums[(b, c)] + sign * differences[(b, c)]
        })
    }
}

/// Block of a place, its index from the block's centre, and on which side of it the place is.
fn split(m: usize) -> (usize, usize, f64) {
    let (a, within) = (m / (2 * H), m % (2 * H));
    if within < H { (a, H - 1 - within, -1.0) } else { (a, within - H, 1.0) }
}

/// `out += x[0] x[1] + y[0] y[1]`, entry by entry.
fn add_products(out: &mut [f64], x: [&[f64]; 2], y: [&[f64]; 2]) {
    let n = out.len();
    let ([a, b], [c, d]) = (x.map(|x| &x[..n]), y.map(|y| &y[..n]));
    for k in 0..n {
        out[k] += a[k] * b[k] + c[k] * d[k];
    }
}

/// Every column of f times every column of factors, entry by entry: nodes × (factors of each column).
fn modulated(factors: &DMatrixView<f64>, f: DMatrixView<f64>) -> DMatrix<f64> {
    let mut products = DMatrix::zeros(f.nrows(), factors.ncols() * f.ncols());
    for (c, mut product) in products.column_iter_mut().enumerate() {
        let (factor, f) = (factors.column(c % factors.ncols()), f.column(c / factors.ncols()));
        for ((product, factor), f) in product.iter_mut().zip(factor.iter()).zip(f.iter()) {
            *product = factor * f;
        }
    }
    products
}

/// `cos(q x)` and `sin(q x)`: nodes × places.
fn waves(q: &[f64], x: &[f64]) -> [DMatrix<f64>; 2] {
    let pairs = threads::map(x.len(), |m| q.iter().map(|q| (q * x[m]).sin_cos()).collect::<Vec<_>>());
    let of = |pick: fn(&(f64, f64)) -> f64| DMatrix::from_iterator(q.len(), x.len(), pairs.iter().flatten().map(pick));
    [of(|pair| pair.1), of(|pair| pair.0)]
}

/// `cos(q y_b)` and `sin(q y_b)`, each the one before turned by `q s`: the rounding of some thirty turns is below 1e-14.
fn within(q: &[f64], step: f64) -> [DMatrix<f64>; 2] {
    let mut tables = [(); 2].map(|()| DMatrix::zeros(q.len(), H));
    for (k, q) in q.iter().enumerate() {
        let ((sin, cos), (turn_sin, turn_cos)) = ((0.5 * step * q).sin_cos(), (step * q).sin_cos());
        let (mut sin, mut cos) = (sin, cos);
        for b in 0..H {
            (tables[0][(k, b)], tables[1][(k, b)]) = (cos, sin);
            (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
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
