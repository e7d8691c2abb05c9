//! Counting statistics on their way to F(Q) and G(r), with what the fits on the way make of them.
//!
//! With n the noise of the net intensity, `dF₀ = t n` before anything is fitted, and for each number p that is found from all points, a and
//! perhaps bgscale, `δp = Σ_l α_l n_l + β_l B_l` (B: noise of the background alone), by which F moves as `u = ∂F/∂p`:
//!
//! ```text
//! Cov F₀ = diag(v) + Σ_p (u_p e_pᵀ + e_p u_pᵀ),   v = t² var n,   e_p = t cov(n, δp) + ½ Σ_q cov(δp, δq) u_q
//! Cov F  = (1 - H) Cov F₀ (1 - H),                H = Σ_m h_m v_m v_mᵀ, the polynomial fit
//! ```

use super::background::Fitted;
use super::grid::Grid;
use super::polynomial::{add, dot};
use crate::reduction::Covariance;

/// The net intensity as it was counted. Vectors are as long as the points.
pub(super) struct Counted<'a> {
    /// Net intensity and its variance.
    pub intensity: &'a [f64],
    pub variance: Vec<f64>,
    /// The background's factor, where it was fitted.
    pub fitted: Option<&'a Fitted>,
}

/// A number that is found from all points.
struct Shift {
    /// How it moves with the noise of the net intensity, and with that of the background beside it.
    by_net: Vec<f64>,
    by_background: Vec<f64>,
    /// How F(Q) moves with it.
    moves: Vec<f64>,
}

/// Covariance of F(Q) after the polynomial fit; `normalisation` is a.
pub(super) fn of_f(grid: &Grid, counted: &Counted, normalisation: f64) -> Covariance {
    let slope: Vec<f64> =
        (0..grid.q.len()).map(|k| grid.q[k] * normalisation / (grid.losses.factor[k] * grid.mean_squared[k])).collect();
    let own: Vec<f64> = slope.iter().zip(&counted.variance).map(|(t, v)| t * t * v).collect();
    let mut shared = of_polynomial(grid, &own);
    shared.extend(of_shifts(grid, counted, &slope, normalisation));
    Covariance { own, shared }
}

/// `(1 - H) diag(own) (1 - H) - diag(own)` as pairs of columns: `a = h v` and `b = ½ Σ_n (v · own v_n) h_n v_n - own v`.
fn of_polynomial(grid: &Grid, own: &[f64]) -> Vec<[Vec<f64>; 2]> {
    let (basis, share) = (&grid.polynomials.basis, &grid.polynomials.share);
    let pair = |(v, h): (&Vec<f64>, &f64)| {
        let noisy: Vec<f64> = v.iter().zip(own).map(|(v, own)| v * own).collect();
        let mut b: Vec<f64> = noisy.iter().map(|x| -x).collect();
        for (other, share) in basis.iter().zip(share) {
            add(&mut b, 0.5 * share * dot(&noisy, other), other);
        }
        [v.iter().map(|v| h * v).collect(), b]
    };
    basis.iter().zip(share).map(pair).collect()
}

/// What a and a fitted bgscale add, the polynomial taken off.
fn of_shifts(grid: &Grid, counted: &Counted, slope: &[f64], normalisation: f64) -> Vec<[Vec<f64>; 2]> {
    let shifts = shifts(grid, counted, slope, normalisation);
    let sources = Sources::of(counted);
    let pair = |shift: &Shift| {
        let [net, background] = sources.with(shift);
        let mut e: Vec<f64> = slope.iter().zip(&net).map(|(t, c)| t * c).collect();
        for other in &shifts {
            let both = dot(&net, &other.by_net) + dot(&background, &other.by_background);
            add(&mut e, 0.5 * both, &other.moves);
        }
        [grid.polynomials.without(&shift.moves), grid.polynomials.without(&e)]
    };
    shifts.iter().map(pair).collect()
}

