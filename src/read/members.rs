//! `ensemble.csv`: the members of an ensemble, as [`crate::report::members_csv`] writes them.

use super::ReadError;
use crate::outcome::Member;

/// Columns before the parameters: number, chain, converged, chi2, Rw.
const FIRST: usize = 5;

/// What an `ensemble.csv` holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Members {
    /// The comment lines `# key: value`: what the members were made of.
    pub made_of: Vec<(String, String)>,
    /// The line that names the columns.
    pub columns: String,
    /// A row of numbers for each member, one for each column.
    pub rows: Vec<Vec<f64>>,
}

/// Reads an `ensemble.csv`.
///
/// # Errors
/// A file without a line of names; a row that holds no numbers, or more or fewer of them than there are names.
///
/// ```
/// let text = "# seed: 7\nmember,chain,converged,chi2,rw,scale\n0,0,1,25.5,0.08,1.01\n";
/// let found = corefine::read::members::members(text, "ensemble.csv").unwrap();
/// assert_eq!(found.made_of, [("seed".to_owned(), "7".to_owned())]);
/// assert_eq!(found.taken(1, &[]).unwrap()[0].parameters, [1.01]);
/// ```
pub fn members(text: &str, name: &str) -> Result<Members, ReadError> {
    let mut found = Members { made_of: Vec::new(), columns: String::new(), rows: Vec::new() };
    for (at, line) in text.lines().enumerate() {
        match line.strip_prefix("# ") {
            Some(comment) => found.made_of.extend(comment.split_once(": ").map(owned)),
            None if found.columns.is_empty() => line.clone_into(&mut found.columns),
            None => found.rows.push(row(line, fields(&found.columns), (name, at + 1))?),
        }
    }
    if found.columns.is_empty() {
        return Err(ReadError::missing(name, None, "no line names the columns", HINT));
    }
    Ok(found)
}

const HINT: &str = "is it an ensemble.csv that corefine wrote?";

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// How many fields a line has: commas in quotes are none of its own.
fn fields(line: &str) -> usize {
    let outside = line.split('"').step_by(2);
    outside.map(|part| part.matches(',').count()).sum::<usize>() + 1
}

fn row(line: &str, columns: usize, (name, at): (&str, usize)) -> Result<Vec<f64>, ReadError> {
    let number = |text: &str| {
        let wrong = || ReadError::value(name, Some(at), format!("\"{text}\" is no number"), HINT);
        text.parse().map_err(|_| wrong())
    };
    let row = line.split(',').map(number).collect::<Result<Vec<f64>, _>>()?;
    if row.len() == columns {
        return Ok(row);
    }
    let message = format!("{} numbers in a row, and {columns} columns have names", row.len());
    Err(ReadError::syntax(name, Some(at), message, "was the file cut? take the row away"))
}

impl Members {
    /// The members, each with so many parameters and, for each kind of bonds, so many lengths; `None` where the rows are not as
    /// long as that makes them.
    pub fn taken(&self, parameters: usize, lengths: &[usize]) -> Option<Vec<Member>> {
        let width = FIRST + parameters + lengths.iter().sum::<usize>() + lengths.len();
        let member = |row: &Vec<f64>| (row.len() == width).then(|| member(row, parameters, lengths));
        self.rows.iter().map(member).collect()
    }

    /// The broken fraction of the k-th of so many kinds of bonds, of each member; `None` where there are not as many columns.
    pub fn fractions(&self, k: usize, kinds: usize) -> Option<Vec<f64>> {
        self.rows.iter().map(|row| row.get((row.len() + k).checked_sub(kinds)?).copied()).collect()
    }
}

fn member(row: &[f64], parameters: usize, lengths: &[usize]) -> Member {
    let (first, rest) = row.split_at(FIRST);
    let (values, mut rest) = rest.split_at(parameters);
    let mut next = |n: &usize| {
        let (own, others) = rest.split_at(*n);
        rest = others;
        own.to_vec()
    };
    Member {
        number: first[0] as usize,
        chain: first[1] as usize,
        converged: first[2] == 1.0,
        chi2: first[3],
        rw: first[4],
        parameters: values.to_vec(),
        lengths: lengths.iter().map(&mut next).collect(),
    }
}
