//! `corefine calibrate`: the resolution of an instrument from a powder whose structure is known.

use std::path::PathBuf;

use corefine::fit::Inputs;
use corefine::job::{Data, GridChoice, Job, Vary};
use corefine::observed::{Observed, Radiation};
use corefine::outcome::{Outcome, ParameterResult};
use corefine::read;
use corefine::report::esd;
use corefine::standards::{CEO2, LAB6, NI, SI, Standard};
use serde_json::json;

use super::End;
use super::args::{Calibrate, StandardArg};
use super::case::Case;
use super::engine::Worker;
use super::files::Input;
use super::messages::{Failure, summary, tell, warn, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::refine::{RESULTS, results, say};

/// The file that other jobs name under `instrument`.
const SNIPPET: &str = "instrument.ron";

pub struct Plan {
    standard: Standard,
    case: Case,
    data: PathBuf,
    cell: bool,
    folder: Folder,
    worker: Worker,
}

/// The peak of the nearest neighbours begins above this share of their distance.
const BELOW_FIRST: f64 = 0.6;

/// A calibration reaches so far unless told otherwise, Å: beyond, little of a curve is left at usual resolutions.
const FAR: f64 = 50.0;

/// On shorter data qdamp and qbroad are not told from U, Å.
const SHORT: f64 = 20.0;

/// A standard that fits worse is another powder, or was reduced badly.
const WORST: f64 = 0.25;

/// A refined edge that is off by a larger share of itself speaks of a wrong wavelength or distance.
const OFF: f64 = 1e-3;

impl Plan {
    pub fn of(args: &Calibrate) -> Result<Self, Failure> {
        let names: Vec<&str> = RESULTS.into_iter().chain([SNIPPET]).collect();
        let folder = Folder::of(&args.output, &names)?;
        let standard = standard(args.standard);
        let input = Input::read(&args.data)?;
        let observed = input.observed()?;
        let data = args.data.display().to_string();
        let job = job(args, &standard, &observed, data)?;
        let text = standard.cif();
        let reading = read::structure(text.as_bytes(), standard.name).map_err(Failure::of)?;
        let files = vec![input.record("data")];
        let (models, observed) = (vec![reading.value], vec![observed]);
        let inputs = Inputs { job, models, observed, files, warnings: reading.warnings };
        let case = Case::of(inputs, args.data.clone())?;
        Ok(Self { standard, case, data: args.data.clone(), cell: args.cell, folder, worker: Worker::open(&args.work)? })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { standard, case, data, cell, folder, mut worker } = self;
        let outcome = case.fit(&mut worker, &interrupted_by_user())?;
        warn_of(&outcome.warnings);
        let mut files = results(&outcome, &[data], folder.path())?;
        files.push((SNIPPET.to_owned(), snippet(&standard, &outcome, cell)));
        folder.write(&files)?;
        say(&outcome, folder.path());
        doubt(&standard, &outcome);
        summary(json!({ "standard": standard.name, "instrument": folder.path().join(SNIPPET) }));
        tell!("{}", found(&outcome));
        tell!("other jobs take it with data: (instrument: \"{}\", ...)", folder.path().join(SNIPPET).display());
        Ok(if outcome.converged { End::Well } else { End::NotConverged })
    }
}

fn standard(arg: StandardArg) -> Standard {
    match arg {
        StandardArg::CeO2 => CEO2,
        StandardArg::Ni => NI,
        StandardArg::Si => SI,
        StandardArg::LaB6 => LAB6,
    }
}

/// The refinement of a standard.
fn job(args: &Calibrate, standard: &Standard, observed: &Observed, file: String) -> Result<Job, Failure> {
    let header = &observed.header;
    let last = observed.r.last().copied().unwrap_or(0.0);
    let rmin = args.rmin.unwrap_or_else(|| (100.0 * BELOW_FIRST * standard.nearest).round() / 100.0);
    let rmax = args.rmax.unwrap_or_else(|| last.min(FAR));
    if !(rmin >= 0.0 && rmin < rmax && rmax.is_finite()) {
        let message = format!("--rmin is {rmin} and --rmax {rmax}");
        return Err(Failure::with_hint(message, "rmin has to be the smaller, and not below 0"));
    }
    if rmax < SHORT {
        warn(&format!("{rmax} Å are short for a calibration: qdamp and qbroad are told from U by what is far away"));
    }
    let qmax = args.qmax.or(header.qmax);
    if qmax.is_some_and(|qmax| qmax <= 0.0 || !qmax.is_finite()) {
        return Err(Failure::with_hint("--qmax is not above 0", "write the upper end of the transform in 1/Å"));
    }
    let data = Data {
        radiation: args.radiation.map(Radiation::from),
        normalisation: header.normalisation.unwrap_or_default(),
        qmin: args.qmin,
        qmax,
        grid: if qmax.is_some() { GridChoice::Nyquist } else { GridChoice::Data },
        ..Data::of(file, rmin, rmax)
    };
    Ok(Job {
        title: format!("{}, a standard: the resolution of the instrument", standard.name),
        refine: refined(args, standard),
        ..Job::of(format!("{}.cif", standard.name), data)
    })
}

fn refined(args: &Calibrate, standard: &Standard) -> Vec<(String, Vary)> {
    let from = |start| Vary { start: Some(start), ..Vary::default() };
    // Starts above 0: the square of qbroad has no slope there.
    let mut refined = vec![
        ("scale".to_owned(), Vary::default()),
        ("qdamp".to_owned(), from(0.04)),
        ("qbroad".to_owned(), from(0.015)),
        ("delta2".to_owned(), from(1.0)),
    ];
    refined.extend(args.cell.then(|| ("a".to_owned(), Vary::default())));
    refined.extend(standard.sites.iter().map(|(label, ..)| (format!("Uiso.{label}"), Vary::default())));
    refined.extend(standard.free.iter().map(|name| ((*name).to_owned(), Vary::default())));
    refined
}

fn parameter<'a>(outcome: &'a Outcome, name: &str) -> Option<&'a ParameterResult> {
    outcome.parameters.iter().find(|parameter| parameter.name == name)
}

