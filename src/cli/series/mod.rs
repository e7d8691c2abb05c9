//! `corefine series`: one job over many curves, each from the result of its neighbour; every frame is kept as it comes.

mod listing;
mod store;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use corefine::engine::Cpu;
use corefine::fit::Setup;
use corefine::lm::Flow;
use corefine::outcome::Outcome;
use corefine::series::{Fitted, Frame, Lanes, Order, Record, lanes, start};
use corefine::threads;
use serde_json::json;

use super::End;
use super::args::{self, OrderArg};
use super::case::Ground;
use super::files::{Input, digest};
use super::messages::{Failure, summary, tell, warn};
use super::output::Folder;
use super::progress::{Bar, interrupted};
use super::refine::{Files, essentials};
use super::resume;
use listing::Listing;
use store::{FRAMES, Store, TABLES};

/// A record, and the files that go with it.
type Kept = (Record, Files);

/// More parts than any series is cut into.
const MOST_PARTS: usize = 1024;

pub struct Plan {
    ground: Ground,
    listing: Listing,
    order: Order,
    parts: usize,
    watch: Option<watch::Watch>,
    store: Store,
    anew: bool,
}

impl Plan {
    pub fn of(args: &args::Series) -> Result<Self, Failure> {
        let (order, parts) = (order(args)?, parts(args)?);
        let watch = args.watch.then(|| watch::Watch::of(args)).transpose()?;
        let ground = Ground::read(&args.job)?;
        one_curve(&ground)?;
        let mut listing = Listing::of(args)?;
        let names = [TABLES[0], TABLES[1], TABLES[2], FRAMES];
        let folder = Folder::resumable(&args.output, &names)?;
        let made_of = made_of(&ground, &listing, (order, parts), args.watch);
        let resume = args.output.resume;
        let done = if resume { store::resumed(folder.path(), &made_of)? } else { Vec::new() };
        store::unchanged(&done)?;
        if args.watch {
            for record in &done {
                listing.take_back(record.frame.clone());
            }
        } else if done.is_empty() {
            first_that_can_be_refined(&ground, &listing.frames)?;
        }
        let title = title(&ground);
        Ok(Self {
            ground,
            listing,
            order,
            parts,
            watch,
            store: Store::new(folder, title, made_of, done),
            anew: !resume,
        })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        let stop = interrupted("writing what there is; the frame that is being refined is left to --resume");
        self.store.begin(&self.listing, self.anew)?;
        let watch = self.watch.take();
        let run = match &watch {
            Some(watch) => watch.run(&mut self, &stop),
            None => self.all(&stop),
        };
        // What there is is written even if a frame could not be.
        let written = self.store.tables(&self.listing);
        run.and(written)?;
        self.tell(watch.is_some())
    }

    /// Refines every frame, lane by lane.
    fn all(&self, stop: &AtomicBool) -> Result<(), Failure> {
        let numbers: Vec<usize> = (0..self.listing.frames.len()).collect();
        let bar = Bar::of(numbers.len());
        let Lanes { head, lanes } = lanes(&numbers, self.order, self.parts);
        let first = self.lane(&head, None, stop, &bar)?;
        if let [one] = lanes.as_slice() {
            return self.lane(one, first, stop, &bar).map(drop);
        }
        let side_by_side = |k: usize| threads::alone(|| self.lane(&lanes[k], first.clone(), stop, &bar));
        threads::map(lanes.len(), side_by_side).into_iter().try_for_each(|lane| lane.map(drop))
    }

    /// Refines frames one after the other, each from the last that is of use; gives that one.
    fn lane(
        &self,
        numbers: &[usize],
        from: Option<Record>,
        stop: &AtomicBool,
        bar: &Bar,
    ) -> Result<Option<Record>, Failure> {
        let mut neighbour = from;
        for number in numbers {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let done =
                self.frame(*number, neighbour.as_ref(), stop).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            bar.step();
            let chained = self.order != Order::Independent;
            neighbour = done.filter(|record| chained && record.useful().is_some()).or(neighbour);
        }
        Ok(neighbour)
    }

    /// The record of a frame, made now unless an older run made it; `None` where it was stopped.
    fn frame(&self, number: usize, neighbour: Option<&Record>, stop: &AtomicBool) -> Result<Option<Record>, Failure> {
        if let Some(record) = self.store.get(number) {
            return Ok(Some(record));
        }
        let frame = &self.listing.frames[number];
        let (record, files) = match refined(&self.ground, frame, neighbour, stop) {
            Ok(Some(outcome)) => self.kept(frame, neighbour, &outcome)?,
            Ok(None) => return Ok(None),
            Err(failure) => {
                warn(&format!("{} is skipped: {}", frame.name, failure.words()));
                (Record::skipped(frame.clone(), digest(Path::new(&frame.file)), failure.words()), Vec::new())
            }
        };
        self.store.put(record.clone(), files)?;
        self.store.refresh(&self.listing)?;
        Ok(Some(record))
    }

