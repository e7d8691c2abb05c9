//! Products of a matrix with itself and their factors, in blocks that stay in the cache and are shared out among threads.

use nalgebra::{Cholesky, DMatrix, Dyn};

use crate::threads;

/// Most rows or columns of a tile of a product.
const TILE: usize = 96;

/// Columns that a Cholesky factor goes on by.
const PANEL: usize = 48;

/// `A Aᵀ` (`of_rows`) or `AᵀA`, where it is large tile by tile of its lower half; the cuts do not depend on the number of threads.
pub(super) fn squared(a: &DMatrix<f64>, of_rows: bool) -> DMatrix<f64> {
    // Several times faster than tr_mul, which does not block.
    let transposed = a.transpose();
    let (left, right) = if of_rows { (a, &transposed) } else { (&transposed, a) };
    let n = left.nrows();
    if n.min(left.ncols()) <= TILE {
        return left * right;
    }
    let count = n.div_ceil(TILE);
    let range = |k: usize| k * n / count..(k + 1) * n / count;
    let places: Vec<(usize, usize)> = (0..count).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
    let tiles = threads::map(places.len(), |k| {
        let (i, j) = places[k];
        left.rows_range(range(i)) * right.columns_range(range(j))
    });
    let mut whole = DMatrix::zeros(n, n);
    for ((i, j), tile) in places.into_iter().zip(tiles) {
        whole.view_range_mut(range(i), range(j)).copy_from(&tile);
        if i != j {
            whole.view_range_mut(range(j), range(i)).copy_from(&tile.transpose());
        }
    }
    whole
}

/// The Cholesky factor of a symmetric matrix, if it has one: panel by panel where it is large (Golub & Van Loan 2013, Matrix
/// Computations, 4.2.9).
pub(super) fn cholesky(mut a: DMatrix<f64>) -> Option<Cholesky<f64, Dyn>> {
    let n = a.nrows();
    if n <= 2 * PANEL {
        return Cholesky::new(a);
    }
    for first in (0..n).step_by(PANEL) {
        let (own, rest) = (first..(first + PANEL).min(n), (first + PANEL).min(n)..n);
        let corner = Cholesky::new(a.view_range(own.clone(), own.clone()).into_owned())?.unpack();
        a.view_range_mut(own.clone(), own.clone()).copy_from(&corner);
        if rest.is_empty() {
            break;
        }
        // The rows below as columns: L⁻¹ of each.
        let mut below = a.view_range(rest.clone(), own.clone()).transpose();
        corner.solve_lower_triangular_mut(&mut below);
        let panel = below.transpose();
        a.view_range_mut(rest.clone(), rest.clone()).gemm(-1.0, &panel, &below, 1.0);
        a.view_range_mut(rest, own).copy_from(&panel);
    }
    Some(Cholesky::pack_dirty(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(m: usize, n: usize) -> DMatrix<f64> {
        DMatrix::from_fn(m, n, |i, j| ((1 + i * i) as f64 * (1.3 + j as f64)).sin())
    }

    #[test]
    fn tiles_make_the_whole_product() {
        for (m, n) in [(5, 3), (3, 200), (96, 200), (250, 97), (97, 97), (130, 300), (300, 193)] {
            let a = wave(m, n);
            assert!((squared(&a, true) - &a * a.transpose()).amax() < 1e-12 * n as f64);
            assert!((squared(&a, false) - a.transpose() * &a).amax() < 1e-12 * m as f64);
        }
    }

    #[test]
    fn a_factor_in_panels_is_the_factor() {
        for n in [40, 97, 144, 200] {
            let a = wave(n, n + 30);
            let mut square = squared(&a, true);
            (0..n).for_each(|k| square[(k, k)] += 1.0);
            let expected = Cholesky::new(square.clone()).unwrap().unpack();
            let found = cholesky(square.clone()).unwrap().unpack();
            assert!((found - &expected).amax() < 1e-10 * expected.amax(), "{n}");
            square[(n - 1, n - 1)] = -1.0;
            assert!(cholesky(square).is_none());
        }
    }
}
