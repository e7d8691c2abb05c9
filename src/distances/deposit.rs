//! Pairs on their way to the nodes: those within reach wait until they are a block, whose distances are then measured and shared out
//! together, in whole vectors.

use std::marker::PhantomData;

use nalgebra::Matrix3;

use super::spline::{Ledger, WINDOW};
use super::{Nodes, Others, ROUNDER, TOGETHER, Take};

/// Pairs that are shared out together.
const BLOCK: usize = 64;

/// Pairs that follow each other are often at nearly the same distance. Writing to the same nodes at once would make each
/// wait for the one before: they are taken in turns from so many places of the block.
const TURNS: usize = 8;

/// Pairs on the way to the nodes; beyond `n` they weigh nothing.
struct Queue {
    n: usize,
    /// r², Å².
    square: [f64; BLOCK],
    /// `occ_i occ_j`.
    weight: [f64; BLOCK],
    /// Where the nodes of the pair of kinds begin in a table.
    base: [u32; BLOCK],
    /// Vectors, Å; only where they matter.
    v: [[f64; BLOCK]; 3],
}

/// What of a pair is shared out, times `occ_i occ_j`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// One.
    Number,
    /// `dr = v·εv / r`, for a symmetric strain: xx, yy, zz, 2 xy, 2 xz, 2 yz.
    Strain([f64; 6]),
    /// `dr = v_k / r`, where the farther atom moves along this axis.
    Shift(usize),
}

impl Measure {
    /// Of a strain `d basis · basis⁻¹`, whose rotation does nothing.
    pub fn strain(e: &Matrix3<f64>) -> Self {
        let both = |k: usize, l: usize| e[(k, l)] + e[(l, k)];
        Self::Strain([e[(0, 0)], e[(1, 1)], e[(2, 2)], both(0, 1), both(0, 2), both(1, 2)])
    }
}

/// Tables in which the pairs of atoms of one kind are shared out.
pub struct Deposit<L> {
    inverse_step: f64,
    /// Squares of the least and the largest distance, Å².
    within: [f64; 2],
    /// What is shared out.
    measures: Vec<Measure>,
    /// For each measure all nodes of the first kind of partner, of the second ...
    tables: Vec<Table>,
    /// For each measure that of the pairs of a block.
    amounts: Vec<[f64; BLOCK]>,
    queue: Queue,
    ledger: PhantomData<L>,
}

/// Numbers whose windows of eight begin where a line of the cache does.
struct Table {
    numbers: Vec<f64>,
    /// Numbers in front of the first.
    skip: usize,
}

/// Bytes of a line of the cache.
const LINE: usize = 64;

impl Table {
    fn zeros(n: usize) -> Self {
        let numbers = vec![0.0; n + LINE / size_of::<f64>()];
        let skip = numbers.as_ptr().align_offset(LINE).min(LINE / size_of::<f64>());
        Self { numbers, skip }
    }

    fn into_numbers(mut self) -> Vec<f64> {
        self.numbers.drain(..self.skip);
        self.numbers
    }
}

/// Pairs, up to a block of them.
pub struct Block {
    n: usize,
    v: [[f64; BLOCK]; 3],
    weight: [f64; BLOCK],
    base: [u32; BLOCK],
}

impl Block {
    /// No pairs.
    pub fn new() -> Self {
        Self { n: 0, v: [[0.0; BLOCK]; 3], weight: [0.0; BLOCK], base: [0; BLOCK] }
    }

    /// Is there no room for another?
    pub fn is_full(&self) -> bool {
        self.n == BLOCK
    }

    /// Starts anew.
    pub fn clear(&mut self) {
        self.n = 0;
        self.weight.fill(0.0);
    }

    /// One more pair, of two places (Cartesian, Å) with their occupancies; the nodes of their kinds begin at `base` in a
    /// table.
    #[inline(always)]
    pub fn push(&mut self, from: &[f64; 4], to: &[f64; 4], base: u32) {
        let l = self.n % BLOCK;
        (0..3).for_each(|k| self.v[k][l] = to[k] - from[k]);
        self.weight[l] = to[3] * from[3];
        self.base[l] = base;
        self.n = l + 1;
    }
}

