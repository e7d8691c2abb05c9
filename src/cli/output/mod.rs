//! Files written whole or not at all, and never over an older result unasked.

mod stage;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::args::{OutputFile, OutputFolder, Replace, ResumableFolder};
use super::held::held;
use super::lock::Lock;
use super::messages::Failure;
use stage::{STAGE, builder, clear, moved, staged, sync, write_into, write_whole};

const FORCE: &str = "--force replaces it";

/// One file to be written, which may be written.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    force: bool,
}

impl Target {
    /// The file that the command line names.
    pub fn of(asked: &OutputFile) -> Result<Self, Failure> {
        Self::check(&asked.output, asked.replace.force)
    }

    /// A file that the command line need not name.
    pub fn optional(path: Option<&Path>, replace: &Replace) -> Result<Option<Self>, Failure> {
        path.map(|path| Self::check(path, replace.force)).transpose()
    }

    /// Looks, before any work is done, whether the file can be written.
    pub fn check(path: &Path, force: bool) -> Result<Self, Failure> {
        if path.is_dir() {
            return Err(Failure::with_hint(format!("{} is a folder", path.display()), "name a file"));
        }
        if path.exists() && !force {
            return Err(Failure::with_hint(format!("{} exists already", path.display()), FORCE));
        }
        let folder = folder_of(path);
        if !folder.is_dir() {
            let message = format!("{}: there is no folder {}", path.display(), folder.display());
            return Err(Failure::with_hint(message, "make it, or name another"));
        }
        can_hold(folder)?;
        Ok(Self { path: path.to_owned(), force })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that it will be in.
    pub fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Writes the file whole: beside its place first, then moved there.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let _room = tracing::info_span!("write").entered();
        let failed = |error: &std::io::Error| Failure::new(format!("{}: cannot write: {error}", self.path.display()));
        let folder = folder_of(&self.path);
        let mut file = builder(0o666).prefix(STAGE).tempfile_in(folder).map_err(|e| failed(&e))?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|e| failed(&e))?;
        let moved = if self.force { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        moved.map_err(|error| failed(&error.error))?;
        sync(folder);
        Ok(())
    }
}

/// A folder for results, which is this run's alone: a second run into it is refused.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// `None` for a folder that runs share, such as the one of a file named on the command line.
    lock: Option<Mutex<Lock>>,
}

impl Folder {
    /// The folder that the command line names, for the files `names`.
    pub fn of(asked: &OutputFolder, names: &[&str]) -> Result<Self, Failure> {
        Self::check(&asked.out, names, asked.replace.force)
    }

    /// The same for a run that may go on from the files of an older one.
    pub fn resumable(asked: &ResumableFolder, names: &[&str]) -> Result<Self, Failure> {
        Self::check(&asked.folder.out, names, asked.resume || asked.folder.replace.force)
    }

