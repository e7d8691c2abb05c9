//! Singular values of a matrix, small ones too.

use nalgebra::{DMatrix, DVector};

/// `A = U Σ Vᵀ` of an m × n matrix, kept as `W = UΣ` after a reduction by QR.
///
/// By one-sided Jacobi rotations (Hestenes 1958, J. SIAM 6, 51; Drmač & Veselić 2008, SIAM J. Matrix Anal. 29, 1322) of the
/// triangular factor of a column-pivoted QR. Unlike bidiagonalisation they find small singular values to a small *relative*
/// error where the ill-conditioning comes from the scale of rows or columns, and they end on every finite matrix.
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
    /// `UᵀΣ`-images: column i is `A v_i` in the frame of Q.
    images: DMatrix<f64>,
    /// Qᵀ, to carry right sides into that frame.
    q_transposed: DMatrix<f64>,
}

impl Singular {
    /// Of any finite matrix.
    pub fn of(matrix: &DMatrix<f64>) -> Self {
        let qr = matrix.clone().col_piv_qr();
        let mut images = qr.r();
        qr.p().inv_permute_columns(&mut images);
        let mut directions = DMatrix::identity(matrix.ncols(), matrix.ncols());
        orthogonalise(&mut images, &mut directions);
        let (values, order) = sorted_norms(&images);
        Self {
            values,
            directions: directions.select_columns(&order),
            images: images.select_columns(&order),
            q_transposed: qr.q().transpose(),
        }
    }

    /// How many singular values exceed `tolerance` times the largest.
    pub fn rank(&self, tolerance: f64) -> usize {
        let least = tolerance * self.values.iter().copied().fold(0.0, f64::max);
        self.values.iter().filter(|&&value| value > least).count()
    }

    /// `x` that minimises `|A x - b|² + λ |x|²` in the span of the first `rank` directions.
    pub fn solve(&self, b: &DVector<f64>, lambda: f64, rank: usize) -> DVector<f64> {
        let rotated = &self.q_transposed * b;
        let amount = |i: usize| self.images.column(i).dot(&rotated) / (self.values[i].powi(2) + lambda);
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

/// Lengths of the columns, largest first, and where they stood.
fn sorted_norms(images: &DMatrix<f64>) -> (DVector<f64>, Vec<usize>) {
    let norms: Vec<f64> = images.column_iter().map(|image| image.norm()).collect();
    let mut order: Vec<usize> = (0..norms.len()).collect();
    order.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
    (DVector::from_iterator(order.len(), order.iter().map(|&i| norms[i])), order)
}

/// More sweeps than any matrix was seen to need (about ten).
const SWEEPS: usize = 60;

/// Rotates pairs of columns of `a` until all are orthogonal, and `v` along with them.
fn orthogonalise(a: &mut DMatrix<f64>, v: &mut DMatrix<f64>) {
    for _ in 0..SWEEPS {
        if !sweep(a, v) {
            return;
        }
    }
}

/// One pass over all pairs; false where nothing was left to turn.
fn sweep(a: &mut DMatrix<f64>, v: &mut DMatrix<f64>) -> bool {
    let mut turned = false;
    for p in 0..a.ncols() {
        for q in p + 1..a.ncols() {
            if let Some((cos, sin)) = rotation(a, p, q) {
                rotate(a, p, q, cos, sin);
                rotate(v, p, q, cos, sin);
                turned = true;
            }
        }
    }
    turned
}

/// Cosine and sine of the turn that makes columns p and q orthogonal; `None` where they are, to rounding.
fn rotation(a: &DMatrix<f64>, p: usize, q: usize) -> Option<(f64, f64)> {
    let (alpha, beta) = (a.column(p).norm_squared(), a.column(q).norm_squared());
    let gamma = a.column(p).dot(&a.column(q));
    if gamma.abs() <= f64::EPSILON * (alpha * beta).sqrt() || gamma == 0.0 {
        return None;
    }
    let zeta = (beta - alpha) / (2.0 * gamma);
    let tan = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cos = 1.0 / tan.hypot(1.0);
    Some((cos, cos * tan))
}

fn rotate(matrix: &mut DMatrix<f64>, p: usize, q: usize, cos: f64, sin: f64) {
    let (mut left, mut right) = matrix.columns_range_pair_mut(p, q);
    for (x, y) in left.iter_mut().zip(right.iter_mut()) {
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

    fn rebuilt(singular: &Singular) -> DMatrix<f64> {
        singular.q_transposed.transpose() * &singular.images * singular.directions.transpose()
    }

    #[test]
    fn factors_multiply_back_and_directions_are_orthogonal() {
        for matrix in [hilbert(9, 6), hilbert(6, 6), hilbert(4, 7), DMatrix::zeros(3, 2)] {
            let singular = Singular::of(&matrix);
            let n = matrix.ncols();
            assert!((rebuilt(&singular) - &matrix).amax() < 1e-14, "{matrix}");
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
}
