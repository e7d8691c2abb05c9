//! What keeps a difference of curves from being one of samples.

use std::collections::BTreeMap;

use crate::observed::{Header, Observed};

/// Settings that differ by less than this share are the same.
const SAME: f64 = 1e-3;

/// Where the two were reduced or tabulated in different ways.
pub(super) fn of(first: &Observed, second: &Observed) -> Vec<String> {
    let names = [first.name.as_str(), second.name.as_str()];
    let mut warnings: Vec<String> = settings(&first.header, &second.header)
        .into_iter()
        .filter_map(|(key, values, unit, must)| setting(key, values, unit, must, names))
        .collect();
    warnings.extend(compositions(first, second));
    warnings.extend(grids(first, second));
    warnings.extend(kinds(first, second));
    warnings
}

/// A scale that no change of a sample explains.
pub(super) fn scale(scale: f64, esd: Option<f64>) -> Option<String> {
    let far = !(0.5..=2.0).contains(&scale);
    let vague = esd.is_some_and(|esd| esd > 0.1 * scale.abs());
    if far {
        Some(format!("the scale is {scale:.3}: are both curves of this sample, in the same form and normalisation?"))
    } else if vague {
        Some("the scale is known to a tenth at best: choose a window with a stronger peak".to_owned())
    } else {
        None
    }
}

type Setting = (&'static str, [Option<f64>; 2], &'static str, bool);

/// Name, both values, unit, and whether silence of one of them matters.
fn settings(a: &Header, b: &Header) -> [Setting; 6] {
    [
        ("qmax", [a.qmax, b.qmax], " 1/Å", true),
        ("rpoly", [a.rpoly, b.rpoly], " Å", true),
        ("qmin", [a.qmin, b.qmin], " 1/Å", false),
        ("qmaxinst", [a.qmaxinst, b.qmaxinst], " 1/Å", false),
        ("wavelength", [a.wavelength, b.wavelength], " Å", false),
        ("bgscale", [a.bgscale, b.bgscale], "", false),
    ]
}

fn setting(key: &str, values: [Option<f64>; 2], unit: &str, must: bool, names: [&str; 2]) -> Option<String> {
    match values {
        [Some(a), Some(b)] if (a - b).abs() > SAME * a.abs().max(b.abs()) => {
            Some(format!("{key} differs: {a}{unit} in {}, {b}{unit} in {}", names[0], names[1]))
        }
        [Some(a), None] if must => {
            Some(format!("{key} is {a}{unit} in {}, and {} does not say it", names[0], names[1]))
        }
        [None, Some(b)] if must => {
            Some(format!("{key} is {b}{unit} in {}, and {} does not say it", names[1], names[0]))
        }
        _ => None,
    }
}

/// Shares of the elements.
fn shares(header: &Header) -> Option<BTreeMap<String, f64>> {
    let composition = header.composition.as_ref()?;
    let whole: f64 = composition.iter().map(|(_, n)| n).sum();
    let mut shares = BTreeMap::new();
    for (species, n) in composition {
        *shares.entry(species.element.to_string()).or_insert(0.0) += n / whole;
    }
    Some(shares)
}

fn compositions(first: &Observed, second: &Observed) -> Option<String> {
    let sides = [first, second].map(|curve| shares(&curve.header));
    let text = |shares: &BTreeMap<String, f64>| {
        shares.iter().map(|(element, share)| format!("{element} {share:.3}")).collect::<Vec<_>>().join(", ")
    };
    match &sides {
        [Some(a), Some(b)] => {
            let of = |shares: &BTreeMap<String, f64>, element: &str| shares.get(element).copied().unwrap_or(0.0);
            let same = a.keys().chain(b.keys()).all(|element| (of(a, element) - of(b, element)).abs() < SAME);
            (!same).then(|| {
                format!("the composition differs: {} ({}), {} ({})", first.name, text(a), second.name, text(b))
            })
        }
        [Some(_), None] => Some(format!("{} does not say its composition", second.name)),
        [None, Some(_)] => Some(format!("{} does not say its composition", first.name)),
        _ => None,
    }
}

fn grids(first: &Observed, second: &Observed) -> Option<String> {
    let (a, b) = (super::ends(first), super::ends(second));
    let near = |x: f64, y: f64| (x - y).abs() < 0.01 * a.2.min(b.2);
    if near(a.0, b.0) && near(a.1, b.1) && near(a.2, b.2) {
        return None;
    }
    let text = |curve: &Observed, (from, to, step): (f64, f64, f64)| {
        format!("{from} to {to} Å in steps of {step:.4} Å in {}", curve.name)
    };
    Some(format!(
        "the grid differs: {}, {}; the points of the coarser one are compared",
        text(first, a),
        text(second, b)
    ))
}

fn kinds(first: &Observed, second: &Observed) -> Vec<String> {
    let mut warnings = Vec::new();
    let (a, b) = (&first.header, &second.header);
    if first.form != second.form {
        warnings.push(format!(
            "the form differs: {} is {}, {} is {}; both were brought to G(r)",
            first.name,
            first.form.word(),
            second.name,
            second.form.word()
        ));
    }
    if let (Some(a), Some(b)) = (a.radiation, b.radiation)
        && a != b
    {
        warnings.push(format!("{} is of {a:?}, {} of {b:?}", first.name, second.name));
    }
    if let (Some(a), Some(b)) = (&a.program, &b.program)
        && a != b
    {
        warnings.push(format!("{} was reduced by {a}, {} by {b}", first.name, second.name));
    }
    if let (Some(a), Some(b)) = (a.normalisation, b.normalisation)
        && a != b
    {
        warnings.push(format!("{} is normalised by {a:?}, {} by {b:?}", first.name, second.name));
    }
    warnings
}
