//! `auto`: for each size of work the engine that was the faster at it, as measured on the work itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::check::beyond;
use super::gpu::{Gpu, GpuError};
use super::{Cpu, Engine, EngineError, Peaks, Rows};

/// Reads a clock: the time since some instant that stays the same.
///
/// It is given by the caller, for not every place where this library runs has one.
pub type Clock = fn() -> Duration;

/// Opens the engine that may be faster, or says why there is none.
type Opener<E> = Box<dyn FnOnce() -> Result<E, GpuError> + Send>;

/// So much time the CPU spends on a class before another engine is tried at it: about what it takes to open a GPU. Work
/// that is done before that never waits for one.
const PATIENCE: Duration = Duration::from_millis(500);

/// A first run that takes so many times the CPU's, and the time of patience beside, is not repeated: what a first run alone
/// costs is less.
const HOPELESS: u32 = 20;

/// The CPU, and a GPU where that is faster.
///
/// Work is told apart by its [size](term_points): a class is a power of two. A class is the CPU's until the CPU has spent
/// half a second on it. Then both engines do the same peaks once, timed, and the class belongs to the faster from then on.
/// Opening the GPU waits for that moment, too, so that no work becomes slower because there is a GPU, but for that one
/// trial of each class.
///
/// The trial also compares both results. If they differ by more than [`error_bound`](super::gpu::error_bound) allows, or the GPU fails then or
/// later, it is left for good, [`Fastest::trouble`] says why, and the CPU does that work again. So no row is ever
/// returned that a failed engine gave, and whichever engine the clock chooses, rows differ by no more than that bound.
/// [`Cpu`] alone gives the same bits always.
pub struct Fastest<E = Gpu, C = Cpu> {
    cpu: C,
    other: Other<E>,
    clock: Clock,
    patience: Duration,
    known: BTreeMap<u32, Class>,
}

/// The engine that may be faster.
enum Other<E> {
    /// Not yet opened.
    Closed(Opener<E>),
    Open(E),
    /// There is none, and why.
    Missing(String),
    /// It was left, and why.
    Left(String),
}

impl<E> Other<E> {
    fn refused(error: GpuError) -> Self {
        match error {
            GpuError::Open { adapter, reason } => Self::left(&format!("{adapter} could not be opened ({reason})")),
            absent => Self::Missing(absent.to_string()),
        }
    }

    fn left(reason: &str) -> Self {
        Self::Left(format!("{reason}; the CPU takes over"))
    }
}

/// What is known of a class of work.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Class {
    /// The CPU has spent so much time on it.
    Untried(Duration),
    Cpu,
    Other,
}

/// How often a point is visited by a term: the points that each peak reaches, times its terms, summed over all peaks.
pub fn term_points(peaks: &Peaks) -> u64 {
    let each = peaks.peaks.iter().zip(peaks.start.windows(2));
    each.map(|(peak, start)| peaks.reach(peak).len() as u64 * u64::from(start[1] - start[0])).sum()
}

impl<E: Engine, C: Engine> Fastest<E, C> {
    /// The CPU, and an engine that is opened once it may be worth it. The clock is read around timed work.
    ///
    /// Where there is none to open, that is [told](Fastest::missing) and no more; one that a driver refuses is [trouble](Fastest::trouble).
    pub fn new(cpu: C, open: impl FnOnce() -> Result<E, GpuError> + Send + 'static, clock: Clock) -> Self {
        Self { cpu, other: Other::Closed(Box::new(open)), clock, patience: PATIENCE, known: BTreeMap::new() }
    }

    /// Tries the other engine once the CPU has spent so much time on a class.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Why there is no other engine, if one was looked for in vain.
    pub fn missing(&self) -> Option<&str> {
        match &self.other {
            Other::Missing(reason) => Some(reason),
            _ => None,
        }
    }

    /// Why the other engine was left, or could not be opened.
    pub fn trouble(&self) -> Option<&str> {
        match &self.other {
            Other::Left(reason) => Some(reason),
            _ => None,
        }
    }

    /// The classes that the other engine was faster at: binary logarithms of their least [size](term_points).
    pub fn won(&self) -> Vec<u32> {
        self.known.iter().filter(|(_, class)| **class == Class::Other).map(|(size, _)| *size).collect()
    }

