//! VASP's `XDATCAR`: a head with the cell, once or before each frame, then fractions.

use nalgebra::{Matrix3, Vector3};

use super::super::ReadError;
use super::super::species;
use super::source::{Source, cut_short};
use super::words::{Lines, cell};
use super::{Format, FrameOf, Raw, room};
use crate::element::Species;
use crate::trajectory::{Atoms, Frame};

/// The head that came last, the line that it begins on, and the number of atoms that it has.
#[derive(Default)]
pub struct Xdatcar {
    head: (Vec<u8>, usize),
    atoms: usize,
}

/// Lines of a head.
const HEAD: usize = 7;

/// What a head says.
struct Head {
    basis: Matrix3<f64>,
    species: Vec<Species>,
    counts: Vec<usize>,
}

impl Format for Xdatcar {
    fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, ReadError> {
        let mut line = Vec::new();
        if !source.line(&mut line)? || line.iter().all(u8::is_ascii_whitespace) && at_end(source)? {
            return Ok(None);
        }
        if !is_mark(&line) {
            let start = source.line;
            if !source.lines(HEAD - 1, &mut line)? {
                return Err(cut_short(&source.name, Some(source.line)));
            }
            self.head = (line, start);
            let mut mark = Vec::new();
            if !source.line(&mut mark)? {
                return Err(cut_short(&source.name, Some(source.line)));
            }
            check_mark(&mark, source)?;
            self.atoms = Head::of(&self.head, &source.name)?.counts.iter().sum();
        }
        let (mut body, start) = (Vec::new(), source.line + 1);
        if !source.lines(self.atoms, &mut body)? {
            return Err(cut_short(&source.name, Some(source.line)));
        }
        Ok(Some(Raw { number: 0, head: self.head.clone(), body: (body, start) }))
    }

    fn atoms(&self, raw: &Raw, name: &str) -> Result<Atoms, ReadError> {
        let head = Head::of(&raw.head, name)?;
        let each = head.species.iter().zip(&head.counts);
        Ok(Atoms { species: each.flat_map(|(species, count)| std::iter::repeat_n(*species, *count)).collect() })
    }

    fn reads(&self) -> FrameOf {
        frame
    }
}

fn frame(raw: &Raw, atoms: &Atoms, name: &str) -> Result<Frame, ReadError> {
    let head = Head::of(&raw.head, name)?;
    let count = head.counts.iter().sum();
    super::same_count(count, atoms, (name, raw.head.1 + HEAD - 1, raw.number))?;
    let mut lines = Lines::new(&raw.body.0, name, raw.body.1)?;
    let mut fractions = room(atoms);
    for _ in 0..count {
        fractions.push(Vector3::from(lines.numbers::<3>("a position")?));
    }
    Ok(Frame { number: raw.number, step: None, basis: head.basis, fractions, unwrapped: false })
}

/// `Direct configuration= 1`.
fn is_mark(line: &[u8]) -> bool {
    line.trim_ascii_start().to_ascii_lowercase().starts_with(b"direct")
}

fn check_mark(line: &[u8], source: &Source) -> Result<(), ReadError> {
    if is_mark(line) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(line).trim().chars().take(40).collect::<String>();
    let message = format!("\"{text}\" stands where \"Direct configuration=\" was expected");
    Err(ReadError::syntax(&source.name, Some(source.line), message, "give an XDATCAR of VASP 5 or later"))
}

/// Is there nothing but space behind the last frame?
fn at_end(source: &mut Source) -> Result<bool, ReadError> {
    Ok(source.peek()?.iter().all(u8::is_ascii_whitespace))
}

impl Head {
    fn of((text, line): &(Vec<u8>, usize), name: &str) -> Result<Self, ReadError> {
        let mut lines = Lines::new(text, name, *line)?;
        lines.next();
        let [scale] = lines.numbers::<1>("the scale of the cell")?;
        let vectors = [(); 3].map(|()| lines.numbers::<3>("a cell vector"));
        let [a, b, c] = vectors;
        let wrong = |message: &str, hint: &str| ReadError::value(name, Some(line + 2), message, hint);
        let [basis, _] = cell([a?, b?, c?], wrong)?;
        let species = lines
            .next()
            .split_ascii_whitespace()
            .map(|word| species_of(word, &lines))
            .collect::<Result<Vec<_>, _>>()?;
        let counts: Option<Vec<usize>> = lines.next().split_ascii_whitespace().map(|word| word.parse().ok()).collect();
        let matching = counts.filter(|counts| counts.len() == species.len() && counts.iter().sum::<usize>() > 0);
        let counts = matching.ok_or_else(|| {
            lines.wrong("the numbers of atoms do not go with the elements above", "write one number for each element")
        })?;
        // A negative scale is the volume of the cell.
        let factor = if scale < 0.0 { (-scale / basis.determinant().abs()).cbrt() } else { scale };
        if factor == 0.0 {
            return Err(wrong("the scale of the cell is 0", "write a factor on the cell vectors"));
        }
        Ok(Self { basis: basis * factor, species, counts })
    }
}

/// `Li`, `Li_sv`, or `Li/3f2a` of newer versions.
fn species_of(word: &str, lines: &Lines) -> Result<Species, ReadError> {
    let symbol = word.split(['_', '/']).next().unwrap_or_default();
    species::of_symbol(symbol).map(|named| named.species).ok_or_else(|| {
        lines.wrong(
            format!("\"{word}\" is no element"),
            "name the elements on the line above their numbers, as VASP 5 does",
        )
    })
}
