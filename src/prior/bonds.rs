//! What is known of the lengths of bonds: most are as long as at the start, some are broken, and how many is not known.
//!
//! ```text
//! p(b) = (1 - φ) [(1 - χ) N(b; 0, s²) + χ N(b; 0, w²)] + φ R(b; β),     R(b; β) = b/β² exp(-b²/2β²) for b > 0
//! φ = most Φ(x_φ),     s = least + intact factor^x_s,     χ = 3 φ / (1 + 3 φ)
//! ```
//!
//! is the distribution of a stretch b, a length less that at the start. x_φ and x_s are latent variables, standard normal
//! beforehand, and Φ is the normal distribution: every share of broken bonds between none and `most` is as likely as any other, and
//! the data choose. That matters: with one width for the displacements of all atoms instead, chosen by the data too, the broken
//! fraction comes out too small, because nothing but that width can break a bond. Where bonds break others are strained: a Co that
//! leaves one of four N by 0.5 Å comes nearer to the three others by 0.15 Å. So of the bonds that hold a share χ has the width w.
//!
//! Positions with a wide normal prior give bond m a stretch that is normal, with a standard deviation S_m. It is weighed by
//!
//! ```text
//! T(b) = p(b) / N(b; 0, S_m²)
//! ```
//!
//! so that p is what is left, whatever φ and s are. The stretches of different bonds are taken as independent for that. Where they
//! are not, since 16 Co alone have 48 coordinates for 64 bonds, `Π T` would count what is known more often than it is, and would favour
//! unbroken bonds: it is taken to the power of the share of the stretches that are independent, 48/64.
//!
//! `-ln T` becomes rows of a least-squares problem: with b* where T is largest,
//!
//! ```text
//! r_m = sign(b_m - b*) sqrt(2 [ln T(b*) - ln T(b_m)]),     r_0 = sqrt(2 [C - Σ_m ln T(b*)])
//! ```
//!
//! half of the squares of which add up to `-Σ ln T` but for the constant C.

use nalgebra::DMatrix;

use super::mixture::{bell, below};
use crate::lm::Singular;

/// What is thought of bonds before the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breaking {
    /// Nothing is known better than this, Å.
    pub least: f64,
    /// Middle of the guesses at what s is beyond that, Å.
    pub intact: f64,
    /// That is known to this factor.
    pub factor: f64,
    /// w: the width of strained bonds, Å.
    pub strained: f64,
    /// β: the likeliest stretch of a broken bond, Å.
    pub broken: f64,
    /// The largest φ.
    pub most: f64,
}

/// The prior of a list of bonds.
#[derive(Debug, Clone, PartialEq)]
pub struct BondPrior {
    breaking: Breaking,
    /// Square root of the share of the bonds that can change without the others.
    free: f64,
    /// Lengths at the start, Å.
    start: Vec<f64>,
    /// S of each, Å.
    spread: Vec<f64>,
}

/// T and its logarithm's derivatives at one stretch.
#[derive(Debug, Clone, Copy)]
struct Weight {
    log: f64,
    by_b: f64,
    by_phi: f64,
    by_log_s: f64,
}

/// One bond's T at given φ and s.
#[derive(Debug, Clone, Copy)]
struct Bond {
    phi: f64,
    s: f64,
    strained: f64,
    beta: f64,
    /// S.
    spread: f64,
    /// Of the heights of the three parts where b is 0 (of R without b), and of that of `N(b; 0, S²)`.
    logs: [f64; 4],
}

/// So many bonds that hold are strained for each that is broken, where few are.
const STRAINED: f64 = 3.0;
/// C is so much for each bond: -ln T(b*) is larger for s above a ten-thousandth of S.
const ROOM: f64 = 10.0;
/// Stretches that move by a smaller share of what the freest do are not independent of the others: those of a cell that is
/// refined too.
const RANK: f64 = 0.05;
/// Below this |r| the square root is taken for a straight line.
const STRAIGHT: f64 = 1e-5;

