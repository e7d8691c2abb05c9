//! Where the header ends and the columns begin.

use super::DataError;
use super::text::{number, numbers, words};

/// A file taken apart into header lines and rows of numbers.
pub(in crate::read) struct Sheet<'a> {
    /// Everything before the first row, with line numbers (1-based).
    pub header: Vec<(usize, &'a str)>,
    /// The rows, none empty.
    pub rows: Vec<Row>,
    /// Line at which a second data set begins, which is not read.
    pub second: Option<usize>,
}

/// One row of numbers.
pub(in crate::read) struct Row {
    /// Its line, 1-based.
    pub line: usize,
    /// Its numbers.
    pub values: Vec<f64>,
}

impl Sheet<'_> {
    /// The number of columns that every row has.
    pub fn columns(&self) -> usize {
        self.rows.iter().map(|row| row.values.len()).min().unwrap_or(0)
    }

    /// A row that has more columns than another, if any.
    pub fn ragged(&self) -> Option<usize> {
        let columns = self.columns();
        self.rows.iter().find(|row| row.values.len() > columns).map(|row| row.line)
    }
}

/// Takes a text apart. Headers hold rows of numbers too (tables of detectors and banks): the data begin after the
/// line `start data` where there is one, and with the first three rows in a row otherwise.
pub(in crate::read) fn split<'a>(text: &'a str, name: &str) -> Result<Sheet<'a>, DataError> {
    let lines: Vec<&str> = text.lines().collect();
    let after_mark = lines.iter().position(|line| starts_data(line)).map_or(0, |at| at + 1);
    let Some(start) = first_row(&lines, after_mark) else {
        return Err(no_rows(&lines, name));
    };
    let header = lines[..start].iter().enumerate().map(|(i, line)| (i + 1, *line)).collect();
    let (rows, second) = rows(&lines, start, name)?;
    Ok(Sheet { header, rows, second })
}

fn starts_data(line: &str) -> bool {
    line.trim_start()
        .strip_prefix('#')
        .is_some_and(|rest| rest.trim_matches(['#', ' ', '\t']).eq_ignore_ascii_case("start data"))
}

fn first_row(lines: &[&str], from: usize) -> Option<usize> {
    let is_row = |line: &str| numbers(line).is_some_and(|values| values.len() > 1);
    let mut run = 0;
    for (i, line) in lines.iter().enumerate().skip(from) {
        run = if is_row(line) { run + 1 } else { 0 };
        if run == 3 {
            return Some(i - 2);
        }
    }
    (from..lines.len()).find(|&i| is_row(lines[i]))
}

fn no_rows(lines: &[&str], name: &str) -> DataError {
    let single = lines.iter().position(|line| numbers(line).is_some());
    match single {
        Some(at) => one_column(name, at + 1, lines[at]),
        None => DataError::NoRows { name: name.to_owned(), lines: lines.len() },
    }
}

fn one_column(name: &str, line: usize, text: &str) -> DataError {
    DataError::OneColumn { name: name.to_owned(), line, text: excerpt(text) }
}

/// Enough of a text to know it again.
pub(super) fn excerpt(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

fn rows(lines: &[&str], start: usize, name: &str) -> Result<(Vec<Row>, Option<usize>), DataError> {
    let mut rows = Vec::new();
    for (i, line) in lines.iter().enumerate().skip(start) {
        if line.trim_start().starts_with("#S ") {
            return Ok((rows, Some(i + 1)));
        }
        if !is_comment(line) {
            rows.push(row(line, i + 1, name)?);
        }
    }
    Ok((rows, None))
}

fn is_comment(line: &str) -> bool {
    words(line).next().is_none_or(|word| word.starts_with(['#', '!', '%']))
}

fn row(text: &str, line: usize, name: &str) -> Result<Row, DataError> {
    let Some(values) = numbers(text) else {
        let word = words(text).find(|word| number(word).is_none()).unwrap_or_default();
        return Err(DataError::NotANumber { name: name.to_owned(), line, text: excerpt(word) });
    };
    if values.len() < 2 {
        return Err(one_column(name, line, text));
    }
    Ok(Row { line, values })
}
