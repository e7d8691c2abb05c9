//! Trajectories, frame by frame: only the frames at work are in memory.
//!
//! | format | known by | positions |
//! |---|---|---|
//! | VASP `XDATCAR`, one cell or one for each frame | a scale on its second line | fractions |
//! | extended xyz | a number of atoms on its first line | Å |
//! | LAMMPS dump, text | `ITEM:` | `x`, `xs`, `xu`, `xsu`, with `ix iy iz` if they are there |
//! | DCD, with the species of another file | `CORD` in its first bytes | Å |

mod data;
mod dcd;
mod lammps;
mod source;
mod words;
mod xdatcar;
mod xyz;

use nalgebra::Vector3;

use super::ReadError;
use crate::element::Species;
use crate::threads;
use crate::trajectory::{Atoms, Frame};
pub use data::data_species;
use source::{HINT, Source};

/// Which frames are read, and what the file does not say itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Frames that are passed over at the start.
    pub skip: usize,
    /// Of the rest the first of each so many.
    pub stride: usize,
    /// At most so many are read.
    pub most: Option<usize>,
    /// What the types 1, 2 ... of a LAMMPS dump are, where it names no elements.
    pub types: Vec<Species>,
    /// The species of each atom, for a format that knows none (DCD).
    pub species: Vec<Species>,
}

impl Default for Options {
    fn default() -> Self {
        Self { skip: 0, stride: 1, most: None, types: Vec::new(), species: Vec::new() }
    }
}

/// A frame as it stands in the file.
#[derive(Debug, Clone, Default)]
struct Raw {
    /// Counted from 1.
    number: usize,
    /// What stands before the positions, and the line that it begins on.
    head: (Vec<u8>, usize),
    /// A line for each atom, and the line that they begin on.
    body: (Vec<u8>, usize),
}

/// What a format has to know of itself.
trait Format: Send + Sync {
    /// The next frame as it stands in the file; `None` at its end.
    fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, ReadError>;
    /// What the first frame says of the atoms.
    fn atoms(&self, raw: &Raw, name: &str) -> Result<Atoms, ReadError>;
    /// How its frames are read, once the atoms are known: apart from the file, so that frames are read while others come.
    fn reads(&self) -> FrameOf;
    /// What a user should know about the file.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a frame says, of which the atoms and the file's name are known.
type FrameOf = fn(&Raw, &Atoms, &str) -> Result<Frame, ReadError>;

/// A trajectory that is being read.
pub struct Frames<'a> {
    name: String,
    coming: Coming<'a>,
    atoms: Atoms,
    reads: FrameOf,
}

/// The frames that are still to come.
struct Coming<'a> {
    source: Source<'a>,
    format: Box<dyn Format>,
    options: Options,
    /// The first frame, which told what the atoms are.
    first: Option<Frame>,
    /// Frames that came so far, and how many of them were picked.
    came: usize,
    picked: usize,
}

/// A frame that has come.
enum Came {
    /// As it stands in the file.
    Raw(Raw),
    /// It has been read already.
    Read(Frame),
}

/// Frames that are worked on together, and whether the file is at its end, or why it cannot be read on.
type Batch = (Vec<Came>, Result<bool, ReadError>);

/// A frame that is larger than this, in bytes, is worked on with all threads; of smaller ones each thread has its own.
const LARGE: usize = 64 << 20;

/// Of frames so many come together for each thread, and more where they are small, as to hand work over takes its time too: so many
/// bytes for each thread, but no more than so many frames.
const FRAMES: usize = 2;
const SMALL: usize = 128 << 10;
const SMALL_FRAMES: usize = 16;

impl<'a> Frames<'a> {
    /// Looks at a stream's beginning: its format, its atoms.
    ///
    /// # Errors
    /// No known format, no elements, a first frame that makes no sense.
    ///
    /// ```
    /// use corefine::read::trajectory::{Frames, Options};
    /// let text = "Li N\n1.0\n3 0 0\n0 3 0\n0 0 3\nLi N\n1 1\nDirect configuration= 1\n0 0 0\n0.5 0.5 0.5\n";
    /// let mut frames = Frames::open(text.as_bytes(), "XDATCAR", Options::default()).unwrap();
    /// assert_eq!(frames.atoms().species.len(), 2);
    /// let mut places = Vec::new();
    /// let read = frames.each(|frame| frame.fractions[1][2], |z| { places.push(z); true });
    /// assert_eq!((read, places), (Ok(1), vec![0.5]));
    /// ```
    pub fn open(stream: impl std::io::BufRead + Send + 'a, name: &str, options: Options) -> Result<Self, ReadError> {
        let mut source = Source::new(stream, name);
        let mut format = format_of(&mut source, &options)?;
        let first = format.next(&mut source)?.ok_or_else(|| ReadError::empty(name))?;
        let (atoms, reads) = (format.atoms(&first, name)?, format.reads());
        let first = Some(reads(&first, &atoms, name)?);
        let coming = Coming { source, format, options, first, came: 0, picked: 0 };
        Ok(Self { name: name.to_owned(), coming, atoms, reads })
    }

