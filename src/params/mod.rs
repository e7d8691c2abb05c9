//! Named values, and how the crystal moves with each.
//!
//! [`Binding::new`] finds out what the names in a [`Job`](crate::job::Job) mean in a model; [`Binding::state`] gives the
//! structure at given values of the refined parameters, and [`Binding::tangents`] how it moves with each of them.

mod bind;
mod bodies;
mod geometry;
mod motion;
mod names;
mod place;
mod quantity;
mod rotation;
mod state;
mod tangents;
pub mod ties;

pub use bind::{Binding, Free};
pub use geometry::Geometry;
pub use names::{CELL, COORDINATES, Kind, MOTIONS, Name, SHAPES, TENSOR, Whole};
pub use quantity::{Quantity, Spot, Variable};
pub use state::{Setting, State};

use ties::TieError;

/// A job asks for what the model does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BindError {
    /// Not the shape of a parameter.
    #[error("\"{name}\" is no parameter: {SHAPES}")]
    NoSuchKind {
        /// The name.
        name: String,
    },
    /// Neither an element nor a label of the model.
    #[error("\"{name}\": the structure has no element or site \"{target}\" (it has {known})")]
    NoSuchTarget {
        /// The name.
        name: String,
        /// Its part after the dot.
        target: String,
        /// Elements and labels there are.
        known: String,
    },
    /// Symmetry decides it.
    #[error("\"{name}\" is fixed by symmetry; free here: {free}. Refine one of these, or set symmetry: P1")]
    FixedBySymmetry {
        /// The name.
        name: String,
        /// What is free instead.
        free: String,
    },
    /// An edge or an angle of a structure without a cell.
    #[error(
        "\"{name}\" is of a cell, and the structure is an isolated cluster, which has none: take it out, and refine xyz. of its atoms"
    )]
    CellOfCluster {
        /// The name.
        name: String,
    },
    /// A size of a structure whose atoms are all there.
    #[error(
        "\"{name}\" cuts a particle out of a crystal, and the structure is an isolated cluster, which ends with its atoms: take it out"
    )]
    EndOfCluster {
        /// The name.
        name: String,
    },
    /// A second U without a distance.
    #[error(
        "\"{name}\": {target} has no second U; say from which distance on it holds, beyond: {{ \"{target}\": 4.7 }}"
    )]
    NoBeyond {
        /// The name.
        name: String,
        /// The site or element.
        target: String,
    },
    /// Something of molecules where none are looked for.
    #[error("\"{name}\" needs molecules; add molecules: (exclude: [\"Co\"]) with the elements that belong to none")]
    NoMolecules {
        /// The name.
        name: String,
    },
    /// Single molecules in a space group that relates them.
    #[error(
        "\"{name}\" moves single molecules, but the space group \"{group}\" ties atoms to their images; set symmetry: P1"
    )]
    BodyInGroup {
        /// The name.
        name: String,
        /// The space group.
        group: String,
    },
    /// Neither a formula of a molecule nor an atom.
    #[error(
        "\"{name}\": there is no molecule \"{target}\"; name a formula ({formulas}), an atom of the molecule, or \"molecules\" for all"
    )]
    NoSuchMolecule {
        /// The name.
        name: String,
        /// Its part after the dot.
        target: String,
        /// The formulas there are.
        formulas: String,
    },
    /// An atom that is bonded to none.
    #[error("\"{name}\": {target} is an atom by itself, not a molecule; refine \"xyz.{target}\" instead")]
    LoneAtom {
        /// The name.
        name: String,
        /// The atom.
        target: String,
    },
    /// An atom moved by itself and with its molecule.
    #[error(
        "\"{name}\" moves an atom of the molecule of {body}, which is rigid; take one of the two out, the atom or its molecule"
    )]
    InBody {
        /// The name.
        name: String,
        /// The first atom of the molecule.
        body: String,
    },
    /// An end that no phase and no data set has.
    #[error(transparent)]
    Scope(#[from] crate::job::ScopeError),
    /// One number that would begin at two.
    #[error(
        "\"{name}\" would be one number for several, which start at {} (of {}) and {} (of {}): give it a start, or refine \
         each by its own name, as in \"{name}{}\"",
        values[0], places[0], values[1], places[1], places[0]
    )]
    TwoStarts {
        /// The name.
        name: String,
        /// The starts.
        values: [f64; 2],
        /// The places that have them.
        places: [String; 2],
    },
    /// Two names for one number.
    #[error("\"{name}\" and \"{other}\" move the same number: keep one of them")]
    Overlap {
        /// The later name.
        name: String,
        /// The earlier one.
        other: String,
    },
    /// A number that can be set only.
    #[error("\"{name}\" cannot be refined; give it a value with set: {{ \"{name}\": ... }}")]
    NotRefinable {
        /// The name.
        name: String,
    },
    /// Zero is where it has no derivative.
    #[error(
        "\"{name}\" cannot be refined from 0, where nothing depends on it: give it a start, \"{name}\": (start: ...)"
    )]
    NeedsStart {
        /// The name.
        name: String,
    },
    /// A tie whose value is none that its target may have.
    #[error(
        "the ties give a value at the start that is not allowed (a negative U, an occupancy above 1): change the formula or the starts"
    )]
    TiedOutside,
    /// delta1 and delta2 at once.
    #[error("\"delta1\" and \"delta2\" describe the same sharpening: refine one of them")]
    BothDeltas,
    /// A value outside what it may be.
    #[error("\"{name}\" starts at {value}, outside of {low} to {high}: change the start or the bounds")]
    Outside {
        /// The name.
        name: String,
        /// The start.
        value: f64,
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Refined and tied at once.
    #[error("\"{name}\" is refined and tied: take it out of refine, or drop the tie \"{tie}\"")]
    RefinedAndTied {
        /// The name.
        name: String,
        /// The formula.
        tie: String,
    },
    /// A tie whose left side is several numbers.
    #[error("the tie \"{tie}\": \"{name}\" stands for {count} numbers; tie each by its own name")]
    NotOne {
        /// The formula.
        tie: String,
        /// The name.
        name: String,
        /// How many.
        count: usize,
    },
    /// A formula that cannot be used.
    #[error(transparent)]
    Tie(#[from] TieError),
    /// The structure cannot be expanded.
    #[error(transparent)]
    Expand(#[from] crate::expand::ExpandError),
}

impl BindError {
    /// Two phases that do not have what a name asks for: one message, with what both have.
    fn of_both(first: Option<Self>, second: Self) -> Self {
        match (first, second) {
            (Some(Self::NoSuchTarget { name, target, known }), Self::NoSuchTarget { known: more, .. }) => {
                let known = if known.contains(&more) { known } else { format!("{known}; {more}") };
                Self::NoSuchTarget { name, target, known }
            }
            (Some(first), _) => first,
            (None, second) => second,
        }
    }

    /// The name in the job that the error is about, to find its line.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::NoSuchKind { name }
            | Self::NoSuchTarget { name, .. }
            | Self::FixedBySymmetry { name, .. }
            | Self::CellOfCluster { name }
            | Self::EndOfCluster { name }
            | Self::NoBeyond { name, .. }
            | Self::NoMolecules { name }
            | Self::BodyInGroup { name, .. }
            | Self::NoSuchMolecule { name, .. }
            | Self::LoneAtom { name, .. }
            | Self::InBody { name, .. }
            | Self::Overlap { name, .. }
            | Self::NotRefinable { name }
            | Self::NeedsStart { name }
            | Self::Outside { name, .. }
            | Self::TwoStarts { name, .. }
            | Self::RefinedAndTied { name, .. } => Some(name),
            Self::Scope(error) => Some(&error.text),
            Self::NotOne { tie, .. } => Some(tie),
            Self::BothDeltas => Some("delta2"),
            Self::Tie(_) | Self::TiedOutside | Self::Expand(_) => None,
        }
    }
}
