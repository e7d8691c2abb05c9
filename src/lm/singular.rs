//! Singular values of a matrix, small ones too.

use nalgebra::{DMatrix, DVector};

use super::SMALL;
use super::qr::{Qr, TRUSTED, dot};

/// `A = U Σ Vᵀ` of an m × n matrix, kept as `W = UΣ` after a reduction by QR.
///
/// By one-sided Jacobi rotations (Hestenes 1958, J. SIAM 6, 51) of the triangular factor of a column-pivoted QR. Where there
/// are fewer rows than columns, or more than [`SMALL`] of both, of the factor of its rows, whose columns are nearly
/// orthogonal and as few as the rank can be (Drmač & Veselić 2008, SIAM J. Matrix Anal. 29, 1322). Unlike
/// bidiagonalisation they find small singular values to a small *relative* error where the ill-conditioning comes from the
/// scale of rows or columns, and they end on every finite matrix.
///
/// ```
/// use corefine::lm::Singular;
/// use nalgebra::dmatrix;
///
/// let twice_the_same = Singular::of(&dmatrix![1.0, 1.0; 2.0, 2.0; 3.0, 3.0]);
/// assert!((twice_the_same.values[0] - 28f64.sqrt()).abs() < 1e-14);
/// assert_eq!(twice_the_same.rank(1e-12), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Singular {
    /// Σ, n values, largest first. For m < n the last n - m are zero.
    pub values: DVector<f64>,
    /// V, n × n, orthogonal: its columns are the directions in parameter space.
    pub directions: DMatrix<f64>,
    /// Column i is `A v_i` in the frame of the first QR.
    images: DMatrix<f64>,
    /// The frame, where there are more rows than columns.
    frame: Option<Qr>,
}

impl Singular {
    /// Of any finite matrix.
    pub fn of(matrix: &DMatrix<f64>) -> Self {
        let (rows, columns) = matrix.shape();
        let frame = (rows > columns).then(|| Qr::of(matrix.clone()));
        let square = frame.as_ref().map_or_else(|| matrix.clone(), Qr::r_in_place);
        if rows < columns || columns > SMALL { Self::by_rows(&square, frame) } else { Self::by_columns(&square, frame) }
    }

    /// Σ alone, as in [`Singular::values`]: in half of the time where there are far fewer rows than columns.
    pub fn values_of(matrix: &DMatrix<f64>) -> DVector<f64> {
        let (rows, columns) = matrix.shape();
        let wide = if rows >= columns { Qr::of(matrix.clone()).r() } else { matrix.clone() };
        let mut square = Qr::of(wide.transpose()).r().transpose();
        let n = square.ncols();
        pulp::Arch::new().dispatch(Orthogonalise { columns: square.as_mut_slice(), height: n, n });
        sorted_norms(&square).0.resize_vertically(columns, 0.0)
    }

    fn by_columns(square: &DMatrix<f64>, frame: Option<Qr>) -> Self {
        let Turned { values, images, turns } = Turned::of(square);
        Self { values, directions: turns, images, frame }
    }

    /// By way of the QR of the rows.
    fn by_rows(wide: &DMatrix<f64>, frame: Option<Qr>) -> Self {
        let n = wide.ncols();
        let rows = Qr::of(wide.transpose());
        let Turned { values, images, turns } = Turned::of(&rows.r().transpose());
        let mut directions = DMatrix::identity(n, n);
        directions.view_mut((0, 0), turns.shape()).copy_from(&turns);
        rows.turn(&mut directions);
        Self { values: values.resize_vertically(n, 0.0), directions, images: rows.rows_in_place(&images), frame }
    }

    /// How many singular values exceed `tolerance` times the largest.
    pub fn rank(&self, tolerance: f64) -> usize {
        let least = tolerance * self.values.iter().copied().fold(0.0, f64::max);
        self.values.iter().filter(|&&value| value > least).count()
    }

    /// `x` that minimises `|A x - b|² + λ |x|²` in the span of the first `rank` directions.
    pub fn solve(&self, b: &DVector<f64>, lambda: f64, rank: usize) -> DVector<f64> {
        let carried = self.frame.as_ref().map(|qr| qr.carry(b));
        let b = carried.as_ref().unwrap_or(b);
        let amount = |i: usize| self.images.column(i).dot(b) / (self.values[i].powi(2) + lambda);
        let amounts = DVector::from_fn(rank, |i, _| amount(i));
        self.directions.columns(0, rank) * amounts
    }

    /// `(AᵀA)⁺ = V Σ⁻² Vᵀ` over the first `rank` directions, n × n.
    pub fn inverse_normal(&self, rank: usize) -> DMatrix<f64> {
        let mut half = self.directions.columns(0, rank).into_owned();
        for (mut direction, value) in half.column_iter_mut().zip(self.values.iter()) {
            direction /= *value;
        }
        let other = half.transpose();
        half * other
    }
}

