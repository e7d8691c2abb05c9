//! SHA-256 of files that are read as streams, and never lie in memory whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use corefine::outcome::InputFile;
use sha2::{Digest as _, Sha256};

use super::files::{hexadecimal, missing};
use super::held::held;
use super::messages::Failure;

/// Bytes that are read at a time where nobody else reads.
const BUFFER: usize = 1 << 20;

/// A file whose bytes are seen by its digest as they are read.
pub struct Digested {
    file: File,
    seen: Arc<Mutex<Sha256>>,
}

/// The digest of such a file.
pub struct Digest {
    name: String,
    /// Reads on where the other one is.
    file: File,
    seen: Arc<Mutex<Sha256>>,
}

/// Opens a file: what reads it, and what will know its digest.
pub fn digested(path: &Path) -> Result<(Digested, Digest), Failure> {
    let name = path.display().to_string();
    let opened = File::open(path).and_then(|file| Ok((file.try_clone()?, file)));
    let (again, file) = opened.map_err(|error| missing(&name, &error))?;
    let seen = Arc::new(Mutex::new(Sha256::new()));
    Ok((Digested { file, seen: Arc::clone(&seen) }, Digest { name, file: again, seen }))
}

impl Read for Digested {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        held(&self.seen).update(&buffer[..n]);
        Ok(n)
    }
}

impl Digest {
    /// The file as a report names it. What nobody has read of it is read now, unless the user stops it: then it has no digest.
    pub fn record(&self, role: &str, stop: &AtomicBool) -> Result<InputFile, Failure> {
        let mut digest = held(&self.seen);
        let whole = rest(&self.file, &mut digest, stop).map_err(|error| missing(&self.name, &error))?;
        let sha256 = if whole { hexadecimal(&digest.clone().finalize()) } else { String::new() };
        Ok(InputFile { role: role.to_owned(), path: self.name.clone(), sha256, from_results: None })
    }
}

/// Reads to the end; `false` where the user stops it before.
fn rest(mut file: &File, digest: &mut Sha256, stop: &AtomicBool) -> io::Result<bool> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(true),
            _ if stop.load(Ordering::Relaxed) => return Ok(false),
            n => digest.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::sha256;
    use super::*;

    #[test]
    fn a_digest_is_that_of_all_bytes_however_many_were_read() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("many");
        let bytes: Vec<u8> = (0..3 * BUFFER + 17).map(|k| (k % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        for read in [0, 1, BUFFER + 3, bytes.len()] {
            let (mut file, digest) = digested(&path).unwrap();
            file.read_exact(&mut vec![0; read]).unwrap();
            let record = digest.record("trajectory", &AtomicBool::new(false)).unwrap();
            assert_eq!(record.sha256, sha256(&bytes), "{read}");
        }
    }

    /// Somebody who stops a run does not wait for the rest of a long file; one that is read whole keeps its digest.
    #[test]
    fn a_run_that_is_stopped_reads_no_rest() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("many");
        let bytes = vec![7; 3 * BUFFER];
        std::fs::write(&path, &bytes).unwrap();
        for (read, sha256) in [(5, String::new()), (bytes.len(), sha256(&bytes))] {
            let (mut file, digest) = digested(&path).unwrap();
            file.read_exact(&mut vec![0; read]).unwrap();
            assert_eq!(digest.record("trajectory", &AtomicBool::new(true)).unwrap().sha256, sha256);
        }
    }
}
