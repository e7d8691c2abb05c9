//! What else the data leave possible.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::shared::{OutputFolder, ResumableFolder, Work};

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
    #[command(flatten)]
    pub output: ResumableFolder,
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
