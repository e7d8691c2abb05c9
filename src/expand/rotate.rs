//! How a displacement tensor turns with its atom.

use nalgebra::{Matrix3, SMatrix, SVector};

use crate::model::{Adp, Cell, Operator, symmetric};

/// The 6 × 6 matrix that takes a site's `[U11, U22, U33, U12, U13, U23]` (CIF axes, Å²) to that of its image.
///
/// ```text
/// U' = Q U Q^T,   Q = N^-1 R N,   N = diag(a*, b*, c*)
/// ```
///
/// R is the operator's rotation part on fractional coordinates and `a* b* c*` are in 1/Å. The reason: a
/// displacement in fractions turns with R, its mean square is `β = N U N` (up to 2π²), so `β' = R β R^T`
/// (Grosse-Kunstleve & Adams 2002, J. Appl. Cryst. 35, 477).
///
/// ```
/// use corefine::expand::adp_rotation;
/// use corefine::model::Cell;
/// let cell = Cell::from_parameters([4.0, 5.0, 6.0, 90.0, 100.0, 90.0]);
/// let mirror = adp_rotation(&"x,-y,z".parse().unwrap(), &cell);
/// assert_eq!(mirror.diagonal().as_slice(), [1.0, 1.0, 1.0, -1.0, 1.0, -1.0]);
/// ```
pub fn adp_rotation(operator: &Operator, cell: &Cell) -> SMatrix<f64, 6, 6> {
    let q = cif_rotation(operator, cell);
    let mut turned = SMatrix::<f64, 6, 6>::zeros();
    for k in 0..6 {
        let mut unit = [0.0; 6];
        unit[k] = 1.0;
        turned.set_column(k, &SVector::from(six(&(q * symmetric(unit) * q.transpose()))));
    }
    turned
}

/// The displacement parameter of an image: the mean over all operators that lead to it.
///
/// For an atom on a special position the mean is what the site symmetry allows of the tensor.
pub(super) fn image_adp(adp: Adp, operators: &[Operator], members: &[usize], cell: &Cell) -> Adp {
    let Adp::Aniso(u) = adp else { return adp };
    let turned = members.iter().map(|&k| {
        let q = cif_rotation(&operators[k], cell);
        q * symmetric(u) * q.transpose()
    });
    Adp::Aniso(six(&(turned.sum::<Matrix3<f64>>() / members.len() as f64)))
}

/// `Q = N^-1 R N`.
fn cif_rotation(operator: &Operator, cell: &Cell) -> Matrix3<f64> {
    let n = cell.reciprocal_lengths();
    Matrix3::from_fn(|i, j| operator.rotation[(i, j)] * n[j] / n[i])
}

/// `[U11, U22, U33, U12, U13, U23]` of a symmetric matrix.
pub(super) fn six(u: &Matrix3<f64>) -> [f64; 6] {
    [u[(0, 0)], u[(1, 1)], u[(2, 2)], u[(0, 1)], u[(0, 2)], u[(1, 2)]]
}
