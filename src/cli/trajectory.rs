//! Trajectories that go in: opened and looked at before any work, then read frame by frame.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::element::Species;
use corefine::expand;
use corefine::model::Model;
use corefine::outcome::InputFile;
use corefine::read::trajectory::{Frames, Options};
use corefine::read::{ReadError, trajectory};
use corefine::trajectory::Frame;
use flate2::bufread::MultiGzDecoder;

use super::args::{Reading, Trajectories};
use super::digest::{Digest, digested};
use super::files::{Input, missing, see_from};
use super::messages::{Failure, warn};
use super::output::Folder;
use super::progress::Progress;
use super::typed::nth;

/// Bytes that are asked of a file at a time.
const BUFFER: usize = 1 << 18;

/// The files that results are made of.
pub struct Sources {
    trajectories: Vec<Digest>,
    topologies: Vec<InputFile>,
}

/// A trajectory with the name that results give it.
pub struct Named {
    pub name: String,
    pub frames: Frames<'static>,
}

impl Sources {
    pub fn of(reading: &Reading) -> Result<Self, Failure> {
        let record = |path: &PathBuf| Ok(Input::read(path)?.record("topology"));
        let topologies = reading.topology.iter().map(record).collect::<Result<_, Failure>>()?;
        Ok(Self { trajectories: Vec::new(), topologies })
    }

    /// Opens a trajectory, the `k`-th of so many, and reads its first frame.
    pub fn open(&mut self, path: &Path, reading: &Reading, nth: (usize, usize)) -> Result<Frames<'static>, Failure> {
        let (file, digest) = digested(path)?;
        self.trajectories.push(digest);
        frames(file, path, options(reading, nth)?)
    }

    /// The files as results in this folder name them, once all is read that is wanted of them.
    pub fn records(&self, folder: &Folder, stop: &AtomicBool) -> Result<Vec<InputFile>, Failure> {
        let trajectories = self.trajectories.iter().map(|digest| digest.record("trajectory", stop));
        let mut files =
            trajectories.chain(self.topologies.clone().into_iter().map(Ok)).collect::<Result<Vec<_>, _>>()?;
        see_from(folder.path(), &mut files);
        Ok(files)
    }
}

/// Opens several.
pub fn open_all(input: &Trajectories) -> Result<(Vec<Named>, Sources), Failure> {
    let names = names(input)?;
    let mut sources = Sources::of(&input.reading)?;
    let files = names.len();
    let open = |(k, (name, path)): (usize, (String, &PathBuf))| {
        Ok(Named { name, frames: sources.open(path, &input.reading, (k, files))? })
    };
    let opened = names.into_iter().zip(&input.files).enumerate().map(open).collect::<Result<_, Failure>>()?;
    Ok((opened, sources))
}

/// What results call the trajectories.
fn names(input: &Trajectories) -> Result<Vec<String>, Failure> {
    let (given, files) = (&input.names, input.files.len());
    if given.is_empty() {
        return Ok(input.files.iter().map(|path| path.display().to_string()).collect());
    }
    if given.len() != files {
        let message = format!("--names has {} names for {files} trajectories", given.len());
        return Err(Failure::with_hint(message, "write one for each, in order"));
    }
    let twice = |k: usize| given[k].trim().is_empty() || given[..k].contains(&given[k]);
    match (0..files).find(|k| twice(*k)) {
        Some(k) => {
            let message = format!("--names has \"{}\" twice, or an empty name", given[k]);
            Err(Failure::with_hint(message, "write a name of its own for each: --names crystal,glass"))
        }
        None => Ok(given.clone()),
    }
}

/// Opens a trajectory that no results name.
fn open(path: &Path, reading: &Reading) -> Result<Frames<'static>, Failure> {
    let file = File::open(path).map_err(|error| missing(&path.display().to_string(), &error))?;
    frames(file, path, options(reading, (0, 1))?)
}

fn frames(file: impl Read + Send + 'static, path: &Path, options: Options) -> Result<Frames<'static>, Failure> {
    let name = path.display().to_string();
    let mut plain = BufReader::with_capacity(BUFFER, file);
    let start = plain.fill_buf().map_err(|error| missing(&name, &error))?;
    let frames = if start.starts_with(b"\x1f\x8b") {
        Frames::open(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)), &name, options)
    } else {
        Frames::open(plain, &name, options)
    };
    frames.map_err(Failure::of)
}