/// A square matrix turned until its columns are orthogonal, the longest first.
struct Turned {
    /// Lengths of the columns.
    values: DVector<f64>,
    /// The columns.
    images: DMatrix<f64>,
    /// The orthogonal matrix that turned them.
    turns: DMatrix<f64>,
}

impl Turned {
    fn of(square: &DMatrix<f64>) -> Self {
        let n = square.ncols();
        // One above the other: what turns a column of the upper half turns that of the lower.
        let mut both = square.clone().resize_vertically(2 * n, 0.0);
        both.view_mut((n, 0), (n, n)).fill_with_identity();
        pulp::Arch::new().dispatch(Orthogonalise { columns: both.as_mut_slice(), height: 2 * n, n });
        let images = both.rows(0, n);
        let (values, order) = sorted_norms(&images.into_owned());
        let sorted = both.select_columns(&order);
        Self { values, images: sorted.rows(0, n).into_owned(), turns: sorted.rows(n, n).into_owned() }
    }
}

/// Lengths of the columns, largest first, and where they stood.
fn sorted_norms(images: &DMatrix<f64>) -> (DVector<f64>, Vec<usize>) {
    let norms: Vec<f64> = images.column_iter().map(|image| image.norm()).collect();
    let mut order: Vec<usize> = (0..norms.len()).collect();
    order.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
    (DVector::from_iterator(order.len(), order.iter().map(|&i| norms[i])), order)
}

/// More sweeps than any matrix was seen to need (about ten).
const SWEEPS: usize = 60;

/// [`orthogonalise`], compiled for the widest vectors that the processor has.
struct Orthogonalise<'a> {
    columns: &'a mut [f64],
    height: usize,
    n: usize,
}

impl pulp::WithSimd for Orthogonalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        orthogonalise(self.columns, self.height, self.n);
    }
}

/// Rotates pairs of columns, `height` long, until their upper n rows are orthogonal. Inlined, as all that it calls, into
/// [`Orthogonalise`].
#[inline(always)]
fn orthogonalise(columns: &mut [f64], height: usize, n: usize) {
    let mut squares = vec![0.0; n];
    for _ in 0..SWEEPS {
        if !sweep(columns, height, n, &mut squares) {
            return;
        }
    }
}

/// One pass over all pairs; false where nothing was left to turn.
///
/// The squares of the lengths follow the turns, and are summed anew at every pass: the last, which turns nothing, knows them.
#[inline(always)]
fn sweep(columns: &mut [f64], height: usize, n: usize, squares: &mut [f64]) -> bool {
    // Rounding of a product of n terms.
    let least = f64::EPSILON * (n as f64).sqrt();
    for (square, column) in squares.iter_mut().zip(columns.chunks_exact(height.max(1))) {
        *square = dot(&column[..n], &column[..n]);
    }
    let mut turned = false;
    for p in 1..n {
        let (before, others) = columns.split_at_mut(p * height);
        let left = &mut before[(p - 1) * height..];
        for (right, q) in others.chunks_exact_mut(height).zip(p..) {
            let product = dot(&left[..n], &right[..n]);
            if let Some((cos, sin)) = rotation(squares[p - 1], squares[q], product, least) {
                rotate(left, right, cos, sin);
                let moved = sin / cos * product;
                squares[p - 1] = trusted(squares[p - 1] - moved, squares[p - 1], &left[..n]);
                squares[q] = trusted(squares[q] + moved, squares[q], &right[..n]);
                turned = true;
            }
        }
    }
    turned
}

/// What is left of the square of a column's length, summed anew where most of it went.
#[inline(always)]
fn trusted(now: f64, before: f64, column: &[f64]) -> f64 {
    if now > TRUSTED * before { now } else { dot(column, column) }
}

/// Cosine and sine of the turn that makes two columns orthogonal, from the squares of their lengths and their product;
/// `None` where they are, to rounding.
#[inline(always)]
fn rotation(left: f64, right: f64, product: f64, least: f64) -> Option<(f64, f64)> {
    if product.abs() <= least * (left * right).sqrt() || product == 0.0 {
        return None;
    }
    let zeta = (right - left) / (2.0 * product);
    let tan = zeta.signum() / (zeta.abs() + (zeta * zeta + 1.0).sqrt());
    let cos = 1.0 / (tan * tan + 1.0).sqrt();
    Some((cos, cos * tan))
}

