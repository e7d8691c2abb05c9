//! `corefine init`: a commented job for a structure and a curve.

use corefine::crystal::Crystal;
use corefine::expand::cell_freedom;
use corefine::model::Model;
use corefine::observed::Observed;
use corefine::pairs::Pairs;
use corefine::read::job::{Draft, write_commented};

use super::End;
use super::args::Init;
use super::files::{Input, Structure, relative};
use super::messages::{Failure, warn_of};
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
    target: Target,
}

impl Plan {
    pub fn of(args: &Init) -> Result<Self, Failure> {
        let target = Target::check(&args.output.output, args.output.force)?;
        let name = |path| relative(path, target.folder()).display().to_string();
        let observed = Input::read(&args.data)?.observed()?;
        let Structure { model, crystal, warnings } = Structure::read(&args.structure, Some(&observed))?;
        warn_of(&warnings);
        warn_of(&observed.warnings);
        let (structure, data) = (name(&args.structure), name(&args.data));
        Ok(Self { nearest: nearest(&crystal), model, structure, observed, data, target })
    }

    pub fn run(self) -> Result<End, Failure> {
        let cell: Vec<&str> = cell_freedom(&self.model).iter().map(|free| CELL[free.pivot]).collect();
        let Self { model, structure, observed, data, nearest, target } = &self;
        target.write(&write_commented(&Draft { model, structure, cell: &cell, nearest: *nearest, observed, data }))?;
        let job = target.path().display();
        println!("{job} is written; look through it, then: corefine refine {job} --out DIR");
        Ok(End::Well)
    }
}

/// The shortest distance between two atoms that scatter enough to be seen: hydrogen is not among them.
fn nearest(crystal: &Crystal) -> Option<f64> {
    let is_hydrogen = |atom: u32| {
        let species = crystal.atoms[atom as usize].species;
        crystal.species[species].element.symbol() == "H"
    };
    let pairs = Pairs::find(crystal, LONGEST_BOND);
    let seen = pairs.list.iter().filter(|pair| !is_hydrogen(pair.i) && !is_hydrogen(pair.j));
    let lengths = seen.map(|pair| pairs.vector(crystal, pair).norm());
    // Atoms of one site that exclude each other are no bond.
    lengths.filter(|length| *length > SPLIT_SITE).min_by(f64::total_cmp)
}
