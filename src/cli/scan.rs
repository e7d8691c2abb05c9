//! `corefine scan`: the same refinement with restraints of several weights.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use corefine::job::Job;
use corefine::outcome::Outcome;
use corefine::report::{Scan, Scanned, scan_csv, scan_html};
use serde_json::{Value, json};

use super::End;
use super::args;
use super::case::Case;
use super::engine::Worker;
use super::messages::{Failure, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::refine::bond_numbers;

/// What a folder of a scan holds.
const RESULTS: [&str; 2] = ["scan.csv", "scan.html"];

pub struct Plan {
    job: PathBuf,
    weights: Vec<f64>,
    folder: Folder,
    worker: Worker,
}

impl Plan {
    pub fn of(args: &args::Scan) -> Result<Self, Failure> {
        let weights = ascending(&args.restraint_weight)?;
        let folder = Folder::of(&args.output, &RESULTS)?;
        let case = Case::read(&args.job)?;
        if !is_restrained(case.job()) {
            let message = format!("{} restrains nothing: every weight gives the same fit", args.job.display());
            return Err(Failure::with_hint(message, "give it `restraints`, or a `sigma` to parameters (docs/job.md)"));
        }
        Ok(Self { job: args.job.clone(), weights, folder, worker: Worker::open(&args.work)? })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { job, weights, folder, mut worker } = self;
        let stop = interrupted_by_user();
        let mut scan = Scan { title: String::new(), entries: Vec::new() };
        for weight in weights {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let known = worker.warnings().len();
            let outcome = Case::with_weight(&job, Some(weight))?.fit(&mut worker, &stop)?;
            if scan.entries.is_empty() {
                scan.title = format!("{}: weights of the restraints", outcome.title);
                warn_of(&outcome.warnings);
                tell!("{}", head(&outcome));
            } else {
                warn_of(&worker.warnings()[known..]);
            }
            let entry = Scanned { weight, outcome };
            tell!("{}", line(&entry));
            scan.entries.push(entry);
        }
        folder.write_named(RESULTS, [scan_csv(&scan), scan_html(&scan)])?;
        summary(json!({ "entries": scan.entries.iter().map(numbers).collect::<Vec<_>>(), "results": folder.path() }));
        tell!("results in {}", folder.path().display());
        let converged = scan.entries.iter().all(|entry| entry.outcome.converged) && !stop.load(Ordering::Relaxed);
        Ok(if converged { End::Well } else { End::NotConverged })
    }
}

/// The weights in order, each once.
fn ascending(weights: &[f64]) -> Result<Vec<f64>, Failure> {
    if let Some(wrong) = weights.iter().find(|weight| !(weight.is_finite() && **weight > 0.0)) {
        return Err(Failure::with_hint(format!("--restraint-weight is {wrong}"), "give numbers above 0"));
    }
    let mut weights = weights.to_vec();
    weights.sort_by(f64::total_cmp);
    weights.dedup();
    Ok(weights)
}

fn is_restrained(job: &Job) -> bool {
    !job.restraints.is_empty() || job.refine.iter().any(|(_, vary)| vary.sigma.is_some())
}

/// What a machine reads of one weight.
fn numbers(entry: &Scanned) -> Value {
    let Outcome { rw, chi2, converged, bonds, .. } = &entry.outcome;
    let bonds = bonds.iter().map(bond_numbers).collect::<Vec<_>>();
    json!({ "weight": entry.weight, "rw": rw, "chi2": chi2, "converged": converged, "bonds": bonds })
}

fn head(outcome: &Outcome) -> String {
    let broken = outcome.bonds.iter().map(|bonds| format!(" {:>14}", format!("{} broken", bonds.pair)));
    let columns = ["weight", "Rw", "chi2 data", "restraints", "largest pull"].map(|name| format!("{name:>12}"));
    format!("{}{}", columns.join(" "), broken.collect::<String>())
}

fn line(entry: &Scanned) -> String {
    let Scanned { weight, outcome } = entry;
    let broken = outcome.bonds.iter().map(|bonds| format!(" {:>12.1} %", 100.0 * bonds.fraction));
    let end = if outcome.converged { "" } else { "  NOT converged" };
    format!(
        "{weight:>12} {:>12.5} {:>12.2} {:>12.2} {:>12.2}{}{end}",
        outcome.rw,
        outcome.chi2,
        entry.misfit(),
        entry.largest_pull(),
        broken.collect::<String>()
    )
}
