//! Files written whole or not at all, and never over an older result unasked.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use super::messages::Failure;

const FORCE: &str = "--force replaces it";

/// One file to be written, which may be written.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    force: bool,
}

impl Target {
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
        let failed = |error: &std::io::Error| Failure::new(format!("{}: cannot write: {error}", self.path.display()));
        let folder = folder_of(&self.path);
        let mut file = builder(0o666).prefix(".corefine-").tempfile_in(folder).map_err(|e| failed(&e))?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|e| failed(&e))?;
        let moved = if self.force { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        moved.map_err(|error| failed(&error.error))?;
        sync(folder);
        Ok(())
    }
}

/// A folder for results: made when they are there, all of them at once.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Looks, before any work is done, whether the files `names` can be written there.
    pub fn check(path: &Path, names: &[&str], force: bool) -> Result<Self, Failure> {
        if path.exists() && !path.is_dir() {
            let message = format!("{} is a file, and a folder for the results was expected", path.display());
            return Err(Failure::with_hint(message, "name another folder"));
        }
        if let Some(name) = names.iter().find(|name| !force && path.join(name).exists()) {
            let message = format!("{} holds an older result ({name})", path.display());
            return Err(Failure::with_hint(message, "--force replaces it, or name another folder"));
        }
        can_hold(path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new(".")))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder if it is not there.
    pub fn make(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.path)
            .map_err(|error| Failure::new(format!("{}: cannot make this folder: {error}", self.path.display())))
    }

    /// Writes every file or none. Older results are moved aside first and are back in place if anything fails.
    pub fn write(&self, files: &[(&str, String)]) -> Result<(), Failure> {
        let written = if self.path.is_dir() { self.write_into(files) } else { self.write_new(files) };
        written.map_err(|error| Failure::new(format!("{}: cannot write the results: {error}", self.path.display())))
    }

    fn write_new(&self, files: &[(&str, String)]) -> std::io::Result<()> {
        let parent = folder_of(&self.path);
        fs::create_dir_all(parent)?;
        let stage = stage(parent)?;
        write_all(stage.path(), files)?;
        fs::rename(stage.path(), &self.path)?;
        sync(parent);
        // What was the stage is the result now: nothing is left to remove.
        let _ = stage.keep();
        Ok(())
    }

    fn write_into(&self, files: &[(&str, String)]) -> std::io::Result<()> {
        let (new, old) = (stage(&self.path)?, stage(&self.path)?);
        write_all(new.path(), files)?;
        let mut done: Vec<&str> = Vec::new();
        for (name, _) in files {
            done.push(name);
            if let Err(error) = replace(&self.path, name, new.path(), old.path()) {
                if !restore(&self.path, &done, old.path()) {
                    let kept = old.keep();
                    return Err(std::io::Error::other(format!("{error}; the older result is in {}", kept.display())));
                }
                return Err(error);
            }
        }
        sync(&self.path);
        Ok(())
    }
}

/// Moves `name` from the new files into place, and what was there to the old ones.
fn replace(folder: &Path, name: &str, new: &Path, old: &Path) -> std::io::Result<()> {
    let place = folder.join(name);
    if place.exists() {
        fs::rename(&place, old.join(name))?;
    }
    fs::rename(new.join(name), place)
}

/// Puts the old files back; says whether all are.
fn restore(folder: &Path, names: &[&str], old: &Path) -> bool {
    let mut all = true;
    for name in names {
        let (place, aside) = (folder.join(name), old.join(name));
        all &= if aside.exists() {
            fs::rename(aside, place).is_ok()
        } else {
            !place.exists() || fs::remove_file(place).is_ok()
        };
    }
    all
}

fn write_all(folder: &Path, files: &[(&str, String)]) -> std::io::Result<()> {
    for (name, text) in files {
        let mut file = fs::File::create_new(folder.join(name))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
    }
    sync(folder);
    Ok(())
}

/// A folder beside the results, on the same file system, that goes away with all that is in it.
fn stage(beside: &Path) -> std::io::Result<TempDir> {
    builder(0o777).prefix(".corefine-").tempdir_in(beside)
}

/// Temporary files with the permissions that any other new file would have.
#[cfg(unix)]
fn builder(mode: u32) -> Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = Builder::new();
    builder.permissions(fs::Permissions::from_mode(mode));
    builder
}

#[cfg(not(unix))]
fn builder(_mode: u32) -> Builder<'static, 'static> {
    Builder::new()
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

/// Brings a folder's entries to the disk, where the system can.
fn sync(folder: &Path) {
    // The files' contents are safe already; a system that cannot sync folders loses at most a name in a power cut.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
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
    fn moved_files_come_back() {
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        for folder in ["out", "new", "old"] {
            fs::create_dir(path(folder)).unwrap();
        }
        fs::write(path("out/a"), "old").unwrap();
        fs::write(path("new/a"), "new").unwrap();
        fs::write(path("new/b"), "new").unwrap();
        for name in ["a", "b"] {
            replace(&path("out"), name, &path("new"), &path("old")).unwrap();
        }
        assert!(restore(&path("out"), &["a", "b"], &path("old")));
        assert_eq!(names(&path("out")), ["a"]);
        assert_eq!(fs::read_to_string(path("out/a")).unwrap(), "old");
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
