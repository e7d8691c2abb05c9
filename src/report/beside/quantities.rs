//! The numbers of trajectories that are set beside each other, and how they change.

use serde::Serialize;

use super::super::msd::CM2_PER_S;
use super::super::tables::dashed;
use super::Beside;
use crate::msd::{Line, MsdResult};
use crate::rdf::{Estimate, PairResult, Peak};
use crate::relay::RelayResult;

/// A number of all trajectories.
#[derive(Debug, Clone, Serialize)]
pub struct Quantity {
    /// What it is a number of: `g(r)`, `displacement`, `jumps`.
    pub of: &'static str,
    /// Is it asked for first?
    #[serde(skip)]
    pub first: bool,
    /// Its name.
    pub quantity: String,
    /// Its unit, empty for a number alone.
    pub unit: &'static str,
    /// One for each trajectory; `null` where it has none.
    pub values: Vec<Option<Estimate>>,
    /// How it is compared.
    pub change: Change,
    /// Against the first trajectory, one for each other: `x - x0`, or `x/x0`.
    pub changes: Vec<Option<Estimate>>,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// `x - x0`.
    Difference,
    /// `x/x0`.
    Ratio,
    /// Not at all: what is chosen, or depends on how long was looked.
    None,
}

impl Change {
    /// `difference`, `ratio`, or nothing.
    pub fn word(self) -> &'static str {
        match self {
            Self::Difference => "difference",
            Self::Ratio => "ratio",
            Self::None => "",
        }
    }

    /// The change from one number to another one that was found independently of it: uncertainties add in squares, those of a ratio relative to
    /// the numbers. Without one of them it has none.
    fn between(self, from: Estimate, to: Estimate) -> Option<Estimate> {
        let both = from.esd.zip(to.esd);
        match self {
            Self::Difference => Some(Estimate { value: to.value - from.value, esd: both.map(|(a, b)| a.hypot(b)) }),
            Self::Ratio if from.value > 0.0 && to.value > 0.0 => {
                let value = to.value / from.value;
                Some(Estimate { value, esd: both.map(|(a, b)| value * (a / from.value).hypot(b / to.value)) })
            }
            Self::Ratio | Self::None => None,
        }
    }
}

impl Beside {
    /// The numbers that people compare, and how they change from the first trajectory to each other one.
    ///
    /// ```
    /// // Nothing was read: there are no pairs to speak of, and every list of values is empty.
    /// let none = corefine::report::Beside::default();
    /// assert!(none.summary().iter().all(|quantity| quantity.values.is_empty()));
    /// ```
    pub fn summary(&self) -> Vec<Quantity> {
        let pairs = self.rdf.first().map_or(0, |first| first.pairs.len());
        (0..pairs).flat_map(|k| self.pair(k)).chain(self.displacement()).chain(self.jumps()).collect()
    }

    fn pair(&self, k: usize) -> Vec<Quantity> {
        let pairs = || self.rdf.iter().map(|result| result.pairs.get(k));
        let name = pairs().flatten().next().map_or_else(String::new, |pair| dashed(&pair.pair));
        let of = |what: &str, unit, change, pick: fn(&Peak) -> Estimate| {
            let peak = |pair: Option<&PairResult>| pair.and_then(|pair| pair.peak.as_ref()).map(pick);
            quantity("g(r)", format!("{name}: {what}"), unit, change, pairs().map(peak).collect())
        };
        vec![
            of("first peak of g", "Å", Change::Difference, |peak| peak.position).asked_first(),
            of("mean distance in the shell", "Å", Change::Difference, |peak| peak.mean),
            of("width of the shell", "Å", Change::Difference, |peak| peak.width),
            of("neighbours in the shell", "", Change::Difference, |peak| peak.area),
            of("the shell ends at", "Å", Change::None, |peak| alone(peak.minimum)),
        ]
    }