impl BondPrior {
    /// Bonds of these lengths (Å) that latent variables move by `slopes` (bonds × latent variables, Å): their rows' lengths are S, and
    /// their rank says how many are independent. Of a bond with S up to [`Breaking::broken`], which only a cell moves, say, nothing
    /// is said: it cannot break.
    pub fn new(breaking: Breaking, start: Vec<f64>, slopes: &DMatrix<f64>) -> Self {
        let breaks = |spread: f64| if spread > breaking.broken { spread } else { 0.0 };
        let spread: Vec<f64> = slopes.row_iter().map(|row| breaks(row.norm())).collect();
        let singular = Singular::values_of(slopes);
        let largest = singular.iter().copied().fold(0.0, f64::max);
        let independent = singular.iter().filter(|value| **value > RANK * largest).count();
        let moved = spread.iter().filter(|spread| **spread > 0.0).count().max(1);
        Self { breaking, free: (independent as f64 / moved as f64).min(1.0).sqrt(), start, spread }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.start.len() + 1
    }

    /// Can any of them break?
    pub fn speaks(&self) -> bool {
        self.spread.iter().any(|spread| *spread > 0.0)
    }

    /// s (Å) and φ at their latent variables.
    pub fn shape(&self, [x_s, x_phi]: [f64; 2]) -> (f64, f64) {
        let Breaking { least, intact, factor, most, .. } = self.breaking;
        (least + intact * factor.powf(x_s), most * below(x_phi))
    }

    /// The rows at lengths `d` (Å) and the latent variables of s and φ.
    pub fn residuals(&self, d: &[f64], latent: [f64; 2]) -> Vec<f64> {
        self.all(d, latent).into_iter().map(|(r, ..)| r).collect()
    }

    /// The rows' derivatives: rows × (latent variables, the last two s and φ), from those of the lengths, `by_x`: bonds × latent
    /// variables of everything else; `at` are the columns of s and φ.
    pub fn jacobian(&self, d: &[f64], latent: [f64; 2], by_x: &DMatrix<f64>, at: [usize; 2]) -> DMatrix<f64> {
        let mut jacobian = by_x.clone().resize_vertically(self.rows(), 0.0);
        let slopes = self.by_latent(latent);
        for (m, (_, by_d, by)) in self.all(d, latent).into_iter().enumerate() {
            jacobian.row_mut(m).scale_mut(by_d);
            for k in 0..2 {
                jacobian[(m, at[k])] += by[k] * slopes[k];
            }
        }
        jacobian
    }

    /// Half the sum of the rows' squares, its derivatives by the lengths, and those by the latent variables of s and φ.
    ///
    /// It is `C - Σ ln T(b)`, which needs no b*.
    pub fn slope(&self, d: &[f64], latent: [f64; 2]) -> (f64, Vec<f64>, [f64; 2]) {
        let (s, phi) = self.shape(latent);
        let (share, any) = (self.free * self.free, self.bond(phi, s, 1.0));
        let (mut log, mut by_length, mut by) = (-ROOM * self.start.len() as f64, vec![0.0; d.len()], [0.0; 2]);
        for (m, (start, spread)) in self.start.iter().zip(&self.spread).enumerate().filter(|(_, (_, s))| **s > 0.0) {
            let weight = any.spread_by(*spread).weight(d[m] - start);
            log += weight.log;
            by_length[m] = -share * weight.by_b;
            by = [by[0] - weight.by_log_s, by[1] - weight.by_phi];
        }
        let slopes = self.by_latent(latent);
        (-share * log, by_length, [share * by[0] * slopes[0], share * by[1] * slopes[1]])
    }

    fn bond(&self, phi: f64, s: f64, spread: f64) -> Bond {
        let Breaking { strained, broken: beta, .. } = self.breaking;
        Bond::new(phi, s, strained, beta, spread)
    }

    /// The derivatives of ln s and φ by their latent variables.
    fn by_latent(&self, latent: [f64; 2]) -> [f64; 2] {
        let (s, _) = self.shape(latent);
        [self.breaking.factor.ln() * (s - self.breaking.least) / s, self.breaking.most * bell(latent[1])]
    }