impl<L: Ledger> Deposit<L> {
    /// Empty tables for atoms with partners of so many kinds.
    pub fn new(nodes: &Nodes, kinds: usize, measures: Vec<Measure>) -> Self {
        // Windows are wider than what is laid down in them.
        let size = L::EACH * kinds * nodes.count() + WINDOW;
        Self {
            inverse_step: 1.0 / nodes.step,
            within: [nodes.from, nodes.to].map(|r| r * r),
            tables: measures.iter().map(|_| Table::zeros(size)).collect(),
            amounts: vec![[0.0; BLOCK]; measures.len()],
            measures,
            queue: Queue::new(nodes.to),
            ledger: PhantomData,
        }
    }

    /// Do the vectors of pairs matter?
    fn has_directions(&self) -> bool {
        self.measures.iter().any(|measure| *measure != Measure::Number)
    }

    /// What the nodes have, with everything in them: table after table.
    pub fn into_shares(mut self) -> Vec<Vec<f64>> {
        let n = self.queue.n;
        self.queue.weight[n..].fill(0.0);
        pulp::Arch::new().dispatch(Flush(&mut self));
        self.tables.into_iter().map(|table| L::shares(table.into_numbers())).collect()
    }

    /// Takes in those of the next pairs that are within reach. Vectors go into the queue whole: pairs out of reach weigh nothing.
    #[inline(always)]
    fn look<S: pulp::Simd>(&mut self, simd: S, origin: &Origin<S>, to: [&[f64; TOGETHER]; 4], base: &[u32; TOGETHER]) {
        let has_directions = self.has_directions();
        let Self { queue, within, .. } = self;
        let n = queue.n % BLOCK;
        let Queue { square, weight, v: [vx, vy, vz], .. } = queue;
        let (square, weight) = (vectors_mut::<S>(square, n), vectors_mut::<S>(weight, n));
        let (vx, vy, vz) = (vectors_mut::<S>(vx, n), vectors_mut::<S>(vy, n), vectors_mut::<S>(vz, n));
        let [x, y, z, occ] = to;
        let (x, y, z, occ) = (vectors::<S>(x), vectors::<S>(y), vectors::<S>(z), vectors::<S>(occ));
        let (least, most) = (simd.splat_f64s(within[0]), simd.splat_f64s(within[1]));
        let (none, mut inside) = (simd.splat_f64s(0.0), false);
        for k in 0..TOGETHER / S::F64_LANES {
            let x = simd.sub_f64s(x[k], origin.x);
            let y = simd.sub_f64s(y[k], origin.y);
            let z = simd.sub_f64s(z[k], origin.z);
            let r = simd.mul_add_e_f64s(z, z, simd.mul_add_e_f64s(y, y, simd.mul_f64s(x, x)));
            let is_near = simd.less_than_or_equal_f64s(r, most);
            let is_far = simd.greater_than_f64s(r, least);
            let pick = |inside, outside| simd.select_f64s(is_far, simd.select_f64s(is_near, inside, outside), outside);
            square[k] = pick(r, most);
            weight[k] = pick(simd.mul_f64s(origin.occ, occ[k]), none);
            inside |= simd.first_true_m64s(is_near) < S::F64_LANES;
            if has_directions {
                (vx[k], vy[k], vz[k]) = (x, y, z);
            }
        }
        if !inside {
            return;
        }
        queue.base[n..n + TOGETHER].copy_from_slice(base);
        queue.n = n + TOGETHER;
        if queue.n == BLOCK {
            self.share_out(simd);
        }
    }

    /// Takes in those pairs of a block that are within reach, where none wait.
    #[inline(always)]
    pub fn add_block<S: pulp::Simd>(&mut self, simd: S, block: &Block) {
        let has_directions = self.has_directions();
        let Self { within, queue, .. } = self;
        let [x, y, z] = &block.v;
        for l in 0..BLOCK {
            let square = x[l] * x[l] + y[l] * y[l] + z[l] * z[l];
            let inside = square > within[0] && square <= within[1];
            queue.square[l] = if inside { square } else { within[1] };
            queue.weight[l] = if inside { block.weight[l] } else { 0.0 };
        }
        queue.base.copy_from_slice(&block.base);
        if has_directions {
            queue.v = block.v;
        }
        self.share_out(simd);
    }

