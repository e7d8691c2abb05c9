//! Elements and charges out of the symbols and labels that structure files carry.

use std::collections::BTreeSet;

use crate::element::{Element, Species};

/// What a symbol or label says, and what a user should know about how it was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub species: Species,
    pub remark: Option<String>,
}

/// The species of a type symbol: `Co`, `Mn3+`, `Zn+2`, `CO`, `D`, `Fe2.5+`, `O1`.
pub(super) fn of_symbol(text: &str) -> Option<Named> {
    let text = text.trim();
    if let Ok(species) = text.parse() {
        return Some(Named { species, remark: None });
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (letters, tail) = text.split_at(end);
    if let Some(mut named) = deuterium(letters) {
        named.species.charge = charge(tail).unwrap_or(0);
        return Some(named);
    }
    let element = letters.parse().ok()?;
    let charge = charge(tail).unwrap_or(0);
    let species = Species { element, charge };
    Some(Named { species, remark: Some(format!("the type symbol \"{text}\" was read as {species}")) })
}

/// The species of a label: `Co1`, `O2-`, `OW1`, `D3`. Where a label such as `CA1` can be two elements, the formula decides.
pub(super) fn of_label(label: &str, formula: &BTreeSet<Element>) -> Option<Named> {
    let start = label.find(|c: char| c.is_ascii_alphabetic())?;
    let label = &label[start..];
    let letters = label.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(label.len());
    let possible: Vec<(usize, Element)> = [2, 1]
        .into_iter()
        .filter(|length| *length <= letters)
        .filter_map(|length| element(&label[..length]).map(|element| (length, element)))
        .collect();
    let in_formula = |(_, element): &&(usize, Element)| formula.contains(element);
    let decided = possible.iter().find(in_formula);
    let &(length, element) = decided.or(possible.first())?;
    let charge = if length == letters { exact_charge(&label[length..]).unwrap_or(0) } else { 0 };
    let shouted = label.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase());
    let open = decided.is_none() && possible.len() == 2 && shouted;
    let remark = match deuterium(&label[..1]) {
        Some(named) if length == 1 => named.remark,
        _ => open
            .then(|| format!("the label \"{label}\" was read as {element}; add _atom_site_type_symbol if it is not")),
    };
    Some(Named { species: Species { element, charge }, remark })
}

/// The elements of a formula such as `C6 H14 O6` or `Co(C3H3N2)2`.
pub(super) fn of_formula(formula: &str) -> BTreeSet<Element> {
    let letters: Vec<char> = formula.chars().collect();
    let mut found = BTreeSet::new();
    for (i, first) in letters.iter().enumerate().filter(|(_, c)| c.is_ascii_uppercase()) {
        let mut symbol = first.to_string();
        symbol.extend(letters.get(i + 1).filter(|c| c.is_ascii_lowercase()));
        found.extend(element(&symbol));
    }
    found
}

fn element(symbol: &str) -> Option<Element> {
    deuterium(symbol).map(|named| named.species.element).or_else(|| symbol.parse().ok())
}

/// D and T are hydrogen to everything but neutrons.
fn deuterium(symbol: &str) -> Option<Named> {
    if !symbol.eq_ignore_ascii_case("D") && !symbol.eq_ignore_ascii_case("T") {
        return None;
    }
    let remark = format!("{} was read as H; its neutron scattering length is not that of H", symbol.to_uppercase());
    Some(Named { species: Species::neutral(Element::from_number(1)?), remark: Some(remark) })
}

/// `3+`, `+2`, `-`, `2.5+` (rounded); `None` without a sign.
fn charge(tail: &str) -> Option<i8> {
    let sign = match (tail.contains('+'), tail.contains('-')) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => return None,
    };
    let digits = tail.trim_matches(['+', '-']);
    let size: f64 = if digits.is_empty() { 1.0 } else { digits.parse().ok()? };
    (size < 100.0).then_some((sign * size.round()) as i8)
}

/// A charge that is all that stands behind the element: `2-` and `+`, but not the `1-A` of a label.
fn exact_charge(tail: &str) -> Option<i8> {
    (tail.len() <= 2).then(|| charge(tail)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(text: &str) -> Option<String> {
        of_symbol(text).map(|named| named.species.to_string())
    }

    #[test]
    fn type_symbols() {
        let cases = [("Mn3+", "Mn3+"), ("Zn+2", "Zn2+"), ("CO", "Co"), ("D", "H"), ("Fe2.6+", "Fe3+"), ("O1", "O")];
        for (text, expected) in cases {
            assert_eq!(symbol(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["Xx", "", "Wat", "?", "7", "Q1"] {
            assert_eq!(symbol(text), None, "{text}");
        }
        assert!(of_symbol("D").unwrap().remark.unwrap().contains("neutron"));
        assert!(of_symbol("Fe2.6+").unwrap().remark.is_some());
    }

    #[test]
    fn labels() {
        let none = BTreeSet::new();
        let organic = of_formula("C6 H14 O6");
        let cases = [
            ("Co1", &none, "Co", false),
            ("O2-", &none, "O2-", false),
            ("Na+", &none, "Na1+", false),
            ("OW1", &none, "O", false),
            ("D3", &none, "H", true),
            ("CA1", &none, "Ca", true),
            ("CA1", &organic, "C", false),
            ("C13B", &none, "C", false),
            ("H1-A", &none, "H", false),
            ("HO1", &organic, "H", false),
        ];
        for (label, formula, expected, remarked) in cases {
            let named = of_label(label, formula).unwrap();
            assert_eq!((named.species.to_string().as_str(), named.remark.is_some()), (expected, remarked), "{label}");
        }
        assert_eq!(of_label("Xq1", &none), None);
        assert_eq!(of_label("12", &none), None);
    }
}