    /// For each row its value, its derivative by the length, and those by ln s and φ.
    fn all(&self, d: &[f64], latent: [f64; 2]) -> Vec<(f64, f64, [f64; 2])> {
        let (s, phi) = self.shape(latent);
        let (mut constant, mut slope) = (ROOM * self.start.len() as f64, [0.0; 2]);
        let mut rows = Vec::with_capacity(self.rows());
        for ((d, start), spread) in d.iter().zip(&self.start).zip(&self.spread) {
            if *spread <= 0.0 {
                rows.push((0.0, 0.0, [0.0; 2]));
                continue;
            }
            let bond = self.bond(phi, s, *spread);
            let top = bond.top();
            let peak = bond.weight(top);
            constant -= peak.log;
            slope = [slope[0] - peak.by_log_s, slope[1] - peak.by_phi];
            rows.push(bond.row(d - start, top, &peak));
        }
        let r = (2.0 * constant.max(f64::MIN_POSITIVE)).sqrt();
        rows.push((r, 0.0, slope.map(|slope| slope / r)));
        let free = self.free;
        rows.into_iter().map(|(r, by_d, by)| (free * r, free * by_d, by.map(|by| free * by))).collect()
    }
}

impl Bond {
    fn new(phi: f64, s: f64, strained: f64, beta: f64, spread: f64) -> Self {
        let chi = STRAINED * phi / (1.0 + STRAINED * phi);
        let normal = |width: f64| -width.ln() - 0.5 * std::f64::consts::TAU.ln();
        // Logarithms of all parts, so that none vanishes where it is all that there is.
        let logs = [
            (1.0 - phi).ln() + (1.0 - chi).ln() + normal(s),
            (1.0 - phi).ln() + chi.ln() + normal(strained),
            phi.ln() - 2.0 * beta.ln(),
            normal(spread),
        ];
        Self { phi, s, strained, beta, spread, logs }
    }

    /// The same bond, spread otherwise.
    fn spread_by(self, spread: f64) -> Self {
        let [intact, bent, broken, own] = self.logs;
        Self { spread, logs: [intact, bent, broken, own + (self.spread / spread).ln()], ..self }
    }

    fn row(&self, b: f64, top: f64, peak: &Weight) -> (f64, f64, [f64; 2]) {
        let here = self.weight(b);
        let r = (2.0 * (peak.log - here.log).max(0.0)).sqrt() * (b - top).signum();
        if r.abs() < STRAIGHT {
            return ((b - top) / self.s, 1.0 / self.s, [0.0; 2]);
        }
        (r, -here.by_b / r, [(peak.by_log_s - here.by_log_s) / r, (peak.by_phi - here.by_phi) / r])
    }

    /// b*: where T is largest, a little beyond 0.
    fn top(&self) -> f64 {
        // At 0 itself the slope of R has a jump.
        let mut b = 0.05 * self.s;
        for _ in 0..50 {
            let h = 1e-4 * b;
            let slope = self.weight(b).by_b;
            let bend = (self.weight(b + h).by_b - self.weight(b - h).by_b) / (2.0 * h);
            if bend >= 0.0 {
                break;
            }
            let next = (b + slope / -bend).clamp(0.1 * b, b + 0.5 * self.s);
            let step = next - b;
            b = next;
            if step.abs() < 1e-12 * self.s {
                break;
            }
        }
        b
    }