    /// Shares out what waits in the queue.
    #[inline(always)]
    fn share_out<S: pulp::Simd>(&mut self, simd: S) {
        let Self { inverse_step, measures, tables, amounts, queue, .. } = self;
        let mut r = queue.square;
        square_roots(simd, &mut r);
        let (mut powers, mut node) = ([[0.0; BLOCK]; 3], [0_u64; BLOCK]);
        for l in 0..BLOCK {
            let t = r[l] * *inverse_step;
            // At a whole number either neighbour will do: shares are continuous.
            let rounded = (t - 0.5) + ROUNDER;
            node[l] = (rounded.to_bits() & 0xffff_ffff) + u64::from(queue.base[l]) - 3;
            let s = t - (rounded - ROUNDER);
            (powers[0][l], powers[1][l], powers[2][l]) = (s, s * s, (s * s) * (s * s));
        }
        let places = Places { powers: &powers, node: &node };
        if let ([Measure::Number], [table]) = (&measures[..], &mut tables[..]) {
            table.add_block::<L, S>(simd, &places, &queue.weight);
        } else {
            amounts.iter_mut().zip(measures).for_each(|(amount, measure)| queue.measure(measure, &r, amount));
            for l in turns() {
                let (entries, node) = places.entries::<L, S>(simd, l);
                for (amount, table) in amounts.iter().zip(tables.iter_mut()) {
                    table.add::<L, S>(simd, node, &entries, amount[l]);
                }
            }
        }
        queue.n = 0;
    }
}

/// Where the pairs of a block lie among the nodes.
struct Places<'a> {
    /// s, s² and s⁴.
    powers: &'a [[f64; BLOCK]; 3],
    /// The first node of each.
    node: &'a [u64; BLOCK],
}

impl Places<'_> {
    #[inline(always)]
    fn entries<L: Ledger, S: pulp::Simd>(&self, simd: S, l: usize) -> ([f64; WINDOW], usize) {
        let [s, square, fourth] = self.powers;
        (L::entries(simd, [s[l], square[l], fourth[l]]), self.node[l] as usize)
    }
}

/// The square roots of numbers, by Newton's rule for one over them: a processor's own take three times as long. The first guess is
/// the one that halves the exponent, good to 3.5 %; four steps bring that below 1e-20, and what is left is rounding, some 4e-16.
#[inline(always)]
fn square_roots<S: pulp::Simd>(simd: S, squares: &mut [f64; BLOCK]) {
    let mut inverse = [0.0; BLOCK];
    for (inverse, square) in inverse.iter_mut().zip(&*squares) {
        *inverse = f64::from_bits(0x5fe6_eb50_c7b5_37a9 - (square.to_bits() >> 1));
    }
    let (half, most) = (simd.splat_f64s(-0.5), simd.splat_f64s(1.5));
    let inverse = S::as_mut_simd_f64s(&mut inverse).0.iter_mut();
    for (square, inverse) in S::as_mut_simd_f64s(squares).0.iter_mut().zip(inverse) {
        let minus_half = simd.mul_f64s(half, *square);
        for _ in 0..4 {
            let product = simd.mul_f64s(*inverse, *inverse);
            *inverse = simd.mul_f64s(*inverse, simd.mul_add_e_f64s(minus_half, product, most));
        }
        *square = simd.mul_f64s(*square, *inverse);
    }
}

impl<L: Ledger> Take for Deposit<L> {
    #[inline(always)]
    fn add<S: pulp::Simd>(&mut self, simd: S, [x, y, z]: [f64; 3], occ: f64, others: &Others) {
        let splat = |value| simd.splat_f64s(value);
        let origin = Origin::<S> { x: splat(x), y: splat(y), z: splat(z), occ: splat(occ) };
        let [x, y, z] = others.places;
        let (x, y, z) = (x.as_chunks().0, y.as_chunks().0, z.as_chunks().0);
        let (occ, base) = (others.occ.as_chunks().0, others.base.as_chunks().0);
        for ((((x, y), z), occ), base) in x.iter().zip(y).zip(z).zip(occ).zip(base) {
            self.look(simd, &origin, [x, y, z, occ], base);
        }
    }
}

