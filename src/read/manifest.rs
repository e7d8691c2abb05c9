//! A manifest: the files of a series with numbers for each, as comma-separated values.

use super::ReadError;
use super::numbers::number;

/// What a manifest holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The names of the columns after `file`.
    pub columns: Vec<String>,
    /// For each line its file and a value for each column, `None` where the field is empty.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

const COLUMN: &str = "file";
const HINT: &str = "a manifest begins with a line such as file,temperature, and has a line for each file";

/// Is this the text of a manifest? Its first line that is no comment has to begin with the column `file`.
pub fn is_manifest(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| fields(line)[0].trim() == COLUMN)
}

/// Reads a manifest. Empty lines and lines that begin with `#` are passed over; a field may stand in quotes.
///
/// # Errors
/// A first line that does not begin with `file`, a column without a name or with one that was there before, a line with more or fewer
/// fields than the first, a field that is no number, no line of a file.
///
/// ```
/// let text = "file,temperature\n300K.gr,300\n\"a, b.gr\",\n";
/// let found = corefine::read::manifest::manifest(text, "m.csv").unwrap();
/// assert_eq!(found.columns, ["temperature"]);
/// assert_eq!(found.rows, [("300K.gr".to_owned(), vec![Some(300.0)]), ("a, b.gr".to_owned(), vec![None])]);
/// ```
pub fn manifest(text: &str, name: &str) -> Result<Manifest, ReadError> {
    if !is_manifest(text) {
        return Err(ReadError::missing(name, None, "there is no column \"file\" in front", HINT));
    }
    let mut lines = lines(text);
    let columns = lines.next().map_or_else(Vec::new, |(_, line)| columns(line));
    for (k, column) in columns.iter().enumerate() {
        if column.is_empty() || column == COLUMN || columns[..k].contains(column) {
            let message = format!("the column \"{column}\" has no name of its own");
            return Err(ReadError::syntax(name, Some(1), message, "give each column another name"));
        }
    }
    let rows = lines.map(|(at, line)| row(line, &columns, (name, at))).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ReadError::missing(name, None, "it names no files", HINT));
    }
    Ok(Manifest { columns, rows })
}

/// Lines with something to read, by their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    let told = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(move |(_, line)| told(line))
}

fn columns(line: &str) -> Vec<String> {
    fields(line).iter().skip(1).map(|field| field.trim().to_owned()).collect()
}

fn row(line: &str, columns: &[String], (name, at): (&str, usize)) -> Result<(String, Vec<Option<f64>>), ReadError> {
    let found = fields(line);
    if found.len() != columns.len() + 1 {
        let message = format!("{} fields, and {} columns have names", found.len(), columns.len() + 1);
        return Err(ReadError::syntax(
            name,
            Some(at),
            message,
            "give each line a field for each column; one may be empty",
        ));
    }
    let file = found[0].trim().to_owned();
    if file.is_empty() {
        return Err(ReadError::value(name, Some(at), "it names no file", HINT));
    }
    let value = |(text, column): (&String, &String)| match text.trim() {
        "" => Ok(None),
        text => number(text).map(Some).ok_or_else(|| {
            let message = format!("{column} is \"{text}\", which is no number");
            ReadError::value(
                name,
                Some(at),
                message,
                "columns after the file are numbers; leave a field empty for none",
            )
        }),
    };
    Ok((file, found[1..].iter().zip(columns).map(value).collect::<Result<_, _>>()?))
}

/// The fields of a line: commas and doubled quotes inside quotes belong to the field (RFC 4180).
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => push(&mut fields, '"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            letter => push(&mut fields, letter),
        }
    }
    fields
}

fn push(fields: &mut [String], letter: char) {
    if let Some(last) = fields.last_mut() {
        last.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = |text: &str| manifest(text, "m.csv").unwrap_err().to_string();
        assert!(wrong("a.gr,300\n").contains("no column \"file\""));
        assert!(wrong("file,t\n").contains("names no files"));
        assert!(wrong("file,t,t\na.gr,1,2\n").contains("\"t\" has no name of its own"));
        assert!(wrong("file,t\n# first\na.gr,1,2\n").starts_with("m.csv:3: 3 fields, and 2 columns have names"));
        assert!(wrong("file,t\na.gr,warm\n").starts_with("m.csv:2: t is \"warm\", which is no number"));
        assert!(wrong("file,t\n,1\n").starts_with("m.csv:2: it names no file"));
    }

    #[test]
    fn quotes_hold_commas_and_quotes() {
        assert_eq!(fields("\"a, \"\"b\"\"\",2,"), ["a, \"b\"", "2", ""]);
    }
}
