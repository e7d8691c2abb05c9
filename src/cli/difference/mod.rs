//! `corefine difference`: of ensembles, or of two measured curves, whichever it is given.

mod curves;
mod ensembles;

use std::path::{Path, PathBuf};

use super::End;
use super::args::Difference;
use super::messages::Failure;

pub enum Plan {
    Ensembles(Box<ensembles::Plan>),
    Curves(Box<curves::Plan>),
}

/// What a path leads to.
enum Given {
    /// The folder of an ensemble's results.
    Folder(PathBuf),
    /// A file with a curve.
    Curve(PathBuf),
}

impl Plan {
    pub fn of(args: &Difference) -> Result<Self, Failure> {
        let given: Vec<Given> = args.of.iter().map(|path| given(path)).collect();
        let folders: Vec<&Path> = given.iter().filter_map(Given::folder).collect();
        let curves: Vec<&Path> = given.iter().filter_map(Given::curve).collect();
        match (curves.as_slice(), folders.as_slice()) {
            ([cycled, pristine], []) => Ok(Self::Curves(Box::new(curves::Plan::of(args, cycled, pristine)?))),
            ([], [later @ .., reference]) => {
                only_of_curves(args)?;
                Ok(Self::Ensembles(Box::new(ensembles::Plan::of(args, later, reference)?)))
            }
            ([curve, ..], [folder, ..]) => {
                let message =
                    format!("{} is a folder of results, {} is a file with a curve", folder.display(), curve.display());
                Err(Failure::with_hint(message, "name folders that corefine ensemble wrote, or two curves"))
            }
            (curves, []) => Err(Failure::with_hint(
                format!("these are {} curves", curves.len()),
                "name two curves: the second is subtracted from the first",
            )),
        }
    }

    pub fn run(self) -> Result<End, Failure> {
        match self {
            Self::Ensembles(plan) => plan.run(),
            Self::Curves(plan) => plan.run(),
        }
    }
}

impl Given {
    fn folder(&self) -> Option<&Path> {
        if let Self::Folder(path) = self { Some(path) } else { None }
    }

    fn curve(&self) -> Option<&Path> {
        if let Self::Curve(path) = self { Some(path) } else { None }
    }
}

/// A folder, or the `result.json` in one, is an ensemble; so is what is not there and has no ending of a file.
fn given(path: &Path) -> Given {
    match path.parent() {
        Some(folder) if path.file_name().is_some_and(|name| name == "result.json") => {
            Given::Folder(if folder == Path::new("") { PathBuf::from(".") } else { folder.to_owned() })
        }
        _ if path.is_dir() || (!path.exists() && path.extension().is_none()) => Given::Folder(path.to_owned()),
        _ => Given::Curve(path.to_owned()),
    }
}

/// Options that mean nothing for ensembles.
fn only_of_curves(args: &Difference) -> Result<(), Failure> {
    let given = [
        ("-o", args.output.is_some()),
        ("--window", args.window.is_some()),
        ("--no-scale", args.no_scale),
        ("--range", args.range.is_some()),
        ("--stretch", args.stretch.is_some()),
        ("--smear", args.smear.is_some()),
        ("--background", !args.background.is_empty()),
        ("--pristine-background", !args.pristine_background.is_empty()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            Err(Failure::with_hint(format!("{flag} is for curves, and these are folders of ensembles"), "leave it out"))
        }
        None => Ok(()),
    }
}
