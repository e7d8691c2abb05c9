//! Which frames there are: from files, patterns, or a manifest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use corefine::read::manifest::{Manifest, is_manifest, manifest};
use corefine::series::{Frame, Names};

use crate::cli::args;
use crate::cli::case::Ground;
use crate::cli::files::{Input, beside, expanded, matching, sha256, sort, stem};
use crate::cli::messages::Failure;
use crate::cli::output::folder_of;

/// The column of frames that come without a manifest: their number, from 1.
const NUMBER: &str = "frame";

/// Files of a watched folder that may be curves.
const CURVES: &[&str] = &["gr", "fgr", "dofr", "mdor01", "int01", "mint01", "sq", "soq", "fq", "dat", "txt"];

/// The same of intensities.
const INTENSITIES: &[&str] = &["chi", "xy", "xye", "dat", "csv", "txt"];

/// The frames of a series and their columns.
#[derive(Debug)]
pub struct Listing {
    pub columns: Vec<String>,
    /// Which column is the axis.
    pub axis: usize,
    pub frames: Vec<Frame>,
    names: Names,
}

impl Listing {
    pub fn of(args: &args::Series) -> Result<Self, Failure> {
        let mut listing = match manifest_of(&args.frames)? {
            Some(_) if args.watch => {
                let hint = "give the folder, or a pattern such as 'run*.gr'";
                return Err(Failure::with_hint("--watch looks for files, and a manifest is given", hint));
            }
            Some((manifest, folder)) => Self::listed(manifest, &folder),
            None => Self { columns: vec![NUMBER.to_owned()], axis: 0, frames: Vec::new(), names: Names::default() },
        };
        if listing.frames.is_empty() && !args.watch {
            listing.add(expanded(&args.frames)?);
        }
        listing.axis = axis(args.axis.as_deref(), &listing.columns)?;
        Ok(listing)
    }

    fn listed(manifest: Manifest, folder: &Path) -> Self {
        let Manifest { mut columns, rows } = manifest;
        let mut listing = Self { columns: Vec::new(), axis: 0, frames: Vec::new(), names: Names::default() };
        let numbered = columns.is_empty();
        for (number, (file, mut values)) in rows.into_iter().enumerate() {
            values.extend(numbered.then(|| Some((number + 1) as f64)));
            listing.push(&beside(folder, &file), values);
        }
        columns.extend(numbered.then(|| NUMBER.to_owned()));
        Self { columns, ..listing }
    }

    /// Takes in further files, each with its number.
    pub fn add(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let number = self.frames.len() + 1;
            self.push(&path, vec![Some(number as f64)]);
        }
    }

    /// Takes in a frame of an older run as it was.
    pub fn take_back(&mut self, frame: Frame) {
        self.names.take(&frame.name);
        self.frames.push(frame);
    }

    fn push(&mut self, path: &Path, values: Vec<Option<f64>>) {
        let name = self.names.take(&stem(path));
        let file = path.display().to_string();
        self.frames.push(Frame { number: self.frames.len(), name, file, values });
    }

    /// The frames and their values, in one word.
    pub fn digest(&self) -> String {
        sha256(format!("{:?} {:?}", self.columns, self.frames).as_bytes())
    }
}

/// The files that a watch finds now and that are neither frames yet nor what the job names itself.
pub fn new_files(arguments: &[String], frames: &[Frame], ground: &Ground) -> Result<Vec<PathBuf>, Failure> {
    let known: BTreeSet<&str> = frames.iter().map(|frame| frame.file.as_str()).collect();
    let endings = if ground.job.data().reduce.is_some() { INTENSITIES } else { CURVES };
    let mut found = Vec::new();
    for argument in arguments {
        let folder = Path::new(argument);
        let here = if folder.is_dir() { inside(folder, endings)? } else { matching(argument)? };
        let new = |path: &PathBuf| !known.contains(path.display().to_string().as_str()) && !ground.names(path);
        found.extend(here.into_iter().filter(new));
    }
    Ok(found)
}

/// The files in a folder with one of these endings, in the order in which people count.
fn inside(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let unreadable =
        |error| Failure::with_hint(format!("{}: cannot look into it: {error}", folder.display()), "check it");
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let curve = |path: &PathBuf| {
        path.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(curve).collect();
    sort(&mut found);
    Ok(found)
}

/// The manifest and its folder, where one is given: alone, with the ending `.csv`, its first line beginning with `file`.
fn manifest_of(arguments: &[String]) -> Result<Option<(Manifest, PathBuf)>, Failure> {
    let [only] = arguments else { return Ok(None) };
    let path = Path::new(only);
    if !path.is_file() || !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return Ok(None);
    }
    let input = Input::read(path)?;
    let text = input.text()?;
    if !is_manifest(text) {
        return Ok(None);
    }
    let manifest = manifest(text, &input.name).map_err(Failure::of)?;
    Ok(Some((manifest, folder_of(path).to_owned())))
}

fn axis(asked: Option<&str>, columns: &[String]) -> Result<usize, Failure> {
    let Some(asked) = asked else { return Ok(0) };
    columns.iter().position(|column| column == asked).ok_or_else(|| {
        Failure::with_hint(format!("--axis is {asked}"), format!("the columns are {}", columns.join(", ")))
    })
}
