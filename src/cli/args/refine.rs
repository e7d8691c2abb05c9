//! Refinements of one curve.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::shared::{EngineArg, OutputFile, OutputFolder, RadiationArg, Replace, Work};

#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// Folder for inputs and results; it is made if need be
    #[arg(long, value_name = "DIR", default_value = "corefine-demo")]
    pub out: PathBuf,
    #[command(flatten)]
    pub replace: Replace,
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
