//! The names of parameters, as jobs write them.

use std::fmt;

/// A parameter's name, taken apart: `Uiso.Co1` is [`Kind::Uiso`] of `Co1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What is meant.
    pub kind: Kind,
    /// The site's label or the element it is meant of; empty for what belongs to the whole.
    pub target: String,
}

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `scale`, `qdamp` ...
    Whole(Whole),
    /// `a b c alpha beta gamma`, by index.
    Cell(usize),
    /// `x y z`, by index: one coordinate of each site meant.
    Coordinate(usize),
    /// `xyz`: every coordinate that symmetry leaves free.
    Position,
    /// `Uiso`: one number for all sites meant.
    Uiso,
    /// `U11 U22 U33 U12 U13 U23`, by index.
    Uaniso(usize),
    /// `U`: every component that symmetry leaves free.
    U,
    /// `Uiso2`: the second U, for pairs beyond a distance.
    Beyond,
    /// `Uinside`: for pairs inside one molecule.
    Inside,
    /// `occ`.
    Occ,
    /// `movex movey movez turnx turny turnz`, by index: one of a molecule's six degrees of freedom as a rigid body.
    Motion(usize),
    /// `move`: the three shifts of each molecule meant.
    Move,
    /// `turn`: the three turns of each molecule meant.
    Turn,
}

/// Parameters that belong to no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whole {
    /// Factor on the curve.
    Scale,
    /// Linear sharpening, Å.
    Delta1,
    /// Quadratic sharpening, Å².
    Delta2,
    /// Damping by the instrument, 1/Å.
    Qdamp,
    /// Broadening by the instrument, 1/Å.
    Qbroad,
    /// Factor on the part of a phase.
    Pscale,
    /// Particle diameter, Å.
    Spdiameter,
    /// Factor on near widths; can be set, not refined.
    Sratio,
    /// Where `sratio` ends, Å; can be set, not refined.
    Rcut,
    /// Where the curve ends, Å; can be set, not refined.
    Stepcut,
}

const WHOLES: [(&str, Whole); 10] = [
    ("scale", Whole::Scale),
    ("pscale", Whole::Pscale),
    ("delta1", Whole::Delta1),
    ("delta2", Whole::Delta2),
    ("qdamp", Whole::Qdamp),
    ("qbroad", Whole::Qbroad),
    ("spdiameter", Whole::Spdiameter),
    ("sratio", Whole::Sratio),
    ("rcut", Whole::Rcut),
    ("stepcut", Whole::Stepcut),
];

/// The cell's parameters in order.
pub const CELL: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];

/// The components of U in order.
pub const TENSOR: [&str; 6] = ["U11", "U22", "U33", "U12", "U13", "U23"];

/// The coordinates in order.
pub const COORDINATES: [&str; 3] = ["x", "y", "z"];

/// The six motions of a rigid body in order: shifts along the Cartesian axes, then turns about them.
pub const MOTIONS: [&str; 6] = ["movex", "movey", "movez", "turnx", "turny", "turnz"];

impl Name {
    /// Takes a name apart; `None` if it has not the shape of one.
    ///
    /// ```
    /// use corefine::params::{Kind, Name};
    /// assert_eq!(Name::parse("Uiso.Co1").unwrap().target, "Co1");
    /// assert_eq!(Name::parse("a").unwrap().kind, Kind::Cell(0));
    /// assert!(Name::parse("Biso.Co1").is_none() && Name::parse("x").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let Some((kind, target)) = text.split_once('.') else {
            let whole = WHOLES.iter().find(|(name, _)| *name == text).map(|(_, whole)| Kind::Whole(*whole));
            let cell = CELL.iter().position(|name| *name == text).map(Kind::Cell);
            return Some(Self { kind: whole.or(cell)?, target: String::new() });
        };
        let kind = match kind {
            "xyz" => Kind::Position,
            "Uiso" => Kind::Uiso,
            "U" => Kind::U,
            "Uiso2" => Kind::Beyond,
            "Uinside" => Kind::Inside,
            "occ" => Kind::Occ,
            "move" => Kind::Move,
            "turn" => Kind::Turn,
            _ => component(kind)?,
        };
        (!target.is_empty()).then(|| Self { kind, target: target.to_owned() })
    }
}

/// A word for one of several components.
fn component(word: &str) -> Option<Kind> {
    let among = |names: &[&str]| names.iter().position(|name| *name == word);
    let coordinate = || among(&COORDINATES).map(Kind::Coordinate);
    let tensor = || among(&TENSOR).map(Kind::Uaniso);
    coordinate().or_else(tensor).or_else(|| among(&MOTIONS).map(Kind::Motion))
}

impl Kind {
    /// The part of the name before the dot.
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole(whole) => WHOLES.iter().find(|(_, w)| *w == whole).map_or("", |(name, _)| name),
            Self::Cell(k) => CELL[k],
            Self::Coordinate(k) => COORDINATES[k],
            Self::Position => "xyz",
            Self::Uiso => "Uiso",
            Self::Uaniso(k) => TENSOR[k],
            Self::U => "U",
            Self::Beyond => "Uiso2",
            Self::Inside => "Uinside",
            Self::Occ => "occ",
            Self::Motion(k) => MOTIONS[k],
            Self::Move => "move",
            Self::Turn => "turn",
        }
    }

    /// Does it speak of molecules as rigid bodies?
    pub fn is_motion(self) -> bool {
        matches!(self, Self::Motion(_) | Self::Move | Self::Turn)
    }

    /// The unit of its values.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Whole(Whole::Scale | Whole::Pscale | Whole::Sratio)
            | Self::Coordinate(_)
            | Self::Position
            | Self::Occ => "",
            Self::Whole(Whole::Qdamp | Whole::Qbroad) => "Å⁻¹",
            Self::Whole(Whole::Delta1 | Whole::Spdiameter | Whole::Rcut | Whole::Stepcut) | Self::Move => "Å",
            Self::Cell(k) | Self::Motion(k) => {
                if k < 3 {
                    "Å"
                } else {
                    "°"
                }
            }
            Self::Turn => "°",
            Self::Whole(Whole::Delta2) | Self::Uiso | Self::Uaniso(_) | Self::U | Self::Beyond | Self::Inside => "Å²",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        if self.target.is_empty() { Ok(()) } else { write!(f, ".{}", self.target) }
    }
}

/// What every message about names ends with.
pub const SHAPES: &str = "parameters are scale, pscale, a b c alpha beta gamma, delta1 delta2 qdamp qbroad spdiameter, and with a \
                          site's label or an element after a dot x. y. z. xyz. Uiso. U11. U22. U33. U12. U13. U23. U. Uiso2. \
                          Uinside. occ. and with a molecule's formula move. movex. movey. movez. turn. turnx. turny. turnz.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_as_they_are_read() {
        for text in [
            "scale",
            "gamma",
            "delta2",
            "x.Co1",
            "xyz.Co",
            "Uiso.C",
            "U12.O1",
            "U.O1",
            "Uiso2.Co",
            "Uinside.N",
            "occ.H1",
            "move.C3H3N2",
            "movey.N1_3",
            "turn.molecules",
            "turnz.C0.75N0.25",
        ] {
            assert_eq!(Name::parse(text).unwrap().to_string(), text);
        }
        for text in ["", ".", "x.", "A", "Uiso", "a.Co", "U21.O1", "foo.Co", "move", "turnw.N1"] {
            assert!(Name::parse(text).is_none(), "{text}");
        }
    }
}
