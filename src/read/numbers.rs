//! Numbers as crystallographic files write them.

/// The number that a text stands for, its standard uncertainty in brackets dropped.
///
/// Reads `1.234(5)`, `.5`, `5.`, `-0.25`, `1.0e-002`, `1.5(2)E-3`, `1.2D+1`; `None` for anything else, among it
/// `nan` and `inf`, which no structure means.
///
/// ```
/// use corefine::read::numbers::number;
/// assert_eq!(number("15.6620(12)"), Some(15.662));
/// assert_eq!(number("-.25"), Some(-0.25));
/// assert_eq!(number("1.0e-002"), Some(0.01));
/// assert_eq!(number("?"), None);
/// ```
pub fn number(text: &str) -> Option<f64> {
    let plain = without_esd(text.trim())?.replace(['d', 'D'], "e");
    let starts_well = plain.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    plain.parse::<f64>().ok().filter(|value| starts_well && value.is_finite())
}

/// The text without its uncertainty: `1.5(2)E-3` becomes `1.5E-3`. `None` if the brackets hold no digits.
fn without_esd(text: &str) -> Option<String> {
    let Some((mantissa, rest)) = text.split_once('(') else {
        return Some(text.to_owned());
    };
    let (esd, tail) = rest.split_once(')')?;
    let is_esd = esd.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '?' | ' '));
    is_esd.then(|| format!("{mantissa}{tail}"))
}

/// The number nearest to `x` whose 24-fold is whole, if it is as near as rounding to three digits would leave it.
///
/// Translations of space groups are multiples of 1/24; files write them as `0.333` or `1/3`.
pub(crate) fn snapped_to_24ths(x: f64) -> f64 {
    let whole = (x * 24.0).round();
    let nearest = whole / 24.0;
    if (x - nearest).abs() < 1e-3 { (whole.rem_euclid(24.0)) / 24.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_spelling() {
        let cases = [
            ("1.234(5)", 1.234),
            (".5", 0.5),
            ("5.", 5.0),
            ("+0.5", 0.5),
            ("-12(3)", -12.0),
            ("1.0e-002", 0.01),
            ("1.5(2)E-3", 0.0015),
            ("1.2D+1", 12.0),
            ("0.25()", 0.25),
            ("-.5(12)", -0.5),
        ];
        for (text, value) in cases {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "?", ".", "nan", "inf", "-inf", "0,5", "1.2.3", "1(a)", "1(2", "abc", "1e999", "--1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn translations_snap_to_24ths() {
        for (x, snapped) in [(0.3333, 1.0 / 3.0), (1.0 - 1.0 / 3.0, 2.0 / 3.0), (0.9999999, 0.0), (0.1, 0.1)] {
            assert_eq!(snapped_to_24ths(x).to_bits(), f64::to_bits(snapped), "{x}");
        }
    }
}
