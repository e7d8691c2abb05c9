//! `corefine simulate`: G(r) of a structure.

use std::fmt::Write as _;

use corefine::crystal::Crystal;
use corefine::curve::Measurement;
use corefine::forward::{Forward, ForwardError};
use corefine::job::{Compat, Normalisation, Weights};
use corefine::lines::Sum;
use corefine::observed::Radiation;
use corefine::params::{Setting, State};
use corefine::sums::{Sums, TooMuch};
use corefine::threads;

use super::End;
use super::args::{CompatArg, NormalisationArg, Simulate, WeightsArg};
use super::engine::{Worker, set_threads};
use super::files::Structure;
use super::messages::{Failure, warn, warn_of};
use super::noise;
use super::output::Target;

/// More points than any curve needs.
const MOST_POINTS: f64 = 1e6;

/// What a streamed pair of atoms takes of a thread's time, s.
const PAIR: f64 = 1e-8;

/// A longer computation is announced, s.
const LONG: f64 = 60.0;

/// Rounding of a number of steps: far above that of numbers, far below a step.
const ROUNDING: f64 = 1e-6;

pub struct Plan {
    start: State,
    structure: String,
    composition: String,
    measurement: Measurement,
    noise: Option<(f64, u64)>,
    partials: bool,
    target: Target,
    worker: Worker,
}

/// G(r) on the distances of the measurement.
struct Curve {
    g: Vec<f64>,
    partials: Vec<(String, Vec<f64>)>,
}

impl Plan {
    pub fn of(args: &Simulate) -> Result<Self, Failure> {
        set_threads(&args.work)?;
        check(args)?;
        let target = Target::check(&args.output.output, args.output.force)?;
        let Structure { model, crystal, warnings, .. } = Structure::read(&args.structure, None)?;
        warn_of(&warnings);
        check_pairs(&crystal, args)?;
        let setting = Setting { qdamp: args.qdamp, qbroad: args.qbroad, molecules: false };
        Ok(Self {
            composition: composition(&crystal),
            start: State { model, crystal, setting },
            structure: args.structure.display().to_string(),
            measurement: measurement(args),
            noise: args.noise.map(|sigma| (sigma, args.seed)),
            partials: args.partials,
            target,
            worker: Worker::open(&args.work)?,
        })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        let computed = self.compute();
        self.worker.report();
        let mut curve = computed.map_err(Failure::of)?;
        if let Some((sigma, seed)) = self.noise {
            noise::add(&mut curve.g, &self.measurement.r, sigma, self.measurement.qmax, seed);
        }
        self.target.write(&self.text(&curve))?;
        println!("{} points in {}", curve.g.len(), self.target.path().display());
        Ok(End::Well)
    }

    fn compute(&mut self) -> Result<Curve, ForwardError> {
        let engine = self.worker.engine();
        let mut forward = Forward::new(&self.measurement, &self.start)?;
        let g = forward.curves(&self.start, &[], engine)?.g;
        let partials = if self.partials { forward.partials(&self.start, engine)? } else { Vec::new() };
        if forward.clamped > 0 {
            warn(&format!(
                "{} pairs have no real width with this delta1, delta2 and U, and got the narrowest peak",
                forward.clamped
            ));
        }
        Ok(Curve { g, partials })
    }

    fn text(&self, curve: &Curve) -> String {
        let mut text = self.header();
        let partials = &curve.partials;
        let dg = self.noise.map(|(sigma, _)| sigma);
        let mut labels = "#L r G".to_owned();
        labels.push_str(if dg.is_some() { " dr dG" } else { "" });
        labels.extend(partials.iter().flat_map(|(pair, _)| [" ", pair]));
        text.push_str(&labels);
        for (i, (r, g)) in self.measurement.r.iter().zip(&curve.g).enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{r:.6} {g:.9e}");
            dg.map(|sigma| write!(text, " 0 {sigma:e}"));
            for (_, partial) in partials {
                let _ = write!(text, " {:.9e}", partial[i]);
            }
        }
        text.push('\n');
        text
    }

    /// What makes the curve again, but for the name of its file.
    fn command(&self) -> String {
        let s = &self.measurement;
        let [first, second, .., last] = s.r[..] else { return "corefine simulate".to_owned() };
        let radiation = if s.radiation == Radiation::Xray { "xray" } else { "neutron" };
        let weights = if s.weights == Weights::Exact { "exact" } else { "f0" };
        let normalisation = if s.normalisation == Normalisation::MeanSquared { "mean-squared" } else { "square-mean" };
        let Setting { qdamp, qbroad, .. } = self.start.setting;
        let mut words = vec![
            format!("corefine simulate {} --radiation {radiation} --weights {weights}", self.structure),
            format!("--normalisation {normalisation}"),
        ];
        words.extend((s.compat == Compat::PdfFit2).then(|| "--compat pdffit2".to_owned()));
        words.push(format!("--rmin {first} --rmax {} --rstep {}", round(last), round(second - first)));
        words.push(format!("--qmin {} --qdamp {qdamp} --qbroad {qbroad}", s.qmin));
        words.extend(s.qmax.map(|qmax| format!("--qmax {qmax}")));
        words.extend(self.noise.map(|(sigma, seed)| format!("--noise {sigma} --seed {seed}")));
        words.join(" ")
    }

    /// The settings as other programs look for them, each on a line of its own.
    fn header(&self) -> String {
        let s = &self.measurement;
        let mut lines = vec![
            format!(
                "synthetic: G(r) = 4 pi r [rho(r) - rho0] in 1/A^2, r in A, computed by corefine {}",
                env!("CARGO_PKG_VERSION")
            ),
            format!("command = {}", self.command()),
            format!("structure = {}", self.structure),
            format!("mode = {}", if s.radiation == Radiation::Xray { "xray" } else { "neutron" }),
            format!("weights = {}", weights_of(s)),
            format!("normalisation = {:?}", s.normalisation),
            format!("composition = {}", self.composition),
            format!("qmin = {}", s.qmin),
        ];
        lines.extend(s.qmax.map(|qmax| format!("qmax = {qmax}")));
        lines.push(format!("qdamp = {}", self.start.setting.qdamp));
        lines.push(format!("qbroad = {}", self.start.setting.qbroad));
        lines.extend(self.noise.map(|(sigma, seed)| format!("noise = {sigma}, seed = {seed}")));
        lines.iter().flat_map(|line| ["# ", line, "\n"]).collect()
    }
}

