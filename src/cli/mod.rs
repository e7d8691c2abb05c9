//! The command: arguments, a plan with everything checked and every file read, the run, an exit code.

mod args;
mod calibrate;
mod case;
mod check;
mod clock;
mod convert;
mod demo;
mod difference;
mod digest;
mod engine;
mod ensemble;
#[cfg(feature = "gpu")]
mod fault;
mod files;
mod held;
mod histogram;
mod init;
mod lock;
mod manual;
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
mod rerun;
mod resume;
mod scan;
mod series;
mod shell;
mod simulate;
mod timings;
mod trajectories;
mod trajectory;
mod typed;

use std::process::ExitCode;

use messages::Voice;

/// How a run ended that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Done, and a fit converged.
    Well,
    /// A fit did not converge, and its results are written; or what is checked has moved.
    NotConverged,
}

/// Runs the command: 0 converged, 1 ran but did not converge or has moved, 2 could not run.
pub fn main() -> ExitCode {
    let (args, verb, json) = args::parse();
    messages::speak(match (json, args.common.quiet) {
        (true, _) => Voice::Json,
        (_, true) => Voice::Quiet,
        _ => Voice::Plain,
    });
    if args.common.verbose {
        timings::begin();
    }
    let ran =
        engine::use_threads(args.common.threads).and_then(|()| plan::Plan::of(args.verb)).and_then(plan::Plan::run);
    let code = match &ran {
        Ok(End::Well) => 0,
        Ok(End::NotConverged) => 1,
        Err(failure) => {
            eprintln!("{failure}");
            2
        }
    };
    timings::finish();
    messages::finish(&verb, code, ran.err().as_ref());
    ExitCode::from(code)
}
