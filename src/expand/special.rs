//! What symmetry leaves free: the coordinates and tensors of special positions, and the cell.

use nalgebra::{Matrix3, SMatrix, SVector, Vector3};

use super::orbit::Group;
use super::rotate::{adp_rotation, six};
use crate::model::{Cell, Model, Operator, symmetric};

/// The freedom of one site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteFreedom {
    /// Number of atoms that the site has in the cell.
    pub multiplicity: usize,
    /// Allowed shifts of the position, in fractions: none to three.
    pub position: Vec<Direction3>,
    /// Allowed changes of `[U11, U22, U33, U12, U13, U23]` (CIF axes), one to six.
    pub adp: Vec<Direction6>,
}

/// A direction in N dimensions that symmetry allows.
///
/// All directions of one list together are in reduced row echelon form: `vector[pivot]` is 1, and 0 in every other
/// vector of the list, so that the coordinate `pivot` can stand for the direction as its parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction<const N: usize> {
    /// The coordinate whose change is the direction's amplitude.
    pub pivot: usize,
    /// Change of every coordinate per change of the pivot.
    pub vector: SVector<f64, N>,
}

/// A shift of a position: `(1, 2, 0)` with pivot 0 for a site at (x, 2x, 1/4).
pub type Direction3 = Direction<3>;

/// A change of a displacement tensor.
pub type Direction6 = Direction<6>;

/// A change of `[a, b, c, alpha, beta, gamma]`, in Å and degrees.
pub type CellDirection = Direction<6>;

/// The freedom of every site, in the model's order.
///
/// A shift s is allowed if `R s = s` for the rotation part R of every operator that leaves the site in place; a
/// change of U likewise, turned by [`adp_rotation`].
///
/// ```
/// use corefine::expand::freedom;
/// use corefine::model::{Cell, Model, Site, SpaceGroup};
/// let mirror = ["x,y,z", "x,-y,z"].map(|text| text.parse().unwrap()).to_vec();
/// # let site = Site { label: "O1".into(), species: "O".parse().unwrap(), position: corefine::units::Frac::new(0.1, 0.5, 0.2),
/// #     occ: 1.0, adp: None, beyond: None, inside: None, disorder: None };
/// let model = Model {
///     title: String::new(),
///     provenance: vec![],
///     cluster: false,
///     cell: Cell::from_parameters([4.0, 5.0, 6.0, 90.0, 100.0, 90.0]),
///     space_group: SpaceGroup { name: "P m".into(), number: Some(6), operators: mirror },
///     profile: Default::default(),
///     sites: vec![site], // at (0.1, 1/2, 0.2), on the mirror
/// };
/// let free = &freedom(&model)[0];
/// assert_eq!(free.multiplicity, 1);
/// assert_eq!(free.position.iter().map(|d| d.pivot).collect::<Vec<_>>(), [0, 2]);
/// assert_eq!(free.adp.iter().map(|d| d.pivot).collect::<Vec<_>>(), [0, 1, 2, 4]);
/// ```
pub fn freedom(model: &Model) -> Vec<SiteFreedom> {
    let group = Group::of(model);
    model
        .sites
        .iter()
        .map(|site| {
            let images = group.orbit(site.position);
            let stabilizer: Vec<&Operator> =
                group.stabilizer(site.position).into_iter().map(|k| &model.space_group.operators[k]).collect();
            SiteFreedom {
                multiplicity: images.len(),
                position: invariant(stabilizer.iter().map(|operator| operator.rotation)),
                adp: invariant(stabilizer.iter().map(|operator| adp_rotation(operator, &model.cell))),
            }
        })
        .collect()
}

/// The freedom of the cell, from the operators alone: no name of a setting is needed.
///
/// The metric tensor `G = A^T A` must stay as it is under every rotation part, `R^T G R = G`. The solutions are a
/// linear space; its image in the six parameters is returned. In every conventional setting and in rhombohedral axes
/// the directions hold for changes of any size; in other primitive settings they are the tangent at the present cell.
///
/// A cubic cell has one direction, `(1, 1, 1, 0, 0, 0)`; a monoclinic one with unique axis b has those of a, b, c, beta.
/// Empty where the cell has no volume, and for a cluster, which has no cell.
pub fn cell_freedom(model: &Model) -> Vec<CellDirection> {
    if model.cluster {
        return Vec::new();
    }
    let operators = &model.space_group.operators;
    let metrics = invariant::<6>(operators.iter().map(metric_turn));
    let cell = symmetric_cell(&model.cell, operators);
    let Some(to_parameters) = metric_derivative(&cell).try_inverse() else { return Vec::new() };
    echelon(metrics.iter().map(|direction| to_parameters * direction.vector).collect())
}

