//! Files that go in: read once, named in messages as the user named them, their hash kept for the report.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use corefine::crystal::Crystal;
use corefine::expand::{self, Severity, checks};
use corefine::job::Data;
use corefine::model::Model;
use corefine::observed::Observed;
use corefine::outcome::InputFile;
use corefine::pattern::Pattern;
use corefine::read;
use corefine::series::natural;
use sha2::{Digest as _, Sha256};

use super::messages::Failure;

/// The bytes of a file.
pub struct Input {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Input {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let _room = tracing::info_span!("read").entered();
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| missing(&name, &error))?;
        Ok(Self { name, bytes })
    }

    /// The file as a report names it.
    pub fn record(&self, role: &str) -> InputFile {
        InputFile { role: role.to_owned(), path: self.name.clone(), sha256: sha256(&self.bytes), from_results: None }
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

    /// Intensities, as a detector's program wrote them.
    pub fn pattern(&self) -> Result<Pattern, Failure> {
        read::pattern::pattern(&self.bytes, &self.name).map_err(Failure::of)
    }

    pub fn observed(&self) -> Result<Observed, Failure> {
        read::observed::observed(&self.bytes, &self.name).map_err(Failure::of)
    }

    /// The curve as a job wants it: data in Q are brought to G(r) with the job's qmin, qmax and window.
    pub fn observed_for(&self, data: &Data) -> Result<Observed, Failure> {
        read::observed::observed_for(&self.bytes, &self.name, data).map_err(Failure::of)
    }
}

/// SHA-256, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The same of a file as it is now; empty where it cannot be read.
pub fn digest(path: &Path) -> String {
    Input::read(path).map_or_else(|_| String::new(), |input| sha256(&input.bytes))
}

/// Two digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Says where these files lie as seen from the folder of results.
pub fn see_from(folder: &Path, files: &mut [InputFile]) {
    for file in files {
        file.from_results = Some(relative(Path::new(&file.path), folder).display().to_string());
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

/// A path relative to a folder, without a needless `./`.
pub fn beside(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// The folder that names are seen from, and the one in which the others are looked for.
pub type Folders<'a> = (&'a Path, Option<&'a Path>);

/// The path of a file that a job names relative to its own folder; `place` is where.
pub fn named_file(folders: Folders, name: &str, place: &str) -> Result<PathBuf, Failure> {
    found(folders, name).ok_or_else(|| {
        let path = beside(folders.0, name);
        let message = format!("{place}: there is no file {}", path.display());
        match folders.1 {
            Some(elsewhere) => Failure::with_hint(message, format!("nor is it in {}", elsewhere.display())),
            None => Failure::with_hint(message, "paths in a job are relative to the job file"),
        }
    })
}

/// Where a file lies, if it does.
pub fn found((folder, elsewhere): Folders, name: &str) -> Option<PathBuf> {
    let places = [Some(folder), elsewhere].into_iter().flatten();
    places.map(|folder| beside(folder, name)).find(|path| path.is_file())
}

pub fn missing(name: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::with_hint(format!("{name}: there is no such file"), "check its path"),
        _ => Failure::with_hint(format!("{name}: cannot read: {error}"), "check its path and permissions"),
    }
}

/// The files that arguments name: those that are there as they stand, the others as patterns.
pub fn expanded(arguments: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for argument in arguments {
        let found = matching(argument)?;
        if found.is_empty() {
            let hint = "check the path; in quotes, * and ? stand for any letters of a name";
            return Err(Failure::with_hint(format!("{argument}: there is no such file"), hint));
        }
        paths.extend(found);
    }
    Ok(paths)
}

/// What one argument names, in the order in which people count; nothing where there is nothing yet.
pub fn matching(argument: &str) -> Result<Vec<PathBuf>, Failure> {
    let path = Path::new(argument);
    if path.exists() {
        return Ok(vec![path.to_owned()]);
    }
    let found = glob::glob(argument).map_err(|error| {
        Failure::with_hint(format!("{argument}: this is no pattern of names ({error})"), "write run*.chi or run?.chi")
    })?;
    let mut found: Vec<PathBuf> = found.flatten().filter(|path| path.is_file()).collect();
    sort(&mut found);
    Ok(found)
}

/// Brings paths into the order in which people count.
pub fn sort(paths: &mut [PathBuf]) {
    paths.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
}

/// The name of a file without its ending.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
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
