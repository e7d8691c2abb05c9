//! One case, timed in this process.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use corefine::curve::{Measurement, summed_to};
use corefine::engine::{Cpu, Engine};
use corefine::fit::{Inputs, Setup};
use corefine::forward::Forward;
use corefine::job::{Compat, Job};
use corefine::lm::{self, Flow, Options};
use corefine::model::Model;
use corefine::objective::Target;
use corefine::observed::{Form, Header, Observed};
use corefine::params::{Binding, State};
use corefine::read;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::structures::{
    QDAMP, QMAX, ball, displace, flagship, isolated, measurement, nickel, of_cluster, spread, state,
};

/// What can be timed; every case has a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Case {
    /// `gr-20`, `gr-20-pdffit2`: G(r) of the 416-atom cell to 20 Å, by this program's sum or by PDFfit2's.
    Curve { rmax: f64, compat: Compat },
    /// `lm-48-20`: one step of least squares with 48 coordinates to 20 Å.
    Step { parameters: usize, rmax: f64 },
    /// `refine-56-20`: from Co displaced by 0.1 Å to Rw 1e-4, 56 parameters to 20 Å.
    Refine { rmax: f64 },
    /// `box-1e5`: G(r) of nickel to 30 Å.
    Nickel { atoms: usize },
    /// `cluster-500`: G(r) of an isolated ball of nickel to 30 Å.
    Cluster { atoms: usize },
    /// `atoms-52-10`: G(r) of atoms at the flagship's density to 10 Å.
    Atoms { atoms: usize, rmax: f64 },
}

/// The result of one case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the case.
    pub case: String,
    /// Threads.
    pub threads: usize,
    /// Median, s; see `docs/performance.md` for what is timed.
    pub seconds: Option<f64>,
    /// How many runs the median is of.
    pub runs: usize,
    /// `again_s`, `first_s`, `jacobian_s` (further medians); `iterations`, `evaluations`, `parameters`, `points`, `rw`;
    /// with a GPU `gpu_s`, and of the largest sum `sum_points`, `cpu_sum_s`, `gpu_sum_s`, `gpu_device_s`.
    pub also: BTreeMap<String, f64>,
    /// Largest difference from a direct sum in units of the largest |G|, where one was made.
    pub direct_diff: Option<f64>,
    /// The most memory that the process held, MB.
    pub peak_mb: Option<f64>,
    /// Why there is no number.
    pub skipped: Option<String>,
    /// What the `gpu` engine ran on, where it was timed.
    pub adapter: Option<Adapter>,
    /// Why it was not, where that was asked for.
    pub no_gpu: Option<String>,
}

/// What the `gpu` engine ran on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// Name and interface.
    pub name: String,
    /// A program on the CPU.
    pub software: bool,
}

impl Row {
    /// Takes over what the case's run on a GPU gave.
    pub fn join(&mut self, gpu: Self) {
        self.no_gpu = gpu.skipped;
        self.adapter = gpu.adapter;
        self.also.extend(gpu.also);
        self.also.extend(gpu.seconds.map(|seconds| ("gpu_s".to_owned(), seconds)));
    }

    /// One line for the process that waits for it; a later line replaces it.
    pub fn print(&self) {
        println!("{}", serde_json::to_string(self).expect("numbers and text"));
    }
}

impl std::str::FromStr for Case {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let parts: Vec<&str> = name.split('-').collect();
        let number = |text: &str| text.parse::<f64>().map_err(|_| format!("{name}: {text} is no number"));
        let whole = |text: &str| number(text).map(|value| value.round() as usize);
        match parts[..] {
            ["gr", rmax] => Ok(Self::Curve { rmax: number(rmax)?, compat: Compat::None }),
            ["gr", rmax, "pdffit2"] => Ok(Self::Curve { rmax: number(rmax)?, compat: Compat::PdfFit2 }),
            ["lm", parameters, rmax] => Ok(Self::Step { parameters: whole(parameters)?, rmax: number(rmax)? }),
            ["refine", "56", rmax] => Ok(Self::Refine { rmax: number(rmax)? }),
            ["box", atoms] => Ok(Self::Nickel { atoms: whole(atoms)? }),
            ["cluster", atoms] => Ok(Self::Cluster { atoms: whole(atoms)? }),
            ["atoms", atoms, rmax] => Ok(Self::Atoms { atoms: whole(atoms)?, rmax: number(rmax)? }),
            _ => Err(format!("{name} is no case: see docs/performance.md")),
        }
    }
}