/// The place of an atom, Cartesian, Å, and its occupancy, in every lane.
struct Origin<S: pulp::Simd> {
    x: S::f64s,
    y: S::f64s,
    z: S::f64s,
    occ: S::f64s,
}

/// Some numbers as vectors.
#[inline(always)]
fn vectors<S: pulp::Simd>(numbers: &[f64; TOGETHER]) -> &[S::f64s] {
    S::as_simd_f64s(numbers).0
}

/// Some numbers of a block as vectors.
#[inline(always)]
fn vectors_mut<S: pulp::Simd>(numbers: &mut [f64; BLOCK], first: usize) -> &mut [S::f64s] {
    S::as_mut_simd_f64s(&mut numbers[first..first + TOGETHER]).0
}

impl Queue {
    fn new(to: f64) -> Self {
        let square = [to * to; BLOCK];
        Self { n: 0, square, weight: [0.0; BLOCK], base: [3; BLOCK], v: [[0.0; BLOCK]; 3] }
    }

    /// A measure of each pair, times its weight.
    #[inline(always)]
    fn measure(&self, measure: &Measure, r: &[f64; BLOCK], amount: &mut [f64; BLOCK]) {
        let [x, y, z] = &self.v;
        match measure {
            Measure::Number => *amount = self.weight,
            Measure::Strain(e) => {
                for l in 0..BLOCK {
                    let (x, y, z) = (x[l], y[l], z[l]);
                    let along = x * (e[0] * x + e[3] * y + e[4] * z) + y * (e[1] * y + e[5] * z) + e[2] * z * z;
                    amount[l] = self.weight[l] * along / r[l];
                }
            }
            Measure::Shift(axis) => (0..BLOCK).for_each(|l| amount[l] = self.weight[l] * self.v[*axis][l] / r[l]),
        }
    }
}

/// Every place of a block.
#[inline(always)]
fn turns() -> impl Iterator<Item = usize> {
    (0..BLOCK / TURNS).flat_map(|l| (0..TURNS).map(move |turn| turn * (BLOCK / TURNS) + l))
}

/// What still waits, to be compiled for the widest vectors that the processor has.
struct Flush<'a, L>(&'a mut Deposit<L>);

impl<L: Ledger> pulp::WithSimd for Flush<'_, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        self.0.share_out(simd);
    }
}

impl Table {
    /// Adds what the pairs of a block with these weights add.
    #[inline(always)]
    fn add_block<L: Ledger, S: pulp::Simd>(&mut self, simd: S, places: &Places, weight: &[f64; BLOCK]) {
        let numbers = &mut self.numbers[self.skip..];
        for l in 0..BLOCK / TURNS {
            for turn in 0..TURNS {
                let l = turn * (BLOCK / TURNS) + l;
                let (entries, node) = places.entries::<L, S>(simd, l);
                if let Some(window) = L::window(numbers, node) {
                    add(simd, window, &entries, weight[l]);
                }
            }
        }
    }

    /// Adds what a pair of some weight adds to the numbers from those of `node` on.
    #[inline(always)]
    fn add<L: Ledger, S: pulp::Simd>(&mut self, simd: S, node: usize, entries: &[f64; WINDOW], weight: f64) {
        if let Some(window) = L::window(&mut self.numbers[self.skip..], node) {
            add(simd, window, entries, weight);
        }
    }
}

