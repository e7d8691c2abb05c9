//! LAMMPS dumps as text.

use nalgebra::{Matrix3, Vector3};

use super::super::ReadError;
use super::super::species;
use super::source::{Source, cut_short};
use super::words::{Cursor, Lines, cell};
use super::{Format, FrameOf, Raw, same_count};
use crate::element::Species;
use crate::trajectory::{Atoms, Frame};

/// What the types 1, 2 ... are, if the user says so.
pub struct Dump {
    types: Vec<Species>,
    open: bool,
}

impl Dump {
    pub fn new(types: &[Species]) -> Self {
        Self { types: types.to_vec(), open: false }
    }
}

/// What stands before the atoms.
struct Head<'a> {
    step: Option<u64>,
    count: usize,
    basis: Matrix3<f64>,
    inverse: Matrix3<f64>,
    origin: Vector3<f64>,
    columns: Columns<'a>,
}

/// Which word of a line is what.
struct Columns<'a> {
    names: Vec<&'a str>,
    id: Option<usize>,
    place: usize,
    /// Are positions fractions?
    scaled: bool,
    /// Do they go on through the faces of the cell?
    unwrapped: bool,
    images: Option<usize>,
}

/// What the line of an atom says.
#[derive(Default)]
struct Atom {
    id: usize,
    place: Vector3<f64>,
    /// Cells that it has gone through.
    images: Vector3<f64>,
}

/// What is wanted of a line, word after word.
#[derive(Clone, Copy)]
enum Wanted {
    Id,
    Place,
    Images,
}

impl Wanted {
    fn words(self) -> usize {
        match self {
            Self::Id => 1,
            Self::Place | Self::Images => 3,
        }
    }
}

impl Format for Dump {
    fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, ReadError> {
        let (mut head, start) = (Vec::new(), source.line + 1);
        let mut count = None;
        loop {
            let from = head.len();
            if !source.line(&mut head)? {
                let nothing = head.iter().all(u8::is_ascii_whitespace);
                return if nothing { Ok(None) } else { Err(cut_short(&source.name, Some(source.line))) };
            }
            let line = String::from_utf8_lossy(&head[from..]).trim().to_owned();
            if line.starts_with("ITEM: BOX BOUNDS") {
                self.open |= line.split(' ').any(|word| word.len() == 2 && word.contains(['f', 's', 'm']));
            } else if line.starts_with("ITEM: NUMBER OF ATOMS") {
                let from = head.len();
                source.line(&mut head)?;
                count = String::from_utf8_lossy(&head[from..]).trim().parse().ok();
            } else if line.starts_with("ITEM: ATOMS") {
                break;
            }
        }
        let wrong =
            || ReadError::syntax(&source.name, Some(start), "a frame without its number of atoms", "dump it again");
        let (count, mut body, begin) = (count.ok_or_else(wrong)?, Vec::new(), source.line + 1);
        if !source.lines(count, &mut body)? {
            return Err(cut_short(&source.name, Some(source.line)));
        }
        Ok(Some(Raw { number: 0, head: (head, start), body: (body, begin) }))
    }

    fn atoms(&self, raw: &Raw, name: &str) -> Result<Atoms, ReadError> {
        let text = text_of(raw, name)?;
        let head = Head::of(text, name, raw.head.1)?;
        let mut lines = Lines::new(&raw.body.0, name, raw.body.1)?;
        let mut atoms = Vec::with_capacity(head.count);
        for k in 0..head.count {
            let words: Vec<&str> = lines.next().split_ascii_whitespace().collect();
            atoms.push((head.columns.id(&words, k, &lines)?, self.species(&head.columns, &words, &lines)?));
        }
        atoms.sort_by_key(|atom| atom.0);
        if let Some(two) = atoms.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(lines.wrong(format!("two atoms have the id {}", two[0].0), "dump every atom once"));
        }
        Ok(Atoms { species: atoms.into_iter().map(|atom| atom.1).collect() })
    }

    fn reads(&self) -> FrameOf {
        frame
    }

    fn warnings(&self) -> Vec<String> {
        let open = "the box is not periodic in every direction, and is taken as if it were";
        self.open.then(|| open.to_owned()).into_iter().collect()
    }
}

fn frame(raw: &Raw, atoms: &Atoms, name: &str) -> Result<Frame, ReadError> {
    let head = Head::of(text_of(raw, name)?, name, raw.head.1)?;
    same_count(head.count, atoms, (name, raw.head.1, raw.number))?;
    let mut lines = Lines::new(&raw.body.0, name, raw.body.1)?;
    let (mut found, wanted) = (Vec::with_capacity(head.count), head.columns.wanted());
    for k in 0..head.count {
        let atom = match lines.hasty(|line| plain_atom(line, &wanted, k)) {
            Some(atom) => atom,
            None => head.columns.atom(k, &mut lines)?,
        };
        found.push((atom.id, head.fractions(&atom)));
    }
    let unwrapped = head.columns.unwrapped || head.columns.images.is_some();
    Ok(Frame { number: raw.number, step: head.step, basis: head.basis, fractions: by_id(found), unwrapped })
}

