//! What host and shaders share: every struct of `shaders/broaden.wgsl` and `shaders/meet.wgsl` with its twin in Rust, and the
//! constants; those of `bins.wgsl` are in [`super::bins::layout`], of `moments.wgsl` in [`super::moments::layout`].
//!
//! Each struct describes itself ([`Layout`]), so that a test can hold it against the shader's source.

/// A kernel: its source, and what it shares with the host.
#[derive(Debug, Clone, Copy)]
pub struct Shader {
    /// Its name, which is that of its entry point, too.
    pub name: &'static str,
    /// In WGSL.
    pub source: &'static str,
    /// The structs that cross over.
    pub layouts: &'static [Layout],
    /// The constants that the host knows, too.
    pub constants: &'static [(&'static str, usize)],
    /// Bytes of workgroup memory that it takes.
    pub workgroup_bytes: usize,
    /// Buffers that it reads or writes.
    pub buffers: u32,
}

/// All kernels.
pub const SHADERS: [Shader; 3] = [BROADEN, super::bins::layout::BINS, super::moments::layout::MOMENTS];

/// The sum of peaks.
pub const BROADEN: Shader = Shader {
    name: "broaden",
    source: include_str!("../../../shaders/broaden.wgsl"),
    layouts: &[Peak::LAYOUT, Term::LAYOUT, Tile::LAYOUT],
    constants: &[("LANES", LANES), ("GROUP", GROUP)],
    // A term with its peak, seven words for each lane.
    workgroup_bytes: 7 * 4 * LANES,
    buffers: 4,
};

/// Grid points or atoms per tile, and invocations per workgroup: `LANES` of the shaders.
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
    /// Its type, `u32`, `i32` or `f32`: the same word in both languages.
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
            pub const LAYOUT: $crate::engine::gpu::layout::Layout = $crate::engine::gpu::layout::Layout {
                name: stringify!($name),
                size: size_of::<Self>(),
                fields: &[$($crate::engine::gpu::layout::Field {
                    name: stringify!($field),
                    kind: stringify!($kind),
                    offset: std::mem::offset_of!(Self, $field),
                },)+],
            };
        }
    };
}

pub(super) use shared;

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

shared! {
    /// Where an atom is, in some unit of length: whole units, and what is left, between -1/2 and 1/2.
    Place {
        /// Whole units along x.
        x: i32,
        /// Along y.
        y: i32,
        /// Along z.
        z: i32,
        /// What is left along x.
        dx: f32,
        /// Along y.
        dy: f32,
        /// Along z.
        dz: f32,
    }
}

shared! {
    /// Two tiles whose atoms are looked at, each of one with each of the other.
    Meeting {
        /// Slot of the first tile's first atom.
        a: u32,
        /// Slot of the second tile's first atom.
        b: u32,
        /// Atoms of the first tile.
        count_a: u32,
        /// Atoms of the second tile.
        count_b: u32,
        /// 1 where a tile meets itself: each of its pairs is met once.
        once: u32,
        /// By how much the second tile is moved, whole units along x.
        x: i32,
        /// Along y.
        y: i32,
        /// Along z.
        z: i32,
        /// What is left of it along x.
        dx: f32,
        /// Along y.
        dy: f32,
        /// Along z.
        dz: f32,
    }
}

shared! {
    /// A pair that is too near to a place where something changes.
    Doubt {
        /// Slot of the first atom.
        a: u32,
        /// Slot of the second.
        b: u32,
        /// In which meeting.
        meeting: u32,
    }
}

impl Doubt {
    /// All that were handed back, of words that have room for some; `None` where there were more.
    pub(super) fn first(words: &[u32], count: u32) -> Option<Vec<Self>> {
        let words = words.get(..count as usize * size_of::<Self>() / size_of::<u32>())?;
        Some(bytemuck::pod_collect_to_vec(words))
    }
}
