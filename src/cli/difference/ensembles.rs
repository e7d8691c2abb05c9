//! By how much the broken fractions of ensembles differ from that of another.

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
    /// What is subtracted from the others.
    reference: Folder,
    others: Vec<Folder>,
    target: Option<Target>,
}

/// What an ensemble left in its folder.
struct Folder {
    side: Side,
    members: Members,
}

impl Plan {
    pub fn of(args: &args::Difference, others: &[&Path], reference: &Path) -> Result<Self, Failure> {
        let target = Target::optional(args.out.as_deref(), &args.replace)?;
        let reference = Folder::read(reference)?;
        let others = others.iter().map(|path| Folder::read(path)).collect::<Result<Vec<_>, _>>()?;
        others.iter().try_for_each(|other| alike(&reference.side, &other.side))?;
        Ok(Self { reference, others, target })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { reference, others, target } = self;
        let found = others.iter().map(|other| other.minus(&reference)).collect::<Result<Vec<_>, _>>()?;
        let sides: Vec<&Side> = std::iter::once(&reference).chain(&others).map(|folder| &folder.side).collect();
        let warnings = warnings(&sides);
        warn_of(&warnings);
        let numbered = |(other, found): (&Folder, &Vec<Interval>)| {
            let bonds: Vec<_> = other.side.answers.bonds_all.iter().zip(found).map(numbers).collect();
            json!({ "name": other.side.name, "bonds": bonds })
        };
        let all: Vec<_> = others.iter().zip(&found).map(numbered).collect();
        summary(json!({ "warnings": warnings, "differences": all }));
        for (other, found) in others.iter().zip(&found) {
            let name = if others.len() > 1 { format!("{}, ", other.side.name) } else { String::new() };
            for (bonds, difference) in other.side.answers.bonds_all.iter().zip(found) {
                tell!("{name}{}", line(bonds, difference));
            }
        }
        if let Some(target) = target {
            target.write(&report::difference_html(&sides, &found, &warnings))?;
            tell!("{} in {}", if others.len() > 1 { "all" } else { "both" }, target.path().display());
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

    /// By how much the broken fractions of this one are larger, kind by kind.
    fn minus(&self, reference: &Self) -> Result<Vec<Interval>, Failure> {
        let kinds = 0..reference.side.answers.bonds_all.len();
        kinds.map(|k| Ok(ensemble::difference(&reference.fractions(k)?, &self.fractions(k)?))).collect()
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
    Err(Failure::with_hint(message, "name folders that corefine ensemble wrote"))
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

/// What keeps differences from being an answer.
fn warnings(sides: &[&Side]) -> Vec<String> {
    let mut methods: Vec<&str> = sides.iter().map(|side| side.answers.method.as_str()).collect();
    methods.dedup();
    let mut warnings = Vec::new();
    if methods.len() > 1 {
        warnings.push(format!("not all ensembles are made in the same way: by {}", methods.join(", by ")));
    }
    for side in sides.iter().filter(|side| ["noise", "starts"].contains(&side.answers.method.as_str())) {
        warnings.push(format!("{}: the spread of members by {} is no uncertainty", side.name, side.answers.method));
    }
    warnings.extend(sides.iter().flat_map(|side| apart(side)));
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
