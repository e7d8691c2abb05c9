//! What else the curve depends on, beside the lengths of the bonds: the refined parameters that are no positions.

use crate::fit::{Setup, spread};
use crate::params::{Quantity, Whole};

/// A parameter as a standard normal number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nuisance {
    pub name: String,
    start: f64,
    bounds: (f64, f64),
    way: Way,
}

/// How a standard normal number x stands for a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// `start + sigma x`.
    Straight(f64),
    /// `start exp(sigma x)`.
    Logarithm(f64),
}

/// What is known of U and of the scale beforehand, and of the bend of bonds: standard deviations of logarithms.
const U_KNOWN: f64 = 0.3;
const SCALE_KNOWN: f64 = 0.2;
const BEND: (f64, f64) = (0.08, 0.7);

impl Nuisance {
    /// The refined parameters of a job, in its order.
    pub(super) fn of(setup: &Setup, widths: &[f64]) -> Vec<Self> {
        let free = setup.binding.free.iter().zip(widths);
        let one = |(free, width): (&crate::params::Free, &f64)| {
            let variable = &setup.binding.variables()[free.variable];
            let way = way(variable.quantity(), free.start, free.sigma, *width);
            Self { name: variable.name.clone(), start: free.start, bounds: free.bounds, way }
        };
        free.map(one).collect()
    }

    /// How far centres are shifted across their bonds, Å.
    pub(super) fn bend() -> Self {
        let (start, factor) = BEND;
        Self { name: "bend".to_owned(), start, bounds: (0.0, 1.0), way: Way::Logarithm(factor) }
    }

    /// Its value at a standard normal number.
    pub(super) fn value(&self, x: f64) -> f64 {
        match self.way {
            Way::Straight(sigma) => self.start + sigma * x,
            Way::Logarithm(sigma) => self.start * (sigma * x).exp(),
        }
    }

    /// A step from x as long as asked for, or shorter, that stays within bounds on both sides; 0 where there is none.
    pub(super) fn step(&self, x: f64, wanted: f64) -> f64 {
        let inside = |h: f64| [x - h, x + h].iter().all(|x| (self.bounds.0..=self.bounds.1).contains(&self.value(*x)));
        (0..8).map(|k| wanted * 0.5_f64.powi(k)).find(|h| inside(*h)).unwrap_or(0.0)
    }
}

/// What is known of every refined parameter where the job does not say it; see `docs/physics.md`.
pub(super) fn widths(setup: &Setup) -> Result<Vec<f64>, crate::params::BindError> {
    let start = setup.binding.start();
    Ok(spread::widths(setup, &setup.binding.states(&start)?, &start))
}

fn way(quantity: &Quantity, start: f64, sigma: Option<f64>, width: f64) -> Way {
    let logarithm = |known: f64| Way::Logarithm(sigma.map_or(known, |sigma| sigma / start));
    match quantity {
        Quantity::Uiso(_) | Quantity::Beyond(_) | Quantity::Inside(_) if start > 0.0 => logarithm(U_KNOWN),
        Quantity::Uaniso { pivot, .. } if *pivot < 3 && start > 0.0 => logarithm(U_KNOWN),
        Quantity::Whole(Whole::Scale) if start > 0.0 => logarithm(SCALE_KNOWN),
        _ => Way::Straight(sigma.unwrap_or(width)),
    }
}
