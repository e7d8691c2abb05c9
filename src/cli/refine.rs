//! `corefine refine`: a job in, a folder of results out.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use corefine::outcome::Outcome;
use corefine::read::job::{job, to_ron};
use corefine::{report, write};

use super::End;
use super::args::Refine;
use super::case::Case;
use super::engine::{Worker, set_threads};
use super::files::relative;
use super::messages::{Failure, warn_of};
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
        set_threads(&args.work)?;
        let folder = Folder::check(&args.output.out, &RESULTS, args.output.force)?;
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
        let outcome = self.fit(worker, stop)?;
        warn_of(&outcome.warnings);
        folder.write(&results(&outcome, &data, folder.path())?)?;
        Ok(outcome)
    }
}

/// Every file of the results, as text.
pub fn results(outcome: &Outcome, data: &Path, folder: &Path) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut all = numbers(outcome, data, folder)?;
    all.extend([(RESULTS[4], report::histogram_csv(&outcome.bonds)), (RESULTS[5], report::html(outcome))]);
    Ok(all)
}

/// All but the page and the histogram, whose numbers are in `result.json` too.
pub fn numbers(outcome: &Outcome, data: &Path, folder: &Path) -> Result<Vec<(&'static str, String)>, Failure> {
    let curve = outcome.data.first().ok_or_else(|| Failure::new("the fit returned no curve"))?;
    let texts = [
        report::json(outcome),
        report::fgr(curve, &[]),
        write::cif(&outcome.refined),
        from_here(outcome, data, folder)?,
    ];
    let in_q = report::fq(curve).map(|text| ("fit.fq", text));
    Ok(RESULTS.into_iter().zip(texts).chain(in_q).collect())
}

/// The job that goes on from the refined structure, with paths as they are seen from the folder of results.
fn from_here(outcome: &Outcome, data: &Path, folder: &Path) -> Result<String, Failure> {
    let mut next = job(&outcome.refined_job, "refined.ron").map_err(Failure::of)?;
    "refined.cif".clone_into(&mut next.structure);
    next.data.file = relative(data, folder).display().to_string();
    let remarks = outcome.refined_job.lines().take_while(|line| line.starts_with("//"));
    Ok(remarks.flat_map(|line| [line, "\n"]).collect::<String>() + &to_ron(&next))
}

pub fn say(outcome: &Outcome, folder: &Path) {
    let how = if outcome.converged { "converged" } else { "NOT converged" };
    println!("Rw {:.5} after {} iterations, {how}: {}", outcome.rw, outcome.iterations, outcome.stop);
    for bonds in &outcome.bonds {
        let fraction = report::esd::format(100.0 * bonds.fraction, bonds.fraction_esd.map(|esd| 100.0 * esd));
        println!("{}: {} bonds, mean {:.3} Å, {fraction} % beyond {} Å", bonds.pair, bonds.n, bonds.mean, bonds.cutoff);
    }
    if let Some(summary) = report::restraint_summary(&outcome.restraints) {
        println!("restraints: {summary}");
    }
    println!("results in {}", folder.display());
}
