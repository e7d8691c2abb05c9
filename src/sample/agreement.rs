//! Do chains from different starts tell the same?

/// How well chains agree on one quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// `R`: how much wider the spread over all chains is than within one, 1 where they agree; above [`MET`] they have not met.
    pub r_hat: f64,
    /// So many independent members would tell the mean as well.
    pub effective: f64,
}

/// Chains with a larger `R` have not met.
pub const MET: f64 = 1.05;

/// Agreement of chains, each a list of the quantity's values in order.
///
/// Chains are cut in halves, so that one that drifts disagrees with itself. With m halves of n members each, means `x̄_j` and
/// variances `s_j²`:
///
/// ```text
/// W = Σ s_j² / m,    B = n Σ (x̄_j - x̄)² / (m - 1),    V = (n - 1)/n W + B/n,    R = sqrt(V / W)
/// m n / (1 + 2 Σ_t ρ_t),     ρ_t = 1 - (W - <mean over chains of the autocovariance at lag t>) / V
/// ```
///
/// with the sum over pairs of lags as long as a pair is positive (Geyer 1992, Stat. Sci. 7, 473; Gelman et al. 2013, Bayesian
/// Data Analysis, chapter 11). `R` is 1, and every member counts, where nothing varies.
pub fn agreement(chains: &[Vec<f64>]) -> Agreement {
    let halves: Vec<&[f64]> = chains.iter().flat_map(|chain| split(chain)).collect();
    let n = halves.iter().map(|half| half.len()).min().unwrap_or(0);
    let m = halves.len();
    let total = (m * n) as f64;
    if n < 2 || m < 2 {
        return Agreement { r_hat: f64::NAN, effective: total };
    }
    let halves: Vec<&[f64]> = halves.iter().map(|half| &half[..n]).collect();
    let means: Vec<f64> = halves.iter().map(|half| mean(half)).collect();
    let within = mean(&halves.iter().zip(&means).map(|(half, mean)| lagged(half, *mean, 0)).collect::<Vec<_>>())
        * n as f64
        / (n - 1) as f64;
    let grand = mean(&means);
    let between = means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>() / (m - 1) as f64;
    let spread = within * (n - 1) as f64 / n as f64 + between;
    if spread <= 0.0 {
        return Agreement { r_hat: 1.0, effective: total };
    }
    let correlation = |lag: usize| {
        let covariances: Vec<f64> = halves.iter().zip(&means).map(|(half, mean)| lagged(half, *mean, lag)).collect();
        1.0 - (within - mean(&covariances)) / spread
    };
    let r_hat = if within > 0.0 { (spread / within).sqrt() } else { f64::INFINITY };
    Agreement { r_hat, effective: total / time(correlation, n).max(1.0 / total) }
}

fn split(chain: &[f64]) -> [&[f64]; 2] {
    let half = chain.len() / 2;
    [&chain[..half], &chain[chain.len() - half..]]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Autocovariance at a lag.
fn lagged(values: &[f64], mean: f64, lag: usize) -> f64 {
    let products = values.iter().zip(&values[lag..]).map(|(a, b)| (a - mean) * (b - mean));
    products.sum::<f64>() / values.len() as f64
}

/// `1 + 2 Σ ρ`: over how many members one tells the same again.
fn time(correlation: impl Fn(usize) -> f64, n: usize) -> f64 {
    let pairs = (0..n / 2).map(|k| correlation(2 * k) + correlation(2 * k + 1));
    2.0 * pairs.take_while(|pair| *pair > 0.0).sum::<f64>() - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Random;

    /// `x_t = ρ x_(t-1) + sqrt(1 - ρ²) ε`: of n members `n (1 - ρ)/(1 + ρ)` count.
    fn wander(rho: f64, n: usize, number: u64) -> Vec<f64> {
        let mut random = Random::new(5, number);
        let mut x = random.normal();
        let mut next = || {
            x = rho * x + (1.0 - rho * rho).sqrt() * random.normal();
            x
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn chains_that_wander_count_less() {
        for rho in [0.0, 0.5, 0.9] {
            let chains: Vec<Vec<f64>> = (0..4).map(|k| wander(rho, 5000, k)).collect();
            let found = agreement(&chains);
            let expected = 20000.0 * (1.0 - rho) / (1.0 + rho);
            assert!((found.effective / expected - 1.0).abs() < 0.2, "{rho}: {found:?}, expected {expected}");
            assert!(found.r_hat < 1.02, "{rho}: {found:?}");
        }
    }

    #[test]
    fn chains_in_different_places_disagree() {
        let mut chains: Vec<Vec<f64>> = (0..4).map(|k| wander(0.3, 400, k)).collect();
        chains[2].iter_mut().for_each(|x| *x += 3.0);
        let found = agreement(&chains);
        assert!(found.r_hat > 1.3 && found.effective < 40.0, "{found:?}");
    }

    #[test]
    fn what_does_not_vary_agrees() {
        assert_eq!(agreement(&[vec![2.0; 10], vec![2.0; 10]]), Agreement { r_hat: 1.0, effective: 20.0 });
        assert!(agreement(&[vec![1.0]]).r_hat.is_nan());
    }
}
