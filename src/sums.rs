//! The sums over pairs, by the way that is best for them: pair by pair, or through the nodes of a lattice of distances.
//!
//! | pairs | way |
//! |---|---|
//! | few, or with widths of their own (tensors, U inside molecules) | every pair is a peak ([`lines()`]) |
//! | many, of few kinds | near pairs one by one; all others shared out among nodes, the nodes are peaks ([`node_lines`]) |
//! | of atoms that are moved one by one | the same, for the columns: among nodes where that makes fewer terms ([`shift_lines`]), else one by one |
//!
//! What is near ends where widths jump (`rcut`, a second U) or change fast with r. `tests/sums.rs` holds the ways together.

use nalgebra::Matrix3;

use crate::crystal::Crystal;
use crate::distances::{Distances, Kinds, Listed, Moves, Nodes, Shifts};
use crate::engine::{Engine, EngineError, Grid, Rows};
use crate::lines::{self, Lines, Part, RowTable, Shape, Sum, lines, node_lines, shift_lines};
use crate::model::Profile;
use crate::pairs::{MARGIN, Pairs};
use crate::tangent::{ShapeTangent, Tangent};

/// What is asked of [`Sums::rows`].
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The structure.
    pub crystal: &'a Crystal,
    /// Pairs count up to this distance, Å.
    pub reach: f64,
    /// How their peaks look.
    pub shape: Shape,
    /// Where they are laid down.
    pub grid: Grid,
    /// The columns.
    pub tangents: &'a [Tangent],
    /// The rows, made for crystal and tangents.
    pub table: &'a RowTable,
}

/// An engine's rows, and what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Summed {
    /// One row for each key of the request's table.
    pub rows: Rows,
    /// Standard deviation of the narrowest peak, Å; infinite where there is none.
    pub narrowest: f64,
    /// Pairs whose width was clamped (or, in PDFfit2's sum, that were dropped).
    pub clamped: usize,
}

/// About what a curve takes to compute; see [`Sums::load`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Pairs that are held in a list.
    pub listed: f64,
    /// Memory for the list and for the peaks made of it, bytes.
    pub memory: f64,
    /// Pairs that are streamed through nodes: they take time only.
    pub streamed: f64,
}

/// A curve takes more than a usual machine has, or a user would wait for.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TooMuch {
    /// A list of pairs, and the memory it takes, bytes.
    #[error(
        "{listed:.1e} pairs of atoms have to be held in memory, which takes some {:.1} GB, more than {:.0} GB",
        memory / 1e9,
        Load::MOST_MEMORY / 1e9
    )]
    Memory {
        /// Pairs.
        listed: f64,
        /// Bytes.
        memory: f64,
    },
    /// Streamed pairs.
    #[error("{0:.1e} pairs of atoms, more than {most:.0e}, take days", most = Load::MOST_STREAMED)]
    Time(f64),
}

/// Sums over the pairs of structures that differ little from each other: what can be kept from one to the next is.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// All pairs up to some distance.
    near: Option<Pairs>,
    /// The pairs of the atoms that move one by one.
    single: Option<Pairs>,
    /// All pairs that are shared out among nodes, where they are few.
    shared: Option<Listed>,
    distances: Option<Kept>,
}

/// Distances, and the structure that they are those of.
#[derive(Debug, Clone)]
struct Kept {
    of: Structure,
    strains: Vec<Matrix3<f64>>,
    distances: Distances,
}

/// All that distances depend on.
#[derive(Debug, Clone, PartialEq)]
struct Structure {
    basis: Matrix3<f64>,
    atoms: Vec<([f64; 3], f64)>,
    kinds: Vec<usize>,
    nodes: Nodes,
}

/// Pairs that are turned into lines at a time: what they take stays below some 100 MB without, 1 GB with derivatives.
const BATCH: usize = 1 << 20;

/// What a listed pair takes, bytes: 32, and the same again while the list grows (62 were measured with 1e7 pairs).
const LISTED_BYTES: f64 = 64.0;

