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

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Atom, Crystal};
use crate::engine::{Grid, Peak, Peaks, Term};
use crate::pairs::{Pair, Pairs};
use crate::tangent::{AtomTangent, ShapeTangent, Tangent};

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

/// Peaks are laid down to this many σ: `exp(-REACH²/2)` is 7e-10 of the top.
pub const REACH: f64 = 6.5;

/// PDFfit2's reach in σ.
const REACH_PDFFIT2: f64 = 5.0;

/// The narrowest peak, Å: what a pair is clamped to whose width would be smaller, or imaginary.
///
/// The grid of the sum is made for the narrowest peak there is; this is where it stops getting finer.
pub const NARROWEST: f64 = 0.01;

/// The rows that an engine fills: one for each derivative column and pair of species that it touches.
#[derive(Debug, Clone, PartialEq)]
pub struct RowTable {
    /// Number of species.
    pub species: usize,
    /// Number of columns: the curve itself is column 0, parameter k is column k + 1.
    pub columns: usize,
    /// For each row its column and its pair of species, the smaller index first.
    pub keys: Vec<(usize, (usize, usize))>,
    /// Row of `(column, class)`, or `NONE`.
    place: Vec<u32>,
}

const NONE: u32 = u32::MAX;

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

/// Every pair of species, the smaller index first: (0, 0), (0, 1) ... (1, 1) ...
pub fn classes(species: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..species).flat_map(move |a| (a..species).map(move |b| (a, b)))
}

impl RowTable {
    /// The rows for a crystal and its tangents. Every column that acts on all pairs, or on the envelope, has every
    /// pair of species; the others have those that their atoms are part of.
    pub fn new(crystal: &Crystal, tangents: &[Tangent]) -> Self {
        let species = crystal.species.len();
        let columns = tangents.len() + 1;
        let mut table =
            Self { species, columns, keys: Vec::new(), place: vec![NONE; columns * species * (species + 1) / 2] };
        for class in classes(species) {
            table.add(0, class);
        }
        for (k, tangent) in tangents.iter().enumerate() {
            let mut moved = vec![tangent.acts_on_all(); species];
            for (atom, _) in &tangent.atoms {
                moved[crystal.atoms[*atom as usize].species] = true;
            }
            for (a, b) in classes(species).filter(|(a, b)| moved[*a] || moved[*b]) {
                table.add(k + 1, (a, b));
            }
        }
        table
    }

    fn add(&mut self, column: usize, class: (usize, usize)) {
        let index = self.index(column, class);
        self.place[index] = self.keys.len() as u32;
        self.keys.push((column, class));
    }

    fn index(&self, column: usize, (a, b): (usize, usize)) -> usize {
        // Pairs of species in the order (0,0), (0,1), (1,1), (0,2), ...
        column * (self.species * (self.species + 1) / 2) + b * (b + 1) / 2 + a
    }

    /// The row of a column and a pair of species (smaller index first), if there is one.
    pub fn row(&self, column: usize, class: (usize, usize)) -> Option<usize> {
        match self.place[self.index(column, class)] {
            NONE => None,
            row => Some(row as usize),
        }
    }
}

impl Tangent {
    /// Does it change every pair, or what follows the pair sum? (Occupancies do: they set the density.)
    fn acts_on_all(&self) -> bool {
        let shape = ShapeTangent { scale: 0.0, ..self.shape };
        self.basis.is_some() || shape != ShapeTangent::default() || self.atoms.iter().any(|(_, atom)| atom.occ != 0.0)
    }
}

