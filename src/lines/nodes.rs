//! The nodes of [`Distances`] as Gaussians: each stands for many pairs of two kinds at one distance.

use nalgebra::Matrix3;

use super::movers::{Change, Movers};
use super::width::{Slopes, Source, Width};
use super::{Lines, Maker, RowTable, Shape, join};
use crate::crystal::{Crystal, classes};
use crate::distances::{Distances, Kinds, Moves, Shifts};
use crate::engine::{Grid, Term};
use crate::tangent::{AtomTangent, ShapeTangent, Tangent};
use crate::threads;

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
    let _room = tracing::info_span!("lines").entered();
    let bulk = Bulk::new(&distances.kinds, tangents);
    let movers = Movers::new(crystal, &[]);
    let maker = Maker { crystal, shape, grid, movers: &movers, rows, value: true };
    let count = distances.nodes.count();
    // What one thread does alone need not be joined.
    let at_once = if threads::count() == 1 { count.max(1) } else { NODES };
    let chunks = (distances.nodes.first()..count).step_by(at_once).collect::<Vec<_>>();
    let part = |k: usize| maker.nodes(distances, chunks[k]..(chunks[k] + at_once).min(count), &bulk);
    join(*grid, rows.keys.len(), threads::map(chunks.len(), part))
}

/// Nodes that one thread turns into peaks at a time.
const NODES: usize = 256;

impl Maker<'_> {
    fn nodes(&self, distances: &Distances, range: std::ops::Range<usize>, bulk: &Bulk) -> Lines {
        let mut lines = Lines::none(*self.grid, self.rows.keys.len());
        let classes: Vec<_> = classes(distances.kinds.kinds.len()).collect();
        let most = range.len() * classes.len();
        lines.peaks.peaks.reserve(most);
        lines.peaks.start.reserve(most);
        lines.peaks.terms.reserve(most * (bulk.columns.len() + 1));
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
        let slopes = width.slopes(self.shape);
        for column in &bulk.columns {
            let widen = Change { widen: column.widen(class, &width, &slopes), ..Change::default() };
            let mut term = widen.term(&width, self.shape, weights[0][node], amplitude);
            if let Some(strain) = column.strain {
                term.add(&width.farther(&slopes).term(&width, self.shape, weights[strain + 1][node], amplitude));
            }
            if [term.a, term.b, term.c] != [0.0; 3] {
                lines.peaks.terms.push(Term { row: self.row(column.index + 1, species), ..term });
            }
        }
        lines.close(peak);
    }
}

/// The terms of parameters that move single atoms: `columns` are the parameters of `shifts`, as `rows` counts them.
///
/// # Panics
/// If `rows` was made for another crystal or other tangents.
pub fn shift_lines(
    crystal: &Crystal,
    (shifts, columns): (&Shifts, &[usize]),
    shape: &Shape,
    grid: &Grid,
    rows: &RowTable,
) -> Lines {
    let _room = tracing::info_span!("lines").entered();
    let movers = Movers::new(crystal, &[]);
    let maker = Maker { crystal, shape, grid, movers: &movers, rows, value: false };
    let mut touching = vec![Vec::new(); classes(shifts.kinds.kinds.len()).count()];
    for (column, of_classes) in columns.iter().zip(&shifts.weights) {
        for (class, weights) in of_classes {
            touching[*class].push((*column, &weights[..]));
        }
    }
    let count = shifts.nodes.count();
    let chunks = (shifts.nodes.first()..count).step_by(NODES).collect::<Vec<_>>();
    let part = |k: usize| maker.shifted(shifts, chunks[k]..(chunks[k] + NODES).min(count), &touching);
    join(*grid, rows.keys.len(), threads::map(chunks.len(), part))
}

/// The parameters that touch two kinds, with their weights.
type Touching<'a> = Vec<(usize, &'a [f64])>;

impl Maker<'_> {
    fn shifted(&self, shifts: &Shifts, range: std::ops::Range<usize>, touching: &[Touching]) -> Lines {
        let mut lines = Lines::none(*self.grid, self.rows.keys.len());
        for node in range {
            for (class, of_class) in classes(shifts.kinds.kinds.len()).zip(touching) {
                self.shifted_node(shifts, class, node, of_class, &mut lines);
            }
        }
        lines
    }

    fn shifted_node(&self, shifts: &Shifts, class: (usize, usize), node: usize, of: &Touching, lines: &mut Lines) {
        if of.iter().all(|(_, weights)| weights[node] == 0.0) {
            return;
        }
        let kinds = [class.0, class.1].map(|k| &shifts.kinds.kinds[k]);
        let Some(width) = Width::between(kinds, node as f64 * shifts.nodes.step, self.shape) else { return };
        let peak = width.peak(self.grid, self.shape.sum);
        if lines.peaks.reach(&peak).is_empty() {
            return;
        }
        lines.narrowest = lines.narrowest.min(width.sigma);
        let species = (kinds[0].species.min(kinds[1].species), kinds[0].species.max(kinds[1].species));
        let change = width.farther(&width.slopes(self.shape));
        let term = change.term(&width, self.shape, 1.0, width.amplitude(self.shape.sum));
        for (column, weights) in of.iter().filter(|(_, weights)| weights[node] != 0.0) {
            let (row, weight) = (self.row(column + 1, species), weights[node]);
            lines.peaks.terms.push(Term { row, a: weight * term.a, b: weight * term.b, c: weight * term.c });
        }
        lines.close(peak);
    }
}

impl Width {
    /// What it does to a pair of two kinds that it is 1 Å farther apart.
    fn farther(&self, slopes: &Slopes) -> Change {
        Change { dr: 1.0, widen: slopes.v.dot(&self.direction), ..Change::default() }
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
            if strain.is_some() || tangent.shape.widens() || !tangent.atoms.is_empty() {
                columns.push(BulkColumn { index, strain, shape: tangent.shape, u });
            }
        }
        Self { columns }
    }
}

impl BulkColumn {
    /// `dσ/σ` without what the strain does.
    fn widen(&self, (a, b): (usize, usize), width: &Width, slopes: &Slopes) -> f64 {
        let of = |kind: usize, source: Source| self.u[kind][usize::from(source == Source::Beyond)];
        slopes.square * (of(a, width.sources[0]) + of(b, width.sources[1])) + slopes.by_shape(&self.shape)
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

    /// What it moves, and how far (Cartesian, Å), where it does nothing but move atoms.
    pub fn moves(&self, basis: &Matrix3<f64>) -> Option<Moves> {
        let moved = |(atom, change): &(u32, AtomTangent)| {
            let only = AtomTangent { position: change.position, ..AtomTangent::default() };
            (*change == only).then(|| (*atom, basis * change.position))
        };
        let alone = self.basis.is_none() && self.shape == ShapeTangent::default() && !self.atoms.is_empty();
        alone.then(|| self.atoms.iter().map(moved).collect())?
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
