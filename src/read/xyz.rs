//! Extended xyz: `Lattice="..."` and `Properties=...` on the second line, Cartesian positions in Å. Without a lattice it is an isolated
//! cluster.

use std::collections::BTreeMap;

use nalgebra::{Matrix3, Vector3};

use super::numbers::number;
use super::species;
use super::{ReadError, Reading, sound};
use crate::model::{Adp, Cell, Model, Profile, Site, SpaceGroup};
use crate::units::{EIGHT_PI_SQUARED, Frac};

/// Reads an xyz, plain or extended: every atom of the cell is a site of P 1.
///
/// Fractions are taken with the file's own cell vectors, however they lie in space; the columns `occ`, `biso` and `uiso`
/// are read where `Properties` names them. Atoms without a `Lattice`, or with `pbc="F F F"`, are an isolated cluster.
///
/// # Errors
/// `pbc` without a lattice; fewer atoms than the first line says; values that are no numbers.
///
/// ```
/// let plain = corefine::read::xyz::xyz("2\n\nO 0 0 0\nO 0 0 1.21\n", "o2.xyz").unwrap().value;
/// assert!(plain.cluster && plain.sites[1].position.0[2] == 1.21);
/// let text = "1\nLattice=\"0 0 3 3 0 0 0 3 0\" Properties=species:S:1:pos:R:3:biso:R:1\nPo 1.5 0 0 0.8\n";
/// let model = corefine::read::xyz::xyz(text, "po.xyz").unwrap().value;
/// assert_eq!(model.sites[0].position.0[1], 0.5);
/// ```
pub fn xyz(text: &str, name: &str) -> Result<Reading<Model>, ReadError> {
    let mut lines = text.lines();
    let count = count(lines.next().unwrap_or_default(), name)?;
    let comment = lines.next().unwrap_or_default();
    let keys = keys(comment);
    let place = (name, 2);
    let mut warnings = Vec::new();
    let lattice = if is_cluster(&keys, place, &mut warnings)? { None } else { Some(lattice(&keys, place)?) };
    let columns = Columns::new(keys.get("properties").map(String::as_str), place)?;
    let (fractions, origin) = match lattice {
        Some(lattice) => (lattice.try_inverse().ok_or_else(|| flat(place))?, origin(&keys, place)?),
        None => (Matrix3::identity(), Vector3::zeros()),
    };
    let mut atoms = Atoms { columns, fractions, origin, name, sites: Vec::new(), warnings };
    for (i, line) in lines.take(count).enumerate() {
        atoms.read(line, i + 3)?;
    }
    if atoms.sites.len() < count {
        let message = format!("the first line says {count} atoms, the file has {}", atoms.sites.len());
        return Err(ReadError::syntax(
            name,
            Some(1),
            message,
            "correct it, or fetch the file again if it was cut short",
        ));
    }
    let Atoms { sites, warnings, .. } = atoms;
    let model = Model {
        title: keys.get("title").cloned().unwrap_or_default(),
        provenance: Vec::new(),
        cluster: lattice.is_none(),
        cell: lattice.map_or(Cell::ANGSTROM, |lattice| Cell::of_vectors(&lattice)),
        space_group: SpaceGroup::default(),
        profile: Profile::default(),
        sites,
    };
    sound::check(&model, name)?;
    Ok(Reading { value: model, warnings })
}

fn count(line: &str, name: &str) -> Result<usize, ReadError> {
    line.trim().parse().map_err(|_| {
        let message = format!("the first line is \"{}\"", line.chars().take(40).collect::<String>());
        ReadError::syntax(name, Some(1), message, "an xyz starts with its number of atoms")
    })
}

/// The `key=value` and `key="value"` pairs of the second line, keys in lower case.
pub(super) fn keys(comment: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = comment;
    while let Some((before, after)) = rest.split_once('=') {
        let key = before.split_whitespace().last().unwrap_or_default().to_ascii_lowercase();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, tail) = match quote {
            Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.insert(key, value.to_owned());
        rest = tail;
    }
    found
}

