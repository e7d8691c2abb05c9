//! How bond lengths change with the parameters of a fit.

use nalgebra::DMatrix;

use super::BondList;
use crate::crystal::Crystal;
use crate::tangent::Tangent;

/// The derivative of every length by every parameter, n bonds × parameters, Å per unit of the parameter:
/// `dd = u · [A (dx_j - dx_i) + dA A⁻¹ v]`, with v the bond's vector and u its direction.
///
/// # Panics
/// Where `crystal` has fewer atoms than that of the list.
pub fn length_jacobian(list: &BondList, crystal: &Crystal, tangents: &[Tangent]) -> DMatrix<f64> {
    let inverse = crystal.basis.try_inverse().unwrap_or_default();
    let mut jacobian = DMatrix::zeros(list.bonds.len(), tangents.len());
    for (k, tangent) in tangents.iter().enumerate() {
        let strain = tangent.basis.map(|basis| basis * inverse);
        let moved = |atom: usize| {
            let found = tangent.atoms.binary_search_by_key(&(atom as u32), |(index, _)| *index);
            found.map(|place| crystal.basis * tangent.atoms[place].1.position).unwrap_or_default()
        };
        for (n, bond) in list.bonds.iter().enumerate() {
            let vector = BondList::vector(bond, crystal);
            let change = moved(bond.j) - moved(bond.i) + strain.map_or_else(Default::default, |strain| strain * vector);
            jacobian[(n, k)] = vector.normalize().dot(&change);
        }
    }
    jacobian
}