/// Without the dust of adding steps up.
fn round(r: f64) -> f64 {
    (r * 1e9).round() / 1e9
}

/// The weights that were used: PDFfit2 knows atomic numbers only.
fn weights_of(measurement: &Measurement) -> &'static str {
    match (measurement.compat, measurement.weights) {
        (Compat::PdfFit2, _) => "as PDFfit2",
        (Compat::None, Weights::Exact) => "exact",
        (Compat::None, Weights::F0) => "f0",
    }
}

fn check(args: &Simulate) -> Result<(), Failure> {
    let at_least_zero =
        [("--rmin", args.rmin), ("--qmin", args.qmin), ("--qdamp", args.qdamp), ("--qbroad", args.qbroad)];
    for (flag, value) in at_least_zero {
        holds(value >= 0.0 && value.is_finite(), format!("{flag} is {value}"), "write 0 or more")?;
    }
    let positive = [("--rstep", Some(args.rstep)), ("--qmax", args.qmax), ("--noise", args.noise)];
    for (flag, value) in positive.into_iter().filter_map(|(flag, value)| value.map(|value| (flag, value))) {
        holds(value > 0.0 && value.is_finite(), format!("{flag} is {value}"), "write a number above 0")?;
    }
    let (rmin, rmax) = (args.rmin, args.rmax);
    holds(
        rmin < rmax && rmax.is_finite(),
        format!("--rmin is {rmin} and --rmax {rmax}"),
        "rmin has to be the smaller",
    )?;
    let (qmin, qmax) = (args.qmin, args.qmax.unwrap_or(f64::INFINITY));
    holds(qmin < qmax, format!("--qmin is {qmin} and --qmax {qmax}"), "qmin has to be the smaller")?;
    compat_grid(args)?;
    let points = (rmax - rmin) / args.rstep;
    holds(
        points <= MOST_POINTS,
        format!("that is a curve of {points:.0} points"),
        "shorten the range, or take longer steps",
    )
}

/// PDFfit2 divides by r, on a grid of whole steps.
fn compat_grid(args: &Simulate) -> Result<(), Failure> {
    let steps = args.rmin / args.rstep;
    let whole = steps > 0.5 && (steps - steps.round()).abs() < ROUNDING * steps.max(1.0);
    holds(
        args.compat.is_none() || whole,
        format!("--compat pdffit2 cannot begin at --rmin {} with --rstep {}", args.rmin, args.rstep),
        "PDFfit2 computes at whole steps above 0; take a multiple of the step as --rmin",
    )
}

/// Can the pairs be summed? What takes long is said.
fn check_pairs(crystal: &Crystal, args: &Simulate) -> Result<(), Failure> {
    let load = Sums::load(crystal, Sum::of(compat(args)), (args.rmax, args.qmax), &[]);
    load.check().map_err(|what| Failure::with_hint(format!("--rmax is {}: {what}", args.rmax), smaller(&what)))?;
    let (pairs, threads) = (load.streamed, threads::count());
    let seconds = PAIR * pairs / threads as f64;
    if seconds > LONG {
        let time = duration(seconds);
        warn(&format!(
            "this takes about {time}: --rmax is {}, {pairs:.1e} pairs of atoms, threads: {threads}",
            args.rmax
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

fn holds(holds: bool, message: String, hint: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::with_hint(message, hint)) }
}

fn compat(args: &Simulate) -> Compat {
    args.compat.map_or(Compat::None, |CompatArg::Pdffit2| Compat::PdfFit2)
}

fn measurement(args: &Simulate) -> Measurement {
    // Rounding must not take the last point away.
    let points = ((args.rmax - args.rmin) / args.rstep * (1.0 + f64::EPSILON) + ROUNDING).floor() as usize;
    Measurement {
        radiation: args.radiation.into(),
        weights: match args.weights {
            WeightsArg::Exact => Weights::Exact,
            WeightsArg::F0 => Weights::F0,
        },
        normalisation: match args.normalisation {
            NormalisationArg::MeanSquared => Normalisation::MeanSquared,
            NormalisationArg::SquareMean => Normalisation::SquareMean,
        },
        compat: compat(args),
        r: (0..=points).map(|i| args.rmin + i as f64 * args.rstep).collect(),
        qmin: args.qmin,
        qmax: args.qmax,
        soper_lorch: None,
        data_rmin: args.rmin,
    }
}

/// What the cell holds, `Co16 N64`, as headers of data files have it.
fn composition(crystal: &Crystal) -> String {
    let counts = crystal.species.iter().zip(crystal.species_counts());
    let parts = counts.map(|(species, count)| format!("{}{}", species.element, (count * 1e4).round() / 1e4));
    parts.collect::<Vec<_>>().join(" ")
}
