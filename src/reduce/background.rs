//! The background at the sample's points.

use super::ReduceError;
use super::check;
use super::points::{InQ, between, in_q};
use crate::pattern::Pattern;
use crate::reduction::Reduction;

/// Wavelengths are the same to this share.
const SAME_WAVELENGTH: f64 = 1e-3;

/// Points of two grids are the same to this share of Q.
const SAME_GRID: f64 = 1e-6;

/// A background at the sample's points, as measured.
#[derive(Clone)]
pub(super) struct Background {
    pub intensity: Vec<f64>,
    /// Empty where the file has none.
    pub uncertainty: Vec<f64>,
}

/// The background at the points `q` of a sample, straight between its own points.
pub(super) fn at(
    background: &Pattern,
    settings: &Reduction,
    sample: (&Pattern, &InQ, &[f64]),
    warnings: &mut Vec<String>,
) -> Result<Background, ReduceError> {
    let (pattern, sample_in_q, q) = sample;
    same_wavelength(background, pattern)?;
    let settings = Reduction { wavelength: settings.wavelength.or(sample_in_q.wavelength), ..settings.clone() };
    let own = in_q(background, &settings)?.q;
    let (first, last) = (q[0], q[q.len() - 1]);
    reaches(background, &own, first, last)?;
    let inside = between(&own, first, last);
    // One more point on either side, for what lies between.
    let wide = inside.start.saturating_sub(1)..(inside.end + 1).min(own.len());
    check::intensity(&background.name, &own[inside.clone()], &background.intensity[inside], warnings)?;
    if !same_grid(&own[wide.clone()], q) {
        warnings.push(format!(
            "{} has other points in Q than {}: it is taken straight between its own",
            background.name, pattern.name
        ));
    }
    let on_grid = |values: &[f64]| interpolated(&own[wide.clone()], &values[wide.clone()], q);
    let uncertainty = if background.uncertainty.is_empty() { Vec::new() } else { on_grid(&background.uncertainty) };
    Ok(Background { intensity: on_grid(&background.intensity), uncertainty })
}

/// A factor on the background that was fitted, and how it moves with the noise.
pub(super) struct Fitted {
    pub bgscale: f64,
    /// With that of the net intensity, `∂bgscale/∂n_k`.
    pub by_net: Vec<f64>,
    /// With that of the background where the net intensity stays, `∂bgscale/∂B_k`.
    pub by_background: Vec<f64>,
    /// The background as measured, and its standard uncertainty (empty where it has none).
    pub background: Background,
}

/// The factor on the background, fitted together with the scale so that the net intensity is nearest to `<f²>`:
/// `Σ [I / <f²> - k - bgscale I_bg / <f²>]²` is least, a straight line through points.
pub(super) fn fitted(
    sample: &str,
    measured: &[f64],
    background: Option<&Background>,
    square_mean: &[f64],
) -> Result<Fitted, ReduceError> {
    let Some(background) = background else {
        return Err(ReduceError::Setting("bgscale is to be fitted, and there is no background; give one".to_owned()));
    };
    let over = |values: &[f64]| -> Vec<f64> { values.iter().zip(square_mean).map(|(i, f)| i / f).collect() };
    let (x, y) = (over(&background.intensity), over(measured));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (x_mean, y_mean) = (mean(&x), mean(&y));
    let products = x.iter().zip(&y).map(|(x, y)| ((x - x_mean) * (y - y_mean), (x - x_mean).powi(2)));
    let (both, square) = products.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1));
    let bgscale = both / square;
    if bgscale.is_finite() && bgscale >= 0.0 {
        let left = |k: usize| y[k] - y_mean - bgscale * (x[k] - x_mean);
        let over = |value: f64, k: usize| value / (square * square_mean[k]);
        return Ok(Fitted {
            bgscale,
            by_net: (0..x.len()).map(|k| over(x[k] - x_mean, k)).collect(),
            by_background: (0..x.len()).map(|k| over(left(k), k)).collect(),
            background: background.clone(),
        });
    }
    let problem = format!("the fitted bgscale is {bgscale:.4}: this background is not in the sample's pattern");
    Err(ReduceError::intensity(sample, problem, "give bgscale, or another background"))
}

fn same_wavelength(background: &Pattern, sample: &Pattern) -> Result<(), ReduceError> {
    match (background.wavelength, sample.wavelength) {
        (Some(own), Some(other)) if (own / other - 1.0).abs() > SAME_WAVELENGTH => Err(ReduceError::background(
            &background.name,
            format!("it was measured at a wavelength of {own} Å, the sample at {other} Å"),
            "take a background of the same wavelength: absorption and Compton scattering differ otherwise",
        )),
        _ => Ok(()),
    }
}

fn reaches(background: &Pattern, own: &[f64], first: f64, last: f64) -> Result<(), ReduceError> {
    let (low, high) = (own[0], own[own.len() - 1]);
    // A point at the very end may differ in its last digit.
    let slack = SAME_GRID * last;
    if low <= first + slack && high >= last - slack {
        return Ok(());
    }
    Err(ReduceError::background(
        &background.name,
        format!("it covers Q = {low:.4} to {high:.4} 1/Å, and the sample is used from {first:.4} to {last:.4}"),
        "set qmin and qmaxinst to what both have, or measure a background that reaches as far",
    ))
}

fn same_grid(own: &[f64], q: &[f64]) -> bool {
    q.iter().all(|q| {
        let next = own.partition_point(|own| own < q);
        let near = |k: usize| own.get(k).is_some_and(|own| (own - q).abs() <= SAME_GRID * q.max(1.0));
        near(next) || (next > 0 && near(next - 1))
    })
}

fn interpolated(x: &[f64], y: &[f64], at: &[f64]) -> Vec<f64> {
    let value = |at: &f64| {
        let next = x.partition_point(|x| x < at).clamp(1, x.len() - 1);
        let part = ((at - x[next - 1]) / (x[next] - x[next - 1])).clamp(0.0, 1.0);
        y[next - 1] + part * (y[next] - y[next - 1])
    };
    at.iter().map(value).collect()
}
