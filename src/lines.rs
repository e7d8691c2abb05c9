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
use crate::distances::{Distances, Kind, Kinds};
use crate::engine::{Grid, Peak, Peaks, Term};
use crate::pairs::{Pair, Pairs};
use crate::tangent::{AtomTangent, ShapeTangent, Tangent};
use crate::threads;

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
    let near = measured(crystal, pairs, list, part, grid);
    let movers = Movers::new(crystal, tangents);
    let maker = Maker { crystal, shape, grid, movers: &movers, rows, value: part.value };
    let chunks = near.chunks(CHUNK).collect::<Vec<_>>();
    join(*grid, rows.keys.len(), threads::map(chunks.len(), |k| maker.lines(list, chunks[k], tangents.len())))
}

/// Pairs that one thread turns into peaks at a time.
const CHUNK: usize = 4096;

/// Puts lines after each other that follow each other in r.
fn join(grid: Grid, rows: usize, parts: Vec<Lines>) -> Lines {
    let mut parts = parts.into_iter();
    let Some(mut whole) = parts.next() else { return Lines::none(grid, rows) };
    for part in parts {
        let terms = whole.peaks.terms.len() as u32;
        whole.peaks.peaks.extend(part.peaks.peaks);
        whole.peaks.start.extend(part.peaks.start[1..].iter().map(|start| start + terms));
        whole.peaks.terms.extend(part.peaks.terms);
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

impl Maker<'_> {
    fn lines(&self, list: &[Pair], near: &[Measured], parameters: usize) -> Lines {
        let mut lines = Lines::none(*self.grid, self.rows.keys.len());
        let mut scratch = Scratch::new(parameters);
        for (index, v) in near {
            self.line(&list[*index as usize], v, &mut scratch, &mut lines);
        }
        lines
    }

    fn line(&self, pair: &Pair, v: &Vector3<f64>, scratch: &mut Scratch, lines: &mut Lines) {
        let Self { crystal, shape, .. } = *self;
        let Some(width) = Width::of(crystal, pair, v, shape) else {
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
        let occ = [pair.i, pair.j].map(|k| crystal.atoms[k as usize].occ);
        if self.value {
            lines.peaks.terms.push(Term::value(self.row(0, class), amplitude * occ[0] * occ[1]));
        }
        self.movers.gather(pair, v, &width, scratch);
        for (k, change) in scratch.drain() {
            let term = change.term(&width, shape, occ, amplitude);
            lines.peaks.terms.push(Term { row: self.row(k + 1, class), ..term });
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

/// The peaks of the pairs that lie at the nodes of `distances`, with the terms of every column.
///
/// `tangents` may change whole kinds only: their U, the cell (the strains that `distances` was gathered with, in the
/// order of the tangents), and what makes the widths of all pairs; see [`Tangent::bulk`].
///
/// # Panics
/// If `rows` was made for another crystal or other tangents.
pub fn node_lines(
    crystal: &Crystal,
    distances: &Distances,
    shape: &Shape,
    grid: &Grid,
    tangents: &[Tangent],
    rows: &RowTable,
) -> Lines {
    let bulk = Bulk::new(&distances.kinds, tangents);
    let movers = Movers::new(crystal, &[]);
    let maker = Maker { crystal, shape, grid, movers: &movers, rows, value: true };
    let count = distances.nodes.count();
    let first = (distances.nodes.from / distances.nodes.step) as usize;
    let chunks = (first.saturating_sub(2).max(1)..count).step_by(NODES).collect::<Vec<_>>();
    let part = |k: usize| maker.nodes(distances, chunks[k]..(chunks[k] + NODES).min(count), &bulk);
    join(*grid, rows.keys.len(), threads::map(chunks.len(), part))
}

/// Nodes that one thread turns into peaks at a time.
const NODES: usize = 256;

impl Maker<'_> {
    fn nodes(&self, distances: &Distances, range: std::ops::Range<usize>, bulk: &Bulk) -> Lines {
        let mut lines = Lines::none(*self.grid, self.rows.keys.len());
        let classes: Vec<_> = distances.classes().collect();
        for node in range {
            for (class, weights) in classes.iter().zip(&distances.weights) {
                if weights.iter().any(|table| table[node] != 0.0) {
                    self.node(distances, *class, node, weights, bulk, &mut lines);
                }
            }
        }
        lines
    }

    fn node(
        &self,
        distances: &Distances,
        class: (usize, usize),
        node: usize,
        weights: &[Vec<f64>],
        bulk: &Bulk,
        lines: &mut Lines,
    ) {
        let r = node as f64 * distances.nodes.step;
        let kinds = [class.0, class.1].map(|k| &distances.kinds.kinds[k]);
        let Some(width) = Width::between(kinds, r, self.shape) else { return };
        let peak = width.peak(self.grid, self.shape.sum);
        if lines.peaks.reach(&peak).is_empty() {
            return;
        }
        lines.narrowest = lines.narrowest.min(width.sigma);
        let species = (kinds[0].species.min(kinds[1].species), kinds[0].species.max(kinds[1].species));
        let amplitude = width.amplitude(self.shape.sum);
        lines.peaks.terms.push(Term::value(self.row(0, species), amplitude * weights[0][node]));
        for column in &bulk.columns {
            let mut term = Term { row: 0, a: 0.0, b: 0.0, c: 0.0 };
            let change = column.change(class, &width);
            term.add(&change.term(&width, self.shape, [weights[0][node], 1.0], amplitude));
            if let Some(strain) = column.strain {
                let along = Change { v: width.direction, ..Change::default() };
                term.add(&along.term(&width, self.shape, [weights[strain + 1][node], 1.0], amplitude));
            }
            if [term.a, term.b, term.c] != [0.0; 3] {
                lines.peaks.terms.push(Term { row: self.row(column.index + 1, species), ..term });
            }
        }
        lines.close(peak);
    }
}

impl Term {
    fn add(&mut self, other: &Self) {
        self.a += other.a;
        self.b += other.b;
        self.c += other.c;
    }
}

/// What parameters do to whole kinds.
struct Bulk {
    columns: Vec<BulkColumn>,
}

struct BulkColumn {
    /// Index of the parameter.
    index: usize,
    /// Which of the strains it is.
    strain: Option<usize>,
    shape: ShapeTangent,
    /// Change of the first and of the second U of each kind, Å².
    u: Vec<[f64; 2]>,
}

impl Bulk {
    fn new(kinds: &Kinds, tangents: &[Tangent]) -> Self {
        let mut strains = 0..;
        let mut columns = Vec::new();
        for (index, tangent) in tangents.iter().enumerate() {
            let strain = tangent.basis.and_then(|_| strains.next());
            let mut u = vec![[0.0; 2]; kinds.kinds.len()];
            for (atom, change) in &tangent.atoms {
                u[kinds.of[*atom as usize]] = [change.u[(0, 0)], change.beyond];
            }
            let ShapeTangent { delta1, delta2, qbroad, .. } = tangent.shape;
            if strain.is_some() || [delta1, delta2, qbroad] != [0.0; 3] || !tangent.atoms.is_empty() {
                columns.push(BulkColumn { index, strain, shape: tangent.shape, u });
            }
        }
        Self { columns }
    }
}

impl BulkColumn {
    fn change(&self, (a, b): (usize, usize), width: &Width) -> Change {
        let of = |kind: usize, source: Source| self.u[kind][usize::from(source == Source::Beyond)];
        Change { square: of(a, width.sources[0]) + of(b, width.sources[1]), shape: self.shape, ..Change::default() }
    }
}

impl Tangent {
    /// The tangent in two parts that add up to it: what it does to whole kinds of atoms, which the nodes of
    /// [`Distances`] can tell, and what it does to single atoms. Scale and envelope go with the first.
    pub fn bulk(&self, kinds: &Kinds) -> (Tangent, Tangent) {
        let mut bulk = Tangent { basis: self.basis, shape: self.shape, atoms: Vec::new() };
        let mut single = Tangent { atoms: self.atoms.clone(), ..Tangent::default() };
        if changes_kinds(&self.atoms, kinds) {
            std::mem::swap(&mut bulk.atoms, &mut single.atoms);
        }
        (bulk, single)
    }

    /// Does it do anything?
    pub fn is_nothing(&self) -> bool {
        *self == Tangent::default()
    }
}

/// Do all atoms of a kind get the same change, of their U's only?
fn changes_kinds(atoms: &[(u32, AtomTangent)], kinds: &Kinds) -> bool {
    let mut changes: Vec<Option<(AtomTangent, usize)>> = vec![None; kinds.kinds.len()];
    for (atom, change) in atoms {
        let own = AtomTangent {
            u: Matrix3::identity() * change.u[(0, 0)],
            beyond: change.beyond,
            inside: change.inside,
            ..AtomTangent::default()
        };
        let known = changes[kinds.of[*atom as usize]].get_or_insert((own, 0));
        known.1 += 1;
        if *change != known.0 {
            return false;
        }
    }
    let whole = |(kind, change): (usize, &Option<(AtomTangent, usize)>)| {
        change.is_none_or(|(_, count)| count == kinds.of.iter().filter(|of| **of == kind).count())
    };
    changes.iter().enumerate().all(whole)
}

/// The standard deviation of the narrowest peak, Å; infinite where there is no pair.
pub fn narrowest(crystal: &Crystal, pairs: &Pairs, shape: &Shape) -> f64 {
    let frame = pairs.frame(crystal);
    let near = pairs
        .list
        .iter()
        .map(|pair| (pair, frame.vector(pair)))
        .filter(|(_, v)| (1e-6..=pairs.reach).contains(&v.norm()));
    let sigmas = near.filter_map(|(pair, v)| Width::of(crystal, pair, &v, shape)).map(|width| width.sigma);
    sigmas.fold(f64::INFINITY, f64::min)
}

/// Index of a pair in its list, and its vector, Å.
type Measured = (u32, Vector3<f64>);

/// The pairs of a part with their vectors, those of one grid point together and the nearest first.
fn measured(crystal: &Crystal, pairs: &Pairs, list: &[Pair], part: &Part, grid: &Grid) -> Vec<Measured> {
    let frame = pairs.frame(crystal);
    let chunks = list.chunks(CHUNK).collect::<Vec<_>>();
    let place = |v: &Vector3<f64>| {
        let r = v.norm();
        // Atoms on one point have no direction and no peak; the structure checks speak of them.
        (r > part.from.max(1e-6) && r <= part.to.min(pairs.reach)).then(|| (r / grid.step).round() as u32)
    };
    let measure = |k: usize| -> Vec<(u32, Measured)> {
        let indexed = (0_u32..).zip(chunks[k]).map(|(l, pair)| ((k * CHUNK) as u32 + l, frame.vector(pair)));
        indexed.filter_map(|(index, v)| Some((place(&v)?, (index, v)))).collect()
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
    let mut sorted = vec![(0, Vector3::zeros()); next[most + 1]];
    for (key, measured) in all() {
        sorted[next[*key as usize]] = *measured;
        next[*key as usize] += 1;
    }
    sorted
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
        Self::along(r, direction, sources, u, shape)
    }

    /// Of a pair of two kinds, in any direction.
    fn between(kinds: [&Kind; 2], r: f64, shape: &Shape) -> Option<Self> {
        let sources = kinds.map(|kind| match kind.beyond {
            Some(beyond) if r > beyond.rcut => Source::Beyond,
            _ => Source::First,
        });
        let lent = |kind: &Kind, source: Source| match (source, kind.beyond) {
            (Source::Beyond, Some(beyond)) => beyond.uiso,
            _ => kind.uiso,
        };
        let u = lent(kinds[0], sources[0]) + lent(kinds[1], sources[1]);
        Self::along(r, Vector3::x(), sources, Matrix3::identity() * u, shape)
    }

    fn along(r: f64, direction: Vector3<f64>, sources: [Source; 2], u: Matrix3<f64>, shape: &Shape) -> Option<Self> {
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
