//! Isolated clusters: particles of a finite number of atoms, in a box.

use nalgebra::Vector3;

use super::ExpandError;
use super::orbit::Image;
use super::p1::to_p1;
use crate::crystal::Crystal;
use crate::model::{Adp, Cell, Model, Profile};
use crate::units::Frac;

/// A box is so much wider than twice the cluster, in parts of it and in Å: what a fit may move apart stays within half an edge.
const GROWTH: f64 = 1.25;
const ROOM: f64 = 10.0;

/// The one image of a site of a cluster.
pub(super) fn itself(position: Frac) -> Image {
    Image { members: vec![0], position, shift: Vector3::zeros() }
}

/// A cluster with its positions in Å, brought to fractions of its box.
///
/// The edge is a power of two: positions are divided by it, and multiplied again, without rounding.
pub(super) fn boxed(mut cluster: Crystal) -> Crystal {
    let edge = (2.0 * (GROWTH * cluster.diameter() + ROOM)).log2().ceil().exp2();
    cluster.cell = Cell { a: edge, b: edge, c: edge, ..Cell::ANGSTROM };
    cluster.basis = cluster.cell.basis();
    for atom in &mut cluster.atoms {
        atom.position = Frac(atom.position.0 / edge);
    }
    cluster
}

/// The atoms of one cell as an isolated cluster, without any image; a cluster is one already.
///
/// Positions are those of the sites in Å, with a along x and b in the xy plane; in a space group, those of the atoms that
/// [`to_p1`] gives. Where the cell cuts a molecule in two, the cluster has it so: move its atoms together first.
/// spdiameter and stepcut, by which a crystal stands for a particle, are left out.
///
/// ```
/// let text = r#"(cell: (a: 20, b: 20, c: 20, alpha: 90, beta: 90, gamma: 90),
///     sites: [(label: "O1", species: "O", position: (0.5, 0.5, 0.5)), (label: "O2", species: "O", position: (0.56, 0.5, 0.5))])"#;
/// let boxed = corefine::read::ron_model::ron_model(text, "o2.ron").unwrap().value;
/// let molecule = corefine::expand::isolated(&boxed).unwrap();
/// assert!(molecule.cluster && (molecule.sites[1].position.0[0] - 11.2).abs() < 1e-12);
/// ```
///
/// # Errors
/// As [`super::crystal`].
pub fn isolated(model: &Model) -> Result<Model, ExpandError> {
    super::can_be_expanded(model)?;
    if model.cluster {
        return Ok(model.clone());
    }
    let whole = if model.space_group.operators.len() > 1 { to_p1(model) } else { model.clone() };
    let (cell, mut sites) = (whole.cell, whole.sites);
    for site in &mut sites {
        site.position = Frac(cell.cart(site.position).0);
        if let Some(adp @ Adp::Aniso(_)) = site.adp {
            let u = adp.cartesian(&cell);
            site.adp = Some(Adp::Aniso([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)].map(|place| u[place])));
        }
    }
    let profile = Profile { spdiameter: 0.0, stepcut: 0.0, ..whole.profile };
    Ok(Model { cluster: true, cell: Cell::ANGSTROM, profile, sites, ..whole })
}
