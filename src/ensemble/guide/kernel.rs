//! What pairs of atoms add to the data's residuals: of displaced atoms as a table of their distance.

use nalgebra::{DMatrix, DVector, DVectorView, Vector3};

use super::still::Still;
use super::tables::Tables;
use crate::crystal::{Crystal, classes, place};
use crate::distances::Kinds;
use crate::engine::Cpu;
use crate::fit::{FitError, Setup};
use crate::forward::Forward;
use crate::lines::Single;
use crate::params::State;

/// `T_ab(r, v)`: what one pair of atoms of the kinds a and b, r apart, adds to the residuals of the data; `v = ln (U_a + U_b)` less what
/// it is where the tables are made.
///
/// Residuals of many points hold few numbers, since all that pairs can do to them has its waves below qmax. `basis` is an orthonormal
/// basis Q of what they can do, points × m, and a table holds `Qᵀ T`, m numbers for each node of a lattice of distances. Between nodes T is
/// the cubic through the nearest four; along v it is a parabola.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// The atoms that are displaced.
    pub moved: Vec<bool>,
    /// Pairs farther apart are left out, Å.
    pub reach: f64,
    /// The scale that T is for.
    pub scale: f64,
    basis: DMatrix<f64>,
    tables: Tables,
    kinds: Kinds,
    /// An atom of each kind.
    lender: Vec<usize>,
    /// All other pairs.
    still: Option<Still>,
    /// The classes of pairs that have a table, as kinds, and where each class of all stands among them.
    tabled: Vec<(usize, usize)>,
    place: Vec<Option<usize>>,
    nodes: Nodes,
}

/// The lattice of distances.
#[derive(Debug, Clone, Copy)]
struct Nodes {
    /// Å.
    first: f64,
    /// Å.
    step: f64,
    count: usize,
}

/// Where a pair lies among the nodes: the shares of four that follow each other, and how they change.
#[derive(Debug, Clone, Copy)]
pub struct Stand {
    /// Shares of one.
    pub shares: [f64; 4],
    /// What has to be known afterwards.
    pub sloping: Sloping,
}

/// The first of the nodes, and the derivatives of their shares by r, 1/Å.
#[derive(Debug, Clone, Copy)]
pub struct Sloping {
    node: usize,
    slopes: [f64; 4],
}

/// How much a sum over residuals changes with what [`Kernel::added`] depends on.
#[derive(Debug, Clone)]
pub struct Pulls {
    /// By one more pair at each node.
    pub nodes: Vec<f64>,
    /// By U of each kind, 1/Å².
    pub by_u: Vec<f64>,
}

/// Nearer pairs are as if they were here, Å: no structure has them.
const NEAREST: f64 = 0.6;
const SIXTH: f64 = 1.0 / 6.0;
/// What pairs beyond the data's end by more than this do, Å, is left out: ripples of some hundredths of a peak.
const BEYOND: f64 = 1.5;
/// Directions in which pairs do less than this share of what they do in the strongest are left out.
const FAINT: f64 = 1e-4;
/// The v at which tables are made beside 0.
const WIDER: f64 = 0.5;

