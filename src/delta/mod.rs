//! ΔG(r): how one measured curve differs from another.
//!
//! ```text
//! ΔG(r) = [G₁(r) - Σ_b c_b B_b(r)] - s · M{G₂ - Σ_b c_b B_b}(r)
//! s     = Σ G₁ M{G₂} / Σ M{G₂}²                  over a window that is trusted to have stayed as it was
//! ```
//!
//! B: measured backgrounds (carbon black, binder, cell), each with its factor c; M: stretch and smear ([`morph`]).
//! Its uncertainty is `dΔ² = dG₁² + Σ c² dB² + s² dG₂² + G₂² ds²`, where the files give dG. Where one of them gives none, it is the
//! rms of ΔG below the shortest distance between atoms, where nothing but errors of the reduction differs.

pub mod morph;
mod warnings;

use crate::noise;
use crate::observed::Observed;
use morph::{Fitted, Morph};

/// How two curves are to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where the second is scaled to the first, Å; `None`: taken as it is.
    pub window: Option<(f64, f64)>,
    /// What is compared, Å; `None`: all that both have.
    pub range: Option<(f64, f64)>,
    /// Stretch of the second curve, no unit.
    pub stretch: Morph,
    /// Smear of the second curve, Å.
    pub smear: Morph,
}

/// The peak of C-C and C-N inside the rings of imidazolate ligands, Å.
pub const WINDOW: (f64, f64) = (1.2, 1.5);

impl Default for Options {
    fn default() -> Self {
        Self { window: Some(WINDOW), range: None, stretch: Morph::Off, smear: Morph::Off }
    }
}

/// A curve with what lies under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The measured curve.
    pub observed: Observed,
    /// Backgrounds with the factor that each is subtracted with.
    pub backgrounds: Vec<(Observed, f64)>,
}

/// A difference of two curves. The vectors have the same length, but for `sigma`, which may be empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// Names of both files.
    pub names: [String; 2],
    /// `synthetic` if one of them says so of itself, else empty.
    pub label: String,
    /// Distances, Å.
    pub r: Vec<f64>,
    /// The first curve less its backgrounds, 1/Å².
    pub first: Vec<f64>,
    /// The second less its backgrounds, stretched, smeared and scaled, 1/Å².
    pub second: Vec<f64>,
    /// `first - second`, 1/Å².
    pub delta: Vec<f64>,
    /// Its standard uncertainty, 1/Å²; empty where nothing tells it.
    pub sigma: Vec<f64>,
    /// Where `sigma` comes from, in words.
    pub noise: String,
    /// s, by which the second was multiplied, and its standard uncertainty; 1 and `None` where it was taken as it is.
    pub scale: (f64, Option<f64>),
    /// Where they were scaled to each other, Å.
    pub window: Option<(f64, f64)>,
    /// Stretch and its standard uncertainty, if it was refined.
    pub stretch: (f64, Option<f64>),
    /// Smear in Å and its standard uncertainty, if it was refined.
    pub smear: (f64, Option<f64>),
    /// `sqrt(Σ ΔG² / Σ G₁²)`.
    pub rw: f64,
    /// What keeps the difference from being that of the samples.
    pub warnings: Vec<String>,
}

/// Curves that cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeltaError {
    /// Nothing in common.
    #[error("{first} and {second} have no range of r in common from {from} to {to} Å; choose another range")]
    Apart {
        /// The first file.
        first: String,
        /// The second file.
        second: String,
        /// Lower end asked for or shared, Å.
        from: f64,
        /// Upper end, Å.
        to: f64,
    },
    /// A window with nothing in it.
    #[error(
        "there are fewer than 3 points between {0} and {1} Å, where the curves were to be scaled to each other; choose a window \
         within both (--window), or leave them as they are (--no-scale)"
    )]
    Window(f64, f64),
    /// A window in which the second curve is nothing.
    #[error("{0} is zero all over the window {1} to {2} Å; choose another (--window)")]
    Nothing(String, f64, f64),
    /// A background that ends early.
    #[error(
        "{background} goes from {from} to {to} Å only, and not over all that is compared; choose a smaller range (--range)"
    )]
    Background {
        /// Its file.
        background: String,
        /// First distance, Å.
        from: f64,
        /// Last distance, Å.
        to: f64,
    },
}

/// No two atoms but one of them hydrogen are nearer, Å.
const QUIET: f64 = 1.0;

/// Below this r the correction of a reduction has taken everything away, Å.
const LEAST: f64 = 0.2;

