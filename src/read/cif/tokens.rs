//! The words of a CIF: tags, values, `data_` and `loop_`, with the line each stands on.
//!
//! The grammar is that of CIF 1.1 (Hall, Allen & Brown 1991, Acta Cryst. A47, 655; International Tables G, 2.2).

use crate::read::ReadError;

/// One word of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// Line, counted from 1.
    pub line: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `data_NAME`.
    Data(String),
    /// `save_NAME` or the closing `save_`.
    Save,
    /// `loop_`.
    Loop,
    /// `_atom_site_label`, in lower case with `.` replaced by `_`, so that one name serves every dictionary.
    Tag(String),
    /// A value; `bare` if it stood without quotes, and `?` and `.` may mean nothing.
    Value { text: String, bare: bool },
    /// What stands behind a `#`.
    Comment(String),
}

/// All words of the text.
///
/// # Errors
/// A quote or a text block without its end.
pub(super) fn tokens(text: &str, name: &str) -> Result<Vec<Token>, ReadError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some(first) = lines[at].strip_prefix(';') {
            at = text_block(&lines, at, first, name, &mut found)?;
        } else {
            line_tokens(lines[at], at + 1, name, &mut found)?;
            at += 1;
        }
    }
    Ok(found)
}

/// Reads the text block that opens on line `start` (counted from 0); gives the line to go on with.
fn text_block(
    lines: &[&str],
    start: usize,
    first: &str,
    name: &str,
    found: &mut Vec<Token>,
) -> Result<usize, ReadError> {
    let end = (start + 1..lines.len()).find(|&i| lines[i].starts_with(';')).ok_or_else(|| {
        ReadError::syntax(
            name,
            Some(start + 1),
            "the text block that opens with \";\" here has no end",
            "close it with a line that starts with \";\", or fetch the file again if it was cut short",
        )
    })?;
    let mut text = first.to_owned();
    for line in &lines[start + 1..end] {
        text.push('\n');
        text.push_str(line);
    }
    found.push(Token { line: start + 1, kind: Kind::Value { text, bare: false } });
    line_tokens(&lines[end][1..], end + 1, name, found)?;
    Ok(end + 1)
}

/// The words of one line.
fn line_tokens(line: &str, number: usize, name: &str, found: &mut Vec<Token>) -> Result<(), ReadError> {
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (kind, after) = match first {
            '#' => (Kind::Comment(rest[1..].to_owned()), ""),
            '\'' | '"' => quoted(rest, first).ok_or_else(|| open_quote(rest, first, number, name))?,
            _ => bare(rest),
        };
        found.push(Token { line: number, kind });
        rest = after.trim_start();
    }
    Ok(())
}

/// A quoted value: the quote ends it only where a blank or the line's end follows (`'a dog's life'` is one value).
fn quoted(rest: &str, quote: char) -> Option<(Kind, &str)> {
    let body = &rest[1..];
    let end = body
        .match_indices(quote)
        .map(|(i, _)| i)
        .find(|&i| body[i + 1..].chars().next().is_none_or(char::is_whitespace))?;
    Some((Kind::Value { text: body[..end].to_owned(), bare: false }, &body[end + 1..]))
}

fn open_quote(rest: &str, quote: char, line: usize, name: &str) -> ReadError {
    let shown: String = rest.chars().take(40).collect();
    ReadError::syntax(
        name,
        Some(line),
        format!("the quote that opens at {shown} is not closed on its line"),
        format!("close it with {quote} before a blank, or use a text block between lines that start with \";\""),
    )
}

/// A word without quotes: it ends at the next blank.
fn bare(rest: &str) -> (Kind, &str) {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    (kind_of(word), after)
}

fn kind_of(word: &str) -> Kind {
    if word.starts_with('_') {
        return Kind::Tag(word.to_lowercase().replace('.', "_"));
    }
    let starts = |prefix: &str| word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts("data_") {
        Kind::Data(word[5..].to_owned())
    } else if starts("save_") {
        Kind::Save
    } else if word.eq_ignore_ascii_case("loop_") {
        Kind::Loop
    } else {
        Kind::Value { text: word.to_owned(), bare: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        tokens(text, "t.cif")
            .unwrap()
            .into_iter()
            .filter_map(|t| if let Kind::Value { text, .. } = t.kind { Some(text) } else { None })
            .collect()
    }

    #[test]
    fn quotes_end_before_blanks_only() {
        assert_eq!(values("'a dog's life' \"5'\" 5'-ATP x#y # z"), ["a dog's life", "5'", "5'-ATP", "x#y"]);
        assert_eq!(values("'' \"\""), ["", ""]);
    }

    #[test]
    fn text_blocks_keep_their_lines() {
        assert_eq!(values("_a\n;one\n two\n;\n_b 3"), ["one\n two", "3"]);
        assert_eq!(values("_a\n;\none\n; 4\n"), ["\none", "4"]);
    }

    #[test]
    fn what_has_no_end_is_named_by_its_line() {
        let error = tokens("data_x\n_a 'open\n", "t.cif").unwrap_err().to_string();
        assert!(error.starts_with("t.cif:2: the quote"), "{error}");
        let error = tokens("data_x\n_a\n;open\n", "t.cif").unwrap_err().to_string();
        assert!(error.starts_with("t.cif:3: the text block"), "{error}");
    }

    #[test]
    fn tags_are_one_name_in_every_dictionary() {
        let found = tokens("_Atom_Site.Fract_X DATA_q LOOP_", "t.cif").unwrap();
        assert_eq!(found[0].kind, Kind::Tag("_atom_site_fract_x".into()));
        assert_eq!(found[1].kind, Kind::Data("q".into()));
        assert_eq!(found[2].kind, Kind::Loop);
    }
}
