//! Stretch and smear: what heat does to a curve without any change of structure, by the names that diffpy.morph gave them.
//!
//! ```text
//! stretch ε:  G(r) -> G(r / (1 + ε))                              a lattice that expands evenly
//! smear σ:    G(r) -> (1/r) ∫ r' G(r') N(r - r'; σ) dr'           σ² more in the square of every peak's width; Å
//! ```

use std::convert::Infallible;

use nalgebra::{DMatrix, DVector};

use crate::interpolate::cubic;
use crate::lm::{self, Options, Problem};
use crate::observed::Observed;

/// What is to be done about a morph.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Morph {
    /// Nothing.
    #[default]
    Off,
    /// By so much.
    Fixed(f64),
    /// By as much as makes the difference small.
    Refined,
}

/// The morphs that make a difference small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Factor on the second curve.
    pub scale: f64,
    /// Stretch and its standard uncertainty, if it was refined.
    pub stretch: (f64, Option<f64>),
    /// Smear (Å) and its standard uncertainty, if it was refined.
    pub smear: (f64, Option<f64>),
}

/// How many standard deviations the smearing Gaussian reaches.
const REACH: f64 = 5.0;

/// A narrower Gaussian changes nothing, Å.
const NARROW: f64 = 1e-4;

/// The curve at `r`, stretched and smeared; beyond its ends it is 0.
pub fn morphed(curve: &Observed, r: &[f64], stretch: f64, smear: f64) -> Vec<f64> {
    let (first, last) = (curve.r.first().copied().unwrap_or(0.0), curve.r.last().copied().unwrap_or(0.0));
    // A hundredth of a step: files round their distances.
    let slack = 0.01 * (last - first) / curve.r.len().max(2) as f64;
    let at = |r: f64| {
        let r = r / (1.0 + stretch);
        if r < first - slack || r > last + slack { 0.0 } else { cubic(&curve.r, &curve.g, r.clamp(first, last)) }
    };
    if smear < NARROW {
        return r.iter().map(|r| at(*r)).collect();
    }
    // Five nodes for each standard deviation: the trapezoidal sum of a Gaussian is then exact to 1e-10.
    let nodes: Vec<f64> = (-25..=25).map(|k| f64::from(k) * REACH * smear / 25.0).collect();
    let weights: Vec<f64> = nodes.iter().map(|x| (-0.5 * (x / smear).powi(2)).exp()).collect();
    let whole: f64 = weights.iter().sum();
    let smeared = |r: f64| {
        let sum: f64 = nodes.iter().zip(&weights).map(|(x, w)| w * (r + x) * at(r + x)).sum();
        if r > 0.0 { sum / (whole * r) } else { 0.0 }
    };
    r.iter().map(|r| smeared(*r)).collect()
}

/// Largest stretch, of either sign.
const MOST_STRETCH: f64 = 0.1;

/// Largest smear, Å.
const MOST_SMEAR: f64 = 0.5;

/// Where a smear begins, Å: at 0 nothing changes with it to first order.
const FIRST_SMEAR: f64 = 0.05;

/// The morphs `[stretch, smear]` of `second` that bring it nearest to `first`, over all points; its scale is that of the
/// points `window` (least squares), or 1. `oversampling`: how many points hold one piece of information.
pub fn fit(
    first: &[f64],
    second: &dyn Fn(f64, f64) -> Vec<f64>,
    window: Option<&[usize]>,
    morphs: [Morph; 2],
    oversampling: f64,
) -> Fitted {
    let mut apart = Apart { first, second, window, morphs };
    let starts = [0.0, FIRST_SMEAR];
    let free: Vec<usize> = (0..2).filter(|k| morphs[*k] == Morph::Refined).collect();
    let bounds = [(-MOST_STRETCH, MOST_STRETCH), (0.0, MOST_SMEAR)];
    let mut esds = [None; 2];
    let mut p = DVector::from_iterator(free.len(), free.iter().map(|k| starts[*k]));
    if !free.is_empty() {
        let options = Options { bounds: free.iter().map(|k| bounds[*k]).collect(), ..Options::default() };
        // Starts are finite and inside their bounds, and there are points: least squares do not fail.
        if let Ok(fit) = lm::minimise(&mut apart, p.clone(), &options, &mut lm::silent) {
            let freedom = (first.len() as f64 / oversampling - free.len() as f64).max(1.0);
            let variance = fit.residual_norm_sq / freedom;
            for (place, k) in free.iter().enumerate() {
                esds[*k] = fit.esd(place).map(|esd| esd * variance.sqrt());
            }
            p = fit.p;
        }
    }
    let [stretch, smear] = apart.values(&p);
    let scale = apart.scale(&(apart.second)(stretch, smear));
    Fitted { scale, stretch: (stretch, esds[0]), smear: (smear, esds[1]) }
}

/// The difference as a function of the morphs that are refined.
struct Apart<'a> {
    first: &'a [f64],
    second: &'a dyn Fn(f64, f64) -> Vec<f64>,
    window: Option<&'a [usize]>,
    morphs: [Morph; 2],
}

impl Apart<'_> {
    fn values(&self, p: &DVector<f64>) -> [f64; 2] {
        let mut refined = p.iter();
        self.morphs.map(|morph| match morph {
            Morph::Off => 0.0,
            Morph::Fixed(value) => value,
            Morph::Refined => refined.next().copied().unwrap_or(0.0),
        })
    }

    fn scale(&self, second: &[f64]) -> f64 {
        let Some(window) = self.window else { return 1.0 };
        let sum = |a: &[f64]| window.iter().map(|k| a[*k] * second[*k]).sum::<f64>();
        let whole = sum(second);
        if whole > 0.0 { sum(self.first) / whole } else { 1.0 }
    }

    fn difference(&self, p: &DVector<f64>) -> DVector<f64> {
        let [stretch, smear] = self.values(p);
        let second = (self.second)(stretch, smear);
        let scale = self.scale(&second);
        DVector::from_iterator(self.first.len(), self.first.iter().zip(&second).map(|(a, b)| a - scale * b))
    }
}

/// Steps of central differences, for stretch and smear.
const STEP: f64 = 1e-5;

impl Problem for Apart<'_> {
    type Error = Infallible;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, Infallible> {
        Ok(self.difference(p))
    }

    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, Infallible> {
        let column = |k: usize| {
            let [mut ahead, mut behind] = [p.clone(), p.clone()];
            ahead[k] += STEP;
            behind[k] -= STEP;
            (self.difference(&ahead) - self.difference(&behind)) / (2.0 * STEP)
        };
        let columns: Vec<DVector<f64>> = (0..p.len()).map(column).collect();
        Ok(DMatrix::from_columns(&columns))
    }
}
