//! g(r) and n(r) of a trajectory, pair of elements by pair, with the first peak and its uncertainty.
//!
//! ```text
//! g_ab(r) = < V h_ab(r) > / (N_a N_b 4π/3 [(r + w)³ - r³])        n_ab(r) = < Σ_(r' < r) h_ab(r') > / N_a
//! ```
//!
//! `h_ab` is the number of pairs, counted from the atoms a, in a bin of width w (Å) that begins at r; V the volume of the cell (Å³);
//! `N_a`, `N_b` the numbers of atoms; `<>` the mean over frames. Every periodic image counts, an atom's own among them, at any
//! distance: a cell and its supercell have one g(r). So `N_b / V` is the density of b also where a and b are one element (some
//! programs take `N_b - 1` there, which belongs to a system that does not repeat). The histograms are those of
//! [`crate::distances`], which finds the pairs of a G(r) too, or of a GPU that gives the same numbers.

mod blocks;
mod peak;

use serde::Serialize;

use crate::crystal::{Points, classes};
use crate::distances::Bins;
use crate::element::Element;
use crate::engine::{Counter, EngineError};
use crate::trajectory::{Atoms, Frame};
pub use blocks::uncertainty;
use blocks::{Blocks, Sum};

/// What is counted: made once for a trajectory.
#[derive(Debug, Clone)]
pub struct Rdf {
    pairs: Vec<[Element; 2]>,
    bins: Bins,
    /// The elements of all pairs.
    kinds: Vec<Element>,
    /// The pairs as kinds, the smaller one first, each once.
    wanted: Vec<(usize, usize)>,
    /// The kind of each atom, if it is of any pair.
    kind_of: Vec<Option<usize>>,
    blocks: Blocks,
    /// Sum of the volumes of the cells that came, Å³.
    volume: f64,
}

/// What of one frame is counted.
#[derive(Debug, Clone)]
pub struct Seen {
    points: Points,
    volume: f64,
}

/// What one frame adds.
#[derive(Debug, Clone)]
pub struct Counted {
    sum: Sum,
    volume: f64,
}

/// Why there is no g(r).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RdfError {
    /// A pair of something else.
    #[error("the pair \"{0}\" is not two elements; write two symbols, Li-N")]
    Pair(String),
    /// An element that the trajectory has not.
    #[error("the pair {pair}: there is no {element}; the trajectory has {}", elements.join(", "))]
    Element {
        /// The pair.
        pair: String,
        /// Its element that is not there.
        element: Element,
        /// Those that are there.
        elements: Vec<String>,
    },
    /// A range or a bin that makes no sense.
    #[error("{what} is {value}; {needed}")]
    Number {
        /// Which one.
        what: &'static str,
        /// What it is, Å.
        value: f64,
        /// What was allowed.
        needed: &'static str,
    },
}

/// g(r) and n(r) of all pairs of one trajectory.
#[derive(Debug, Clone, Serialize)]
pub struct RdfResult {
    /// The file.
    pub trajectory: String,
    /// The engine that counted, `cpu (2 threads)`.
    pub engine: String,
    /// Frames that were counted.
    pub frames: usize,
    /// Mean volume of the cell, Å³.
    pub volume: f64,
    /// Width of a bin, Å.
    pub bin: f64,
    /// The middle of each bin, Å.
    pub r: Vec<f64>,
    /// One entry for each pair that was asked for.
    pub pairs: Vec<PairResult>,
    /// What a user should know.
    pub warnings: Vec<String>,
}

/// One pair of elements.
#[derive(Debug, Clone, Serialize)]
pub struct PairResult {
    /// `Li-N`: neighbours N around Li.
    pub pair: String,
    /// Atoms of the first and of the second element in the cell.
    pub atoms: [usize; 2],
    /// g at the middles of the bins.
    pub g: Vec<f64>,
    /// Its standard uncertainty, by blocks of frames; empty for fewer than eight frames.
    pub dg: Vec<f64>,
    /// n up to the end of each bin.
    pub n: Vec<f64>,
    /// The first peak, where g(r) has one with a minimum behind it.
    pub peak: Option<Peak>,
}

