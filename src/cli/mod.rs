//! The command: arguments, a plan with everything checked and every file read, the run, an exit code.

mod args;
mod calibrate;
mod convert;
mod demo;
mod difference;
mod engine;
mod ensemble;
mod files;
mod histogram;
mod init;
mod messages;
mod msd;
mod noise;
mod output;
mod plan;
mod progress;
mod rdf;
mod reduce;
mod refine;
mod relay;
mod scan;
mod shell;
mod simulate;
mod trajectory;

use std::process::ExitCode;

use clap::Parser as _;

/// How a run ended that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Done, and a fit converged.
    Well,
    /// A fit did not converge; its results are written.
    NotConverged,
}

/// Runs the command: 0 converged, 1 ran but did not converge, 2 could not run.
pub fn main() -> ExitCode {
    let args = args::Args::parse();
    match plan::Plan::of(args.verb).and_then(plan::Plan::run) {
        Ok(End::Well) => ExitCode::SUCCESS,
        Ok(End::NotConverged) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}
