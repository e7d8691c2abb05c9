//! From the asymmetric unit to all atoms of the cell, and what symmetry and chemistry say about them.
//!
//! [`crystal`] makes every atom; [`to_p1`] writes them as a model without symmetry; [`freedom`] and [`cell_freedom`]
//! say what a refinement in the space group may move; [`molecules()`] finds what is bonded to what; [`checks()`] speaks up
//! about structures that cannot be meant.
//!
//! [`update`] moves the atoms of a crystal with their sites, without merging or wrapping any: the way to follow a
//! refinement, which starts from the [`symmetrized`] model. When a site moves by `dx` along its freedom, each of its atoms
//! moves by `R dx`, R being the rotation part of `model.space_group.operators[atom.operator]`, and its U changes by
//! [`adp_rotation`] of that operator. For atoms on special positions this holds for allowed changes only; for others the
//! atom would split.

mod checks;
mod cluster;
pub(crate) mod disorder;
mod molecules;
pub(crate) mod neighbours;
mod orbit;
mod p1;
mod radii;
mod rotate;
mod special;

pub use checks::{Finding, Severity, checks};
pub use cluster::isolated;
pub use molecules::{Molecule, found_molecules, molecules};
pub use p1::to_p1;
pub use radii::covalent_radius;
pub use rotate::adp_rotation;
pub use special::{CellDirection, Direction, Direction3, Direction6, SiteFreedom, cell_freedom, freedom};

use crate::crystal::{Atom, Crystal};
use crate::element::Species;
use crate::model::{Adp, Model, Site};
use crate::units::Frac;
use orbit::{Group, Image};

/// `Uiso` in Å² of sites for which the file gives none: that of a light framework atom at room temperature.
pub const DEFAULT_UISO: f64 = 0.005;

/// A structure that is no crystal, or has no molecules to find.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExpandError {
    /// The six numbers close no cell.
    #[error(
        "structure \"{title}\": no cell has edges {a}, {b}, {c} Å and angles {alpha}, {beta}, {gamma}° \
         (volume {volume} Å³): edges must be some Å, angles between 0 and 180, and each angle smaller than the sum of \
         the others; correct the cell"
    )]
    Cell {
        /// The model's title.
        title: String,
        /// Edge, Å.
        a: f64,
        /// Edge, Å.
        b: f64,
        /// Edge, Å.
        c: f64,
        /// Angle, degrees.
        alpha: f64,
        /// Angle, degrees.
        beta: f64,
        /// Angle, degrees.
        gamma: f64,
        /// What they give, Å³.
        volume: f64,
    },
    /// The model has no sites.
    #[error("structure \"{title}\" has no atoms: give it at least one site")]
    NoSites {
        /// The model's title.
        title: String,
    },
    /// The space group has no operators.
    #[error("structure \"{title}\": space group \"{name}\" has no operators: give at least the identity, x,y,z")]
    NoOperators {
        /// The model's title.
        title: String,
        /// The group's name.
        name: String,
    },
    /// A coordinate or occupancy that is no number.
    #[error("structure \"{title}\": site {label} has {what} {value}: a finite number is needed")]
    NotFinite {
        /// The model's title.
        title: String,
        /// The site.
        label: String,
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// An element to keep out of molecules that is none.
    #[error("molecules: exclude names \"{text}\", which is no element: give symbols such as \"Co\"")]
    UnknownElement {
        /// The text.
        text: String,
    },
    /// A slack that is no sensible length.
    #[error("molecules: slack is {slack} Å: a length between -1 and 2 Å is needed (0.2 is usual)")]
    Slack {
        /// The slack, Å.
        slack: f64,
    },
    /// Bonds that lead from an atom to its own copy in another cell.
    #[error(
        "structure \"{title}\": the bonds of {label} run on through the crystal without end (elements {elements}), so \
         it belongs to no molecule: {remedy}"
    )]
    EndlessMolecule {
        /// The model's title.
        title: String,
        /// An atom on the endless chain.
        label: String,
        /// The elements in it.
        elements: String,
        /// What to do.
        remedy: String,
    },
}

