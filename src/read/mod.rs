//! Readers: the text of a file and its name in, a plain struct out.

pub mod observed;
