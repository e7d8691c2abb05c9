//! Pairs shared out among nodes: splines of degree seven, sharpened.
//!
//! A pair at `r = (k + s) h`, 0 <= s < 1, gives the nodes k - 3 ... k + 4 the shares `β(s + 3), β(s + 2) ... β(s - 4)`, where β is
//! the B-spline of eight intervals. A wave of Q that is then summed over the nodes comes out as
//!
//! ```text
//! Σ_k β exp(i Q r_k) = exp(i Q r) [sin(x/2) / (x/2)]⁸ [1 + e],   x = Q h,   |e| <= 2 (x / (2π - x))⁸
//! ```
//!
//! The factor in front is the same for all pairs, so it is taken out once at the end ([`sharpen`]): with `w = sin²(x/2)`
//!
//! ```text
//! [(x/2) / sin(x/2)]⁸ = [arcsin(√w) / √w]⁸ = 1 + 4/3 w + 62/45 w² + 1244/945 w³ ... + 51263552/54729675 w⁷ + 0.86 w⁸ ...
//! ```
//!
//! and w is what `-(f_(k-1) - 2 f_k + f_(k+1)) / 4` does to the wave. A peak of standard deviation σ weighs the waves by
//! `exp(-σ² Q² / 2)`. What is lost of its top is at most the mean of `|e|` and of the terms that are left out under that
//! weight: with a = h/σ about
//!
//! ```text
//! 210 (a / 2π)⁸ + 1.7e6 (a / 2)¹⁶                        1.3e-9 for a = 0.22
//! ```
//!
//! (the moments of a Gaussian: 105 of eighth, 2027025 of sixteenth order), and less for many pairs together.

use nalgebra::Matrix3;

use super::{Nodes, Others, ROUNDER, Take};

/// Nodes farther than this from a pair have no share of it: four for the spline, seven for its sharpening.
pub const SHARED: usize = 11;

/// `5040 β` for the nodes k - 3 ... k + 4, by ascending powers of s.
const SPLINE: [[f64; WINDOW]; 8] = [
    [1.0, 120.0, 1191.0, 2416.0, 1191.0, 120.0, 1.0, 0.0],
    [-7.0, -392.0, -1715.0, 0.0, 1715.0, 392.0, 7.0, 0.0],
    [21.0, 504.0, 315.0, -1680.0, 315.0, 504.0, 21.0, 0.0],
    [-35.0, -280.0, 665.0, 0.0, -665.0, 280.0, 35.0, 0.0],
    [35.0, 0.0, -315.0, 560.0, -315.0, 0.0, 35.0, 0.0],
    [-21.0, 84.0, -105.0, 0.0, 105.0, -84.0, 21.0, 0.0],
    [7.0, -42.0, 105.0, -140.0, 105.0, -42.0, 7.0, 0.0],
    [-1.0, 7.0, -21.0, 35.0, -35.0, 21.0, -7.0, 1.0],
];

/// Nodes that have a share: whole vectors.
const WINDOW: usize = 8;

/// What all of [`SPLINE`] is multiplied by.
const SCALE: f64 = 5040.0;

/// Factors of wⁿ for n = 0 to 7.
const SHARPEN: [f64; 8] = [
    1.0,
    4.0 / 3.0,
    62.0 / 45.0,
    1244.0 / 945.0,
    2473.0 / 2025.0,
    74864.0 / 66825.0,
    93427504.0 / 91216125.0,
    51263552.0 / 54729675.0,
];

/// Takes out of summed shares what the spline did to every wave, and [`SCALE`].
pub fn sharpen(weights: &mut [f64]) {
    pulp::Arch::new().dispatch(Sharpen(weights));
}

/// [`sharpen`], to be compiled for the widest vectors that the processor has.
struct Sharpen<'a>(&'a mut [f64]);

impl pulp::WithSimd for Sharpen<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let n = self.0.len();
        // Beyond the ends there is nothing.
        let [mut sum, mut next] = [(); 2].map(|()| vec![0.0; n + 2]);
        for factor in SHARPEN.iter().rev().map(|factor| factor / SCALE) {
            for ((next, near), weight) in next[1..=n].iter_mut().zip(sum.windows(3)).zip(self.0.iter()) {
                // w makes -(f_(k-1) - 2 f_k + f_(k+1)) / 4 of f.
                *next = factor * weight + 0.5 * near[1] - 0.25 * (near[0] + near[2]);
            }
            std::mem::swap(&mut sum, &mut next);
        }
        self.0.copy_from_slice(&sum[1..=n]);
    }
}

