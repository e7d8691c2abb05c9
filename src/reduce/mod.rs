//! Intensities to G(r), with the ad-hoc correction of PDFgetX3.
//!
//! `docs/reduction.md` has the equations. Source: P. Juhás, T. Davis, C. L. Farrow & S. J. L. Billinge, J. Appl. Cryst. **46**
//! (2013) 560.

mod atoms;
mod background;
mod check;
mod covariance;
mod error;
mod grid;
mod losses;
mod noise;
mod observed;
mod points;
mod polynomial;
mod quality;
mod sums;

pub use covariance::{CovarianceOfG, covariance, nodes};
pub use error::ReduceError;
pub use observed::observed;
pub use quality::{Quality, quality};

use crate::pattern::Pattern;
use crate::reduction::{Covariance, Reduced, Reduction};
use atoms::Atoms;
use background::{Background, Fitted};
use grid::{Grid, Points};
use losses::Losses;
use noise::Counted;
use points::{InQ, between, in_q, widths};
use polynomial::dot;

/// Fewer points are no pattern.
const FEWEST: usize = 20;

/// Reduces one pattern after the other by the same settings, and keeps what does not depend on the intensities.
///
/// [`Reducer::reduce`] has the equations.
#[derive(Clone)]
pub struct Reducer {
    settings: Reduction,
    atoms: Atoms,
    kept: Option<Kept>,
}

/// A grid, and what it was made for.
#[derive(Clone)]
struct Kept {
    settings: Reduction,
    noise: bool,
    grid: Grid,
}

/// A pattern within its limits, the background taken off.
struct Net {
    measured: Vec<f64>,
    background: Vec<f64>,
    intensity: Vec<f64>,
    uncertainty: Vec<f64>,
    /// The background's factor, where it was fitted.
    fitted: Option<Fitted>,
}

impl Reducer {
    /// Looks over settings and formula.
    ///
    /// # Errors
    /// [`ReduceError::Setting`]: a value that cannot be, or a correction that is one of X-rays only; [`ReduceError::Composition`].
    pub fn new(settings: &Reduction) -> Result<Self, ReduceError> {
        check::settings(settings)?;
        let atoms = Atoms::of(&settings.composition, settings.scattered())?;
        Ok(Self { settings: settings.clone(), atoms, kept: None })
    }

    /// Reduces a pattern, in five steps:
    ///
    /// ```text
    /// y(Q) = [I(Q) - bgscale I_bg(Q)] / (C [<f²> + <S>])             on [qmin, qmaxinst]
    /// a    = Σ y / Σ y²                                              so that a y is nearest to 1
    /// S(Q) = [a (I - bgscale I_bg) / C - <S> - <f²> + <f>²] / <f>²
    /// F(Q) = Q [S(Q) - 1] - P(Q),  P a polynomial without constant term, of degree rpoly qmaxinst / π
    /// G(r) = (2/π) Σ_k ΔQ_k F(Q_k) M(Q_k) sin(Q_k r)                 on [qmin, qmax]
    /// ```
    ///
    /// Of neutrons f is the scattering length b (fm). C is what polarisation and absorption leave, 1 where they are not asked for; `<S>` Compton scattering, else 0.
    /// I and its background in the unit of the detector, `<f²>` and `<f>²` in electrons², Q, F in 1/Å, G in 1/Å². M is the
    /// window. With `fit_bgscale`, `bgscale` and `1/a` are those for which `Σ [I / <f²> - 1/a - bgscale I_bg / <f²>]²` is least. Every point counts by the step ΔQ to its neighbours, the first and the last whole. Source: Juhás et al. 2013.
    ///
    /// # Errors
    /// [`ReduceError`]: an abscissa that is not what it was taken for, limits beyond the data, gaps and numbers that are none, a
    /// background that does not reach or is more than the sample.
    ///
    /// ```
    /// use corefine::pattern::{Abscissa, Pattern};
    /// use corefine::reduce::Reducer;
    /// use corefine::reduction::Reduction;
    ///
    /// // What free atoms scatter has no structure: G(r) is zero.
    /// let q: Vec<f64> = (1..=1200).map(|k| 0.02 * f64::from(k)).collect();
    /// let nickel = "Ni".parse().unwrap();
    /// let intensity = q.iter().map(|q| 50.0 * corefine::scattering::xray::f0(nickel, *q).unwrap().powi(2)).collect();
    /// let pattern = Pattern {
    ///     name: "gas.chi".to_owned(), abscissa: Some(Abscissa::Q), x: q, intensity, uncertainty: Vec::new(),
    ///     wavelength: None, warnings: Vec::new(),
    /// };
    /// let settings = Reduction { composition: "Ni".to_owned(), ..Reduction::default() };
    /// let reduced = Reducer::new(&settings).unwrap().reduce(&pattern, None).unwrap();
    /// assert!((reduced.normalisation - 0.02).abs() < 1e-12);
    /// assert!(reduced.g.iter().all(|g| g.abs() < 1e-10));
    /// ```
    pub fn reduce(&mut self, sample: &Pattern, background: Option<&Pattern>) -> Result<Reduced, ReduceError> {
        let _room = tracing::info_span!("reduce").entered();
        let mut warnings = sample.warnings.clone();
        warnings.extend(background.into_iter().flat_map(|background| background.warnings.clone()));
        let in_q = in_q(sample, &self.settings)?;
        let mut settings = self.filled_in(sample, &in_q)?;
        let net = self.net(sample, background, &in_q, &mut settings, &mut warnings)?;
        let grid = self.grid(&in_q, &settings, !net.uncertainty.is_empty());
        let mut reduced = reduced(net, grid, settings);
        sample.name.clone_into(&mut reduced.sample);
        reduced.background_file = background.map(|background| background.name.clone());
        reduced.warnings = warnings;
        Ok(reduced)
    }