#[inline(always)]
fn add<S: pulp::Simd>(simd: S, window: &mut [f64; WINDOW], entries: &[f64; WINDOW], weight: f64) {
    let weight = simd.splat_f64s(weight);
    for (number, entry) in S::as_mut_simd_f64s(window).0.iter_mut().zip(S::as_simd_f64s(entries).0) {
        *number = simd.mul_add_e_f64s(weight, *entry, *number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::NOWHERE;
    use super::super::spline::{Moments, SCALE, Shares, sharpen};
    use super::*;

    #[test]
    fn square_roots_have_all_their_digits() {
        let mut squares: [f64; BLOCK] = std::array::from_fn(|l| 1e-3 * (0.3 * l as f64).exp() + 0.1 * l as f64);
        let want = squares.map(f64::sqrt);
        pulp::Arch::new().dispatch(|| square_roots(pulp::Scalar::new(), &mut squares));
        for (got, want) in squares.iter().zip(want) {
            assert!((got / want - 1.0).abs() < 1e-15, "{got} {want}");
        }
    }

    /// Waves, summed over the nodes of one pair, are those of the pair: as well as `spline.rs` says.
    #[test]
    fn waves_keep_their_phase_and_size() {
        waves::<Shares>();
        waves::<Moments>();
    }

    fn waves<L: Ledger>() {
        let nodes = Nodes { step: 0.02, from: 0.5, to: 3.0 };
        for r in [1.0, 1.2345, 1.239_999_9, 2.01, 2.5077] {
            let mut deposit = Deposit::<L>::new(&nodes, 1, vec![Measure::Number]);
            let (mut place, zeros) = ([NOWHERE; TOGETHER], [0.0; TOGETHER]);
            place[0] = r;
            let others = Others { places: [&place, &zeros, &zeros], occ: &[0.5; TOGETHER], base: &[0; TOGETHER] };
            deposit.add(pulp::Scalar::new(), [0.0; 3], 2.0, &others);
            let mut weights = deposit.into_shares().remove(0);
            sharpen(&mut weights);
            for q in [0.0, 1.0, 10.0, 20.0, 30.0, 40.0] {
                let x: f64 = q * nodes.step;
                let bound = 2.0 * (x / (std::f64::consts::TAU - x)).powi(8) + (0.5 * x).powi(16) + 1e-12;
                let sum = |wave: fn(f64) -> f64| -> f64 {
                    weights.iter().enumerate().map(|(k, weight)| weight * wave(q * nodes.step * k as f64)).sum()
                };
                let off = (sum(f64::cos) - (q * r).cos()).hypot(sum(f64::sin) - (q * r).sin());
                assert!(off <= bound, "r {r}, q {q}: {off:e} > {bound:e}");
            }
        }
    }

    /// A block that is full, one that is not, and pairs out of reach, in two kinds.
    #[test]
    fn every_pair_within_reach_is_shared_out_once() {
        once::<Shares>();
        once::<Moments>();
    }

    fn once<L: Ledger>() {
        let nodes = Nodes { step: 0.02, from: 0.5, to: 3.0 };
        let mut places: Vec<f64> = (0..203).map(|l| 0.3 + 0.015 * f64::from(l)).collect();
        places.resize(208, NOWHERE);
        let (occ, zeros) = (vec![1.0; 208], vec![0.0; 208]);
        let base: Vec<u32> = (0..208).map(|l| (l % 2) * nodes.count() as u32).collect();
        let mut deposit = Deposit::<L>::new(&nodes, 2, vec![Measure::Number, Measure::strain(&Matrix3::identity())]);
        let others = Others { places: [&places, &zeros, &zeros], occ: &occ, base: &base };
        deposit.add(pulp::Scalar::new(), [0.0; 3], 1.0, &others);
        let tables = deposit.into_shares();
        let inside = |parity: usize| {
            let each = places.iter().skip(parity).step_by(2);
            each.filter(|r| **r > nodes.from && **r <= nodes.to).copied().collect::<Vec<f64>>()
        };
        for (parity, of) in tables[0].chunks(nodes.count()).take(2).enumerate() {
            let sum: f64 = of.iter().sum::<f64>() / SCALE;
            assert!((sum - inside(parity).len() as f64).abs() < 1e-10, "{sum}");
        }
        let stretched: f64 = tables[1].iter().sum::<f64>() / SCALE;
        let want: f64 = inside(0).iter().chain(&inside(1)).sum();
        assert!((stretched - want).abs() < 1e-9, "{stretched} {want}");
    }
}
