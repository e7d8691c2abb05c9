//! `corefine demo`: synthetic Co ZIF-62, pristine and cycled, refined and set beside the truth.
//!
//! Everything is in the program itself: it runs in any folder, without a network and without a GPU. The inputs are
//! written first and then read as `corefine refine` reads them, so that a user can do the same by hand.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use corefine::expand;
use corefine::histogram::{self, BondList};
use corefine::job::Bonds;
use corefine::outcome::{BondResult, Outcome};
use corefine::report::{self, Comparison, Entry};
use corefine::{crystal::Crystal, read};
use serde_json::json;

use super::End;
use super::args::Demo;
use super::case::Case;
use super::engine::Worker;
use super::messages::{Failure, summary, tell};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::refine::{RESULTS, bond_numbers};

/// What stands in `DIR/inputs`.
const INPUTS: [(&str, &str); 7] = [
    ("start.ron", include_str!("../../models/demo/start.ron")),
    ("pristine.ron", include_str!("../../models/demo/pristine.ron")),
    ("pristine.gr", include_str!("../../models/demo/pristine.gr")),
    ("pristine_true.ron", include_str!("../../models/demo/pristine_true.ron")),
    ("cycled.ron", include_str!("../../models/demo/cycled.ron")),
    ("cycled.gr", include_str!("../../models/demo/cycled.gr")),
    ("cycled_true.ron", include_str!("../../models/demo/cycled_true.ron")),
];

const SAMPLES: [&str; 2] = ["pristine", "cycled"];

const COMPARISON: [&str; 2] = ["comparison.html", "comparison.json"];

/// What a reader of the page must know.
const NOTES: [&str; 4] = [
    "Synthetic data: both curves were computed from known structures (inputs/*_true.ron) with exact X-ray weights, Qmax \
     23.5 and Qmin 0.1 1/Å, Qdamp 0.069 1/Å, and 0.025 1/Å² of noise. Nothing here was measured.",
    "Refined on 1.0 to 4.5 Å in P1: scale, a, b, c, the 16 Co, U per element except H. The second U that Co has beyond 4.7 Å \
     is left out: data that end at 4.5 Å do not see it.",
    "Assumed: rings as in the model (here that is true); beforehand each Co coordinate known to 0.25 Å, a, b, c to 0.03 Å, \
     Uiso of Co to 0.002 Å², that of O to 0.01 Å². These 3.5 Å hold 26 independent observations, fewer than the 48 Co \
     coordinates: without such knowledge many sets of positions fit equally well. These widths were chosen with the answer \
     known, for these two curves; on other data they would have to be argued.",
    "The broken fraction and the mean come out near the truth here; that their uncertainties hold in general is not shown \
     by two curves. Which Co moved, and the shape bar by bar, is not determined. The start is the ideal crystal shaken by 0.03 Å: from a symmetric one least squares move equivalent Co \
     alike.",
];

pub struct Plan {
    out: PathBuf,
    inputs: Folder,
    results: Vec<Folder>,
    comparison: Folder,
    worker: Worker,
}

impl Plan {
    pub fn of(args: &Demo) -> Result<Self, Failure> {
        let out = args.out.clone();
        let comparison = Folder::check(&out, &COMPARISON, args.replace.force)?;
        let inputs = Folder::check(&out.join("inputs"), &INPUTS.map(|(name, _)| name), args.replace.force)?;
        let results = SAMPLES.iter().map(|name| Folder::check(&out.join(name), &RESULTS, args.replace.force));
        let results = results.collect::<Result<_, _>>()?;
        Ok(Self { out, inputs, results, comparison, worker: Worker::open(&args.work)? })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        self.inputs.write(&INPUTS.map(|(name, text)| (name, text.to_owned())))?;
        tell!("synthetic Co ZIF-62, pristine and cycled: inputs in {}", self.inputs.path().display());
        let entries = self.refined()?;
        let table = entries.iter().map(numbers).collect::<Vec<_>>();
        let comparison = Comparison {
            title: "Co ZIF-62: pristine against cycled".to_owned(),
            entries,
            notes: NOTES.map(str::to_owned).to_vec(),
        };
        let found = json!({ "synthetic": true, "results": table });
        let json = format!("{found:#}\n");
        summary(found);
        let texts = [report::comparison_html(&comparison), json];
        self.comparison.write_named(COMPARISON, texts)?;
        say(&comparison.entries);
        tell!("compare them in {}", self.out.join(COMPARISON[0]).display());
        let converged = comparison.entries.iter().all(|entry| entry.outcome.converged);
        Ok(if converged && comparison.entries.len() == SAMPLES.len() { End::Well } else { End::NotConverged })
    }