/// Pairs that are shared out together.
const BLOCK: usize = 64;

/// Pairs that are looked at together.
pub const QUAD: usize = 4;

/// A block, and what may be written behind it.
const ROOM: usize = 2 * BLOCK;

/// Pairs that follow each other are often at nearly the same distance. Writing to the same nodes at once would make each
/// wait for the one before: they are taken in turns from so many places of the block.
const TURNS: usize = 8;

/// Pairs on the way to the nodes.
struct Queue {
    n: usize,
    /// r², Å².
    square: [f64; ROOM],
    /// `occ_i occ_j`.
    weight: [f64; ROOM],
    /// Where the nodes of the pair of kinds begin in a table.
    base: [u32; ROOM],
    /// Vectors, Å; only where there are strains.
    v: [[f64; ROOM]; 3],
}

/// Tables in which the pairs of atoms of one kind are shared out.
pub struct Deposit {
    inverse_step: f64,
    /// Squares of the least and the largest distance, Å².
    within: [f64; 2],
    /// Symmetric strains: xx, yy, zz, 2 xy, 2 xz, 2 yz.
    strains: Vec<[f64; 6]>,
    /// For the pairs themselves, then for each strain: all nodes of the first kind of partner, of the second ...
    tables: Vec<Vec<f64>>,
    /// For each strain what it makes of the pairs of a block, times their weight.
    changes: Vec<[f64; BLOCK]>,
    queue: Queue,
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

impl Deposit {
    /// Empty tables for atoms with partners of so many kinds.
    pub fn new(nodes: &Nodes, kinds: usize, strains: &[Matrix3<f64>]) -> Self {
        let symmetric = |e: &Matrix3<f64>| {
            let both = |k: usize, l: usize| e[(k, l)] + e[(l, k)];
            [e[(0, 0)], e[(1, 1)], e[(2, 2)], both(0, 1), both(0, 2), both(1, 2)]
        };
        // Windows are wider than what is laid down in them.
        let size = kinds * nodes.count() + WINDOW;
        Self {
            inverse_step: 1.0 / nodes.step,
            within: [nodes.from, nodes.to].map(|r| r * r),
            strains: strains.iter().map(symmetric).collect(),
            tables: vec![vec![0.0; size]; strains.len() + 1],
            changes: vec![[0.0; BLOCK]; strains.len()],
            queue: Queue::new(nodes.to),
        }
    }

    /// The tables, with everything in them.
    pub fn into_tables(mut self) -> Vec<Vec<f64>> {
        let n = self.queue.n;
        self.queue.weight[n..].fill(0.0);
        pulp::Arch::new().dispatch(Flush(&mut self));
        self.tables
    }

    /// Takes in those of the next N pairs that are within reach.
    #[inline(always)]
    fn look<S: pulp::Simd, const N: usize>(
        &mut self,
        simd: S,
        origin: [f64; 3],
        occ: f64,
        others: &Others,
        first: usize,
    ) {
        let v: [[f64; N]; 3] = std::array::from_fn(|k| {
            let place = &others.places[k][first..first + N];
            std::array::from_fn(|l| place[l] - origin[k])
        });
        let square: [f64; N] = std::array::from_fn(|l| v[0][l] * v[0][l] + v[1][l] * v[1][l] + v[2][l] * v[2][l]);
        let inside: [u8; N] =
            std::array::from_fn(|l| u8::from(square[l] > self.within[0]) & u8::from(square[l] <= self.within[1]));
        let occs = &others.occ[first..first + N];
        let new =
            Pairs { square, weight: std::array::from_fn(|l| occ * occs[l]), base: &others.base[first..first + N], v };
        match inside.iter().sum::<u8>() as usize {
            0 => return,
            all if all == N => self.queue.take(&new),
            _ => (0..N).for_each(|l| self.queue.take_one(&new, l, inside[l])),
        }
        if self.queue.n >= BLOCK {
            self.flush(simd);
        }
    }

