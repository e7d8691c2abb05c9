//! Where an axis carries its numbers, and how they read.

/// A tick: its place and its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub at: f64,
    pub text: String,
}

/// Ticks at 1, 2 or 5 times a power of ten inside `[low, high]`, about `wanted` of them.
pub(crate) fn linear(low: f64, high: f64, wanted: usize, whole: bool) -> Vec<Tick> {
    let step = nice_step((high - low) / wanted.max(1) as f64);
    let step = if whole { step.max(1.0) } else { step };
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).clamp(-1.0, 100.0) as i64;
    (0..=count)
        .map(|k| (first + k as f64) * step)
        .map(|at| Tick { at, text: typeset(&format!("{:.decimals$}", at + 0.0)) })
        .collect()
}

/// Ticks of a logarithmic axis: whole powers of ten, with 2 and 5 between where the range is short.
pub(crate) fn logarithmic(low: f64, high: f64) -> Vec<Tick> {
    if !(low > 0.0 && high > low && high.is_finite()) {
        return Vec::new();
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = high.log10() - low.log10();
    let stride = (decades / 6.0).ceil().max(1.0) as usize;
    let factors: &[f64] = if decades < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let powers = (first..=last).step_by(stride);
    let places = powers.flat_map(|power| factors.iter().map(move |factor| (*factor, power)));
    places
        .map(|(factor, power)| (factor * 10_f64.powi(power), power))
        .filter(|(at, _)| *at >= low * (1.0 - 1e-9) && *at <= high * (1.0 + 1e-9))
        .map(|(at, power)| Tick { at, text: decade(at, power, (-3..5).contains(&first) && last < 5) })
        .collect()
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

fn decade(at: f64, power: i32, plain: bool) -> String {
    if plain {
        return format!("{at:.*}", (-power).max(0) as usize);
    }
    let factor = (at / 10_f64.powi(power)).round();
    let ten = format!("10{}", superscript(power));
    if factor > 1.0 { format!("{factor}·{ten}") } else { ten }
}

/// `⁻⁵`.
pub(crate) fn superscript(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    power.to_string().chars().map(raised).collect()
}

/// A number for people: a minus sign instead of a hyphen.
pub(crate) fn typeset(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(texts(&linear(1.0, 4.5, 8, false)), ["1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5"]);
        assert_eq!(texts(&linear(-0.3, 0.3, 4, false)), ["−0.2", "0.0", "0.2"]);
        assert_eq!(texts(&linear(0.0, 3.0, 8, true)), ["0", "1", "2", "3"]);
        assert!(linear(1.0, 1.0, 5, false).is_empty());
        assert!(linear(f64::NAN, 1.0, 5, false).is_empty());
    }

    #[test]
    fn logarithmic_ticks_follow_the_decades() {
        assert_eq!(texts(&logarithmic(0.09, 1.1)), ["0.1", "0.2", "0.5", "1"]);
        assert_eq!(texts(&logarithmic(1e-7, 1e-1)), ["10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
        assert!(logarithmic(0.0, 1.0).is_empty());
    }
}
