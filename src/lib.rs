//! Refinement of structures against atomic pair distribution functions, G(r).
//!
//! Data goes one way, from room to room; `ARCHITECTURE.md` names the rooms in order.
//! The rooms with the physics know neither files nor threads nor terminals.

pub mod crystal;
pub mod curve;
pub mod delta;
pub mod distances;
pub mod element;
pub mod engine;
pub mod ensemble;
pub mod expand;
pub mod fit;
pub mod forms;
pub mod forward;
pub mod histogram;
pub mod interpolate;
pub mod job;
pub mod lines;
pub mod lm;
pub mod model;
pub mod msd;
pub mod noise;
pub mod objective;
pub mod observed;
pub mod outcome;
pub mod overlay;
pub mod pairs;
pub mod params;
pub mod pattern;
pub mod prior;
pub mod rdf;
pub mod read;
pub mod reduce;
pub mod reduction;
pub mod relay;
pub mod report;
pub mod restraints;
pub mod sample;
pub mod scattering;
pub mod series;
pub mod shell;
pub mod standards;
pub mod suite;
pub mod sums;
pub mod tangent;
pub mod threads;
pub mod trajectory;
pub mod transform;
pub mod units;
pub mod window;
pub mod write;
