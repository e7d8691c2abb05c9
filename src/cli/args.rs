//! The command line as typed: strings, numbers and paths. What they mean is the plan's affair.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Refine structures against atomic pair distribution functions G(r), and count the bonds.
#[derive(Debug, Parser)]
#[command(
    name = "corefine",
    version,
    after_help = "Exit codes: 0 converged, 1 ran but did not converge, 2 could not run."
)]
pub struct Args {
    #[command(subcommand)]
    pub verb: Verb,
}

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
    /// Find the distribution of bond lengths, and the broken fraction, straight from a measured G(r)
    Shell(ShellArgs),
    /// Make many structures that a measured G(r) leaves possible, and say what they share
    Ensemble(Ensemble),
    /// By how much the broken fractions of two ensembles differ
    Difference(Difference),
    /// Count the bonds of a structure between two elements
    Histogram(Histogram),
    /// List the adapters that wgpu sees, and which one `--engine auto` would try
    Devices,
}

#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// Folder for inputs and results; it is made if need be
    #[arg(long, value_name = "DIR", default_value = "corefine-demo")]
    pub out: PathBuf,
    /// Replace older results
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, ClapArgs)]
pub struct Simulate {
    /// CIF, .stru, xyz or RON model
    pub structure: PathBuf,
    #[command(flatten)]
    pub output: OutputFile,
    /// What is scattered
    #[arg(long, value_enum, default_value = "xray")]
    pub radiation: RadiationArg,
    /// Faber-Ziman weights in Q space, or one number per pair
    #[arg(long, value_enum, default_value = "exact")]
    pub weights: WeightsArg,
    /// What S(Q) is normalised by: <f>² or <f²>
    #[arg(long, value_enum, default_value = "mean-squared")]
    pub normalisation: NormalisationArg,
    /// Compute the sum as another program does
    #[arg(long, value_enum)]
    pub compat: Option<CompatArg>,
    /// First distance, Å
    #[arg(long, value_name = "Å", default_value_t = 0.0, allow_negative_numbers = true)]
    pub rmin: f64,
    /// Last distance, Å
    #[arg(long, value_name = "Å", default_value_t = 30.0, allow_negative_numbers = true)]
    pub rmax: f64,
    /// Step of the grid, Å
    #[arg(long, value_name = "Å", default_value_t = 0.01, allow_negative_numbers = true)]
    pub rstep: f64,
    /// Lower end of the transform, 1/Å
    #[arg(long, value_name = "1/Å", default_value_t = 0.0, allow_negative_numbers = true)]
    pub qmin: f64,
    /// Upper end of the transform, 1/Å [default: not truncated]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmax: Option<f64>,
    /// Damping by the instrument's resolution, 1/Å
    #[arg(long, value_name = "1/Å", default_value_t = 0.0, allow_negative_numbers = true)]
    pub qdamp: f64,
    /// Broadening by the instrument's resolution, 1/Å
    #[arg(long, value_name = "1/Å", default_value_t = 0.0, allow_negative_numbers = true)]
    pub qbroad: f64,
    /// Add noise of this standard deviation, 1/Å², as a limited Q range correlates it
    #[arg(long, value_name = "1/Å²", allow_negative_numbers = true)]
    pub noise: Option<f64>,
    /// Seed of the noise
    #[arg(long, default_value_t = 1, requires = "noise")]
    pub seed: u64,
    /// Write a column for each pair of elements too
    #[arg(long)]
    pub partials: bool,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, ClapArgs)]
pub struct Init {
    /// CIF, .stru, xyz or RON model
    pub structure: PathBuf,
    /// The measured curve
    pub data: PathBuf,
    #[command(flatten)]
    pub output: OutputFile,
}

#[derive(Debug, ClapArgs)]
pub struct Refine {
    /// The job file
    pub job: PathBuf,
    #[command(flatten)]
    pub output: OutputFolder,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, ClapArgs)]
pub struct Scan {
    /// The job file
    pub job: PathBuf,
    /// Weights that take the place of the job's `restraint_weight`, one refinement each
    #[arg(long, value_name = "W,W,...", value_delimiter = ',', required = true, allow_negative_numbers = true)]
    pub restraint_weight: Vec<f64>,
    #[command(flatten)]
    pub output: OutputFolder,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, ClapArgs)]
pub struct ShellArgs {
    /// The job file; positions and rigid bodies stay where it starts them
    pub job: PathBuf,
    #[command(flatten)]
    pub output: OutputFolder,
    /// Distributions to draw from what the data leave possible
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub draws: usize,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Leave the coordination number free, known beforehand to this share of itself
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub area: Option<f64>,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, ClapArgs)]
pub struct Ensemble {
    /// The job file
    pub job: PathBuf,
    /// How many structures
    #[arg(short = 'n', long, value_name = "N", default_value_t = 400)]
    pub members: usize,
    /// Seed of all random numbers: the same seed gives the same members
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How they are made; `noise` and `starts` show what plain refinements do, and their spread is no uncertainty
    #[arg(long, value_enum, default_value = "hamiltonian")]
    pub method: MethodArg,
    /// How far `starts` displaces positions, Å
    #[arg(long, value_name = "Å", default_value_t = 0.2, allow_negative_numbers = true)]
    pub radius: f64,
    /// Independent chains of `hamiltonian`
    #[arg(long, value_name = "C", default_value_t = 4)]
    pub chains: usize,
    /// Folder for the results; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Go on from the members that `--out` holds already
    #[arg(long)]
    pub resume: bool,
    /// Replace older results
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

#[derive(Debug, ClapArgs)]
pub struct Difference {
    /// Folder of the earlier ensemble
    pub earlier: PathBuf,
    /// Folder of the later one, from which the earlier is subtracted
    pub later: PathBuf,
    /// Write a page with both histograms
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Replace an older file
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Histogram {
    /// CIF, .stru, xyz or RON model
    pub structure: PathBuf,
    /// The two elements, the centre first
    #[arg(long, value_name = "Co-N")]
    pub pair: String,
    /// A longer bond is broken, Å
    #[arg(long, value_name = "Å", default_value_t = 2.25, allow_negative_numbers = true)]
    pub cutoff: f64,
    /// Neighbours of each centre
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub neighbours: usize,
    /// Width of a bin, Å
    #[arg(long, value_name = "Å", default_value_t = 0.1, allow_negative_numbers = true)]
    pub bin: f64,
    /// Write the histogram to this file
    #[arg(short = 'o', value_name = "FILE.csv")]
    pub output: Option<PathBuf>,
    /// Replace an older file
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, ClapArgs)]
pub struct OutputFolder {
    /// Folder for the results; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace older results
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, ClapArgs)]
pub struct OutputFile {
    /// The file to write
    #[arg(short = 'o', value_name = "FILE")]
    pub output: PathBuf,
    /// Replace an older file
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Work {
    /// What does the sums; `auto` measures whether a GPU is faster, `check` runs both and compares
    #[arg(long, value_enum, default_value = "auto")]
    pub engine: EngineArg,
    /// Threads of the CPU [default: one per core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// Markov chains over what data, restraints and what was known before leave possible
    Hamiltonian,
    /// Best fits of data and guesses that are perturbed together
    Randomised,
    /// Plain fits of data with other noise
    Noise,
    /// Plain fits from other starts
    Starts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RadiationArg {
    Xray,
    Neutron,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WeightsArg {
    Exact,
    F0,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NormalisationArg {
    MeanSquared,
    SquareMean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompatArg {
    Pdffit2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    Cpu,
    Gpu,
    Check,
    Auto,
}