/// Is it a cluster? One of a lattice that the file takes for a box around it is; one that repeats along some axes only is taken as a
/// crystal.
fn is_cluster(
    keys: &BTreeMap<String, String>,
    (name, line): (&str, usize),
    warnings: &mut Vec<String>,
) -> Result<bool, ReadError> {
    let Some(pbc) = keys.get("pbc") else {
        let alone = !keys.contains_key("lattice");
        warnings.extend(alone.then(|| {
            format!(
                "{name}:{line}: there is no Lattice=\"...\", so the atoms are taken as an isolated cluster: if they are the cell of a \
                 crystal, write Lattice=\"ax ay az bx by bz cx cy cz\" there; if not, pbc=\"F F F\" says so"
            )
        }));
        return Ok(alone);
    };
    let periodic: Option<Vec<bool>> = pbc.split_whitespace().map(truth).collect();
    let Some([x, y, z]) = periodic.as_deref() else {
        let hint = "write three of T and F: pbc=\"F F F\" is an isolated cluster";
        return Err(ReadError::value(name, Some(line), format!("pbc is \"{pbc}\""), hint));
    };
    let (any, all) = (*x || *y || *z, *x && *y && *z);
    if any && !keys.contains_key("lattice") {
        let hint = "write the cell vectors, Lattice=\"ax ay az bx by bz cx cy cz\", or pbc=\"F F F\" if it is an isolated cluster";
        return Err(ReadError::missing(
            name,
            Some(line),
            format!("pbc is \"{pbc}\", and there is no Lattice=\"...\""),
            hint,
        ));
    }
    if any && !all {
        warnings.push(format!(
            "{name}:{line}: pbc is \"{pbc}\": layers and rods are taken as crystals, which repeat along all three axes"
        ));
    }
    Ok(!any)
}

/// `T`, `True` or 1; `F`, `False` or 0.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" => Some(true),
        "f" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// The cell vectors as columns, Å; messages name the file and the line.
pub(super) fn lattice(keys: &BTreeMap<String, String>, (name, line): (&str, usize)) -> Result<Matrix3<f64>, ReadError> {
    let Some(text) = keys.get("lattice") else {
        let hint = "write the cell vectors on the second line: Lattice=\"ax ay az bx by bz cx cy cz\" Properties=species:S:1:pos:R:3";
        return Err(ReadError::missing(name, Some(line), "the frame has no cell: there is no Lattice=\"...\"", hint));
    };
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(number).collect();
    numbers.filter(|vectors| vectors.len() == 9).map(|vectors| Matrix3::from_column_slice(&vectors)).ok_or_else(|| {
        let hint = "write nine numbers: the vectors a, b, c in Å, one after the other";
        ReadError::value(name, Some(line), format!("Lattice is \"{text}\""), hint)
    })
}

pub(super) fn origin(keys: &BTreeMap<String, String>, (name, line): (&str, usize)) -> Result<Vector3<f64>, ReadError> {
    let Some(text) = keys.get("origin") else { return Ok(Vector3::zeros()) };
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(number).collect();
    match numbers.as_deref() {
        Some([x, y, z]) => Ok(Vector3::new(*x, *y, *z)),
        _ => Err(ReadError::value(name, Some(line), format!("Origin is \"{text}\""), "write three numbers in Å")),
    }
}

pub(super) fn flat((name, line): (&str, usize)) -> ReadError {
    ReadError::value(name, Some(line), "the three vectors of Lattice lie in a plane", "correct the nine numbers")
}

/// Which word of a line is what.
pub(super) struct Columns {
    pub species: usize,
    pub position: usize,
    occ: Option<usize>,
    b: Option<usize>,
    u: Option<usize>,
}

