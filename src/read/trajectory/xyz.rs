//! Extended xyz, frame after frame.

use memchr::memchr_iter;
use nalgebra::Vector3;

use super::super::ReadError;
use super::super::species;
use super::super::xyz::{Columns, flat, keys, lattice, origin};
use super::source::{HINT, Source, cut_short};
use super::words::{Cursor, Lines};
use super::{Format, FrameOf, Raw, room, same_count};
use crate::element::Species;
use crate::trajectory::{Atoms, Frame};

/// Nothing of one frame is needed for the next.
#[derive(Default)]
pub struct Xyz {}

impl Format for Xyz {
    fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, ReadError> {
        let mut head = Vec::new();
        while head.iter().all(u8::is_ascii_whitespace) {
            head.clear();
            if !source.line(&mut head)? {
                return Ok(None);
            }
        }
        let start = source.line;
        let text = String::from_utf8_lossy(&head).trim().to_owned();
        let count: usize = text.parse().map_err(|_| {
            let text: String = text.chars().take(40).collect();
            let message = format!("\"{text}\" stands where a frame's number of atoms was expected");
            ReadError::syntax(&source.name, Some(start), message, HINT)
        })?;
        let mut body = Vec::new();
        let whole = source.line(&mut head)? && source.lines(count, &mut body)?;
        if !whole {
            return Err(cut_short(&source.name, Some(source.line)));
        }
        Ok(Some(Raw { number: 0, head: (head, start), body: (body, start + 2) }))
    }

    fn atoms(&self, raw: &Raw, name: &str) -> Result<Atoms, ReadError> {
        let (columns, count) = (comment(raw, name)?.columns, count(raw));
        let mut lines = Lines::new(&raw.body.0, name, raw.body.1)?;
        let mut species: Vec<Species> = Vec::with_capacity(count);
        for _ in 0..count {
            let as_before = species.last().and_then(|last| lines.hasty(|line| names(line, &columns, *last)));
            let next = as_before.map_or_else(|| species_of(lines.next(), &columns, &lines), Ok)?;
            species.push(next);
        }
        Ok(Atoms { species })
    }

    fn reads(&self) -> FrameOf {
        frame
    }
}

fn frame(raw: &Raw, atoms: &Atoms, name: &str) -> Result<Frame, ReadError> {
    same_count(count(raw), atoms, (name, raw.head.1, raw.number))?;
    let Comment { basis, inverse, origin, columns } = comment(raw, name)?;
    let mut lines = Lines::new(&raw.body.0, name, raw.body.1)?;
    let mut fractions = room(atoms);
    for (i, species) in atoms.species.iter().enumerate() {
        let place = match lines.hasty(|line| plain_place(line, &columns, *species)) {
            Some(place) => place,
            None => place_of(&mut lines, &columns, *species, (i + 1, raw.number))?,
        };
        fractions.push(inverse * (place - origin));
    }
    Ok(Frame { number: raw.number, step: None, basis, fractions, unwrapped: false })
}

/// Where an atom is, if its line plainly names this element, in front of the numbers as programs have it.
fn plain_place(line: &mut Cursor, columns: &Columns, species: Species) -> Option<Vector3<f64>> {
    let between = columns.position.checked_sub(columns.species + 1)?;
    names(line, columns, species)?;
    (0..between).for_each(|_| _ = line.word());
    line.numbers().map(Vector3::from)
}

/// The species, if the line plainly names its element.
fn names(line: &mut Cursor, columns: &Columns, species: Species) -> Option<Species> {
    (0..columns.species).for_each(|_| _ = line.word());
    (line.word() == species.element.symbol().as_bytes() && species.charge == 0).then_some(species)
}

/// Where the atom of the next line is, the `i`-th of a frame, which has to be of this species.
fn place_of(
    lines: &mut Lines,
    columns: &Columns,
    species: Species,
    (i, frame): (usize, usize),
) -> Result<Vector3<f64>, ReadError> {
    let line = lines.next();
    if species_of(line, columns, lines)? != species {
        let message = format!("atom {i} of frame {frame} is no {species}, as it is in the first frame");
        return Err(lines.wrong(message, "write the atoms of all frames in one order"));
    }
    let mut words = line.split_ascii_whitespace().skip(columns.position);
    let mut place = Vector3::zeros();
    for x in &mut place {
        *x = lines.number(words.next().unwrap_or("nothing"), "a position")?;
    }
    Ok(place)
}

struct Comment {
    basis: nalgebra::Matrix3<f64>,
    inverse: nalgebra::Matrix3<f64>,
    origin: Vector3<f64>,
    columns: Columns,
}

/// What the second line of a frame says.
fn comment(raw: &Raw, name: &str) -> Result<Comment, ReadError> {
    let place = (name, raw.head.1 + 1);
    let mut lines = Lines::new(&raw.head.0, name, raw.head.1)?;
    lines.next();
    let keys = keys(lines.next());
    let basis = lattice(&keys, place)?;
    let inverse = basis.try_inverse().ok_or_else(|| flat(place))?;
    let columns = Columns::new(keys.get("properties").map(String::as_str), place)?;
    Ok(Comment { basis, inverse, origin: origin(&keys, place)?, columns })
}

/// Lines of a frame, one for each atom.
fn count(raw: &Raw) -> usize {
    let unended = raw.body.0.last().is_some_and(|byte| *byte != b'\n');
    memchr_iter(b'\n', &raw.body.0).count() + usize::from(unended)
}

fn species_of(line: &str, columns: &Columns, lines: &Lines) -> Result<Species, ReadError> {
    let word = line.split_ascii_whitespace().nth(columns.species).unwrap_or("nothing");
    species::of_symbol(word)
        .map(|named| named.species)
        .ok_or_else(|| lines.wrong(format!("unknown element \"{word}\""), "write a symbol from H to Lr"))
}
