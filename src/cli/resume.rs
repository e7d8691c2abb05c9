//! Runs that go on from what an older one left, which has to have been of the same things.

use std::path::Path;

use corefine::outcome::InputFile;

use super::files::Input;
use super::messages::Failure;

/// What decides the results of every run, as keys and values: the program and the files.
pub fn made_of<'a>(files: impl IntoIterator<Item = &'a InputFile>) -> Vec<(String, String)> {
    let program = ("program".to_owned(), format!("corefine {}", env!("CARGO_PKG_VERSION")));
    let files = files.into_iter().map(|file| (format!("sha256 of the {}", file.role), file.sha256.clone()));
    std::iter::once(program).chain(files).collect()
}

/// The file in which the older run says what its results are made of.
pub fn older(out: &Path, name: &str) -> Result<Input, Failure> {
    let path = out.join(name);
    if path.is_file() {
        return Input::read(&path);
    }
    let message = format!("{} holds no {name} to go on from", out.display());
    Err(Failure::with_hint(message, "leave --resume out, or name the folder of the run that was stopped"))
}

/// Is everything that decides the results the same as in the file `name` of the older run?
pub fn same(name: &str, older: &[(String, String)], made_of: &[(String, String)]) -> Result<(), Failure> {
    for (key, value) in made_of {
        let there = older.iter().find(|(other, _)| other == key).map(|(_, value)| value.as_str());
        if there != Some(value) {
            let there = there.map_or_else(|| format!("no {key}"), |there| format!("{key} {there}"));
            let message = format!("{name} is of another run: it has {there}, and this one has {key} {value}");
            return Err(Failure::with_hint(message, "give the same files and options, or --force to begin anew"));
        }
    }
    Ok(())
}
