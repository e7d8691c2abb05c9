//! The models of the NIST data sets and their derivatives by hand.

use std::f64::consts::PI;

/// The model of one data set: from parameters `b` and predictors `x` its value; the derivatives go to `d`.
pub type Model = fn(b: &[f64], x: &[f64], d: &mut [f64]) -> f64;

/// `b1 (1 - exp(-b2 x))`.
pub fn saturation(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let decay = (-b[1] * x[0]).exp();
    d[0] = -(-b[1] * x[0]).exp_m1();
    d[1] = b[0] * x[0] * decay;
    b[0] * d[0]
}

/// `b1 (1 - (1 + b2 x / 2)^-2)`.
pub fn misra1b(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let base = 1.0 + b[1] * x[0] / 2.0;
    d[0] = 1.0 - base.powi(-2);
    d[1] = b[0] * x[0] * base.powi(-3);
    b[0] * d[0]
}

/// `b1 (1 - (1 + 2 b2 x)^-½)`.
pub fn misra1c(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let base = 1.0 + 2.0 * b[1] * x[0];
    d[0] = 1.0 - base.powf(-0.5);
    d[1] = b[0] * x[0] * base.powf(-1.5);
    b[0] * d[0]
}

/// `b1 b2 x / (1 + b2 x)`.
pub fn misra1d(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let base = 1.0 + b[1] * x[0];
    d[0] = b[1] * x[0] / base;
    d[1] = b[0] * x[0] / base.powi(2);
    b[0] * d[0]
}

/// `exp(-b1 x) / (b2 + b3 x)`.
pub fn chwirut(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let below = b[1] + b[2] * x[0];
    let value = (-b[0] * x[0]).exp() / below;
    d[0] = -x[0] * value;
    d[1] = -value / below;
    d[2] = -x[0] * value / below;
    value
}

/// `b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x)`.
pub fn lanczos(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for k in [0, 2, 4] {
        let decay = (-b[k + 1] * x[0]).exp();
        d[k] = decay;
        d[k + 1] = -b[k] * x[0] * decay;
        value += b[k] * decay;
    }
    value
}

/// `b1 exp(-b2 x) + b3 exp(-(x - b4)² / b5²) + b6 exp(-(x - b7)² / b8²)`.
pub fn gauss(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    d[0] = (-b[1] * x[0]).exp();
    d[1] = -b[0] * x[0] * d[0];
    let mut value = b[0] * d[0];
    for k in [2, 5] {
        let t = (x[0] - b[k + 1]) / b[k + 2];
        d[k] = (-t * t).exp();
        d[k + 1] = b[k] * d[k] * 2.0 * t / b[k + 2];
        d[k + 2] = d[k + 1] * t;
        value += b[k] * d[k];
    }
    value
}

/// `b1 x^b2`.
pub fn dan_wood(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    d[0] = x[0].powf(b[1]);
    d[1] = b[0] * d[0] * x[0].ln();
    b[0] * d[0]
}

/// A polynomial of degree k over one of the same degree with constant term 1: 2 k + 1 parameters.
pub fn rational(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let (numerator, denominator) = b.split_at(b.len() / 2 + 1);
    let horner = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x[0] + c);
    let below = 1.0 + x[0] * horner(denominator);
    let value = horner(numerator) / below;
    let (by_numerator, by_denominator) = d.split_at_mut(numerator.len());
    let mut power = 1.0 / below;
    for (k, slope) in by_numerator.iter_mut().enumerate() {
        *slope = power;
        if k > 0 {
            by_denominator[k - 1] = -value * power;
        }
        power *= x[0];
    }
    value
}

/// `b1 - b2 x1 exp(-b3 x2)`, the logarithm of the response.
pub fn nelson(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let decay = (-b[2] * x[1]).exp();
    d[0] = 1.0;
    d[1] = -x[0] * decay;
    d[2] = b[1] * x[0] * x[1] * decay;
    b[0] - b[1] * x[0] * decay
}

/// `b1 + b2 exp(-x b4) + b3 exp(-x b5)`.
pub fn mgh17(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    d[0] = 1.0;
    for k in [1, 2] {
        d[k] = (-x[0] * b[k + 2]).exp();
        d[k + 2] = -x[0] * b[k] * d[k];
    }
    b[0] + b[1] * d[1] + b[2] * d[2]
}

/// `b1 - b2 x - arctan(b3 / (x - b4)) / π`.
pub fn roszman(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let shifted = x[0] - b[3];
    let square = shifted.powi(2) + b[2].powi(2);
    d[0] = 1.0;
    d[1] = -x[0];
    d[2] = -shifted / square / PI;
    d[3] = -b[2] / square / PI;
    b[0] - b[1] * x[0] - (b[2] / shifted).atan() / PI
}

/// A constant, a yearly wave and two waves of unknown period.
pub fn enso(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let year = 2.0 * PI * x[0] / 12.0;
    d[0] = 1.0;
    (d[1], d[2]) = (year.cos(), year.sin());
    let mut value = b[0] + b[1] * d[1] + b[2] * d[2];
    for k in [3, 6] {
        let phase = 2.0 * PI * x[0] / b[k];
        (d[k + 1], d[k + 2]) = (phase.cos(), phase.sin());
        d[k] = (b[k + 1] * phase.sin() - b[k + 2] * phase.cos()) * phase / b[k];
        value += b[k + 1] * d[k + 1] + b[k + 2] * d[k + 2];
    }
    value
}

/// `b1 (x² + x b2) / (x² + x b3 + b4)`.
pub fn mgh09(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let above = x[0].powi(2) + x[0] * b[1];
    let below = x[0].powi(2) + x[0] * b[2] + b[3];
    let value = b[0] * above / below;
    d[0] = above / below;
    d[1] = b[0] * x[0] / below;
    d[2] = -value * x[0] / below;
    d[3] = -value / below;
    value
}

/// `b1 exp(b2 / (x + b3))`.
pub fn mgh10(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let shifted = x[0] + b[2];
    d[0] = (b[1] / shifted).exp();
    d[1] = b[0] * d[0] / shifted;
    d[2] = -d[1] * b[1] / shifted;
    b[0] * d[0]
}

/// `(b1 / b2) exp(-½ ((x - b3) / b2)²)`.
pub fn eckerle4(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let t = (x[0] - b[2]) / b[1];
    d[0] = (-0.5 * t * t).exp() / b[1];
    let value = b[0] * d[0];
    d[1] = value * (t * t - 1.0) / b[1];
    d[2] = value * t / b[1];
    value
}

/// `b1 / (1 + exp(b2 - b3 x))`.
pub fn rat42(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let growth = (b[1] - b[2] * x[0]).exp();
    d[0] = 1.0 / (1.0 + growth);
    d[1] = -b[0] * growth * d[0].powi(2);
    d[2] = -x[0] * d[1];
    b[0] * d[0]
}

/// `b1 / (1 + exp(b2 - b3 x))^(1 / b4)`.
pub fn rat43(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let growth = (b[1] - b[2] * x[0]).exp();
    let base = 1.0 + growth;
    d[0] = base.powf(-1.0 / b[3]);
    let value = b[0] * d[0];
    d[1] = -value * growth / (b[3] * base);
    d[2] = -x[0] * d[1];
    d[3] = value * base.ln() / b[3].powi(2);
    value
}

/// `b1 (b2 + x)^(-1 / b3)`.
pub fn bennett5(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let base = b[1] + x[0];
    d[0] = base.powf(-1.0 / b[2]);
    let value = b[0] * d[0];
    d[1] = -value / (b[2] * base);
    d[2] = value * base.ln() / b[2].powi(2);
    value
}
