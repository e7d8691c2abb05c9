//! `corefine simulate`: G(r) of a structure.

use std::fmt::Write as _;

use corefine::crystal::Crystal;
use corefine::curve::Measurement;
use corefine::engine::Engine;
use corefine::expand;
use corefine::forward::{Forward, ForwardError};
use corefine::job::{Compat, Normalisation, Weights};
use corefine::lines::Sum;
use corefine::model::{Adp, Model};
use corefine::observed::{Radiation, Tabulated};
use corefine::overlay::{Overlay, overlay};
use corefine::params::{Setting, State};
use corefine::read::trajectory::Frames;
use corefine::report;
use corefine::sums::{Sums, TooMuch};
use corefine::threads;
use corefine::trajectory::Frame;

use super::End;
use super::args::{CompatArg, NormalisationArg, Simulate, WeightsArg};
use super::engine::{Worker, set_threads};
use super::files::{Input, Structure};
use super::messages::{Failure, warn, warn_of};
use super::noise;
use super::output::Target;
use super::progress::interrupted_by_user;
use super::trajectory::{each, first_frame, is_trajectory};

/// More points than any curve needs.
const MOST_POINTS: f64 = 1e6;

/// What a streamed pair of atoms takes of a thread's time, s.
const PAIR: f64 = 1e-8;

/// A longer computation is announced, s.
const LONG: f64 = 60.0;

/// Rounding of a number of steps: far above that of numbers, far below a step.
const ROUNDING: f64 = 1e-6;

pub struct Plan {
    /// The structure, or the first frame of a trajectory.
    start: State,
    frames: Option<(Frames<'static>, f64)>,
    against: Option<Against>,
    structure: String,
    /// Frames that were averaged.
    count: Option<usize>,
    uiso: Option<f64>,
    composition: String,
    measurement: Measurement,
    noise: Option<(f64, u64)>,
    partials: bool,
    target: Target,
    worker: Worker,
}

/// A measured curve to lie over.
struct Against {
    measured: Tabulated,
    range: Option<[f64; 2]>,
    page: Option<Target>,
}

/// U of the frames of a trajectory, Å²: they are instants, and need only as much as a grid can hold.
const INSTANT: f64 = 1e-4;

/// G(r) on the distances of the measurement.
#[derive(Default)]
struct Curve {
    g: Vec<f64>,
    partials: Vec<(String, Vec<f64>)>,
}

impl Plan {
    pub fn of(args: &Simulate) -> Result<Self, Failure> {
        set_threads(&args.work)?;
        check(args)?;
        let target = Target::check(&args.output.output, args.output.force)?;
        let (frames, model, crystal) = structure(args)?;
        check_pairs(&crystal, args)?;
        let setting = Setting { qdamp: args.qdamp, qbroad: args.qbroad, molecules: false };
        Ok(Self {
            composition: composition(&crystal),
            start: State { model, crystal, setting },
            structure: args.structure.display().to_string(),
            count: None,
            uiso: args.uiso.or(frames.as_ref().map(|frames| frames.1)),
            measurement: measurement(args),
            noise: args.noise.map(|sigma| (sigma, args.seed)),
            partials: args.partials,
            frames,
            against: against(args)?,
            target,
            worker: Worker::open(&args.work)?,
        })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        let computed = if self.frames.is_some() { self.averaged() } else { self.compute().map_err(Failure::of) };
        self.worker.report();
        let mut curve = computed?;
        if let Some((sigma, seed)) = self.noise {
            noise::add(&mut curve.g, &self.measurement.r, sigma, self.measurement.qmax, seed);
        }
        let overlaid = self.against.as_ref().map(|against| against.lay(&self.measurement.r, &curve.g)).transpose()?;
        self.target.write(&self.text(&curve))?;
        println!("{} points in {}", curve.g.len(), self.target.path().display());
        if let (Some(against), Some(overlay)) = (&self.against, overlaid) {
            against.write(&overlay, &[self.command()])?;
        }
        Ok(End::Well)
    }

    /// The mean over all frames.
    fn averaged(&mut self) -> Result<Curve, Failure> {
        let Some((mut frames, uiso)) = self.frames.take() else { return Ok(Curve::default()) };
        let (stop, atoms, name) = (interrupted_by_user(), frames.atoms().clone(), frames.name().to_owned());
        let mut forward = Forward::new(&self.measurement, &self.start).map_err(Failure::of)?;
        let (mut sum, mut count, mut failed) = (Curve::default(), 0.0, None);
        let one = |frame: Frame| {
            let model = frame.model(&atoms, uiso);
            expand::crystal(&model)
                .map(|crystal| (model, crystal))
                .map_err(|error| format!("{name}: frame {}: {error}", frame.number))
        };
        each(&mut frames, &stop, one, |read| {
            let added = read.map_err(Failure::of).and_then(|(model, crystal)| {
                let state = State { model, crystal, setting: self.start.setting };
                let curve = curve(&mut forward, &state, self.partials, self.worker.engine());
                curve.map_err(Failure::of)
            });
            match added {
                Ok(curve) => sum.add(&curve),
                Err(failure) => failed = failed.take().or(Some(failure)),
            }
            count += 1.0;
        })?;
        self.count = Some(count as usize);
        failed.map_or_else(|| Ok(sum.times(1.0 / count)), Err)
    }

