//! ΔG(r) of two measured curves.

use std::path::Path;

use corefine::delta::morph::Morph;
use corefine::delta::{Delta, Options, Side, WINDOW, delta};
use corefine::observed::Observed;
use corefine::report;
use serde_json::json;

use crate::cli::End;
use crate::cli::args::Difference;
use crate::cli::files::Input;
use crate::cli::messages::{Failure, summary, tell, warn_of};
use crate::cli::output::Target;
use crate::cli::typed::range;

pub struct Plan {
    delta: Delta,
    page: Option<Target>,
    columns: Option<Target>,
}

impl Plan {
    pub fn of(args: &Difference, first: &Path, second: &Path) -> Result<Self, Failure> {
        let target = |path: Option<&Path>| Target::optional(path, &args.replace);
        let (page, columns) = (target(args.out.as_deref())?, target(args.output.as_deref())?);
        let options = options(args)?;
        let first = side(first, &args.background, "--background")?;
        let second = side(second, &args.pristine_background, "--pristine-background")?;
        let mut found = delta(&first, &second, &options).map_err(Failure::of)?;
        let read = [&first, &second].into_iter().flat_map(|side| side.observed.warnings.clone());
        found.warnings.splice(0..0, read);
        Ok(Self { delta: found, page, columns })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { delta, page, columns } = self;
        warn_of(&delta.warnings);
        summary(json!({ "names": delta.names, "scale": delta.scale, "stretch": delta.stretch, "smear": delta.smear,
            "rw": delta.rw, "points": delta.r.len(), "warnings": delta.warnings }));
        for line in report::delta_lines(&delta) {
            tell!("{line}");
        }
        if let Some(target) = columns {
            target.write(&report::delta_columns(&delta))?;
            tell!("columns in {}", target.path().display());
        }
        if let Some(target) = page {
            target.write(&report::delta_html(&delta))?;
            tell!("both in {}", target.path().display());
        }
        Ok(End::Well)
    }
}

fn options(args: &Difference) -> Result<Options, Failure> {
    let window = match (&args.window, args.no_scale) {
        (_, true) => None,
        (Some(ends), false) => Some(interval("--window", ends)?),
        (None, false) => Some(WINDOW),
    };
    let range = args.range.as_ref().map(|ends| interval("--range", ends)).transpose()?;
    let stretch = morph("--stretch", args.stretch.as_deref(), (-0.1, 0.1))?;
    let smear = morph("--smear", args.smear.as_deref(), (0.0, 0.5))?;
    Ok(Options { window, range, stretch, smear })
}

fn interval(flag: &str, ends: &[f64]) -> Result<(f64, f64), Failure> {
    range(flag, ends, "write two distances in Å, the smaller first, such as 1.2,1.5").map(Into::into)
}

/// `refine`, or a number between both ends.
fn morph(flag: &str, said: Option<&str>, (low, high): (f64, f64)) -> Result<Morph, Failure> {
    match said {
        None => Ok(Morph::Off),
        Some("refine") => Ok(Morph::Refined),
        Some(text) => match text.parse::<f64>() {
            Ok(value) if (low..=high).contains(&value) => Ok(Morph::Fixed(value)),
            _ => Err(Failure::with_hint(
                format!("{flag} is {text}"),
                format!("write a number from {low} to {high}, or nothing after it to have it refined"),
            )),
        },
    }
}

/// A curve with its backgrounds, each `FILE=FACTOR`.
fn side(path: &Path, backgrounds: &[String], flag: &str) -> Result<Side, Failure> {
    let read = |text: &String| {
        let split = text.rsplit_once('=').and_then(|(file, factor)| Some((file, factor.parse::<f64>().ok()?)));
        match split {
            Some((file, factor)) if factor.is_finite() => Ok((curve(Path::new(file))?, factor)),
            _ => Err(Failure::with_hint(
                format!("{flag} is {text}"),
                "write FILE=FACTOR, such as carbon.gr=0.12: its share is not to be found from a peak that the sample has too",
            )),
        }
    };
    Ok(Side { observed: curve(path)?, backgrounds: backgrounds.iter().map(read).collect::<Result<_, _>>()? })
}

fn curve(path: &Path) -> Result<Observed, Failure> {
    Input::read(path)?.observed()
}
