//! What a series leaves on the disk: a folder for each frame as it comes, and tables of all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use corefine::read::frames::{made_of, record};
use corefine::report::{self, Series};
use corefine::series::Record;

use super::listing::Listing;
use crate::cli::files::{Input, digest};
use crate::cli::held::held;
use crate::cli::messages::Failure;
use crate::cli::output::Folder;
use crate::cli::refine::Files;
use crate::cli::resume;

/// The tables; the second says what the frames were made of, and is there before the first of them.
pub const TABLES: [&str; 3] = ["series.csv", "series.json", "series.html"];

/// The folder of the frames' folders.
pub const FRAMES: &str = "frames";

/// What a series needs of a frame when it goes on.
const RECORD: &str = "frame.json";

/// While frames come, tables are written anew at most so often, and take at most this share of the time.
const PAUSE: Duration = Duration::from_secs(2);
const SHARE: u32 = 20;

/// The results of a series, in memory and on the disk.
pub struct Store {
    pub folder: Folder,
    pub title: String,
    pub made_of: Vec<(String, String)>,
    records: Mutex<BTreeMap<usize, Record>>,
    /// When the tables were written last, and how long that took.
    written: Mutex<(Instant, Duration)>,
    /// How many frames they show.
    shown: Mutex<usize>,
}

impl Store {
    pub fn new(folder: Folder, title: String, made_of: Vec<(String, String)>, done: Vec<Record>) -> Self {
        let records = done.into_iter().map(|record| (record.frame.number, record)).collect();
        let written = Mutex::new((Instant::now(), Duration::ZERO));
        Self { folder, title, made_of, records: Mutex::new(records), written, shown: Mutex::new(0) }
    }

    /// Takes older results away, or what a killed run had not finished, and says what the new ones are made of.
    pub fn begin(&self, listing: &Listing, anew: bool) -> Result<(), Failure> {
        self.folder.make();
        if anew {
            self.folder.remove(Path::new(FRAMES))?;
            // Tables without frames would be of the older run.
            [TABLES[0], TABLES[2]].iter().try_for_each(|name| self.folder.remove(Path::new(name)))?;
        }
        self.folder.clear(Path::new(FRAMES));
        let head = report::series_json(&self.series(&BTreeMap::new(), listing));
        if anew { self.folder.write(&[(TABLES[1], head)]) } else { Ok(()) }
    }

    pub fn get(&self, number: usize) -> Option<Record> {
        held(&self.records).get(&number).cloned()
    }

    /// How many frames were refined, how many of them did not converge, and how many were skipped.
    pub fn count(&self) -> (usize, usize, usize) {
        let records = held(&self.records);
        let fitted = || records.values().filter_map(|record| record.fitted.as_ref());
        (fitted().count(), fitted().filter(|f| !f.converged).count(), records.len() - fitted().count())
    }

    /// Writes a frame's folder, whole or not at all.
    pub fn put(&self, record: Record, mut files: Files) -> Result<(), Failure> {
        files.push((RECORD.to_owned(), report::frame_json(&record)));
        self.folder.write_folder(&Path::new(FRAMES).join(&record.frame.name), &files)?;
        held(&self.records).insert(record.frame.number, record);
        Ok(())
    }

    /// Writes the tables, unless they were written a moment ago.
    pub fn refresh(&self, listing: &Listing) -> Result<(), Failure> {
        let (last, took) = *held(&self.written);
        if last.elapsed() < PAUSE.max(took * SHARE) { Ok(()) } else { self.tables(listing) }
    }

    /// Writes the tables if a frame has come since they were written.
    pub fn settled(&self, listing: &Listing) -> Result<(), Failure> {
        let stale = held(&self.records).len() != *held(&self.shown);
        if stale { self.tables(listing) } else { Ok(()) }
    }

    /// Writes the tables of what there is.
    pub fn tables(&self, listing: &Listing) -> Result<(), Failure> {
        // Held to the end, so that no older tables are written over newer ones.
        let mut written = held(&self.written);
        let begun = Instant::now();
        let texts = {
            let _room = tracing::info_span!("report").entered();
            let records = held(&self.records);
            *held(&self.shown) = records.len();
            let series = self.series(&records, listing);
            [report::series_csv(&series), report::series_json(&series), report::series_html(&series)]
        };
        self.folder.write_named(TABLES, texts)?;
        *written = (Instant::now(), begun.elapsed());
        Ok(())
    }

    fn series<'a>(&'a self, records: &'a BTreeMap<usize, Record>, listing: &'a Listing) -> Series<'a> {
        Series {
            title: &self.title,
            columns: &listing.columns,
            axis: listing.axis,
            made_of: &self.made_of,
            wanted: listing.frames.len(),
            records: records.values().collect(),
        }
    }
}

/// The frames that an older run left in `out`, which has to have been of the same things, by their numbers.
pub fn resumed(out: &Path, made: &[(String, String)]) -> Result<Vec<Record>, Failure> {
    let input = resume::older(out, TABLES[1])?;
    let found = made_of(input.text()?, &input.name).map_err(Failure::of)?;
    resume::same(&input.name, &found, made)?;
    records(&out.join(FRAMES))
}

fn records(folder: &Path) -> Result<Vec<Record>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path().join(RECORD);
        // Folders that are being written have names of their own.
        if !entry.file_name().to_string_lossy().starts_with('.') && path.is_file() {
            let input = Input::read(&path)?;
            found.push(record(input.text()?, &input.name).map_err(Failure::of)?);
        }
    }
    found.sort_by_key(|record| record.frame.number);
    Ok(found)
}

/// Is the data file of each frame still the one that was refined?
pub fn unchanged(records: &[Record]) -> Result<(), Failure> {
    for Record { frame, sha256: before, .. } in records {
        if digest(Path::new(&frame.file)) != *before {
            let message = format!("{} is not what it was when frame {} was refined", frame.file, frame.name);
            return Err(Failure::with_hint(message, "give the same files, or --force to begin anew"));
        }
    }
    Ok(())
}
