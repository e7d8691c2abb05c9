//! Many refinements: of a series, of a suite.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::shared::ResumableFolder;

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
    #[command(flatten)]
    pub output: ResumableFolder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    Forward,
    Backward,
    Independent,
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
