//! The names of parameters: which there are, and what values they can take.

/// Parameters of the whole structure or measurement.
pub(super) const WHOLE: [&str; 16] = [
    "scale",
    "pscale",
    "a",
    "b",
    "c",
    "alpha",
    "beta",
    "gamma",
    "delta1",
    "delta2",
    "qdamp",
    "qbroad",
    "spdiameter",
    "sratio",
    "rcut",
    "stepcut",
];

/// Parameters of a site or an element: these, a dot, and the site's label or the element's symbol.
pub(super) const OF_SITES: [&str; 15] =
    ["x", "y", "z", "xyz", "Uiso", "U11", "U22", "U33", "U12", "U13", "U23", "U", "Uiso2", "Uinside", "occ"];

/// Parameters of a molecule as a rigid body: these, a dot, and its formula, the label of one of its atoms, or `molecules`.
pub(super) const OF_MOLECULES: [&str; 8] = ["move", "movex", "movey", "movez", "turn", "turnx", "turny", "turnz"];

/// What is wrong with a name, and what may have been meant.
pub(super) struct Unknown {
    pub problem: String,
    pub hint: String,
}

/// Is this the name of a parameter? Whether the model has such a site is seen later, when the two meet.
pub(super) fn check(name: &str) -> Result<(), Unknown> {
    match name.split_once('.') {
        None if WHOLE.contains(&name) => Ok(()),
        None if OF_SITES.contains(&name) => Err(Unknown {
            problem: format!("parameter \"{name}\" needs a site or an element"),
            hint: format!("write \"{name}.LABEL\" with a site's label or an element's symbol, such as \"{name}.Co\""),
        }),
        None if OF_MOLECULES.contains(&name) => Err(Unknown {
            problem: format!("parameter \"{name}\" needs a molecule"),
            hint: format!("write a formula, an atom's label or \"molecules\" behind it, such as \"{name}.C3H3N2\""),
        }),
        None => Err(unknown(name, nearest(name, &WHOLE))),
        Some((kind, of)) if !OF_SITES.contains(&kind) && !OF_MOLECULES.contains(&kind) => {
            let kinds = [&OF_SITES[..], &OF_MOLECULES].concat();
            Err(unknown(name, nearest(kind, &kinds).map(|k| format!("{k}.{of}"))))
        }
        Some((_, of)) if of.is_empty() || of.contains(char::is_whitespace) => Err(Unknown {
            problem: format!("parameter \"{name}\" names no site"),
            hint: "after the dot stands a site's label or an element's symbol, such as \"Uiso.Co\"".to_owned(),
        }),
        Some(_) => Ok(()),
    }
}

fn unknown(name: &str, meant: Option<String>) -> Unknown {
    let hint = meant.map_or_else(
        || {
            let [whole, sites, molecules] = [&WHOLE[..], &OF_SITES, &OF_MOLECULES].map(|names| names.join(" "));
            format!("known are {whole}, with .LABEL or .ELEMENT {sites}, and with .FORMULA or .LABEL {molecules}")
        },
        |meant| format!("did you mean \"{meant}\"?"),
    );
    Unknown { problem: format!("unknown parameter \"{name}\""), hint }
}

/// The known word that a misspelt one is nearest to, if any is near.
pub(super) fn nearest(word: &str, known: &[&str]) -> Option<String> {
    let distances = known.iter().map(|k| (edits(&word.to_lowercase(), &k.to_lowercase()), *k));
    let (distance, best) = distances.min()?;
    (distance <= 2 && distance < best.len()).then(|| best.to_owned())
}

/// The number of letters to change, add or remove (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}

/// A test of a value, and in words what passes it.
pub(super) type Range = (fn(f64) -> bool, &'static str);

/// The values that a parameter can have; `None` where any number will do.
pub(super) fn allowed(name: &str) -> Option<Range> {
    let kind = name.split(['.', '@']).next().unwrap_or(name);
    Some(match kind {
        "Uiso" | "U11" | "U22" | "U33" | "U" | "Uiso2" | "Uinside" => {
            (|u| u >= 0.0, "a mean square displacement in Å² is not negative")
        }
        "occ" => (|occ| (0.0..=1.0).contains(&occ), "an occupancy lies between 0 and 1"),
        "a" | "b" | "c" => (|edge| edge > 0.0, "a cell edge in Å is positive"),
        "alpha" | "beta" | "gamma" => {
            (|angle| angle > 0.0 && angle < 180.0, "a cell angle lies between 0 and 180 degrees")
        }
        "qdamp" | "qbroad" | "spdiameter" | "stepcut" | "rcut" => (|value| value >= 0.0, "it is not negative"),
        "scale" | "pscale" | "sratio" => (|value| value > 0.0, "it is positive"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_misspellings() {
        for name in ["scale", "Uiso.Co", "xyz.Co1", "x.C1A'", "Uiso2.Zn", "delta2", "move.C3H3N2", "turnz.N1_3"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for (name, meant) in [
            ("delta3", "delta"),
            ("Uios.Co", "Uiso.Co"),
            ("Qdamp", "qdamp"),
            ("Uiso", "Uiso.LABEL"),
            ("trun.Co", "turn.Co"),
            ("move", "molecules"),
        ] {
            let unknown = check(name).err().unwrap_or_else(|| panic!("{name} was taken"));
            assert!(unknown.hint.contains(meant), "{name}: {}", unknown.hint);
        }
        assert!(check("Uiso.").is_err() && check("").is_err() && check("x.a b").is_err() && check("Å").is_err());
    }

    #[test]
    fn edits_are_counted() {
        for (from, to, n) in [("", "abc", 3), ("kitten", "sitting", 3), ("rmin", "rmin", 0), ("ab", "", 2)] {
            assert_eq!(edits(from, to), n, "{from} {to}");
        }
    }
}