impl Kernel {
    /// The tables at a structure, for the atoms that are `moved`; `None` where pairs are not told by their kinds and distance, or
    /// nothing moves.
    ///
    /// # Errors
    /// Where a curve cannot be computed.
    pub fn of(setup: &Setup, forward: &mut Forward, state: &State, moved: Vec<bool>) -> Result<Option<Self>, FitError> {
        let crystal = &state.crystal;
        let Some(kinds) = Kinds::of(crystal, Kinds::MOST) else { return Ok(None) };
        if !moved.contains(&true) || kinds.kinds.iter().any(|kind| kind.uiso <= 0.0) {
            return Ok(None);
        }
        let nodes = Nodes::of(setup, forward);
        let (mut place, mut tabled, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for class in classes(kinds.kinds.len()) {
            let lent = pair_of(crystal, &kinds, &moved, class);
            place.push(lent.map(|_| tabled.len()));
            tabled.extend(lent.map(|_| class));
            pairs.extend(lent);
        }
        let mut at = |v: f64| nodes.tables(setup, forward, &widened(state, v), &pairs);
        let (table, up, down) = (at(0.0)?, at(WIDER)?, at(-WIDER)?);
        let slope = (&up - &down) / (2.0 * WIDER);
        let bend = (up + down - &table * 2.0) / (2.0 * WIDER * WIDER);
        let basis = basis(&table);
        let tables = Tables::new(&[table, slope, bend].map(|table| table.tr_mul(&basis)), nodes.count);
        let lender = (0..kinds.kinds.len()).filter_map(|kind| kinds.of.iter().position(|of| *of == kind)).collect();
        let (reach, scale) = (nodes.reach(), state.model.profile.scale);
        let mut kernel = Self { moved, reach, scale, basis, tables, kinds, lender, still: None, tabled, place, nodes };
        kernel.still = Still::of(setup, forward, state, &kernel)?;
        Ok(Some(kernel))
    }

    /// `Qᵀ r`: residuals as the tables have them.
    pub fn reduced(&self, residuals: DVectorView<f64>) -> DVector<f64> {
        self.basis.tr_mul(&residuals)
    }

    /// Where the nodes of a pair of atoms begin.
    pub fn base(&self, atoms: [usize; 2]) -> Option<usize> {
        let [a, b] = atoms.map(|atom| self.kinds.of[atom]);
        Some(self.place[place(self.kinds.kinds.len(), (a.min(b), a.max(b)))]? * self.tables.stride())
    }

    /// Where a pair of distance `r` (Å), below the reach, lies among the nodes from `base` on.
    #[inline]
    pub fn stand(&self, base: usize, r: f64) -> Stand {
        let Nodes { first, step, count } = self.nodes;
        let inverse = 1.0 / step;
        let t = (r - first) * inverse;
        let near = t.max(0.0);
        let left = (near as usize).clamp(1, count - 3);
        let s = near - left as f64;
        let (a, b, c, d) = (s + 1.0, s, s - 1.0, s - 2.0);
        let (ab, cd) = (a * b, c * d);
        let shares = [-b * cd * SIXTH, a * cd * 0.5, -ab * d * 0.5, ab * c * SIXTH];
        let (outer, inner) = if t < 0.0 { (0.0, 0.0) } else { (SIXTH * inverse, 0.5 * inverse) };
        let slopes = [
            -(cd + b * (c + d)) * outer,
            (cd + a * (c + d)) * inner,
            -(ab + d * (a + b)) * inner,
            (ab + c * (a + b)) * outer,
        ];
        Stand { shares, sloping: Sloping { node: base + left - 1, slopes } }
    }

    /// m.
    pub fn width(&self) -> usize {
        self.tables.width()
    }

    /// No pairs at any node.
    pub fn empty(&self) -> Vec<f64> {
        vec![0.0; self.tables.nodes()]
    }

    /// What all pairs add to the reduced residuals, those of displaced atoms shared out among nodes, for unit scale.
    pub fn added(&self, crystal: &Crystal, nodes: &[f64]) -> DVector<f64> {
        let sums = self.sums(crystal);
        let mut added = self.displaced(nodes, &self.wider(&sums));
        if let Some(still) = &self.still {
            added += still.added(&sums);
        }
        added / self.scale
    }

    /// What displaced pairs alone add, for the scale of the tables.
    pub fn displaced(&self, nodes: &[f64], v: &[f64]) -> DVector<f64> {
        self.tables.sum(nodes, v)
    }

    /// How `by · added` changes with what [`Kernel::added`] depends on.
    pub fn pulls(&self, crystal: &Crystal, nodes: &[f64], by: &DVector<f64>) -> Pulls {
        let (sums, by) = (self.sums(crystal), by / self.scale);
        let slopes = self.tables.slopes(nodes, &self.wider(&sums), &by);
        let mut by_sum = self.still.as_ref().map_or(vec![0.0; sums.len()], |still| still.pulls(&sums, &by));
        for (class, by_v) in self.tabled.iter().zip(&slopes.by_v) {
            let class = place(self.kinds.kinds.len(), *class);
            by_sum[class] += by_v / sums[class];
        }
        let mut by_u = vec![0.0; self.kinds.kinds.len()];
        for ((a, b), by) in classes(by_u.len()).zip(by_sum) {
            by_u[a] += by;
            by_u[b] += by;
        }
        Pulls { nodes: slopes.nodes, by_u }
    }

    /// An atom of each kind: the U of all of them.
    pub fn lenders(&self) -> &[usize] {
        &self.lender
    }

    /// `U_a + U_b` of each pair of kinds, Å².
    pub fn sums(&self, crystal: &Crystal) -> Vec<f64> {
        let u = |kind: usize| crystal.atoms[self.lender[kind]].u[(0, 0)];
        classes(self.kinds.kinds.len()).map(|(a, b)| u(a) + u(b)).collect()
    }

    /// v of each class that has a table.
    pub fn wider(&self, sums: &[f64]) -> Vec<f64> {
        let n = self.kinds.kinds.len();
        let v = |(a, b): &(usize, usize)| {
            (sums[place(n, (*a, *b))] / (self.kinds.kinds[*a].uiso + self.kinds.kinds[*b].uiso)).ln()
        };
        self.tabled.iter().map(v).collect()
    }

    /// The classes of pairs that have a table, as kinds.
    pub fn tabled(&self) -> &[(usize, usize)] {
        &self.tabled
    }

    /// The kinds of atoms.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The nodes of one class with a table, and zeros.
    pub fn only(&self, nodes: &[f64], class: usize) -> Vec<f64> {
        let (mut only, stride) = (self.empty(), self.tables.stride());
        let own = class * stride..(class + 1) * stride;
        only[own.clone()].copy_from_slice(&nodes[own]);
        only
    }
}

/// The structure with every U times `e^v`.
pub fn widened(state: &State, v: f64) -> State {
    let mut state = state.clone();
    state.crystal.atoms.iter_mut().for_each(|atom| atom.u *= v.exp());
    state
}

impl Nodes {
    fn of(setup: &Setup, forward: &Forward) -> Self {
        let (whole, step) = forward.lattice();
        let reach = whole.min(setup.first().target.r.last().copied().unwrap_or(0.0) + BEYOND);
        // One more on either side of the last pair's place.
        Self { first: NEAREST, step, count: ((reach - NEAREST) / step).ceil().max(1.0) as usize + 3 }
    }