    /// Takes in those pairs of a block that are within reach, where none wait.
    #[inline(always)]
    pub fn add_block<S: pulp::Simd>(&mut self, simd: S, block: &Block) {
        let Self { within, queue, .. } = self;
        let [x, y, z] = &block.v;
        for l in 0..BLOCK {
            let square = x[l] * x[l] + y[l] * y[l] + z[l] * z[l];
            let inside = square > within[0] && square <= within[1];
            queue.square[l] = if inside { square } else { within[1] };
            queue.weight[l] = if inside { block.weight[l] } else { 0.0 };
        }
        queue.base[..BLOCK].copy_from_slice(&block.base);
        if !self.strains.is_empty() {
            queue.v.iter_mut().zip(&block.v).for_each(|(queue, v)| queue[..BLOCK].copy_from_slice(v));
        }
        self.share_out(simd);
    }

    /// Shares out the first block of the queue and moves up the rest.
    #[inline(always)]
    fn flush<S: pulp::Simd>(&mut self, simd: S) {
        self.share_out(simd);
        self.queue.shift();
    }

    /// Shares out the first block of the queue.
    #[inline(always)]
    fn share_out<S: pulp::Simd>(&mut self, simd: S) {
        let Self { inverse_step, strains, tables, changes, queue, .. } = self;
        let (mut s, mut node) = ([0.0; BLOCK], [0_u64; BLOCK]);
        for l in 0..BLOCK {
            let t = queue.square[l].sqrt() * *inverse_step;
            // At a whole number either neighbour will do: shares are continuous.
            let rounded = (t - 0.5) + ROUNDER;
            node[l] = (rounded.to_bits() & 0xffff_ffff) + u64::from(queue.base[l]) - 3;
            s[l] = t - (rounded - ROUNDER);
        }
        changes.iter_mut().zip(&*strains).for_each(|(change, strain)| *change = queue.strained(strain));
        let (table, strained) = tables.split_at_mut(1);
        for l in turns() {
            let (shares, first) = (shares(simd, s[l]), node[l] as usize);
            scatter(simd, &mut table[0], first, &shares, queue.weight[l]);
            for (change, table) in changes.iter().zip(strained.iter_mut()) {
                scatter(simd, table, first, &shares, change[l]);
            }
        }
    }
}

impl Take for Deposit {
    #[inline(always)]
    fn add<S: pulp::Simd>(&mut self, simd: S, origin: [f64; 3], occ: f64, others: &Others) {
        let n = others.occ.len();
        let whole = n - n % QUAD;
        for l in (0..whole).step_by(QUAD) {
            self.look::<S, QUAD>(simd, origin, occ, others, l);
        }
        for l in whole..n {
            self.look::<S, 1>(simd, origin, occ, others, l);
        }
    }
}

/// Some pairs, one after the other.
struct Pairs<'a, const N: usize> {
    square: [f64; N],
    weight: [f64; N],
    base: &'a [u32],
    v: [[f64; N]; 3],
}

impl Queue {
    fn new(to: f64) -> Self {
        let square = [to * to; ROOM];
        Self { n: 0, square, weight: [0.0; ROOM], base: [0; ROOM], v: [[0.0; ROOM]; 3] }
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self, new: &Pairs<N>) {
        let n = self.n % BLOCK;
        self.square[n..n + N].copy_from_slice(&new.square);
        self.weight[n..n + N].copy_from_slice(&new.weight);
        self.base[n..n + N].copy_from_slice(&new.base[..N]);
        for (v, new) in self.v.iter_mut().zip(&new.v) {
            v[n..n + N].copy_from_slice(new);
        }
        self.n = n + N;
    }

    /// Writes a pair in any case, and keeps it by counting on: no branch that cannot be foretold.
    #[inline(always)]
    fn take_one<const N: usize>(&mut self, new: &Pairs<N>, l: usize, keep: u8) {
        let n = self.n % ROOM;
        self.square[n] = new.square[l];
        self.weight[n] = new.weight[l];
        self.base[n] = new.base[l];
        for (v, new) in self.v.iter_mut().zip(&new.v) {
            v[n] = new[l];
        }
        self.n = n + usize::from(keep);
    }

