//! `corefine init`: a commented job for a structure and a curve.

use corefine::expand::cell_freedom;
use corefine::model::Model;
use corefine::observed::Observed;
use corefine::read::job::{Draft, write_commented};

use super::End;
use super::args::Init;
use super::files::{Input, Structure, relative};
use super::messages::{Failure, warn_of};
use super::output::Target;

/// Names of the cell parameters in the order of [`corefine::model::Cell::parameters`].
const CELL: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];

pub struct Plan {
    model: Model,
    structure: String,
    observed: Observed,
    data: String,
    target: Target,
}

impl Plan {
    pub fn of(args: &Init) -> Result<Self, Failure> {
        let target = Target::check(&args.output.output, args.output.force)?;
        let name = |path| relative(path, target.folder()).display().to_string();
        let observed = Input::read(&args.data)?.observed()?;
        let Structure { model, warnings, .. } = Structure::read(&args.structure, Some(&observed))?;
        warn_of(&warnings);
        warn_of(&observed.warnings);
        Ok(Self { model, structure: name(&args.structure), observed, data: name(&args.data), target })
    }

    pub fn run(self) -> Result<End, Failure> {
        let cell: Vec<&str> = cell_freedom(&self.model).iter().map(|free| CELL[free.pivot]).collect();
        let Self { model, structure, observed, data, target } = &self;
        target.write(&write_commented(&Draft { model, structure, cell: &cell, observed, data }))?;
        let job = target.path().display();
        println!("{job} is written; look through it, then: corefine refine {job} --out DIR");
        Ok(End::Well)
    }
}
