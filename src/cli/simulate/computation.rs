//! The curve of a structure, or the mean of those of a trajectory, with everything looked over before.

use corefine::crystal::Crystal;
use corefine::curve::{Measurement, summed_to};
use corefine::engine::Engine;
use corefine::expand;
use corefine::forward::{Forward, ForwardError};
use corefine::lines::Sum;
use corefine::params::{Setting, State};
use corefine::read::trajectory::Frames;
use corefine::suite::CurveOf;
use corefine::sums::{Sums, TooMuch};
use corefine::threads;
use corefine::trajectory::Frame;

use crate::cli::files::Structure;
use crate::cli::messages::{Failure, warn};
use crate::cli::progress::interrupted_by_user;
use crate::cli::trajectory::each;

/// More points than any curve needs.
const MOST_POINTS: f64 = 1e6;

/// No transform ends lower, 1/Å.
const LEAST_QMAX: f64 = 0.01;

/// What a streamed pair of atoms takes of a thread's time, s.
const PAIR: f64 = 1e-8;

/// A longer computation is announced, s.
const LONG: f64 = 60.0;

/// Rounding of a number of steps: far above that of numbers, far below a step.
const ROUNDING: f64 = 1e-6;

/// A structure, looked over, and how its curve is measured.
pub struct Computation {
    pub start: State,
    pub measurement: Measurement,
}

/// G(r) on the distances of the measurement.
#[derive(Default)]
pub struct Curve {
    pub g: Vec<f64>,
    pub partials: Vec<(String, Vec<f64>)>,
}

impl Computation {
    /// Can the curve be computed? What takes long is said.
    pub fn of(structure: Structure, asked: &CurveOf) -> Result<Self, Failure> {
        check(asked)?;
        let Structure { model, crystal, .. } = structure;
        check_pairs(&crystal, asked)?;
        let setting = Setting { qdamp: asked.qdamp, qbroad: asked.qbroad, ..Setting::default() };
        Ok(Self { start: State { model, crystal, setting }, measurement: measurement(asked) })
    }

    /// The curve, with those of the pairs of elements if asked for.
    pub fn curve(&self, partials: bool, engine: &mut dyn Engine) -> Result<Curve, ForwardError> {
        let mut forward = Forward::new(&self.measurement, &self.start)?;
        let curve = curve(&mut forward, &self.start, partials, engine)?;
        if forward.clamped > 0 {
            warn(&format!(
                "{} pairs have no real width with this delta1, delta2 and U, and got the narrowest peak",
                forward.clamped
            ));
        }
        Ok(curve)
    }

    /// The mean over all frames of a trajectory, whose first is the structure, and how many there were.
    pub fn mean(
        &self,
        frames: &mut Frames,
        uiso: f64,
        partials: bool,
        engine: &mut dyn Engine,
    ) -> Result<(Curve, usize), Failure> {
        let (stop, atoms, name) = (interrupted_by_user(), frames.atoms().clone(), frames.name().to_owned());
        let mut forward = Forward::new(&self.measurement, &self.start).map_err(Failure::of)?;
        let (mut sum, mut count) = (Curve::default(), 0_u32);
        let one = |frame: Frame| {
            let model = frame.model(&atoms, uiso);
            expand::crystal(&model)
                .map(|crystal| (model, crystal))
                .map_err(|error| format!("{name}: frame {}: {error}", frame.number))
        };
        each(frames, &stop, one, |read| {
            let (model, crystal) = read.map_err(Failure::of)?;
            let state = State { model, crystal, setting: self.start.setting };
            sum.add(&curve(&mut forward, &state, partials, engine).map_err(Failure::of)?);
            count += 1;
            Ok(())
        })?;
        Ok((sum.times(1.0 / f64::from(count)), count as usize))
    }
}

/// One curve with its parts.
fn curve(forward: &mut Forward, state: &State, partials: bool, engine: &mut dyn Engine) -> Result<Curve, ForwardError> {
    let g = forward.curves(state, &[], engine)?.g;
    let partials = if partials { forward.partials(state, engine)? } else { Vec::new() };
    Ok(Curve { g, partials })
}

impl Curve {
    fn add(&mut self, other: &Self) {
        if self.g.is_empty() {
            (self.g, self.partials) = (other.g.clone(), other.partials.clone());
            return;
        }
        let parts = self.partials.iter_mut().zip(&other.partials).map(|(sum, one)| (&mut sum.1, &one.1));
        for (sum, one) in parts.chain([(&mut self.g, &other.g)]) {
            sum.iter_mut().zip(one).for_each(|(sum, one)| *sum += one);
        }
    }

    fn times(mut self, factor: f64) -> Self {
        let parts = self.partials.iter_mut().map(|part| &mut part.1).chain([&mut self.g]);
        parts.flatten().for_each(|g| *g *= factor);
        self
    }
}