/// The peaks of the pairs in `list` (all of [`Pairs::list`], or a part of it) that reach the grid, with the terms of
/// every column.
///
/// `tangents` may be empty: then there is column 0 only.
///
/// # Panics
/// If `rows` was made for another crystal or other tangents.
pub fn lines(
    crystal: &Crystal,
    pairs: &Pairs,
    list: &[Pair],
    shape: &Shape,
    grid: &Grid,
    tangents: &[Tangent],
    rows: &RowTable,
) -> Lines {
    let near = measured(crystal, pairs, list);
    let movers = Movers::new(crystal, tangents);
    let mut lines = Lines {
        peaks: Peaks { grid: *grid, rows: rows.keys.len(), peaks: Vec::new(), start: vec![0], terms: Vec::new() },
        clamped: 0,
        narrowest: f64::INFINITY,
    };
    let mut scratch = Scratch::new(tangents.len());
    for (pair, v) in &near {
        let Some(width) = Width::of(crystal, pair, v, shape) else {
            lines.clamped += 1;
            continue;
        };
        let peak = width.peak(grid, shape.sum);
        if lines.peaks.reach(&peak).is_empty() {
            continue;
        }
        lines.clamped += usize::from(width.clamped);
        lines.narrowest = lines.narrowest.min(width.sigma);
        let class = class_of(crystal, pair);
        let amplitude = width.amplitude(shape.sum);
        let occ = [pair.i, pair.j].map(|k| crystal.atoms[k as usize].occ);
        let row =
            |column: usize| rows.row(column, class).expect("RowTable::new makes every row that a tangent touches");
        let value = Term { row: row(0) as u32, a: amplitude * occ[0] * occ[1], b: 0.0, c: 0.0 };
        lines.peaks.terms.push(value);
        movers.gather(pair, v, &width, &mut scratch);
        for (k, change) in scratch.drain() {
            let term = change.term(&width, shape, occ, amplitude);
            lines.peaks.terms.push(Term { row: row(k + 1) as u32, ..term });
        }
        lines.peaks.peaks.push(peak);
        lines.peaks.start.push(lines.peaks.terms.len() as u32);
    }
    lines
}

/// The standard deviations of the narrowest and the widest peak, Å; `None` where there is no pair.
pub fn width_range(crystal: &Crystal, pairs: &Pairs, shape: &Shape) -> Option<(f64, f64)> {
    let widths = measured(crystal, pairs, &pairs.list);
    let sigmas = widths.iter().filter_map(|(pair, v)| Width::of(crystal, pair, v, shape)).map(|width| width.sigma);
    sigmas.fold(None, |range, sigma| {
        let (low, high) = range.unwrap_or((sigma, sigma));
        Some((sigma.min(low), sigma.max(high)))
    })
}

/// The pairs within reach with their vectors, the nearest first.
fn measured(crystal: &Crystal, pairs: &Pairs, list: &[Pair]) -> Vec<(Pair, Vector3<f64>)> {
    let mut near: Vec<(f64, u32, Vector3<f64>)> = list
        .iter()
        .enumerate()
        .map(|(index, pair)| (pair, index as u32, pairs.vector(crystal, pair)))
        .map(|(_, index, v)| (v.norm(), index, v))
        // Atoms on one point have no direction and no peak; the structure checks speak of them.
        .filter(|(r, _, _)| *r > 1e-6 && *r <= pairs.reach)
        .collect();
    near.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    near.into_iter().map(|(_, index, v)| (list[index as usize], v)).collect()
}

fn class_of(crystal: &Crystal, pair: &Pair) -> (usize, usize) {
    let [a, b] = [pair.i, pair.j].map(|k| crystal.atoms[k as usize].species);
    (a.min(b), a.max(b))
}

/// Which U an atom lends to a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    First,
    Beyond,
    Inside,
}

/// A pair's distance and width.
struct Width {
    r: f64,
    direction: Vector3<f64>,
    sources: [Source; 2],
    /// U_i + U_j.
    u: Matrix3<f64>,
    /// Mean square of the relative displacement along the pair before correlation, Å².
    square: f64,
    /// The factor on it: correlation, broadening, sratio².
    factor: f64,
    sigma: f64,
    clamped: bool,
}