/// All atoms of the cell.
///
/// Each site's images under the operators are made and moved into the cell; those that coincide (within 0.0015 in
/// every fraction and 0.05 Å) are one atom on a special position, at their mean and with their mean U. Atoms of one site
/// stand together, in the order of the operators that first make them. A site without U gets [`DEFAULT_UISO`]:
/// [`checks()`] names those. The atoms of a cluster stay where they are, in a box that is wide enough.
///
/// ```
/// use corefine::expand::crystal;
/// use corefine::model::{Cell, Model, Site, SpaceGroup};
/// let operators = ["x,y,z", "x,y+1/2,z+1/2", "x+1/2,y,z+1/2", "x+1/2,y+1/2,z"].map(|o| o.parse().unwrap()).to_vec();
/// # let site = Site { label: "Ni1".into(), species: "Ni".parse().unwrap(), position: corefine::units::Frac::new(0.0, 0.0, 0.0),
/// #     occ: 1.0, adp: None, beyond: None, inside: None, disorder: None };
/// let nickel = Model {
///     title: "Ni".into(),
///     provenance: vec![],
///     cluster: false,
///     cell: Cell::from_parameters([3.524, 3.524, 3.524, 90.0, 90.0, 90.0]),
///     space_group: SpaceGroup { name: "F 1".into(), number: None, operators },
///     profile: Default::default(),
///     sites: vec![site], // Ni at the origin
/// };
/// assert_eq!(crystal(&nickel)?.atoms.len(), 4);
/// # Ok::<(), corefine::expand::ExpandError>(())
/// ```
///
/// # Errors
/// A cell without volume, no sites, no operators, coordinates that are no numbers.
pub fn crystal(model: &Model) -> Result<Crystal, ExpandError> {
    let _room = tracing::info_span!("expand").entered();
    can_be_expanded(model)?;
    let group = Group::of(model);
    let images = |position: Frac| if model.cluster { vec![cluster::itself(position)] } else { group.orbit(position) };
    let mut species: Vec<Species> = Vec::new();
    let mut atoms = Vec::new();
    for (index, site) in model.sites.iter().enumerate() {
        let kind = species.iter().position(|known| *known == site.species).unwrap_or_else(|| {
            species.push(site.species);
            species.len() - 1
        });
        atoms.extend(images(site.position).iter().map(|image| atom(model, index, kind, image)));
    }
    let (cluster, cell) = (model.cluster, model.cell);
    let crystal = Crystal { cluster, cell, basis: cell.basis(), species, atoms, profile: model.profile };
    Ok(if cluster { cluster::boxed(crystal) } else { crystal })
}

fn atom(model: &Model, index: usize, species: usize, image: &Image) -> Atom {
    let site = &model.sites[index];
    let adp = site.adp.unwrap_or(Adp::Iso(DEFAULT_UISO));
    let adp = rotate::image_adp(adp, &model.space_group.operators, &image.members, &model.cell);
    Atom {
        site: index,
        operator: image.members[0],
        shift: image.shift,
        species,
        position: image.position,
        occ: site.occ,
        u: adp.cartesian(&model.cell),
        beyond: site.beyond,
        inside: site.inside,
        molecule: None,
    }
}

/// The model with every site moved onto its special position exactly, and every Uij made what the site's symmetry allows.
///
/// Files round: a site at (0.3333, 0.6667, 1/4) is meant at (1/3, 2/3, 1/4), and [`crystal`] puts its atoms there. For the
/// model that is returned, `R x + t + shift` is each atom's position to the last digit, so that [`update`] may be used.
///
/// # Errors
/// As [`crystal`].
pub fn symmetrized(model: &Model) -> Result<Model, ExpandError> {
    can_be_expanded(model)?;
    let group = Group::of(model);
    let mut symmetric = model.clone();
    for site in &mut symmetric.sites {
        let stabilizer = group.stabilizer(site.position);
        site.position = group.idealised(site.position);
        let own = |adp| rotate::image_adp(adp, &model.space_group.operators, &stabilizer, &model.cell);
        site.adp = site.adp.map(own);
    }
    Ok(symmetric)
}

