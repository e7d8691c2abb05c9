//! Structures made by hand, shipped, or among the reference data.

use corefine::model::{Adp, Cell, Model, Operator, Profile, Site, SpaceGroup};
use corefine::read::{self, Reading};
use corefine::units::Frac;

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
