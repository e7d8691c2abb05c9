//! What can be wrong with patterns and settings of a reduction.

/// A reduction that cannot be. Every message names the file where there is one, the value, what is allowed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReduceError {
    /// A setting cannot be, alone or beside another.
    #[error("{0}")]
    Setting(String),
    /// The formula cannot be read, or an element has no form factor.
    #[error("composition \"{formula}\": {problem}; write symbols with counts, such as Co C6.5 H5 N4 or Ca(OH)2")]
    Composition {
        /// The formula as it was given.
        formula: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The first column is not what it was taken for, or nothing says what it is.
    #[error("{file}: {problem}; {hint}")]
    Abscissa {
        /// The pattern's file.
        file: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// A pattern has no usable intensity where the settings want it.
    #[error("{file}: {problem}; {hint}")]
    Intensity {
        /// The pattern's file.
        file: String,
        /// What is wrong, and at which Q.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// A background that does not belong to the sample's pattern.
    #[error("{file}: {problem}; {hint}")]
    Background {
        /// The background's file.
        file: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
}

impl ReduceError {
    pub(super) fn abscissa(file: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Abscissa { file: file.to_owned(), problem: problem.into(), hint: hint.into() }
    }

    pub(super) fn intensity(file: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Intensity { file: file.to_owned(), problem: problem.into(), hint: hint.into() }
    }

    pub(super) fn background(file: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Background { file: file.to_owned(), problem: problem.into(), hint: hint.into() }
    }
}