    /// `occ_i occ_j v·εv / r` for each pair of the first block.
    #[inline(always)]
    fn strained(&self, e: &[f64; 6]) -> [f64; BLOCK] {
        let [x, y, z] = &self.v;
        let mut change = [0.0; BLOCK];
        for (l, change) in change.iter_mut().enumerate() {
            let (x, y, z) = (x[l], y[l], z[l]);
            let along = x * (e[0] * x + e[3] * y + e[4] * z) + y * (e[1] * y + e[5] * z) + e[2] * z * z;
            *change = self.weight[l] * along / self.square[l].sqrt();
        }
        change
    }

    /// Moves what lies behind the first block to the front.
    #[inline(always)]
    fn shift(&mut self) {
        self.square.copy_within(BLOCK.., 0);
        self.weight.copy_within(BLOCK.., 0);
        self.base.copy_within(BLOCK.., 0);
        self.v.iter_mut().for_each(|v| v.copy_within(BLOCK.., 0));
        self.n = self.n.saturating_sub(BLOCK);
    }
}

/// Every place of a block.
#[inline(always)]
fn turns() -> impl Iterator<Item = usize> {
    (0..BLOCK / TURNS).flat_map(|l| (0..TURNS).map(move |turn| turn * (BLOCK / TURNS) + l))
}

/// The last block, to be compiled for the widest vectors that the processor has.
struct Flush<'a>(&'a mut Deposit);

impl pulp::WithSimd for Flush<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        self.0.flush(simd);
    }
}

/// [`SCALE`] times the shares of a pair between two nodes.
#[inline(always)]
fn shares<S: pulp::Simd>(simd: S, s: f64) -> [f64; WINDOW] {
    let (mut shares, s) = ([0.0; WINDOW], simd.splat_f64s(s));
    for (k, share) in S::as_mut_simd_f64s(&mut shares).0.iter_mut().enumerate() {
        let power = |n: usize| S::as_simd_f64s(&SPLINE[n]).0[k];
        *share = (0..WINDOW - 1).rev().fold(power(WINDOW - 1), |share, n| simd.mul_add_e_f64s(share, s, power(n)));
    }
    shares
}

/// Adds the shares of a pair to the nodes from `first` on.
#[inline(always)]
fn scatter<S: pulp::Simd>(simd: S, table: &mut [f64], first: usize, shares: &[f64; WINDOW], weight: f64) {
    let Some(window) = table.get_mut(first..first + WINDOW) else { return };
    let weight = simd.splat_f64s(weight);
    for (node, share) in S::as_mut_simd_f64s(window).0.iter_mut().zip(S::as_simd_f64s(shares).0) {
        *node = simd.mul_add_e_f64s(weight, *share, *node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waves, summed over the nodes of one pair, are those of the pair: as well as the text above says.
    #[test]
    fn waves_keep_their_phase_and_size() {
        let nodes = Nodes { step: 0.02, from: 0.5, to: 3.0 };
        for r in [1.0, 1.2345, 1.239_999_9, 2.01, 2.5077] {
            let mut deposit = Deposit::new(&nodes, 1, &[]);
            let others = Others { places: [&[r], &[0.0], &[0.0]], occ: &[0.5], base: &[0] };
            deposit.add(pulp::Scalar::new(), [0.0; 3], 2.0, &others);
            let mut weights = deposit.into_tables().remove(0);
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
        let nodes = Nodes { step: 0.02, from: 0.5, to: 3.0 };
        let places: Vec<f64> = (0..203).map(|l| 0.3 + 0.015 * f64::from(l)).collect();
        let (occ, zeros) = (vec![1.0; 203], vec![0.0; 203]);
        let base: Vec<u32> = (0..203).map(|l| (l % 2) * nodes.count() as u32).collect();
        let mut deposit = Deposit::new(&nodes, 2, &[Matrix3::identity()]);
        let others = Others { places: [&places, &zeros, &zeros], occ: &occ, base: &base };
        deposit.add(pulp::Scalar::new(), [0.0; 3], 1.0, &others);
        let tables = deposit.into_tables();
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
