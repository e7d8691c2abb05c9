//! What host and shader share: every struct of `shaders/broaden.wgsl` with its twin in Rust, and the constants.
//!
//! Each struct describes itself ([`Layout`]), so that a test can hold it against the shader's source.

use std::mem::{offset_of, size_of};

/// The source of the kernel.
pub const SHADER: &str = include_str!("../../../shaders/broaden.wgsl");

/// Its entry point.
pub const ENTRY: &str = "broaden";

/// Grid points per tile, and invocations per workgroup: `LANES` of the shader.
pub const LANES: usize = 64;

/// Terms that are added up before their sum is passed on: `GROUP` of the shader.
pub const GROUP: usize = 8;

/// Most terms of one tile; a tile with more is cut in pieces, whose sums the host adds in f64. This bounds the depth
/// of the f32 sums, and keeps workgroups equally long.
pub const MAX_TERMS: usize = 1024;

/// How a struct lies in memory.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Its name, here and in the shader.
    pub name: &'static str,
    /// Bytes from one to the next in an array.
    pub size: usize,
    /// Its fields in order.
    pub fields: &'static [Field],
}

/// One field of a struct.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type, `u32` or `f32`: the same word in both languages.
    pub kind: &'static str,
    /// Bytes from the start of the struct.
    pub offset: usize,
}

/// Defines a struct and its description in one go, so that neither can be changed without the other.
macro_rules! shared {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $kind:ident,)+ }) => {
        $(#[$about])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name {
            $($(#[$field_about])* pub $field: $kind,)+
        }

        impl $name {
            /// How it lies in memory.
            pub const LAYOUT: Layout = Layout {
                name: stringify!($name),
                size: size_of::<Self>(),
                fields: &[$(Field {
                    name: stringify!($field),
                    kind: stringify!($kind),
                    offset: offset_of!(Self, $field),
                },)+],
            };
        }
    };
}

shared! {
    /// A Gaussian on the grid: `t = (m - center) slope - shift` at grid index m.
    Peak {
        /// Index of the grid point nearest to the peak.
        center: u32,
        /// Grid points that it reaches to either side.
        half: u32,
        /// `step / σ`.
        slope: f32,
        /// `offset / σ`.
        shift: f32,
    }
}

shared! {
    /// What a peak adds to the row that the term is filed under.
    Term {
        /// Index of the peak.
        peak: u32,
        /// Factor of `exp(-t²/2)`.
        a: f32,
        /// Factor of `t exp(-t²/2)`.
        b: f32,
        /// Factor of `t² exp(-t²/2)`.
        c: f32,
    }
}

shared! {
    /// The work of one workgroup: [`LANES`] points of one row, over some of the row's terms.
    Tile {
        /// Grid index of the first point.
        first: u32,
        /// First term.
        lo: u32,
        /// One past the last term.
        hi: u32,
    }
}

/// The workgroup's copy of terms with their peaks; it lives in the shader only.
#[derive(Debug, Clone, Copy)]
pub struct Staged;

impl Staged {
    /// Bytes of workgroup memory that the kernel uses: seven words per lane.
    pub const BYTES: usize = 7 * 4 * LANES;
}

/// All structs that cross over.
pub const LAYOUTS: [Layout; 3] = [Peak::LAYOUT, Term::LAYOUT, Tile::LAYOUT];
