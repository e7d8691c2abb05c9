//! How well latent values explain the data: a least-squares problem.

use std::convert::Infallible;

use nalgebra::{DMatrix, DVector};

use super::density::{Density, SHAPE, Shares};
use super::kernel::Parts;
use crate::lm;
use crate::sample::Random;

/// Directions of the curve in which nothing that the model can do is larger than this, in units of the noise, are left out.
const UNSEEN: f64 = 1e-4;

/// How far amplitude and length are stirred, in standard deviations of what is known of them: each time by all of these.
const STIRS: [f64; 3] = [0.8, 0.4, 0.15];

/// The curve about a point of the nuisance parameters: for each a parabola through three values, exact at these.
///
/// ```text
/// rest(x) = B + Σ_k (B'_k t_k + B''_k t_k²/2),    t_k = x_k - x0_k;    the kernel alike
/// ```
#[derive(Debug, Clone)]
pub(super) struct Expansion {
    /// Where, and in steps of what.
    pub at: Vec<f64>,
    pub parts: Parts,
    /// First and second derivatives by each nuisance parameter.
    pub slopes: Vec<[Parts; 2]>,
}

impl Parts {
    /// `(plus - minus)/2h` and `(plus - 2 here + minus)/h²`.
    pub(super) fn slopes(here: &Self, minus: &Self, plus: &Self, h: f64) -> [Self; 2] {
        let first =
            Self { rest: (&plus.rest - &minus.rest) / (2.0 * h), kernel: (&plus.kernel - &minus.kernel) / (2.0 * h) };
        let second = |a: &DMatrix<f64>, b: &DMatrix<f64>, c: &DMatrix<f64>| (a - b * 2.0 + c) / (h * h);
        let rest = (&plus.rest - &here.rest * 2.0 + &minus.rest) / (h * h);
        [first, Self { rest, kernel: second(&plus.kernel, &here.kernel, &minus.kernel) }]
    }

    /// Nothing, of this shape.
    pub(super) fn nothing(&self) -> Self {
        Self { rest: &self.rest * 0.0, kernel: &self.kernel * 0.0 }
    }

    fn rotated(&self, by: &DMatrix<f64>) -> Self {
        Self { rest: by * &self.rest, kernel: by * &self.kernel }
    }

    fn add(&mut self, factor: f64, other: &Self) {
        self.rest.axpy(factor, &other.rest, 1.0);
        self.kernel.zip_apply(&other.kernel, |a, b| *a += factor * b);
    }
}

impl Expansion {
    /// Rest and kernel at nuisance values.
    fn parts_at(&self, x: &[f64]) -> Parts {
        let mut parts = self.parts.clone();
        for ((x, at), [first, second]) in x.iter().zip(&self.at).zip(&self.slopes) {
            let t = x - at;
            parts.add(t, first);
            parts.add(0.5 * t * t, second);
        }
        parts
    }

    /// Every vector multiplied by a matrix: weighted, or rotated.
    pub(super) fn mapped(&self, by: &DMatrix<f64>) -> Self {
        let slopes = self.slopes.iter().map(|two| [two[0].rotated(by), two[1].rotated(by)]).collect();
        Self { at: self.at.clone(), parts: self.parts.rotated(by), slopes }
    }

    /// `Σ v vᵀ` of all vectors: what directions of the data it can reach.
    fn reach(&self) -> DMatrix<f64> {
        let all = std::iter::once(&self.parts).chain(self.slopes.iter().flatten());
        let n = self.parts.rest.len();
        all.fold(DMatrix::zeros(n, n), |sum, parts| {
            sum + &parts.kernel * parts.kernel.transpose() + &parts.rest * parts.rest.transpose()
        })
    }
}

/// The problem: rows for the data in units of their noise, and one for each latent value, which is standard normal beforehand.
///
/// The latent values are those of the density (amplitude, length, waves), the nuisance parameters, and, where the area is
/// free, its logarithm.
#[derive(Debug, Clone)]
pub(super) struct Posterior {
    pub density: Density,
    /// In units of the noise, rotated to the directions that the model can reach.
    expansion: Expansion,
    data: DVector<f64>,
    /// Length of the data's part that the model cannot reach.
    unreached: f64,
    /// Back from these directions to points, in units of the noise.
    directions: DMatrix<f64>,
    /// Standard deviation of the logarithm of the area, if it is free.
    area: Option<f64>,
}