/// What a pair of a batch takes, bytes, without terms, and what each of its terms takes: twice, in parts and joined.
const BATCH_BYTES: f64 = 160.0;
const TERM_BYTES: f64 = 64.0;

/// Nodes are this share of the narrowest peak's standard deviation apart: errors below 2e-9 of a peak's top.
const SPACING: f64 = 0.22;

/// Up to so many pairs are listed once and not looked for again at each step, although they go through nodes: 9 MB.
const FEW: f64 = (1 << 18) as f64;

/// So many times as many pairs as nodes make the nodes worth while.
const WORTH: f64 = 0.5;

/// PDFfit2 cuts peaks where they are 4e-6 of their top. That edge moves when a peak is shared out, by some of a grid point:
/// only where many pairs are at each node, whose edges blur each other.
const WORTH_PDFFIT2: f64 = 28.0;

/// How far pairs count beyond the curve: in ripples `2π/qmax`, and for the flanks of the widest peaks, Å.
const RIPPLES: f64 = 6.0;
const FLANK: f64 = 2.0;

/// Widths may change with r by this factor between the near pairs and infinity.
const TAMED: f64 = 0.75;

/// From here on `1/r` changes so little from node to node that the spline follows it to rounding, Å.
const SMOOTH: f64 = 0.75;

/// A term at a node costs a parameter that moves atoms so many times less than a pair of these atoms.
const CHEAPER: f64 = 5.0;

/// What parameters do to single atoms, by the two ways to sum it.
struct Single {
    shifted: Shifted,
    /// For every column what the pairs of its atoms are to tell.
    paired: Vec<Tangent>,
}

/// Columns through nodes.
struct Shifted {
    columns: Vec<usize>,
    moves: Vec<Moves>,
}

impl Shifted {
    fn lines(&self, request: &Request, way: &Way) -> Lines {
        let Request { crystal, shape, grid, table, .. } = request;
        let shifts = tracing::info_span!("distances")
            .in_scope(|| Shifts::gather(crystal, way.kinds.clone(), way.nodes, &self.moves));
        shift_lines(crystal, (&shifts, &self.columns), shape, grid, table)
    }
}

/// How the pairs of a request are summed.
struct Way {
    kinds: Kinds,
    nodes: Nodes,
}

impl Way {
    /// The way through nodes, if it is open and worth while.
    fn through_nodes(request: &Request) -> Option<Self> {
        let kinds = Kinds::of(request.crystal, Kinds::MOST)?;
        let (from, narrowest) = tame(&kinds, &request.shape)?;
        // In rough steps, so that a fit that changes widths a little keeps its nodes.
        let step = SPACING * (4.0 * narrowest.log2()).floor().exp2().sqrt().sqrt();
        let from = from + (Nodes::SHARED + 1) as f64 * step;
        // In rough steps again, and off the round numbers that distances in a crystal may be: which side of the seam a
        // pair is on must not hang on the last bit.
        let nodes = Nodes { step, from: (4.0 * from).ceil() / 4.0 + 0.007_31, to: request.reach };
        let classes = (kinds.kinds.len() * (kinds.kinds.len() + 1) / 2) as f64;
        let most = request.crystal.pairs_within(request.reach);
        let worth = match request.shape.sum {
            Sum::Exact => WORTH,
            Sum::PdfFit2 => WORTH_PDFFIT2,
        };
        (most > worth * classes * nodes.count() as f64 && nodes.from < request.reach).then_some(Self { kinds, nodes })
    }
}

impl Way {
    /// Which of the columns of single atoms go through nodes: those that only move them, where that makes fewer terms.
    fn split(&self, request: &Request, single: Vec<Tangent>) -> Single {
        let crystal = request.crystal;
        let pairs_each = 2.0 * crystal.pairs_within(request.reach) / crystal.atoms.len() as f64;
        let terms = (self.kinds.kinds.len() * self.nodes.count()) as f64;
        let mut split = Single { shifted: Shifted { columns: Vec::new(), moves: Vec::new() }, paired: single };
        for (column, tangent) in split.paired.iter_mut().enumerate() {
            let worth = terms < CHEAPER * tangent.atoms.len() as f64 * pairs_each;
            if let Some(moves) = tangent.moves(&crystal.basis).filter(|_| worth) {
                split.shifted.columns.push(column);
                split.shifted.moves.push(moves);
                *tangent = Tangent::default();
            }
        }
        split
    }
}