    fn weight(&self, b: f64) -> Weight {
        let Self { phi, s, strained, beta, spread, logs } = *self;
        let chi = STRAINED * phi / (1.0 + STRAINED * phi);
        let by_chi = STRAINED / (1.0 + STRAINED * phi).powi(2);
        let bell = |width: f64| -0.5 * (b / width).powi(2);
        let rayleigh = if b > 0.0 { b.ln() + bell(beta) } else { f64::NEG_INFINITY };
        let parts = [logs[0] + bell(s), logs[1] + bell(strained), logs[2] + rayleigh];
        let most = parts.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = parts.iter().map(|part| (part - most).exp()).sum();
        let [intact, bent, broken] = parts.map(|part| (part - most).exp() / sum);
        let away = if b > 0.0 { broken * (1.0 / b - b / (beta * beta)) } else { 0.0 };
        Weight {
            log: most + sum.ln() - logs[3] - bell(spread),
            by_b: away - intact * b / (s * s) - bent * b / (strained * strained) + b / (spread * spread),
            by_phi: broken / phi - (intact + bent) / (1.0 - phi) + by_chi * (bent / chi - intact / (1.0 - chi)),
            by_log_s: intact * ((b / s).powi(2) - 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKING: Breaking =
        Breaking { least: 0.01, intact: 0.05, factor: 2.0, strained: 0.15, broken: 0.35, most: 0.5 };

    fn prior() -> BondPrior {
        let slopes = DMatrix::from_diagonal(&nalgebra::dvector![0.45, 0.5, 0.45, 0.0]);
        BondPrior::new(BREAKING, vec![2.0, 1.97, 2.02, 2.0], &slopes)
    }

    /// `-Σ ln T` but for the constant.
    fn energy(rows: &[f64]) -> f64 {
        0.5 * rows.iter().map(|r| r * r).sum::<f64>()
    }

    #[test]
    fn the_weighed_spread_is_a_distribution() {
        for (s, phi) in [(0.03, 0.1), (0.1, 0.4), (0.2, 0.01)] {
            let bond = Bond::new(phi, s, 0.15, 0.35, 0.45);
            let step = 1e-4;
            let at = |k: i32| {
                let b = f64::from(k) * step;
                (-0.5 * (b / 0.45_f64).powi(2)).exp() / (0.45 * std::f64::consts::TAU.sqrt()) * bond.weight(b).log.exp()
            };
            let all: f64 = (-20_000..=20_000).map(at).sum::<f64>() * step;
            assert!((all - 1.0).abs() < 1e-6, "{s} {phi}: {all}");
            let density = |b: f64| bond.weight(b).log;
            let top = bond.top();
            assert!(density(top) >= density(top + 1e-3 * s) && density(top) >= density(top - 1e-3 * s));
        }
    }

    #[test]
    fn rows_add_up_to_the_logarithm() {
        let latent = [0.3, -0.4];
        let (s, phi) = prior().shape(latent);
        let energies = [[2.0, 1.97, 2.02, 9.0], [2.4, 1.9, 2.1, 9.0]].map(|d| energy(&prior().residuals(&d, latent)));
        let log = |b: f64, spread: f64| Bond::new(phi, s, 0.15, 0.35, spread).weight(b).log;
        let expected =
            log(0.0, 0.45) + log(0.0, 0.5) + log(0.0, 0.45) - log(0.4, 0.45) - log(-0.07, 0.5) - log(0.08, 0.45);
        assert!((energies[1] - energies[0] - expected).abs() < 1e-9);
    }

    #[test]
    fn derivatives_are_those_of_the_rows() {
        let prior = prior();
        // Three latent variables move the lengths; two more are s and φ.
        let by_x = DMatrix::from_fn(4, 5, |m, k| if k < 3 { 0.1 * ((m + 2 * k) as f64).sin() + 0.05 } else { 0.0 });
        let lengths = |x: &[f64; 5], base: &[f64; 4]| -> Vec<f64> {
            (0..4).map(|m| base[m] + (0..3).map(|k| by_x[(m, k)] * x[k]).sum::<f64>()).collect()
        };
        for base in [[2.0, 1.97, 2.02, 2.0], [2.3, 1.9, 2.12, 2.0], [2.6, 2.15, 1.95, 2.0]] {
            let x = [0.1, -0.2, 0.15, 0.4, -0.6];
            let found = prior.jacobian(&lengths(&x, &base), [x[3], x[4]], &by_x, [3, 4]);
            for k in 0..5 {
                let moved = |by: f64| {
                    let mut x = x;
                    x[k] += by;
                    prior.residuals(&lengths(&x, &base), [x[3], x[4]])
                };
                let (up, down) = (moved(1e-6), moved(-1e-6));
                for m in 0..prior.rows() {
                    let expected = (up[m] - down[m]) / 2e-6;
                    let off = (found[(m, k)] - expected).abs();
                    assert!(off < 1e-5 * (1.0 + expected.abs()), "row {m} by {k}: {} {expected}", found[(m, k)]);
                }
            }
        }
    }
}