impl Width {
    /// `None` for a pair that PDFfit2 would drop.
    fn of(crystal: &Crystal, pair: &Pair, v: &Vector3<f64>, shape: &Shape) -> Option<Self> {
        let r = v.norm();
        let direction = v / r;
        let atoms = [pair.i, pair.j].map(|k| &crystal.atoms[k as usize]);
        let same = same_molecule(atoms[0], atoms[1], &pair.shift);
        let sources = atoms.map(|atom| source(atom, r, same));
        let u = displacement(atoms[0], sources[0]) + displacement(atoms[1], sources[1]);
        let square = direction.dot(&(u * direction));
        let near = if r < shape.rcut { shape.sratio * shape.sratio } else { 1.0 };
        let factor = near * (1.0 - shape.delta1 / r - shape.delta2 / (r * r) + (shape.qbroad * r).powi(2));
        let variance = square * factor;
        if shape.sum == Sum::PdfFit2 && variance <= 0.0 {
            return None;
        }
        let clamped = shape.sum == Sum::Exact && (variance.is_nan() || variance <= NARROWEST * NARROWEST);
        let sigma = if clamped { NARROWEST } else { variance.sqrt() };
        Some(Self { r, direction, sources, u, square, factor, sigma, clamped })
    }

    /// Factor of `occ_i occ_j exp(-t²/2)`; 2 because every pair stands for two ordered ones.
    fn amplitude(&self, sum: Sum) -> f64 {
        let area = 2.0 / (self.sigma * (2.0 * std::f64::consts::PI).sqrt());
        match sum {
            Sum::Exact => area / self.r,
            Sum::PdfFit2 => area,
        }
    }

    fn peak(&self, grid: &Grid, sum: Sum) -> Peak {
        let center = (self.r / grid.step).round();
        let half = match sum {
            Sum::Exact => (REACH * self.sigma / grid.step).ceil(),
            Sum::PdfFit2 => (REACH_PDFFIT2 * self.sigma / grid.step).round(),
        };
        Peak { center: center as u32, half: half as u32, offset: self.r - center * grid.step, sigma: self.sigma }
    }
}

/// Do two atoms belong to one copy of one molecule?
fn same_molecule(i: &Atom, j: &Atom, shift: &Vector3<f64>) -> bool {
    match (i.molecule, j.molecule) {
        (Some(mi), Some(mj)) => mi.molecule == mj.molecule && mj.cell + shift == mi.cell,
        _ => false,
    }
}

fn source(atom: &Atom, r: f64, same: bool) -> Source {
    match (atom.inside, atom.beyond) {
        (Some(_), _) if same => Source::Inside,
        (_, Some(beyond)) if r > beyond.rcut => Source::Beyond,
        _ => Source::First,
    }
}

fn displacement(atom: &Atom, source: Source) -> Matrix3<f64> {
    let iso = |u: Option<f64>| Matrix3::identity() * u.unwrap_or(0.0);
    match source {
        Source::First => atom.u,
        Source::Beyond => iso(atom.beyond.map(|beyond| beyond.uiso)),
        Source::Inside => iso(atom.inside),
    }
}

/// The change of one pair with one parameter.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    /// Of the pair's vector, Å.
    v: Vector3<f64>,
    /// Of `d^T (U_i + U_j) d` with the direction held, Å².
    square: f64,
    /// Of the occupancies of i and j.
    occ: [f64; 2],
    shape: ShapeTangent,
}

impl Change {
    /// The term that it adds to its row (the row is left 0).
    fn term(&self, width: &Width, shape: &Shape, occ: [f64; 2], amplitude: f64) -> Term {
        let dr = width.direction.dot(&self.v);
        let relative = if width.clamped { 0.0 } else { self.dsigma(width, shape, dr) / width.sigma };
        let docc = self.occ[0] * occ[1] + occ[0] * self.occ[1];
        let both = amplitude * occ[0] * occ[1];
        let prefactor = match shape.sum {
            Sum::Exact => dr / width.r,
            Sum::PdfFit2 => 0.0,
        };
        Term {
            row: 0,
            a: amplitude * docc - both * (prefactor + relative),
            b: both * dr / width.sigma,
            c: both * relative,
        }
    }