/// Beyond which distance the widths of all pairs of kinds are smooth functions of it, and the narrowest of them there;
/// `None` where a width is none.
fn tame(kinds: &Kinds, shape: &Shape) -> Option<(f64, f64)> {
    // 1 - delta1/r - delta2/r² = 1 - TAMED.
    let (delta1, delta2) = (shape.delta1.abs(), shape.delta2.abs());
    let corrected = (delta1 + (delta1 * delta1 + 4.0 * TAMED * delta2).sqrt()) / (2.0 * TAMED);
    let jump = if shape.sratio == 1.0 { 0.0 } else { shape.rcut };
    let seconds = kinds.kinds.iter().filter_map(|kind| kind.beyond).map(|beyond| beyond.rcut);
    let from = seconds.fold(corrected.max(jump).max(SMOOTH), f64::max);
    let least = kinds.kinds.iter().map(|kind| kind.beyond.map_or(kind.uiso, |beyond| beyond.uiso));
    let factor = 1.0 - (shape.delta1 / from + shape.delta2 / (from * from)).max(0.0);
    let narrowest = (2.0 * least.fold(f64::INFINITY, f64::min) * factor).sqrt();
    (narrowest > lines::NARROWEST).then_some((from, narrowest))
}

impl Sums {
    /// The standard deviation of the narrowest peak up to `reach`, Å; infinite where there is none.
    pub fn narrowest(crystal: &Crystal, reach: f64, shape: &Shape) -> f64 {
        let tamed = Kinds::of(crystal, Kinds::MOST).and_then(|kinds| tame(&kinds, shape));
        let (near, far) = tamed.map_or((reach, f64::INFINITY), |(from, narrowest)| (from.min(reach), narrowest));
        let near = lines::narrowest(crystal, &Pairs::find(crystal, near), shape);
        if reach > near { near.min(far) } else { near }
    }

    /// About what the curve of a crystal up to `rmax` Å and its derivatives along `tangents` take.
    ///
    /// Termination ripples of `qmax` (1/Å, if it is truncated) and the flanks of peaks are thought of as the curve's map
    /// does; the corrections of widths are the crystal's own.
    pub fn load(crystal: &Crystal, sum: Sum, (rmax, qmax): (f64, Option<f64>), tangents: &[Tangent]) -> Load {
        let reach = rmax + qmax.map_or(0.0, |qmax| RIPPLES * std::f64::consts::TAU / qmax) + FLANK;
        let Profile { delta1, delta2, sratio, rcut, .. } = crystal.profile;
        // The instrument's broadening has no say in the way that is taken.
        let shape = Shape { delta1, delta2, qbroad: 0.0, sratio, rcut, sum };
        let (grid, table) = (Grid { first: 0, step: 1.0, n: 0 }, RowTable::new(crystal, &[]));
        let request = Request { crystal, reach, shape, grid, tangents, table: &table };
        let all = crystal.pairs_within(reach);
        let (listed, streamed, shifts) = Way::through_nodes(&request).map_or((all, 0.0, 0.0), |way| {
            let single = tangents.iter().map(|tangent| tangent.bulk(&way.kinds).1).collect();
            let Single { shifted, paired } = way.split(&request, single);
            let listed = crystal.pairs_within(way.nodes.from + MARGIN) + all * share(&moved(crystal, &paired));
            (listed, all, Shifts::memory(&way.kinds, &way.nodes, shifted.columns.len()))
        });
        let terms = 1.0 + tangents.iter().map(|tangent| terms(crystal, tangent)).sum::<f64>();
        let batch = listed.min(BATCH as f64) * (BATCH_BYTES + TERM_BYTES * terms);
        Load { listed, memory: LISTED_BYTES * listed + batch + shifts, streamed }
    }