/// Cases with this at the end of their name are done by the `gpu` engine.
pub const ON_GPU: &str = "-gpu";

impl Case {
    /// Is it timed on a GPU, too?
    pub fn has_gpu(self) -> bool {
        !matches!(self, Self::Nickel { .. } | Self::Atoms { .. } | Self::Cluster { .. })
    }
}

/// Runs a case for about `budget`, at least once; its curve goes to `curves`.
pub fn run(name: &str, budget: Duration, curves: Option<&Path>) -> Result<Row, String> {
    if let Some(plain) = name.strip_suffix(ON_GPU) {
        return on_gpu(plain.parse()?, budget);
    }
    let mut row = match name.parse()? {
        Case::Curve { rmax, compat } => curve(name, &state(&flagship()), &measurement(rmax, compat), budget, curves),
        Case::Nickel { atoms } => curve(name, &nickel(atoms), &measurement(30.0, Compat::None), budget, curves),
        Case::Atoms { atoms, rmax } => curve(name, &spread(atoms), &measurement(rmax, Compat::None), budget, curves),
        Case::Cluster { atoms } => curve(name, &isolated(&ball(atoms)), &of_cluster(), budget, curves),
        case => least_squares(case, budget, &mut Cpu),
    }?;
    name.clone_into(&mut row.case);
    row.peak_mb = row.peak_mb.or_else(peak);
    Ok(row)
}

#[cfg(feature = "gpu")]
use crate::device::on_gpu;

#[cfg(not(feature = "gpu"))]
fn on_gpu(_: Case, _: Duration) -> Result<Row, String> {
    Err("built without the feature gpu".to_owned())
}

/// `seconds` of a case by an engine.
#[cfg(feature = "gpu")]
pub fn timed(case: Case, budget: Duration, engine: &mut dyn Engine) -> Result<Row, String> {
    let Case::Curve { rmax, compat } = case else { return least_squares(case, budget, engine) };
    let (state, measurement) = (state(&flagship()), measurement(rmax, compat));
    let (seconds, runs, _) = median(budget, || first_curve(&measurement, &state, engine))?;
    Ok(Row { seconds: Some(seconds), runs, ..Row::default() })
}

fn least_squares(case: Case, budget: Duration, engine: &mut dyn Engine) -> Result<Row, String> {
    match case {
        Case::Step { parameters, rmax } => step(parameters, rmax, budget, engine),
        Case::Refine { rmax } => refine(rmax, budget, engine),
        other => Err(format!("{other:?} is no least squares")),
    }
}

/// The most memory that this process has held, MB.
fn peak() -> Option<f64> {
    status("VmHWM").map(|kilobytes| kilobytes / 1024.0)
}