/// The first peak of a g(r): the shell up to the minimum behind it.
#[derive(Debug, Clone, Serialize)]
pub struct Peak {
    /// Where g(r), smoothed by a Gaussian of 0.04 Å, is highest, Å.
    pub position: Estimate,
    /// Mean distance in the shell, Å.
    pub mean: Estimate,
    /// Standard deviation of the distances in the shell, Å.
    pub width: Estimate,
    /// Neighbours in the shell.
    pub area: Estimate,
    /// Where the shell ends, Å.
    pub minimum: f64,
}

/// A number and its standard uncertainty, if the frames tell one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its standard uncertainty by a jackknife over blocks of frames, the largest of all lengths of blocks that leave eight.
    pub esd: Option<f64>,
}

/// More bins than any g(r) needs.
const MOST_BINS: f64 = 1e6;

impl Rdf {
    /// Makes ready to count `pairs` (`Li-N`) up to `reach` Å in bins of `width` Å.
    ///
    /// # Errors
    /// See [`RdfError`].
    pub fn new(atoms: &Atoms, pairs: &[String], reach: f64, width: f64) -> Result<Self, RdfError> {
        let bins = bins(reach, width)?;
        let pairs = pairs.iter().map(|pair| elements(pair, atoms)).collect::<Result<Vec<_>, _>>()?;
        let mut kinds: Vec<Element> = pairs.iter().flatten().copied().collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kind = |element: Element| kinds.iter().position(|known| *known == element);
        let kind_of = atoms.species.iter().map(|species| kind(species.element)).collect();
        let is_wanted = |class: &(usize, usize)| pairs.iter().any(|pair| *class == class_of(&kinds, *pair));
        let wanted: Vec<_> = classes(kinds.len()).filter(is_wanted).collect();
        let blocks = Blocks::new(wanted.len() * bins.count);
        Ok(Self { pairs, bins, kinds, wanted, kind_of, blocks, volume: 0.0 })
    }

    /// The atoms of one frame whose pairs are counted.
    pub fn see(&self, frame: &Frame) -> Seen {
        Seen { points: frame.points(|atom| self.kind_of[atom]), volume: frame.volume() }
    }

    /// Their pairs, by such a counter.
    ///
    /// # Errors
    /// The counter failed.
    pub fn count(&self, seen: &Seen, counter: &mut dyn Counter) -> Result<Counted, EngineError> {
        let counts = counter.count(&seen.points, &self.wanted, self.bins)?.tables.concat();
        let volume = seen.volume;
        let sum = Sum {
            frames: 1.0,
            weighted: counts.iter().map(|n| *n as f64 * volume).collect(),
            counts: counts.into_iter().map(|n| n as f64).collect(),
        };
        Ok(Counted { sum, volume })
    }

    /// Takes in the next frame.
    pub fn add(&mut self, counted: &Counted) {
        self.volume += counted.volume;
        self.blocks.add(&counted.sum);
    }

    /// What all frames together say, counted by this engine.
    pub fn result(&self, trajectory: &str, engine: String) -> RdfResult {
        let all = self.blocks.all();
        RdfResult {
            trajectory: trajectory.to_owned(),
            engine,
            frames: all.frames as usize,
            volume: self.volume / all.frames.max(1.0),
            bin: self.bins.width,
            r: self.bins.middles(),
            pairs: self.pairs.iter().map(|pair| self.pair(*pair, &all)).collect(),
            warnings: warnings(all.frames),
        }
    }

    fn pair(&self, pair: [Element; 2], all: &Sum) -> PairResult {
        let curve = Curve::of(self, pair);
        let (g, n) = (curve.g(all), curve.n(all));
        let dg = self.blocks.spread(|sum| curve.g(sum)).unwrap_or_default();
        let shape = |sum: &Sum| peak::Shape { g: curve.g(sum), n: curve.n(sum), width: self.bins.width };
        let peak = peak::first(&shape(all), |window| self.blocks.spread(|sum| window.numbers(&shape(sum)).to_vec()));
        let [a, b] = curve.atoms.map(|n| n as usize);
        PairResult { pair: format!("{}-{}", pair[0], pair[1]), atoms: [a, b], g, dg, n, peak }
    }
}

