//! A pattern on a scale of Q, and the part of it that is used.

use std::f64::consts::PI;

use super::ReduceError;
use crate::observed::Radiation;
use crate::pattern::{Abscissa, Pattern};
use crate::reduction::{NEARLY, Reduction};
use crate::scattering::xray::Q_LIMIT;

/// The abscissa of a pattern as Q, and what it took to get there.
pub(super) struct InQ {
    /// 1/Å, ascending.
    pub q: Vec<f64>,
    pub dataformat: Abscissa,
    pub wavelength: Option<f64>,
}

/// Brings the first column of a pattern to Q in 1/Å:
///
/// `Q = (4 π / λ) sin((2θ - twothetazero) / 2)`.
pub(super) fn in_q(pattern: &Pattern, settings: &Reduction) -> Result<InQ, ReduceError> {
    let dataformat = dataformat(pattern, settings)?;
    let wavelength = settings.wavelength.or(pattern.wavelength);
    let q = match dataformat {
        Abscissa::TwoTheta => from_angles(pattern, settings, wavelength)?,
        Abscissa::Q => pattern.x.clone(),
        Abscissa::QPerNanometre => pattern.x.iter().map(|q| q / 10.0).collect(),
    };
    let q = if dataformat == Abscissa::TwoTheta { q } else { shifted(pattern, settings, wavelength, q)? };
    within_reach(pattern, dataformat, (settings.scattered(), wavelength), &q)?;
    Ok(InQ { q, dataformat, wavelength })
}

fn dataformat(pattern: &Pattern, settings: &Reduction) -> Result<Abscissa, ReduceError> {
    match (settings.dataformat, pattern.abscissa) {
        (Some(given), Some(said)) if given != said => Err(ReduceError::abscissa(
            &pattern.name,
            format!("its header says that the first column is {}, dataformat says {}", said.word(), given.word()),
            "leave dataformat out, or mend the header",
        )),
        (Some(given), _) => Ok(given),
        (None, Some(said)) => Ok(said),
        (None, None) => Err(ReduceError::abscissa(
            &pattern.name,
            "nothing in it says whether the first column is an angle or Q",
            "give --dataformat: twotheta (degrees), QA (1/Å) or Qnm (1/nm)",
        )),
    }
}

fn from_angles(pattern: &Pattern, settings: &Reduction, wavelength: Option<f64>) -> Result<Vec<f64>, ReduceError> {
    let last = pattern.x.last().copied().unwrap_or_default();
    if last - settings.twothetazero > 180.0 {
        let problem = format!("the first column goes to {last}, and no scattering angle is beyond 180 degrees");
        return Err(ReduceError::abscissa(&pattern.name, problem, "is it Q? Give --dataformat QA or Qnm"));
    }
    let wavelength = needed(pattern, wavelength, "angles become Q by the wavelength, which nothing gives")?;
    let half = |angle: &f64| ((angle - settings.twothetazero) / 2.0).to_radians();
    Ok(pattern.x.iter().map(|angle| 4.0 * PI / wavelength * half(angle).sin()).collect())
}

/// Q as it is where the angle that the file's Q was made from is less by `twothetazero`.
fn shifted(
    pattern: &Pattern,
    settings: &Reduction,
    wavelength: Option<f64>,
    q: Vec<f64>,
) -> Result<Vec<f64>, ReduceError> {
    if settings.twothetazero == 0.0 {
        return Ok(q);
    }
    let wavelength = needed(pattern, wavelength, "twothetazero moves Q by the wavelength, which nothing gives")?;
    let half = settings.twothetazero.to_radians() / 2.0;
    let moved = |q: f64| 4.0 * PI / wavelength * ((q * wavelength / (4.0 * PI)).clamp(-1.0, 1.0).asin() - half).sin();
    Ok(q.into_iter().map(moved).collect())
}

fn needed(pattern: &Pattern, wavelength: Option<f64>, problem: &str) -> Result<f64, ReduceError> {
    wavelength.ok_or_else(|| ReduceError::abscissa(&pattern.name, problem, "give --wavelength in Å"))
}

/// Nothing is scattered beyond `Q = 4 π / λ`, and form factors end at [`Q_LIMIT`]; lengths of neutrons have no end.
fn within_reach(
    pattern: &Pattern,
    dataformat: Abscissa,
    (radiation, wavelength): (Radiation, Option<f64>),
    q: &[f64],
) -> Result<(), ReduceError> {
    let last = q.last().copied().unwrap_or_default();
    let hint = "is the first column an angle (--dataformat twotheta), or in 1/nm (Qnm), or is the wavelength another?";
    if let Some(wavelength) = wavelength
        && last > 4.0 * PI / wavelength * (1.0 + NEARLY)
    {
        let reach = 4.0 * PI / wavelength;
        let problem = format!("Q goes to {last:.2} 1/Å, but a wavelength of {wavelength} Å reaches {reach:.2} only");
        return Err(ReduceError::abscissa(&pattern.name, problem, hint));
    }
    if radiation == Radiation::Xray && dataformat != Abscissa::TwoTheta && last > Q_LIMIT {
        let problem = format!("Q goes to {last:.2} 1/Å, and form factors are known to {Q_LIMIT:.1}");
        return Err(ReduceError::abscissa(&pattern.name, problem, hint));
    }
    Ok(())
}

/// Which points lie between two values of Q, both included.
pub(super) fn between(q: &[f64], low: f64, high: f64) -> std::ops::Range<usize> {
    let first = q.partition_point(|q| *q < low * (1.0 - NEARLY));
    let end = q.partition_point(|q| *q <= high * (1.0 + NEARLY));
    first..end.max(first)
}

/// Half the way from the point before to the point after each: the share of Q that each stands for, 1/Å.
pub(super) fn widths(q: &[f64], range: std::ops::Range<usize>) -> Vec<f64> {
    let last = q.len().saturating_sub(1);
    range
        .map(|k| {
            let (before, after) = (k.saturating_sub(1), (k + 1).min(last));
            (q[after] - q[before]) / (after - before).max(1) as f64
        })
        .collect()
}