/// Can what is asked for be?
pub fn check(asked: &CurveOf) -> Result<(), Failure> {
    let at_least_zero =
        [("--rmin", asked.rmin), ("--qmin", asked.qmin), ("--qdamp", asked.qdamp), ("--qbroad", asked.qbroad)];
    for (flag, value) in at_least_zero {
        holds(value >= 0.0 && value.is_finite(), format!("{flag} is {value}"), "write 0 or more")?;
    }
    positive("--rstep", asked.rstep)?;
    asked.qmax.map_or(Ok(()), |qmax| positive("--qmax", qmax))?;
    holds(
        asked.qmax.is_none_or(|qmax| qmax >= LEAST_QMAX),
        format!("--qmax is {:e}, and a curve with it holds nothing", asked.qmax.unwrap_or_default()),
        "write the upper end of the transform in 1/Å; usual are 15 to 30",
    )?;
    let (rmin, rmax) = (asked.rmin, asked.rmax);
    holds(
        rmin < rmax && rmax.is_finite(),
        format!("--rmin is {rmin} and --rmax {rmax}"),
        "rmin has to be the smaller",
    )?;
    let (qmin, qmax) = (asked.qmin, asked.qmax.unwrap_or(f64::INFINITY));
    holds(qmin < qmax, format!("--qmin is {qmin} and --qmax {qmax}"), "qmin has to be the smaller")?;
    compat_grid(asked)?;
    let points = (rmax - rmin) / asked.rstep;
    holds(
        points <= MOST_POINTS,
        format!("that is a curve of {points:.0} points"),
        "shorten the range, or take longer steps",
    )
}

/// Is the value of an option above 0?
pub fn positive(flag: &str, value: f64) -> Result<(), Failure> {
    holds(value > 0.0 && value.is_finite(), format!("{flag} is {value}"), "write a number above 0")
}

/// PDFfit2 divides by r, on a grid of whole steps.
fn compat_grid(asked: &CurveOf) -> Result<(), Failure> {
    let steps = asked.rmin / asked.rstep;
    let whole = steps > 0.5 && (steps - steps.round()).abs() < ROUNDING * steps.max(1.0);
    holds(
        asked.compat.is_none() || whole,
        format!("--compat pdffit2 cannot begin at --rmin {} with --rstep {}", asked.rmin, asked.rstep),
        "PDFfit2 computes at whole steps above 0; take a multiple of the step as --rmin",
    )
}

/// Can the pairs be summed? What takes long is said.
fn check_pairs(crystal: &Crystal, asked: &CurveOf) -> Result<(), Failure> {
    let end = summed_to(crystal, asked.rmax, asked.qmin);
    let load = Sums::load(crystal, Sum::of(asked.compat), (end, asked.qmax), &[]);
    load.check().map_err(|what| Failure::with_hint(format!("--rmax is {}: {what}", asked.rmax), smaller(&what)))?;
    let (pairs, threads) = (load.streamed, threads::count());
    let seconds = PAIR * pairs / threads as f64;
    if seconds > LONG {
        let time = duration(seconds);
        warn(&format!(
            "this takes about {time}: --rmax is {}, {pairs:.1e} pairs of atoms, threads: {threads}",
            asked.rmax
        ));
    }
    Ok(())
}

fn smaller(what: &TooMuch) -> &'static str {
    match what {
        TooMuch::Time(_) => "take a smaller --rmax",
        TooMuch::Memory { .. } => {
            "take a smaller --rmax, or isotropic U of at most 16 kinds of atoms: their pairs are not listed"
        }
    }
}

/// `90 seconds`, `3 minutes` or `5 hours`.
fn duration(seconds: f64) -> String {
    match seconds / 60.0 {
        minutes if minutes < 2.0 => format!("{seconds:.0} seconds"),
        minutes if minutes < 120.0 => format!("{minutes:.0} minutes"),
        minutes => format!("{:.0} hours", minutes / 60.0),
    }
}

/// An error unless it holds.
pub fn holds(holds: bool, message: String, hint: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::with_hint(message, hint)) }
}

fn measurement(asked: &CurveOf) -> Measurement {
    // Rounding must not take the last point away.
    let points = ((asked.rmax - asked.rmin) / asked.rstep * (1.0 + f64::EPSILON) + ROUNDING).floor() as usize;
    Measurement {
        radiation: asked.radiation,
        weights: asked.weights,
        normalisation: asked.normalisation,
        sample: Vec::new(),
        compat: asked.compat,
        r: (0..=points).map(|i| asked.rmin + i as f64 * asked.rstep).collect(),
        qmin: asked.qmin,
        qmax: asked.qmax,
        soper_lorch: None,
        data_rmin: asked.rmin,
    }
}