    /// On the CPU, with the time that it took.
    fn on_cpu(&mut self, peaks: &Peaks) -> Result<(Rows, Duration), EngineError> {
        let begin = (self.clock)();
        let rows = self.cpu.broaden(peaks)?;
        Ok((rows, (self.clock)().saturating_sub(begin)))
    }

    /// On the other engine; none if it fails, which is the last time that it is asked.
    fn on_other(&mut self, peaks: &Peaks) -> Option<(Rows, Duration)> {
        let begin = (self.clock)();
        let Other::Open(engine) = &mut self.other else { return None };
        match engine.broaden(peaks) {
            Ok(rows) => Some((rows, (self.clock)().saturating_sub(begin))),
            Err(error) => {
                self.leave(&error.to_string());
                None
            }
        }
    }

    fn leave(&mut self, reason: &str) {
        self.other = Other::left(reason);
    }

    /// The CPU's rows of a class that nothing is known of. Whether the other engine is tried at it hangs on how long the
    /// CPU has been busy with the class before, not on this call, which is over by then.
    fn untried(&mut self, class: u32, spent: Duration, peaks: &Peaks) -> Result<Rows, EngineError> {
        let (rows, cpu) = self.on_cpu(peaks)?;
        let now = if spent >= self.patience { self.tried(peaks, &rows, cpu) } else { Class::Untried(spent + cpu) };
        self.known.insert(class, now);
        Ok(rows)
    }

    /// Who is the faster, given what the CPU made of it and how long that took.
    fn tried(&mut self, peaks: &Peaks, want: &Rows, cpu: Duration) -> Class {
        self.open();
        let Some((got, first)) = self.on_other(peaks) else { return Class::Cpu };
        if let Err(reason) = self.agree(peaks, &got, want) {
            self.leave(&reason);
            return Class::Cpu;
        }
        if first > self.patience + HOPELESS * cpu {
            return Class::Cpu;
        }
        // The first run makes buffers and whatever a driver puts off.
        match self.on_other(peaks) {
            Some((_, again)) if again < cpu => Class::Other,
            _ => Class::Cpu,
        }
    }

    fn open(&mut self) {
        let closed = std::mem::replace(&mut self.other, Other::Missing(String::new()));
        self.other = match closed {
            Other::Closed(open) => open().map_or_else(Other::refused, Other::Open),
            known => known,
        };
    }

    fn agree(&self, peaks: &Peaks, got: &Rows, want: &Rows) -> Result<(), String> {
        let Some(worst) = beyond(peaks, got, want) else { return Ok(()) };
        Err(format!("the {} engine differs from the CPU beyond its bound: {worst}", self.other_name()))
    }

    fn other_name(&self) -> String {
        match &self.other {
            Other::Open(engine) => engine.name(),
            _ => "other".to_owned(),
        }
    }
}

impl<E: Engine, C: Engine> Engine for Fastest<E, C> {
    /// What was chosen: `cpu (2 threads)`, or `gpu (..) for sums of 2^24, 2^25 terms times points, else cpu (2 threads)`.
    fn name(&self) -> String {
        let (won, cpu) = (self.won(), self.cpu.name());
        if won.is_empty() || !matches!(self.other, Other::Open(_)) {
            return cpu;
        }
        let sizes = won.iter().map(|size| format!("2^{size}")).collect::<Vec<_>>().join(", ");
        format!("{} for sums of {sizes} terms times points, else {cpu}", self.other_name())
    }

    /// As exact as the least exact that may be chosen.
    fn exact(&self) -> bool {
        self.cpu.exact() && !matches!(self.other, Other::Closed(_) | Other::Open(_))
    }

    fn warnings(&self) -> Vec<String> {
        self.trouble().map(str::to_owned).into_iter().collect()
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        if self.missing().is_some() || self.trouble().is_some() {
            return self.cpu.broaden(peaks);
        }
        let class = term_points(peaks).checked_ilog2().unwrap_or(0);
        match self.known.get(&class).copied().unwrap_or(Class::Untried(Duration::ZERO)) {
            Class::Untried(spent) => self.untried(class, spent, peaks),
            Class::Cpu => self.cpu.broaden(peaks),
            Class::Other => match self.on_other(peaks) {
                Some((rows, _)) => Ok(rows),
                None => self.cpu.broaden(peaks),
            },
        }
    }
}

impl<E, C: std::fmt::Debug> std::fmt::Debug for Fastest<E, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fastest").field("cpu", &self.cpu).field("known", &self.known).finish_non_exhaustive()
    }
}