/// Is it a trajectory, and not a single structure? An xyz is one if it has a second frame.
pub fn is_trajectory(path: &Path) -> Result<bool, Failure> {
    let name = path.display().to_string();
    let failed = |error: &std::io::Error| missing(&name, error);
    let mut start = vec![0; 4096];
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let length = file.read(&mut start).map_err(|error| failed(&error))?;
    start.truncate(length);
    if start.starts_with(b"\x1f\x8b") || start.get(4..8) == Some(b"CORD") || start.starts_with(b"ITEM:") {
        return Ok(true);
    }
    let text = String::from_utf8_lossy(&start);
    if text
        .lines()
        .nth(7)
        .is_some_and(|line| line.trim_start().to_ascii_lowercase().starts_with("direct configuration"))
    {
        return Ok(true);
    }
    let Ok(atoms) = text.lines().next().unwrap_or_default().trim().parse::<usize>() else { return Ok(false) };
    let lines = BufReader::new(File::open(path).map_err(|error| failed(&error))?).lines();
    // What is no text has no lines, and is left to the readers of structures.
    Ok(lines.map_while(Result::ok).skip(atoms + 2).any(|line| !line.trim().is_empty()))
}

/// How the `k`-th of so many trajectories is read.
fn options(reading: &Reading, (k, files): (usize, usize)) -> Result<Options, Failure> {
    if reading.stride == 0 || reading.frames == Some(0) {
        return Err(Failure::with_hint("--stride or --frames is 0", "write 1 or more"));
    }
    let species = |word: &String| word.parse().map_err(|error| Failure::new(format!("--types: {error}")));
    let types = reading.types.iter().map(species).collect::<Result<Vec<Species>, _>>()?;
    let topology = nth("--topology", &reading.topology, (k, files))?.map(|path| topology(path, &types)).transpose()?;
    Ok(Options {
        skip: reading.skip,
        stride: reading.stride,
        most: reading.frames,
        types,
        species: topology.unwrap_or_default(),
    })
}

/// The species of all atoms, in the order of a file.
fn topology(path: &Path, types: &[Species]) -> Result<Vec<Species>, Failure> {
    let input = Input::read(path)?;
    if let Some(species) = trajectory::data_species(&input.bytes, &input.name, types) {
        return species.map_err(Failure::of);
    }
    let (model, _) = input.model()?;
    let crystal = expand::crystal(&model).map_err(|error| Failure::of(format!("{}: {error}", input.name)))?;
    Ok(crystal.atoms.iter().map(|atom| crystal.species[atom.species]).collect())
}

/// A trajectory, and the first frame that will be read of it as a structure with this U (Å²).
pub fn first_frame(path: &Path, reading: &Reading, uiso: f64) -> Result<(Frames<'static>, Model), Failure> {
    let mut frames = open(path, reading)?;
    let (mut first, atoms) = (None, frames.atoms().clone());
    let take = |model| {
        first = Some(model);
        false
    };
    frames.each(|frame| frame.model(&atoms, uiso), take).map_err(Failure::of)?;
    // A stream cannot go back: it is opened again, so that its first frame is counted with the others.
    Ok((open(path, reading)?, first.ok_or_else(|| no_frame(frames.name()))?))
}

fn no_frame(name: &str) -> Failure {
    Failure::with_hint(format!("{name}: no frame is left to read"), "take smaller --skip and --stride")
}

/// `work` on every frame, what comes of it to `take`, until the file ends, `take` fails or the user stops it.
///
/// A file that was cut short is an error: what a whole file would have said is not known.
pub fn each<T: Send>(
    frames: &mut Frames,
    stop: &AtomicBool,
    work: impl Fn(Frame) -> T + Sync + Send,
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let progress = Progress::start();
    let (mut taken, mut failed) = (0, None);
    let read = frames.each(work, |done| {
        failed = take(done).err();
        taken += 1;
        progress.frames(taken);
        failed.is_none() && !stop.load(Ordering::Relaxed)
    });
    drop(progress);
    if let Some(failure) = failed {
        return Err(failure);
    }
    frames.warnings().iter().for_each(|text| warn(text));
    match read.map_err(|error: ReadError| Failure::of(error))? {
        0 => Err(no_frame(frames.name())),
        n if stop.load(Ordering::Relaxed) => {
            warn(&format!("{}: stopped after {n} frames", frames.name()));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Has the user stopped the run before this trajectory? What others have said by then is written without it.
pub fn is_stopped<T>(stop: &AtomicBool, name: &str, results: &[T]) -> bool {
    let is = stop.load(Ordering::Relaxed) && !results.is_empty();
    if is {
        warn(&format!("{name}: not read, as the run was stopped"));
    }
    is
}
