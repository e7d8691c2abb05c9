//! Files that appear in their folder all at once, or not at all.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use tempfile::{Builder, TempDir};

use super::folder_of;

/// How the names of files and folders that are being written begin.
pub(super) const STAGE: &str = ".corefine-";

/// Removes what a run that was killed had not finished writing. The folder has to be locked.
pub(super) fn clear(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(STAGE)) {
        // What cannot be removed does no harm.
        let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
    }
}

/// A new folder with all files, which appears in one step.
pub(super) fn write_whole(folder: &Path, files: &[(&str, &str)]) -> std::io::Result<()> {
    moved(staged(folder, files)?, folder)
}

/// All files in a folder beside the one that they are meant for.
pub(super) fn staged(folder: &Path, files: &[(&str, &str)]) -> std::io::Result<TempDir> {
    let parent = folder_of(folder);
    fs::create_dir_all(parent)?;
    let stage = stage(parent)?;
    write_all(stage.path(), files)?;
    Ok(stage)
}

pub(super) fn moved(stage: TempDir, folder: &Path) -> std::io::Result<()> {
    fs::rename(stage.path(), folder)?;
    sync(folder_of(folder));
    // What was the stage is the result now: nothing is left to remove.
    let _ = stage.keep();
    Ok(())
}

pub(super) fn write_into(folder: &Path, files: &[(&str, &str)]) -> std::io::Result<()> {
    let (new, old) = (stage(folder)?, stage(folder)?);
    write_all(new.path(), files)?;
    let mut done: Vec<&str> = Vec::new();
    for (name, _) in files {
        let begun = set_aside(folder, name, old.path()).map(|()| done.push(name));
        if let Err(error) = begun.and_then(|()| fs::rename(new.path().join(name), folder.join(name))) {
            if !restore(folder, &done, old.path()) {
                let kept = old.keep();
                return Err(std::io::Error::other(format!("{error}; the older result is in {}", kept.display())));
            }
            return Err(error);
        }
    }
    sync(folder);
    Ok(())
}

/// Gives an older file a second name among the old ones, so that the new one can take its place in one step: there is a whole file
/// at every moment, the old one or the new.
fn set_aside(folder: &Path, name: &str, old: &Path) -> std::io::Result<()> {
    let place = folder.join(name);
    if place.exists() && fs::hard_link(&place, old.join(name)).is_err() {
        // A file system without second names.
        fs::rename(&place, old.join(name))?;
    }
    Ok(())
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

fn write_all(folder: &Path, files: &[(&str, &str)]) -> std::io::Result<()> {
    for some in files.chunks(AT_ONCE) {
        let write = |(name, text): &(&str, &str)| {
            let mut file = fs::File::create_new(folder.join(name))?;
            file.write_all(text.as_bytes()).map(|()| file)
        };
        let written = some.iter().map(write).collect::<std::io::Result<Vec<fs::File>>>()?;
        // When all are written: to wait for the disk once for them all takes no longer than for one.
        written.iter().try_for_each(fs::File::sync_all)?;
    }
    sync(folder);
    Ok(())
}

/// Files that are open at a time.
const AT_ONCE: usize = 16;

/// A folder beside the results, on the same file system, that goes away with all that is in it.
fn stage(beside: &Path) -> std::io::Result<TempDir> {
    builder(0o777).prefix(STAGE).tempdir_in(beside)
}

/// Temporary files with the permissions that any other new file would have.
#[cfg(unix)]
pub(super) fn builder(mode: u32) -> Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = Builder::new();
    builder.permissions(fs::Permissions::from_mode(mode));
    builder
}

#[cfg(not(unix))]
pub(super) fn builder(_mode: u32) -> Builder<'static, 'static> {
    Builder::new()
}

/// Brings a folder's entries to the disk, where the system can.
pub(super) fn sync(folder: &Path) {
    // The files' contents are safe already; a system that cannot sync folders loses at most a name in a power cut.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            set_aside(&path("out"), name, &path("old")).unwrap();
            fs::rename(path("new").join(name), path("out").join(name)).unwrap();
        }
        assert!(restore(&path("out"), &["a", "b"], &path("old")));
        assert!(!path("out/b").exists());
        assert_eq!(fs::read_to_string(path("out/a")).unwrap(), "old");
    }
}
