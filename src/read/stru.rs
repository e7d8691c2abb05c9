//! PDFfit structure files, `.stru`: formats `pdffit` and `discus`.
//!
//! The keywords are those of Proffen & Billinge 1999, J. Appl. Cryst. 32, 572, and of PDFfit2's manual.

use nalgebra::Vector3;

use super::numbers::number;
use super::species;
use super::{ReadError, Reading, sound};
use crate::model::{Adp, Cell, Model, Profile, Site, SpaceGroup};
use crate::units::{EIGHT_PI_SQUARED, Frac};

/// Reads a `.stru` file: every atom of the cell is a site of P 1.
///
/// `sharp` has three fields, `delta2, sratio, rcut`, or four, `delta2, delta1, sratio, rcut`. Where `ncell` repeats the
/// cell, the large cell is read. A tensor that is isotropic in the file's cell becomes a `Uiso`.
///
/// # Errors
/// An unknown keyword, a value that is no number, fewer atoms than `ncell` says.
///
/// ```
/// let text = "title Po\nformat pdffit\nsharp 2.5, 1.0, 0.0\ncell 3.36, 3.36, 3.36, 90, 90, 90\nncell 1, 1, 1, 1\natoms\n\
///             PO 0 0 0 1.0\n0 0 0 0\n0.005 0.005 0.005\n0 0 0\n0 0 0\n0 0 0\n";
/// let model = corefine::read::stru::stru(text, "po.stru").unwrap().value;
/// assert_eq!((model.profile.delta2, model.sites[0].label.as_str()), (2.5, "Po1"));
/// ```
pub fn stru(text: &str, name: &str) -> Result<Reading<Model>, ReadError> {
    let mut reader = Reader::new(text, name);
    reader.header()?;
    let cell = reader.cell.ok_or_else(|| reader.missing("cell", "cell 3.52, 3.52, 3.52, 90, 90, 90"))?;
    while let Some(line) = reader.next_line() {
        let site = if reader.discus { reader.discus_atom(&line)? } else { reader.pdffit_atom(&line, &cell)? };
        reader.sites.push(site);
    }
    reader.check_count()?;
    reader.check_group();
    let repeat = reader.repeat;
    let cell = large_cell(&cell, repeat);
    for site in &mut reader.sites {
        site.position.0.component_div_assign(&Vector3::from(repeat.map(f64::from)));
    }
    let Reader { title, profile, sites, warnings, .. } = reader;
    let model = Model {
        title,
        provenance: Vec::new(),
        cluster: false,
        cell,
        space_group: SpaceGroup::default(),
        profile,
        sites,
    };
    sound::check(&model, name)?;
    Ok(Reading { value: model, warnings })
}

struct Line<'a> {
    number: usize,
    words: Vec<&'a str>,
}

struct Reader<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    name: &'a str,
    title: String,
    discus: bool,
    profile: Profile,
    cell: Option<Cell>,
    /// The space group's symbol: PDFfit lists every atom of the cell all the same.
    group: String,
    repeat: [u32; 3],
    expected: Option<usize>,
    sites: Vec<Site>,
    warnings: Vec<String>,
}

