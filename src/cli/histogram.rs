//! `corefine histogram`: the bonds of a structure.

use corefine::histogram::{bonds, measure};
use corefine::job::Bonds;
use corefine::outcome::BondResult;
use corefine::report;
use serde_json::json;

use super::End;
use super::args::Histogram;
use super::files::Structure;
use super::messages::{Failure, summary, tell, warn, warn_of};
use super::output::Target;
use super::refine::bond_numbers;

pub struct Plan {
    result: BondResult,
    target: Option<Target>,
}

impl Plan {
    pub fn of(args: &Histogram) -> Result<Self, Failure> {
        let Histogram { pair, cutoff, neighbours, bin, .. } = args;
        let kind = Bonds { pair: pair.clone(), cutoff: *cutoff, neighbours: *neighbours, bin: *bin };
        let target = args.output.as_deref().map(|path| Target::check(path, args.force)).transpose()?;
        let structure = Structure::read(&args.structure, None)?;
        let list = bonds(&structure.model, &structure.crystal, &kind).map_err(Failure::of)?;
        warn_of(&structure.warnings);
        if let Some(tied) = list.ties(&structure.model, &structure.crystal, &kind, ["--neighbours "; 2]) {
            warn(&tied);
        }
        Ok(Self { result: measure(&list, &structure.crystal, &kind, None), target })
    }

    pub fn run(self) -> Result<End, Failure> {
        if let Some(target) = &self.target {
            target.write(&report::histogram_csv(std::slice::from_ref(&self.result)))?;
        }
        summary(json!({ "bonds": bond_numbers(&self.result), "histogram": self.result.histogram }));
        print(&self.result);
        Ok(End::Well)
    }
}

/// Prints the bonds; adding 0 makes an empty sum's -0 a plain 0.
fn print(result: &BondResult) {
    tell!(
        "{}: {} bonds, mean {:.4} Å, standard deviation {:.4} Å, {:.4} to {:.4} Å",
        result.pair,
        result.n,
        result.mean,
        result.sd,
        result.min,
        result.max
    );
    tell!("{} beyond {} Å: {:.2} %", result.broken + 0.0, result.cutoff, 100.0 * result.fraction + 0.0);
    for bin in &result.histogram {
        tell!("{:6.2} - {:5.2} Å  {:8.2}", bin.from, bin.to, bin.count);
    }
}
