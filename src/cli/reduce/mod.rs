//! `corefine reduce`: measured intensities to S(Q), F(Q) and G(r), one file or many.

mod scan;
mod settings;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corefine::pattern::Pattern;
use corefine::reduce::Reducer;
use corefine::reduction::Reduced;
use corefine::report::{REDUCED, Variant, covariance_of_f, covariance_of_g, reduced_files, reduction_html};
use corefine::threads;
use serde_json::{Value, json};

use super::End;
use super::args::{self, CovarianceArg};
use super::files::{Input, expanded, stem};
use super::messages::{Failure, summary, tell, warn, warn_of};
use super::output::{Folder, folder_of};
use super::progress::Bar;
use scan::Scan;
use settings::{background, settings};

/// So many warnings of many files are printed; more say nothing new.
const MOST_WARNINGS: usize = 10;

/// Files are handed to threads in so many parts for each thread, so that none waits long for the others.
const PARTS: usize = 8;

pub struct Plan {
    samples: Vec<Sample>,
    background: Option<Pattern>,
    reducer: Reducer,
    scan: Option<Scan>,
    covariance: Vec<CovarianceArg>,
    report: bool,
    folder: Folder,
    warnings: Vec<String>,
    many: bool,
}

/// One pattern, and the names of what will be written.
struct Sample {
    path: PathBuf,
    names: Vec<String>,
}

impl Plan {
    pub fn of(args: &args::Reduce) -> Result<Self, Failure> {
        let (settings, mut warnings) = settings(args)?;
        let reducer = Reducer::new(&settings).map_err(Failure::of)?;
        let scan = args.scan.as_deref().map(|text| Scan::of(text, &settings)).transpose()?;
        let paths = expanded(&args.samples)?;
        let endings = endings(args);
        let (folder, samples) = match (&args.output, &args.out) {
            (Some(base), _) => single(base, paths, &endings)?,
            (None, out) => (out.clone().unwrap_or_default(), named(paths, &endings)?),
        };
        let names: Vec<&str> = samples.iter().flat_map(|sample| &sample.names).map(String::as_str).collect();
        // Of one sample the folder is shared with whatever else is reduced there.
        let check = if args.output.is_some() { Folder::shared } else { Folder::check };
        let folder = check(&folder, &names, args.replace.force)?;
        let background = background(args, &settings)?.as_deref().map(pattern).transpose()?;
        warnings.extend(background.iter().flat_map(|background| background.warnings.clone()));
        let (many, report, covariance) = (args.output.is_none(), args.report, covariance(args));
        Ok(Self { samples, background, reducer, scan, covariance, report, folder, warnings, many })
    }

    pub fn run(self) -> Result<End, Failure> {
        warn_of(&self.warnings);
        if self.many { self.run_many() } else { self.run_one() }
    }

    fn run_one(self) -> Result<End, Failure> {
        let mut reducer = self.reducer.clone();
        for sample in &self.samples {
            let done = self.reduce(sample, &mut reducer)?;
            warn_of(&done.warnings);
            summary(done.numbers);
            tell!("{}", done.line);
            tell!("results in {}", sample.names.join(", "));
        }
        Ok(End::Well)
    }

    /// Every file that can be reduced is; the others are told of, and leave nothing.
    fn run_many(self) -> Result<End, Failure> {
        self.folder.make();
        let bar = Bar::of(self.samples.len());
        let parts = (threads::count() * PARTS).min(self.samples.len());
        let done: Vec<Result<Done, Failure>> =
            threads::map(parts, |part| self.part(part, parts, &bar)).into_iter().flatten().collect();
        drop(bar);
        let warnings: Vec<String> = done.iter().flatten().flat_map(|done| done.warnings.clone()).collect();
        warn_of(&warnings[..warnings.len().min(MOST_WARNINGS)]);
        if warnings.len() > MOST_WARNINGS {
            warn(&format!("{} more warnings of this kind", warnings.len() - MOST_WARNINGS));
        }
        self.tell(&done)
    }

    /// One of `parts` equal stretches of the files, with a reducer of its own.
    fn part(&self, part: usize, parts: usize, bar: &Bar) -> Vec<Result<Done, Failure>> {
        let (from, to) = (part * self.samples.len() / parts, (part + 1) * self.samples.len() / parts);
        let mut reducer = self.reducer.clone();
        let mut done = Vec::with_capacity(to - from);
        for sample in &self.samples[from..to] {
            done.push(self.reduce(sample, &mut reducer));
            bar.step();
        }
        done
    }

    fn reduce(&self, sample: &Sample, reducer: &mut Reducer) -> Result<Done, Failure> {
        let (read, background) = (pattern(&sample.path)?, self.background.as_ref());
        let (texts, reduced) = if let Some(scan) = &self.scan {
            scan.page(&read, background)?
        } else {
            let reduced = reducer.reduce(&read, background).map_err(Failure::of)?;
            (self.texts(&reduced)?, reduced)
        };
        let names = sample.names.iter().map(String::as_str);
        self.folder.write(&names.zip(texts).collect::<Vec<_>>())?;
        let numbers = json!({ "sample": reduced.sample, "settings": reduced.settings, "normalisation": reduced.normalisation,
            "degree": reduced.degree, "files": sample.names, "folder": self.folder.path() });
        Ok(Done { line: line(&reduced), numbers, warnings: reduced.warnings })
    }

