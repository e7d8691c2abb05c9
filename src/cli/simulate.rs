//! `corefine simulate`: G(r) of a structure.

use std::fmt::Write as _;

use corefine::crystal::Crystal;
use corefine::curve::Measurement;
use corefine::engine::Engine;
use corefine::forward::{Forward, ForwardError};
use corefine::job::{Compat, Normalisation, Weights};
use corefine::lines::Sum;
use corefine::observed::Radiation;
use corefine::params::{Setting, State};
use corefine::suite::CurveOf;
use corefine::sums::{Sums, TooMuch};
use corefine::threads;
use serde_json::json;

use super::End;
use super::args::{CompatArg, NormalisationArg, Simulate, WeightsArg};
use super::engine::Worker;
use super::files::Structure;
use super::messages::{Failure, summary, tell, warn, warn_of};
use super::noise;
use super::output::Target;

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

pub struct Plan {
    computation: Computation,
    structure: String,
    composition: String,
    noise: Option<(f64, u64)>,
    partials: bool,
    target: Target,
    worker: Worker,
}

/// A structure, looked over, and how its curve is measured.
pub struct Computation {
    start: State,
    pub measurement: Measurement,
}

/// G(r) on the distances of the measurement.
pub struct Curve {
    pub g: Vec<f64>,
    partials: Vec<(String, Vec<f64>)>,
}

impl Computation {
    /// Can the curve be computed? What takes long is said.
    pub fn of(structure: Structure, asked: &CurveOf) -> Result<Self, Failure> {
        check(asked)?;
        let Structure { model, crystal, .. } = structure;
        check_pairs(&crystal, asked)?;
        let setting = Setting { qdamp: asked.qdamp, qbroad: asked.qbroad, molecules: false };
        Ok(Self { start: State { model, crystal, setting }, measurement: measurement(asked) })
    }

    /// The curve, with those of the pairs of elements if asked for.
    pub fn curve(&self, partials: bool, engine: &mut dyn Engine) -> Result<Curve, ForwardError> {
        let mut forward = Forward::new(&self.measurement, &self.start)?;
        let g = forward.curves(&self.start, &[], engine)?.g;
        let partials = if partials { forward.partials(&self.start, engine)? } else { Vec::new() };
        if forward.clamped > 0 {
            warn(&format!(
                "{} pairs have no real width with this delta1, delta2 and U, and got the narrowest peak",
                forward.clamped
            ));
        }
        Ok(Curve { g, partials })
    }
}

impl Plan {
    pub fn of(args: &Simulate) -> Result<Self, Failure> {
        let asked = asked(args);
        check(&asked)?;
        let noise = args.noise.map(|sigma| (sigma, args.seed));
        noise.map_or(Ok(()), |(sigma, _)| positive("--noise", sigma))?;
        let target = Target::check(&args.output.output, args.output.force)?;
        let structure = Structure::read(&args.structure, None)?;
        warn_of(&structure.warnings);
        Ok(Self {
            composition: composition(&structure.crystal),
            computation: Computation::of(structure, &asked)?,
            structure: asked.structure,
            noise,
            partials: args.partials,
            target,
            worker: Worker::open(&args.work)?,
        })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        let computed = self.computation.curve(self.partials, self.worker.engine());
        self.worker.report();
        let mut curve = computed.map_err(Failure::of)?;
        if let Some((sigma, seed)) = self.noise {
            let Measurement { r, qmax, .. } = &self.computation.measurement;
            noise::add(&mut curve.g, r, sigma, *qmax, seed);
        }
        self.target.write(&self.text(&curve))?;
        summary(json!({ "points": curve.g.len(), "file": self.target.path() }));
        tell!("{} points in {}", curve.g.len(), self.target.path().display());
        Ok(End::Well)
    }

    fn text(&self, curve: &Curve) -> String {
        let mut text = self.header();
        let partials = &curve.partials;
        let dg = self.noise.map(|(sigma, _)| sigma);
        let mut labels = "#L r G".to_owned();
        labels.push_str(if dg.is_some() { " dr dG" } else { "" });
        labels.extend(partials.iter().flat_map(|(pair, _)| [" ", pair]));
        text.push_str(&labels);
        for (i, (r, g)) in self.computation.measurement.r.iter().zip(&curve.g).enumerate() {
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
        let s = &self.computation.measurement;
        let [first, second, .., last] = s.r[..] else { return "corefine simulate".to_owned() };
        let radiation = if s.radiation == Radiation::Xray { "xray" } else { "neutron" };
        let weights = if s.weights == Weights::Exact { "exact" } else { "f0" };
        let normalisation = if s.normalisation == Normalisation::MeanSquared { "mean-squared" } else { "square-mean" };
        let Setting { qdamp, qbroad, .. } = self.computation.start.setting;
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
        let s = &self.computation.measurement;
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
        lines.push(format!("qdamp = {}", self.computation.start.setting.qdamp));
        lines.push(format!("qbroad = {}", self.computation.start.setting.qbroad));
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

/// What the options say.
fn asked(args: &Simulate) -> CurveOf {
    CurveOf {
        structure: args.structure.display().to_string(),
        radiation: args.radiation.into(),
        weights: match args.weights {
            WeightsArg::Exact => Weights::Exact,
            WeightsArg::F0 => Weights::F0,
        },
        normalisation: match args.normalisation {
            NormalisationArg::MeanSquared => Normalisation::MeanSquared,
            NormalisationArg::SquareMean => Normalisation::SquareMean,
        },
        compat: args.compat.map_or(Compat::None, |CompatArg::Pdffit2| Compat::PdfFit2),
        rmin: args.rmin,
        rmax: args.rmax,
        rstep: args.rstep,
        qmin: args.qmin,
        qmax: args.qmax,
        qdamp: args.qdamp,
        qbroad: args.qbroad,
    }
}

fn check(asked: &CurveOf) -> Result<(), Failure> {
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

fn positive(flag: &str, value: f64) -> Result<(), Failure> {
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
    let load = Sums::load(crystal, Sum::of(asked.compat), (asked.rmax, asked.qmax), &[]);
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

fn holds(holds: bool, message: String, hint: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::with_hint(message, hint)) }
}

fn measurement(asked: &CurveOf) -> Measurement {
    // Rounding must not take the last point away.
    let points = ((asked.rmax - asked.rmin) / asked.rstep * (1.0 + f64::EPSILON) + ROUNDING).floor() as usize;
    Measurement {
        radiation: asked.radiation,
        weights: asked.weights,
        normalisation: asked.normalisation,
        compat: asked.compat,
        r: (0..=points).map(|i| asked.rmin + i as f64 * asked.rstep).collect(),
        qmin: asked.qmin,
        qmax: asked.qmax,
        soper_lorch: None,
        data_rmin: asked.rmin,
    }
}

/// What the cell holds, `Co16 N64`, as headers of data files have it.
fn composition(crystal: &Crystal) -> String {
    let counts = crystal.species.iter().zip(crystal.species_counts());
    let parts = counts.map(|(species, count)| format!("{}{}", species.element, (count * 1e4).round() / 1e4));
    parts.collect::<Vec<_>>().join(" ")
}