    /// One refinement after the other; after Ctrl-C those that are left are not begun.
    fn refined(&mut self) -> Result<Vec<Entry>, Failure> {
        let stop = interrupted_by_user();
        let mut entries = Vec::new();
        for (name, folder) in SAMPLES.iter().zip(&self.results) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            tell!("refining {name} ...");
            let case = Case::read(&self.inputs.path().join(format!("{name}.ron")))?;
            let outcome = case.refine(folder, &mut self.worker, &stop)?;
            entries.push(Entry { name: (*name).to_owned(), outcome, truth: vec![truth(name)?] });
        }
        Ok(entries)
    }
}

/// The bonds of the start, as long as they are in the true structure.
fn truth(name: &str) -> Result<BondResult, Failure> {
    let kind = Bonds::of("Co-N");
    let (bonds, _) = structure("start.ron", &kind)?;
    let (_, crystal) = structure(&format!("{name}_true.ron"), &kind)?;
    Ok(histogram::measure(&bonds, &crystal, &kind, None))
}

fn structure(name: &str, kind: &Bonds) -> Result<(BondList, Crystal), Failure> {
    let text = INPUTS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
    let model = read::structure(text.as_bytes(), name).map_err(Failure::of)?.value;
    let crystal = expand::crystal(&model).map_err(Failure::of)?;
    let bonds = histogram::bonds(&model, &crystal, kind).map_err(Failure::of)?;
    Ok((bonds, crystal))
}

/// Found and true for scripts.
fn numbers(entry: &Entry) -> serde_json::Value {
    let outcome = &entry.outcome;
    let bonds = |list: &[BondResult]| list.first().map(bond_numbers);
    json!({ "name": entry.name, "rw": outcome.rw, "converged": outcome.converged, "iterations": outcome.iterations,
        "seconds": outcome.seconds, "engine": outcome.engine, "found": bonds(&outcome.bonds), "true": bonds(&entry.truth) })
}

fn say(entries: &[Entry]) {
    tell!();
    tell!("{:10} {:>8} {:>22} {:>22} {:>18}", "synthetic", "Rw", "Co-N beyond 2.25 Å, %", "mean, Å", "sd, Å");
    tell!("{:10} {:>8} {:>22} {:>22} {:>18}", "", "", "found    true", "found    true", "found    true");
    for Entry { name, outcome, truth } in entries {
        if let (Some(found), Some(truth)) = (outcome.bonds.first(), truth.first()) {
            tell!("{}", row(name, outcome, found, truth));
        }
    }
    tell!();
}

fn row(name: &str, outcome: &Outcome, found: &BondResult, truth: &BondResult) -> String {
    let percent = report::esd::format(100.0 * found.fraction, found.fraction_esd.map(|esd| 100.0 * esd));
    let mean = report::esd::format(found.mean, found.mean_esd);
    let broken = format!("{percent}    {:.1}", 100.0 * truth.fraction + 0.0);
    let mean = format!("{mean}   {:.3}", truth.mean);
    let sd = format!("{:.3}   {:.3}", found.sd, truth.sd);
    format!("{name:10} {:8.4} {broken:>22} {mean:>22} {sd:>18}", outcome.rw)
}
