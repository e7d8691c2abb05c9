//! One pattern reduced with several values of a setting.

use corefine::pattern::Pattern;
use corefine::reduce::Reducer;
use corefine::reduction::{Reduced, Reduction};
use corefine::report::{Variant, reduction_html};

use crate::cli::messages::Failure;

/// Reductions that differ in one setting.
pub(super) struct Scan {
    key: &'static str,
    variants: Vec<(f64, Reduction)>,
}

/// What may be scanned, with the factors on its value where no values are given.
const SCANNED: [(&str, [f64; 5]); 3] = [
    ("qmax", [0.7, 0.8, 0.9, 0.95, 1.0]),
    ("rpoly", [0.7, 0.85, 1.0, 1.25, 1.5]),
    ("bgscale", [0.0, 0.5, 0.8, 1.0, 1.2]),
];

impl Scan {
    /// `qmax`, or `qmax=20,22,24`.
    pub(super) fn of(text: &str, settings: &Reduction) -> Result<Self, Failure> {
        let (key, values) = text.split_once('=').map_or((text, None), |(key, values)| (key, Some(values)));
        let Some(&(key, factors)) = SCANNED.iter().find(|(known, _)| *known == key.trim()) else {
            return Err(Failure::with_hint(
                format!("--scan is {text}"),
                "give qmax, rpoly or bgscale, or qmax=20,22,24",
            ));
        };
        let values: Vec<f64> = match values {
            Some(values) => numbers(text, values)?,
            None => factors.map(|factor| factor * start(settings, key)).into(),
        };
        if values.iter().any(|value| !value.is_finite()) {
            let hint = format!("give --{key}, or the values: --scan {key}=20,22,24");
            return Err(Failure::with_hint(format!("--scan {key} has no value to start from"), hint));
        }
        let variants: Vec<_> = values.into_iter().map(|value| (value, with(settings, key, value))).collect();
        variants.iter().try_for_each(|(_, settings)| Reducer::new(settings).map(drop).map_err(Failure::of))?;
        Ok(Self { key, variants })
    }

    /// The page, and the last of its reductions.
    pub(super) fn page(
        &self,
        sample: &Pattern,
        background: Option<&Pattern>,
    ) -> Result<(Vec<String>, Reduced), Failure> {
        let one = |(value, settings): &(f64, Reduction)| {
            let reduced = Reducer::new(settings).and_then(|mut new| new.reduce(sample, background));
            let value = (value * 1e6).round() / 1e6;
            Ok(Variant { label: format!("{} = {value}", self.key), reduced: reduced.map_err(Failure::of)? })
        };
        let variants = self.variants.iter().map(one).collect::<Result<Vec<_>, Failure>>()?;
        let page = reduction_html(&variants, self.key);
        let last = variants.into_iter().next_back().map(|variant| variant.reduced);
        let last = last.ok_or_else(|| Failure::with_hint("--scan has no values", "give some: --scan qmax=20,22"))?;
        Ok((vec![page], last))
    }
}

fn numbers(text: &str, values: &str) -> Result<Vec<f64>, Failure> {
    let number = |word: &str| word.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    let found: Option<Vec<f64>> = values.split(',').map(number).collect();
    found.ok_or_else(|| Failure::with_hint(format!("--scan is {text}"), "give numbers after the sign: qmax=20,22,24"))
}

fn start(settings: &Reduction, key: &str) -> f64 {
    match key {
        "qmax" => settings.qmax.or(settings.qmaxinst).unwrap_or(f64::NAN),
        "rpoly" => settings.rpoly,
        _ => settings.bgscale,
    }
}

fn with(settings: &Reduction, key: &str, value: f64) -> Reduction {
    let settings = settings.clone();
    match key {
        "qmax" => Reduction { qmax: Some(value), ..settings },
        "rpoly" => Reduction { rpoly: value, ..settings },
        _ => Reduction { bgscale: value, fit_bgscale: false, ..settings },
    }
}
