//! Householder's reflections, kept to be applied again.

use nalgebra::{DMatrix, DVector};

/// `A P = Q R` of an m × n matrix with m >= n, pivoted by the longest column (Businger & Golub 1965, Numer. Math. 7, 269).
#[derive(Debug, Clone)]
pub(super) struct Qr {
    /// Unit axes, m × n: the i-th begins at row i; above it stands column i of R without its diagonal.
    axes: DMatrix<f64>,
    /// Of R.
    diagonal: Vec<f64>,
    /// P: column i of R belongs to this column of A.
    order: Vec<usize>,
}

/// A downdated squared length below this share of the one it came from is summed anew.
pub(super) const TRUSTED: f64 = 1e-4;

/// So many columns at a time stay in the cache while all reflections are applied to them.
const GROUP: usize = 8;

impl Qr {
    pub(super) fn of(mut matrix: DMatrix<f64>) -> Self {
        let (rows, columns) = matrix.shape();
        let mut order: Vec<usize> = (0..columns).collect();
        let diagonal = pulp::Arch::new().dispatch(Reduce { data: matrix.as_mut_slice(), rows, order: &mut order });
        Self { axes: matrix, diagonal, order }
    }

    /// R, n × n.
    pub(super) fn r(&self) -> DMatrix<f64> {
        let n = self.order.len();
        DMatrix::from_fn(n, n, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Less => self.axes[(i, j)],
            std::cmp::Ordering::Equal => self.diagonal[i],
            std::cmp::Ordering::Greater => 0.0,
        })
    }

    /// `R Pᵀ`, n × n: its columns stand as those of A do.
    pub(super) fn r_in_place(&self) -> DMatrix<f64> {
        let r = self.r();
        let mut placed = r.clone();
        for (column, &j) in r.column_iter().zip(&self.order) {
            placed.set_column(j, &column);
        }
        placed
    }

    /// `P X`: row i of X goes where column i of R came from.
    pub(super) fn rows_in_place(&self, x: &DMatrix<f64>) -> DMatrix<f64> {
        let mut placed = x.clone();
        for (row, &i) in x.row_iter().zip(&self.order) {
            placed.set_row(i, &row);
        }
        placed
    }

    /// The first n of `Qᵀ b`.
    pub(super) fn carry(&self, b: &DVector<f64>) -> DVector<f64> {
        let mut carried = b.clone();
        let (axes, rows) = (self.axes.as_slice(), self.axes.nrows());
        pulp::Arch::new().dispatch(Carry { axes, rows, vector: carried.as_mut_slice() });
        carried.rows(0, self.order.len()).into_owned()
    }

    /// `Q X` of m rows, with the whole m × m matrix Q.
    pub(super) fn turn(&self, x: &mut DMatrix<f64>) {
        let (axes, rows) = (self.axes.as_slice(), self.axes.nrows());
        pulp::Arch::new().dispatch(Turn { axes, rows, data: x.as_mut_slice() });
    }
}

/// [`reduce`], compiled for the widest vectors that the processor has. As a closure it would not be: a closure is not
/// inlined into the function that may use them.
struct Reduce<'a> {
    data: &'a mut [f64],
    rows: usize,
    order: &'a mut [usize],
}

impl pulp::WithSimd for Reduce<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<f64> {
        reduce(self.data, self.rows, self.order)
    }
}

/// All reflections of one vector, the first first; for wide vectors as in [`Reduce`].
struct Carry<'a> {
    axes: &'a [f64],
    rows: usize,
    vector: &'a mut [f64],
}

impl pulp::WithSimd for Carry<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for (i, axis) in self.axes.chunks_exact(self.rows.max(1)).enumerate() {
            reflect(&axis[i..], &mut self.vector[i..]);
        }
    }
}

/// All reflections of every column, the last first; for wide vectors as in [`Reduce`].
struct Turn<'a> {
    axes: &'a [f64],
    rows: usize,
    data: &'a mut [f64],
}