    /// The rows of a request.
    ///
    /// # Errors
    /// Where the engine fails.
    pub fn rows(&mut self, request: &Request, engine: &mut dyn Engine) -> Result<Summed, EngineError> {
        let rows = Rows::zeros(request.table.keys.len(), request.grid.n);
        let mut summed = Summed { rows, narrowest: f64::INFINITY, clamped: 0 };
        self.fill(request, engine, &mut summed)?;
        Ok(summed)
    }

    fn fill(&mut self, request: &Request, engine: &mut dyn Engine, summed: &mut Summed) -> Result<(), EngineError> {
        let Some(way) = Way::through_nodes(request) else {
            let whole = Part { from: 0.0, to: request.reach, value: true };
            follow(&mut self.near, request.crystal, request.reach, None).add(request, &whole, engine, summed)?;
            return Ok(());
        };
        let near = Part { from: 0.0, to: way.nodes.from, value: true };
        follow(&mut self.near, request.crystal, near.to, None).add(request, &near, engine, summed)?;
        let (bulk, single): (Vec<_>, Vec<_>) = request.tangents.iter().map(|tangent| tangent.bulk(&way.kinds)).unzip();
        let Single { shifted, paired } = way.split(request, single);
        let from = way.nodes.from;
        if !shifted.columns.is_empty() {
            summed.add(shifted.lines(request, &way), engine)?;
        }
        let lines = self.nodes(request, way, &bulk, engine)?;
        summed.add(lines, engine)?;
        if paired.iter().any(|tangent| !tangent.is_nothing()) {
            let moved = moved(request.crystal, &paired);
            let far = Part { from, to: request.reach, value: false };
            let request = Request { tangents: &paired, ..*request };
            follow(&mut self.single, request.crystal, request.reach, Some(moved))
                .add(&request, &far, engine, summed)?;
        }
        Ok(())
    }

    /// The peaks of the nodes, whose weights are gathered anew only if the structure has moved.
    fn nodes(
        &mut self,
        request: &Request,
        way: Way,
        bulk: &[Tangent],
        engine: &mut dyn Engine,
    ) -> Result<Lines, EngineError> {
        let Request { crystal, shape, grid, table, .. } = request;
        let of = Structure::of(crystal, &way);
        let strains: Vec<_> = bulk.iter().filter_map(|tangent| tangent.strain(&crystal.basis)).collect();
        let known =
            self.distances.take().filter(|kept| kept.of == of && (strains.is_empty() || kept.strains == strains));
        let mut kept = match known {
            Some(kept) => kept,
            None => Kept { distances: self.gather(crystal, &way, &strains, engine)?, of, strains },
        };
        // The same kinds may have got another U.
        kept.distances.kinds = way.kinds;
        let lines = node_lines(crystal, &kept.distances, shape, grid, bulk, table);
        self.distances = Some(kept);
        Ok(lines)
    }

    /// What the nodes weigh: of few pairs from a list that is kept, of many by the engine.
    fn gather(
        &mut self,
        crystal: &Crystal,
        way: &Way,
        strains: &[Matrix3<f64>],
        engine: &mut dyn Engine,
    ) -> Result<Distances, EngineError> {
        let _room = tracing::info_span!("distances").entered();
        let (kinds, to) = (way.kinds.clone(), way.nodes.to);
        if crystal.pairs_within(to) > FEW {
            return engine.gather(crystal, kinds, way.nodes, strains);
        }
        let listed = self.shared.take().filter(|listed| listed.reach() >= to);
        let listed = self.shared.insert(listed.unwrap_or_else(|| Listed::find(crystal, to)));
        listed.follow(crystal);
        Ok(Distances::of_list(crystal, listed, kinds, way.nodes, strains))
    }
}

