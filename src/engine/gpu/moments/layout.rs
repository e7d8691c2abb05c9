//! What host and shader share: every struct of `shaders/moments.wgsl` with its twin in Rust, and the constants.

use crate::engine::gpu::layout::{Doubt, LANES, Meeting, Place, Shader, shared};

/// The moments of pairs at nodes.
pub const MOMENTS: Shader = Shader {
    name: "moments",
    source: concat!(include_str!("../../../../shaders/meet.wgsl"), include_str!("../../../../shaders/moments.wgsl")),
    layouts: &[Place::LAYOUT, Meeting::LAYOUT, Group::LAYOUT, Doubt::LAYOUT, Settings::LAYOUT],
    constants: &[("LANES", LANES), ("NODES", NODES), ("MOMENTS", EACH)],
    workgroup_bytes: LANES * (size_of::<Place>() + 4) + 4 * NODES * EACH + 4,
    buffers: 7,
};

/// Nodes of a window: `NODES` of the shader.
pub const NODES: usize = 448;

/// Moments of a node: `MOMENTS` of the shader.
pub const EACH: usize = 8;

/// What a weight of one is in the sums: the first where no more than a thousand pairs of a group are at one node, else the second.
pub const ONES: [f32; 2] = [(1 << 21) as f32, (1 << 17) as f32];

shared! {
    /// The work of one workgroup: some meetings of the same two kinds, at the nodes of one window.
    Group {
        /// First of its entries, which number the meetings.
        first: u32,
        /// One past the last.
        end: u32,
        /// Where the table of these two kinds begins, in moments.
        table: u32,
        /// Which window.
        window: u32,
    }
}

shared! {
    /// What holds for all groups. Distances are in steps from node to node: whole ones, and what is past them.
    Settings {
        /// Pairs that are this near or nearer are left out.
        least: i32,
        /// What is past it.
        least_past: f32,
        /// Pairs up to here are in.
        most: i32,
        /// What is past it.
        most_past: f32,
        /// Room for pairs in doubt.
        room: u32,
        /// 1 where weights are times what the strain does.
        strained: u32,
        /// What a weight of one is in the sums.
        one: f32,
        /// The strain, in units of its scale.
        xx: f32,
        /// ..
        yy: f32,
        /// ..
        zz: f32,
        /// Twice the mean of xy and yx.
        xy: f32,
        /// ..
        xz: f32,
        /// ..
        yz: f32,
    }
}