impl Columns {
    /// From `species:S:1:pos:R:3:occ:R:1`; without it, a symbol and three coordinates.
    pub(super) fn new(properties: Option<&str>, (name, line): (&str, usize)) -> Result<Self, ReadError> {
        let parts: Vec<&str> = properties.unwrap_or("species:S:1:pos:R:3").split(':').collect();
        let bad = || {
            let message = format!("Properties is \"{}\"", parts.join(":"));
            ReadError::value(name, Some(line), message, "write name:type:count for each, at least species:S:1:pos:R:3")
        };
        let mut starts = BTreeMap::new();
        let mut at: usize = 0;
        for property in parts.chunks(3) {
            let &[title, _, count] = property else { return Err(bad()) };
            starts.insert(title.to_ascii_lowercase(), at);
            at = count.trim().parse().ok().and_then(|n: usize| at.checked_add(n)).ok_or_else(bad)?;
        }
        let of = |titles: &[&str]| titles.iter().find_map(|title| starts.get(*title).copied());
        Ok(Self {
            species: of(&["species", "element"]).ok_or_else(bad)?,
            position: of(&["pos", "position"]).ok_or_else(bad)?,
            occ: of(&["occ", "occupancy"]),
            b: of(&["biso", "b_iso"]),
            u: of(&["uiso", "u_iso"]),
        })
    }
}

struct Atoms<'a> {
    columns: Columns,
    fractions: Matrix3<f64>,
    origin: Vector3<f64>,
    name: &'a str,
    sites: Vec<Site>,
    warnings: Vec<String>,
}

impl Atoms<'_> {
    fn read(&mut self, line: &str, at: usize) -> Result<(), ReadError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let species = self.species(&words, at)?;
        let mut cart = Vector3::zeros();
        for k in 0..3 {
            cart[k] = self.number(&words, self.columns.position + k, at)?;
        }
        let position = Frac(self.fractions * (cart - self.origin));
        let occ = self.columns.occ.map_or(Ok(1.0), |column| self.not_negative(&words, column, at))?;
        let adp = self.adp(&words, at)?;
        let label = format!("{}{}", species.element, self.sites.len() + 1);
        self.sites.push(Site { label, species, position, occ, adp, beyond: None, inside: None, disorder: None });
        Ok(())
    }

    fn adp(&self, words: &[&str], at: usize) -> Result<Option<Adp>, ReadError> {
        if let Some(column) = self.columns.u {
            return Ok(Some(Adp::Iso(self.not_negative(words, column, at)?)));
        }
        let Some(column) = self.columns.b else { return Ok(None) };
        Ok(Some(Adp::Iso(self.not_negative(words, column, at)? / EIGHT_PI_SQUARED)))
    }

    fn species(&mut self, words: &[&str], at: usize) -> Result<crate::element::Species, ReadError> {
        let symbol = words.get(self.columns.species).copied().unwrap_or_default();
        let named = species::of_symbol(symbol).ok_or_else(|| {
            let hint = "write a symbol from H to Lr";
            ReadError::value(self.name, Some(at), format!("unknown element \"{symbol}\""), hint)
        })?;
        let remark = named.remark.map(|remark| format!("{}:{at}: {remark}", self.name));
        self.warnings.extend(remark);
        Ok(named.species)
    }

    fn number(&self, words: &[&str], column: usize, at: usize) -> Result<f64, ReadError> {
        let word = words.get(column).copied().unwrap_or("nothing");
        number(word).ok_or_else(|| {
            let message = format!("column {} is {word}, no number", column + 1);
            ReadError::value(
                self.name,
                Some(at),
                message,
                "give the columns that Properties names (species and x, y, z in Å if it is absent)",
            )
        })
    }

    fn not_negative(&self, words: &[&str], column: usize, at: usize) -> Result<f64, ReadError> {
        let value = self.number(words, column, at)?;
        if value < 0.0 {
            let message = format!("column {} is {value}, below 0", column + 1);
            return Err(ReadError::value(self.name, Some(at), message, "occupancies, U and B are 0 or more"));
        }
        Ok(value)
    }
}
