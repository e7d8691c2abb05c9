//! Trajectories: how they are read, and what is found in them.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::shared::{CounterArg, OutputFolder};

#[derive(Debug, ClapArgs)]
pub struct Rdf {
    /// Two elements, the centre first; may be repeated, or several with commas
    #[arg(long, value_name = "Li-N", value_delimiter = ',', required = true)]
    pub pair: Vec<String>,
    #[command(flatten)]
    pub bins: Bins,
    /// What counts the pairs; `gpu` is for frames of many atoms, `check` runs both and compares
    #[arg(long, value_enum, default_value = "cpu")]
    pub engine: CounterArg,
    #[command(flatten)]
    pub input: Trajectories,
    #[command(flatten)]
    pub output: OutputFolder,
}

#[derive(Debug, ClapArgs)]
pub struct Msd {
    /// The element that moves; all others are its host, whose drift is taken off
    #[arg(long, value_name = "Li")]
    pub element: String,
    #[command(flatten)]
    pub clock: Clock,
    #[command(flatten)]
    pub fit: Fit,
    /// The temperature of each trajectory, K, for the activation energy
    #[arg(long, value_name = "K,K", value_delimiter = ',', allow_negative_numbers = true)]
    pub temperature: Vec<f64>,
    #[command(flatten)]
    pub input: Trajectories,
    #[command(flatten)]
    pub output: OutputFolder,
}

#[derive(Debug, ClapArgs)]
pub struct Relay {
    /// A trajectory (XDATCAR, extended xyz, LAMMPS dump, DCD; plain or gzipped)
    #[arg(value_name = "TRAJ")]
    pub trajectory: PathBuf,
    #[command(flatten)]
    pub stays: Stays,
    #[command(flatten)]
    pub clock: Clock,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub output: OutputFolder,
}

#[derive(Debug, ClapArgs)]
pub struct TrajectoriesArgs {
    #[command(flatten)]
    pub stays: Stays,
    /// Pairs of g(r): two elements, the centre first; may be repeated, or several with commas [default: the element and its anchor]
    #[arg(long, value_name = "Li-N", value_delimiter = ',')]
    pub pair: Vec<String>,
    #[command(flatten)]
    pub bins: Bins,
    #[command(flatten)]
    pub fit: Fit,
    #[command(flatten)]
    pub clock: Clock,
    #[command(flatten)]
    pub input: Trajectories,
    #[command(flatten)]
    pub output: OutputFolder,
}

/// Where pairs are counted.
#[derive(Debug, ClapArgs)]
pub struct Bins {
    /// Last distance, Å
    #[arg(long, value_name = "Å", default_value_t = 10.0, allow_negative_numbers = true)]
    pub rmax: f64,
    /// Width of a bin, Å
    #[arg(long, value_name = "Å", default_value_t = 0.02, allow_negative_numbers = true)]
    pub bin: f64,
}

/// Where D is fitted.
#[derive(Debug, ClapArgs)]
pub struct Fit {
    /// Where the straight line is fitted, ps [default: from a tenth to half of the trajectory]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', allow_negative_numbers = true)]
    pub fit: Option<Vec<f64>>,
}

/// Who stays with whom.
#[derive(Debug, ClapArgs)]
pub struct Stays {
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
}

/// Several trajectories, and how they are read.
#[derive(Debug, ClapArgs)]
pub struct Trajectories {
    /// Trajectories (XDATCAR, extended xyz, LAMMPS dump, DCD; plain or gzipped); several are set beside each other
    #[arg(required = true, value_name = "TRAJ")]
    pub files: Vec<PathBuf>,
    /// What results call the trajectories, one name for each [default: their files]
    #[arg(long, value_name = "crystal,glass", value_delimiter = ',')]
    pub names: Vec<String>,
    #[command(flatten)]
    pub reading: Reading,
}

/// The time between frames.
#[derive(Debug, ClapArgs)]
pub struct Clock {
    /// Time step of the simulation: 1fs, 0.002ps; one for all trajectories, or one for each, with commas
    #[arg(long, value_name = "TIME", value_delimiter = ',')]
    pub timestep: Vec<String>,
    /// Steps of the simulation between two frames of the file, where the file does not count them; one for all, or one for each [default: 1]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub every: Vec<usize>,
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
    /// What the types 1, 2 ... of a LAMMPS dump or data file are
    #[arg(long, value_name = "Li,P,S", value_delimiter = ',')]
    pub types: Vec<String>,
    /// For a DCD: a file with the atoms in order, a LAMMPS data file or any structure; repeated, one for each trajectory
    #[arg(long, value_name = "FILE")]
    pub topology: Vec<PathBuf>,
}
