//! The words of lines, and numbers in haste: frames have millions of them.

use nalgebra::{Matrix3, Vector3};

use super::super::ReadError;
use super::super::numbers::number;

/// The lines of a text as its file numbers them, each with its words.
pub struct Lines<'a> {
    text: std::str::Lines<'a>,
    /// The file's name, for messages.
    pub name: &'a str,
    /// The line that came last.
    pub line: usize,
}

impl<'a> Lines<'a> {
    /// `first` is the number of the text's first line.
    pub fn new(bytes: &'a [u8], name: &'a str, first: usize) -> Result<Self, ReadError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| ReadError::binary(name, "the file is binary, not text", super::source::HINT))?;
        Ok(Self { text: text.lines(), name, line: first.saturating_sub(1) })
    }

    /// The next line, empty where there is none.
    pub fn next(&mut self) -> &'a str {
        self.line += 1;
        self.text.next().unwrap_or_default()
    }

    /// So many numbers at the start of the next line.
    pub fn numbers<const N: usize>(&mut self, what: &str) -> Result<[f64; N], ReadError> {
        let line = self.next();
        let mut words = line.split_ascii_whitespace();
        let mut numbers = [0.0; N];
        for place in &mut numbers {
            *place = self.number(words.next().unwrap_or("nothing"), what)?;
        }
        Ok(numbers)
    }

    /// A number that a word of the last line stands for.
    pub fn number(&self, word: &str, what: &str) -> Result<f64, ReadError> {
        quick(word).or_else(|| number(word)).ok_or_else(|| {
            let word: String = word.chars().take(40).collect();
            self.wrong(format!("{what}: \"{word}\" is no number"), "every position and cell vector is a finite number")
        })
    }

    /// A complaint about the last line.
    pub fn wrong(&self, message: impl Into<String>, hint: &str) -> ReadError {
        ReadError::value(self.name, Some(self.line), message, hint)
    }
}

/// Powers of ten that are exact.
const TENS: [f64; 20] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19];

/// A plain decimal such as `-0.01127708`, rounded as always: its digits and its power of ten are both exact, and one division rounds
/// once. `None` for any other word, among it numbers of more than fifteen digits.
pub fn quick(word: &str) -> Option<f64> {
    let bytes = word.as_bytes();
    let (negative, digits) = match bytes.first()? {
        b'-' => (true, &bytes[1..]),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 16 {
        return word.parse().ok().filter(|value: &f64| value.is_finite() && starts_as_number(digits));
    }
    let (mut whole, mut decimals, mut point) = (0_u64, 0, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                whole = 10 * whole + u64::from(byte - b'0');
                decimals += usize::from(point);
            }
            b'.' if !point && digits.len() > 1 => point = true,
            _ => return None,
        }
    }
    // Sixteen digits without a point may be more than what is exact.
    let value = if whole < 1 << 53 { whole as f64 / TENS.get(decimals)? } else { return None };
    Some(if negative { -value } else { value })
}

fn starts_as_number(digits: &[u8]) -> bool {
    digits.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// The cell vectors as columns, and what turns positions into fractions.
pub fn cell(vectors: [[f64; 3]; 3], wrong: impl Fn(&str, &str) -> ReadError) -> Result<[Matrix3<f64>; 2], ReadError> {
    let basis = Matrix3::from_columns(&vectors.map(Vector3::from));
    let inverse = basis.try_inverse().filter(|_| basis.determinant().abs() > 1e-6);
    let flat = || wrong("the three vectors of the cell lie in a plane", "a trajectory needs a periodic cell in Å");
    Ok([basis, inverse.ok_or_else(flat)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_numbers_are_those_of_the_standard_library() {
        let mut seed = 1_u64;
        for digits in 1..18 {
            for _ in 0..2000 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let text = format!(
                    "{}{:.*}",
                    if seed.is_multiple_of(2) { "-" } else { "" },
                    digits,
                    (seed >> 11) as f64 * 1e-14
                );
                assert_eq!(quick(&text).map(f64::to_bits), Some(text.parse::<f64>().unwrap().to_bits()), "{text}");
            }
        }
        for (text, value) in [("5", Some(5.0)), (".5", Some(0.5)), ("5.", Some(5.0)), ("-0", Some(-0.0))] {
            assert_eq!(quick(text), value, "{text}");
        }
        for text in ["", "-", ".", "nan", "inf", "1e5", "1.2.3", "NaN", "infinity_and_beyond", "0x10"] {
            assert_eq!(quick(text), None, "{text}");
        }
    }
}
