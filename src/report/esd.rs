//! Values with their standard uncertainties, as crystallographers write them: `1.977(6)`.

/// `value` with its standard uncertainty in brackets, in units of the last digit shown.
///
/// The uncertainty keeps one or two digits by the rule of 19 (IUCr, Acta Cryst. C, notes for authors): two where they
/// read 10 to 19, else one. From ten thousand units of the last place on, and below 10⁻⁸, a power of ten follows.
/// Without an uncertainty (`None`, or one that is no positive number) the value says so itself; an uncertainty of
/// exactly zero belongs to a value that was not refined, and adds nothing.
///
/// ```
/// use corefine::report::esd::format;
/// assert_eq!(format(1.9774, Some(0.0062)), "1.977(6)");
/// assert_eq!(format(1.9774, Some(0.0124)), "1.977(12)");
/// assert_eq!(format(1234.0, Some(23.0)), "1230(20)");
/// assert_eq!(format(1.9774, None), "1.9774 (not determined)");
/// ```
pub fn format(value: f64, esd: Option<f64>) -> String {
    match esd {
        Some(0.0) => plain(value),
        Some(esd) if is_usable(value, esd) => bracketed(value, esd),
        _ => format!("{} (not determined)", plain(value)),
    }
}

/// The same as [`format()`], but the bare value where there is no uncertainty: for tables that say so in a column.
pub fn short(value: f64, esd: Option<f64>) -> String {
    match esd {
        Some(esd) if is_usable(value, esd) => bracketed(value, esd),
        _ => plain(value),
    }
}

/// A value alone: six significant digits, trailing zeros dropped.
///
/// ```
/// use corefine::report::esd::plain;
/// assert_eq!(plain(0.1 + 0.2), "0.3");
/// assert_eq!(plain(2.5e-9), "2.5e-9");
/// ```
pub fn plain(value: f64) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = exponent_of(value);
    if (-5..7).contains(&exponent) {
        return trimmed(&format!("{value:.*}", (5 - exponent).max(0) as usize)).to_owned();
    }
    let text = format!("{value:.5e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{power}", trimmed(mantissa))
}

/// Below 10⁻²⁹⁰ the powers of ten used here leave the range of f64.
fn is_usable(value: f64, esd: f64) -> bool {
    value.is_finite() && esd.is_finite() && esd > 1e-290
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// The power of ten of the first digit.
fn exponent_of(value: f64) -> i32 {
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

fn bracketed(value: f64, esd: f64) -> String {
    let (digits, place) = rule_of_19(esd);
    match place {
        -8..=-1 => format!("{}({digits})", unsigned_zero(format!("{value:.*}", place.unsigned_abs() as usize))),
        0..=4 => {
            let unit = 10_f64.powi(place);
            let rounded = unsigned_zero(format!("{:.0}", (value / unit).round() * unit));
            format!("{rounded}({:.0})", f64::from(digits) * unit)
        }
        _ => with_power(value, esd, digits, place),
    }
}

/// The uncertainty as `digits * 10^place`, digits from 2 to 19.
fn rule_of_19(esd: f64) -> (u32, i32) {
    // The standard library rounds the decimal digits exactly; logarithms would not at powers of ten.
    let (two, exponent) = leading(esd, 1);
    if two <= 19 {
        return (two, exponent - 1);
    }
    match leading(esd, 0) {
        (1, exponent) => (10, exponent - 1),
        one => one,
    }
}

/// The first `1 + decimals` digits as an integer, and the power of ten of the first.
fn leading(x: f64, decimals: usize) -> (u32, i32) {
    let text = format!("{x:.decimals$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or(("0", "0"));
    (mantissa.replace('.', "").parse().unwrap_or(0), power.parse().unwrap_or(0))
}

/// `1.20(3)e-9`.
fn with_power(value: f64, esd: f64, digits: u32, place: i32) -> String {
    let power = exponent_of(value.abs().max(esd)).max(place);
    let mantissa = unsigned_zero(format!("{:.*}", (power - place) as usize, value / 10_f64.powi(power)));
    format!("{mantissa}({digits})e{power}")
}

/// A value that rounds to nothing carries no sign.
fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_19() {
        let cases = [
            (0.19963, 0.00042, "0.1996(4)"),
            (12.34, 1.9, "12.3(19)"),
            (12.34, 1.949, "12.3(19)"),
            (12.34, 1.96, "12(2)"),
            (1234.0, 23.0, "1230(20)"),
            (1234.0, 15.0, "1234(15)"),
            (12346.0, 150.0, "12350(150)"),
            (1.977, 0.006, "1.977(6)"),
            (1.9774, 0.12, "1.98(12)"),
            (0.005441, 0.000071, "0.00544(7)"),
            (1.0, 0.001, "1.0000(10)"),
            (1.0, 0.00096, "1.0000(10)"),
            (1.0, 0.0094, "1.000(9)"),
            (90.0, 0.1, "90.00(10)"),
            (15.625, 3.1, "16(3)"),
        ];
        for (value, esd, text) in cases {
            assert_eq!(format(value, Some(esd)), text, "{value} with {esd}");
        }
    }

    #[test]
    fn small_and_negative_values_keep_their_place() {
        let cases = [
            (0.0003, 0.012, "0.000(12)"),
            (-0.0003, 0.012, "0.000(12)"),
            (-0.0133, 0.012, "-0.013(12)"),
            (0.0, 0.5, "0.0(5)"),
            (-1.9774, 0.0062, "-1.977(6)"),
            (0.5, 73.0, "0(70)"),
            (3.0, 260.0, "0(300)"),
            (-0.4, 3.0, "0(3)"),
        ];
        for (value, esd, text) in cases {
            assert_eq!(format(value, Some(esd)), text, "{value} with {esd}");
        }
    }

    #[test]
    fn far_from_one_a_power_of_ten_follows() {
        assert_eq!(format(1.2034e-9, Some(3.1e-11)), "1.20(3)e-9");
        assert_eq!(format(-4.5e-12, Some(3e-9)), "0(3)e-9");
        assert_eq!(format(1.23456e9, Some(2.3e6)), "1.235(2)e9");
        assert_eq!(format(3e7, Some(1.2e8)), "0.3(12)e8");
    }

    #[test]
    fn no_uncertainty_is_said() {
        for esd in [None, Some(f64::NAN), Some(-0.1), Some(f64::INFINITY)] {
            assert_eq!(format(1.9774, esd), "1.9774 (not determined)");
            assert_eq!(short(1.9774, esd), "1.9774");
        }
        assert_eq!(format(90.0, Some(0.0)), "90");
        assert_eq!(format(f64::NAN, Some(0.1)), "not a number (not determined)");
        assert_eq!(format(1.0, Some(1e-310)), "1 (not determined)");
    }

    #[test]
    fn plain_values() {
        let cases = [
            (1_234_567.8, "1234568"),
            (12_345_678.0, "1.23457e7"),
            (0.00001234567, "0.0000123457"),
            (-0.25, "-0.25"),
            (100.0, "100"),
            (0.0, "0"),
        ];
        for (value, text) in cases {
            assert_eq!(plain(value), text);
        }
    }
}
