//! The first peak of g(r).

use super::{Estimate, Peak};

/// Curves of one pair.
pub struct Shape {
    pub g: Vec<f64>,
    pub n: Vec<f64>,
    /// Width of a bin, Å.
    pub width: f64,
}

/// The bins of the first shell, fixed by the mean over all frames.
pub struct Window {
    /// The highest bin, and the one in which the minimum behind it lies.
    top: usize,
    end: usize,
}

/// g(r) is smoothed over so much, Å, before its peak is looked for.
const SMOOTH: f64 = 0.04;

/// Behind a minimum g(r) rises again by this share of the peak's height.
const RISE: f64 = 0.05;

/// A maximum of g(r) below this is none.
const LEAST: f64 = 1.0;

/// The first peak; `spread` gives the uncertainties of its numbers.
pub fn first(all: &Shape, spread: impl Fn(&Window) -> Option<Vec<f64>>) -> Option<Peak> {
    let window = Window::of(all)?;
    let esd = spread(&window);
    let values = window.numbers(all);
    let estimate = |k: usize| {
        // What rounding leaves of numbers that never change is no uncertainty.
        let sound = |esd: f64| if esd > 1e-9 * values[k].abs() { esd } else { 0.0 };
        Estimate { value: values[k], esd: esd.as_ref().map(|esd| sound(esd[k])) }
    };
    let minimum = (window.end + 1) as f64 * all.width;
    Some(Peak { position: estimate(0), mean: estimate(1), width: estimate(2), area: estimate(3), minimum })
}

impl Window {
    fn of(shape: &Shape) -> Option<Self> {
        let smooth = smoothed(shape);
        let high = smooth.iter().position(|g| *g >= LEAST)?;
        let (mut top, mut end) = (high, None);
        let mut least = f64::INFINITY;
        for (k, g) in smooth.iter().enumerate().skip(high) {
            if end.is_none() && *g > smooth[top] {
                (top, least) = (k, f64::INFINITY);
            } else if *g < least {
                // Before the peak has fallen by as much as a minimum rises, a dip is noise.
                (least, end) = (*g, (*g < (1.0 - RISE) * smooth[top]).then_some(k));
            } else if end.is_some() && *g > least + RISE * smooth[top] {
                return end.map(|end| Self { top, end });
            }
        }
        // g(r) may stay at nothing behind the peak, up to the end.
        end.filter(|_| least < RISE * smooth[top]).map(|end| Self { top, end })
    }

    /// Position, mean, width (Å) and area of the shell in a curve.
    pub fn numbers(&self, shape: &Shape) -> [f64; 4] {
        let smooth = smoothed(shape);
        let near = (2.0 * SMOOTH / shape.width).ceil() as usize;
        let range = self.top.saturating_sub(near)..=(self.top + near).min(self.end);
        let top = range.max_by(|a, b| smooth[*a].total_cmp(&smooth[*b])).unwrap_or(self.top);
        let around = [top.saturating_sub(1), top, (top + 1).min(smooth.len() - 1)].map(|k| smooth[k]);
        let bend = around[0] - 2.0 * around[1] + around[2];
        let shift = if bend < 0.0 { (0.5 * (around[0] - around[2]) / bend).clamp(-1.0, 1.0) } else { 0.0 };
        let (area, mean, square) = self.moments(shape);
        [(top as f64 + 0.5 + shift) * shape.width, mean, (square - mean * mean).max(0.0).sqrt(), area]
    }

    /// Neighbours in the shell, their mean distance and mean square distance.
    fn moments(&self, shape: &Shape) -> (f64, f64, f64) {
        let (mut before, mut sums) = (0.0, [0.0; 2]);
        for (k, n) in shape.n.iter().enumerate().take(self.end + 1) {
            let r = (k as f64 + 0.5) * shape.width;
            sums[0] += (n - before) * r;
            sums[1] += (n - before) * r * r;
            before = *n;
        }
        (before, sums[0] / before, sums[1] / before)
    }
}

/// g(r) under a Gaussian.
fn smoothed(shape: &Shape) -> Vec<f64> {
    let sigma = SMOOTH / shape.width;
    let reach = (4.0 * sigma).ceil() as usize;
    let weights: Vec<f64> = (0..=reach).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
    let g = &shape.g;
    let one = |k: usize| {
        let (from, to) = (k.saturating_sub(reach), (k + reach).min(g.len() - 1));
        let sum = (from..=to).fold([0.0, 0.0], |[sum, all], l| {
            let w = weights[k.abs_diff(l)];
            [sum + w * g[l], all + w]
        });
        sum[0] / sum[1]
    };
    (0..g.len()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four neighbours at 2 Å ± 0.1 Å, and a second shell.
    #[test]
    fn a_known_shell_is_found() {
        let width = 0.01;
        let density = 0.02;
        let gauss =
            |r: f64, at: f64, s: f64| (-0.5 * ((r - at) / s).powi(2)).exp() / (s * std::f64::consts::TAU.sqrt());
        let counts: Vec<f64> = (0..600)
            .map(|k| (f64::from(k) + 0.5) * width)
            .map(|r| width * (4.0 * gauss(r, 2.0, 0.1) + 12.0 * gauss(r, 4.0, 0.3)))
            .collect();
        let shell = |k: usize| 4.0 * std::f64::consts::PI * ((k as f64 + 0.5) * width).powi(2) * width;
        let g = counts.iter().enumerate().map(|(k, n)| n / (density * shell(k))).collect();
        let n = counts.iter().scan(0.0, |sum, n| {
            *sum += n;
            Some(*sum)
        });
        let shape = Shape { g, n: n.collect(), width };
        let peak = first(&shape, |_| None).unwrap();
        assert!((peak.area.value - 4.0).abs() < 1e-3, "{peak:?}");
        assert!((peak.mean.value - 2.0).abs() < 1e-3 && (peak.width.value - 0.1).abs() < 1e-3, "{peak:?}");
        // The maximum of g lies a little before that of the distances: g has r² in its denominator.
        assert!((peak.position.value - 1.99).abs() < 0.01, "{peak:?}");
        let flat = Shape { g: vec![0.5; 100], n: vec![0.0; 100], width };
        assert!(first(&flat, |_| None).is_none());
    }
}
