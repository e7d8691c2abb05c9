//! The activation energy of diffusion from several temperatures.

use serde::Serialize;

use super::MsdResult;

/// Boltzmann's constant, eV/K (CODATA 2018, exact).
pub const BOLTZMANN: f64 = 8.617333262145e-5;

/// `ln D = ln D0 - Ea / (k T)`.
#[derive(Debug, Clone, Serialize)]
pub struct Arrhenius {
    /// Ea, eV.
    pub energy: f64,
    /// Its standard uncertainty, eV.
    pub energy_esd: f64,
    /// ln(D0 / (Å²/ps)).
    pub ln_prefactor: f64,
    /// Its standard uncertainty.
    pub ln_prefactor_esd: f64,
    /// Misfit over the degrees of freedom; `None` for two temperatures. Above 1 it has enlarged the uncertainties.
    pub misfit: Option<f64>,
}

/// The line through ln D against 1/T, each D weighted by its uncertainty; `None` unless two different temperatures have a D above 0.
pub fn arrhenius(results: &[MsdResult]) -> Option<Arrhenius> {
    let point = |result: &MsdResult| {
        let (d, esd) = (result.line.diffusivity, result.line.esd);
        let temperature = result.temperature.filter(|_| d > 0.0 && esd > 0.0 && esd.is_finite())?;
        Some((1.0 / (BOLTZMANN * temperature), d.ln(), (d / esd).powi(2)))
    };
    let points: Vec<(f64, f64, f64)> = results.iter().filter_map(point).collect();
    line(&points)
}

/// Through x, y and weights.
fn line(points: &[(f64, f64, f64)]) -> Option<Arrhenius> {
    let sum = |f: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(|p| p.2 * f(p)).sum::<f64>();
    let all = sum(&|_| 1.0);
    let (x, y) = (sum(&|p| p.0) / all, sum(&|p| p.1) / all);
    let spread = sum(&|p| (p.0 - x).powi(2));
    let apart = points.iter().any(|p| (p.0 - x).abs() > 1e-6 * x.abs());
    if points.len() < 2 || !apart {
        return None;
    }
    let slope = sum(&|p| (p.0 - x) * (p.1 - y)) / spread;
    let left = points.len() - 2;
    let misfit = (left > 0).then(|| sum(&|p| (p.1 - y - slope * (p.0 - x)).powi(2)) / left as f64);
    let factor = misfit.unwrap_or(1.0).max(1.0);
    Some(Arrhenius {
        energy: -slope,
        energy_esd: (factor / spread).sqrt(),
        ln_prefactor: y - slope * x,
        ln_prefactor_esd: (factor * (1.0 / all + x * x / spread)).sqrt(),
        misfit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_energy_is_found() {
        let points: Vec<_> = [500.0, 700.0, 900.0]
            .iter()
            .map(|t| 1.0 / (BOLTZMANN * t))
            .zip([400.0, 100.0, 25.0])
            .map(|(x, w)| (x, 3.0 - 0.27 * x, w))
            .collect();
        let found = line(&points).unwrap();
        assert!((found.energy - 0.27).abs() < 1e-12 && (found.ln_prefactor - 3.0).abs() < 1e-10, "{found:?}");
        assert!(found.misfit.unwrap() < 1e-12 && found.energy_esd > 0.0);
        assert!(line(&points[..1]).is_none() && line(&[points[0], points[0]]).is_none());
    }
}
