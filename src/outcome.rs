//! What a refinement found: the one struct that the fit hands to the report.

use serde::{Deserialize, Serialize};

use crate::model::Model;

/// A finished refinement, good or bad: everything that a report says.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The job's title.
    pub title: String,
    /// `Rw` over all data, no unit.
    pub rw: f64,
    /// `Σ [(Gcalc - Gobs)/dG]²/s` over all data, s the oversampling; no unit.
    pub chi2: f64,
    /// Did it reach a minimum?
    pub converged: bool,
    /// Why it stopped, in words: [`crate::lm::Stop`] as text.
    pub stop: String,
    /// Iterations done.
    pub iterations: usize,
    /// Wall-clock seconds of the least squares.
    pub seconds: f64,
    /// The engine that did the sums, `cpu (2 threads)`, `gpu (llvmpipe ...)`.
    pub engine: String,
    /// Refined and tied parameters, in the job's order.
    pub parameters: Vec<ParameterResult>,
    /// Correlation coefficients of the refined (not the tied) parameters, row by row, in the order of `parameters`.
    pub correlations: Vec<Vec<f64>>,
    /// One entry per iteration, the start first.
    pub history: Vec<IterationRecord>,
    /// The curves.
    pub data: Vec<DataResult>,
    /// The bonds, one entry per kind.
    pub bonds: Vec<BondResult>,
    /// The restraints, term by term, in the job's order; those by `sigma` of a parameter first.
    pub restraints: Vec<RestraintResult>,
    /// How much the data determine.
    pub determined: Determined,
    /// What a user should know before trusting the numbers.
    pub warnings: Vec<String>,
    /// The files that went in.
    pub inputs: Vec<InputFile>,
    /// The structures with the refined values.
    pub phases: Vec<PhaseResult>,
    /// The job that starts from here, as RON.
    pub refined_job: String,
}

/// A refined structure.
#[derive(Debug, Clone)]
pub struct PhaseResult {
    /// Its name in the job; empty for a single one without a name.
    pub name: String,
    /// The structure, as the first data set sees it.
    pub model: Model,
    /// How much of it there is, where there are several: one entry for each data set.
    pub shares: Vec<Share>,
}

/// How many of a sample's atoms are in a phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// The data set that says so; empty for a single one without a name.
    pub dataset: String,
    /// Its share of all atoms, 0 to 1.
    pub atoms: f64,
    /// Its standard uncertainty; `None` where the data do not determine it.
    pub esd: Option<f64>,
}

/// One parameter of the fit.
#[derive(Debug, Clone, Serialize)]
pub struct ParameterResult {
    /// `Uiso.Co`.
    pub name: String,
    /// Final value.
    pub value: f64,
    /// Standard uncertainty; `None` where the data do not determine the parameter.
    pub esd: Option<f64>,
    /// Value at the start.
    pub start: f64,
    /// `Å`, `Å²`, `°`, or empty.
    pub unit: &'static str,
    /// Refined itself, or computed from others.
    pub tied: bool,
    /// Stopped at a bound.
    pub at_bound: bool,
}

/// One iteration of the least squares.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct IterationRecord {
    /// `Rw` after it.
    pub rw: f64,
    /// Damping λ of the step.
    pub lambda: f64,
}

/// One fitted curve. The vectors have the same length, except `dg`, which may be empty.
#[derive(Debug, Clone)]
pub struct DataResult {
    /// Its name in the job; empty for a single one without a name.
    pub name: String,
    /// The data file as the job names it.
    pub file: String,
    /// A label that must stand with every picture of the data, such as `synthetic`; empty for none.
    pub label: String,
    /// Number of points compared.
    pub points: usize,
    /// `(qmax - qmin)(r2 - r1) / π`, or the number of points where qmax is not known.
    pub independent_observations: f64,
    /// `Rw` of this curve.
    pub rw: f64,
    /// By what it is missed, in units of the noise that its weights rest on; no number where nothing was fitted.
    pub misfit: f64,
    /// Distances, Å.
    pub r: Vec<f64>,
    /// Measured, 1/Å².
    pub gobs: Vec<f64>,
    /// Calculated, 1/Å².
    pub gcalc: Vec<f64>,
    /// Uncertainty of the measured curve, 1/Å².
    pub dg: Vec<f64>,
    /// The calculated curve's parts by pair of elements, `("Co-N", curve)`; they add up to `gcalc`.
    pub partials: Vec<(String, Vec<f64>)>,
    /// What was compared, if that was in Q: then `points` and `rw` are those of this.
    pub in_q: Option<InQResult>,
}