/// Brings a crystal up to date with its model after values have changed: cell, positions, U, occupancies, profile.
///
/// The atoms stay the same ones, in the same order and molecules: none is merged or wrapped, however near it comes to
/// another or to the edge of the cell, and positions may leave [0, 1). The model must be [`symmetrized`] and moved along its
/// [`freedom`] only, or atoms on special positions would go where their first operator leads.
pub fn update(model: &Model, crystal: &mut Crystal) {
    if !crystal.cluster {
        crystal.cell = model.cell;
        crystal.basis = model.cell.basis();
    }
    crystal.profile = model.profile;
    let unit = crystal.per_coordinate();
    for atom in &mut crystal.atoms {
        let Some(site) = model.sites.get(atom.site) else { continue };
        let Some(operator) = model.space_group.operators.get(atom.operator) else { continue };
        let adp = site.adp.unwrap_or(Adp::Iso(DEFAULT_UISO));
        let adp = rotate::image_adp(adp, &model.space_group.operators, &[atom.operator], &model.cell);
        atom.position = Frac(operator.apply(site.position).0 * unit + atom.shift);
        atom.u = adp.cartesian(&model.cell);
        (atom.occ, atom.beyond, atom.inside) = (site.occ, site.beyond, site.inside);
    }
}

/// The name of every atom: `Co1`, and for further images of the site `Co1_2`, `Co1_3` ..., as in [`to_p1`].
///
/// `crystal` is the one that [`crystal`] made of `model`, its atoms moved or not.
pub fn labels(model: &Model, crystal: &Crystal) -> Vec<String> {
    p1::image_labels(model, &multiplicities(model, crystal))
}

/// How many atoms each site of the model has in the crystal.
pub(crate) fn multiplicities(model: &Model, crystal: &Crystal) -> Vec<usize> {
    let sites = crystal.atoms.iter().map(|atom| atom.site + 1).max().unwrap_or(0).max(model.sites.len());
    let mut counts = vec![0; sites];
    for atom in &crystal.atoms {
        counts[atom.site] += 1;
    }
    counts
}

fn can_be_expanded(model: &Model) -> Result<(), ExpandError> {
    let title = || model.title.clone();
    check_cell(model)?;
    if model.sites.is_empty() {
        return Err(ExpandError::NoSites { title: title() });
    }
    if model.space_group.operators.is_empty() {
        return Err(ExpandError::NoOperators { title: title(), name: model.space_group.name.clone() });
    }
    model.sites.iter().try_for_each(|site| check_numbers(model, site))
}

fn check_cell(model: &Model) -> Result<(), ExpandError> {
    let [a, b, c, alpha, beta, gamma] = model.cell.parameters();
    let volume = model.cell.volume();
    let possible = [a, b, c].iter().all(|edge| *edge > 0.0)
        // Lattice planes nearer than this hold no atoms, and a sum over them would never end.
        && model.cell.reciprocal_lengths().max() < 2.0
        && [alpha, beta, gamma].iter().all(|angle| *angle > 0.0 && *angle < 180.0);
    if possible && volume.is_finite() && volume > 1e-6 * a * b * c {
        return Ok(());
    }
    Err(ExpandError::Cell { title: model.title.clone(), a, b, c, alpha, beta, gamma, volume })
}

fn check_numbers(model: &Model, site: &Site) -> Result<(), ExpandError> {
    let [x, y, z] = site.position.0.into();
    let numbers = [("x", x), ("y", y), ("z", z), ("occupancy", site.occ)];
    match numbers.into_iter().find(|(_, value)| !value.is_finite()) {
        Some((what, value)) => {
            Err(ExpandError::NotFinite { title: model.title.clone(), label: site.label.clone(), what, value })
        }
        None => Ok(()),
    }
}
