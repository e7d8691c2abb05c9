//! Structure files turned into a [`Model`], measured curves and jobs into theirs.
//!
//! A reader takes the content of a file and its name (for messages), never a path.

pub mod answers;
pub mod cif;
pub mod error;
pub mod frames;
pub mod job;
pub mod manifest;
pub mod members;
pub mod numbers;
pub mod observed;
pub mod pattern;
pub mod reduction;
pub mod result;
pub mod ron_model;
mod sound;
mod species;
pub mod stru;
pub mod suite;
pub mod trajectory;
pub mod xyz;

pub use error::ReadError;

use crate::model::Model;

/// What a reader found, and what its user should know about how it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<T> {
    /// What the file says.
    pub value: T,
    /// Guesses, omissions and contradictions, each with file and line.
    pub warnings: Vec<String>,
}

/// The formats of structures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Cif,
    Stru,
    Xyz,
    Ron,
}

/// Reads a structure from the bytes of a file: CIF, PDFfit `.stru`, extended xyz, or a RON model.
///
/// The extension of `name` tells the format; where it does not, the content does.
/// Bytes that are no UTF-8 are taken as Latin-1, which old CIFs are written in.
///
/// # Errors
/// An empty file, one that is no text, one of no known format, and whatever the format's reader finds wrong.
///
/// ```
/// let text = b"2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3\nCs 0 0 0\nCl 2 2 2\n";
/// let cscl = corefine::read::structure(text, "cscl.xyz").unwrap().value;
/// assert_eq!(cscl.sites[1].position.0[0], 0.5);
/// ```
pub fn structure(bytes: &[u8], name: &str) -> Result<Reading<Model>, ReadError> {
    let _room = tracing::info_span!("read").entered();
    let text = text_of(bytes, name)?;
    match format_of(&text, name)? {
        Format::Cif => cif::cif(&text, name),
        Format::Stru => stru::stru(&text, name),
        Format::Xyz => xyz::xyz(&text, name),
        Format::Ron => ron_model::ron_model(&text, name),
    }
}

/// The text of a file: byte-order mark and carriage returns gone, Latin-1 where it is no UTF-8.
///
/// # Errors
/// An empty file, or one that is no text.
pub fn text_of(bytes: &[u8], name: &str) -> Result<String, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::empty(name));
    }
    if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"PK\x03\x04") {
        return Err(ReadError::binary(name, "the file is compressed", "unpack it first"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(ReadError::binary(name, "the file is written in UTF-16", "save it as UTF-8"));
    }
    if is_binary(bytes) {
        let hint = "give a text file: a CIF, .stru, extended xyz or RON structure, or columns of numbers";
        return Err(ReadError::binary(name, "the file is binary, not text", hint));
    }
    let text =
        std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Text has no zero bytes and hardly any control characters.
fn is_binary(bytes: &[u8]) -> bool {
    let odd = bytes.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
    bytes.contains(&0) || odd * 100 > bytes.len()
}

fn format_of(text: &str, name: &str) -> Result<Format, ReadError> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("cif" | "mcif") => Ok(Format::Cif),
        Some("stru") => Ok(Format::Stru),
        Some("xyz" | "extxyz") => Ok(Format::Xyz),
        Some("ron") => Ok(Format::Ron),
        _ => format_by_content(text).ok_or_else(|| {
            let message = "neither its name nor its content tells what kind of structure it is";
            let hint = "give a CIF (.cif), PDFfit structure (.stru), extended xyz (.xyz) or RON model (.ron)";
            ReadError::unknown_format(name, message, hint)
        }),
    }
}

fn format_by_content(text: &str) -> Option<Format> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && (!line.starts_with('#') || line.starts_with("#!")));
    let first = lines.next()?.to_ascii_lowercase();
    if first.starts_with("data_") {
        Some(Format::Cif)
    } else if first.starts_with("title") || first.starts_with("format ") {
        Some(Format::Stru)
    } else if first.parse::<usize>().is_ok() {
        Some(Format::Xyz)
    } else if first.starts_with('(') || first.starts_with("//") || first.starts_with("#![") {
        Some(Format::Ron)
    } else {
        None
    }
}