/// A line of this process's status, kB; none where the system has no such file.
fn status(key: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Most runs of one measurement.
const MOST: usize = 9;

/// The median time of `work` in s, the number of runs, and the last result.
pub fn median<T>(budget: Duration, mut work: impl FnMut() -> Result<T, String>) -> Result<(f64, usize, T), String> {
    let begin = Instant::now();
    let mut times = Vec::new();
    loop {
        let clock = Instant::now();
        let result = black_box(work()?);
        times.push(clock.elapsed().as_secs_f64());
        if times.len() == MOST || begin.elapsed() > budget {
            return Ok((middle(&mut times), times.len(), result));
        }
    }
}

/// The median.
fn middle(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let half = times.len() / 2;
    if times.len() % 2 == 1 { times[half] } else { 0.5 * (times[half - 1] + times[half]) }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// `seconds`: from the structure to its curve. `again_s`: the curve of the structure with one atom moved, as a fit asks for
/// it: what was measured of the structure before must not help.
fn curve(
    name: &str,
    state: &State,
    measurement: &Measurement,
    budget: Duration,
    curves: Option<&Path>,
) -> Result<Row, String> {
    let (seconds, runs, (mut forward, g)) = median(budget, || first_curve(measurement, state, &mut Cpu))?;
    let mut row = Row { case: name.to_owned(), seconds: Some(seconds), runs, ..Row::default() };
    row.print();
    let mut moved = state.clone();
    let again = || {
        moved.crystal.atoms[0].position.0[0] += 1e-6;
        forward.curves(&moved, &[], &mut Cpu).map_err(words)
    };
    let (again, _, _) = median(budget, again)?;
    if let Some(folder) = curves {
        write(&folder.join(format!("{name}.gr")), &measurement.r, &g)?;
    }
    row.also = [("again_s".to_owned(), again), ("points".to_owned(), g.len() as f64)].into();
    row.peak_mb = peak();
    row.print();
    row.direct_diff = direct(state, measurement, &g)?;
    Ok(row)
}

/// From a structure to its curve.
fn first_curve(
    measurement: &Measurement,
    state: &State,
    engine: &mut dyn Engine,
) -> Result<(Forward, Vec<f64>), String> {
    let mut forward = Forward::new(measurement, state).map_err(words)?;
    let curves = forward.curves(state, &[], engine).map_err(words)?;
    Ok((forward, curves.g))
}

fn write(path: &Path, r: &[f64], g: &[f64]) -> Result<(), String> {
    let rows: Vec<String> = r.iter().zip(g).map(|(r, g)| format!("{r:.2} {g:.12e}")).collect();
    std::fs::write(path, rows.join("\n") + "\n").map_err(|error| format!("{}: {error}", path.display()))
}

/// Most pairs that are summed one by one for comparison: some seconds.
const MOST_DIRECT: f64 = 3e7;

/// The largest difference of a curve from the sum over every single pair, in units of the largest |G|.
///
/// One U is made a tensor that differs from isotropic by nothing that counts: such pairs are never shared out among nodes.
fn direct(state: &State, measurement: &Measurement, g: &[f64]) -> Result<Option<f64>, String> {
    let rmax = measurement.r.last().copied().unwrap_or(0.0);
    if state.crystal.pairs_within(summed_to(&state.crystal, rmax, measurement.qmin)) > MOST_DIRECT {
        return Ok(None);
    }
    let mut single = state.clone();
    single.crystal.atoms[0].u[(0, 1)] = 1e-300;
    let mut forward = Forward::new(measurement, &single).map_err(words)?;
    let want = forward.curves(&single, &[], &mut Cpu).map_err(words)?.g;
    let largest = want.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let off = want.iter().zip(g).map(|(want, g)| (want - g).abs()).fold(0.0, f64::max);
    Ok(Some(off / largest))
}

/// The flagship's curve as data without noise.
fn noiseless(model: &Model, rmax: f64) -> Result<Observed, String> {
    let measurement = measurement(rmax, Compat::None);
    let state = state(model);
    let mut forward = Forward::new(&measurement, &state).map_err(words)?;
    let g = forward.curves(&state, &[], &mut Cpu).map_err(words)?.g;
    let header = Header { qmax: Some(QMAX), qdamp: Some(QDAMP), ..Header::default() };
    Ok(Observed {
        name: "noiseless".to_owned(),
        r: measurement.r,
        g,
        dg: Vec::new(),
        form: Form::G,
        header,
        warnings: Vec::new(),
        in_q: None,
    })
}

/// The job that refines the named parameters against these data, in the peers' mode.
fn job(names: &[String], rmax: f64) -> Result<Job, String> {
    let refine = names.iter().map(|name| format!("\"{name}\": ()")).collect::<Vec<_>>().join(", ");
    let text = format!(
        r#"(structure: "co_zif62.ron", set: {{ "qdamp": {QDAMP} }}, refine: {{ {refine} }},
            data: (file: "noiseless", rmin: 1, rmax: {rmax}, radiation: xray, weights: f0, qmin: 0, qmax: {QMAX}))"#
    );
    read::job::job(&text, "bench.ron").map_err(words)
}

/// A least-squares problem without anything around it.
struct Problem<'a> {
    engine: &'a mut dyn Engine,
    binding: Binding,
    forward: Forward,
    target: Target,
    /// When the last two Jacobians were ready.
    ready: [Instant; 2],
}

