//! The atoms of a LAMMPS data file: who they are, for a format that does not say it.

use std::collections::BTreeMap;

use super::super::ReadError;
use super::super::species;
use crate::element::{Element, Species};

/// Standard atomic masses of the elements up to Lr, u: to the tenth, which tells them apart where a comment does not.
const MASSES: [f64; 103] = [
    1.008, 4.0026, 6.94, 9.0122, 10.81, 12.011, 14.007, 15.999, 18.998, 20.180, 22.990, 24.305, 26.982, 28.085, 30.974,
    32.06, 35.45, 39.948, 39.098, 40.078, 44.956, 47.867, 50.942, 51.996, 54.938, 55.845, 58.933, 58.693, 63.546,
    65.38, 69.723, 72.630, 74.922, 78.971, 79.904, 83.798, 85.468, 87.62, 88.906, 91.224, 92.906, 95.95, 98.0, 101.07,
    102.91, 106.42, 107.87, 112.41, 114.82, 118.71, 121.76, 127.60, 126.90, 131.29, 132.91, 137.33, 138.91, 140.12,
    140.91, 144.24, 145.0, 150.36, 151.96, 157.25, 158.93, 162.50, 164.93, 167.26, 168.93, 173.05, 174.97, 178.49,
    180.95, 183.84, 186.21, 190.23, 192.22, 195.08, 196.97, 200.59, 204.38, 207.2, 208.98, 209.0, 210.0, 222.0, 223.0,
    226.0, 227.0, 232.04, 231.04, 238.03, 237.0, 244.0, 243.0, 247.0, 247.0, 251.0, 252.0, 257.0, 258.0, 259.0, 262.0,
];

/// Masses of force fields differ from these by less, u.
const NEAR: f64 = 0.06;

/// The species of the atoms of a LAMMPS data file, in the order of their ids; `None` if the file is none.
///
/// A type is what `types` says of it, in the order 1, 2 ...; else the element of the comment on its line of `Masses` (`1 6.94 # Li`), the
/// one of that mass, or the one of its label (`Atom Type Labels`).
pub fn data_species(bytes: &[u8], name: &str, types: &[Species]) -> Option<Result<Vec<Species>, ReadError>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_data =
        text.lines().take(40).any(|line| line.trim_end().ends_with("atom types") || line.contains("atom types "));
    is_data.then(|| of_text(text, name, types))
}

fn of_text(text: &str, name: &str, stated: &[Species]) -> Result<Vec<Species>, ReadError> {
    let (mut section, mut style) = ("", "");
    let mut types = Types { stated, known: BTreeMap::new(), labels: BTreeMap::new() };
    let (mut atoms, mut bonds) = (BTreeMap::new(), false);
    for (i, line) in text.lines().enumerate() {
        let (values, comment) = line.split_once('#').unwrap_or((line, ""));
        let words: Vec<&str> = values.split_whitespace().collect();
        let Some(first) = words.first() else { continue };
        if is_title(&words) {
            (section, style) = (values.trim(), comment.trim());
        } else if section == "Atom Type Labels" && words.len() > 1 {
            types.labels.insert(words[1], first);
        } else if section == "Masses" {
            let species = of_mass(&words, comment);
            types.known.extend(species.map(|species| (*first, species)));
        } else if section == "Atoms" {
            let kind = words.get(type_column(style, words.len(), bonds)).and_then(|word| types.species(word));
            let id = first.parse::<usize>().ok();
            let (Some(kind), Some(id)) = (kind, id) else { return Err(unknown(name, i + 1, line)) };
            atoms.insert(id, kind);
        } else if let [count, "bonds"] = words[..] {
            bonds = count != "0";
        }
    }
    Ok(atoms.into_values().collect())
}

/// What is known of the types of a file.
struct Types<'a> {
    stated: &'a [Species],
    /// By the word that stands before the mass: a number, or a label.
    known: BTreeMap<&'a str, Species>,
    /// The number of each label.
    labels: BTreeMap<&'a str, &'a str>,
}

impl Types<'_> {
    /// The species of a type, which is a number or a label.
    fn species(&self, word: &str) -> Option<Species> {
        let number = self.labels.get(word).copied().unwrap_or(word);
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let stated = place.and_then(|place| self.stated.get(place)).copied();
        let known = || self.known.get(number).or_else(|| self.known.get(word)).copied();
        let label = || self.labels.iter().find(|(_, of)| **of == number).map(|(label, _)| *label);
        stated.or_else(known).or_else(|| species::of_symbol(label()?).map(|named| named.species))
    }
}

/// `Masses`, `Pair Coeffs`; a line that begins with a label has numbers behind it.
fn is_title(words: &[&str]) -> bool {
    words[0].starts_with(|c: char| c.is_ascii_uppercase()) && !words.iter().any(|word| word.parse::<f64>().is_ok())
}

/// The type stands second, or, where molecules are numbered, third.
fn type_column(style: &str, words: usize, bonds: bool) -> usize {
    let molecules = match style {
        // Without a word about the style: full, with image flags or without, or, where atoms are bound, molecular.
        "" => words == 7 || words == 10 || bonds && (words == 6 || words == 9),
        style => ["full", "molecular", "bond", "angle"].contains(&style),
    };
    if molecules { 2 } else { 1 }
}

fn of_mass(words: &[&str], comment: &str) -> Option<Species> {
    let named = comment.split_whitespace().next().and_then(species::of_symbol).map(|named| named.species);
    let mass: f64 = words.get(1)?.parse().ok()?;
    let nearest = (0..MASSES.len()).min_by(|a, b| (MASSES[*a] - mass).abs().total_cmp(&(MASSES[*b] - mass).abs()))?;
    let by_mass = (MASSES[nearest] - mass).abs() < NEAR;
    named.or_else(|| by_mass.then(|| Element::from_number(nearest + 1).map(Species::neutral))?)
}

fn unknown(name: &str, line: usize, text: &str) -> ReadError {
    let text: String = text.trim().chars().take(40).collect();
    let hint = "name the elements of the types in order, --types Li,P,S, or write them behind the lines of Masses, 1 6.94 # Li; and the style behind Atoms, # full";
    ReadError::value(name, Some(line), format!("\"{text}\" tells no element"), hint)
}