fn large_cell(cell: &Cell, repeat: [u32; 3]) -> Cell {
    let [na, nb, nc] = repeat.map(f64::from);
    Cell { a: cell.a * na, b: cell.b * nb, c: cell.c * nc, ..*cell }
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, name: &'a str) -> Self {
        Self {
            lines: text.lines().enumerate(),
            name,
            title: String::new(),
            discus: false,
            profile: Profile::default(),
            cell: None,
            group: String::new(),
            repeat: [1; 3],
            expected: None,
            sites: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The next line with something on it, its words parted by blanks or commas.
    fn next_line(&mut self) -> Option<Line<'a>> {
        self.lines.by_ref().find_map(|(i, line)| {
            let words: Vec<&str> =
                line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
            let speaks = words.first().is_some_and(|word| !word.starts_with('#'));
            speaks.then_some(Line { number: i + 1, words })
        })
    }

    /// Everything up to the line `atoms`.
    fn header(&mut self) -> Result<(), ReadError> {
        while let Some(line) = self.next_line() {
            if line.words[0].eq_ignore_ascii_case("atoms") {
                return Ok(());
            }
            self.keyword(&line)?;
        }
        Err(self.missing("atoms", "atoms, and behind it the atoms; check that the file was not cut short"))
    }

    fn keyword(&mut self, line: &Line<'_>) -> Result<(), ReadError> {
        match line.words[0].to_ascii_lowercase().as_str() {
            "title" => self.title = line.words[1..].join(" "),
            "format" => self.format(line)?,
            "scale" => self.profile.scale = self.numbers::<1>(line, 1)?[0],
            "sharp" => self.sharp(line)?,
            "shape" => self.shape(line)?,
            "cell" => self.cell = Some(self.read_cell(line)?),
            "ncell" => self.ncell(line)?,
            "spcgr" => self.group = line.words[1..].concat(),
            // Uncertainties of the cell.
            "dcell" => {}
            other => return Err(self.unknown_keyword(other, line.number)),
        }
        Ok(())
    }

    fn format(&mut self, line: &Line<'_>) -> Result<(), ReadError> {
        match line.words.get(1).map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("pdffit") => self.discus = false,
            Some("discus") => self.discus = true,
            other => {
                let message = format!("format \"{}\" is not known", other.unwrap_or(""));
                return Err(ReadError::value(self.name, Some(line.number), message, "write pdffit or discus"));
            }
        }
        Ok(())
    }

    fn sharp(&mut self, line: &Line<'_>) -> Result<(), ReadError> {
        if line.words.len() > 4 {
            let [delta2, delta1, sratio, rcut] = self.numbers::<4>(line, 1)?;
            self.profile = Profile { delta1, delta2, sratio, rcut, ..self.profile };
        } else {
            let [delta2, sratio, rcut] = self.numbers::<3>(line, 1)?;
            self.profile = Profile { delta2, sratio, rcut, ..self.profile };
        }
        Ok(())
    }

    fn shape(&mut self, line: &Line<'_>) -> Result<(), ReadError> {
        let [size] = self.numbers::<1>(line, 2)?;
        match line.words[1].to_ascii_lowercase().as_str() {
            "sphere" => self.profile.spdiameter = size,
            "stepcut" => self.profile.stepcut = size,
            other => {
                let message = format!("shape \"{other}\" is not known");
                return Err(ReadError::value(self.name, Some(line.number), message, "write sphere or stepcut"));
            }
        }
        Ok(())
    }

    fn read_cell(&self, line: &Line<'_>) -> Result<Cell, ReadError> {
        if line.words.len() == 4 {
            let [a, b, c] = self.numbers::<3>(line, 1)?;
            return Ok(Cell::from_parameters([a, b, c, 90.0, 90.0, 90.0]));
        }
        Ok(Cell::from_parameters(self.numbers::<6>(line, 1)?))
    }

    fn ncell(&mut self, line: &Line<'_>) -> Result<(), ReadError> {
        let counts = self.numbers::<4>(line, 1)?;
        if counts.iter().any(|n| n.fract() != 0.0 || *n < 1.0 || *n > 1e6) {
            let message = format!("ncell {counts:?} is not four whole numbers from 1");
            let hint = "write how often each edge repeats and the atoms of one cell";
            return Err(ReadError::value(self.name, Some(line.number), message, hint));
        }
        self.repeat = [counts[0] as u32, counts[1] as u32, counts[2] as u32];
        self.expected = Some(counts.iter().product::<f64>() as usize);
        Ok(())
    }

    /// `SYMBOL x y z occ`, its esds, `U11 U22 U33`, theirs, `U12 U13 U23`, theirs.
    fn pdffit_atom(&mut self, line: &Line<'_>, cell: &Cell) -> Result<Site, ReadError> {
        let [x, y, z, occ] = self.numbers::<4>(line, 1)?;
        self.atom_line(line)?;
        let diagonal_line = self.atom_line(line)?;
        let diagonal = self.numbers::<3>(&diagonal_line, 0)?;
        self.atom_line(line)?;
        let across_line = self.atom_line(line)?;
        let across = self.numbers::<3>(&across_line, 0)?;
        self.atom_line(line)?;
        if diagonal.iter().any(|u| *u < 0.0) {
            let message = format!("displacement parameters {diagonal:?} of an atom are negative");
            let hint = "a mean square displacement is 0 or more";
            return Err(ReadError::value(self.name, Some(diagonal_line.number), message, hint));
        }
        let adp = adp([diagonal[0], diagonal[1], diagonal[2], across[0], across[1], across[2]], cell);
        self.site(line, Frac::new(x, y, z), occ, adp)
    }

    /// `SYMBOL x y z B`.
    fn discus_atom(&mut self, line: &Line<'_>) -> Result<Site, ReadError> {
        let [x, y, z, b] = self.numbers::<4>(line, 1)?;
        self.site(line, Frac::new(x, y, z), 1.0, Adp::Iso(b / EIGHT_PI_SQUARED))
    }

    fn atom_line(&mut self, first: &Line<'_>) -> Result<Line<'a>, ReadError> {
        let hint = "every atom has six lines in format pdffit; check that the file was not cut short";
        self.next_line().ok_or_else(|| {
            ReadError::syntax(self.name, Some(first.number), "the file ends inside the atom that starts here", hint)
        })
    }

    fn site(&mut self, line: &Line<'_>, position: Frac, occ: f64, adp: Adp) -> Result<Site, ReadError> {
        let symbol = line.words[0];
        let named = species::of_symbol(symbol).ok_or_else(|| {
            let hint = "write a symbol from H to Lr, with a charge such as O2- if any";
            ReadError::value(self.name, Some(line.number), format!("unknown element \"{symbol}\""), hint)
        })?;
        if occ < 0.0 {
            let message = format!("occupancy {occ} is negative");
            return Err(ReadError::value(self.name, Some(line.number), message, "write a number from 0 to 1"));
        }
        let remark = named.remark.map(|remark| format!("{}:{}: {remark}", self.name, line.number));
        self.warnings.extend(remark);
        let label = format!("{}{}", named.species.element, self.sites.len() + 1);
        let (beyond, inside, disorder) = (None, None, None);
        Ok(Site { label, species: named.species, position, occ, adp: Some(adp), beyond, inside, disorder })
    }

    /// `N` numbers of a line behind the first `skip` words.
    fn numbers<const N: usize>(&self, line: &Line<'_>, skip: usize) -> Result<[f64; N], ReadError> {
        let mut values = [0.0; N];
        for (k, value) in values.iter_mut().enumerate() {
            let word = line.words.get(skip + k).copied().unwrap_or("nothing");
            *value = number(word).ok_or_else(|| {
                let message = format!("\"{}\": {N} numbers were expected, found {word}", line.words.join(" "));
                ReadError::value(self.name, Some(line.number), message, "correct the line")
            })?;
        }
        Ok(values)
    }

    fn check_count(&self) -> Result<(), ReadError> {
        match self.expected {
            Some(expected) if expected != self.sites.len() => {
                let message = format!("ncell says {expected} atoms, the file has {}", self.sites.len());
                let hint = "correct ncell; check that the file was not cut short";
                Err(ReadError::syntax(self.name, None, message, hint))
            }
            _ => Ok(()),
        }
    }

    /// DISCUS may mean an asymmetric unit where it names a space group.
    fn check_group(&mut self) {
        if self.discus && !self.group.is_empty() && !self.group.eq_ignore_ascii_case("P1") {
            let text = format!(
                "{}: space group {} was not applied; the atoms listed were taken as all of the cell",
                self.name, self.group
            );
            self.warnings.push(text);
        }
    }

    fn unknown_keyword(&self, word: &str, line: usize) -> ReadError {
        let hint = "PDFfit files know title, format, scale, sharp, shape, spcgr, cell, dcell, ncell, atoms";
        ReadError::syntax(self.name, Some(line), format!("unknown keyword \"{word}\""), hint)
    }

    fn missing(&self, what: &str, example: &str) -> ReadError {
        ReadError::missing(
            self.name,
            None,
            format!("there is no line \"{what}\""),
            format!("write a line such as {example}"),
        )
    }
}

/// `Uiso` if the tensor is isotropic in the cell to the eight digits of such files.
fn adp(u: [f64; 6], cell: &Cell) -> Adp {
    let isotropic = Adp::Iso(u[0]);
    let difference = Adp::Aniso(u).cartesian(cell) - isotropic.cartesian(cell);
    if difference.amax() < 2e-8 { isotropic } else { Adp::Aniso(u) }
}