    /// The settings with every value that the pattern tells.
    fn filled_in(&self, sample: &Pattern, in_q: &InQ) -> Result<Reduction, ReduceError> {
        let given = &self.settings;
        let last = in_q.q.last().copied().unwrap_or_default();
        let lit = in_q.q.iter().zip(&sample.intensity).rev().find(|(_, i)| **i != 0.0).map_or(last, |(q, _)| *q);
        let qmaxinst = given.qmaxinst.unwrap_or(lit);
        let qmax = given.qmax.unwrap_or(qmaxinst);
        check::limits(given.qmin, qmax, qmaxinst, given.rpoly, last)?;
        let filled = Reduction {
            dataformat: Some(in_q.dataformat),
            radiation: Some(given.scattered()),
            wavelength: in_q.wavelength,
            qmax: Some(qmax),
            qmaxinst: Some(qmaxinst),
            ..given.clone()
        };
        losses::check(&filled, qmaxinst)?;
        Ok(filled)
    }

    /// What is left of the intensity within the limits; a `bgscale` that is to be fitted is, and put into the settings.
    fn net(
        &self,
        sample: &Pattern,
        background: Option<&Pattern>,
        in_q: &InQ,
        settings: &mut Reduction,
        warnings: &mut Vec<String>,
    ) -> Result<Net, ReduceError> {
        let range = used(&in_q.q, settings);
        if range.len() < FEWEST {
            let problem = format!("{} points lie between qmin and qmaxinst, {FEWEST} at least are needed", range.len());
            return Err(ReduceError::intensity(&sample.name, problem, "is the first column what dataformat says?"));
        }
        let q = &in_q.q[range.clone()];
        let measured = sample.intensity[range.clone()].to_vec();
        check::intensity(&sample.name, q, &measured, warnings)?;
        let background = background.map(|file| background::at(file, &self.settings, (sample, in_q, q), warnings));
        let background = background.transpose()?;
        let mut fitted = None;
        if settings.fit_bgscale {
            let losses = Losses::at(q, &self.atoms, settings);
            let square_mean: Vec<f64> = q.iter().map(|q| self.atoms.at(*q).0).collect();
            let expected = free_atoms(&square_mean, &losses);
            let found = background::fitted(&sample.name, &measured, background.as_ref(), &expected)?;
            (settings.bgscale, settings.fit_bgscale) = (found.bgscale, false);
            fitted = Some(found);
        }
        let uncertainty = sample.uncertainty.get(range).unwrap_or_default();
        let net = Net { fitted, ..Net::of(measured, uncertainty, background, settings.bgscale) };
        check::net(sample, q, &net.intensity, settings.bgscale, warnings)?;
        Ok(net)
    }