/// A curve that was compared in Q: the part of it between two distances. The vectors have the same length, except `d`, which may be
/// empty.
#[derive(Debug, Clone)]
pub struct InQResult {
    /// `F(Q)`, or `S(Q) - 1`.
    pub name: &'static str,
    /// 1/Å, or empty.
    pub unit: &'static str,
    /// Q, 1/Å.
    pub q: Vec<f64>,
    /// Measured.
    pub observed: Vec<f64>,
    /// Calculated.
    pub calculated: Vec<f64>,
    /// Uncertainty of the measured.
    pub d: Vec<f64>,
}

/// The bonds of one kind in the refined structure (see [`crate::histogram`]).
#[derive(Debug, Clone, Serialize)]
pub struct BondResult {
    /// `Co-N`.
    pub pair: String,
    /// Longer is broken, Å.
    pub cutoff: f64,
    /// Number of bonds, weighted by occupancy where sites are partly filled.
    pub n: f64,
    /// Number beyond the cutoff.
    pub broken: f64,
    /// `broken / n`.
    pub fraction: f64,
    /// Standard uncertainty of the fraction from the fit's covariance; `None` where there is none.
    pub fraction_esd: Option<f64>,
    /// Mean length, Å.
    pub mean: f64,
    /// Standard uncertainty of the mean, Å.
    pub mean_esd: Option<f64>,
    /// Standard deviation of the lengths, Å.
    pub sd: f64,
    /// Shortest, Å.
    pub min: f64,
    /// Longest, Å.
    pub max: f64,
    /// Counts per bin.
    pub histogram: Vec<Bin>,
    /// Every bond.
    pub bonds: Vec<Bond>,
    /// For each centre: its label and how many of its bonds are within the cutoff.
    pub coordination: Vec<Coordination>,
    /// The broken fraction at other cutoffs: `(cutoff, fraction)`.
    pub fraction_by_cutoff: Vec<(f64, f64)>,
}

/// One bar of a histogram, `from <= d < to`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Lower edge, Å.
    pub from: f64,
    /// Upper edge, Å.
    pub to: f64,
    /// How many.
    pub count: f64,
}

/// One bond.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bond {
    /// Label of the centre.
    pub from: String,
    /// Label of the neighbour.
    pub to: String,
    /// Length, Å.
    pub distance: f64,
    /// Its standard uncertainty, Å.
    pub esd: Option<f64>,
    /// How many bonds of the cell this one stands for (multiplicity and occupancy).
    pub weight: f64,
}

/// The neighbours of one centre.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coordination {
    /// Label of the centre.
    pub label: String,
    /// Bonds within the cutoff.
    pub number: f64,
    /// Its standard uncertainty.
    pub esd: Option<f64>,
}

/// One term of a restraint in the refined structure (see [`crate::restraints`]).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RestraintResult {
    /// `Distance`, `Angle`, `Apart`, `Displacement`, or `sigma` of a refined parameter.
    pub kind: &'static str,
    /// What the job restrains: `Co-N`, `N-Co-N`, `Co`; of `sigma` the parameter.
    pub of: String,
    /// `Co1_3-N2_7`, `N1-Co1-N2`, `Co1 x` (on Cartesian axes, x along a), or the parameter.
    pub name: String,
    /// Its value now.
    pub value: f64,
    /// What it is drawn to; of `Apart` the least distance.
    pub target: f64,
    /// Half the width of the flat bottom.
    pub within: f64,
    /// Standard deviation.
    pub sigma: f64,
    /// The residual before any weight, `(value - target ∓ within)/sigma`, no unit.
    pub pull: f64,
    /// How many of the cell it stands for: the multiplicity of its site.
    pub weight: f64,
    /// Of value, target, within and sigma.
    pub unit: &'static str,
}

/// What the data determine and what they do not.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Determined {
    /// Singular values of the Jacobian with its columns scaled to length 1, largest first.
    pub singular_values: Vec<f64>,
    /// Directions with more signal than noise, data alone.
    pub directions: usize,
    /// All refined parameters.
    pub parameters: usize,
    /// Independent observations in the data.
    pub observations: f64,
    /// The same in sentences for a report.
    pub words: Vec<String>,
}

/// A file that went into the result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputFile {
    /// `structure`, `data`, `job`, `trajectory`, `topology`.
    pub role: String,
    /// Its name as given.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal; empty for a trajectory whose reading the user stopped.
    pub sha256: String,
    /// Its path as seen from the folder of results, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_results: Option<String>,
}

