//! What is computed of a structure, or of the frames of a trajectory.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::shared::{OutputFile, RadiationArg, Replace, Work};
use super::trajectory::Reading;

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
    #[command(flatten)]
    pub replace: Replace,
}