    /// dσ = d(σ²) / 2σ.
    fn dsigma(&self, width: &Width, shape: &Shape, dr: f64) -> f64 {
        let Width { r, direction, .. } = width;
        // The direction turns with the part of dv across it.
        let across = (self.v - direction * dr) / *r;
        let dsquare = self.square + 2.0 * direction.dot(&(width.u * across));
        let near = if *r < shape.rcut { shape.sratio * shape.sratio } else { 1.0 };
        let by_r = shape.delta1 / (r * r) + 2.0 * shape.delta2 / r.powi(3) + 2.0 * shape.qbroad.powi(2) * r;
        let by_shape =
            2.0 * shape.qbroad * self.shape.qbroad * r * r - self.shape.delta1 / r - self.shape.delta2 / (r * r);
        (dsquare * width.factor + width.square * near * (by_r * dr + by_shape)) / (2.0 * width.sigma)
    }
}

/// The tangents, sorted by what they move.
struct Movers<'a> {
    basis: Matrix3<f64>,
    /// For each atom the parameters that move it.
    by_atom: Vec<Vec<(u32, &'a AtomTangent)>>,
    /// The parameters that strain the cell: `d basis · basis⁻¹`.
    strains: Vec<(u32, Matrix3<f64>)>,
    /// The parameters that change every peak's width.
    shapes: Vec<(u32, ShapeTangent)>,
}

impl<'a> Movers<'a> {
    fn new(crystal: &Crystal, tangents: &'a [Tangent]) -> Self {
        let inverse = crystal.basis.try_inverse().unwrap_or_else(Matrix3::zeros);
        let mut movers = Self {
            basis: crystal.basis,
            by_atom: vec![Vec::new(); crystal.atoms.len()],
            strains: Vec::new(),
            shapes: Vec::new(),
        };
        for (k, tangent) in (0_u32..).zip(tangents) {
            for (atom, change) in &tangent.atoms {
                movers.by_atom[*atom as usize].push((k, change));
            }
            if let Some(basis) = tangent.basis {
                movers.strains.push((k, basis * inverse));
            }
            let ShapeTangent { delta1, delta2, qbroad, .. } = tangent.shape;
            if [delta1, delta2, qbroad] != [0.0; 3] {
                movers.shapes.push((k, tangent.shape));
            }
        }
        movers
    }

    /// Collects what every parameter does to a pair.
    fn gather(&self, pair: &Pair, v: &Vector3<f64>, width: &Width, scratch: &mut Scratch) {
        for (end, (atom, sign)) in [(pair.i, -1.0), (pair.j, 1.0)].into_iter().enumerate() {
            for (k, tangent) in &self.by_atom[atom as usize] {
                let change = scratch.of(*k);
                change.v += self.basis * tangent.position * sign;
                change.occ[end] += tangent.occ;
                change.square += match width.sources[end] {
                    Source::First => width.direction.dot(&(tangent.u * width.direction)),
                    Source::Beyond => tangent.beyond,
                    Source::Inside => tangent.inside,
                };
            }
        }
        for (k, strain) in &self.strains {
            scratch.of(*k).v += strain * v;
        }
        for (k, shape) in &self.shapes {
            scratch.of(*k).shape = *shape;
        }
    }
}

/// Changes by parameter, cleared pair by pair without touching those that were not used.
struct Scratch {
    changes: Vec<Change>,
    used: Vec<u32>,
    marked: Vec<bool>,
}

impl Scratch {
    fn new(parameters: usize) -> Self {
        Self { changes: vec![Change::default(); parameters], used: Vec::new(), marked: vec![false; parameters] }
    }

    fn of(&mut self, k: u32) -> &mut Change {
        if !std::mem::replace(&mut self.marked[k as usize], true) {
            self.used.push(k);
        }
        &mut self.changes[k as usize]
    }

    fn drain(&mut self) -> impl Iterator<Item = (usize, Change)> + '_ {
        let Self { changes, used, marked } = self;
        used.drain(..).map(|k| {
            marked[k as usize] = false;
            (k as usize, std::mem::take(&mut changes[k as usize]))
        })
    }
}
