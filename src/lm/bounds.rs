//! The box that the parameters stay in.

use nalgebra::DVector;

use super::LmError;

/// `low <= p <= high`, one pair per parameter.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Bounds {
    /// Checked bounds; none given means none anywhere.
    pub(super) fn new<E>(bounds: &[(f64, f64)], parameters: usize) -> Result<Self, LmError<E>> {
        if bounds.is_empty() {
            return Ok(Self { low: vec![f64::NEG_INFINITY; parameters], high: vec![f64::INFINITY; parameters] });
        }
        if bounds.len() != parameters {
            return Err(LmError::BoundsCount { got: bounds.len(), parameters });
        }
        for (parameter, &(low, high)) in bounds.iter().enumerate() {
            // Written so that a NaN fails too.
            if !(low <= high && low < f64::INFINITY && high > f64::NEG_INFINITY) {
                return Err(LmError::BadBounds { parameter, low, high });
            }
        }
        Ok(Self { low: bounds.iter().map(|b| b.0).collect(), high: bounds.iter().map(|b| b.1).collect() })
    }

    /// The nearest point inside.
    pub(super) fn clip(&self, mut p: DVector<f64>) -> DVector<f64> {
        for (value, (&low, &high)) in p.iter_mut().zip(self.low.iter().zip(&self.high)) {
            *value = value.clamp(low, high);
        }
        p
    }

    /// Is parameter j outside?
    pub(super) fn left_by(&self, j: usize, value: f64) -> bool {
        value < self.low[j] || value > self.high[j]
    }

    /// Does parameter j stand on a bound?
    pub(super) fn holds(&self, j: usize, value: f64) -> bool {
        value <= self.low[j] || value >= self.high[j]
    }

    /// The parameters that may move downhill: all but those on a bound whose gradient points into the box
    /// (going down the gradient would leave it).
    pub(super) fn free(&self, p: &DVector<f64>, gradient: &DVector<f64>) -> Vec<usize> {
        let stuck =
            |j: usize| (p[j] <= self.low[j] && gradient[j] >= 0.0) || (p[j] >= self.high[j] && gradient[j] <= 0.0);
        (0..p.len()).filter(|&j| !stuck(j)).collect()
    }
}