#[inline(always)]
fn rotate(left: &mut [f64], right: &mut [f64], cos: f64, sin: f64) {
    for (x, y) in left.iter_mut().zip(right) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1 / (i + j + 1)`, the usual ill-conditioned matrix.
    fn hilbert(m: usize, n: usize) -> DMatrix<f64> {
        DMatrix::from_fn(m, n, |i, j| 1.0 / (i + j + 1) as f64)
    }

    fn rebuilt(singular: &Singular, rows: usize) -> DMatrix<f64> {
        let k = singular.images.ncols();
        let product = &singular.images * singular.directions.columns(0, k).transpose();
        let Some(frame) = &singular.frame else { return product };
        let mut whole = product.resize_vertically(rows, 0.0);
        frame.turn(&mut whole);
        whole
    }

    #[test]
    fn factors_multiply_back_and_directions_are_orthogonal() {
        for matrix in [hilbert(9, 6), hilbert(6, 6), hilbert(4, 7), DMatrix::zeros(3, 2)] {
            let singular = Singular::of(&matrix);
            let n = matrix.ncols();
            assert!((rebuilt(&singular, matrix.nrows()) - &matrix).amax() < 1e-14, "{matrix}");
            let product = singular.directions.transpose() * &singular.directions;
            assert!((product - DMatrix::identity(n, n)).amax() < 1e-13);
            assert!(singular.values.as_slice().windows(2).all(|pair| pair[0] >= pair[1]));
        }
    }

    #[test]
    fn smallest_value_of_the_hilbert_matrix() {
        // 8 x 8: largest 1.6959389969219498, smallest 1.1115389663724e-10 (Fettis & Caslin 1967), condition 1.5e10.
        let values = Singular::of(&hilbert(8, 8)).values;
        assert!((values[0] - 1.6959389969219498).abs() < 1e-14);
        assert!((values[7] / 1.11153896637e-10 - 1.0).abs() < 1e-5, "{}", values[7]);
    }

    #[test]
    fn solution_of_a_singular_system_is_the_shortest() {
        let matrix = DMatrix::from_fn(5, 3, |i, j| if j == 2 { 0.0 } else { 1.0 + i as f64 });
        let b = DVector::from_fn(5, |i, _| 2.0 + 2.0 * i as f64);
        let singular = Singular::of(&matrix);
        let x = singular.solve(&b, 0.0, singular.rank(1e-12));
        assert!((x - nalgebra::dvector![1.0, 1.0, 0.0]).amax() < 1e-14);
    }

    #[test]
    fn values_are_those_of_the_transpose_however_the_columns_are_scaled() {
        for (m, n) in [(30, 8), (12, 12), (140, 104)] {
            let wave = |i: usize, j: usize| ((1 + i * i) as f64 * (1.3 + j as f64)).sin();
            let matrix = DMatrix::from_fn(m, n, |i, j| 10f64.powf(-3.0 * (j % 8) as f64) * wave(i, j));
            let (tall, wide) = (Singular::of(&matrix), Singular::of(&matrix.transpose()));
            for i in 0..n {
                assert!((tall.values[i] / wide.values[i] - 1.0).abs() < 1e-11, "{m} {n} {i}");
            }
        }
    }

    /// Nalgebra bidiagonalises: to rounding of the largest.
    #[test]
    fn values_are_those_of_bidiagonalisation() {
        for (m, n) in [(30, 8), (8, 30), (140, 104), (20, 20), (60, 210), (1, 5), (5, 1)] {
            let matrix = DMatrix::from_fn(m, n, |i, j| ((1 + i * i) as f64 * (1.3 + j as f64)).sin());
            let mut expected: Vec<f64> = matrix.clone().svd(false, false).singular_values.iter().copied().collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            expected.resize(n, 0.0);
            let (got, alone) = (Singular::of(&matrix).values, Singular::values_of(&matrix));
            assert_eq!(alone.len(), n);
            for (i, value) in expected.into_iter().enumerate() {
                assert!((got[i] - value).abs() < 1e-12 * got[0], "{m} {n} {i}");
                assert!((alone[i] - value).abs() < 1e-12 * got[0], "{m} {n} {i}");
            }
        }
    }

    #[test]
    fn values_alone_are_those_with_directions_however_small() {
        for (m, n) in [(30, 8), (8, 30), (12, 12), (140, 104), (104, 140)] {
            let wave = |i: usize, j: usize| ((1 + i * i) as f64 * (1.3 + j as f64)).sin();
            let matrix = DMatrix::from_fn(m, n, |i, j| 10f64.powf(-3.0 * (j % 8) as f64) * wave(i, j));
            let (whole, alone) = (Singular::of(&matrix).values, Singular::values_of(&matrix));
            for i in 0..m.min(n) {
                assert!((alone[i] / whole[i] - 1.0).abs() < 1e-10, "{m} {n} {i}");
            }
            assert!(alone.rows_range(m.min(n)..).iter().all(|value| *value == 0.0));
        }
        assert_eq!(Singular::values_of(&DMatrix::zeros(4, 3)).amax(), 0.0);
    }
}