/// `a = Σ y / Σ y²`, and bgscale where it was fitted, which moves a too.
fn shifts(grid: &Grid, counted: &Counted, slope: &[f64], normalisation: f64) -> Vec<Shift> {
    let free = super::free_atoms(&grid.square_mean, &grid.losses);
    let y: Vec<f64> = counted.intensity.iter().zip(&free).map(|(i, free)| i / free).collect();
    let whole = dot(&y, &y);
    let by_net: Vec<f64> =
        y.iter().zip(&free).map(|(y, free)| (1.0 - 2.0 * normalisation * y) / (whole * free)).collect();
    let moves = slope.iter().zip(counted.intensity).map(|(t, i)| t * i / normalisation).collect();
    let mut scale = Shift { by_background: vec![0.0; y.len()], by_net, moves };
    let Some(fitted) = counted.fitted else { return vec![scale] };
    let background = &fitted.background.intensity;
    let factor = Shift {
        by_net: fitted.by_net.clone(),
        by_background: fitted.by_background.clone(),
        moves: slope.iter().zip(background).map(|(t, b)| -t * b).collect(),
    };
    let through = dot(&scale.by_net, background);
    add(&mut scale.by_net, -through, &factor.by_net);
    add(&mut scale.by_background, -through, &factor.by_background);
    vec![scale, factor]
}

/// Variances of the two kinds of noise, point by point, and their covariance: the net intensity holds `-bgscale` times the background's.
struct Sources<'a> {
    net: &'a [f64],
    background: Vec<f64>,
    both: Vec<f64>,
}

impl<'a> Sources<'a> {
    fn of(counted: &'a Counted) -> Self {
        let (sigma, bgscale) =
            counted.fitted.map_or((&[][..], 0.0), |fitted| (&fitted.background.uncertainty[..], fitted.bgscale));
        let variance = |k: usize| sigma.get(k).map_or(0.0, |sigma: &f64| sigma * sigma);
        let background: Vec<f64> = (0..counted.variance.len()).map(variance).collect();
        let both = background.iter().map(|variance| -bgscale * variance).collect();
        Self { net: &counted.variance, background, both }
    }

    /// `cov(n_k, δp)` and `cov(B_k, δp)`.
    fn with(&self, shift: &Shift) -> [Vec<f64>; 2] {
        let [net, background] = [&shift.by_net, &shift.by_background];
        let sum =
            |k: usize, of_net: &[f64], of_background: &[f64]| net[k] * of_net[k] + background[k] * of_background[k];
        let points = 0..self.net.len();
        [
            points.clone().map(|k| sum(k, self.net, &self.both)).collect(),
            points.map(|k| sum(k, &self.both, &self.background)).collect(),
        ]
    }
}

/// Standard uncertainty of F(Q).
pub(super) fn df(covariance: &Covariance) -> Vec<f64> {
    let points = 0..covariance.own.len();
    points.map(|k| covariance.at(k, k).max(0.0).sqrt()).collect()
}

/// Standard uncertainty of G(r), the diagonal of [`super::covariance`]; at `r = 0`, where G vanishes with all its noise, it is 0.
pub(super) fn dg(grid: &Grid, covariance: &Covariance) -> Vec<f64> {
    let mut squares = of_sum(grid, &covariance.own);
    let (polynomial, shifts) = covariance.shared.split_at(grid.polynomials.basis.len());
    if let Some(near) = &grid.near {
        for (plain, [_, b]) in near.plain.iter().zip(polynomial) {
            add_products(&mut squares, plain, &near.sums.sines(&weighted(grid, b)));
        }
    }
    for pair in shifts {
        let [a, b] = pair.each_ref().map(|column| grid.sums.sines(&weighted(grid, column)));
        add_products(&mut squares, &a, &b);
    }
    squares.into_iter().map(|square| square.max(0.0).sqrt()).collect()
}

/// `Σ_k variance_k T_k²`, `T = w sin(Q r)`, by `sin² x = (1 - cos 2x) / 2`.
fn of_sum(grid: &Grid, variance: &[f64]) -> Vec<f64> {
    let halves: Vec<f64> = grid.weights.iter().zip(variance).map(|(w, v)| 0.5 * w * w * v).collect();
    let whole: f64 = halves.iter().sum();
    let waves = grid.doubled.as_ref().map_or_else(Vec::new, |doubled| doubled.cosines(&halves));
    waves.into_iter().map(|wave| whole - wave).collect()
}

fn add_products(sums: &mut [f64], a: &[f64], b: &[f64]) {
    sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += 2.0 * a * b);
}

fn weighted(grid: &Grid, column: &[f64]) -> Vec<f64> {
    grid.weights.iter().zip(column).map(|(w, x)| w * x).collect()
}
