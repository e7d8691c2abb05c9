//! The words of lines, and numbers in haste: frames have millions of them.

use memchr::memchr;
use nalgebra::{Matrix3, Vector3};

use super::super::ReadError;
use super::super::numbers::number;

/// The lines of a text as its file numbers them, each with its words.
pub struct Lines<'a> {
    text: &'a str,
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
        Ok(Self { text, name, line: first.saturating_sub(1) })
    }

    /// The next line, empty where there is none.
    pub fn next(&mut self) -> &'a str {
        self.line += 1;
        let (line, rest) =
            self.text.split_at(memchr(b'\n', self.text.as_bytes()).map_or(self.text.len(), |end| end + 1));
        self.text = rest;
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// What `read` finds in the next line; where it finds nothing, the line has not come yet.
    ///
    /// In haste: most lines are plain, and those that are not can be looked at again, word by word.
    pub fn hasty<T>(&mut self, read: impl FnOnce(&mut Cursor<'a>) -> Option<T>) -> Option<T> {
        let mut cursor = Cursor { rest: self.text.as_bytes() };
        let found = read(&mut cursor)?;
        let read = self.text.len() - cursor.rest.len();
        let end = memchr(b'\n', cursor.rest).map_or(self.text.len(), |end| read + end + 1);
        self.line += 1;
        self.text = &self.text[end..];
        Some(found)
    }

    /// So many numbers at the start of the next line.
    pub fn numbers<const N: usize>(&mut self, what: &str) -> Result<[f64; N], ReadError> {
        if let Some(numbers) = self.hasty(Cursor::numbers) {
            return Ok(numbers);
        }
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

/// The rest of a line, and of the lines behind it, which it does not go on to.
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// The next word of the line, empty where there is none.
    pub fn word(&mut self) -> &'a [u8] {
        let start = self.rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(self.rest.len());
        let rest = &self.rest[start..];
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        word
    }

    /// The next word, if it is a number.
    pub fn number(&mut self) -> Option<f64> {
        let start = self.rest.iter().position(|byte| !is_blank(*byte))?;
        let rest = &self.rest[start..];
        match plain(rest) {
            Some((value, length)) if rest.get(length).is_none_or(u8::is_ascii_whitespace) => {
                self.rest = &rest[length..];
                Some(value)
            }
            _ => std::str::from_utf8(self.word()).ok().and_then(any),
        }
    }

    /// The next words, if they are numbers.
    pub fn numbers<const N: usize>(&mut self) -> Option<[f64; N]> {
        let mut numbers = [0.0; N];
        for place in &mut numbers {
            *place = self.number()?;
        }
        Some(numbers)
    }

    /// The next word, if it is a whole number without a sign.
    pub fn whole(&mut self) -> Option<usize> {
        std::str::from_utf8(self.word()).ok()?.parse().ok()
    }
}

/// Does a byte stand between words of one line?
fn is_blank(byte: u8) -> bool {
    byte != b'\n' && byte.is_ascii_whitespace()
}

/// Powers of ten that are exact.
const TENS: [f64; 20] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19];

/// Whole numbers below this are exact.
const EXACT: u64 = 1 << 53;

/// Digits that a whole number of 64 bits always has room for.
const DIGITS: usize = 19;

/// A finite number as any program writes it, without brackets and without Fortran's D.
pub fn quick(word: &str) -> Option<f64> {
    match plain(word.as_bytes()) {
        Some((value, length)) if length == word.len() => Some(value),
        _ => any(word),
    }
}

/// A number that is more than a plain decimal.
fn any(word: &str) -> Option<f64> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    word.parse().ok().filter(|value: &f64| starts_well && value.is_finite())
}

/// The plain decimal at the start of a text, such as `-0.01127708`, and its length. It is rounded as always: its digits and its power of
/// ten are both exact, and one division rounds once. `None` for any other start, among it numbers with more digits than are exact.
fn plain(text: &[u8]) -> Option<(f64, usize)> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let (whole, before) = digits(0, &text[sign..]);
    let (mut length, mut whole, mut decimals) = (sign + before, whole, 0);
    if text.get(length) == Some(&b'.') {
        (whole, decimals) = digits(whole, &text[length + 1..]);
        length += 1 + decimals;
    }
    if !(1..=DIGITS).contains(&(before + decimals)) || whole >= EXACT {
        return None;
    }
    let value = whole as f64 / TENS[decimals];
    Some((if sign == 1 { -value } else { value }, length))
}

