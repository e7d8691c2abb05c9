//! Bytes as they come, line by line. The one place of the library that reads a stream: what it comes from, only its caller knows.

use std::io::{BufRead, ErrorKind, Read};

use super::super::ReadError;

/// A stream with its name and the number of lines that were read.
pub struct Source<'a> {
    stream: Box<dyn BufRead + Send + 'a>,
    /// The file's name, for messages.
    pub name: String,
    /// Lines read so far.
    pub line: usize,
}

/// Lines that room is made for at once, and the most room, bytes.
const LINES: usize = 1 << 17;
const ROOM: usize = 1 << 24;

/// A longer line belongs to no trajectory.
const LONGEST: u64 = 1 << 20;

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
        let before = text.len();
        let mut stream = (&mut self.stream).take(LONGEST);
        let n = stream.read_until(b'\n', text).map_err(|error| broken(&self.name, self.line + 1, &error))?;
        if n as u64 == LONGEST {
            let message = format!("line {} is longer than {LONGEST} bytes", self.line + 1);
            return Err(ReadError::binary(&self.name, message, HINT));
        }
        self.line += usize::from(n > 0);
        debug_assert_eq!(text.len(), before + n);
        Ok(n > 0)
    }

    /// Adds `n` lines to `text`; `false` where the file ends before.
    pub fn lines(&mut self, n: usize, text: &mut Vec<u8>) -> Result<bool, ReadError> {
        for k in 0..n {
            let before = text.len();
            if !self.line(text)? {
                return Ok(false);
            }
            // Lines of a frame are about alike. Who says how many there are may be wrong: a little room at a time.
            if k.is_multiple_of(LINES) {
                text.reserve(((text.len() - before + 1) * (n - k).min(LINES)).min(ROOM));
            }
        }
        Ok(true)
    }

    /// Adds `n` bytes to `bytes`; `false` where the file ends before.
    pub fn bytes(&mut self, n: usize, bytes: &mut Vec<u8>) -> Result<bool, ReadError> {
        let read = (&mut self.stream).take(n as u64).read_to_end(bytes);
        read.map(|read| read == n).map_err(|error| broken(&self.name, 0, &error))
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
