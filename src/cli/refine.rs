//! `corefine refine`: a job in, a folder of results out.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use corefine::fit::refined_structure;
use corefine::job::Scopes;
use corefine::outcome::{BondResult, Outcome};
use corefine::read::job::{job, to_ron};
use corefine::{report, write};
use serde_json::{Value, json};

use super::End;
use super::args::Refine;
use super::case::Case;
use super::engine::Worker;
use super::files::{relative, see_from};
use super::messages::{Failure, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;

/// What a folder of results holds.
pub const RESULTS: [&str; 6] = ["result.json", "fit.fgr", "refined.cif", "refined.ron", "histogram.csv", "report.html"];

pub struct Plan {
    case: Case,
    folder: Folder,
    worker: Worker,
}

impl Plan {
    pub fn of(args: &Refine) -> Result<Self, Failure> {
        let folder = Folder::of(&args.output, &RESULTS)?;
        Ok(Self { case: Case::read(&args.job)?, folder, worker: Worker::open(&args.work)? })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { case, folder, mut worker } = self;
        let outcome = case.refine(&folder, &mut worker, &interrupted_by_user())?;
        say(&outcome, folder.path());
        Ok(if outcome.converged { End::Well } else { End::NotConverged })
    }
}

impl Case {
    /// Refines until done or told to stop, and writes the results.
    pub fn refine(self, folder: &Folder, worker: &mut Worker, stop: &AtomicBool) -> Result<Outcome, Failure> {
        let data = self.data.clone();
        let mut outcome = self.fit(worker, stop)?;
        warn_of(&outcome.warnings);
        see_from(folder.path(), &mut outcome.inputs);
        folder.write(&results(&outcome, &data, folder.path())?)?;
        Ok(outcome)
    }
}

/// The files of a result, by name, as text.
pub type Files = Vec<(String, String)>;

/// Every file of the results; `data` are the files of the data sets.
pub fn results(outcome: &Outcome, data: &[PathBuf], folder: &Path) -> Result<Files, Failure> {
    let _room = tracing::info_span!("report").entered();
    let mut all = essentials(outcome, data, folder)?;
    let rest = [(RESULTS[4], report::histogram_csv(&outcome.bonds)), (RESULTS[5], report::html(outcome))];
    all.extend(rest.map(|(name, text)| (name.to_owned(), text)));
    Ok(all)
}

/// All but the page and the histogram, whose numbers are in `result.json` too.
pub fn essentials(outcome: &Outcome, data: &[PathBuf], folder: &Path) -> Result<Files, Failure> {
    let _room = tracing::info_span!("report").entered();
    let mut all = vec![(RESULTS[0].to_owned(), report::json(outcome))];
    for curve in &outcome.data {
        let name = |end: &str| {
            if outcome.data.len() == 1 { format!("fit.{end}") } else { format!("fit-{}.{end}", curve.name) }
        };
        all.push((name("fgr"), report::fgr(curve, &[])));
        all.extend(report::fq(curve).map(|text| (name("fq"), text)));
    }
    for phase in &outcome.phases {
        let name = refined_structure(outcome.phases.len(), &phase.name, phase.model.cluster);
        if phase.model.cluster {
            all.push((Path::new(&name).with_extension("xyz").display().to_string(), write::xyz(&phase.model)));
            all.push((name, write::ron(&phase.model)));
        } else {
            all.push((name, write::cif(&phase.model)));
        }
    }
    all.push((RESULTS[3].to_owned(), from_here(outcome, data, folder)?));
    Ok(all)
}

/// The job that goes on from the refined structures, with paths as they are seen from the folder of results.
fn from_here(outcome: &Outcome, data: &[PathBuf], folder: &Path) -> Result<String, Failure> {
    let mut next = job(&outcome.refined_job, "refined.ron").map_err(Failure::of)?;
    let scopes = Scopes::of(&next);
    let seen = |path: &Path| relative(path, folder).display().to_string();
    for (dataset, ((_, own), path)) in next.datasets.iter_mut().zip(data).enumerate() {
        own.file = seen(path);
        let role = scopes.in_dataset("background", dataset);
        if let Some(name) = own.reduce.as_mut().and_then(|reduction| reduction.backgroundfile.as_mut()) {
            let read = outcome.inputs.iter().find(|file| file.role == role).map(|file| Path::new(&file.path));
            *name = read.map_or_else(|| name.clone(), seen);
        }
    }
    let remarks = outcome.refined_job.lines().take_while(|line| line.starts_with("//"));
    Ok(remarks.flat_map(|line| [line, "\n"]).collect::<String>() + &to_ron(&next))
}

/// What a machine reads of a refinement; `result.json` has the rest.
fn numbers(outcome: &Outcome, folder: &Path) -> Value {
    json!({ "title": outcome.title, "rw": outcome.rw, "chi2": outcome.chi2, "converged": outcome.converged, "stop": outcome.stop,
        "iterations": outcome.iterations, "seconds": outcome.seconds, "engine": outcome.engine,
        "parameters": outcome.parameters, "bonds": outcome.bonds.iter().map(bond_numbers).collect::<Vec<_>>(),
        "warnings": outcome.warnings, "results": folder })
}

/// What a machine reads of a kind of bonds.
pub fn bond_numbers(b: &BondResult) -> Value {
    json!({ "pair": b.pair, "cutoff": b.cutoff, "n": b.n, "broken": b.broken, "fraction": b.fraction,
        "fraction_esd": b.fraction_esd, "mean": b.mean, "sd": b.sd, "min": b.min, "max": b.max })
}

pub fn say(outcome: &Outcome, folder: &Path) {
    summary(numbers(outcome, folder));
    let how = if outcome.converged { "converged" } else { "NOT converged" };
    tell!("Rw {:.5} after {} iterations, {how}: {}", outcome.rw, outcome.iterations, outcome.stop);
    for bonds in &outcome.bonds {
        let fraction = report::esd::format(100.0 * bonds.fraction, bonds.fraction_esd.map(|esd| 100.0 * esd));
        tell!("{}: {} bonds, mean {:.3} Å, {fraction} % beyond {} Å", bonds.pair, bonds.n, bonds.mean, bonds.cutoff);
    }
    if let Some(summary) = report::restraint_summary(&outcome.restraints) {
        tell!("restraints: {summary}");
    }
    tell!("results in {}", folder.display());
}