    /// The record and the files of a refined frame.
    fn kept(&self, frame: &Frame, neighbour: Option<&Record>, outcome: &Outcome) -> Result<Kept, Failure> {
        let folder = self.store.folder.path().join(FRAMES).join(&frame.name);
        let files = essentials(outcome, &[PathBuf::from(&frame.file)], &folder)?;
        let data = outcome.inputs.iter().find(|file| file.role == "data");
        let sha256 = data.map_or_else(String::new, |file| file.sha256.clone());
        let begun_from = neighbour.map(|record| record.frame.name.clone());
        let fitted = Some(Fitted::of(outcome, begun_from));
        Ok((Record { frame: frame.clone(), sha256, fitted, skipped: String::new() }, files))
    }

    fn tell(&self, watched: bool) -> Result<End, Failure> {
        let (refined, open, skipped) = self.store.count();
        let (wanted, out) = (self.listing.frames.len(), self.store.folder.path().display());
        let left = wanted - refined - skipped;
        if refined == 0 && left == 0 && !watched {
            return Err(Failure::with_hint(
                format!("none of {wanted} frames could be refined"),
                format!("see {out}/{}", TABLES[0]),
            ));
        }
        summary(
            json!({ "wanted": wanted, "refined": refined, "not_converged": open, "skipped": skipped, "out": out.to_string() }),
        );
        tell!("{refined} of {wanted} frames refined, {open} not converged, {skipped} skipped; results in {out}");
        if left > 0 {
            tell!("{left} frames are left: the same command with --resume refines them");
        }
        Ok(if open + skipped + left == 0 { End::Well } else { End::NotConverged })
    }
}

fn order(args: &args::Series) -> Result<Order, Failure> {
    match args.order {
        OrderArg::Forward => Ok(Order::Forward),
        OrderArg::Independent => Ok(Order::Independent),
        OrderArg::Backward if args.watch => Err(Failure::with_hint(
            "--watch and --order backward",
            "frames are refined as they come: leave --order out",
        )),
        OrderArg::Backward => Ok(Order::Backward),
    }
}

fn parts(args: &args::Series) -> Result<usize, Failure> {
    let hint = |text: String| Failure::with_hint(format!("--parts is {}", args.parts), text);
    match args.parts {
        0 => Err(hint(format!("give 1 to {MOST_PARTS}"))),
        parts if parts > MOST_PARTS => Err(hint(format!("give 1 to {MOST_PARTS}"))),
        1 => Ok(1),
        _ if args.watch => Err(hint("frames that are watched for come one by one: leave it out".to_owned())),
        _ if args.order == OrderArg::Independent => {
            Err(hint("independent frames are a part each: leave it out".to_owned()))
        }
        parts => Ok(parts),
    }
}

/// A frame is one curve.
fn one_curve(ground: &Ground) -> Result<(), Failure> {
    let count = ground.job.datasets.len();
    if count == 1 {
        return Ok(());
    }
    let message =
        format!("{}: a series refines one curve after the other, and the job has {count} at once", ground.words.file());
    Err(Failure::with_hint(message, "take a job with one data set; it may have several phases"))
}

fn title(ground: &Ground) -> String {
    let own = &ground.job.title;
    if own.is_empty() { format!("Series of {}", ground.job.phase().structure) } else { own.clone() }
}

/// Everything that decides what the results are, as keys and values. What is watched for is known by what was found.
fn made_of(ground: &Ground, listing: &Listing, (order, parts): (Order, usize), watched: bool) -> Vec<(String, String)> {
    let mut all = resume::made_of(ground.files());
    let mut add = |key: &str, value: String| all.push((key.to_owned(), value));
    add("order", order.word().to_owned());
    add("parts", parts.to_string());
    add(
        "frames",
        if watched {
            "watched".to_owned()
        } else {
            format!("{}, sha256 of their list {}", listing.frames.len(), listing.digest())
        },
    );
    all
}

/// Looks, before anything is written, for a frame that this job can be refined with; where there is none, the first says why.
fn first_that_can_be_refined(ground: &Ground, frames: &[Frame]) -> Result<(), Failure> {
    let mut first = None;
    for frame in frames {
        match setup(ground, frame) {
            Ok(_) => return Ok(()),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    Err(first.unwrap_or_else(|| Failure::new("there are no frames")))
}

fn setup(ground: &Ground, frame: &Frame) -> Result<Setup, Failure> {
    let mut inputs = ground.inputs(&[Input::read(Path::new(&frame.file))?])?;
    inputs.job.data_mut().file.clone_from(&frame.file);
    Setup::new(inputs).map_err(|error| ground.located(&error))
}

/// The refinement of a frame; `None` where it was stopped, as a result that is not finished is no start for others.
fn refined(
    ground: &Ground,
    frame: &Frame,
    neighbour: Option<&Record>,
    stop: &AtomicBool,
) -> Result<Option<Outcome>, Failure> {
    let setup = setup(ground, frame)?;
    let begin = start(&setup.start(), neighbour.and_then(Record::useful));
    let stopped = || stop.load(Ordering::Relaxed);
    let mut observer = |_: &_| if stopped() { Flow::Stop } else { Flow::Continue };
    let outcome = setup.begin_at(&begin).refine(&mut Cpu, &mut observer).map_err(|error| ground.located(&error))?;
    if stopped() {
        return Ok(None);
    }
    let finite = outcome.rw.is_finite() && outcome.chi2.is_finite();
    if finite {
        Ok(Some(outcome))
    } else {
        Err(Failure::new(format!("{}: the fit gives no number for Rw", frame.file)))
    }
}