impl Load {
    /// Most memory that may be taken, bytes: half of what a usual machine has.
    pub const MOST_MEMORY: f64 = 8e9;

    /// Most pairs that are streamed: a day's work of one thread.
    pub const MOST_STREAMED: f64 = 1e13;

    /// Is it more than [`Load::MOST_MEMORY`] and [`Load::MOST_STREAMED`] allow?
    ///
    /// # Errors
    /// What of it is too much.
    pub fn check(&self) -> Result<(), TooMuch> {
        let Self { listed, memory, streamed } = *self;
        if memory > Self::MOST_MEMORY {
            return Err(TooMuch::Memory { listed, memory });
        }
        if streamed > Self::MOST_STREAMED { Err(TooMuch::Time(streamed)) } else { Ok(()) }
    }
}

impl Structure {
    fn of(crystal: &Crystal, way: &Way) -> Self {
        let atoms = crystal.atoms.iter().map(|atom| (atom.position.0.into(), atom.occ)).collect();
        Self { basis: crystal.basis, atoms, kinds: way.kinds.of.clone(), nodes: way.nodes }
    }
}

impl Summed {
    /// The engine is asked for those rows only that a part has something for: most columns have nothing to do with most pairs.
    fn add(&mut self, mut lines: Lines, engine: &mut dyn Engine) -> Result<(), EngineError> {
        self.clamped += lines.clamped;
        self.narrowest = self.narrowest.min(lines.narrowest);
        let touched = lines.peaks.close_ranks();
        if touched.is_empty() {
            return Ok(());
        }
        let rows = tracing::info_span!("engine").in_scope(|| engine.broaden(&lines.peaks))?;
        for (k, row) in touched.into_iter().enumerate() {
            let total = self.rows.row_mut(row as usize).iter_mut();
            total.zip(rows.row(k)).for_each(|(total, value)| *total += value);
        }
        Ok(())
    }
}

impl Pairs {
    /// Adds the peaks of these pairs.
    fn add(
        &self,
        request: &Request,
        part: &Part,
        engine: &mut dyn Engine,
        summed: &mut Summed,
    ) -> Result<(), EngineError> {
        let Request { crystal, shape, grid, tangents, table, .. } = request;
        for batch in self.list.chunks(BATCH) {
            summed.add(lines(crystal, self, (batch, part), shape, grid, tangents, table), engine)?;
        }
        Ok(())
    }
}

/// The kept pairs up to `reach` (of the atoms `of`, if not all are meant), found anew where they do not serve.
fn follow<'a>(kept: &'a mut Option<Pairs>, crystal: &Crystal, reach: f64, of: Option<Vec<bool>>) -> &'a Pairs {
    let _room = tracing::info_span!("pairs").entered();
    let mut pairs =
        kept.take().filter(|pairs| pairs.reach >= reach && pairs.of() == of.as_deref()).unwrap_or_else(|| match of {
            None => Pairs::find(crystal, reach),
            Some(of) => Pairs::find_of(crystal, reach, of),
        });
    pairs.follow(crystal);
    kept.insert(pairs)
}

/// A mark for each atom that a tangent changes.
fn moved(crystal: &Crystal, tangents: &[Tangent]) -> Vec<bool> {
    let mut moved = vec![false; crystal.atoms.len()];
    for (atom, _) in tangents.iter().flat_map(|tangent| &tangent.atoms) {
        moved[*atom as usize] = true;
    }
    moved
}

/// Of all pairs the share that has one of the marked atoms.
fn share(moved: &[bool]) -> f64 {
    let still = moved.iter().filter(|moved| !**moved).count() as f64 / moved.len().max(1) as f64;
    1.0 - still * still
}

/// How many terms a tangent adds to a pair, in the mean.
fn terms(crystal: &Crystal, tangent: &Tangent) -> f64 {
    let all = tangent.basis.is_some() || tangent.shape != ShapeTangent::default();
    if all { 1.0 } else { share(&moved(crystal, std::slice::from_ref(tangent))) }
}