/// The first curve minus the second.
///
/// Both are brought to the points of the coarser one, by cubics. A background counts with its factor.
///
/// ```
/// use corefine::delta::{Options, Side, delta};
/// use corefine::read::observed::observed;
/// let curve = |factor: f64| {
///     let rows = (1..400).map(|k| 0.01 * f64::from(k)).map(|r| format!("{r:.2} {}\n", factor * (7.0 * r).sin()));
///     Side { observed: observed(rows.collect::<String>().as_bytes(), "a.gr").unwrap(), backgrounds: vec![] }
/// };
/// let found = delta(&curve(3.0), &curve(2.0), &Options::default()).unwrap();
/// assert!((found.scale.0 - 1.5).abs() < 1e-12 && found.delta.iter().all(|d| d.abs() < 1e-12));
/// ```
///
/// # Errors
/// See [`DeltaError`].
pub fn delta(first: &Side, second: &Side, options: &Options) -> Result<Delta, DeltaError> {
    let r = common(first, second, options)?;
    covered([first, second], &r)?;
    let one = first.on(&r);
    let found = fit(second, &one, &r, options)?;
    let (scale, stretch, smear) = (found.scale, found.stretch, found.smear);
    let unscaled = second.morphed(&r, stretch.0, smear.0);
    let scaled: Vec<f64> = unscaled.iter().map(|g| scale * g).collect();
    let delta: Vec<f64> = one.iter().zip(&scaled).map(|(a, b)| a - b).collect();
    let scale_esd =
        options.window.and_then(|window| scale_esd([first, second], &r, (&delta, &unscaled), scale, window));
    let (sigma, noise) = sigma([first, second], &r, (&delta, &unscaled), (scale, scale_esd));
    let sum = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
    let mut warnings = warnings::of(&first.observed, &second.observed);
    warnings.extend(warnings::scale(scale, scale_esd));
    let synthetic = [first, second].iter().any(|side| side.observed.header.synthetic);
    Ok(Delta {
        names: [first, second].map(|side| side.observed.name.clone()),
        label: if synthetic { "synthetic".to_owned() } else { String::new() },
        rw: (sum(&delta) / sum(&one)).sqrt(),
        scale: (scale, scale_esd),
        window: options.window,
        stretch,
        smear,
        first: one,
        second: scaled,
        delta,
        sigma,
        noise,
        warnings,
        r,
    })
}

impl Side {
    /// The curve less its backgrounds at the distances `r`.
    fn on(&self, r: &[f64]) -> Vec<f64> {
        self.morphed(r, 0.0, 0.0)
    }

    /// The same, stretched and smeared. Backgrounds go with the curve that they lie under.
    fn morphed(&self, r: &[f64], stretch: f64, smear: f64) -> Vec<f64> {
        let mut g = morph::morphed(&self.observed, r, stretch, smear);
        for (background, factor) in &self.backgrounds {
            let under = morph::morphed(background, r, stretch, smear);
            g.iter_mut().zip(under).for_each(|(g, b)| *g -= factor * b);
        }
        g
    }

    /// The variance of the curve at `r`; `None` where a file gives no dG.
    fn variance(&self, r: f64) -> Option<f64> {
        let of = |curve: &Observed| {
            (!curve.dg.is_empty()).then(|| crate::interpolate::linear(&curve.r, &curve.dg, r).powi(2))
        };
        let under = self.backgrounds.iter().map(|(background, factor)| Some(factor.powi(2) * of(background)?));
        Some(of(&self.observed)? + under.sum::<Option<f64>>()?)
    }
}

/// Ends and mean step of a curve, Å.
fn ends(curve: &Observed) -> (f64, f64, f64) {
    let (first, last) = (curve.r.first().copied().unwrap_or(0.0), curve.r.last().copied().unwrap_or(0.0));
    (first, last, (last - first) / (curve.r.len().max(2) - 1) as f64)
}

/// The points of the coarser curve that both have.
fn common(first: &Side, second: &Side, options: &Options) -> Result<Vec<f64>, DeltaError> {
    let (a, b) = (ends(&first.observed), ends(&second.observed));
    let (low, high) = options.range.unwrap_or((0.0, f64::INFINITY));
    let (from, to) = (low.max(a.0).max(b.0), high.min(a.1).min(b.1));
    let coarser = if b.2 > a.2 * (1.0 + 1e-6) { &second.observed } else { &first.observed };
    let r: Vec<f64> = coarser.r.iter().copied().filter(|r| *r >= from - 1e-6 && *r <= to + 1e-6).collect();
    if r.len() >= 3 {
        return Ok(r);
    }
    let [first, second] = [first, second].map(|side| side.observed.name.clone());
    Err(DeltaError::Apart { first, second, from, to })
}

