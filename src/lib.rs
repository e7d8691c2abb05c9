//! Refinement of structures against atomic pair distribution functions, G(r).
//!
//! Data goes one way, from room to room; `ARCHITECTURE.md` names the rooms in order.
//! The rooms with the physics know neither files nor threads nor terminals.

pub mod crystal;
pub mod element;
pub mod engine;
pub mod expand;
pub mod histogram;
pub mod job;
pub mod model;
pub mod observed;
pub mod outcome;
pub mod read;
pub mod units;
pub mod write;
