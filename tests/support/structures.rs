//! Structures made by hand, shipped, or among the reference data.

use corefine::model::{Adp, Cell, Model, Operator, Profile, Site, SpaceGroup};
use corefine::read::{self, Reading};
use corefine::units::Frac;
use nalgebra::{Matrix3, Rotation3, Vector3};

/// A cubic cell of 10 Å, Å and degrees.
pub const BOX: [f64; 6] = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0];

/// A site that is filled, with Uiso 0.005 Å².
pub fn site(label: &str, species: &str, position: [f64; 3]) -> Site {
    site_with(label, species, position, Adp::Iso(0.005))
}

/// A site that is filled.
pub fn site_with(label: &str, species: &str, position: [f64; 3], adp: Adp) -> Site {
    Site {
        label: label.into(),
        species: species.parse().unwrap(),
        position: Frac(position.into()),
        occ: 1.0,
        adp: Some(adp),
        beyond: None,
        inside: None,
        disorder: None,
    }
}

/// Operators such as `-x,y+1/2,-z`.
pub fn operators(texts: &[&str]) -> Vec<Operator> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A structure in the space group of these operators.
pub fn model(cell: [f64; 6], operators: Vec<Operator>, sites: Vec<Site>) -> Model {
    Model { space_group: SpaceGroup { name: String::new(), number: None, operators }, ..p1(cell, sites) }
}

/// A structure whose sites are all its atoms.
pub fn p1(cell: [f64; 6], sites: Vec<Site>) -> Model {
    Model {
        title: "test".into(),
        provenance: vec!["by hand".into()],
        cluster: false,
        cell: Cell::from_parameters(cell),
        space_group: SpaceGroup::default(),
        profile: Profile::default(),
        sites,
    }
}

/// A structure of `models/`, by its name.
pub fn shipped(name: &str) -> Model {
    let path = super::of_repository(&format!("models/{name}.ron"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read::structure(&bytes, "shipped.ron").unwrap_or_else(|error| panic!("{name}: {error}")).value
}

/// A structure of the reference data, where they are at hand.
pub fn reference_structure(file: &str) -> Option<Reading<Model>> {
    let bytes = std::fs::read(super::reference(file)?).unwrap();
    Some(read::structure(&bytes, file).unwrap_or_else(|error| panic!("{error}")))
}

/// An oblique cell with two imidazolates, one of them about the cell's corner, a bent molecule of three atoms, and cobalt
/// that belongs to none; all in P1. One atom of the second ring has a tensor.
pub fn molecular() -> Model {
    let cell = [9.3, 10.1, 10.8, 84.0, 97.0, 103.0];
    let basis = Cell::from_parameters(cell).basis();
    let mut sites = vec![site_with("Co1", "Co", [0.03, 0.46, 0.42], Adp::Iso(0.012))];
    sites.extend(ring("A", &basis, Vector3::new(0.01, -0.02, 0.03), Vector3::new(0.3, -0.8, 0.5)));
    sites.extend(ring("B", &basis, Vector3::new(0.52, 0.55, 0.49), Vector3::new(-0.9, 0.2, 1.4)));
    let bent = [("N1C", "N", [0.0, 0.0]), ("C1C", "C", [1.2, 0.1]), ("O1C", "O", [1.8, 1.2])];
    let middle = Vector3::new(0.55, 0.02, 0.47);
    sites.extend(
        bent.map(|(label, species, at)| placed(label, species, at, &basis, middle, Vector3::new(0.4, 0.1, 0.2))),
    );
    sites[10].adp = Some(Adp::Aniso([0.012, 0.018, 0.009, 0.002, -0.003, 0.001]));
    p1(cell, sites)
}

/// A flat ring of five atoms, each carbon with its hydrogen, turned and then laid about a point (fractions).
fn ring(suffix: &str, basis: &Matrix3<f64>, middle: Vector3<f64>, turn: Vector3<f64>) -> Vec<Site> {
    let corners =
        [("N1", "N"), ("C2", "C"), ("N3", "N"), ("C4", "C"), ("C5", "C"), ("H2", "H"), ("H4", "H"), ("H5", "H")];
    let place = |label: &str| {
        let (sin, cos) = (72.0 * f64::from(label.as_bytes()[1] - b'1')).to_radians().sin_cos();
        let radius = if label.starts_with('H') { 2.2 } else { 1.13 };
        [radius * cos, radius * sin]
    };
    let atom = |(label, species): (&str, &str)| {
        placed(&format!("{label}{suffix}"), species, place(label), basis, middle, turn)
    };
    corners.map(atom).into()
}

fn placed(
    label: &str,
    species: &str,
    [x, y]: [f64; 2],
    basis: &Matrix3<f64>,
    middle: Vector3<f64>,
    turn: Vector3<f64>,
) -> Site {
    let arm = Rotation3::new(turn) * Vector3::new(x, y, 0.0);
    let at = Frac(middle + basis.try_inverse().unwrap() * arm).wrapped();
    site_with(label, species, at.0.into(), Adp::Iso(0.008))
}