/// A parameter with its uncertainty, `qdamp 0.0454(3)`.
fn text(outcome: &Outcome, name: &str) -> String {
    let of = |result: &ParameterResult| esd::format(result.value, result.esd);
    format!("{name} {}", parameter(outcome, name).map_or_else(|| "not refined".to_owned(), of))
}

fn found(outcome: &Outcome) -> String {
    let names = ["qdamp", "qbroad", "scale"].map(|name| text(outcome, name));
    let edge = parameter(outcome, "a").map(|_| format!(", {} Å", text(outcome, "a"))).unwrap_or_default();
    format!("{}{edge}", names.join(", "))
}

/// The resolution, for other jobs, with where it comes from.
fn snippet(standard: &Standard, outcome: &Outcome, cell: bool) -> String {
    let value = |name: &str| parameter(outcome, name).map_or(0.0, |result| result.value);
    let curve = outcome.data.first();
    let range = curve.and_then(|data| Some((data.r.first()?, data.r.last()?)));
    let range = range.map_or_else(String::new, |(from, to)| format!(", {from:.2} to {to:.2} Å"));
    let inputs: Vec<String> =
        outcome.inputs.iter().map(|file| format!("{} (SHA-256 {})", file.path, file.sha256)).collect();
    let edge = if cell { "refined" } else { "held" };
    let converged = if outcome.converged { "" } else { " NOT CONVERGED." };
    let label = curve.map_or("", |data| data.label.as_str());
    let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
    format!(
        "// The resolution of an instrument, by corefine {} from {}{label}.\n\
         // {}{range}: Rw {:.4}.{converged} {}.\n\
         // a = {} Å ({}) was {edge}.\n\
         // A job takes it with data: (instrument: \"{SNIPPET}\", ...); what the job sets or refines itself goes before.\n\
         (\n    qdamp: {:.6},\n    qbroad: {:.6},\n)\n",
        env!("CARGO_PKG_VERSION"),
        inputs.join(", "),
        standard.name,
        outcome.rw,
        found(outcome),
        standard.a,
        standard.source,
        value("qdamp"),
        value("qbroad"),
    )
}

/// What speaks against the calibration.
fn doubt(standard: &Standard, outcome: &Outcome) {
    if outcome.rw > WORST {
        warn(&format!("Rw is {:.3}: is this {}? A calibration should be below {WORST}", outcome.rw, standard.name));
    }
    if let Some(edge) = parameter(outcome, "a")
        && (edge.value / standard.a - 1.0).abs() > OFF
    {
        warn(&format!(
            "a is {:.4} Å, and {} has {} Å ({}): look at the wavelength and the detector's distance",
            edge.value, standard.name, standard.a, standard.source
        ));
    }
    for name in ["qdamp", "qbroad"] {
        if parameter(outcome, name).is_some_and(|result| result.esd.is_none()) {
            warn(&format!("these data do not determine {name}"));
        }
    }
}
