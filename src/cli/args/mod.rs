//! The command line as typed: strings, numbers and paths. What they mean is the plan's affair.

mod curve;
mod manual;
mod posterior;
mod reduce;
mod refine;
mod series;
mod shared;
mod structure;
mod trajectory;

use std::path::Path;

use clap::{Arg, ArgAction, Args as ClapArgs, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use curve::{Convert, Difference, FormArg};
pub use manual::{Completions, Man};
pub use posterior::{Ensemble, MethodArg, ShellArgs};
pub use reduce::{ComptonArg, CovarianceArg, Reduce, ReduceSettings, WindowArg};
pub use refine::{Calibrate, Demo, Init, Refine, Rerun, Scan, StandardArg};
pub use series::{Check, OrderArg, Series};
pub use shared::{EngineArg, OutputFile, OutputFolder, Replace, ResumableFolder, Work};
pub use structure::{CompatArg, Histogram, NormalisationArg, Simulate, WeightsArg};
pub use trajectory::{Bins, Clock, Fit, Msd, Rdf, Reading, Relay, Stays, Trajectories, TrajectoriesArgs};

/// Refine structures against atomic pair distribution functions G(r), and count the bonds.
#[derive(Debug, Parser)]
#[command(
    name = "corefine",
    version,
    after_help = "Exit codes: 0 done, converged, nothing moved; 1 ran, but did not converge, or something moved; 2 could not run."
)]
pub struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What every verb takes, before its name or after it.
#[derive(Debug, ClapArgs)]
pub struct Common {
    /// Threads of the CPU [default: one per core]
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<usize>,
    /// Print nothing but warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say on stderr, at the end, what took how long
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The switch that every verb has but `check`, whose `--json` names a file.
const JSON: &str = "json";

/// The command line as a whole, for parsing, completions and the manual.
pub fn command() -> Command {
    let json = Arg::new(JSON).long(JSON).action(ArgAction::SetTrue).help("Print one JSON document instead of lines");
    Args::command().mut_subcommands(|verb| match verb.get_name() {
        "check" | "completions" | "man" | "help" => verb,
        _ => verb.arg(json.clone()),
    })
}

/// What was typed, the name of the verb, and whether JSON is asked for on stdout.
pub fn parse() -> (Args, String, bool) {
    let matches = command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (verb, of_verb) = matches.subcommand().unwrap_or(("", &matches));
    let is_switched = of_verb.try_get_one::<bool>(JSON).is_ok_and(|set| set == Some(&true));
    let is_stdout = matches!(&args.verb, Verb::Check(check) if check.json.as_deref() == Some(Path::new(STDOUT)));
    (args, verb.to_owned(), is_switched || is_stdout)
}

/// A name of a file that means stdout.
pub const STDOUT: &str = "-";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Refine synthetic Co ZIF-62, pristine and cycled, and compare both with the truth
    Demo(Demo),
    /// Compute G(r) of a structure (CIF, PDFfit .stru, xyz or RON model)
    Simulate(Simulate),
    /// Write a commented job file, filled from a structure and the header of a data file
    Init(Init),
    /// Refine a structure against a measured G(r), as a job file says
    Refine(Refine),
    /// Refine with restraints of several weights, and set the results beside each other
    Scan(Scan),
    /// Refine one structure against many curves, each from the result of its neighbour
    Series(Series),
    /// Find the distribution of bond lengths, and the broken fraction, straight from a measured G(r)
    Shell(ShellArgs),
    /// Make many structures that a measured G(r) leaves possible, and say what they share
    Ensemble(Ensemble),
    /// By how much two measured curves differ, or the broken fractions of two ensembles
    Difference(Difference),
    /// Count the bonds of a structure between two elements
    Histogram(Histogram),
    /// g(r) and n(r) of a trajectory, with the first peak and its uncertainty
    Rdf(Rdf),
    /// Mean square displacement and diffusivity of an element in trajectories; of several temperatures the activation energy
    Msd(Msd),
    /// Follow atoms of one element from anchor to anchor: residence, jumps, density
    Relay(Relay),
    /// g(r), diffusivity, jumps and density of one trajectory or several beside each other: crystal and glass
    Trajectories(TrajectoriesArgs),
    /// Reduce measured intensities to S(Q), F(Q) and G(r)
    Reduce(Box<Reduce>),
    /// Find qdamp and qbroad of an instrument from a standard powder, for other jobs to take
    Calibrate(Calibrate),
    /// Write a curve in another form: G, g, D, T, G_K, RDF, S, i or F
    Convert(Convert),
    /// Run a suite of cases, and say what moved from what it expects
    Check(Check),
    /// Do a refinement again from its results, and say whether it gives the same
    Rerun(Rerun),
    /// Write completions for a shell to stdout
    Completions(Completions),
    /// Write the manual: a page to stdout, or one for each verb into a folder
    Man(Man),
    /// List the adapters that wgpu sees, and which one `--engine auto` would try
    Devices,
}
