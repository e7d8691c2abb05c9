//! What the command says on stderr: one line for a warning, an error with its hint.

use std::fmt;

/// Why the command could not run: one message, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hint: None }
    }

    pub fn with_hint(message: impl fmt::Display, hint: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hint: Some(hint.to_string()) }
    }

    /// On one line, as part of another message.
    pub fn words(&self) -> String {
        let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        format!("{}{hint}", self.message).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The library's errors say what is wrong, a semicolon, and what to do.
    pub fn of(error: impl fmt::Display) -> Self {
        let text = error.to_string();
        match text.match_indices("; ").find(|(at, _)| is_outside_brackets(&text[..*at])) {
            Some((at, _)) => Self::with_hint(&text[..at], &text[at + 2..]),
            None => Self::new(text),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

fn is_outside_brackets(before: &str) -> bool {
    before.matches('(').count() == before.matches(')').count()
}

/// Prints a warning on one line, whatever its text.
pub fn warn(text: &str) {
    eprintln!("warning: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
}

/// Prints what is good to know and no cause for worry.
pub fn note(text: &str) {
    eprintln!("note: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
}

/// Prints each warning once.
pub fn warn_of(texts: &[String]) {
    for (i, text) in texts.iter().enumerate() {
        if !texts[..i].contains(text) {
            warn(text);
        }
    }
}
