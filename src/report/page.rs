//! What all pages share, and all JSON documents.

use askama::Template;
use serde::Serialize;

/// Style and script stand in the page itself: it must open anywhere, without a network.
pub(crate) const STYLE: &str = include_str!("../../templates/page.css");
/// See [`STYLE`].
pub(crate) const SCRIPT: &str = include_str!("../../templates/plot.js");

/// A page, or a part of one, as text.
pub(crate) fn rendered(template: &impl Template) -> String {
    // The templates are checked when the crate is built, and writing to memory does not fail.
    template.render().unwrap_or_default()
}

/// Labels that data carry, each once.
pub(crate) fn distinct<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for label in labels.filter(|label| !label.is_empty()) {
        if !found.contains(&label) {
            found.push(label);
        }
    }
    found
}

/// A JSON document in indented lines.
pub(crate) fn indented(document: &impl Serialize) -> String {
    // Strings, numbers and lists: nothing here can fail to become JSON; numbers that are none become null.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

/// The same with the program's version before what was found.
pub(crate) fn versioned(found: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Document<'a, T> {
        version: &'static str,
        #[serde(flatten)]
        found: &'a T,
    }
    indented(&Document { version: super::VERSION, found })
}

/// Warnings with the file that they are of.
pub fn named_warnings(name: &str, warnings: &[String]) -> Vec<String> {
    warnings.iter().map(|text| format!("{name}: {text}")).collect()
}