/// A whole number with the digits at the start of a text behind it, and how many these are. Of too many digits it holds the last ones.
#[inline]
fn digits(mut whole: u64, text: &[u8]) -> (u64, usize) {
    let mut rest = text;
    while let Some(value) = rest.first_chunk().and_then(|eight| eight_digits(*eight)) {
        whole = whole.wrapping_mul(100_000_000).wrapping_add(value);
        rest = &rest[8..];
    }
    while let Some((byte @ b'0'..=b'9', behind)) = rest.split_first() {
        whole = whole.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        rest = behind;
    }
    (whole, text.len() - rest.len())
}

/// What eight digits stand for, all at once: each two neighbours become a number up to 99, each two of these one up to 9999 ...
#[inline]
fn eight_digits(bytes: [u8; 8]) -> Option<u64> {
    let each = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    // A byte above 9 has a bit of its upper half set, or sets one when 6 is added.
    if (each | each.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let twos = (each.wrapping_mul(10) + (each >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100) + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff)
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

    /// What a word of a line stands for, by either way.
    fn both(word: &str) -> [Option<u64>; 2] {
        let text = format!("  {word}\tnext");
        let mut cursor = Cursor { rest: text.as_bytes() };
        [quick(word), cursor.number()].map(|value| value.map(f64::to_bits))
    }

    #[test]
    fn quick_numbers_are_those_of_the_standard_library() {
        let mut seed = 1_u64;
        for digits in 1..24 {
            for _ in 0..2000 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let sign = if seed.is_multiple_of(2) { "-" } else { "" };
                // From 1e-5 to 1e8 before the point.
                let value = (seed >> 11) as f64 * 10_f64.powi((seed >> 5) as i32 % 14 - 21);
                let text = format!("{sign}{value:.digits$}");
                assert_eq!(both(&text), [Some(text.parse::<f64>().unwrap().to_bits()); 2], "{text}");
            }
        }
    }

    #[test]
    fn numbers_of_every_spelling() {
        let spelled =
            ["5", ".5", "5.", "-0", "+1.0", "1e5", "-1.5E-3", "+.5e+2", "007.50", "1e-400", "9007199254740993"];
        let long = [
            "0.1234567890123456789",
            "12345678901234567890123",
            "0.00000000000000000000000000001",
            "18446744073709551617",
        ];
        for text in spelled.into_iter().chain(long) {
            assert_eq!(both(text), [Some(text.parse::<f64>().unwrap().to_bits()); 2], "{text}");
        }
        // Brackets and Fortran's D are left to those who look twice.
        for text in [
            "-",
            ".",
            "-.",
            "nan",
            "inf",
            "-inf",
            "1.2.3",
            "NaN",
            "infinity_and_beyond",
            "0x10",
            "--1",
            "1e999",
            "1.D0",
            "1(2)",
        ] {
            assert_eq!(both(text), [None; 2], "{text}");
        }
        let lines = Lines::new(b"", "file", 1).unwrap();
        assert_eq!(["1.D0", "1.5(2)", "2.5d-1"].map(|word| lines.number(word, "").unwrap()), [1.0, 1.5, 0.25]);
    }

    /// Words end with the line, as numbers of a line that has too few must not be taken from the next one.
    #[test]
    fn a_cursor_stays_in_its_line() {
        let mut lines = Lines::new(b"1 2\r\n3 4 5 more\n\n 6 7 8", "file", 1).unwrap();
        assert!(lines.numbers::<3>("a position").is_err());
        assert_eq!((lines.numbers::<3>("a position").unwrap(), lines.line), ([3.0, 4.0, 5.0], 2));
        assert!(lines.numbers::<1>("a position").is_err());
        assert_eq!((lines.numbers::<3>("a position").unwrap(), lines.line), ([6.0, 7.0, 8.0], 4));
        assert_eq!((lines.next(), lines.line), ("", 5));
    }
}