    /// What all but the last two nodes hold, Å.
    fn reach(&self) -> f64 {
        self.first + (self.count - 3) as f64 * self.step
    }

    /// The residuals of each of `pairs` at each node, one after the other: points × nodes of all of them.
    fn tables(
        &self,
        setup: &Setup,
        forward: &mut Forward,
        state: &State,
        pairs: &[[u32; 2]],
    ) -> Result<DMatrix<f64>, FitError> {
        let mut parts = Vec::with_capacity(pairs.len());
        for atoms in pairs {
            let singles: Vec<Single> = (0..self.count).map(|node| self.single(*atoms, node)).collect();
            let curves = forward.singles(state, &singles, self.count, &mut Cpu)?;
            parts.push(setup.first().target.jacobian(&curves));
        }
        Ok(DMatrix::from_columns(&parts.iter().flat_map(DMatrix::column_iter).collect::<Vec<_>>()))
    }

    fn single(&self, atoms: [u32; 2], node: usize) -> Single {
        let r = self.first + node as f64 * self.step;
        Single { atoms, same: false, v: Vector3::x() * r, weight: 1.0, column: node }
    }
}

impl Sloping {
    /// Shares out the weight of a pair.
    #[inline]
    pub fn lay_down(&self, nodes: &mut [f64], shares: [f64; 4], weight: f64) {
        for (node, share) in nodes[self.node..self.node + 4].iter_mut().zip(shares) {
            *node += weight * share;
        }
    }

    /// The slope along r of what lies at the nodes.
    #[inline]
    pub fn slope(&self, nodes: &[f64]) -> f64 {
        nodes[self.node..self.node + 4].iter().zip(self.slopes).map(|(node, slope)| node * slope).sum()
    }
}

/// Two atoms of these kinds, if pairs of them have one that is moved.
fn pair_of(crystal: &Crystal, kinds: &Kinds, moved: &[bool], (a, b): (usize, usize)) -> Option<[u32; 2]> {
    let found = |kind: usize, moving: bool| {
        (0..crystal.atoms.len())
            .find(|atom| kinds.of[*atom] == kind && (moved[*atom] || !moving))
            .map(|atom| atom as u32)
    };
    match (found(a, true), found(b, true)) {
        (None, None) => None,
        (first, second) => Some([first.or(found(a, false))?, second.or(found(b, false))?]),
    }
}

/// An orthonormal basis of what the columns of a table can do.
fn basis(table: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = (table * table.transpose()).symmetric_eigen();
    let largest = eigen.eigenvalues.max();
    let strong: Vec<usize> = (0..table.nrows()).filter(|k| eigen.eigenvalues[*k] > FAINT * FAINT * largest).collect();
    eigen.eigenvectors.select_columns(&strong)
}