    /// What stays for all frames.
    pub fn atoms(&self) -> &Atoms {
        &self.atoms
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a user should know about the file, as far as it has been read.
    pub fn warnings(&self) -> Vec<String> {
        self.coming.format.warnings().into_iter().map(|text| format!("{}: {text}", self.name())).collect()
    }

    /// `work` on every picked frame, several at a time, and what comes of it to `take`, in order, which says whether to go on.
    /// Gives the number of frames that were taken.
    ///
    /// # Errors
    /// A frame that cannot be read: cut short, of another number of atoms, with a position that is no number. Frames before it
    /// have been taken.
    pub fn each<T: Send>(
        &mut self,
        work: impl Fn(Frame) -> T + Sync + Send,
        mut take: impl FnMut(T) -> bool,
    ) -> Result<usize, ReadError> {
        let Self { name, coming, atoms, reads } = self;
        let read = |came: Came| match came {
            Came::Raw(raw) => reads(&raw, atoms, name),
            Came::Read(frame) => Ok(frame),
        };
        let (mut taken, mut batch) = (0, coming.batch());
        loop {
            let (frames, end) = batch;
            let at_end = end != Ok(false);
            // While some frames are worked on, the next ones come.
            let (done, next) = threads::both(
                || worked_on(frames, |came| read(came).map(&work)),
                || if at_end { (Vec::new(), end) } else { coming.batch() },
            );
            for result in done {
                taken += 1;
                if !take(result?) {
                    return Ok(taken);
                }
            }
            if at_end {
                return next.1.map(|_| taken);
            }
            batch = next;
        }
    }
}

/// What comes of each frame, several at a time: a thread has whole frames, unless there is only one of them.
fn worked_on<T: Send>(frames: Vec<Came>, work: impl Fn(Came) -> T + Sync) -> Vec<T> {
    let alone = frames.len() > 1;
    threads::map_each(frames, |came| if alone { threads::alone(|| work(came)) } else { work(came) })
}

impl Coming<'_> {
    fn batch(&mut self) -> Batch {
        let (mut batch, mut size) = (Vec::new(), 0);
        let threads = threads::count();
        let is_full = |frames: usize, size: usize| {
            let most = if size < SMALL * threads { SMALL_FRAMES } else { FRAMES };
            frames >= most * threads || size >= LARGE
        };
        while !is_full(batch.len(), size) {
            match self.next() {
                Ok(Some(came)) => {
                    size += came.size();
                    batch.push(came);
                }
                Ok(None) => return (batch, Ok(true)),
                Err(error) => return (batch, Err(error)),
            }
        }
        (batch, Ok(false))
    }

    /// The next frame that was asked for.
    fn next(&mut self) -> Result<Option<Came>, ReadError> {
        if self.options.most.is_some_and(|most| self.picked >= most) {
            return Ok(None);
        }
        loop {
            let next = match self.first.take() {
                Some(first) => Some(Came::Read(first)),
                None => self.format.next(&mut self.source)?.map(Came::Raw),
            };
            let Some(came) = next else { return Ok(None) };
            self.came += 1;
            let past = self.came.checked_sub(self.options.skip + 1);
            if past.is_some_and(|past| past.is_multiple_of(self.options.stride.max(1))) {
                self.picked += 1;
                return Ok(Some(came.numbered(self.came)));
            }
        }
    }
}

impl Came {
    /// About how much memory it takes, bytes.
    fn size(&self) -> usize {
        match self {
            Self::Raw(raw) => raw.body.0.len(),
            Self::Read(frame) => size_of_val(&frame.fractions[..]),
        }
    }

    fn numbered(mut self, number: usize) -> Self {
        match &mut self {
            Self::Raw(raw) => raw.number = number,
            Self::Read(frame) => frame.number = number,
        }
        self
    }
}

fn format_of(source: &mut Source, options: &Options) -> Result<Box<dyn Format>, ReadError> {
    let name = source.name.clone();
    let start = source.peek()?;
    if start.is_empty() {
        return Err(ReadError::empty(&name));
    }
    if start.get(4..8) == Some(b"CORD") {
        return dcd::Dcd::new(source, &options.species).map(|dcd| Box::new(dcd) as Box<dyn Format>);
    }
    let text = String::from_utf8_lossy(&start[..start.len().min(4096)]).into_owned();
    let mut lines = text.lines();
    let (first, second) = (lines.next().unwrap_or_default().trim(), lines.next().unwrap_or_default().trim());
    if first.starts_with("ITEM:") {
        Ok(Box::new(lammps::Dump::new(&options.types)))
    } else if first.parse::<usize>().is_ok() && second.parse::<f64>().is_err() {
        Ok(Box::new(xyz::Xyz::default()))
    } else if second.parse::<f64>().is_ok() {
        Ok(Box::new(xdatcar::Xdatcar::default()))
    } else {
        Err(ReadError::unknown_format(&name, "its first lines are those of no trajectory that is known", HINT))
    }
}

/// Are there as many atoms as in the first frame?
fn same_count(count: usize, atoms: &Atoms, place: (&str, usize, usize)) -> Result<(), ReadError> {
    let (name, line, number) = place;
    if count == atoms.species.len() {
        return Ok(());
    }
    let message = format!("frame {number} has {count} atoms, the first one {}", atoms.species.len());
    Err(ReadError::value(name, Some(line), message, "take the frames of one system, in one file each"))
}

/// Room for the positions of all atoms.
fn room(atoms: &Atoms) -> Vec<Vector3<f64>> {
    Vec::with_capacity(atoms.species.len())
}