/// Quantiles of something over the members of an ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Half of the members are below.
    pub median: f64,
    /// The middle half, `[lo, hi]`.
    pub interval50: [f64; 2],
    /// The middle nine tenths.
    pub interval90: [f64; 2],
}

/// One structure of an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its number, from 0.
    pub number: usize,
    /// The chain that it belongs to, or its own number.
    pub chain: usize,
    /// Did its fit converge? (Members of chains do not have one.)
    pub converged: bool,
    /// `Σ [(Gcalc - Gobs)/dG]²/s` of the data as they were measured, s the oversampling.
    pub chi2: f64,
    /// Rw against the data as they were measured.
    pub rw: f64,
    /// Values of the refined parameters, in the job's order.
    pub parameters: Vec<f64>,
    /// Lengths of the followed bonds in Å, one list for each kind, in the order of the list.
    pub lengths: Vec<Vec<f64>>,
}

/// What an ensemble says.
#[derive(Debug, Clone, Serialize)]
pub struct EnsembleResult {
    /// The job's title.
    pub title: String,
    /// How members were made: `hamiltonian`, `randomised`, `noise`, `starts`.
    pub method: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Members there are.
    pub members: usize,
    /// Members asked for.
    pub wanted: usize,
    /// Of those whose fit converged.
    pub converged: usize,
    /// Independent chains.
    pub chains: usize,
    /// By what the members miss the data, in units of the noise that these came with: about 1 where the model is right.
    pub noise: f64,
    /// Median Rw.
    pub rw: f64,
    /// `exact` or `f0`.
    pub weights: String,
    /// The restraints, in words.
    pub restraints: String,
    /// The bonds, one entry for each kind.
    pub bonds: Vec<BondAnswer>,
    /// The refined parameters.
    pub parameters: Vec<Narrowed>,
    /// Directions of the latent variables that the data know better than was known before.
    pub directions: usize,
    /// All latent directions.
    pub latent: usize,
    /// What this can and cannot claim, in sentences.
    pub words: Vec<String>,
    /// What a user should know before trusting the numbers.
    pub warnings: Vec<String>,
    /// The files that went in.
    pub inputs: Vec<InputFile>,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// The bonds of one kind over the members.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BondAnswer {
    /// `Co-N`.
    pub pair: String,
    /// Longer is broken, Å.
    pub cutoff: f64,
    /// Number of bonds.
    pub n: f64,
    /// Broken fraction: median.
    pub fraction: f64,
    /// Its 50 % interval.
    pub fraction_interval50: [f64; 2],
    /// Its 90 % interval.
    pub fraction_interval90: [f64; 2],
    /// What was thought of it before the data; `None` where nothing was.
    pub fraction_before: Option<Interval>,
    /// Mean length, Å.
    pub mean: Interval,
    /// Standard deviation of the lengths, Å.
    pub sd: Interval,
    /// Share of the centres that have fewer bonds within the cutoff than they are followed to neighbours.
    pub undercoordinated: Interval,
    /// Counts per bin.
    pub histogram: Vec<BinAnswer>,
    /// The broken fraction at other cutoffs.
    pub fraction_by_cutoff: Vec<CutoffAnswer>,
    /// The centres.
    pub coordination: Vec<CoordinationAnswer>,
    /// How far chains agree on the fraction: 1 if they do; `None` without chains.
    pub r_hat: Option<f64>,
    /// Independent members that would tell the fraction as well.
    pub effective: f64,
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct BinAnswer {
    /// Lower edge, Å.
    pub from: f64,
    /// Upper edge, Å.
    pub to: f64,
    /// Bonds in it.
    pub count: Interval,
}

/// The broken fraction at one cutoff.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct CutoffAnswer {
    /// Å.
    pub cutoff: f64,
    /// Fraction of longer bonds.
    pub fraction: Interval,
}

/// How many bonds a centre has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoordinationAnswer {
    /// Its label.
    pub label: String,
    /// Mean number of bonds within the cutoff.
    pub mean: f64,
    /// The chance of 0, 1, 2 ... bonds (rounded, where occupancies make them no whole numbers).
    pub chances: Vec<f64>,
}

/// What the data did to what was known of a parameter.
#[derive(Debug, Clone, Serialize)]
pub struct Narrowed {
    /// `x.Co1`.
    pub name: String,
    /// `Å`, `Å²`, `°`, or empty.
    pub unit: &'static str,
    /// Over the members.
    pub value: Interval,
    /// Standard deviation over the members, by their middle half: that of a normal distribution with the same one.
    pub sd: f64,
    /// The same before the data; `None` where nothing was known.
    pub sd_before: Option<f64>,
}
