//! Which tie is computed first.

use super::{Tie, TieError};

/// The ties in an order in which each finds its variables computed: `A = B` after `B = C`. Otherwise the order given.
///
/// `exists` knows the names of all parameters.
///
/// ```
/// use corefine::params::ties::{Tie, order};
///
/// let ties = vec![Tie::parse("A = B")?, Tie::parse("B = 2 * C")?];
/// let ordered = order(ties, &|name| ["A", "B", "C"].contains(&name))?;
/// assert_eq!(ordered[0].target(), "B");
/// # Ok::<(), corefine::params::ties::TieError>(())
/// ```
///
/// # Errors
///
/// A target or variable that does not exist, two ties for one target, ties in a circle.
pub fn order(ties: Vec<Tie>, exists: &dyn Fn(&str) -> bool) -> Result<Vec<Tie>, TieError> {
    for (i, tie) in ties.iter().enumerate() {
        check_names(tie, exists)?;
        check_single(tie, &ties[..i])?;
    }
    let mut waiting = ties;
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let Some(next) = (0..waiting.len()).find(|&i| is_ready(&waiting[i], &waiting)) else {
            return Err(TieError::Circle { chain: circle(&waiting) });
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

fn check_names(tie: &Tie, exists: &dyn Fn(&str) -> bool) -> Result<(), TieError> {
    let names = std::iter::once(tie.target()).chain(tie.variables().iter().map(String::as_str));
    names.into_iter().find(|name| !exists(name)).map_or(Ok(()), |name| Err(tie.unknown(name)))
}

fn check_single(tie: &Tie, earlier: &[Tie]) -> Result<(), TieError> {
    match earlier.iter().find(|other| other.target == tie.target) {
        None => Ok(()),
        Some(other) => {
            Err(TieError::Twice { target: tie.target.clone(), first: other.text.clone(), second: tie.text.clone() })
        }
    }
}

fn is_ready(tie: &Tie, waiting: &[Tie]) -> bool {
    waited_for(tie, waiting).is_none()
}

/// A tie that has to be computed before this one.
fn waited_for<'a>(tie: &Tie, waiting: &'a [Tie]) -> Option<&'a Tie> {
    waiting.iter().find(|other| tie.variables().contains(&other.target))
}

/// Follows ties that all wait for another until one comes again.
fn circle(waiting: &[Tie]) -> Vec<String> {
    let mut chain: Vec<String> = Vec::new();
    let mut tie = waiting.first();
    while let Some(current) = tie {
        let seen = chain.iter().position(|name| *name == current.target);
        chain.push(current.target.clone());
        if let Some(begin) = seen {
            return chain.split_off(begin);
        }
        tie = waited_for(current, waiting);
    }
    chain
}

/// The most similar name, if one is similar at all.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(2);
    let distance = |other: &str| edits(&name.to_lowercase(), &other.to_lowercase());
    known.into_iter().map(|other| (distance(other), other)).filter(|(d, _)| *d <= allowed).min().map(|(_, other)| other)
}

/// Fewest signs to insert, delete or change (Levenshtein 1966, Sov. Phys. Dokl. 10, 707).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["Uiso.C", "Uiso.N", "Uiso.Co", "scale", "qdamp", "delta2"];

    fn ordered(ties: &[&str]) -> Result<Vec<String>, TieError> {
        let ties = ties.iter().map(|tie| Tie::parse(tie).unwrap()).collect();
        Ok(order(ties, &|name| KNOWN.contains(&name))?.into_iter().map(|tie| tie.target).collect())
    }

    #[test]
    fn chains_are_computed_from_their_end() {
        let order = ordered(&["Uiso.C = Uiso.N", "scale = qdamp + 1", "Uiso.N = Uiso.Co * scale"]).unwrap();
        assert_eq!(order, ["scale", "Uiso.N", "Uiso.C"]);
    }

    #[test]
    fn circles_are_named() {
        let error =
            ordered(&["scale = Uiso.C", "Uiso.C = 2 * Uiso.N", "Uiso.N = Uiso.Co", "Uiso.Co = Uiso.C"]).unwrap_err();
        assert!(error.to_string().contains("circle: Uiso.C <- Uiso.N <- Uiso.Co <- Uiso.C;"), "{error}");
    }

    #[test]
    fn one_tie_per_parameter() {
        let error = ordered(&["Uiso.C = Uiso.N", "Uiso.C = 2 * Uiso.Co"]).unwrap_err().to_string();
        assert!(error.contains("\"Uiso.C = Uiso.N\" and \"Uiso.C = 2 * Uiso.Co\" both set Uiso.C"), "{error}");
    }

    #[test]
    fn unknown_names_find_their_neighbour() {
        let error = ordered(&["Uiso.C = uiso.n"]).unwrap_err().suggest(KNOWN);
        assert!(error.to_string().contains("no parameter uiso.n (did you mean Uiso.N?)"), "{error}");
        let error = ordered(&["Biso.Zr = scale"]).unwrap_err().suggest(KNOWN);
        assert!(error.to_string().contains("no parameter Biso.Zr;"), "{error}");
    }

    #[test]
    fn distances_between_words() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(nearest("scal", KNOWN), Some("scale"));
    }
}
