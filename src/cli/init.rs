//! `corefine init`: a commented job for a structure and a curve.

use corefine::crystal::Crystal;
use corefine::expand::cell_freedom;
use corefine::histogram::{BondList, all_bonds};
use corefine::job::Bonds;
use corefine::model::Model;
use corefine::observed::Observed;
use corefine::pairs::Pairs;
use corefine::read::job::{Draft, likely_pairs, write_commented};
use serde_json::json;

use super::End;
use super::args::Init;
use super::files::{Input, Structure, relative};
use super::messages::{Failure, summary, tell, warn_of};
use super::output::Target;

/// No first bond is longer, Å.
const LONGEST_BOND: f64 = 4.0;

/// Two atoms nearer than this are alternatives of a disordered site, Å.
const SPLIT_SITE: f64 = 0.8;

/// Names of the cell parameters in the order of [`corefine::model::Cell::parameters`].
const CELL: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];

pub struct Plan {
    model: Model,
    structure: String,
    observed: Observed,
    data: String,
    nearest: Option<f64>,
    bonds: Option<Bonds>,
    target: Target,
}

impl Plan {
    pub fn of(args: &Init) -> Result<Self, Failure> {
        let target = Target::of(&args.output)?;
        let name = |path| relative(path, target.folder()).display().to_string();
        let observed = Input::read(&args.data)?.observed()?;
        let Structure { model, crystal, warnings } = Structure::read(&args.structure, Some(&observed))?;
        warn_of(&warnings);
        warn_of(&observed.warnings);
        let (structure, data) = (name(&args.structure), name(&args.data));
        let (nearest, bonds) = (nearest(&crystal), likely_bonds(&model, &crystal));
        Ok(Self { model, structure, observed, data, nearest, bonds, target })
    }

    pub fn run(self) -> Result<End, Failure> {
        let cell: Vec<&str> = cell_freedom(&self.model).iter().map(|free| CELL[free.pivot]).collect();
        let Self { model, structure, observed, data, nearest, bonds, target } = &self;
        let (cell, bonds) = (&cell, bonds.as_ref());
        let draft = Draft { model, structure, cell, nearest: *nearest, bonds, observed, data };
        target.write(&write_commented(&draft))?;
        summary(json!({ "file": target.path() }));
        let job = target.path().display();
        tell!("{job} is written; look through it, then: corefine refine {job} --out DIR");
        Ok(End::Well)
    }
}

/// Neighbours up to this much farther than the nearest belong to one shell.
const SHELL: f64 = 1.25;

/// A bond this much longer than the mean of its kind is broken: Co-N, 1.98 Å in the crystal, breaks at 2.25 Å.
const BROKEN: f64 = 1.14;

/// Of the pairs that may be meant the one with the shortest bond, with as many neighbours as its first shell has and a
/// cutoff that belongs to its length.
fn likely_bonds(model: &Model, crystal: &Crystal) -> Option<Bonds> {
    let lists = likely_pairs(model).into_iter().filter_map(|pair| all_bonds(model, crystal, &pair, LONGEST_BOND).ok());
    let measured = lists.filter_map(|list| shell(&list, crystal));
    measured.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, bonds)| bonds)
}

/// The shortest bond of a list, and how its shell is counted.
fn shell(list: &BondList, crystal: &Crystal) -> Option<(f64, Bonds)> {
    let lengths: Vec<(f64, f64)> =
        list.bonds.iter().map(|bond| (BondList::vector(bond, crystal).norm(), bond.weight)).collect();
    let shortest =
        lengths.iter().map(|(length, _)| *length).filter(|length| *length > SPLIT_SITE).min_by(f64::total_cmp)?;
    let shell = lengths.iter().filter(|(length, _)| (SPLIT_SITE..=SHELL * shortest).contains(length));
    let (sum, weight) = shell.fold((0.0, 0.0), |(sum, all), (length, weight)| (sum + length * weight, all + weight));
    let centres: f64 = list.centres.iter().map(|centre| centre.weight).sum();
    let cutoff = (20.0 * BROKEN * sum / weight).round() / 20.0;
    let neighbours = (weight / centres).round().max(1.0) as usize;
    Some((shortest, Bonds { cutoff, neighbours, ..Bonds::of(&list.pair) }))
}

/// The shortest distance between two atoms that scatter enough to be seen: hydrogen is not among them.
fn nearest(crystal: &Crystal) -> Option<f64> {
    let is_hydrogen = |atom: u32| {
        let species = crystal.atoms[atom as usize].species;
        crystal.species[species].element.symbol() == "H"
    };
    let pairs = Pairs::find(crystal, LONGEST_BOND);
    let frame = pairs.frame(crystal);
    let seen = pairs.list.iter().filter(|pair| !is_hydrogen(pair.i) && !is_hydrogen(pair.j));
    let lengths = seen.map(|pair| frame.vector(pair).norm());
    // Atoms of one site that exclude each other are no bond.
    lengths.filter(|length| *length > SPLIT_SITE).min_by(f64::total_cmp)
}
