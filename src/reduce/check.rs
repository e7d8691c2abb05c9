//! Whether settings can be, and whether a pattern has what they ask for.

use super::ReduceError;
use super::polynomial::{MOST, degree};
use crate::observed::Radiation;
use crate::pattern::Pattern;
use crate::reduction::{Absorption, Compton, NEARLY, Reduction};

/// More distances than this are a slip of the keyboard.
const MOST_DISTANCES: f64 = 1e6;

/// So many zeros in a row are a gap of the detector, not a count.
const DEAD: usize = 3;

/// The step over a missing point, in steps beside it.
const MISSING: f64 = 1.7;

/// The step over a gap that no straight line should bridge.
const GAP: f64 = 3.5;

/// Measured intensity is never negative but for noise and dark current: a larger share of such points is no pattern.
const MAY_BE_NEGATIVE: f64 = 0.01;

/// What is left after the background may be negative at this share of the points, where the sample hides the background.
const MAY_BE_LESS: f64 = 0.25;

/// Settings that can be judged without data.
pub(super) fn settings(settings: &Reduction) -> Result<(), ReduceError> {
    let wrong = |text: String| Err(ReduceError::Setting(text));
    for (name, value) in numbers(settings) {
        if !value.is_finite() {
            return wrong(format!("{name} is {value}; give a number"));
        }
    }
    for (name, value) in numbers(settings).into_iter().filter(|(name, _)| !MAY_BE_BELOW_ZERO.contains(name)) {
        if value < 0.0 {
            return wrong(format!("{name} is {value}; it must not be negative"));
        }
    }
    for (name, value) in [("rstep", Some(settings.rstep)), ("wavelength", settings.wavelength)] {
        if value == Some(0.0) {
            return wrong(format!("{name} is 0; it must be positive"));
        }
    }
    of_xrays(settings)?;
    if settings.rmax <= settings.rmin {
        return wrong(format!("rmax is {} Å and rmin {} Å; rmax must be the larger", settings.rmax, settings.rmin));
    }
    if (settings.rmax - settings.rmin) / settings.rstep > MOST_DISTANCES {
        return wrong(format!(
            "rstep is {} Å; from rmin to rmax that makes more than a million points",
            settings.rstep
        ));
    }
    Ok(())
}

/// Corrections that neutrons do not need.
fn of_xrays(settings: &Reduction) -> Result<(), ReduceError> {
    let asked = [("polarisation", settings.polarisation.is_some()), ("compton", settings.compton != Compton::None)];
    match asked.into_iter().find(|(_, asked)| *asked && settings.scattered() == Radiation::Neutron) {
        Some((name, _)) => {
            let hint = "leave it out: what neutrons lose to the sample varies slowly with Q and is the polynomial's";
            Err(ReduceError::Setting(format!("{name} is a correction of X-rays, and radiation is neutron; {hint}")))
        }
        None => Ok(()),
    }
}

const MAY_BE_BELOW_ZERO: [&str; 1] = ["twothetazero"];

