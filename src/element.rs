//! Chemical elements and the species (element and charge) that carry a form factor.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Symbols in order of atomic number, hydrogen first; the last is Lr, 103.
const SYMBOLS: [&str; 103] = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K", "Ca",
    "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce",
    "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir",
    "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm",
    "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr",
];

/// A chemical element, known by its atomic number (1 to 103).
///
/// ```
/// use corefine::element::Element;
/// let co: Element = "CO".parse().unwrap();
/// assert_eq!((co.number(), co.symbol()), (27, "Co"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Element(u8);

/// An element with its formal charge: `Co`, `Co2+`, `O2-`. Its X-ray form factor depends on both.
///
/// ```
/// use corefine::element::Species;
/// let oxide: Species = "O2-".parse().unwrap();
/// assert_eq!((oxide.element.symbol(), oxide.charge), ("O", -2));
/// assert_eq!(oxide.to_string(), "O2-");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Species {
    /// The element.
    pub element: Element,
    /// The formal charge in units of e; 0 for a neutral atom.
    pub charge: i8,
}

/// A text that names no element, or an element with an unreadable charge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown element \"{0}\" (a symbol from H to Lr was expected, with a charge such as 2+ if any)")]
pub struct UnknownElement(pub String);

impl Element {
    /// The element with atomic number `z`, if there is one in the table.
    pub fn from_number(z: usize) -> Option<Self> {
        (1..=SYMBOLS.len()).contains(&z).then_some(Self(z as u8))
    }

    /// The atomic number Z.
    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// The symbol, `Co`.
    pub fn symbol(self) -> &'static str {
        SYMBOLS[self.number() - 1]
    }
}

impl FromStr for Element {
    type Err = UnknownElement;

    /// Reads a symbol in any case; `D` (deuterium) is no element here, see [`Species`].
    fn from_str(text: &str) -> Result<Self, UnknownElement> {
        SYMBOLS
            .iter()
            .position(|s| s.eq_ignore_ascii_case(text.trim()))
            .map(|i| Self(i as u8 + 1))
            .ok_or_else(|| UnknownElement(text.to_owned()))
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

impl Species {
    /// The neutral atom of an element.
    pub fn neutral(element: Element) -> Self {
        Self { element, charge: 0 }
    }
}

impl FromStr for Species {
    type Err = UnknownElement;

    /// Reads `Co`, `Co2+`, `Co+2`, `O2-`, `O-2`, `Na+`, `Na1+`, `Co0+`.
    fn from_str(text: &str) -> Result<Self, UnknownElement> {
        let unknown = || UnknownElement(text.to_owned());
        let text_trimmed = text.trim();
        let split = text_trimmed.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text_trimmed.len());
        let (symbol, charge) = text_trimmed.split_at(split);
        let element = symbol.parse().map_err(|_| unknown())?;
        if charge.is_empty() {
            return Ok(Self::neutral(element));
        }
        let sign = match (charge.contains('+'), charge.contains('-')) {
            (true, false) => 1,
            (false, true) => -1,
            _ => return Err(unknown()),
        };
        let digits = charge.trim_matches(['+', '-']);
        let size: i8 = if digits.is_empty() { 1 } else { digits.parse().map_err(|_| unknown())? };
        Ok(Self { element, charge: sign * size })
    }
}

impl fmt::Display for Species {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.charge {
            0 => f.pad(self.element.symbol()),
            q => f.pad(&format!("{}{}{}", self.element, q.unsigned_abs(), if q > 0 { '+' } else { '-' })),
        }
    }
}

impl TryFrom<String> for Element {
    type Error = UnknownElement;
    fn try_from(text: String) -> Result<Self, UnknownElement> {
        text.parse()
    }
}

impl From<Element> for String {
    fn from(element: Element) -> Self {
        element.to_string()
    }
}

impl TryFrom<String> for Species {
    type Error = UnknownElement;
    fn try_from(text: String) -> Result<Self, UnknownElement> {
        text.parse()
    }
}

impl From<Species> for String {
    fn from(species: Species) -> Self {
        species.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_read_in_every_usual_spelling() {
        for (text, charge) in [("Co", 0), ("Co2+", 2), ("CO+2", 2), ("co0+", 0), ("Na+", 1), ("O2-", -2), ("O-2", -2)] {
            assert_eq!(text.parse::<Species>().unwrap().charge, charge, "{text}");
        }
        for text in ["", "Xx", "Co2", "Co+-", "2+"] {
            assert!(text.parse::<Species>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_symbol_reads_back() {
        for z in 1..=103 {
            let element = Element::from_number(z).unwrap();
            assert_eq!(element.symbol().parse::<Element>().unwrap().number(), z);
        }
        assert!(Element::from_number(0).is_none() && Element::from_number(104).is_none());
    }
}