/// `G' = R^T G R` as a matrix on `[G11, G22, G33, G12, G13, G23]`.
fn metric_turn(operator: &Operator) -> SMatrix<f64, 6, 6> {
    let r = operator.rotation;
    let mut turn = SMatrix::<f64, 6, 6>::zeros();
    for k in 0..6 {
        let mut unit = [0.0; 6];
        unit[k] = 1.0;
        turn.set_column(k, &SVector::from(six(&(r.transpose() * symmetric(unit) * r))));
    }
    turn
}

/// `d [G11, G22, G33, G12, G13, G23] / d [a, b, c, alpha, beta, gamma]`.
fn metric_derivative(cell: &Cell) -> SMatrix<f64, 6, 6> {
    let basis = cell.basis();
    let mut derivative = SMatrix::<f64, 6, 6>::zeros();
    for k in 0..6 {
        let half = basis.transpose() * cell.basis_derivative(k);
        derivative.set_column(k, &SVector::from(six(&(half + half.transpose()))));
    }
    derivative
}

/// The cell with the metric that the operators leave of it: a = b where a file says 5.431 and 5.432.
pub(super) fn symmetric_cell(cell: &Cell, operators: &[Operator]) -> Cell {
    let g = cell.basis().transpose() * cell.basis();
    let turned: Matrix3<f64> = operators.iter().map(|op| op.rotation.transpose() * g * op.rotation).sum();
    let g = turned / operators.len() as f64;
    let edge = Vector3::from_fn(|i, _| g[(i, i)].sqrt());
    let angle = |i: usize, j: usize| (g[(i, j)] / (edge[i] * edge[j])).acos().to_degrees();
    Cell::from_parameters([edge[0], edge[1], edge[2], angle(1, 2), angle(0, 2), angle(0, 1)])
}

/// The vectors that every matrix of a finite group leaves as they are: the columns of the mean matrix span them.
fn invariant<const N: usize>(matrices: impl Iterator<Item = SMatrix<f64, N, N>>) -> Vec<Direction<N>> {
    let (mut sum, mut count) = (SMatrix::<f64, N, N>::zeros(), 0.0);
    for matrix in matrices {
        sum += matrix;
        count += 1.0;
    }
    echelon((sum / count).column_iter().map(nalgebra::Matrix::into_owned).collect())
}

/// The reduced row echelon form of some vectors, without its zero rows.
fn echelon<const N: usize>(mut rows: Vec<SVector<f64, N>>) -> Vec<Direction<N>> {
    let size = rows.iter().map(nalgebra::Matrix::amax).fold(0.0, f64::max);
    let mut found: Vec<Direction<N>> = Vec::new();
    for pivot in 0..N {
        let Some(best) = (0..rows.len()).max_by(|&i, &j| rows[i][pivot].abs().total_cmp(&rows[j][pivot].abs())) else {
            break;
        };
        // Entries are fractions with small denominators, or that times a ratio of lengths; the rest is rounding.
        if rows[best][pivot].abs() <= 1e-6 * size || size.is_nan() {
            continue;
        }
        let row = rows.swap_remove(best);
        let vector = row / row[pivot];
        for other in rows.iter_mut().chain(found.iter_mut().map(|direction| &mut direction.vector)) {
            *other -= vector * other[pivot];
        }
        found.push(Direction { pivot, vector });
    }
    for direction in &mut found {
        direction.vector.apply(|x| *x = tidy(*x));
    }
    found
}

/// The twelfth that a number is within rounding of, or the number.
fn tidy(x: f64) -> f64 {
    let twelfth = (x * 12.0).round() / 12.0;
    if (x - twelfth).abs() < 1e-9 { twelfth + 0.0 } else { x }
}