impl pulp::WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let rows = self.rows.max(1);
        for group in self.data.chunks_mut(GROUP * rows) {
            for (i, axis) in self.axes.chunks_exact(rows).enumerate().rev() {
                for column in group.chunks_exact_mut(rows) {
                    reflect(&axis[i..], &mut column[i..]);
                }
            }
        }
    }
}

/// Turns the columns into axes and R; its diagonal is handed back. Inlined, as all that it calls in its loops, into
/// [`Reduce`].
#[inline(always)]
fn reduce(data: &mut [f64], rows: usize, order: &mut [usize]) -> Vec<f64> {
    let columns = order.len();
    let mut lengths: Vec<f64> = data.chunks_exact(rows.max(1)).map(|column| dot(column, column)).collect();
    let mut summed = lengths.clone();
    let mut diagonal = Vec::with_capacity(columns);
    for i in 0..columns {
        let longest = (i..columns).max_by(|&a, &b| lengths[a].total_cmp(&lengths[b])).unwrap_or(i);
        swap_columns(data, rows, i, longest);
        order.swap(i, longest);
        lengths.swap(i, longest);
        summed.swap(i, longest);
        let (done, others) = data.split_at_mut((i + 1) * rows);
        let axis = &mut done[i * rows + i..];
        diagonal.push(make_axis(axis));
        for (column, j) in others.chunks_exact_mut(rows).zip(i + 1..) {
            reflect(axis, &mut column[i..]);
            lengths[j] -= column[i].powi(2);
            if lengths[j] <= TRUSTED * summed[j] {
                lengths[j] = dot(&column[i + 1..], &column[i + 1..]);
                summed[j] = lengths[j];
            }
        }
    }
    diagonal
}

fn swap_columns(data: &mut [f64], rows: usize, left: usize, right: usize) {
    if left < right {
        let (before, from) = data.split_at_mut(right * rows);
        before[left * rows..(left + 1) * rows].swap_with_slice(&mut from[..rows]);
    }
}

/// Replaces a vector by the unit axis of the reflection that takes it to `(±length, 0, ..)`, and gives that number.
/// A vector of zeros stays: its reflection changes nothing.
#[inline(always)]
fn make_axis(vector: &mut [f64]) -> f64 {
    let image = -dot(vector, vector).sqrt().copysign(vector[0]);
    vector[0] -= image;
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        for value in vector.iter_mut() {
            *value /= length;
        }
    }
    image
}

/// `x - 2 a (a·x)`.
#[inline(always)]
fn reflect(axis: &[f64], x: &mut [f64]) {
    let twice = 2.0 * dot(axis, x);
    for (x, a) in x.iter_mut().zip(axis) {
        *x -= twice * a;
    }
}

/// Partial sums of a scalar product: as many as two registers hold twice over.
const LANES: usize = 16;

/// `a·b`, in the same order on every processor.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of very different lengths, the last a copy of the first.
    fn uneven(m: usize, n: usize) -> DMatrix<f64> {
        let wave = |i: usize, j: usize| ((1 + i * i) as f64 * (1.3 + j as f64)).sin();
        DMatrix::from_fn(m, n, |i, j| 10f64.powf(3.0 - 2.0 * (j % (n - 1)) as f64) * wave(i, j % (n - 1)))
    }

    #[test]
    fn reflections_multiply_back_and_carry_is_the_inverse_of_turn() {
        for matrix in [uneven(40, 5), uneven(7, 7), DMatrix::zeros(4, 3)] {
            let (m, n) = matrix.shape();
            let qr = Qr::of(matrix.clone());
            let mut product = qr.r_in_place().resize_vertically(m, 0.0);
            qr.turn(&mut product);
            for (got, column) in product.column_iter().zip(matrix.column_iter()) {
                assert!((got - column).norm() <= 1e-14 * column.norm(), "{matrix}");
                let carried = qr.carry(&column.into_owned());
                assert!((carried.norm() - column.norm()).abs() <= 1e-14 * column.norm());
            }
            assert!(qr.diagonal.windows(2).all(|pair| pair[0].abs() >= pair[1].abs() * (1.0 - 1e-12)), "{n}");
        }
    }
}
