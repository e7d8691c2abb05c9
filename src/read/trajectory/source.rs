//! Bytes as they come, line by line. The one place of the library that reads a stream: what it comes from, only its caller knows.

use std::io::{BufRead, ErrorKind, Read};

use memchr::{memchr, memchr_iter, memrchr};

use super::super::ReadError;

/// A stream with its name and the number of lines that were read.
pub struct Source<'a> {
    stream: Box<dyn BufRead + Send + 'a>,
    /// The file's name, for messages.
    pub name: String,
    /// Lines read so far.
    pub line: usize,
}

/// The most room that is made for lines before they have come, bytes.
const ROOM: usize = 1 << 24;

/// Lines are looked for in so many bytes at a time, which stay in the fastest cache until they are copied, and, where few lines
/// are wanted, in so many for each of them.
const BLOCK: usize = 1 << 15;
const LINE: usize = 1 << 7;

/// A longer line belongs to no trajectory.
const LONGEST: usize = 1 << 20;

impl<'a> Source<'a> {
    pub fn new(stream: impl BufRead + Send + 'a, name: &str) -> Self {
        Self { stream: Box::new(stream), name: name.to_owned(), line: 0 }
    }

    /// The first bytes, which stay in the stream.
    pub fn peek(&mut self) -> Result<&[u8], ReadError> {
        let name = &self.name;
        self.stream.fill_buf().map_err(|error| broken(name, 1, &error))
    }

    /// Adds the next line to `text`, with its end; `false` at the end of the file.
    pub fn line(&mut self, text: &mut Vec<u8>) -> Result<bool, ReadError> {
        self.lines(1, text)
    }

    /// Adds `n` lines to `text`; `false` where the file ends before.
    pub fn lines(&mut self, n: usize, text: &mut Vec<u8>) -> Result<bool, ReadError> {
        let (mut missing, mut open) = (n, 0);
        while missing > 0 {
            let block = match self.stream.fill_buf() {
                Ok(block) => &block[..block.len().min(BLOCK).min(missing.saturating_mul(LINE))],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(&self.name, self.line + 1, &error)),
            };
            let Some(found) = Found::of(block, missing) else {
                // The last line of a file may lack its end.
                self.line += usize::from(open > 0);
                return Ok(open > 0 && missing == 1);
            };
            if open + found.first >= LONGEST {
                let message = format!("line {} has {LONGEST} bytes or more", self.line + 1);
                return Err(ReadError::binary(&self.name, message, HINT));
            }
            if missing == n {
                text.reserve(found.room(n).min(ROOM));
            }
            text.extend_from_slice(&block[..found.bytes]);
            self.stream.consume(found.bytes);
            missing -= found.ends;
            self.line += found.ends;
            open = if found.ends == 0 { open + found.bytes } else { found.open };
        }
        Ok(true)
    }

    /// Adds `n` bytes to `bytes`; `false` where the file ends before.
    pub fn bytes(&mut self, n: usize, bytes: &mut Vec<u8>) -> Result<bool, ReadError> {
        let read = (&mut self.stream).take(n as u64).read_to_end(bytes);
        read.map(|read| read == n).map_err(|error| broken(&self.name, 0, &error))
    }
}

/// Lines in a block of bytes.
struct Found {
    /// Bytes that belong to the lines that were looked for.
    bytes: usize,
    /// How many of them end there.
    ends: usize,
    /// Bytes up to the first end, with it, and those behind the last one.
    first: usize,
    open: usize,
}

impl Found {
    /// Up to so many lines; `None` in an empty block.
    fn of(block: &[u8], lines: usize) -> Option<Self> {
        let ends = memchr_iter(b'\n', block).count();
        let bytes = if ends < lines { block.len() } else { memchr_iter(b'\n', block).nth(lines - 1)? + 1 };
        let lines_there = &block[..bytes];
        let first = memchr(b'\n', lines_there).map_or(bytes, |end| end + 1);
        let open = memrchr(b'\n', lines_there).map_or(bytes, |end| bytes - end - 1);
        (!block.is_empty()).then_some(Self { bytes, ends: ends.min(lines), first, open })
    }

    /// Bytes of so many lines that are like these. Who says how many there are may be wrong.
    fn room(&self, lines: usize) -> usize {
        (self.bytes / self.ends.max(1) + 1).saturating_mul(lines)
    }
}

/// What a file should be.
pub const HINT: &str = "give a VASP XDATCAR, an extended xyz, a LAMMPS dump or a DCD, plain or gzipped";

fn broken(name: &str, line: usize, error: &std::io::Error) -> ReadError {
    let line = (line > 0).then_some(line);
    match error.kind() {
        ErrorKind::UnexpectedEof => cut_short(name, line),
        _ => ReadError::syntax(name, line, format!("cannot read on: {error}"), "fetch or unpack the file again"),
    }
}

/// The file ends inside a frame.
pub fn cut_short(name: &str, line: Option<usize>) -> ReadError {
    let hint = "fetch it again, or take its whole frames with --frames N";
    ReadError::syntax(name, line, "the file ends in the middle of a frame: it was cut short", hint)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// However the bytes come, lines are the same, and counted.
    #[test]
    fn lines_are_those_of_the_text_however_bytes_come() {
        let text: String = (0..500).map(|k| "x".repeat(k % 211) + if k % 7 == 0 { "\r\n" } else { "\n" }).collect();
        let text = text + "the last line has no end";
        for room in [1, 2, 3, 64, 1000, 1 << 20] {
            let mut source = Source::new(BufReader::with_capacity(room, text.as_bytes()), "file");
            let (mut all, mut some) = (Vec::new(), [1, 3, 0, 50, 211].into_iter().cycle());
            while source.line + 211 < 501 {
                let (before, n) = (source.line, some.next().unwrap());
                assert_eq!((source.lines(n, &mut all), source.line), (Ok(true), before + n));
                assert_eq!(memchr_iter(b'\n', &all).count(), source.line, "{room}");
            }
            assert_eq!(source.lines(501 - source.line, &mut all), Ok(true));
            assert!(source.line == 501 && all == text.as_bytes(), "{room}");
            assert_eq!((source.line(&mut all), source.line), (Ok(false), 501));
        }
    }

    #[test]
    fn a_file_that_ends_too_early_or_has_no_lines_is_told_of() {
        let mut source = Source::new("one\ntwo".as_bytes(), "file");
        assert_eq!((source.lines(3, &mut Vec::new()), source.line), (Ok(false), 2));
        for room in [1 << 10, 1 << 16, 1 << 22] {
            let text = "short\n".to_owned() + &"x".repeat(LONGEST - 1) + "\nshort\n";
            let mut source = Source::new(BufReader::with_capacity(room, text.as_bytes()), "file");
            let error = source.lines(3, &mut Vec::new()).unwrap_err().to_string();
            assert!(error.contains("line 2 has 1048576 bytes or more"), "{error}");
            let text = text.replacen('x', "", 1);
            let mut source = Source::new(BufReader::with_capacity(room, text.as_bytes()), "file");
            assert_eq!(source.lines(3, &mut Vec::new()), Ok(true));
        }
    }
}
