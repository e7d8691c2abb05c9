//! Every pair as a Gaussian, with its derivatives: what the engines lay down.
//!
//! A pair of atoms i, j at distance `r_ij` adds to the partial curve of its two species
//!
//! ```text
//! P_ab(r) = Σ occ_i occ_j / r_ij  1/(σ_ij √2π)  exp(-(r - r_ij)² / 2σ_ij²)          (1/Å²)
//! σ_ij²   = d^T (U_i + U_j) d  (1 - delta1/r_ij - delta2/r_ij² + qbroad² r_ij²)      (Å²), times sratio² below rcut
//! ```
//!
//! with d the unit vector of the pair and the sum over ordered pairs of one cell (Proffen & Billinge 1999,
//! J. Appl. Cryst. 32, 572; Farrow et al. 2007, J. Phys.: Condens. Matter 19, 335219). Of a pair's derivative by any
//! parameter three numbers are needed, `dr_ij`, `dσ_ij` and `d(occ_i occ_j)`; the rest is the same for all:
//!
//! ```text
//! d[A exp(-t²/2)] = exp(-t²/2) [dA + A t dr/σ + A t² dσ/σ],   t = (r - r_ij)/σ,   dA/A = d(occ)/occ - dr/r_ij - dσ/σ
//! ```

mod movers;
mod nodes;
mod rows;
mod single;
mod width;

use nalgebra::Vector3;

use crate::crystal::Crystal;
use crate::engine::{Grid, Peak, Peaks, Term};
use crate::job::Compat;
use crate::pairs::{Pair, Pairs};
use crate::tangent::Tangent;
use crate::threads;
use movers::{Movers, Scratch};
pub use nodes::{node_lines, shift_lines};
pub use rows::RowTable;
pub use single::{Single, single_lines};
use width::Width;

/// What makes a peak of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Linear sharpening, Å.
    pub delta1: f64,
    /// Quadratic sharpening, Å².
    pub delta2: f64,
    /// Broadening by the instrument, 1/Å.
    pub qbroad: f64,
    /// Factor on the width below `rcut`.
    pub sratio: f64,
    /// Where `sratio` ends, Å.
    pub rcut: f64,
    /// Where the sum is cut, and what divides it.
    pub sum: Sum,
}

/// Which sum over pairs is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// `1/r_ij` in each term, peaks to [`REACH`] σ, a radicand that is not positive clamped.
    Exact,
    /// What PDFfit2 does: the caller divides by r on the grid, peaks end at 5 σ, such pairs are dropped.
    PdfFit2,
}

impl Sum {
    /// The sum of the program that a job is to be comparable with.
    pub fn of(compat: Compat) -> Self {
        match compat {
            Compat::None => Self::Exact,
            Compat::PdfFit2 => Self::PdfFit2,
        }
    }
}

/// Peaks are laid down to this many σ: `exp(-REACH²/2)` is 7e-10 of the top.
pub const REACH: f64 = 6.5;

/// PDFfit2's reach in σ.
const REACH_PDFFIT2: f64 = 5.0;

/// The narrowest peak, Å: what a pair is clamped to whose width would be smaller, or imaginary.
///
/// The grid of the sum is made for the narrowest peak there is; this is where it stops getting finer.
pub const NARROWEST: f64 = 0.01;

/// Peaks and what was noticed in making them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// For the engine.
    pub peaks: Peaks,
    /// Pairs within the curve's range whose width was clamped (or, in PDFfit2's sum, that were dropped).
    pub clamped: usize,
    /// Standard deviation of the narrowest peak, Å; infinite where there is none.
    pub narrowest: f64,
}

/// Which pairs, and what of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Pairs farther apart than this, Å,
    pub from: f64,
    /// and up to this, Å.
    pub to: f64,
    /// Do they add to the curve itself (column 0), or to the columns only?
    pub value: bool,
}