    /// Looks, before any work is done, whether the files `names` can be written there, and keeps other runs out.
    pub fn check(path: &Path, names: &[&str], force: bool) -> Result<Self, Failure> {
        Self::look(path, names, force)?;
        can_hold(path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new(".")))?;
        let lock = Lock::take(path)?;
        // Another run may have ended between the look and the lock.
        Self::look(path, names, force)?;
        clear(path);
        Ok(Self { path: path.to_owned(), lock: Some(Mutex::new(lock)) })
    }

    /// The same for a folder that other runs may write other files into at the same time.
    pub fn shared(path: &Path, names: &[&str], force: bool) -> Result<Self, Failure> {
        Self::look(path, names, force)?;
        can_hold(path)?;
        Ok(Self { path: path.to_owned(), lock: None })
    }

    fn look(path: &Path, names: &[&str], force: bool) -> Result<(), Failure> {
        if path.exists() && !path.is_dir() {
            let message = format!("{} is a file, and a folder for the results was expected", path.display());
            return Err(Failure::with_hint(message, "name another folder"));
        }
        if let Some(name) = names.iter().find(|name| !force && path.join(name).exists()) {
            let message = format!("{} holds an older result ({name})", path.display());
            return Err(Failure::with_hint(message, "--force replaces it, or name another folder"));
        }
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the folder stay from now on, whatever is written into it: results come one after the other.
    pub fn make(&self) {
        if let Some(mut lock) = self.lock() {
            lock.keep();
        }
    }

    /// Writes every file or none. A file of an older result is replaced in one step, and is back in place if anything fails.
    pub fn write<N: AsRef<str>>(&self, files: &[(N, String)]) -> Result<(), Failure> {
        let _room = tracing::info_span!("write").entered();
        let files = &borrowed(files)[..];
        let new = self.lock().filter(|lock| lock.is_new());
        let written = new.map_or_else(|| write_into(&self.path, files), |mut lock| self.write_new(&mut lock, files));
        written.map_err(|error| Failure::new(format!("{}: cannot write the results: {error}", self.path.display())))
    }

    /// The same, a text for each name.
    pub fn write_named<const N: usize>(&self, names: [&str; N], texts: [String; N]) -> Result<(), Failure> {
        self.write(&names.into_iter().zip(texts).collect::<Vec<_>>())
    }

    /// Makes a folder `name` inside with these files, whole or not at all, in place of one that is there.
    pub fn write_folder<N: AsRef<str>>(&self, name: &Path, files: &[(N, String)]) -> Result<(), Failure> {
        let _room = tracing::info_span!("write").entered();
        let files = &borrowed(files)[..];
        let folder = self.path.join(name);
        let written = if folder.is_dir() { write_into(&folder, files) } else { write_whole(&folder, files) };
        written.map_err(|error| Failure::new(format!("{}: cannot write the results: {error}", folder.display())))
    }

    /// Removes something of an older result, if it is there.
    pub fn remove(&self, name: &Path) -> Result<(), Failure> {
        let path = self.path.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::new(format!("{}: cannot remove the older result: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Removes what a run that was killed had not finished writing into a folder inside.
    pub fn clear(&self, name: &Path) {
        clear(&self.path.join(name));
    }

    fn lock(&self) -> Option<MutexGuard<'_, Lock>> {
        self.lock.as_ref().map(held)
    }

    /// A folder with all files takes the place of the empty one.
    fn write_new(&self, lock: &mut Lock, files: &[(&str, &str)]) -> std::io::Result<()> {
        let stage = staged(&self.path, files)?;
        lock.also(stage.path())?;
        moved(stage, &self.path)?;
        lock.keep();
        Ok(())
    }
}

fn borrowed<N: AsRef<str>>(files: &[(N, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_ref(), text.as_str())).collect()
}

/// The folder of a file named on the command line.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Can a file be made there? Tried with one that has no name and so leaves nothing.
fn can_hold(folder: &Path) -> Result<(), Failure> {
    tempfile::tempfile_in(folder).map(drop).map_err(|error| {
        Failure::with_hint(format!("{}: cannot write here: {error}", folder.display()), "name another folder")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["result.json", "fit.fgr"];

    fn files(text: &str) -> Vec<(&'static str, String)> {
        NAMES.iter().map(|name| (*name, format!("{text} {name}"))).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_written_whole_and_kept_unless_forced() {
        let temp = tempfile::tempdir().unwrap();
        let out = temp.path().join("deep/er/out");
        Folder::check(&out, &NAMES, false).unwrap().write(&files("first")).unwrap();
        assert_eq!(names(&out), ["fit.fgr", "result.json"]);
        let refused = Folder::check(&out, &NAMES, false).unwrap_err().to_string();
        assert!(refused.contains("older result") && refused.contains("hint: --force"), "{refused}");
        fs::write(out.join("notes.txt"), "mine").unwrap();
        Folder::check(&out, &NAMES, true).unwrap().write(&files("second")).unwrap();
        assert_eq!(names(&out), ["fit.fgr", "notes.txt", "result.json"]);
        assert_eq!(fs::read_to_string(out.join("fit.fgr")).unwrap(), "second fit.fgr");
    }

    #[test]
    fn an_older_result_survives_a_failed_write() {
        let temp = tempfile::tempdir().unwrap();
        let out = temp.path().join("out");
        let folder = Folder::check(&out, &NAMES, false).unwrap();
        folder.write(&files("first")).unwrap();
        // A name in a folder that is not there cannot be written.
        folder.write(&[NAMES[0], "no/such"].map(|name| (name, "second".to_owned()))).unwrap_err();
        assert_eq!(names(&out), ["fit.fgr", "result.json"]);
        assert_eq!(fs::read_to_string(out.join(NAMES[0])).unwrap(), "first result.json");
    }

    #[test]
    fn a_folder_takes_one_run_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let out = temp.path().join("deep/out");
        let first = Folder::check(&out, &NAMES, false).unwrap();
        let second = || Folder::check(&out, &NAMES, true).map(drop).unwrap_err().to_string();
        assert!(second().contains("another run of corefine writes into this folder"), "{}", second());
        // The folder that takes the place of the first is locked as well.
        first.write(&files("first")).unwrap();
        assert!(second().contains("hint: wait until it ends"), "{}", second());
        drop(first);
        fs::create_dir(out.join(".corefine-killed")).unwrap();
        Folder::check(&out, &NAMES, true).unwrap();
        assert_eq!(names(&out), ["fit.fgr", "result.json"]);
        Folder::shared(&out, &["other"], false).unwrap();
    }

    #[test]
    fn a_run_that_fails_leaves_no_folder() {
        let temp = tempfile::tempdir().unwrap();
        drop(Folder::check(&temp.path().join("deep/out"), &NAMES, false).unwrap());
        assert_eq!(names(temp.path()), [""; 0]);
        let kept = Folder::check(&temp.path().join("deep/out"), &NAMES, false).unwrap();
        kept.make();
        drop(kept);
        assert_eq!(names(temp.path()), ["deep"]);
    }

    #[test]
    fn a_file_is_not_written_over_unasked() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("g.gr");
        let target = Target::check(&path, false).unwrap();
        target.write("one").unwrap();
        assert!(Target::check(&path, false).unwrap_err().to_string().contains("exists already"));
        // Somebody else wrote it after the look and before the write.
        target.write("two").unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        Target::check(&path, true).unwrap().write("two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(names(temp.path()), ["g.gr"]);
        Target::check(&temp.path().join("no/g.gr"), false).unwrap_err();
        Target::check(temp.path(), true).unwrap_err();
    }
}