/// LAMMPS writes atoms in any order; their ids tell who is who.
fn by_id(mut found: Vec<(usize, Vector3<f64>)>) -> Vec<Vector3<f64>> {
    if !found.is_sorted_by_key(|(id, _)| *id) {
        found.sort_by_key(|(id, _)| *id);
    }
    found.into_iter().map(|(_, place)| place).collect()
}

/// What the line of an atom says, if all that is wanted of it is plain.
fn plain_atom(line: &mut Cursor, wanted: &[(usize, Wanted)], k: usize) -> Option<Atom> {
    let (mut atom, mut at) = (Atom { id: k, ..Atom::default() }, 0);
    for (column, what) in wanted {
        (0..column.checked_sub(at)?).for_each(|_| _ = line.word());
        at = column + what.words();
        match what {
            Wanted::Id => atom.id = line.whole()?,
            Wanted::Place => atom.place = line.numbers()?.into(),
            Wanted::Images => atom.images = line.numbers()?.into(),
        }
    }
    Some(atom)
}

impl Dump {
    fn species(&self, columns: &Columns, words: &[&str], lines: &Lines) -> Result<Species, ReadError> {
        let of = |title: &str| columns.at(title).and_then(|k| words.get(k));
        if let Some(word) = of("element") {
            let named = species::of_symbol(word).map(|named| named.species);
            return named
                .ok_or_else(|| lines.wrong(format!("unknown element \"{word}\""), "write a symbol from H to Lr"));
        }
        let hint = "name them in order, --types Li,P,S,Cl, or dump the column element";
        let Some(word) = of("type") else {
            return Err(lines.wrong("the dump has neither a column element nor type", hint));
        };
        let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let named = number.and_then(|number| self.types.get(number)).copied();
        named.ok_or_else(|| lines.wrong(format!("no element is known for the type {word}"), hint))
    }
}

fn text_of<'a>(raw: &'a Raw, name: &str) -> Result<&'a str, ReadError> {
    std::str::from_utf8(&raw.head.0)
        .map_err(|_| ReadError::binary(name, "the file is binary, not text", super::source::HINT))
}

impl<'a> Head<'a> {
    fn of(text: &'a str, name: &str, first: usize) -> Result<Self, ReadError> {
        let mut lines = Lines::new(text.as_bytes(), name, first)?;
        let (mut step, mut count, mut bounds, mut columns) = (None, 0, None, None);
        for _ in 0..text.lines().count() {
            let Some(item) = lines.next().trim().strip_prefix("ITEM: ") else { continue };
            match item.split(' ').next() {
                Some("TIMESTEP") => step = lines.next().trim().parse().ok(),
                Some("NUMBER") => count = lines.next().trim().parse().unwrap_or(0),
                Some("UNITS") => units(&mut lines)?,
                Some("BOX") => bounds = Some(Bounds::read(item, &mut lines)?),
                Some("ATOMS") => columns = Some(item),
                _ => {}
            }
        }
        let missing =
            |what: &str| ReadError::missing(name, Some(first), format!("a frame without {what}"), "dump it again");
        let bounds = bounds.ok_or_else(|| missing("a cell (ITEM: BOX BOUNDS)"))?;
        // The words live as long as the head: they are looked up in it, not in the lines.
        let titles = columns.and_then(|item| text.rfind(item).map(|at| &text[at..at + item.len()]));
        let columns = Columns::of(titles.unwrap_or_default(), &lines)?;
        let [basis, inverse] =
            cell(bounds.vectors, |message, hint| ReadError::value(name, Some(first), message, hint))?;
        Ok(Self { step, count, basis, inverse, origin: bounds.origin, columns })
    }

    fn fractions(&self, atom: &Atom) -> Vector3<f64> {
        let place = if self.columns.scaled { atom.place } else { self.inverse * (atom.place - self.origin) };
        place + atom.images
    }
}

/// Only units in which lengths are in Å.
fn units(lines: &mut Lines) -> Result<(), ReadError> {
    match lines.next().trim() {
        "real" | "metal" => Ok(()),
        other => {
            Err(lines.wrong(format!("units {other}"), "convert the dump to units real or metal, with lengths in Å"))
        }
    }
}

/// The cell of a frame.
struct Bounds {
    vectors: [[f64; 3]; 3],
    origin: Vector3<f64>,
}

