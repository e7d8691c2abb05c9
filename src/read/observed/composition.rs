//! Chemical formulas as headers have them.

use crate::element::{Element, Species};

/// Reads a chemical formula: `Ni`, `C6.5 H5 Co N4`, `La1.0 Mn1 O3`, `CoC6.5H5N4`, `Ca(OH)2`, `Ti4+ O2-`.
///
/// Repeated species are added up, in the order of their first appearance. A number before a sign is a charge (`O2-` is one
/// oxide ion). `None` if anything in it is no element or no positive number.
///
/// ```
/// use corefine::read::observed::composition;
/// let formula = composition("C6.5 H5 Co N4").unwrap();
/// assert_eq!((formula[0].0.to_string(), formula[0].1), ("C".to_owned(), 6.5));
/// assert!(composition("Co(Im)2").is_none());
/// ```
pub fn composition(text: &str) -> Option<Vec<(Species, f64)>> {
    let mut groups: Vec<Vec<(Species, f64)>> = vec![Vec::new()];
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        match c {
            '(' => {
                groups.push(Vec::new());
                rest = &rest[1..];
            }
            ')' => rest = close_group(&mut groups, &rest[1..])?,
            _ if c.is_whitespace() || matches!(c, ',' | '_') => rest = &rest[c.len_utf8()..],
            _ => rest = species(groups.last_mut()?, rest)?,
        }
    }
    let formula = groups.pop()?;
    (groups.is_empty() && !formula.is_empty()).then_some(formula)
}

fn close_group<'a>(groups: &mut Vec<Vec<(Species, f64)>>, rest: &'a str) -> Option<&'a str> {
    let inner = groups.pop()?;
    let (factor, rest) = count(rest)?;
    let outer = groups.last_mut()?;
    for (species, n) in inner {
        add(outer, species, n * factor);
    }
    Some(rest)
}

fn species<'a>(group: &mut Vec<(Species, f64)>, text: &'a str) -> Option<&'a str> {
    let (element, rest) = symbol(text)?;
    let (charge, rest) = charge(rest)?;
    let (n, rest) = count(rest)?;
    add(group, Species { element, charge }, n);
    Some(rest)
}

/// Two letters where they name an element (`Co`), one otherwise (`CO`).
fn symbol(text: &str) -> Option<(Element, &str)> {
    let bytes = text.as_bytes();
    if !bytes.first()?.is_ascii_uppercase() {
        return None;
    }
    let letters = 1 + usize::from(bytes.get(1).is_some_and(u8::is_ascii_lowercase));
    Some((text[..letters].parse().ok()?, &text[letters..]))
}

/// Digits and a sign; no charge where no sign follows.
fn charge(text: &str) -> Option<(i8, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let sign = match text.as_bytes().get(digits) {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((0, text)),
    };
    let size: i8 = if digits == 0 { 1 } else { text[..digits].parse().ok()? };
    Some((sign * size, &text[digits + 1..]))
}

/// A count after a symbol or a bracket: 1 where there is none.
fn count(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let n = if end == 0 { 1.0 } else { text[..end].parse().ok()? };
    (n > 0.0 && f64::is_finite(n)).then_some((n, &text[end..]))
}

/// Adds to a species' count, or appends it.
pub(super) fn add(formula: &mut Vec<(Species, f64)>, species: Species, n: f64) {
    match formula.iter_mut().find(|(known, _)| *known == species) {
        Some((_, count)) => *count += n,
        None => formula.push((species, n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Option<String> {
        let formula = composition(text)?;
        Some(formula.iter().map(|(s, n)| format!("{s}:{n}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn formulas_are_read_in_every_usual_spelling() {
        for (text, want) in [
            ("Ni", "Ni:1"),
            ("La1.0 Mn1 O3", "La:1 Mn:1 O:3"),
            ("CoC6.5H5N4", "Co:1 C:6.5 H:5 N:4"),
            ("CO", "C:1 O:1"),
            ("Ca(OH)2", "Ca:1 O:2 H:2"),
            ("C H3 C H3", "C:2 H:6"),
            ("Ti4+ O2-2", "Ti4+:1 O2-:2"),
            ("Ni 2", "Ni:2"),
            ("Li2,O", "Li:2 O:1"),
            ("Cl-", "Cl1-:1"),
        ] {
            assert_eq!(spelled(text).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_formula_is_none() {
        for text in
            ["", "  ", "Co(Im)2", "ni", "Xx2", "Ni0", "Ni1.2.3", "(Ni", "Ni)", "2Ni", "Å", "Ni²", "Ni999+", "D2 O"]
        {
            assert_eq!(spelled(text), None, "{text}");
        }
    }
}
