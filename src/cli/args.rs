//! The command line as typed: strings, numbers and paths. What they mean is the plan's affair.

use std::path::{Path, PathBuf};

use clap::{
    Arg, ArgAction, Args as ClapArgs, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use clap_complete::Shell;
use corefine::observed::Radiation;

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
    /// CIF, .stru, xyz or RON model; or a trajectory, whose frames are averaged
    pub structure: PathBuf,
    /// Give every atom this isotropic U, Å² [default: the structure's; 0.0001 for the frames of a trajectory]
    #[arg(long, value_name = "Å²", allow_negative_numbers = true)]
    pub uiso: Option<f64>,
    /// A measured curve in r or in Q to lie over: says Rw, with a scale that is fitted
    #[arg(long, value_name = "DATA")]
    pub against: Option<PathBuf>,
    /// Compare only from FROM to TO, Å or 1/Å [default: all that both have]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', requires = "against", allow_negative_numbers = true)]
    pub range: Option<Vec<f64>>,
    /// Write a page with both curves
    #[arg(long, value_name = "FILE.html", requires = "against")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub reading: Reading,
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
pub struct Series {
    /// The job file; its own data file is not read
    pub job: PathBuf,
    /// The curves: files, patterns such as 'run*.gr', or a manifest, a .csv whose first line begins with `file`; with --watch
    /// patterns or a folder
    #[arg(required = true, value_name = "FRAMES")]
    pub frames: Vec<String>,
    /// The column of the manifest that results are drawn against [default: the first after `file`]
    #[arg(long, value_name = "COLUMN")]
    pub axis: Option<String>,
    /// Which frame a frame begins from: the one before it, the one after it, or none
    #[arg(long, value_enum, default_value = "forward")]
    pub order: OrderArg,
    /// Cut the series into so many parts that are refined side by side, each from where the first frame ended
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub parts: usize,
    /// Go on refining frames as they appear, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Look for new frames every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, requires = "watch", allow_negative_numbers = true)]
    pub poll: f64,
    /// Folder for the results; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Go on from the frames that `--out` holds already
    #[arg(long)]
    pub resume: bool,
    /// Replace older results
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
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
}

#[derive(Debug, ClapArgs)]
pub struct Difference {
    /// The curves of the cycled and the pristine sample, or the folders of ensembles: the last is subtracted from the others
    #[arg(num_args = 2.., required = true, value_names = ["CYCLED", "PRISTINE"])]
    pub of: Vec<PathBuf>,
    /// Write a page: both curves with their difference, or both histograms
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Curves: write the difference and its uncertainty as columns
    #[arg(short = 'o', value_name = "FILE.gr")]
    pub output: Option<PathBuf>,
    /// Curves: where they are scaled to each other, Å [default: 1.2,1.5, the C-C and C-N bonds of the rings]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', allow_negative_numbers = true)]
    pub window: Option<Vec<f64>>,
    /// Curves: take them as they are
    #[arg(long, conflicts_with = "window")]
    pub no_scale: bool,
    /// Curves: what is compared, Å [default: all that both have]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', allow_negative_numbers = true)]
    pub range: Option<Vec<f64>>,
    /// Curves: stretch the second one's r by 1 + STRETCH; without a number it is refined
    #[arg(long, value_name = "STRETCH", num_args = 0..=1, require_equals = true, default_missing_value = "refine", allow_negative_numbers = true)]
    pub stretch: Option<String>,
    /// Curves: broaden the second one's peaks by a Gaussian of standard deviation SMEAR, Å; without a number it is refined
    #[arg(long, value_name = "SMEAR", num_args = 0..=1, require_equals = true, default_missing_value = "refine", allow_negative_numbers = true)]
    pub smear: Option<String>,
    /// Curves: what lies under the first one (carbon black, binder, cell), with the factor it is subtracted with; may be repeated
    #[arg(long, value_name = "FILE=FACTOR")]
    pub background: Vec<String>,
    /// Curves: the same of the second one
    #[arg(long, value_name = "FILE=FACTOR")]
    pub pristine_background: Vec<String>,
    /// Replace older files
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Histogram {
    /// CIF, .stru, xyz or RON model; or a trajectory, whose bonds are followed from its first frame on
    pub structure: PathBuf,
    #[command(flatten)]
    pub reading: Reading,
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
pub struct Rdf {
    /// Trajectories (XDATCAR, extended xyz, LAMMPS dump, DCD; plain or gzipped); several are set beside each other
    #[arg(required = true, value_name = "TRAJ")]
    pub trajectories: Vec<PathBuf>,
    /// Two elements, the centre first; may be repeated, or several with commas
    #[arg(long, value_name = "Li-N", value_delimiter = ',', required = true)]
    pub pair: Vec<String>,
    /// Last distance, Å
    #[arg(long, value_name = "Å", default_value_t = 10.0, allow_negative_numbers = true)]
    pub rmax: f64,
    /// Width of a bin, Å
    #[arg(long, value_name = "Å", default_value_t = 0.02, allow_negative_numbers = true)]
    pub bin: f64,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub output: OutputFolder,
}

#[derive(Debug, ClapArgs)]
pub struct Msd {
    /// Trajectories (XDATCAR, extended xyz, LAMMPS dump, DCD; plain or gzipped); several are set beside each other
    #[arg(required = true, value_name = "TRAJ")]
    pub trajectories: Vec<PathBuf>,
    /// The element that moves; all others are its host, whose drift is taken off
    #[arg(long, value_name = "Li")]
    pub element: String,
    #[command(flatten)]
    pub clock: Clock,
    /// Where the straight line is fitted, ps [default: from a tenth to half of the trajectory]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', allow_negative_numbers = true)]
    pub fit: Option<Vec<f64>>,
    /// The temperature of each trajectory, K, for the activation energy
    #[arg(long, value_name = "K,K", value_delimiter = ',', allow_negative_numbers = true)]
    pub temperature: Vec<f64>,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub output: OutputFolder,
}

#[derive(Debug, ClapArgs)]
pub struct Relay {
    /// A trajectory (XDATCAR, extended xyz, LAMMPS dump, DCD; plain or gzipped)
    #[arg(value_name = "TRAJ")]
    pub trajectory: PathBuf,
    /// The element that moves
    #[arg(long, value_name = "Li")]
    pub element: String,
    /// The element that it goes along
    #[arg(long, value_name = "N")]
    pub anchor: String,
    /// An atom leaves its anchor when another one is nearer by this, Å
    #[arg(long, value_name = "Å", default_value_t = 0.5, allow_negative_numbers = true)]
    pub margin: f64,
    /// Spacing of the density's grid, Å
    #[arg(long, value_name = "Å", default_value_t = 0.3, allow_negative_numbers = true)]
    pub grid: f64,
    #[command(flatten)]
    pub clock: Clock,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub output: OutputFolder,
}

/// The time between frames.
#[derive(Debug, ClapArgs)]
pub struct Clock {
    /// Time step of the simulation: 1fs, 0.002ps
    #[arg(long, value_name = "TIME")]
    pub timestep: Option<String>,
    /// Steps of the simulation between two frames of the file, where the file does not count them [default: 1]
    #[arg(long, value_name = "N")]
    pub every: Option<usize>,
}

/// How trajectories are read.
#[derive(Debug, ClapArgs)]
pub struct Reading {
    /// Frames to pass over at the start
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Of the rest take one in N
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub stride: usize,
    /// Take at most so many frames
    #[arg(long, value_name = "N")]
    pub frames: Option<usize>,
    /// What the types 1, 2 ... of a LAMMPS dump are
    #[arg(long, value_name = "Li,P,S", value_delimiter = ',')]
    pub types: Vec<String>,
    /// For a DCD: a file with the atoms in order, a LAMMPS data file or any structure
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub struct Calibrate {
    /// G(r) of the standard, to a long r
    pub data: PathBuf,
    /// The powder
    #[arg(long, value_enum, value_name = "POWDER")]
    pub standard: StandardArg,
    /// Refine the cell's edge too
    #[arg(long)]
    pub cell: bool,
    /// First distance, Å [default: 0.6 of the shortest distance between atoms]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmin: Option<f64>,
    /// Last distance, Å [default: the end of the data, 50 at most]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmax: Option<f64>,
    /// Lower end of the transform, 1/Å [default: the header's]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmin: Option<f64>,
    /// Upper end of the transform, 1/Å [default: the header's]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmax: Option<f64>,
    /// What was scattered [default: the header's]
    #[arg(long, value_enum)]
    pub radiation: Option<RadiationArg>,
    #[command(flatten)]
    pub output: OutputFolder,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, ClapArgs)]
pub struct Convert {
    /// The curve; its form is the one that its header, its name or its labels tell
    pub input: PathBuf,
    /// The file to write; its header names the form
    pub output: PathBuf,
    /// The form to write
    #[arg(long, value_enum, value_name = "FORM")]
    pub to: FormArg,
    /// The form that the file is in, where its header and name do not tell
    #[arg(long, value_enum, value_name = "FORM")]
    pub from: Option<FormArg>,
    /// Number density ρ0, atoms per Å³ [default: the header's]
    #[arg(long, value_name = "1/Å³", allow_negative_numbers = true)]
    pub number_density: Option<f64>,
    /// Square of the mean scattering length <b>² [default: the header's; of neutrons by its composition, in barn; of X-rays 1]
    #[arg(long, value_name = "B2", allow_negative_numbers = true)]
    pub b_squared: Option<f64>,
    /// Lower end of the window in Q, 1/Å [default: 0]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmin: Option<f64>,
    /// Upper end of it, 1/Å [default: from r the header's, else π/rstep; from Q all of the curve]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmax: Option<f64>,
    /// From Q to r: a Lorch window, sin(x)/x with x = πQ/qmax
    #[arg(long, conflicts_with = "soper_lorch")]
    pub lorch: bool,
    /// From Q to r: a Soper-Lorch window of this width, Å
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub soper_lorch: Option<f64>,
    /// From Q to r: last distance, Å [default: π/ΔQ]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmax: Option<f64>,
    /// From Q to r: step, Å [default: about 0.01, such that the way back is exact]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rstep: Option<f64>,
    /// Replace an older file
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("place").required(true).args(["output", "out"])))]
pub struct Reduce {
    /// Patterns of the sample (.chi, .xy, .xye, .dat, .csv): files, or patterns such as 'run*.chi'
    #[arg(required = true, value_name = "SAMPLE")]
    pub samples: Vec<String>,
    /// Pattern of what is not the sample: the empty container
    #[arg(long, value_name = "EMPTY.chi")]
    pub background: Option<PathBuf>,
    /// Settings in RON, or a file of PDFgetX3 with its header; what stands on the command line goes before it
    #[arg(long, value_name = "FILE")]
    pub job: Option<PathBuf>,
    /// Write FILE.iq, FILE.sq, FILE.fq and FILE.gr (one sample)
    #[arg(short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write these four for each sample, by its name, into a folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace older files
    #[arg(long)]
    pub force: bool,
    /// Write a page with all curves too, FILE.html
    #[arg(long, conflicts_with = "scan")]
    pub report: bool,
    /// Write one page, FILE.scan.html, with reductions for several values of qmax, rpoly or bgscale, and figures of merit
    #[arg(long, value_name = "KEY[=V,V,...]")]
    pub scan: Option<String>,
    #[command(flatten)]
    pub settings: ReduceSettings,
}

/// What may stand in a job too.
#[derive(Debug, ClapArgs)]
pub struct ReduceSettings {
    /// Chemical formula, such as "Co C6.5 H5 N4"
    #[arg(long, value_name = "FORMULA")]
    pub composition: Option<String>,
    /// What the first column is: twotheta (degrees), QA (1/Å) or Qnm (1/nm) [default: what the file says]
    #[arg(long, value_name = "WORD")]
    pub dataformat: Option<String>,
    /// Wavelength, Å [default: what the file says]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub wavelength: Option<f64>,
    /// Zero of the scattering angle, degrees [default: 0]
    #[arg(long, value_name = "DEG", allow_negative_numbers = true)]
    pub twothetazero: Option<f64>,
    /// Factor on the background [default: 1]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub bgscale: Option<f64>,
    /// Fit that factor together with the scale
    #[arg(long, conflicts_with = "bgscale")]
    pub fit_bgscale: bool,
    /// The polynomial may change G(r) below this, Å [default: 0.9]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rpoly: Option<f64>,
    /// Upper end of usable data, 1/Å [default: the last point that is not zero]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmaxinst: Option<f64>,
    /// Lower end of usable data, 1/Å [default: 0]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmin: Option<f64>,
    /// Upper end of the transform, 1/Å [default: qmaxinst]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmax: Option<f64>,
    /// First distance, Å [default: 0]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmin: Option<f64>,
    /// Last distance, Å [default: 30]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmax: Option<f64>,
    /// Step of the grid, Å [default: 0.01]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rstep: Option<f64>,
    /// Correct for polarisation, (1 + K cos² 2θ) / (1 + K): K is 1 for a full ring or an unpolarised beam
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub polarisation: Option<f64>,
    /// Correct for the absorption of a plate across the beam: μ times its thickness
    #[arg(long, value_name = "μt", conflicts_with = "capillary", allow_negative_numbers = true)]
    pub flat_plate: Option<f64>,
    /// Correct for the absorption of a capillary: μ times its inner radius
    #[arg(long, value_name = "μR", allow_negative_numbers = true)]
    pub capillary: Option<f64>,
    /// Subtract Compton scattering, as a detector sees it that counts quanta or adds up their energy [default: none]
    #[arg(long, value_enum)]
    pub compton: Option<ComptonArg>,
    /// Factor on F(Q) against ripples [default: none]
    #[arg(long, value_enum)]
    pub window: Option<WindowArg>,
    /// The window of Soper and Barney, of this width
    #[arg(long, value_name = "Å", conflicts_with = "window", allow_negative_numbers = true)]
    pub soper_lorch: Option<f64>,
}

#[derive(Debug, ClapArgs)]
pub struct Check {
    /// The suite: cases with the values that are expected of them (docs/regression.md)
    pub suite: PathBuf,
    /// Folder of the data that do not lie beside the suite [default: what the suite's `data_from` names]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Run the cases whose name holds this only; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,
    /// Print every value, not just those that moved
    #[arg(long)]
    pub all: bool,
    /// Without an adapter, cases on a GPU could not run; else they are left out
    #[arg(long)]
    pub require_gpu: bool,
    /// Write what moved into the suite, comments and layout kept
    #[arg(long)]
    pub update: bool,
    /// Write the results as JUnit XML; an older file is replaced
    #[arg(long, value_name = "OUT.xml")]
    pub junit: Option<PathBuf>,
    /// Write the results as JSON; an older file is replaced; - is stdout, without the lines
    #[arg(long, value_name = "OUT.json")]
    pub json: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub struct Rerun {
    /// The result.json of a refinement, or its folder
    pub result: PathBuf,
    /// What does the sums [default: what did them then]
    #[arg(long, value_enum)]
    pub engine: Option<EngineArg>,
    /// How far values may be off, in standard uncertainties
    #[arg(long, value_name = "ESDS", default_value_t = 0.01, allow_negative_numbers = true)]
    pub esds: f64,
}

#[derive(Debug, ClapArgs)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub struct Man {
    /// Folder for corefine.1 and one page for each verb; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace older pages
    #[arg(long, requires = "out")]
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    Forward,
    Backward,
    Independent,
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
pub enum StandardArg {
    #[value(name = "CeO2")]
    CeO2,
    #[value(name = "Ni")]
    Ni,
    #[value(name = "Si")]
    Si,
    #[value(name = "LaB6")]
    LaB6,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormArg {
    /// G(r) = 4π r ρ0 [g(r) - 1]
    #[value(name = "G")]
    G,
    /// g(r), the pair distribution function
    #[value(name = "g")]
    SmallG,
    /// D(r) = <b>² G(r)
    #[value(name = "D")]
    D,
    /// T(r) = D(r) + 4π r ρ0 <b>²
    #[value(name = "T")]
    T,
    /// G(r) of Keen 2001: <b>² [g(r) - 1]
    #[value(name = "G_K")]
    Keen,
    /// r G(r) + 4π r² ρ0
    #[value(name = "RDF")]
    Rdf,
    /// S(Q)
    #[value(name = "S")]
    S,
    /// i(Q) = S(Q) - 1
    #[value(name = "i")]
    I,
    /// F(Q) = Q [S(Q) - 1]
    #[value(name = "F")]
    F,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RadiationArg {
    Xray,
    Neutron,
}

impl From<RadiationArg> for Radiation {
    fn from(arg: RadiationArg) -> Self {
        match arg {
            RadiationArg::Xray => Self::Xray,
            RadiationArg::Neutron => Self::Neutron,
        }
    }
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
pub enum ComptonArg {
    None,
    Counting,
    Integrating,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WindowArg {
    None,
    Lorch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    Cpu,
    Gpu,
    Check,
    Auto,
}
