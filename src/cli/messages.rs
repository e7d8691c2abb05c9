//! What the command says: what it found on stdout, or one JSON document there; one line for a warning, an error with its hint, on stderr.

use std::fmt;
use std::sync::{Mutex, OnceLock};

use serde_json::{Map, Value, json};

use super::held::held;

/// How the command speaks on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Lines for people.
    Plain,
    /// Nothing.
    Quiet,
    /// One JSON document at the end.
    Json,
}

/// Chosen once, before anything is said.
static VOICE: OnceLock<Voice> = OnceLock::new();

/// What the JSON document will hold.
static DOCUMENT: Mutex<Vec<(String, Value)>> = Mutex::new(Vec::new());

/// The lines that would have been printed.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Chooses how the command speaks; the first choice holds.
pub fn speak(voice: Voice) {
    let _ = VOICE.set(voice);
}

/// How the command speaks.
pub fn voice() -> Voice {
    VOICE.get().copied().unwrap_or(Voice::Plain)
}

/// Says a line on stdout, where people read it.
pub fn say(line: &str) {
    match voice() {
        Voice::Plain => println!("{line}"),
        Voice::Quiet => {}
        Voice::Json => held(&SAID).push(line.to_owned()),
    }
}

/// [`say`] with a format.
macro_rules! tell {
    () => { $crate::cli::messages::say("") };
    ($($part:tt)*) => { $crate::cli::messages::say(&format!($($part)*)) };
}
pub(crate) use tell;

/// What a machine reads of the run: the fields of an object join the document, and those of an earlier one stay.
pub fn summary(found: Value) {
    if let (Voice::Json, Value::Object(fields)) = (voice(), found) {
        held(&DOCUMENT).extend(fields);
    }
}

/// A report's JSON as part of the document.
pub fn parsed(report: &str) -> Value {
    // A report is JSON; if it were none, the document would lack it.
    serde_json::from_str(report).unwrap_or_default()
}

/// Prints the document, if one was asked for: `verb exit_code`, `error` and `hint` of a failure, what the verb found, and `said`, the lines for people.
pub fn finish(verb: &str, exit_code: u8, failure: Option<&Failure>) {
    if voice() != Voice::Json {
        return;
    }
    let mut document = Map::new();
    document.insert("verb".to_owned(), json!(verb));
    document.insert("exit_code".to_owned(), json!(exit_code));
    if let Some(failure) = failure {
        document.insert("error".to_owned(), json!(failure.message));
        document.insert("hint".to_owned(), json!(failure.hint));
    }
    document.extend(held(&DOCUMENT).drain(..));
    let said: Vec<String> = held(&SAID).drain(..).collect();
    document.insert("said".to_owned(), json!(said));
    println!("{:#}", Value::Object(document));
}

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
    if voice() == Voice::Quiet {
        return;
    }
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
