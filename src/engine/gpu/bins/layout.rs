//! What host and shader share: every struct of `shaders/bins.wgsl` with its twin in Rust, and the constants.

use crate::engine::gpu::layout::{Doubt, LANES, Meeting, Place, Shader, shared};

/// The count of pairs in bins.
pub const BINS: Shader = Shader {
    name: "bins",
    source: concat!(include_str!("../../../../shaders/meet.wgsl"), include_str!("../../../../shaders/bins.wgsl")),
    layouts: &[Place::LAYOUT, Meeting::LAYOUT, Group::LAYOUT, Doubt::LAYOUT, Settings::LAYOUT],
    constants: &[("LANES", LANES), ("NEAR", NEAR)],
    workgroup_bytes: LANES * size_of::<Place>() + 4 * NEAR + 4,
    buffers: 5,
};

/// Bins that a workgroup counts in its own memory: `NEAR` of the shader.
pub const NEAR: usize = 3584;

shared! {
    /// The work of one workgroup: some meetings of the same two kinds.
    Group {
        /// First meeting.
        first: u32,
        /// One past the last.
        end: u32,
        /// Where the table of these two kinds begins.
        table: u32,
    }
}

shared! {
    /// What holds for all groups.
    Settings {
        /// Bins of a table; one more number counts what lies beyond.
        bins: u32,
        /// Room for pairs in doubt.
        room: u32,
    }
}
