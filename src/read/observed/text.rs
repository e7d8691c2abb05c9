//! Bytes to text, and words to numbers.

use super::DataError;

/// The text of a file: UTF-8, UTF-16 with its mark, or Latin-1 (an `Å` as older programs wrote it), with `\n` between lines.
pub(in crate::read) fn decode(bytes: &[u8], name: &str) -> Result<String, DataError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => eight_bit(bytes, name)?,
    };
    if text.trim().is_empty() {
        return Err(DataError::Empty { name: name.to_owned() });
    }
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn eight_bit(bytes: &[u8], name: &str) -> Result<String, DataError> {
    if let Some(at) = bytes.iter().position(|&byte| !is_text(byte)) {
        let line = bytes[..=at].split(|&byte| byte == b'\n').count();
        return Err(DataError::Binary { name: name.to_owned(), line, byte: bytes[at] });
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    })
}

/// Control characters betray a binary file, but for white space and the Ctrl-Z with which DOS ends one.
fn is_text(byte: u8) -> bool {
    byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a)
}

/// The words of a row: separated by white space, commas or semicolons.
pub(in crate::read) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '\u{1a}')).filter(|word| !word.is_empty())
}

/// Everything of a row as numbers; `None` where a word is none, or there is no word.
pub(super) fn numbers(line: &str) -> Option<Vec<f64>> {
    let values: Option<Vec<f64>> = words(line).map(number).collect();
    values.filter(|values| !values.is_empty())
}

/// A number as programs print it: `1.0e-002`, Fortran's `1.0D-02`, and as NaN what no number could be printed for
/// (`-NaN`, `-1.#IND`, `****`).
pub(in crate::read) fn number(word: &str) -> Option<f64> {
    if not_a_number(word) {
        return Some(f64::NAN);
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) && !is_infinity(word) {
        return None;
    }
    word.parse().ok().or_else(|| word.replace(['d', 'D'], "e").parse().ok())
}

fn is_infinity(word: &str) -> bool {
    ["inf", "infinity"].iter().any(|spelling| word.eq_ignore_ascii_case(spelling))
}

fn not_a_number(word: &str) -> bool {
    let bare = word.trim_start_matches(['+', '-']).to_ascii_lowercase();
    bare.starts_with("1.#")
        || matches!(bare.as_str(), "nan" | "nan(ind)" | "nanq")
        || (bare.len() > 1 && bare.bytes().all(|b| b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_spelling_met() {
        for (word, want) in
            [("1.0e-002", 0.01), ("1.0D-02", 0.01), ("-.54068219E-01", -0.054068219), ("+5", 5.0), ("6.e1", 60.0)]
        {
            assert_eq!(number(word), Some(want), "{word}");
        }
        for word in ["-NaN", "nan", "-1.#IND", "1.#QNAN", "*****"] {
            assert!(number(word).unwrap().is_nan(), "{word}");
        }
        for word in ["", "#", "abc", "1.2.3", "e5", "--1", "0x10", "data", "*"] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    #[test]
    fn an_angstrom_sign_in_latin_1_is_text() {
        assert_eq!(decode(b"r(\xc5)\r\n1 2\r", "x").unwrap(), "r(Å)\n1 2\n");
    }

    #[test]
    fn utf_16_of_a_windows_editor_is_text() {
        let bytes = [0xff, 0xfe, b'1', 0, b' ', 0, b'2', 0];
        assert_eq!(decode(&bytes, "x").unwrap(), "1 2");
    }
}