impl Posterior {
    /// `expansion` and `data` in units of the noise.
    pub(super) fn new(density: Density, expansion: &Expansion, data: &DVector<f64>, area: Option<f64>) -> Self {
        let directions = directions(expansion);
        let turned = directions.transpose();
        let inside = &turned * data;
        let unreached = (data.norm_squared() - inside.norm_squared()).max(0.0).sqrt();
        Self { density, expansion: expansion.mapped(&turned), data: inside, unreached, directions, area }
    }

    /// How many latent values there are.
    pub(super) fn len(&self) -> usize {
        self.density.len() + self.expansion.at.len() + usize::from(self.area.is_some())
    }

    /// The nuisance parameters among the latent values.
    pub(super) fn nuisances<'a>(&self, x: &'a [f64]) -> &'a [f64] {
        &x[self.density.len()..self.density.len() + self.expansion.at.len()]
    }

    /// The area over the given one.
    pub(super) fn area(&self, x: &[f64]) -> f64 {
        self.area.map_or(1.0, |sigma| (sigma * x[self.len() - 1]).exp())
    }

    /// The shares of the bonds at each length.
    pub(super) fn shares(&self, x: &[f64]) -> DVector<f64> {
        self.density.shares(x)
    }

    /// The curve at the data's points, in units of their noise.
    pub(super) fn curve(&self, x: &[f64]) -> DVector<f64> {
        let parts = self.expansion.parts_at(self.nuisances(x));
        &self.directions * (parts.rest + parts.kernel * self.shares(x) * self.area(x))
    }

    /// `|misfit|²` of the data, in units of their noise.
    pub(super) fn misfit(&self, x: &[f64]) -> f64 {
        self.rows(x).rows(0, self.data.len() + 1).norm_squared()
    }

    /// Moves of Metropolis and Hastings along which the distribution, as far as the data see it, stays: amplitude and length
    /// change, and slow waves change their latent values so that they themselves do not.
    ///
    /// Latent values that the data determine through their products are a bent valley, in which trajectories are slow
    /// (Yu & Meng 2011, J. Comput. Graph. Stat. 20, 531).
    pub(super) fn stir(&mut self, x: &DVector<f64>, random: &mut Random) -> Option<DVector<f64>> {
        let mut here = (x.clone(), 0.5 * self.rows(x.as_slice()).norm_squared());
        let mut moved = false;
        for width in STIRS {
            let mut next = here.0.clone();
            for k in 0..SHAPE {
                next[k] += width * random.normal();
            }
            let volume = self.density.rescale(here.0.as_slice(), next.as_mut_slice());
            let energy = 0.5 * self.rows(next.as_slice()).norm_squared();
            // The number is drawn in any case, whatever the last digit of the energy.
            let chance = (here.1 - energy + volume).exp();
            if random.uniform() < chance {
                (here, moved) = ((next, energy), true);
            }
        }
        moved.then_some(here.0)
    }

    fn rows(&self, x: &[f64]) -> DVector<f64> {
        self.rows_of(x, &self.expansion.parts_at(self.nuisances(x)), &self.shares(x))
    }

    fn rows_of(&self, x: &[f64], parts: &Parts, shares: &DVector<f64>) -> DVector<f64> {
        let apart = &parts.rest + &parts.kernel * shares * self.area(x) - &self.data;
        DVector::from_iterator(
            self.data.len() + 1 + x.len(),
            apart.iter().copied().chain([self.unreached]).chain(x.iter().copied()),
        )
    }

    fn slopes(&self, x: &[f64]) -> DMatrix<f64> {
        let shares = self.density.both(&x[..self.density.len()]);
        self.slopes_of(x, &self.expansion.parts_at(self.nuisances(x)), &shares)
    }

    fn slopes_of(&self, x: &[f64], parts: &Parts, shares: &Shares) -> DMatrix<f64> {
        let (q, shaped) = (self.data.len(), self.density.len());
        let area = self.area(x);
        let mut jacobian = DMatrix::zeros(q + 1 + x.len(), x.len());
        jacobian.view_mut((0, 0), (q, shaped)).copy_from(&(&parts.kernel * &shares.slopes * area));
        let nuisances = self.nuisances(x).iter().zip(&self.expansion.at).zip(&self.expansion.slopes);
        for (k, ((x, at), [first, second])) in nuisances.enumerate() {
            let mut change = first.clone();
            change.add(x - at, second);
            jacobian.view_mut((0, shaped + k), (q, 1)).copy_from(&(change.rest + change.kernel * &shares.p * area));
        }
        if let Some(sigma) = self.area {
            let last = x.len() - 1;
            jacobian.view_mut((0, last), (q, 1)).copy_from(&(&parts.kernel * &shares.p * (area * sigma)));
        }
        for k in 0..x.len() {
            jacobian[(q + 1 + k, k)] = 1.0;
        }
        jacobian
    }
}