impl Bounds {
    /// `BOX BOUNDS pp pp pp`, with `xy xz yz` before for a skew cell; `BOX BOUNDS abc origin` for one that lies anyhow.
    fn read(item: &str, lines: &mut Lines) -> Result<Self, ReadError> {
        const WHAT: &str = "a bound of the box";
        if item.contains("abc origin") {
            let [a, b, c] = [(); 3].map(|()| lines.numbers::<4>(WHAT));
            let (a, b, c) = (a?, b?, c?);
            let vectors = [a, b, c].map(|[x, y, z, _]| [x, y, z]);
            return Ok(Self { vectors, origin: Vector3::new(a[3], b[3], c[3]) });
        }
        if !item.contains("xy xz yz") {
            let [x, y, z] = [(); 3].map(|()| lines.numbers::<2>(WHAT));
            let (x, y, z) = (x?, y?, z?);
            let vectors = [[x[1] - x[0], 0.0, 0.0], [0.0, y[1] - y[0], 0.0], [0.0, 0.0, z[1] - z[0]]];
            return Ok(Self { vectors, origin: Vector3::new(x[0], y[0], z[0]) });
        }
        let [x, y, z] = [(); 3].map(|()| lines.numbers::<3>(WHAT));
        let ([xl, xh, xy], [yl, yh, xz], [zl, zh, yz]) = (x?, y?, z?);
        // The bounds are those of a box with right angles around the skew cell.
        let (left, right) = (
            [0.0, xy, xz, xy + xz].into_iter().fold(0.0, f64::min),
            [0.0, xy, xz, xy + xz].into_iter().fold(0.0, f64::max),
        );
        let (x, y, z) = ([xl - left, xh - right], [yl - yz.min(0.0), yh - yz.max(0.0)], [zl, zh]);
        let vectors = [[x[1] - x[0], 0.0, 0.0], [xy, y[1] - y[0], 0.0], [xz, yz, z[1] - z[0]]];
        Ok(Self { vectors, origin: Vector3::new(x[0], y[0], z[0]) })
    }
}

impl<'a> Columns<'a> {
    fn of(item: &'a str, lines: &Lines) -> Result<Self, ReadError> {
        let names: Vec<&str> = item.split_ascii_whitespace().skip(1).collect();
        let at = |title: &str| names.iter().position(|name| *name == title);
        let kinds = [("xu", false, true), ("xsu", true, true), ("x", false, false), ("xs", true, false)];
        let found = kinds.into_iter().find_map(|(title, scaled, unwrapped)| Some((at(title)?, scaled, unwrapped)));
        let Some((place, scaled, unwrapped)) = found else {
            let message = format!("the columns {} hold no positions", names.join(" "));
            return Err(lines.wrong(message, "dump x y z, xs ys zs or xu yu zu"));
        };
        let (id, images) = (at("id"), at("ix").filter(|_| !unwrapped));
        Ok(Self { names, id, place, scaled, unwrapped, images })
    }

    fn at(&self, title: &str) -> Option<usize> {
        self.names.iter().position(|name| *name == title)
    }

    /// What is wanted of a line, and where it stands, from left to right.
    fn wanted(&self) -> Vec<(usize, Wanted)> {
        let id = self.id.map(|column| (column, Wanted::Id));
        let images = self.images.map(|column| (column, Wanted::Images));
        let mut wanted: Vec<_> = [id, images, Some((self.place, Wanted::Place))].into_iter().flatten().collect();
        wanted.sort_by_key(|(column, _)| *column);
        wanted
    }

    /// What the next line says, the `k`-th of a frame.
    fn atom(&self, k: usize, lines: &mut Lines) -> Result<Atom, ReadError> {
        let words: Vec<&str> = lines.next().split_ascii_whitespace().collect();
        let three = |first: usize, what: &str| -> Result<Vector3<f64>, ReadError> {
            let word = |k: usize| words.get(first + k).copied().unwrap_or("nothing");
            Ok(Vector3::new(lines.number(word(0), what)?, lines.number(word(1), what)?, lines.number(word(2), what)?))
        };
        let id = self.id(&words, k, lines)?;
        let place = three(self.place, "a position")?;
        let images = self.images.map_or(Ok(Vector3::zeros()), |first| three(first, "an image flag"))?;
        Ok(Atom { id, place, images })
    }

    /// Who an atom is; without ids, its place in the frame.
    fn id(&self, words: &[&str], k: usize, lines: &Lines) -> Result<usize, ReadError> {
        let Some(id) = self.id else { return Ok(k) };
        let word = words.get(id).copied().unwrap_or("nothing");
        word.parse().map_err(|_| lines.wrong(format!("the id \"{word}\" is no whole number"), "dump the frame again"))
    }
}