    fn compute(&mut self) -> Result<Curve, ForwardError> {
        let engine = self.worker.engine();
        let mut forward = Forward::new(&self.measurement, &self.start)?;
        let curve = curve(&mut forward, &self.start, self.partials, engine)?;
        if forward.clamped > 0 {
            warn(&format!(
                "{} pairs have no real width with this delta1, delta2 and U, and got the narrowest peak",
                forward.clamped
            ));
        }
        Ok(curve)
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
        let uiso = self.uiso.map_or_else(String::new, |uiso| format!(" --uiso {uiso}"));
        let mut words = vec![
            format!("corefine simulate {}{uiso} --radiation {radiation} --weights {weights}", self.structure),
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
        lines.extend(self.count.map(|count| format!("frames = {count}, their mean")));
        lines.extend(s.qmax.map(|qmax| format!("qmax = {qmax}")));
        lines.push(format!("qdamp = {}", self.start.setting.qdamp));
        lines.push(format!("qbroad = {}", self.start.setting.qbroad));
        lines.extend(self.noise.map(|(sigma, seed)| format!("noise = {sigma}, seed = {seed}")));
        lines.iter().flat_map(|line| ["# ", line, "\n"]).collect()
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

impl Against {
    fn lay(&self, r: &[f64], g: &[f64]) -> Result<Overlay, Failure> {
        overlay(r, g, &self.measured, self.range).map_err(Failure::of)
    }

    fn write(&self, found: &Overlay, source: &[String]) -> Result<(), Failure> {
        let space = if found.in_q { "F(Q)" } else { "G(r)" };
        println!(
            "{space} over {}: Rw {:.4} with the scale {:.4}, {} points",
            found.file,
            found.rw,
            found.scale,
            found.x.len()
        );
        self.page.as_ref().map_or(Ok(()), |page| page.write(&report::overlay_html(found, source)))
    }
}

/// A structure, or a trajectory with its first frame.
type Read = (Option<(Frames<'static>, f64)>, Model, Crystal);

fn structure(args: &Simulate) -> Result<Read, Failure> {
    if is_trajectory(&args.structure)? {
        let uiso = args.uiso.unwrap_or(INSTANT);
        let (frames, model) = first_frame(&args.structure, &args.reading, uiso)?;
        let crystal = expand::crystal(&model).map_err(|error| Failure::of(format!("{}: {error}", frames.name())))?;
        return Ok((Some((frames, uiso)), model, crystal));
    }
    let Structure { mut model, mut crystal, warnings } = Structure::read(&args.structure, None)?;
    warn_of(&warnings);
    if let Some(uiso) = args.uiso {
        model
            .sites
            .iter_mut()
            .for_each(|site| (site.adp, site.beyond, site.inside) = (Some(Adp::Iso(uiso)), None, None));
        crystal = expand::crystal(&model).map_err(Failure::of)?;
    }
    Ok((None, model, crystal))
}

fn against(args: &Simulate) -> Result<Option<Against>, Failure> {
    let Some(path) = &args.against else { return Ok(None) };
    let input = Input::read(path)?;
    let measured = corefine::read::observed::tabulated(&input.bytes, &input.name).map_err(Failure::of)?;
    warn_of(&measured.warnings);
    let range = match args.range.as_deref() {
        None => None,
        Some([from, to]) if from < to => Some([*from, *to]),
        Some(other) => {
            let hint = "write two numbers, the smaller one first: --range 1,20";
            return Err(Failure::with_hint(format!("--range is {other:?}"), hint));
        }
    };
    holds(
        !measured.form.in_q() || args.rmin == 0.0,
        format!("--rmin is {}, and {} is a curve in Q", args.rmin, measured.name),
        "an integral over r begins at 0: leave --rmin out",
    )?;
    let page = args.report.as_deref().map(|path| Target::check(path, args.output.force)).transpose()?;
    Ok(Some(Against { measured, range, page }))
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
    let uiso = args.uiso.unwrap_or(INSTANT);
    holds(
        uiso >= 0.0 && uiso.is_finite(),
        format!("--uiso is {uiso}"),
        "write a mean square displacement in Å², 0 or more",
    )?;
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
