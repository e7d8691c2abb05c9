//! Pairs shared out among nodes: quintic splines, sharpened.
//!
//! A pair at `r = (k + s) h`, 0 <= s < 1, gives the nodes k - 2 ... k + 3 the shares `β(s + 2), β(s + 1) ... β(s - 3)`, where β is
//! the B-spline of six intervals. A wave of Q that is then summed over the nodes comes out as
//!
//! ```text
//! Σ_k β exp(i Q r_k) = exp(i Q r) [sin(x/2) / (x/2)]⁶ [1 + e],   x = Q h,   |e| <= 2 (x / (2π - x))⁶
//! ```
//!
//! The factor in front is the same for all pairs, so it is taken out once at the end ([`sharpen`]): with `w = sin²(x/2)`
//!
//! ```text
//! [(x/2) / sin(x/2)]⁶ = [arcsin(√w) / √w]⁶ = 1 + w + 13/15 w² + 139/189 w³ + 592/945 w⁴ + 16804/31185 w⁵ + 0.47 w⁶ ...
//! ```
//!
//! and w is what `-(f_(k-1) - 2 f_k + f_(k+1)) / 4` does to the wave. A peak of standard deviation σ weighs the waves by
//! `exp(-σ² Q² / 2)`. What is lost of its top is at most the mean of `2 (x / 2π)⁶ + 0.47 (x/2)¹²` under that weight: with
//! a = h/σ
//!
//! ```text
//! 30 (a / 2π)⁶ + 4900 (a / 2)¹²                          2.5e-9 for a = 0.13
//! ```
//!
//! (the moments of a Gaussian: 15 of sixth, 10395 of twelfth order), and less for many pairs together.

use nalgebra::Matrix3;

use super::Nodes;

/// Nodes farther than this from a pair have no share of it: three for the spline, five for its sharpening.
pub const SHARED: usize = 8;

/// `120 β` for the nodes k - 2 ... k + 3 (and two more, which have nothing), by ascending powers of s.
const SPLINE: [[f64; WINDOW]; 6] = [
    [1.0, 26.0, 66.0, 26.0, 1.0, 0.0, 0.0, 0.0],
    [-5.0, -50.0, 0.0, 50.0, 5.0, 0.0, 0.0, 0.0],
    [10.0, 20.0, -60.0, 20.0, 10.0, 0.0, 0.0, 0.0],
    [-10.0, 20.0, 0.0, -20.0, 10.0, 0.0, 0.0, 0.0],
    [5.0, -20.0, 30.0, -20.0, 5.0, 0.0, 0.0, 0.0],
    [-1.0, 5.0, -10.0, 10.0, -5.0, 1.0, 0.0, 0.0],
];

/// Nodes that are written at a time: whole vectors.
const WINDOW: usize = 8;

/// Factors of wⁿ for n = 0 to 5.
const SHARPEN: [f64; 6] = [1.0, 1.0, 13.0 / 15.0, 139.0 / 189.0, 592.0 / 945.0, 16804.0 / 31185.0];

/// Takes out of summed shares what the spline did to every wave, and the 120 of [`SPLINE`].
pub fn sharpen(weights: &mut [f64]) {
    let plain = weights.iter().map(|weight| weight / 120.0).collect::<Vec<_>>();
    let mut sum = vec![0.0; plain.len()];
    for factor in SHARPEN.iter().rev() {
        sum = second_difference(&sum);
        sum.iter_mut().zip(&plain).for_each(|(sum, plain)| *sum += factor * plain);
    }
    weights.copy_from_slice(&sum);
}

/// `-(f_(k-1) - 2 f_k + f_(k+1)) / 4`; beyond the ends f is 0.
fn second_difference(f: &[f64]) -> Vec<f64> {
    let at = |k: usize| f.get(k).copied().unwrap_or(0.0);
    (0..f.len()).map(|k| 0.5 * at(k) - 0.25 * (at(k.wrapping_sub(1)) + at(k + 1))).collect()
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
    queue: Queue,
}

/// Atoms as vectors from another one, with their occupancies and where in a table their kind begins.
pub struct Others<'a> {
    /// Cartesian places, Å.
    pub places: [&'a [f64]; 3],
    /// Occupancies.
    pub occ: &'a [f64],
    /// First node of their kind.
    pub base: &'a [u32],
}

/// Adding this to a number below 2⁵¹ leaves its nearest whole number in the lowest bits.
const ROUNDER: f64 = (1_u64 << 52) as f64;

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

    /// Takes in the pairs of an atom at `origin` with occupancy `occ`.
    #[inline(always)]
    pub fn add<S: pulp::Simd>(&mut self, simd: S, origin: [f64; 3], occ: f64, others: &Others) {
        let n = others.occ.len();
        let whole = n - n % QUAD;
        for l in (0..whole).step_by(QUAD) {
            self.look::<S, QUAD>(simd, origin, occ, others, l);
        }
        for l in whole..n {
            self.look::<S, 1>(simd, origin, occ, others, l);
        }
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

    /// Shares out the first block of the queue.
    #[inline(always)]
    fn flush<S: pulp::Simd>(&mut self, simd: S) {
        let Self { inverse_step, strains, tables, queue, .. } = self;
        let (mut s, mut node) = ([0.0; BLOCK], [0_u64; BLOCK]);
        for l in 0..BLOCK {
            let t = queue.square[l].sqrt() * *inverse_step;
            // At a whole number either neighbour will do: shares are continuous.
            let rounded = (t - 0.5) + ROUNDER;
            node[l] = (rounded.to_bits() & 0xffff_ffff) + u64::from(queue.base[l]) - 2;
            s[l] = t - (rounded - ROUNDER);
        }
        let (table, strained) = tables.split_at_mut(1);
        for l in turns() {
            scatter(simd, &mut table[0], node[l], s[l], queue.weight[l]);
        }
        for (strain, table) in strains.iter().zip(strained) {
            let change = queue.strained(strain);
            for l in turns() {
                scatter(simd, table, node[l], s[l], change[l]);
            }
        }
        queue.shift();
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

/// Adds 120 times the shares of one pair to the nodes from `first` on.
#[inline(always)]
fn scatter<S: pulp::Simd>(simd: S, table: &mut [f64], first: u64, s: f64, weight: f64) {
    let first = first as usize;
    let Some(window) = table.get_mut(first..first + WINDOW) else { return };
    let (s, weight) = (simd.splat_f64s(s), simd.splat_f64s(weight));
    for (k, nodes) in S::as_mut_simd_f64s(window).0.iter_mut().enumerate() {
        let power = |n: usize| S::as_simd_f64s(&SPLINE[n]).0[k];
        let share = (0..5).rev().fold(power(5), |share, n| simd.mul_add_e_f64s(share, s, power(n)));
        *nodes = simd.mul_add_e_f64s(weight, share, *nodes);
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
                let bound = 2.0 * (x / (std::f64::consts::TAU - x)).powi(6) + 0.5 * (0.5 * x).powi(12) + 1e-12;
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
            let sum: f64 = of.iter().sum::<f64>() / 120.0;
            assert!((sum - inside(parity).len() as f64).abs() < 1e-10, "{sum}");
        }
        let stretched: f64 = tables[1].iter().sum::<f64>() / 120.0;
        let want: f64 = inside(0).iter().chain(&inside(1)).sum();
        assert!((stretched - want).abs() < 1e-9, "{stretched} {want}");
    }
}
