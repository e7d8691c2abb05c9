//! Structures written as text that reads back equal, to the last bit of every number.

mod cif;
mod ron;

pub use cif::cif;
pub use ron::ron;
