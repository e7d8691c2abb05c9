//! Text that reads back equal: structures to the last bit of every number, a suite to the last space.

mod cif;
mod ron;
mod suite;

pub use cif::cif;
pub use ron::ron;
pub use suite::{Change, suite};