/// Orthonormal columns: the directions of the data that the model can reach.
fn directions(expansion: &Expansion) -> DMatrix<f64> {
    let eigen = expansion.reach().symmetric_eigen();
    let least = (UNSEEN * UNSEEN).max(1e-15 * eigen.eigenvalues.max());
    let seen: Vec<usize> = (0..eigen.eigenvalues.len()).filter(|k| eigen.eigenvalues[*k] > least).collect();
    eigen.eigenvectors.select_columns(&seen)
}

impl lm::Problem for Posterior {
    type Error = Infallible;

    fn residuals(&mut self, x: &DVector<f64>) -> Result<DVector<f64>, Infallible> {
        Ok(self.rows(x.as_slice()))
    }

    fn jacobian(&mut self, x: &DVector<f64>) -> Result<DMatrix<f64>, Infallible> {
        Ok(self.slopes(x.as_slice()))
    }

    fn both(&mut self, x: &DVector<f64>) -> Result<(DVector<f64>, DMatrix<f64>), Infallible> {
        let x = x.as_slice();
        let (parts, shares) = (self.expansion.parts_at(self.nuisances(x)), self.density.both(&x[..self.density.len()]));
        Ok((self.rows_of(x, &parts, &shares.p), self.slopes_of(x, &parts, &shares)))
    }
}