    /// The grid for these points, made anew if they or the settings are not those of the last pattern.
    fn grid(&mut self, in_q: &InQ, settings: &Reduction, noise: bool) -> &Grid {
        let range = used(&in_q.q, settings);
        let q = &in_q.q[range.clone()];
        // The grid does not know of the background.
        let settings = &Reduction { bgscale: 0.0, ..settings.clone() };
        let fits = |kept: &Kept| kept.settings == *settings && kept.noise == noise && kept.grid.q == q;
        let kept = self.kept.take().filter(fits).unwrap_or_else(|| {
            let qmax = settings.qmax.unwrap_or(f64::INFINITY);
            let points =
                Points { q: q.to_vec(), widths: widths(&in_q.q, range), transformed: between(q, 0.0, qmax).end };
            Kept { settings: settings.clone(), noise, grid: Grid::new(points, &self.atoms, settings, noise) }
        });
        &self.kept.insert(kept).grid
    }
}

fn used(q: &[f64], settings: &Reduction) -> std::ops::Range<usize> {
    between(q, settings.qmin, settings.qmaxinst.unwrap_or(f64::INFINITY))
}

impl Net {
    fn of(measured: Vec<f64>, uncertainty: &[f64], background: Option<Background>, bgscale: f64) -> Self {
        let Some(background) = background else {
            let background = vec![0.0; measured.len()];
            let (intensity, uncertainty) = (measured.clone(), uncertainty.to_vec());
            return Self { intensity, uncertainty, measured, background, fitted: None };
        };
        let scaled: Vec<f64> = background.intensity.iter().map(|i| bgscale * i).collect();
        let intensity = measured.iter().zip(&scaled).map(|(sample, background)| sample - background).collect();
        let own = |k: usize| bgscale * background.uncertainty.get(k).copied().unwrap_or_default();
        let uncertainty = uncertainty.iter().enumerate().map(|(k, d)| d.hypot(own(k))).collect();
        Self { measured, background: scaled, intensity, uncertainty, fitted: None }
    }
}

/// From the net intensity to G(r).
fn reduced(net: Net, grid: &Grid, settings: Reduction) -> Reduced {
    let (q, Losses { factor, compton }) = (&grid.q, &grid.losses);
    let free_atoms = free_atoms(&grid.square_mean, &grid.losses);
    let normalisation = normalisation(&net.intensity, &free_atoms);
    let s_less_one = (0..q.len()).map(|k| {
        (normalisation * net.intensity[k] / factor[k] - compton[k] - grid.square_mean[k]) / grid.mean_squared[k]
    });
    let uncorrected: Vec<f64> = s_less_one.zip(q).map(|(s, q)| q * s).collect();
    let polynomial = grid.polynomials.fitted(&uncorrected);
    let f: Vec<f64> = uncorrected.iter().zip(&polynomial).map(|(f, p)| f - p).collect();
    let counted = Counted {
        intensity: &net.intensity,
        variance: net.uncertainty.iter().map(|d| d * d).collect(),
        fitted: net.fitted.as_ref(),
    };
    let noisy = !counted.variance.is_empty();
    let covariance = if noisy { noise::of_f(grid, &counted, normalisation) } else { Covariance::default() };
    let df = noise::df(&covariance);
    let dg = if noisy { noise::dg(grid, &covariance) } else { Vec::new() };
    Reduced {
        sample: String::new(),
        background_file: None,
        settings,
        q: q.clone(),
        measured: net.measured,
        background: net.background,
        intensity: net.intensity,
        dintensity: net.uncertainty,
        square_mean: grid.square_mean.clone(),
        mean_squared: grid.mean_squared.clone(),
        free_atoms,
        normalisation,
        degree: grid.degree,
        s: f.iter().zip(q).map(|(f, q)| 1.0 + f / q).collect(),
        ds: df.iter().zip(q).map(|(df, q)| df / q).collect(),
        g: grid.transform(&f),
        r: grid.r.clone(),
        uncorrected,
        polynomial,
        widths: grid.widths.clone(),
        f,
        df,
        covariance,
        dg,
        warnings: Vec::new(),
    }
}

/// What free atoms would show, but for the scale.
fn free_atoms(square_mean: &[f64], losses: &Losses) -> Vec<f64> {
    let Losses { factor, compton } = losses;
    square_mean.iter().zip(compton).zip(factor).map(|((f2, compton), factor)| factor * (f2 + compton)).collect()
}

/// `a = Σ y / Σ y²` with y the intensity over that of free atoms: the factor that brings y nearest to 1.
fn normalisation(intensity: &[f64], free_atoms: &[f64]) -> f64 {
    let y: Vec<f64> = intensity.iter().zip(free_atoms).map(|(i, free)| i / free).collect();
    y.iter().sum::<f64>() / dot(&y, &y)
}
