//! Text that reads back equal: structures to the last bit of every number, a suite to the last space. Only xyz, for programs that draw
//! atoms, has no place for all of a model.

mod cif;
mod ron;
mod suite;
mod xyz;

pub use cif::cif;
pub use ron::ron;
pub use suite::{Change, suite};
pub use xyz::xyz;
