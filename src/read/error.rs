//! Why a file could not be read: one shape of message for every reader.

use std::fmt;

/// Why a file could not be read. Every variant names the file, the line where there is one, and what to do.
///
/// ```
/// use corefine::read::ReadError;
/// let error = ReadError::value("co.cif", Some(31), "occupancy \"abc\" is no number", "write a number from 0 to 1");
/// assert_eq!(error.to_string(), "co.cif:31: occupancy \"abc\" is no number; write a number from 0 to 1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file has no content.
    #[error("{0}")]
    Empty(Complaint),
    /// The file is no text.
    #[error("{0}")]
    Binary(Complaint),
    /// Nothing tells which format the file has.
    #[error("{0}")]
    UnknownFormat(Complaint),
    /// The file breaks the grammar of its format: a quote without an end, a loop cut short.
    #[error("{0}")]
    Syntax(Complaint),
    /// A value cannot be what it stands for: an occupancy that is no number, an element that does not exist.
    #[error("{0}")]
    Value(Complaint),
    /// Something that a structure or a curve needs is not in the file.
    #[error("{0}")]
    Missing(Complaint),
}

/// What is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// What is wrong, with the offending value.
    pub message: String,
    /// What was allowed, and what to do.
    pub hint: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", place(&self.file, self.line), self.message, self.hint)
    }
}

/// `co.cif:31`, or the file alone.
pub(crate) fn place(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

impl Complaint {
    fn new(file: &str, line: Option<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into(), hint: hint.into() }
    }
}

impl ReadError {
    /// The file has no content.
    pub fn empty(file: &str) -> Self {
        Self::Empty(Complaint::new(file, None, "the file is empty", "check that it was saved or copied whole"))
    }

    /// The file is no text.
    pub fn binary(file: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Binary(Complaint::new(file, None, message, hint))
    }

    /// Nothing tells which format the file has.
    pub fn unknown_format(file: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::UnknownFormat(Complaint::new(file, None, message, hint))
    }

    /// The file breaks the grammar of its format.
    pub fn syntax(file: &str, line: Option<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Syntax(Complaint::new(file, line, message, hint))
    }

    /// A value cannot be what it stands for.
    pub fn value(file: &str, line: Option<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Value(Complaint::new(file, line, message, hint))
    }

    /// Something needed is not in the file.
    pub fn missing(file: &str, line: Option<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Missing(Complaint::new(file, line, message, hint))
    }

    /// The parts of the message.
    pub fn complaint(&self) -> &Complaint {
        match self {
            Self::Empty(c)
            | Self::Binary(c)
            | Self::UnknownFormat(c)
            | Self::Syntax(c)
            | Self::Value(c)
            | Self::Missing(c) => c,
        }
    }
}
