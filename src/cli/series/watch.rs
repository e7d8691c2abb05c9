//! Frames that are refined as they appear.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corefine::series::Order;

use super::Plan;
use super::listing::new_files;
use crate::cli::args;
use crate::cli::files::sort;
use crate::cli::messages::{Failure, note, tell};

/// Ctrl-C is answered within this time.
const BLINK: Duration = Duration::from_millis(50);

/// Longer pauses are nobody's wish.
const LONGEST: f64 = 86400.0;

/// Where new files are looked for, and how often.
#[derive(Debug)]
pub struct Watch {
    places: Vec<String>,
    pause: Duration,
}

impl Watch {
    pub fn of(args: &args::Series) -> Result<Self, Failure> {
        if !(args.poll > 0.0 && args.poll <= LONGEST) {
            return Err(Failure::with_hint(
                format!("--poll is {}", args.poll),
                "give seconds above 0, and at most a day",
            ));
        }
        Ok(Self { places: args.frames.clone(), pause: Duration::from_secs_f64(args.poll) })
    }

    /// Until Ctrl-C. A file is taken when its size has not changed from one look to the next, so that none is read while it is written.
    pub fn run(&self, plan: &mut Plan, stop: &AtomicBool) -> Result<(), Failure> {
        note("watching; Ctrl-C ends it");
        let mut sizes: BTreeMap<PathBuf, u64> = BTreeMap::new();
        while !stop.load(Ordering::Relaxed) {
            let seen = self.look(plan)?;
            let ready: Vec<PathBuf> = seen
                .iter()
                .filter(|(path, size)| **size > 0 && sizes.get(*path) == Some(size))
                .map(|(path, _)| path.clone())
                .collect();
            sizes = seen;
            Self::take(plan, ready, stop)?;
            self.wait(stop);
        }
        Ok(())
    }

    /// Files that are no frames yet, with their sizes.
    fn look(&self, plan: &Plan) -> Result<BTreeMap<PathBuf, u64>, Failure> {
        let found = new_files(&self.places, &plan.listing.frames, &plan.ground)?;
        Ok(found.into_iter().filter_map(|path| Some((path.clone(), std::fs::metadata(path).ok()?.len()))).collect())
    }

    fn take(plan: &mut Plan, mut ready: Vec<PathBuf>, stop: &AtomicBool) -> Result<(), Failure> {
        sort(&mut ready);
        for path in ready {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            plan.listing.add([path]);
            let number = plan.listing.frames.len() - 1;
            let Some(record) = plan.frame(number, plan.last_useful(number).as_ref(), stop)? else {
                // It will be found again.
                plan.listing.frames.pop();
                break;
            };
            let rw =
                record.fitted.as_ref().map_or_else(|| "skipped".to_owned(), |fitted| format!("Rw {:.5}", fitted.rw));
            tell!("{}: {rw}", record.frame.name);
        }
        plan.store.settled(&plan.listing)
    }

    fn wait(&self, stop: &AtomicBool) {
        let until = Instant::now() + self.pause;
        while !stop.load(Ordering::Relaxed) && Instant::now() < until {
            thread::sleep(BLINK.min(self.pause));
        }
    }
}

impl Plan {
    /// The last frame before this one that another may begin from.
    fn last_useful(&self, number: usize) -> Option<corefine::series::Record> {
        if self.order == Order::Independent {
            return None;
        }
        (0..number).rev().filter_map(|k| self.store.get(k)).find(|record| record.useful().is_some())
    }
}