fn kind_of(kinds: &[Element], element: Element) -> usize {
    kinds.iter().position(|known| *known == element).unwrap_or(0)
}

/// A pair as kinds, the smaller one first.
fn class_of(kinds: &[Element], pair: [Element; 2]) -> (usize, usize) {
    let [a, b] = pair.map(|element| kind_of(kinds, element));
    (a.min(b), a.max(b))
}

fn warnings(frames: f64) -> Vec<String> {
    let few = || format!("{frames} frames are too few for uncertainties; eight are needed");
    (frames < 8.0).then(few).into_iter().collect()
}

/// Turns sums into the curves of one pair.
struct Curve {
    /// Where its bins are in a sum.
    range: std::ops::Range<usize>,
    /// Atoms of both elements.
    atoms: [f64; 2],
    /// Each pair of one element is seen from both ends.
    ends: f64,
    /// Volume of each bin's shell, Å³.
    shells: Vec<f64>,
}

impl Curve {
    fn of(rdf: &Rdf, pair: [Element; 2]) -> Self {
        let kinds = pair.map(|element| kind_of(&rdf.kinds, element));
        let wanted = class_of(&rdf.kinds, pair);
        let class = rdf.wanted.iter().position(|class| *class == wanted).unwrap_or(0);
        let Bins { width, count } = rdf.bins;
        let ball = |k: usize| 4.0 / 3.0 * std::f64::consts::PI * (k as f64 * width).powi(3);
        Self {
            range: class * count..(class + 1) * count,
            atoms: kinds.map(|kind| rdf.kind_of.iter().filter(|of| **of == Some(kind)).count() as f64),
            ends: if kinds[0] == kinds[1] { 2.0 } else { 1.0 },
            shells: (0..count).map(|k| ball(k + 1) - ball(k)).collect(),
        }
    }

    fn g(&self, sum: &Sum) -> Vec<f64> {
        let factor = self.ends / (sum.frames * self.atoms[0] * self.atoms[1]);
        let bins = sum.weighted[self.range.clone()].iter().zip(&self.shells);
        bins.map(|(weighted, shell)| factor * weighted / shell).collect()
    }

    fn n(&self, sum: &Sum) -> Vec<f64> {
        let factor = self.ends / (sum.frames * self.atoms[0]);
        let add = |total: &mut f64, count: &f64| {
            *total += factor * count;
            Some(*total)
        };
        sum.counts[self.range.clone()].iter().scan(0.0, add).collect()
    }
}

fn bins(reach: f64, width: f64) -> Result<Bins, RdfError> {
    let number = |what, value, needed| RdfError::Number { what, value, needed };
    if !(width.is_finite() && width > 0.0) {
        return Err(number("--bin", width, "a width above 0, in Å"));
    }
    if !(reach.is_finite() && reach > width) {
        return Err(number("--rmax", reach, "a distance beyond the first bin, in Å"));
    }
    let count = (reach / width).round();
    if count > MOST_BINS {
        return Err(number("--bin", width, "take wider bins, or a shorter range: at most a million of them"));
    }
    Ok(Bins { width, count: count as usize })
}

/// The two elements of `Li-N`, both of the trajectory.
fn elements(pair: &str, atoms: &Atoms) -> Result<[Element; 2], RdfError> {
    let bad = || RdfError::Pair(pair.to_owned());
    let (a, b) = pair.split_once('-').ok_or_else(bad)?;
    let both = [a.parse().map_err(|_| bad())?, b.parse().map_err(|_| bad())?];
    let there = atoms.elements();
    match both.iter().find(|element| !there.contains(element)) {
        Some(element) => Err(RdfError::Element {
            pair: pair.to_owned(),
            element: *element,
            elements: there.iter().map(ToString::to_string).collect(),
        }),
        None => Ok(both),
    }
}
