//! `result.json` and `report.html` of an ensemble.

use askama::Template;
use serde::Serialize;

use super::esd;
use super::page::{indented, rendered};
use super::plot::ticks::typeset;
use super::spread::{self, Axes, fraction_of, interval90, length, with_interval};
use super::tables::{coordinate, count, dashed, decimals};
use crate::outcome::{BondAnswer, CoordinationAnswer, EnsembleResult, InputFile, Narrowed};

/// The contract: these names stay.
#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    version: &'static str,
    label: &'a str,
    method: &'a str,
    seed: u64,
    members: usize,
    wanted: usize,
    converged: usize,
    chains: usize,
    noise: f64,
    rw: f64,
    weights: &'a str,
    restraints: &'a str,
    bonds: Option<&'a BondAnswer>,
    bonds_all: &'a [BondAnswer],
    parameters: &'a [Narrowed],
    directions: usize,
    latent: usize,
    words: &'a [String],
    warnings: &'a [String],
    inputs: &'a [InputFile],
    seconds: f64,
}

/// `result.json` of an ensemble; `label` is `synthetic` for data that were computed, else empty.
///
/// Keys: `title version label method seed members wanted converged chains noise rw weights restraints`; `bonds`, the first kind of
/// bonds (`null` without one), with `pair cutoff n fraction fraction_interval50 fraction_interval90 fraction_before mean sd
/// undercoordinated`, /// `histogram[]` of `from to count`, `fraction_by_cutoff[]` of `cutoff fraction`, `coordination[]` of `label mean chances`, `r_hat
/// effective`; `bonds_all`, every kind; `parameters[]` of `name unit value sd sd_before`; `directions latent words warnings inputs
/// seconds`. Where a quantity has an interval it is an object of `median interval50 interval90`.
pub fn ensemble_json(result: &EnsembleResult, label: &str) -> String {
    let document = Document {
        title: &result.title,
        version: super::VERSION,
        label,
        method: &result.method,
        seed: result.seed,
        members: result.members,
        wanted: result.wanted,
        converged: result.converged,
        chains: result.chains,
        noise: result.noise,
        rw: result.rw,
        weights: &result.weights,
        restraints: &result.restraints,
        bonds: result.bonds.first(),
        bonds_all: &result.bonds,
        parameters: &result.parameters,
        directions: result.directions,
        latent: result.latent,
        words: &result.words,
        warnings: &result.warnings,
        inputs: &result.inputs,
        seconds: result.seconds,
    };
    indented(&document)
}

#[derive(Template)]
#[template(path = "ensemble.html")]
struct Page<'a> {
    title: &'a str,
    label: &'a str,
    result: &'a EnsembleResult,
    noise: String,
    rw: String,
    kinds: Vec<Kind<'a>>,
    others: Vec<Row<'a>>,
    positions: Vec<Row<'a>>,
    seconds: String,
}

/// One kind of bonds with its pictures.
struct Kind<'a> {
    bond: &'a BondAnswer,
    id: String,
    pair: String,
    fraction: String,
    /// The fraction's median and, in brackets, its interval.
    head: (String, String),
    /// Before the data; empty where nothing was known.
    before: String,
    mean: String,
    sd: String,
    undercoordinated: String,
    r_hat: String,
    effective: String,
    histogram: String,
    curve: String,
    /// Numbers of bonds that any centre has.
    numbers: Vec<usize>,
    centres: Vec<Centre<'a>>,
}

/// How many bonds a centre has, how likely.
struct Centre<'a> {
    label: &'a str,
    mean: String,
    /// Percent.
    chances: Vec<String>,
}

/// What the data did to a parameter.
struct Row<'a> {
    name: &'a str,
    unit: &'static str,
    median: String,
    low: String,
    high: String,
    sd: String,
    before: String,
    ratio: String,
}

/// The page of an ensemble: what it says in sentences, the bonds with their intervals, what the data did to each parameter.
///
/// `label` is `synthetic` for data that were computed, else empty; it stands in every picture.
pub fn ensemble_html(result: &EnsembleResult, label: &str) -> String {
    let (positions, others) = result.parameters.iter().partition::<Vec<_>, _>(|p| coordinate(&p.name).is_some());
    let page = Page {
        title: &result.title,
        label,
        result,
        noise: decimals(result.noise, 2),
        rw: decimals(result.rw, 4),
        kinds: result.bonds.iter().enumerate().map(|(k, bond)| kind(k, bond, label)).collect(),
        others: others.into_iter().map(row).collect(),
        positions: positions.into_iter().map(row).collect(),
        seconds: decimals(result.seconds, 1),
    };
    rendered(&page)
}

fn kind<'a>(k: usize, bond: &'a BondAnswer, label: &str) -> Kind<'a> {
    let fraction = typeset(&with_interval(&fraction_of(bond), false));
    let head = fraction.split_once(" [").map(|(median, rest)| (median.to_owned(), format!("[{rest}")));
    let axes = Axes::of(&[bond]);
    let most = bond.coordination.iter().map(|centre| centre.chances.len()).max().unwrap_or(0);
    Kind {
        bond,
        id: format!("bonds-{k}"),
        pair: dashed(&bond.pair),
        head: head.unwrap_or_default(),
        fraction,
        before: bond.fraction_before.map_or_else(String::new, |before| interval90(&before, 100.0, 0)),
        mean: length(&bond.mean),
        sd: length(&bond.sd),
        undercoordinated: typeset(&with_interval(&bond.undercoordinated, false)),
        r_hat: bond.r_hat.map_or_else(|| "–".to_owned(), |r_hat| decimals(r_hat, 2)),
        effective: decimals(bond.effective, 0),
        histogram: spread::histogram(&format!("histogram-{k}"), bond, axes, label),
        curve: spread::fraction(&format!("fraction-{k}"), bond, axes, label),
        numbers: (0..most).collect(),
        centres: bond.coordination.iter().map(|centre| chances(centre, most)).collect(),
    }
}

fn chances(centre: &CoordinationAnswer, most: usize) -> Centre<'_> {
    let percent = |n: usize| count((100.0 * centre.chances.get(n).copied().unwrap_or(0.0)).round());
    Centre { label: &centre.label, mean: decimals(centre.mean, 2), chances: (0..most).map(percent).collect() }
}

fn row(parameter: &Narrowed) -> Row<'_> {
    // Two digits of the standard deviation say how many decimals the values have.
    let places = if parameter.sd > 0.0 { (1.0 - parameter.sd.log10().floor()).clamp(0.0, 9.0) as usize } else { 5 };
    let [low, high] = parameter.value.interval90.map(|end| decimals(end, places));
    let two = |x: f64| if x > 0.0 { typeset(&esd::plain(significant(x))) } else { decimals(x, 0) };
    let before = parameter.sd_before.filter(|before| *before > 0.0);
    Row {
        name: &parameter.name,
        unit: parameter.unit,
        median: decimals(parameter.value.median, places),
        low,
        high,
        sd: two(parameter.sd),
        before: before.map_or_else(|| "–".to_owned(), two),
        ratio: before.map_or_else(|| "–".to_owned(), |before| decimals(parameter.sd / before, 2)),
    }
}

/// Two significant digits.
fn significant(x: f64) -> f64 {
    format!("{x:.1e}").parse().unwrap_or(x)
}
