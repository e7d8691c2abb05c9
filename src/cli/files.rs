//! Files that go in: read once, named in messages as the user named them, their hash kept for the report.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use corefine::crystal::Crystal;
use corefine::expand::{self, Severity, checks};
use corefine::job::Data;
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
        let mut sha256 = String::with_capacity(64);
        for byte in digest {
            // Writing to a string cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        InputFile { role: role.to_owned(), path: self.name.clone(), sha256 }
    }

    /// The text of a file that has to be UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            let line = self.bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            let message = format!("{}:{line}: this is no text (bytes that are no UTF-8)", self.name);
            Failure::with_hint(message, "is it the right file, and saved as text?")
        })
    }

    /// The structure, and what its reader has to say about it.
    pub fn model(&self) -> Result<(Model, Vec<String>), Failure> {
        let reading = read::structure(&self.bytes, &self.name).map_err(Failure::of)?;
        Ok((reading.value, reading.warnings))
    }

    pub fn observed(&self) -> Result<Observed, Failure> {
        read::observed::observed(&self.bytes, &self.name).map_err(Failure::of)
    }

    /// The curve as a job wants it: data in Q are brought to G(r) with the job's qmin, qmax and window.
    pub fn observed_for(&self, data: &Data) -> Result<Observed, Failure> {
        read::observed::observed_for(&self.bytes, &self.name, data).map_err(Failure::of)
    }
}

/// A structure with all its atoms, and what its reader and the checks have to say about it.
pub struct Structure {
    pub model: Model,
    pub crystal: Crystal,
    pub warnings: Vec<String>,
}

impl Structure {
    /// Reads a structure and looks it over; `data` is the curve that it shall explain, if there is one.
    pub fn read(path: &Path, data: Option<&Observed>) -> Result<Self, Failure> {
        let input = Input::read(path)?;
        let (model, mut warnings) = input.model()?;
        let crystal = expand::crystal(&model).map_err(|error| Failure::of(format!("{}: {error}", input.name)))?;
        for finding in checks(&model, &crystal, data.map(|data| &data.header)) {
            let message = format!("{}: {}", input.name, finding.message);
            match finding.severity {
                Severity::Error => return Err(Failure::of(message)),
                Severity::Warning => warnings.push(message),
                Severity::Note => {}
            }
        }
        Ok(Self { model, crystal, warnings })
    }
}

pub fn missing(name: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::with_hint(format!("{name}: there is no such file"), "check its path"),
        _ => Failure::with_hint(format!("{name}: cannot read: {error}"), "check its path and permissions"),
    }
}

/// `path` as seen from the folder `from`, so that a job can be moved together with its files.
pub fn relative(path: &Path, from: &Path) -> PathBuf {
    let (to, start) = (resolved(path), resolved(from));
    let (to, start): (Vec<_>, Vec<_>) = (to.components().collect(), start.components().collect());
    let shared = to.iter().zip(&start).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return path.to_owned();
    }
    let up = start[shared..].iter().map(|_| Path::new("..").as_os_str());
    up.chain(to[shared..].iter().map(|part| part.as_os_str())).collect()
}

/// An absolute path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in absolute.ancestors() {
        if let (Ok(known), Ok(rest)) = (there.canonicalize(), absolute.strip_prefix(there)) {
            return known.join(rest);
        }
    }
    absolute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_a_folder_that_need_not_exist() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        std::fs::create_dir_all(at("data")).unwrap();
        std::fs::write(at("data/co.gr"), "1 2").unwrap();
        assert_eq!(relative(&at("data/co.gr"), &at("out/first")), Path::new("../../data/co.gr"));
        assert_eq!(relative(&at("data/co.gr"), &at("data")), Path::new("co.gr"));
        assert_eq!(relative(&at("data/../data/co.gr"), temp.path()), Path::new("data/co.gr"));
    }
}
