//! `corefine simulate`: G(r) of a structure, or the mean of a trajectory.

mod against;
mod computation;

use std::fmt::Write as _;

use corefine::crystal::Crystal;
use corefine::curve::Measurement;
use corefine::expand;
use corefine::job::{Compat, Normalisation, Weights};
use corefine::model::Adp;
use corefine::params::Setting;
use corefine::read::trajectory::Frames;
use corefine::suite::CurveOf;
use serde_json::json;

use super::End;
use super::args::{CompatArg, NormalisationArg, Simulate, WeightsArg};
use super::engine::Worker;
use super::files::Structure;
use super::messages::{Failure, summary, tell, warn_of};
use super::noise;
use super::output::Target;
use super::trajectory::{first_frame, is_trajectory};
use against::{Against, against};
pub use computation::Computation;
use computation::{Curve, check, holds, positive};

pub struct Plan {
    computation: Computation,
    /// A trajectory, and the U of its atoms, Å².
    frames: Option<(Frames<'static>, f64)>,
    against: Option<Against>,
    structure: String,
    /// Frames that were averaged.
    count: Option<usize>,
    uiso: Option<f64>,
    composition: String,
    noise: Option<(f64, u64)>,
    partials: bool,
    target: Target,
    worker: Worker,
}

/// U of the frames of a trajectory, Å²: they are instants, and need only as much as a grid can hold.
const INSTANT: f64 = 1e-4;

impl Plan {
    pub fn of(args: &Simulate) -> Result<Self, Failure> {
        let asked = asked(args);
        check(&asked)?;
        check_uiso(args.uiso)?;
        let noise = args.noise.map(|sigma| (sigma, args.seed));
        noise.map_or(Ok(()), |(sigma, _)| positive("--noise", sigma))?;
        let target = Target::of(&args.output)?;
        let (frames, structure) = structure(args)?;
        warn_of(&structure.warnings);
        Ok(Self {
            composition: composition(&structure.crystal),
            computation: Computation::of(structure, &asked)?,
            structure: asked.structure,
            count: None,
            uiso: args.uiso.or(frames.as_ref().map(|frames| frames.1)),
            noise,
            partials: args.partials,
            frames,
            against: against(args)?,
            target,
            worker: Worker::open(&args.work)?,
        })
    }

    pub fn run(mut self) -> Result<End, Failure> {
        let computed = self.compute();
        self.worker.report();
        warn_of(&self.worker.warnings());
        let mut curve = computed?;
        let Measurement { r, qmax, .. } = &self.computation.measurement;
        if let Some((sigma, seed)) = self.noise {
            noise::add(&mut curve.g, r, sigma, *qmax, seed);
        }
        let overlaid = self.against.as_ref().map(|against| against.lay(r, &curve.g)).transpose()?;
        self.target.write(&self.text(&curve))?;
        summary(json!({ "points": curve.g.len(), "file": self.target.path(), "frames": self.count }));
        tell!("{} points in {}", curve.g.len(), self.target.path().display());
        if let (Some(against), Some(overlay)) = (&self.against, overlaid) {
            against.write(&overlay, &[self.command()])?;
        }
        Ok(End::Well)
    }

    fn compute(&mut self) -> Result<Curve, Failure> {
        let engine = self.worker.engine();
        let Some((frames, uiso)) = &mut self.frames else {
            return self.computation.curve(self.partials, engine).map_err(Failure::of);
        };
        let (curve, count) = self.computation.mean(frames, *uiso, self.partials, engine)?;
        self.count = Some(count);
        Ok(curve)
    }

    fn text(&self, curve: &Curve) -> String {
        let _room = tracing::info_span!("report").entered();
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
        let radiation = s.radiation.word();
        let weights = if s.weights == Weights::Exact { "exact" } else { "f0" };
        let normalisation = if s.normalisation == Normalisation::MeanSquared { "mean-squared" } else { "square-mean" };
        let Setting { qdamp, qbroad, .. } = self.computation.start.setting;
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
        let s = &self.computation.measurement;
        let mut lines = vec![
            format!(
                "synthetic: G(r) = 4 pi r [rho(r) - rho0] in 1/A^2, r in A, computed by corefine {}",
                env!("CARGO_PKG_VERSION")
            ),
            format!("command = {}", self.command()),
            format!("structure = {}", self.structure),
            format!("mode = {}", s.radiation.word()),
            format!("weights = {}", weights_of(s)),
            format!("normalisation = {:?}", s.normalisation),
            format!("composition = {}", self.composition),
            format!("qmin = {}", s.qmin),
        ];
        lines.extend(self.computation.start.crystal.cluster.then(|| "cluster = true".to_owned()));
        lines.extend(self.count.map(|count| format!("frames = {count}, their mean")));
        lines.extend(s.qmax.map(|qmax| format!("qmax = {qmax}")));
        lines.push(format!("qdamp = {}", self.computation.start.setting.qdamp));
        lines.push(format!("qbroad = {}", self.computation.start.setting.qbroad));
        lines.extend(self.noise.map(|(sigma, seed)| format!("noise = {sigma}, seed = {seed}")));
        lines.iter().flat_map(|line| ["# ", line, "\n"]).collect()
    }
}

/// A structure, or a trajectory with its first frame.
fn structure(args: &Simulate) -> Result<(Option<(Frames<'static>, f64)>, Structure), Failure> {
    if is_trajectory(&args.structure)? {
        let uiso = args.uiso.unwrap_or(INSTANT);
        let (frames, model) = first_frame(&args.structure, &args.reading, uiso)?;
        let crystal = expand::crystal(&model).map_err(|error| Failure::of(format!("{}: {error}", frames.name())))?;
        return Ok((Some((frames, uiso)), Structure { model, crystal, warnings: Vec::new() }));
    }
    let mut structure = Structure::read(&args.structure, None)?;
    if let Some(uiso) = args.uiso {
        let sites = structure.model.sites.iter_mut();
        sites.for_each(|site| (site.adp, site.beyond, site.inside) = (Some(Adp::Iso(uiso)), None, None));
        structure.crystal = expand::crystal(&structure.model).map_err(Failure::of)?;
    }
    Ok((None, structure))
}

fn check_uiso(uiso: Option<f64>) -> Result<(), Failure> {
    let uiso = uiso.unwrap_or(INSTANT);
    holds(
        uiso >= 0.0 && uiso.is_finite(),
        format!("--uiso is {uiso}"),
        "write a mean square displacement in Å², 0 or more",
    )
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

/// What the cell holds, `Co16 N64`, as headers of data files have it.
fn composition(crystal: &Crystal) -> String {
    let counts = crystal.species.iter().zip(crystal.species_counts());
    let parts = counts.map(|(species, count)| format!("{}{}", species.element, (count * 1e4).round() / 1e4));
    parts.collect::<Vec<_>>().join(" ")
}