/// The peaks of the pairs in `list` (all of [`Pairs::list`], or some of it) that reach the grid, with the terms of
/// every column.
///
/// `tangents` may be empty: then there is column 0 only.
///
/// # Panics
/// If `rows` was made for another crystal or other tangents.
pub fn lines(
    crystal: &Crystal,
    pairs: &Pairs,
    (list, part): (&[Pair], &Part),
    shape: &Shape,
    grid: &Grid,
    tangents: &[Tangent],
    rows: &RowTable,
) -> Lines {
    let _room = tracing::info_span!("lines").entered();
    let near = measured(crystal, pairs, list, part, grid);
    let movers = Movers::new(crystal, tangents);
    let maker = Maker { crystal, shape, grid, movers: &movers, rows, value: part.value };
    let chunks = near.chunks(CHUNK).collect::<Vec<_>>();
    let make = |k: usize| {
        let parameters = tangents.len();
        pulp::Arch::new().dispatch(Chunk { maker: &maker, near: chunks[k], parameters })
    };
    join(*grid, rows.keys.len(), threads::map(chunks.len(), make))
}

/// Pairs that one thread turns into peaks at a time.
const CHUNK: usize = 1024;

/// Puts lines after each other that follow each other in r.
fn join(grid: Grid, rows: usize, mut parts: Vec<Lines>) -> Lines {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut whole = Lines::none(grid, rows);
    let peaks: usize = parts.iter().map(|part| part.peaks.peaks.len()).sum();
    let terms = parts.iter().map(|part| part.peaks.terms.len()).sum();
    whole.peaks.peaks.reserve_exact(peaks);
    whole.peaks.start.reserve_exact(peaks);
    whole.peaks.terms.reserve_exact(terms);
    for part in parts {
        let terms = whole.peaks.terms.len() as u32;
        whole.peaks.peaks.extend_from_slice(&part.peaks.peaks);
        whole.peaks.start.extend(part.peaks.start[1..].iter().map(|start| start + terms));
        whole.peaks.terms.extend_from_slice(&part.peaks.terms);
        whole.clamped += part.clamped;
        whole.narrowest = whole.narrowest.min(part.narrowest);
    }
    whole
}

impl Lines {
    fn none(grid: Grid, rows: usize) -> Self {
        let peaks = Peaks { grid, rows, peaks: Vec::new(), start: vec![0], terms: Vec::new() };
        Self { peaks, clamped: 0, narrowest: f64::INFINITY }
    }
}

/// What every pair needs to become a peak.
struct Maker<'a> {
    crystal: &'a Crystal,
    shape: &'a Shape,
    grid: &'a Grid,
    movers: &'a Movers<'a>,
    rows: &'a RowTable,
    value: bool,
}

/// Some pairs, to be compiled for the widest vectors that the processor has.
struct Chunk<'a> {
    maker: &'a Maker<'a>,
    near: &'a [Measured],
    parameters: usize,
}

impl pulp::WithSimd for Chunk<'_> {
    type Output = Lines;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Lines {
        let Self { maker, near, parameters } = self;
        let mut lines = Lines::none(*maker.grid, maker.rows.keys.len());
        lines.peaks.peaks.reserve(near.len());
        lines.peaks.start.reserve(near.len());
        lines.peaks.terms.reserve(near.len());
        let mut scratch = Scratch::new(parameters);
        for pair in near {
            maker.line(pair, &mut scratch, &mut lines);
        }
        lines
    }
}

impl Maker<'_> {
    #[inline(always)]
    fn line(&self, pair: &Measured, scratch: &mut Scratch, lines: &mut Lines) {
        let Self { crystal, shape, .. } = *self;
        let Some(width) = Width::of(crystal, pair, shape) else {
            lines.clamped += 1;
            return;
        };
        let peak = width.peak(self.grid, shape.sum);
        if lines.peaks.reach(&peak).is_empty() {
            return;
        }
        lines.clamped += usize::from(width.clamped);
        lines.narrowest = lines.narrowest.min(width.sigma);
        let class = class_of(crystal, pair);
        let amplitude = width.amplitude(shape.sum);
        let occ = pair.atoms.map(|k| crystal.atoms[k as usize].occ);
        if self.value {
            lines.peaks.terms.push(Term::value(self.row(0, class), amplitude * occ[0] * occ[1]));
        }
        if !self.movers.leave(pair) {
            self.movers.gather(pair, (&width, &width.slopes(shape)), occ, scratch);
            for (k, change) in scratch.drain() {
                let term = change.term(&width, shape, occ[0] * occ[1], amplitude);
                lines.peaks.terms.push(Term { row: self.row(k + 1, class), ..term });
            }
        }
        lines.close(peak);
    }

    fn row(&self, column: usize, class: (usize, usize)) -> u32 {
        self.rows.row(column, class).expect("RowTable::new makes every row that a tangent touches") as u32
    }
}

