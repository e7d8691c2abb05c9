//! Named values, and how the crystal moves with each.

pub mod ties;