impl<'a> Problem<'a> {
    /// The coordinates of as many sites as make that many parameters, Co first, from Co displaced by 0.1 Å.
    fn coordinates(parameters: usize, rmax: f64, engine: &'a mut dyn Engine) -> Result<Self, String> {
        let mut model = flagship();
        let observed = noiseless(&model, rmax)?;
        displace(&mut model, 0.1);
        let mut sites: Vec<_> = model.sites.iter().collect();
        sites.sort_by_key(|site| site.species.element.symbol() != "Co");
        let names: Vec<String> = sites.iter().take(parameters / 3).map(|site| format!("xyz.{}", site.label)).collect();
        let job = job(&names, rmax)?;
        let state = state(&model);
        let binding = Binding::new(&job, &model, &state.crystal).map_err(words)?;
        let target = Target::select(&observed, job.data(), Some(QMAX), false).map_err(words)?;
        let forward = Forward::new(&measurement(rmax, Compat::None), &state).map_err(words)?;
        Ok(Self { engine, binding, forward, target, ready: [Instant::now(); 2] })
    }

    fn start(&self) -> DVector<f64> {
        DVector::from_vec(self.binding.start())
    }

    /// One iteration of the program's own least squares: how many times it asked for residuals.
    fn iterate(&mut self) -> Result<usize, String> {
        let start = self.start();
        // As the program has it: an atom is where it is drawn to some 0.15 Å.
        let widths = vec![0.01; start.len()];
        let options = Options { widths, ..Options::with_tolerance(1e-6, 1) };
        Ok(lm::minimise(self, start, &options, &mut lm::silent).map_err(words)?.evaluations)
    }
}

impl lm::Problem for Problem<'_> {
    type Error = String;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, String> {
        let state = self.binding.state(p.as_slice()).map_err(words)?;
        let curves = self.forward.curves(&state, &[], self.engine).map_err(words)?;
        Ok(DVector::from_vec(self.target.residuals(&curves.g)))
    }

    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, String> {
        let state = self.binding.state(p.as_slice()).map_err(words)?;
        let tangents = self.binding.tangents(&state, p.as_slice()).map_err(words)?;
        let curves = self.forward.curves(&state, &tangents, self.engine).map_err(words)?;
        let jacobian = self.target.jacobian(&curves.columns);
        self.ready = [self.ready[1], Instant::now()];
        Ok(jacobian)
    }
}

/// `seconds`: an iteration of least squares from one Jacobian to the next: steps, the curves that they try, and a Jacobian.
/// `first_s`: least squares of one iteration, with the analysis at its end. `jacobian_s`: one Jacobian.
fn step(parameters: usize, rmax: f64, budget: Duration, engine: &mut dyn Engine) -> Result<Row, String> {
    let mut problem = Problem::coordinates(parameters, rmax, engine)?;
    let mut steps = Vec::new();
    let (first, runs, evaluations) = median(budget, || {
        let evaluations = problem.iterate()?;
        steps.push((problem.ready[1] - problem.ready[0]).as_secs_f64());
        Ok(evaluations)
    })?;
    let mut moved = problem.start();
    let (jacobian, _, _) = median(budget, || {
        moved[0] += 1e-6;
        lm::Problem::jacobian(&mut problem, &moved)
    })?;
    let also = [
        ("parameters", moved.len() as f64),
        ("evaluations", evaluations as f64),
        ("first_s", first),
        ("jacobian_s", jacobian),
    ];
    let also = also.map(|(name, value)| (name.to_owned(), value)).into();
    Ok(Row { seconds: Some(middle(&mut steps)), runs, also, ..Row::default() })
}

/// `seconds`: a whole refinement, from inputs to outcome.
fn refine(rmax: f64, budget: Duration, engine: &mut dyn Engine) -> Result<Row, String> {
    let mut model = flagship();
    let observed = noiseless(&model, rmax)?;
    displace(&mut model, 0.1);
    let names = ["scale", "a", "b", "c", "xyz.Co", "Uiso.Co", "Uiso.N", "Uiso.C", "Uiso.O"].map(str::to_owned);
    let inputs = Inputs::of(job(&names, rmax)?, model, observed);
    let all = || {
        let setup = Setup::new(inputs.clone()).map_err(words)?;
        setup
            .refine(engine, &mut |progress| if progress.rw < 1e-4 { Flow::Stop } else { Flow::Continue })
            .map_err(words)
    };
    let (seconds, runs, outcome) = median(budget, all)?;
    let also = [
        ("iterations".to_owned(), outcome.iterations as f64),
        ("rw".to_owned(), outcome.rw),
        ("parameters".to_owned(), outcome.parameters.len() as f64),
    ];
    Ok(Row { seconds: Some(seconds), runs, also: also.into(), ..Row::default() })
}
