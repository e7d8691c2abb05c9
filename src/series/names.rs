//! Names of frames: in which order they stand, and which folder each gets.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The order in which people count: numbers inside names by their value, so that `ss_9` comes before `ss_10`.
///
/// ```
/// let mut names = ["300K.gr", "1050K.gr", "a10", "a9"];
/// names.sort_by(|a, b| corefine::series::natural(a, b));
/// assert_eq!(names, ["300K.gr", "1050K.gr", "a9", "a10"]);
/// ```
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while !left.is_empty() && !right.is_empty() {
        let (one, other) = (token(left), token(right));
        let found = match (digits(one), digits(other)) {
            // Without their zeros in front, longer numbers are larger.
            (Some(x), Some(y)) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)),
            _ => one.cmp(other),
        };
        if found != Ordering::Equal {
            return found;
        }
        (left, right) = (&left[one.len()..], &right[other.len()..]);
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The digits at the head of a text, or what stands before its next digit.
fn token(text: &str) -> &str {
    let number = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != number).unwrap_or(text.len());
    &text[..end]
}

fn digits(token: &str) -> Option<&str> {
    token.starts_with(|c: char| c.is_ascii_digit()).then(|| token.trim_start_matches('0'))
}

/// Longer names are cut: file systems take 255 bytes, and a number may follow.
const LONGEST: usize = 100;

/// The names that are taken. Names that differ in capitals only are one: some file systems do not tell them apart.
#[derive(Debug, Clone, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A name for a frame that nobody has yet, from the name of its file without ending: letters, digits and `. _ - +` only, so that
    /// it is one folder and stays where it is put.
    ///
    /// ```
    /// let mut names = corefine::series::Names::default();
    /// assert_eq!(names.take("scan 300K"), "scan_300K");
    /// assert_eq!(names.take("scan 300K"), "scan_300K-2");
    /// assert_eq!(names.take("../../etc"), "_._.._etc");
    /// assert_eq!((names.take(""), names.take("..")), ("_".to_owned(), "_.".to_owned()));
    /// ```
    pub fn take(&mut self, stem: &str) -> String {
        let base = plain(stem);
        let mut name = base.clone();
        let mut more = 1;
        while !self.taken.insert(name.to_lowercase()) {
            more += 1;
            name = format!("{base}-{more}");
        }
        name
    }
}

fn plain(stem: &str) -> String {
    let known = |c: char| if c.is_alphanumeric() || ".-+_".contains(c) { c } else { '_' };
    let mut name: String = stem.chars().map(known).take(LONGEST).collect();
    while name.len() > LONGEST {
        name.pop();
    }
    // A dot in front hides a folder, or names another one.
    if name.is_empty() || name.starts_with('.') {
        name.replace_range(..name.len().min(1), "_");
    }
    name
}
