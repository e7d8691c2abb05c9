//! One run at a time in a folder of results.
//!
//! The system's lock on the folder itself ends with the program, however that ends: nothing is left behind that would keep others out.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::messages::{Failure, note};

/// A folder that no other run writes into as long as this lives.
#[derive(Debug)]
pub struct Lock {
    /// The folder, open; nothing where the file system knows no locks.
    held: Vec<File>,
    /// The folders that were made for it, the innermost first: those that nothing was put into go away with it.
    made: Vec<PathBuf>,
}

impl Lock {
    /// Makes the folder if it is not there, and locks it.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        let made: Vec<PathBuf> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
        let mut lock = Self { held: Vec::new(), made };
        lock.made.retain(|path| !path.as_os_str().is_empty());
        fs::create_dir_all(folder).map_err(|error| {
            let message = format!("{}: cannot make this folder: {error}", folder.display());
            Failure::with_hint(message, "name another folder")
        })?;
        lock.held.extend(held(folder)?);
        Ok(lock)
    }

    /// Is the folder still empty, as it was made for this run, so that another may take its place as a whole?
    pub fn is_new(&self) -> bool {
        let made = self.made.first().map(fs::read_dir);
        made.is_some_and(|entries| entries.is_ok_and(|mut entries| entries.next().is_none()))
    }

    /// Holds `folder` too: it is about to take the place of the one that was made, which stays locked for those who look at it now.
    pub fn also(&mut self, folder: &Path) -> std::io::Result<()> {
        let other = held(folder).map_err(|failure| std::io::Error::other(failure.to_string()))?;
        self.held.extend(other);
        Ok(())
    }

    /// The folder stays, whatever comes.
    pub fn keep(&mut self) {
        self.made.clear();
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Folders with something in them stay: removing them fails.
        let _ = self.made.iter().try_for_each(fs::remove_dir);
    }
}

/// The open, locked folder; `None`, said aloud, where the file system knows no locks.
fn held(folder: &Path) -> Result<Option<File>, Failure> {
    let unknown = |error: &std::io::Error| {
        note(&format!("{}: cannot be locked ({error}); let no other run write here", folder.display()));
        Ok(None)
    };
    let file = match opened(folder) {
        Ok(file) => file,
        Err(error) => return unknown(&error),
    };
    match file.try_lock() {
        // Another folder has taken the place of this one since it was opened.
        Ok(()) if !is_there(&file, folder) => held(folder),
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let message = format!("{}: another run of corefine writes into this folder", folder.display());
            Err(Failure::with_hint(message, "wait until it ends, or name another folder"))
        }
        Err(TryLockError::Error(error)) => unknown(&error),
    }
}

#[cfg(unix)]
fn opened(folder: &Path) -> std::io::Result<File> {
    File::open(folder)
}

/// Is what was opened still what the path leads to?
#[cfg(unix)]
fn is_there(file: &File, folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let of = |meta: fs::Metadata| (meta.dev(), meta.ino());
    // What cannot be looked at is not taken for another.
    file.metadata().map(of).ok().zip(fs::metadata(folder).map(of).ok()).is_none_or(|(held, there)| held == there)
}

#[cfg(not(unix))]
fn is_there(_file: &File, _folder: &Path) -> bool {
    true
}

/// Where folders cannot be locked: a file that stands for it, among the system's temporary ones.
#[cfg(not(unix))]
fn opened(folder: &Path) -> std::io::Result<File> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    folder.canonicalize()?.hash(&mut hasher);
    File::create(std::env::temp_dir().join(format!("corefine-{:016x}.lock", hasher.finish())))
}
