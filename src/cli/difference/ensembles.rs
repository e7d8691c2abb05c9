//! By how much the broken fractions of two ensembles differ.

use std::path::Path;

use corefine::ensemble;
use corefine::outcome::{BondAnswer, Interval};
use corefine::read::answers::answers;
use corefine::read::members::{Members, members};
use corefine::report::{self, Side};
use corefine::sample::MET;
use serde_json::{Value, json};

use crate::cli::End;
use crate::cli::args;
use crate::cli::files::Input;
use crate::cli::messages::{Failure, summary, tell, warn_of};
use crate::cli::output::Target;

/// Cutoffs are typed by people: they are the same to this, Å.
const EQUAL: f64 = 1e-9;

pub struct Plan {
    earlier: Folder,
    later: Folder,
    target: Option<Target>,
}

/// What an ensemble left in its folder.
struct Folder {
    side: Side,
    members: Members,
}

impl Plan {
    pub fn of(args: &args::Difference, earlier: &Path, later: &Path) -> Result<Self, Failure> {
        let target = args.out.as_ref().map(|path| Target::check(path, args.force)).transpose()?;
        let (earlier, later) = (Folder::read(earlier)?, Folder::read(later)?);
        alike(&earlier.side, &later.side)?;
        Ok(Self { earlier, later, target })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { earlier, later, target } = self;
        let kinds = &earlier.side.answers.bonds_all;
        let found = (0..kinds.len()).map(|k| Ok(ensemble::difference(&earlier.fractions(k)?, &later.fractions(k)?)));
        let found = found.collect::<Result<Vec<_>, Failure>>()?;
        let sides = [&earlier.side, &later.side];
        let warnings = warnings(sides);
        warn_of(&warnings);
        summary(json!({ "warnings": warnings, "bonds": kinds.iter().zip(&found).map(numbers).collect::<Vec<_>>() }));
        for (bonds, difference) in kinds.iter().zip(&found) {
            tell!("{}", line(bonds, difference));
        }
        if let Some(target) = target {
            target.write(&report::difference_html(sides, &found, &warnings))?;
            tell!("both in {}", target.path().display());
        }
        Ok(End::Well)
    }
}

impl Folder {
    fn read(path: &Path) -> Result<Self, Failure> {
        let file = |name: &str| there(&path.join(name));
        let (result, members_csv) = (file("result.json")?, file("ensemble.csv")?);
        let answers = answers(result.text()?, &result.name).map_err(Failure::of)?;
        let members = members(members_csv.text()?, &members_csv.name).map_err(Failure::of)?;
        if answers.bonds_all.is_empty() {
            let message = format!("{}: this ensemble follows no bonds", path.display());
            return Err(Failure::with_hint(message, "name them under `bonds` in its job"));
        }
        Ok(Self { side: Side { name: path.display().to_string(), answers }, members })
    }

    /// The broken fraction of each member.
    fn fractions(&self, k: usize) -> Result<Vec<f64>, Failure> {
        let found = self.members.fractions(k, self.side.answers.bonds_all.len()).filter(|found| !found.is_empty());
        found.ok_or_else(|| Failure::new(format!("{}: its ensemble.csv holds no broken fractions", self.side.name)))
    }
}

fn there(path: &Path) -> Result<Input, Failure> {
    if path.is_file() {
        return Input::read(path);
    }
    let message = format!("there is no file {}", path.display());
    Err(Failure::with_hint(message, "name two folders that corefine ensemble wrote"))
}

/// Do both follow the same kinds of bonds with the same cutoffs?
fn alike(earlier: &Side, later: &Side) -> Result<(), Failure> {
    let kinds = |side: &Side| -> Vec<String> {
        side.answers.bonds_all.iter().map(|bonds| format!("{} beyond {} Å", bonds.pair, bonds.cutoff)).collect()
    };
    let pairs = || earlier.answers.bonds_all.iter().zip(&later.answers.bonds_all);
    let same = |(a, b): (&BondAnswer, &BondAnswer)| a.pair == b.pair && (a.cutoff - b.cutoff).abs() < EQUAL;
    if earlier.answers.bonds_all.len() == later.answers.bonds_all.len() && pairs().all(same) {
        return Ok(());
    }
    let [first, second] = [earlier, later].map(|side| format!("{} counts {}", side.name, kinds(side).join(", ")));
    Err(Failure::with_hint(format!("{first}, but {second}"), "give both jobs the same `bonds`"))
}

/// What keeps a difference from being an answer.
fn warnings(sides: [&Side; 2]) -> Vec<String> {
    let methods = sides.map(|side| side.answers.method.as_str());
    let mut warnings = Vec::new();
    if methods[0] != methods[1] {
        warnings.push(format!("one ensemble is by {}, the other by {}", methods[0], methods[1]));
    }
    for side in sides.iter().filter(|side| ["noise", "starts"].contains(&side.answers.method.as_str())) {
        warnings.push(format!("{}: the spread of members by {} is no uncertainty", side.name, side.answers.method));
    }
    warnings.extend(sides.into_iter().flat_map(apart));
    warnings
}

/// The kinds of bonds of which the chains of a side do not agree.
fn apart(side: &Side) -> Vec<String> {
    let kinds = side.answers.bonds_all.iter().filter_map(|bonds| Some((&bonds.pair, bonds.r_hat?)));
    let far = kinds.filter(|(_, r_hat)| *r_hat > MET);
    far.map(|(pair, r_hat)| format!("{}: the chains do not agree yet on {pair} (R {r_hat:.2})", side.name)).collect()
}

/// What a machine reads of a kind of bonds.
fn numbers((bonds, difference): (&BondAnswer, &Interval)) -> Value {
    json!({ "pair": bonds.pair, "cutoff": bonds.cutoff, "difference": difference })
}

/// `Co-N: +13 % [+8, +18] (90 %) beyond 2.25 Å`.
fn line(bonds: &BondAnswer, difference: &Interval) -> String {
    format!("{}: {} (90 %) beyond {} Å", bonds.pair, report::with_interval(difference, true), bonds.cutoff)
}
