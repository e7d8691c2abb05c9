//! `corefine init`: a commented job for a structure and a curve.

use corefine::model::Model;
use corefine::observed::Observed;
use corefine::read::job::write_commented;

use super::End;
use super::args::Init;
use super::files::{Input, relative};
use super::messages::{Failure, warn};
use super::output::Target;

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
        Ok(Self {
            model: Input::read(&args.structure)?.model()?,
            structure: name(&args.structure),
            observed: Input::read(&args.data)?.observed()?,
            data: name(&args.data),
            target,
        })
    }

    pub fn run(self) -> Result<End, Failure> {
        self.observed.warnings.iter().for_each(|warning| warn(warning));
        self.target.write(&write_commented(&self.model, &self.structure, &self.observed, &self.data))?;
        let job = self.target.path().display();
        println!("{job} is written; look through it, then: corefine refine {job} --out DIR");
        Ok(End::Well)
    }
}