/// Do the backgrounds reach as far as what is compared?
fn covered(sides: [&Side; 2], r: &[f64]) -> Result<(), DeltaError> {
    let (from, to) = (r.first().copied().unwrap_or(0.0), r.last().copied().unwrap_or(0.0));
    for (background, _) in sides.into_iter().flat_map(|side| &side.backgrounds) {
        let (first, last, step) = ends(background);
        if first > from + step || last < to - step {
            return Err(DeltaError::Background { background: background.name.clone(), from: first, to: last });
        }
    }
    Ok(())
}

fn inside(r: &[f64], (from, to): (f64, f64)) -> Vec<usize> {
    (0..r.len()).filter(|k| r[*k] >= from - 1e-6 && r[*k] <= to + 1e-6).collect()
}

/// Scale, stretch and smear of the second curve.
fn fit(second: &Side, one: &[f64], r: &[f64], options: &Options) -> Result<Fitted, DeltaError> {
    let scaled = options.window.map(|window| inside(r, window));
    if let (Some(points), Some((from, to))) = (&scaled, options.window) {
        if points.len() < 3 {
            return Err(DeltaError::Window(from, to));
        }
        let here = second.on(r);
        if points.iter().all(|k| here[*k] == 0.0) {
            return Err(DeltaError::Nothing(second.observed.name.clone(), from, to));
        }
    }
    let oversampling = oversampling(&second.observed, r);
    let morphed = |stretch: f64, smear: f64| second.morphed(r, stretch, smear);
    Ok(morph::fit(one, &morphed, scaled.as_deref(), [options.stretch, options.smear], oversampling))
}

/// How many points hold one piece of information: `π / (qmax step)`, at least 1.
fn oversampling(curve: &Observed, r: &[f64]) -> f64 {
    let step = (r[r.len() - 1] - r[0]) / (r.len() - 1) as f64;
    noise::oversampling(step, curve.header.qmax)
}

/// Standard uncertainty of the scale: from dG where the files have it, else from what is left over in the window. Neighbouring
/// points share their noise: the oversampling multiplies the variance.
fn scale_esd(
    sides: [&Side; 2],
    r: &[f64],
    (delta, unscaled): (&[f64], &[f64]),
    scale: f64,
    window: (f64, f64),
) -> Option<f64> {
    let points = inside(r, window);
    let oversampling = oversampling(&sides[1].observed, r).max(oversampling(&sides[0].observed, r));
    let whole: f64 = points.iter().map(|k| unscaled[*k].powi(2)).sum();
    let of_files = |k: usize| Some(sides[0].variance(r[k])? + scale.powi(2) * sides[1].variance(r[k])?);
    let from_files: Option<f64> = points.iter().map(|k| Some(unscaled[*k].powi(2) * of_files(*k)?)).sum();
    if let Some(sum) = from_files {
        return Some((oversampling * sum).sqrt() / whole);
    }
    let freedom = points.len() as f64 / oversampling - 1.0;
    let left: f64 = points.iter().map(|k| delta[*k].powi(2)).sum();
    (freedom > 0.0).then(|| (left / freedom / whole).sqrt())
}

/// Standard uncertainty of the difference, and where it comes from.
fn sigma(
    sides: [&Side; 2],
    r: &[f64],
    (delta, unscaled): (&[f64], &[f64]),
    (scale, scale_esd): (f64, Option<f64>),
) -> (Vec<f64>, String) {
    let by_scale = |k: usize| (unscaled[k] * scale_esd.unwrap_or(0.0)).powi(2);
    let of_files = |k: usize| Some(sides[0].variance(r[k])? + scale.powi(2) * sides[1].variance(r[k])?);
    let variances: Option<Vec<f64>> = (0..r.len()).map(of_files).collect();
    if let Some(variances) = variances {
        let sigma = variances.iter().enumerate().map(|(k, variance)| (variance + by_scale(k)).sqrt()).collect();
        return (sigma, "from dG of the files, and that of the scale".to_owned());
    }
    let quiet = inside(r, (LEAST, QUIET));
    if quiet.len() < 10 {
        let words = format!("not known: a file has no dG, and there are no points below {QUIET} Å to tell it");
        return (Vec::new(), words);
    }
    let variance = quiet.iter().map(|k| delta[*k].powi(2)).sum::<f64>() / quiet.len() as f64;
    let sigma = (0..r.len()).map(|k| (variance + by_scale(k)).sqrt()).collect();
    let words = format!(
        "{:.4} 1/Å², the rms of the difference from {LEAST} to {QUIET} Å, where there are no bonds (a file has no dG), and that of the scale",
        variance.sqrt()
    );
    (sigma, words)
}
