//! How strongly an atom scatters: X-ray form factors and neutron scattering lengths.
//!
//! The numbers are tables with their source, written by `scripts/scattering-tables.py`.

pub mod compton;
mod compton_table;
pub mod neutron;
mod neutron_table;
pub mod xray;
mod xray_table;