fn numbers(settings: &Reduction) -> Vec<(&'static str, f64)> {
    let absorption = match settings.absorption {
        Absorption::None => None,
        Absorption::FlatPlate(m) | Absorption::Capillary(m) => Some(m),
    };
    let given = [
        ("wavelength", settings.wavelength),
        ("qmax", settings.qmax),
        ("qmaxinst", settings.qmaxinst),
        ("polarisation", settings.polarisation),
        ("absorption", absorption),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let always = [
        ("twothetazero", settings.twothetazero),
        ("bgscale", settings.bgscale),
        ("qmin", settings.qmin),
        ("rpoly", settings.rpoly),
        ("rmin", settings.rmin),
        ("rmax", settings.rmax),
        ("rstep", settings.rstep),
    ];
    always.into_iter().chain(given).collect()
}

/// The limits in Q, once all are known, against each other and the pattern; `last` is its last Q.
pub(super) fn limits(qmin: f64, qmax: f64, qmaxinst: f64, rpoly: f64, last: f64) -> Result<(), ReduceError> {
    let wrong = |text: String| Err(ReduceError::Setting(text));
    if qmaxinst > last * (1.0 + NEARLY) {
        return wrong(format!("qmaxinst is {qmaxinst} 1/Å, but the pattern ends at {last:.4}; take that or less"));
    }
    if qmax > qmaxinst * (1.0 + NEARLY) {
        return wrong(format!(
            "qmax is {qmax} 1/Å, beyond qmaxinst = {qmaxinst:.4}, where the data end; take that or less"
        ));
    }
    if qmin >= qmax {
        return wrong(format!("qmin is {qmin} 1/Å and qmax {qmax}; qmax must be the larger"));
    }
    if degree(rpoly, qmaxinst) > MOST {
        return wrong(format!(
            "rpoly is {rpoly} Å, which makes a polynomial of degree {:.0}; usual are 0.8 to 1.6 Å, and {MOST} is the most",
            degree(rpoly, qmaxinst)
        ));
    }
    Ok(())
}

/// Looks a pattern over between two limits: `q` and its intensity there. What is bearable becomes a warning.
pub(super) fn intensity(
    name: &str,
    q: &[f64],
    intensity: &[f64],
    warnings: &mut Vec<String>,
) -> Result<(), ReduceError> {
    let wrong = |problem: String, hint: &str| Err(ReduceError::intensity(name, problem, hint));
    if let Some(k) = intensity.iter().position(|i| !i.is_finite()) {
        let problem = format!("the intensity at Q = {:.4} 1/Å is no number", q[k]);
        return wrong(problem, "mask fewer pixels there, or move qmin or qmaxinst past it");
    }
    if let Some((k, steps)) = gap(q) {
        let problem = format!("no points between Q = {:.4} and {:.4} 1/Å", q[k], q[k + 1]);
        if steps > GAP {
            return wrong(problem, "integrate without a gap, or move qmin or qmaxinst past it");
        }
        warnings.push(format!("{name}: {problem}; bridged by a straight line"));
    }
    dead(name, q, intensity, warnings)?;
    negative(name, q, intensity, warnings)
}

/// The point before the widest gap, and how many steps it is wide.
fn gap(q: &[f64]) -> Option<(usize, f64)> {
    if q.len() < 3 {
        return None;
    }
    let step = |k: usize| q[k + 1] - q[k];
    let beside = |k: usize| if k == 0 { step(1) } else { step(k - 1) };
    let wide = (0..q.len().saturating_sub(1)).map(|k| (k, step(k) / beside(k)));
    wide.filter(|(_, steps)| *steps > MISSING).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Runs of zeros: behind a beam stop at the low end they are told of, elsewhere they are refused.
fn dead(name: &str, q: &[f64], intensity: &[f64], warnings: &mut Vec<String>) -> Result<(), ReduceError> {
    let mut k = intensity.iter().take_while(|i| **i == 0.0).count();
    // At Q = 0 itself nothing is counted.
    if let Some(last) = q.get(k.wrapping_sub(1)).filter(|q| **q > 0.0) {
        warnings.push(format!("{name}: no intensity to Q = {last:.4} 1/Å (a beam stop?); qmin may begin above"));
    }
    while k < q.len() {
        let run = intensity[k..].iter().take_while(|i| **i == 0.0).count();
        if run >= DEAD {
            let problem = format!("the intensity is zero from Q = {:.4} to {:.4} 1/Å", q[k], q[k + run - 1]);
            let hint = "set qmaxinst below it, or qmin above it; the detector saw nothing there";
            return Err(ReduceError::intensity(name, problem, hint));
        }
        k += run.max(1);
    }
    Ok(())
}

fn negative(name: &str, q: &[f64], intensity: &[f64], warnings: &mut Vec<String>) -> Result<(), ReduceError> {
    let below: Vec<usize> = (0..q.len()).filter(|&k| intensity[k] < 0.0).collect();
    let Some(&first) = below.first() else { return Ok(()) };
    let problem = format!(
        "{} of {} intensities are negative, the first at Q = {:.4} 1/Å ({})",
        below.len(),
        q.len(),
        q[first],
        intensity[first]
    );
    if below.len() as f64 > MAY_BE_NEGATIVE * q.len() as f64 {
        let hint = "give intensities as measured, the background by --background";
        return Err(ReduceError::intensity(name, problem, hint));
    }
    warnings.push(format!("{name}: {problem}"));
    Ok(())
}

/// What is left after the background.
pub(super) fn net(
    pattern: &Pattern,
    q: &[f64],
    net: &[f64],
    bgscale: f64,
    warnings: &mut Vec<String>,
) -> Result<(), ReduceError> {
    let below: Vec<f64> = q.iter().zip(net).filter(|(_, i)| **i < 0.0).map(|(q, _)| *q).collect();
    let (Some(first), Some(last)) = (below.first(), below.last()) else { return Ok(()) };
    let problem = format!(
        "with bgscale = {bgscale:.4} the background exceeds the sample at {} of {} points, from Q = {first:.4} to {last:.4} 1/Å",
        below.len(),
        q.len()
    );
    if below.len() as f64 > MAY_BE_LESS * q.len() as f64 {
        return Err(ReduceError::intensity(&pattern.name, problem, "lower bgscale"));
    }
    warnings.push(format!("{}: {problem}", pattern.name));
    Ok(())
}
