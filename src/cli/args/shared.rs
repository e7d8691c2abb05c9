//! What several verbs take.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use corefine::observed::Radiation;

#[derive(Debug, ClapArgs)]
pub struct OutputFolder {
    /// Folder for the results; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub replace: Replace,
}

/// A folder that a run which was stopped goes on filling.
#[derive(Debug, ClapArgs)]
pub struct ResumableFolder {
    #[command(flatten)]
    pub folder: OutputFolder,
    /// Go on from what `--out` holds already
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
}

#[derive(Debug, ClapArgs)]
pub struct OutputFile {
    /// The file to write
    #[arg(short = 'o', value_name = "FILE")]
    pub output: PathBuf,
    #[command(flatten)]
    pub replace: Replace,
}

/// Leave to write over what is there.
#[derive(Debug, ClapArgs)]
pub struct Replace {
    /// Replace older files
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
pub enum EngineArg {
    Cpu,
    Gpu,
    Check,
    Auto,
}

/// What counts pairs: whether a GPU is faster is not tried out there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CounterArg {
    Cpu,
    Gpu,
    Check,
}

impl From<CounterArg> for EngineArg {
    fn from(arg: CounterArg) -> Self {
        match arg {
            CounterArg::Cpu => Self::Cpu,
            CounterArg::Gpu => Self::Gpu,
            CounterArg::Check => Self::Check,
        }
    }
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
