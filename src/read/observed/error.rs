//! What can be wrong with a data file.

use crate::forms::FormError;

/// A data file that holds no curve that could be used. Every message names the file, the line where there is one,
/// and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DataError {
    /// No bytes, or nothing but white space.
    #[error("{name}: the file is empty; was the reduction interrupted, or the disk full? Write it again")]
    Empty {
        /// The file.
        name: String,
    },
    /// Bytes that no text has.
    #[error(
        "{name}:{line}: byte 0x{byte:02x} does not occur in a text file; r and G(r) in columns of text are \
             expected (a compressed file must be unpacked first)"
    )]
    Binary {
        /// The file.
        name: String,
        /// Line of the first such byte.
        line: usize,
        /// The byte.
        byte: u8,
    },
    /// Text, but no rows of numbers.
    #[error("{name}: no row of numbers among its {lines} lines; two columns at least, r and G(r), are expected")]
    NoRows {
        /// The file.
        name: String,
        /// How many lines it has.
        lines: usize,
    },
    /// A row with a single number.
    #[error(
        "{name}:{line}: one number only, \"{text}\"; r and G(r) are expected in every row (a file cut short \
             ends like this)"
    )]
    OneColumn {
        /// The file.
        name: String,
        /// The line.
        line: usize,
        /// The row.
        text: String,
    },
    /// Something else than a number among the data.
    #[error("{name}:{line}: \"{text}\" is not a number; mend the row, or put # before it")]
    NotANumber {
        /// The file.
        name: String,
        /// The line.
        line: usize,
        /// The word.
        text: String,
    },
    /// r (or Q) goes back or stands still.
    #[error(
        "{name}:{line}: {axis} = {value} follows {axis} = {before}; it must ascend from row to row (sort the rows, \
             and remove repeated ones)"
    )]
    NotAscending {
        /// The file.
        name: String,
        /// The line.
        line: usize,
        /// `r` or `Q`.
        axis: &'static str,
        /// The value there.
        value: f64,
        /// The value in the row before.
        before: f64,
    },
    /// A detector that saw nothing.
    #[error("{name}: all {points} values are zero; this is a dead frame, measure or reduce it again, or leave it out")]
    AllZero {
        /// The file.
        name: String,
        /// How many points.
        points: usize,
    },
    /// Hardly a row that could be used.
    #[error("{name}: {points} usable rows, at least 2 are needed; {left_out} were left out (not finite, or r < 0)")]
    TooFew {
        /// The file.
        name: String,
        /// Usable rows.
        points: usize,
        /// Rows left out.
        left_out: usize,
    },
    /// Raw intensity, which has to be reduced first.
    #[error(
        "{name}: this is raw intensity, I(Q) or I(2theta), not G(r); `corefine reduce` makes a .gr file of it, and a job makes it on the way with `reduce: (composition: ...)`"
    )]
    RawIntensity {
        /// The file.
        name: String,
    },
    /// G(r) where S(Q) or F(Q) was wanted.
    #[error("{name}: no S(Q) or F(Q) file by its name or labels; .int01, .sq and .fq are read as such")]
    NotReciprocal {
        /// The file.
        name: String,
    },
    /// The column label names another unit.
    #[error("{name}:{line}: \"{label}\" is labelled in nm; r in Å and G in 1/Å² are expected, convert the columns")]
    Unit {
        /// The file.
        name: String,
        /// The line of the labels.
        line: usize,
        /// The label.
        label: String,
    },
    /// A fit file without the difference curve.
    #[error(
        "{name}: a fitted curve with {columns} columns; five are expected (r, Gcalc, dr, dG, Gobs - Gcalc), or a label \
             line that names Gobs, since the observed curve is what is refined against"
    )]
    NoObserved {
        /// The file.
        name: String,
        /// Its columns.
        columns: usize,
    },
    /// A form that cannot be brought to G(r) without numbers that the header does not say.
    #[error("{name}: {problem}")]
    Form {
        /// The file.
        name: String,
        /// What is missing.
        problem: FormError,
    },
}
