//! Pair sums and their derivatives: peaks in, curves out.
//!
//! The room above hands on [`Peaks`]: every pair as a Gaussian on a uniform grid, and for every pair the *terms* that
//! it adds to the *rows* it touches. A row is one partial curve of G(r) itself or of one of its derivative columns;
//! the engine neither knows nor cares which. Every engine computes, for each row,
//!
//! ```text
//! row[m] = Σ_terms (a + b t + c t²) exp(-t²/2),    t = (r_m - r_peak) / σ,    first <= m <= last
//! ```

#[cfg(feature = "gpu")]
pub mod check;
mod cpu;
#[cfg(feature = "gpu")]
pub mod fastest;
#[cfg(feature = "gpu")]
pub mod gpu;
mod peaks;

use nalgebra::Matrix3;

use crate::crystal::{Crystal, Points};
use crate::distances::{Bins, Distances, Kinds, Nodes};
pub use cpu::Cpu;
pub use peaks::{Grid, Peak, Peaks, Rows, Term};

/// An engine failed at its work (a lost device, too little memory); nothing that it computed may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {engine} engine failed: {reason}")]
pub struct EngineError {
    /// Which.
    pub engine: String,
    /// Why, in words that a user can act on.
    pub reason: String,
}

/// Something that lays peaks down on a grid.
pub trait Engine {
    /// For reports: `cpu (2 threads)`, `gpu (llvmpipe, Vulkan)`.
    fn name(&self) -> String;

    /// Does it compute in f64? One that sums in f32 is right to some 1e-6.
    fn exact(&self) -> bool {
        true
    }

    /// What a user should know about how the work was done: an engine that was given up.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The rows of `peaks`, each with one value per grid point.
    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError>;

    /// How many pairs of two kinds lie at which distance, and what strains do to them: [`Distances::gather`].
    fn gather(
        &mut self,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Result<Distances, EngineError> {
        Ok(Distances::gather(crystal, kinds, nodes, strains))
    }
}

/// Something that counts pairs of atoms in bins.
pub trait Counter {
    /// For each of these pairs of kinds, the smaller first, how many pairs of atoms lie in each bin, as [`crate::distances::bins`] counts them.
    fn count(&mut self, points: &Points, classes: &[(usize, usize)], bins: Bins) -> Result<Binned, EngineError>;
}

/// Pairs in bins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binned {
    /// For each pair of kinds that was asked for the number of pairs in each bin.
    pub tables: Vec<Vec<u64>>,
    /// How many of these lay so near to the edge of a bin that they were looked at twice.
    pub decided: u64,
    /// How many of these are in one bin or the other by rounding in f64.
    pub on_edge: u64,
}

impl Binned {
    /// Tables that f64 alone has decided.
    pub fn of(tables: Vec<Vec<u64>>) -> Self {
        Self { tables, decided: 0, on_edge: 0 }
    }
}
