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
pub const WINDOW: usize = 8;

/// What all of [`SPLINE`] is multiplied by.
pub const SCALE: f64 = 5040.0;

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

/// How the pairs between two nodes are written down until they are nodes' weights.
pub trait Ledger {
    /// Numbers in a table for each node.
    const EACH: usize;

    /// What a pair of unit weight at `(k + s) h` adds to the eight numbers from that of node k - 3 on; `powers` are s, s² and s⁴.
    fn entries<S: pulp::Simd>(simd: S, powers: [f64; 3]) -> [f64; WINDOW];

    /// The eight numbers of a table from that of a node on.
    fn window(numbers: &mut [f64], node: usize) -> Option<&mut [f64; WINDOW]>;

    /// [`SCALE`] times the shares of the nodes.
    fn shares(table: Vec<f64>) -> Vec<f64>;
}

/// Each pair is shared out at once: tables stay small, which is best where pairs are few.
pub struct Shares;

/// Of the pairs between two nodes the moments are kept, `Σ sⁿ` for n = 0 to 7. Shares are polynomials of this degree, so that
/// nothing is lost, and a pair takes half the time; but the tables are eight times as large.
pub struct Moments;

impl Ledger for Shares {
    const EACH: usize = 1;

    #[inline(always)]
    fn entries<S: pulp::Simd>(simd: S, [s, ..]: [f64; 3]) -> [f64; WINDOW] {
        let (mut shares, s) = ([0.0; WINDOW], simd.splat_f64s(s));
        for (k, share) in S::as_mut_simd_f64s(&mut shares).0.iter_mut().enumerate() {
            let power = |n: usize| S::as_simd_f64s(&SPLINE[n]).0[k];
            *share = (0..WINDOW - 1).rev().fold(power(WINDOW - 1), |share, n| simd.mul_add_e_f64s(share, s, power(n)));
        }
        shares
    }

    #[inline(always)]
    fn window(numbers: &mut [f64], node: usize) -> Option<&mut [f64; WINDOW]> {
        numbers.get_mut(node..)?.first_chunk_mut()
    }

    fn shares(table: Vec<f64>) -> Vec<f64> {
        table
    }
}

/// Which of 1 and s, of 1 and s², of 1 and s⁴ are the factors of sⁿ.
const FACTORS: [[[f64; WINDOW]; 2]; 3] = [
    [[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]],
    [[1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]],
    [[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]],
];

impl Ledger for Moments {
    const EACH: usize = WINDOW;

    #[inline(always)]
    fn entries<S: pulp::Simd>(simd: S, powers: [f64; 3]) -> [f64; WINDOW] {
        let mut moments = [0.0; WINDOW];
        for (k, moment) in S::as_mut_simd_f64s(&mut moments).0.iter_mut().enumerate() {
            let factor = |n: usize| {
                let [one, power] = &FACTORS[n];
                let (one, power) = (S::as_simd_f64s(one).0[k], S::as_simd_f64s(power).0[k]);
                simd.mul_add_e_f64s(power, simd.splat_f64s(powers[n]), one)
            };
            *moment = simd.mul_f64s(simd.mul_f64s(factor(0), factor(1)), factor(2));
        }
        moments
    }

    #[inline(always)]
    fn window(numbers: &mut [f64], node: usize) -> Option<&mut [f64; WINDOW]> {
        numbers.as_chunks_mut().0.get_mut(node)
    }

    fn shares(table: Vec<f64>) -> Vec<f64> {
        pulp::Arch::new().dispatch(Converted(&table))
    }
}

/// The shares of moments, to be compiled for the widest vectors that the processor has.
struct Converted<'a>(&'a [f64]);

impl pulp::WithSimd for Converted<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<f64> {
        let (moments, _) = self.0.as_chunks::<WINDOW>();
        let mut shares = vec![0.0; moments.len() + WINDOW];
        for (first, moments) in moments.iter().enumerate() {
            let mut own = [0.0; WINDOW];
            for (moment, spline) in moments.iter().zip(&SPLINE) {
                (0..WINDOW).for_each(|k| own[k] += moment * spline[k]);
            }
            shares[first..first + WINDOW].iter_mut().zip(own).for_each(|(share, own)| *share += own);
        }
        shares
    }
}