    /// The texts of [`endings`]: the four files, covariances and the page, where they are asked for.
    fn texts(&self, reduced: &Reduced) -> Result<Vec<String>, Failure> {
        let mut texts: Vec<String> = reduced_files(reduced).into();
        for asked in &self.covariance {
            let text = if *asked == CovarianceArg::G { covariance_of_g(reduced) } else { covariance_of_f(reduced) };
            let none = format!("{}: it has no uncertainties, and so there is no covariance", reduced.sample);
            let hint = "give a third column with the standard uncertainty of each intensity, or leave out --covariance";
            texts.push(text.ok_or_else(|| Failure::with_hint(none, hint))?);
        }
        if self.report {
            let alone = Variant { label: String::new(), reduced: reduced.clone() };
            texts.push(reduction_html(&[alone], ""));
        }
        Ok(texts)
    }

    fn tell(&self, done: &[Result<Done, Failure>]) -> Result<End, Failure> {
        let failures: Vec<&Failure> = done.iter().filter_map(|done| done.as_ref().err()).collect();
        for failure in failures.iter().take(MOST_WARNINGS) {
            eprintln!("{failure}");
        }
        let well = done.len() - failures.len();
        if well == 0 {
            let _ = fs::remove_dir(self.folder.path());
            return Err(Failure::new(format!("none of {} files could be reduced", done.len())));
        }
        let all: Vec<&Value> = done.iter().flatten().map(|done| &done.numbers).collect();
        let refused: Vec<String> = failures.iter().map(|failure| failure.words()).collect();
        summary(json!({ "reduced": all, "refused": refused }));
        tell!("{well} of {} files reduced; results in {}", done.len(), self.folder.path().display());
        Ok(if failures.is_empty() { End::Well } else { End::NotConverged })
    }
}

/// What is told of a reduced file.
struct Done {
    line: String,
    numbers: Value,
    warnings: Vec<String>,
}

/// `Ni.chi: Q 0.02 to 24 1/Å (qmaxinst 31.26), polynomial of degree 8.96, G(r) 0 to 60 Å`.
fn line(reduced: &Reduced) -> String {
    let settings = &reduced.settings;
    format!(
        "{}: Q {} to {} 1/Å (qmaxinst {}), bgscale {}, polynomial of degree {:.2}, G(r) {} to {} Å",
        reduced.sample,
        settings.qmin,
        settings.qmax.unwrap_or_default(),
        settings.qmaxinst.unwrap_or_default(),
        (settings.bgscale * 1e4).round() / 1e4,
        reduced.degree,
        settings.rmin,
        settings.rmax
    )
}

/// A pattern from its file.
pub fn pattern(path: &Path) -> Result<Pattern, Failure> {
    Input::read(path)?.pattern()
}

/// What is written for each sample.
fn endings(args: &args::Reduce) -> Vec<&'static str> {
    if args.scan.is_some() {
        return vec!["scan.html"];
    }
    let covariance = covariance(args).into_iter().map(|asked| if asked == CovarianceArg::G { "gcov" } else { "fcov" });
    REDUCED.into_iter().chain(covariance).chain(args.report.then_some("html")).collect()
}

/// Each once.
fn covariance(args: &args::Reduce) -> Vec<CovarianceArg> {
    [CovarianceArg::G, CovarianceArg::F].into_iter().filter(|kind| args.covariance.contains(kind)).collect()
}

/// The folder and the names for one sample.
fn single(base: &Path, paths: Vec<PathBuf>, endings: &[&str]) -> Result<(PathBuf, Vec<Sample>), Failure> {
    let [path] = <[PathBuf; 1]>::try_from(paths).map_err(|paths| {
        let message = format!("-o names one result, and {} patterns are given", paths.len());
        Failure::with_hint(message, "give --out DIR: each pattern has its own name there")
    })?;
    let folder = folder_of(base);
    if !folder.is_dir() {
        let message = format!("{}: there is no folder {}", base.display(), folder.display());
        return Err(Failure::with_hint(message, "make it, or name another"));
    }
    let name = base.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.is_empty() {
        return Err(Failure::with_hint(format!("-o is {}", base.display()), "give a name without ending"));
    }
    Ok((folder.to_owned(), vec![Sample { path, names: names(&name, endings) }]))
}

fn names(stem: &str, endings: &[&str]) -> Vec<String> {
    endings.iter().map(|ending| format!("{stem}.{ending}")).collect()
}

/// Each sample with the names that its own gives; no two may share them.
fn named(paths: Vec<PathBuf>, endings: &[&str]) -> Result<Vec<Sample>, Failure> {
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut samples = Vec::with_capacity(paths.len());
    for path in paths {
        let stem = stem(&path);
        if let Some(other) = seen.insert(stem.clone(), path.clone()) {
            let message = format!("{} and {} would both be written as {stem}.gr", other.display(), path.display());
            return Err(Failure::with_hint(message, "reduce them into two folders, or rename one"));
        }
        samples.push(Sample { names: names(&stem, endings), path });
    }
    Ok(samples)
}