/// Where the nuisance parameters begin among the latent values, and where amplitude and length are.
pub(super) fn shape_of(x: &[f64]) -> &[f64] {
    &x[..SHAPE]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Plan};
    use crate::shell::Prior;

    /// Peaks at their lengths, and two nuisance parameters of which the first acts on all, along a parabola if `bent` is not 0.
    fn posterior(prior: &Prior, area: Option<f64>, bent: f64) -> Posterior {
        let d: Vec<f64> = (75..=160).map(|k| f64::from(k) * 0.02).collect();
        let density = Density::new(d.clone(), 2.0, prior);
        let mut random = Random::new(3, 0);
        let kernel = |width: f64| {
            DMatrix::from_fn(27, d.len(), |m, k| {
                90.0 * (-0.5 * ((1.0 + 0.134 * m as f64 - d[k]) / width).powi(2)).exp()
            })
        };
        let parts = Parts { rest: random.normals(27), kernel: kernel(0.15) };
        let nothing = parts.nothing();
        let wider = [
            Parts { rest: random.normals(27), kernel: kernel(0.18) - kernel(0.15) },
            Parts { rest: random.normals(27) * (0.1 * bent), kernel: kernel(0.1) * (0.05 * bent) },
        ];
        let slopes = vec![wider, [Parts { rest: random.normals(27) * 3.0, ..nothing.clone() }, nothing]];
        let expansion = Expansion { at: vec![0.2, -0.1], parts, slopes };
        let data = DVector::from_fn(27, |m, _| 10.0 * (-0.5 * ((1.0 + 0.134 * m as f64 - 2.1) / 0.2).powi(2)).exp());
        Posterior::new(density, &expansion, &data, area)
    }

    #[test]
    fn derivatives_match_central_differences() {
        for area in [None, Some(0.1)] {
            let mut posterior = posterior(&Prior::default(), area, 1.0);
            let x = Random::new(4, 0).normals(posterior.len()) * 0.7;
            let jacobian = posterior.slopes(x.as_slice());
            for k in 0..x.len() {
                let at = |posterior: &mut Posterior, by: f64| {
                    let mut x = x.clone();
                    x[k] += by;
                    posterior.rows(x.as_slice())
                };
                let h = 1e-5;
                let slope = (at(&mut posterior, h) - at(&mut posterior, -h)) / (2.0 * h);
                let apart = (slope - jacobian.column(k)).amax();
                assert!(apart < 1e-6 * jacobian.column(k).amax().max(1.0), "{k}: {apart:e}");
            }
        }
    }

    /// What is left out by the rotation is nothing: rows, unturned, are curve minus data.
    #[test]
    fn the_misfit_is_that_of_the_curve() {
        let posterior = posterior(&Prior::default(), None, 1.0);
        let x = Random::new(5, 0).normals(posterior.len()) * 0.5;
        let data =
            DVector::from_fn(27, |m, _| 10.0 * (-0.5 * ((1.0 + 0.134 * m as f64 - 2.1) / 0.2_f64).powi(2)).exp());
        let whole = (posterior.curve(x.as_slice()) - data).norm_squared();
        assert!((whole / posterior.misfit(x.as_slice()) - 1.0).abs() < 1e-6);
    }

    /// Stirred for ever, the prior stays what it is: amplitude, length and a wave are standard normal.
    #[test]
    fn stirring_keeps_the_distribution() {
        let mut posterior = posterior(&Prior::default(), None, 1.0);
        // Without data only what was known before is left.
        posterior.expansion = posterior.expansion.mapped(&DMatrix::zeros(posterior.data.len(), posterior.data.len()));
        posterior.data.fill(0.0);
        let mut random = Random::new(8, 0);
        let mut sums = [[0.0; 2]; 4];
        for _ in 0..3000 {
            let mut x = random.normals(posterior.len());
            for _ in 0..5 {
                x = posterior.stir(&x, &mut random).unwrap_or(x);
            }
            for (sum, k) in sums.iter_mut().zip([0, 1, SHAPE, SHAPE + 12]) {
                *sum = [sum[0] + x[k] / 3000.0, sum[1] + x[k] * x[k] / 3000.0];
            }
        }
        for [mean, square] in sums {
            assert!(mean.abs() < 0.07 && (square - 1.0).abs() < 0.1, "{sums:?}");
        }
    }

    /// With an amplitude so small that shares are straight in the latent values, the posterior is normal: mean and standard
    /// deviation of a chain are those on paper.
    #[test]
    fn a_chain_finds_the_normal_posterior_of_a_linear_case() {
        let prior = Prior { amplitude: (0.02, 1.001), length: (0.12, 1.001), ..Prior::default() };
        let mut posterior = posterior(&prior, None, 0.0);
        let n = posterior.len();
        let fit = lm::minimise(&mut posterior, DVector::zeros(n), &lm::Options::default(), &mut lm::silent).unwrap();
        let plan = Plan { draws: 3000, apart: 2, ..Plan::default() };
        let chain =
            sample::chain(&mut posterior, fit.p.clone(), &plan, &mut Random::new(6, 0), &mut sample::silent).unwrap();
        for k in [SHAPE, SHAPE + 3, n - 2, n - 1] {
            let values: Vec<f64> = chain.draws.iter().map(|draw| draw.x[k]).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
            let want = fit.covariance[(k, k)].sqrt();
            assert!((mean - fit.p[k]).abs() < 0.12 * want, "{k}: {mean} {}", fit.p[k]);
            assert!((sd / want - 1.0).abs() < 0.1, "{k}: {sd} {want}");
        }
    }
}
