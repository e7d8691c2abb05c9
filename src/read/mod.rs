//! Readers: the text of a file and its name in, one plain struct out.

pub mod job;