impl Lines {
    /// Takes in a peak whose terms have been written, unless it has none.
    fn close(&mut self, peak: Peak) {
        let terms = self.peaks.terms.len() as u32;
        if self.peaks.start.last() != Some(&terms) {
            self.peaks.peaks.push(peak);
            self.peaks.start.push(terms);
        }
    }
}

impl Term {
    /// A term of the curve itself.
    fn value(row: u32, a: f64) -> Self {
        Self { row, a, b: 0.0, c: 0.0 }
    }
}

/// The standard deviation of the narrowest peak, Å; infinite where there is no pair.
pub fn narrowest(crystal: &Crystal, pairs: &Pairs, shape: &Shape) -> f64 {
    let frame = pairs.frame(crystal);
    let all = pairs.list.iter().map(|pair| Measured::new(crystal, pair, frame.vector(pair)));
    let near = all.filter(|pair| (1e-6..=pairs.reach).contains(&pair.v.norm()));
    let sigmas = near.filter_map(|pair| Width::of(crystal, &pair, shape)).map(|width| width.sigma);
    sigmas.fold(f64::INFINITY, f64::min)
}

/// A pair with all that is needed of it.
#[derive(Clone, Copy)]
struct Measured {
    /// The two atoms.
    atoms: [u32; 2],
    /// Do they belong to one copy of one molecule?
    same: bool,
    /// From the first to the second, Å.
    v: Vector3<f64>,
}

impl Measured {
    fn new(crystal: &Crystal, pair: &Pair, v: Vector3<f64>) -> Self {
        Self { atoms: [pair.i, pair.j], same: width::same_molecule(crystal, pair), v }
    }
}

/// The pairs of a part with their vectors, those of one grid point together and the nearest first.
fn measured(crystal: &Crystal, pairs: &Pairs, list: &[Pair], part: &Part, grid: &Grid) -> Vec<Measured> {
    let frame = pairs.frame(crystal);
    let chunks = list.chunks(CHUNK).collect::<Vec<_>>();
    let place = |v: &Vector3<f64>| {
        let r = v.norm();
        // Atoms on one point have no direction and no peak; the structure checks speak of them.
        (r > part.from.max(1e-6) && r <= part.to.min(pairs.reach)).then(|| (r / grid.step + 0.5) as u32)
    };
    let measure = |k: usize| -> Vec<(u32, Measured)> {
        let vectors = chunks[k].iter().map(|pair| (pair, frame.vector(pair)));
        vectors.filter_map(|(pair, v)| Some((place(&v)?, Measured::new(crystal, pair, v)))).collect()
    };
    sorted(&threads::map(chunks.len(), measure))
}

/// By ascending key; those of one key stay in their order.
fn sorted(parts: &[Vec<(u32, Measured)>]) -> Vec<Measured> {
    let all = || parts.iter().flatten();
    let most = all().map(|(key, _)| *key as usize).max().unwrap_or(0);
    let mut next = vec![0; most + 2];
    for (key, _) in all() {
        next[*key as usize + 1] += 1;
    }
    for key in 1..next.len() {
        next[key] += next[key - 1];
    }
    let nothing = Measured { atoms: [0; 2], same: false, v: Vector3::zeros() };
    let mut sorted = vec![nothing; next[most + 1]];
    for (key, measured) in all() {
        sorted[next[*key as usize]] = *measured;
        next[*key as usize] += 1;
    }
    sorted
}

fn class_of(crystal: &Crystal, pair: &Measured) -> (usize, usize) {
    let [a, b] = pair.atoms.map(|k| crystal.atoms[k as usize].species);
    (a.min(b), a.max(b))
}
