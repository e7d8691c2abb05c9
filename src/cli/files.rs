//! Files that go in: read once, named in messages as the user named them, their hash kept for the report.

use std::path::{Path, PathBuf};

use corefine::model::Model;
use corefine::observed::Observed;
use corefine::outcome::InputFile;
use corefine::read;
use sha2::{Digest as _, Sha256};

use super::messages::Failure;

/// The bytes of a file.
pub struct Input {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Input {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| missing(&name, &error))?;
        Ok(Self { name, bytes })
    }

    /// The file as a report names it.
    pub fn record(&self, role: &str) -> InputFile {
        let digest = Sha256::digest(&self.bytes);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        InputFile { role: role.to_owned(), path: self.name.clone(), sha256 }
    }

    /// The text of a file that has to be UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            let line = 1 + self.bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            let message = format!("{}:{line}: this is no text (bytes that are no UTF-8)", self.name);
            Failure::with_hint(message, "is it the right file, and saved as text?")
        })
    }

    pub fn model(&self) -> Result<Model, Failure> {
        read::structure(&self.bytes, &self.name).map_err(|error| unreadable(&error))
    }

    pub fn observed(&self) -> Result<Observed, Failure> {
        read::observed(&self.bytes, &self.name).map_err(|error| unreadable(&error))
    }
}

fn missing(name: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::with_hint(format!("{name}: there is no such file"), "check its path"),
        _ => Failure::with_hint(format!("{name}: cannot read: {error}"), "check its path and permissions"),
    }
}

fn unreadable(error: &read::ReadError) -> Failure {
    let complaint = error.complaint();
    let place = complaint.line.map_or_else(|| complaint.file.clone(), |line| format!("{}:{line}", complaint.file));
    Failure::with_hint(format!("{place}: {}", complaint.message), &complaint.hint)
}

/// `path` as seen from the folder `from`, so that a job can be moved together with its files.
pub fn relative(path: &Path, from: &Path) -> PathBuf {
    let (Ok(to), Ok(start)) = (path.canonicalize(), from.canonicalize()) else { return path.to_owned() };
    let (to, start): (Vec<_>, Vec<_>) = (to.components().collect(), start.components().collect());
    let shared = to.iter().zip(&start).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return path.to_owned();
    }
    let up = start[shared..].iter().map(|_| Path::new("..").as_os_str());
    up.chain(to[shared..].iter().map(|part| part.as_os_str())).collect()
}