    fn displacement(&self) -> Vec<Quantity> {
        let of = |what: &str, unit, change, pick: fn(&MsdResult) -> Estimate| {
            quantity(
                "displacement",
                what.to_owned(),
                unit,
                change,
                self.msd.iter().map(|one| Some(pick(one))).collect(),
            )
        };
        vec![
            of("D", "cm²/s", Change::Ratio, |one| diffusivity(&one.line)).asked_first(),
            of("D along x", "cm²/s", Change::Ratio, |one| diffusivity(&one.axis_lines[0])),
            of("D along y", "cm²/s", Change::Ratio, |one| diffusivity(&one.axis_lines[1])),
            of("D along z", "cm²/s", Change::Ratio, |one| diffusivity(&one.axis_lines[2])),
            of("fitted from", "ps", Change::None, |one| alone(one.line.window[0])),
            of("fitted to", "ps", Change::None, |one| alone(one.line.window[1])),
            of("exponent within the fit", "", Change::None, |one| alone(one.exponent)),
        ]
    }

    fn jumps(&self) -> Vec<Quantity> {
        let of = |what: &str, unit, change, pick: fn(&RelayResult) -> Option<Estimate>| {
            quantity("jumps", what.to_owned(), unit, change, self.relay.iter().map(pick).collect())
        };
        vec![
            of("atoms that move", "", Change::None, |one| Some(alone(one.atoms as f64))),
            of("anchors", "", Change::None, |one| Some(alone(one.anchors as f64))),
            of("watched for", "ps", Change::None, |one| Some(alone((one.frames as f64 - 1.0) * one.step))),
            of("jumps", "", Change::None, |one| Some(alone(one.jumps.len() as f64))),
            of("rate", "1/ps", Change::Ratio, |one| Some(Estimate { value: one.rate, esd: Some(one.rate_esd) }))
                .asked_first(),
            of("mean residence", "ps", Change::Ratio, residence),
            of("jumps back to the anchor before", "%", Change::Difference, |one| some_jump(one, 100.0 * one.back)),
            of("mean length of a jump", "Å", Change::Difference, |one| some_jump(one, one.length)),
            of("different anchors of an atom", "", Change::None, |one| Some(alone(one.visited))),
        ]
    }
}

fn quantity(
    of: &'static str,
    quantity: String,
    unit: &'static str,
    change: Change,
    values: Vec<Option<Estimate>>,
) -> Quantity {
    let first = values.first().copied().flatten();
    let changes = values.iter().skip(1).map(|value| change.between(first?, (*value)?)).collect();
    Quantity { of, first: false, quantity, unit, values, change, changes }
}

impl Quantity {
    /// The same at the head of a page.
    fn asked_first(self) -> Self {
        Self { first: true, ..self }
    }
}

fn alone(value: f64) -> Estimate {
    Estimate { value, esd: None }
}

fn diffusivity(line: &Line) -> Estimate {
    Estimate { value: CM2_PER_S * line.diffusivity, esd: Some(CM2_PER_S * line.esd) }
}

/// The residence is the inverse of the rate: relative to them both are equally uncertain.
fn residence(one: &RelayResult) -> Option<Estimate> {
    one.residence.map(|value| Estimate { value, esd: Some(value * one.rate_esd / one.rate) })
}

/// A mean over jumps, if there are any.
fn some_jump(one: &RelayResult, value: f64) -> Option<Estimate> {
    (!one.jumps.is_empty()).then(|| alone(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(value: f64, esd: f64) -> Estimate {
        Estimate { value, esd: Some(esd) }
    }

    #[test]
    fn changes_carry_the_uncertainty_of_both() {
        let found = Change::Difference.between(known(2.14, 0.03), known(2.22, 0.04)).unwrap();
        assert!((found.value - 0.08).abs() < 1e-12 && (found.esd.unwrap() - 0.05).abs() < 1e-12, "{found:?}");
        let found = Change::Ratio.between(known(4.0, 0.12), known(2.0, 0.08)).unwrap();
        assert!((found.value - 0.5).abs() < 1e-12 && (found.esd.unwrap() - 0.025).abs() < 1e-12, "{found:?}");
        assert_eq!(Change::Difference.between(alone(1.0), known(3.0, 0.1)), Some(alone(2.0)));
        // A rate of no jumps has no ratio.
        assert_eq!(Change::Ratio.between(known(0.0, 0.0), known(1.0, 0.1)), None);
        assert_eq!(Change::None.between(known(1.0, 0.1), known(1.0, 0.1)), None);
    }
}
