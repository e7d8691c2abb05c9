//! Trajectories that go in: opened and looked at before any work, then read frame by frame.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::expand;
use corefine::model::Model;
use corefine::outcome::InputFile;
use corefine::read::trajectory::{Frames, Options};
use corefine::read::{ReadError, trajectory};
use corefine::trajectory::Frame;
use flate2::bufread::MultiGzDecoder;

use super::args::{self, Reading, Trajectories};
use super::digest::{Digest, digested};
use super::files::{Input, missing, see_from};
use super::messages::{Failure, warn};
use super::output::Folder;
use super::progress::Progress;

/// Bytes that are asked of a file at a time.
const BUFFER: usize = 1 << 20;

/// The files that results are made of.
pub struct Sources {
    trajectories: Vec<Digest>,
    topology: Option<InputFile>,
}

impl Sources {
    pub fn of(reading: &Reading) -> Result<Self, Failure> {
        let topology = reading.topology.as_deref().map(|path| Ok(Input::read(path)?.record("topology"))).transpose()?;
        Ok(Self { trajectories: Vec::new(), topology })
    }

    /// Opens a trajectory and reads its first frame.
    pub fn open(&mut self, path: &Path, reading: &Reading) -> Result<Frames<'static>, Failure> {
        let (file, digest) = digested(path)?;
        self.trajectories.push(digest);
        frames(file, path, reading)
    }

    /// The files as results in this folder name them, once all is read that is wanted of them.
    pub fn records(&self, folder: &Folder) -> Result<Vec<InputFile>, Failure> {
        let trajectories = self.trajectories.iter().map(|digest| digest.record("trajectory"));
        let mut files = trajectories.chain(self.topology.clone().map(Ok)).collect::<Result<Vec<_>, _>>()?;
        see_from(folder.path(), &mut files);
        Ok(files)
    }
}

/// Opens several.
pub fn open_all(input: &Trajectories) -> Result<(Vec<Frames<'static>>, Sources), Failure> {
    let mut sources = Sources::of(&input.reading)?;
    let opened = input.trajectories.iter().map(|path| sources.open(path, &input.reading));
    Ok((opened.collect::<Result<_, _>>()?, sources))
}

/// Opens a trajectory that no results name.
fn open(path: &Path, reading: &Reading) -> Result<Frames<'static>, Failure> {
    let file = File::open(path).map_err(|error| missing(&path.display().to_string(), &error))?;
    frames(file, path, reading)
}

fn frames(file: impl Read + Send + 'static, path: &Path, reading: &Reading) -> Result<Frames<'static>, Failure> {
    let name = path.display().to_string();
    let mut plain = BufReader::with_capacity(BUFFER, file);
    let start = plain.fill_buf().map_err(|error| missing(&name, &error))?;
    let options = options(reading)?;
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

fn options(reading: &Reading) -> Result<Options, Failure> {
    if reading.stride == 0 || reading.frames == Some(0) {
        return Err(Failure::with_hint("--stride or --frames is 0", "write 1 or more"));
    }
    let species = |word: &String| word.parse().map_err(|error| Failure::new(format!("--types: {error}")));
    Ok(Options {
        skip: reading.skip,
        stride: reading.stride,
        most: reading.frames,
        types: reading.types.iter().map(species).collect::<Result<_, _>>()?,
        species: reading.topology.as_deref().map_or_else(|| Ok(Vec::new()), topology)?,
    })
}

/// The species of all atoms, in the order of a file.
fn topology(path: &Path) -> Result<Vec<corefine::element::Species>, Failure> {
    let input = Input::read(path)?;
    if let Some(species) = trajectory::data_species(&input.bytes, &input.name) {
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

/// `work` on every frame, what comes of it to `take`, until the file ends or the user stops it.
///
/// A file that was cut short is an error: what a whole file would have said is not known.
pub fn each<T: Send>(
    frames: &mut Frames,
    stop: &AtomicBool,
    work: impl Fn(Frame) -> T + Sync + Send,
    mut take: impl FnMut(T),
) -> Result<(), Failure> {
    let progress = Progress::start();
    let mut taken = 0;
    let read = frames.each(work, |done| {
        take(done);
        taken += 1;
        progress.frames(taken);
        !stop.load(Ordering::Relaxed)
    });
    drop(progress);
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

/// The time between the frames that are read.
#[derive(Debug, Clone)]
pub struct Clock {
    /// A step of the simulation, ps.
    step: f64,
    /// Steps between two frames of the file, if the user says so.
    every: Option<usize>,
    stride: usize,
    /// The first and the last count of steps that came, how many frames, and where counts were uneven.
    first: Option<u64>,
    last: Option<u64>,
    between: Option<u64>,
    uneven: Option<usize>,
}

impl Clock {
    pub fn of(args: &args::Clock, reading: &Reading) -> Result<Self, Failure> {
        let Some(text) = &args.timestep else {
            let hint =
                "give the time step of the simulation: --timestep 1fs, and --every N if not every step was written";
            return Err(Failure::with_hint("the time between frames is not known: --timestep is missing", hint));
        };
        if args.every == Some(0) {
            return Err(Failure::with_hint("--every is 0", "write 1 or more"));
        }
        let step = duration(text)?;
        let (every, stride) = (args.every, reading.stride);
        Ok(Self { step, every, stride, first: None, last: None, between: None, uneven: None })
    }

    /// Looks at a frame's count of steps.
    pub fn see(&mut self, frame: &Frame) {
        if let (Some(last), Some(now)) = (self.last, frame.step) {
            let between = now.checked_sub(last).filter(|steps| *steps > 0);
            let even = between.is_some() && self.between.is_none_or(|known| Some(known) == between);
            self.uneven = self.uneven.or((!even).then_some(frame.number));
            self.between = self.between.or(between);
        }
        self.first = self.first.or(frame.step);
        self.last = frame.step;
    }

    /// Time between two frames that were read, ps.
    pub fn between(&self, name: &str) -> Result<f64, Failure> {
        if let (Some(number), None) = (self.uneven, self.every) {
            let message =
                format!("{name}: frame {number} does not come as many steps after its neighbour as the others");
            return Err(Failure::with_hint(message, "write frames at equal times, or say how many steps with --every"));
        }
        let stated = self.every.map(|every| every * self.stride);
        let steps = stated.map(|steps| steps as f64).or(self.between.map(|steps| steps as f64));
        Ok(self.step * steps.unwrap_or(self.stride as f64))
    }
}

/// `1fs`, `0.002 ps`, in ps.
fn duration(text: &str) -> Result<f64, Failure> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "as" => Some(1e-6),
        "fs" => Some(1e-3),
        "ps" => Some(1.0),
        "ns" => Some(1e3),
        _ => None,
    };
    let time = number.trim().parse::<f64>().ok().zip(factor).map(|(number, factor)| number * factor);
    let sound = time.filter(|time| time.is_finite() && *time > 0.0);
    sound.ok_or_else(|| {
        Failure::with_hint(format!("--timestep is \"{text}\""), "write a time with its unit: 1fs, 0.002ps")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, ps) in [("1fs", 1e-3), ("0.5 fs", 5e-4), ("2e-3ps", 2e-3), ("1ns", 1e3), ("100as", 1e-4)] {
            assert!((duration(text).unwrap() / ps - 1.0).abs() < 1e-12, "{text}");
        }
        for text in ["1", "fs", "-1fs", "0fs", "1 s", "1e400fs", "nan ps"] {
            assert!(duration(text).unwrap_err().to_string().contains("with its unit"), "{text}");
        }
    }
}
