//! The job file: RON, read strictly and checked value by value, and written back.
//!
//! A user writes `min: 0.0`, not `min: Some(0.0)`; unknown keys and names given twice are errors.

mod check;
mod draft;
mod names;
mod places;
mod reduced;
mod scope;

use std::fmt;

use ron::extensions::Extensions;
use ron::ser::PrettyConfig;

pub use draft::{Draft, likely_pairs, write_commented};
use places::Place;
pub(super) use places::Places;
pub use scope::{in_dataset, in_phase};

use crate::job::{Instrument, Job};

/// The reference of a job's keys.
const PAGE: &str = "docs/job.md";

/// A job file that cannot be used. Line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The text is no job: not RON, an unknown key, a missing one, a name given twice.
    #[error("{file}:{line}:{column}: {problem}; {hint}")]
    Syntax {
        /// The job file.
        file: String,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// A value that cannot be, alone or beside another.
    #[error("{file}:{line}:{column}: {problem}; {hint}")]
    Value {
        /// The job file.
        file: String,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
        /// The value, and what is allowed.
        problem: String,
        /// What to do.
        hint: String,
    },
}

impl JobError {
    /// File, line and column with what is wrong there.
    pub fn message(&self) -> String {
        let (Self::Syntax { file, line, column, problem, .. } | Self::Value { file, line, column, problem, .. }) = self;
        format!("{file}:{line}:{column}: {problem}")
    }

    /// What to do about it.
    pub fn hint(&self) -> &str {
        let (Self::Syntax { hint, .. } | Self::Value { hint, .. }) = self;
        hint
    }
}

/// Reads a job from the text of the file `name`.
///
/// # Errors
/// For text that is no RON, unknown or missing keys, names given twice, and values that cannot be
/// (`rmin >= rmax`, a negative U, a start outside its bounds, an unknown element or parameter).
///
/// ```
/// let text = r#"(
///     structure: "Ni.cif",
///     data: (file: "Ni.gr", rmin: 1.5, rmax: 20.0, radiation: xray),
///     refine: { "a": (min: 3.4, max: 3.6), "Uiso.Ni": (), "scale": () },
/// )"#;
/// let job = corefine::read::job::job(text, "job.ron").unwrap();
/// assert_eq!(job.refine[0].1.max, Some(3.6));
///
/// let wrong = text.replace("1.5", "21.5");
/// let error = corefine::read::job::job(&wrong, "job.ron").unwrap_err();
/// assert!(error.message().starts_with("job.ron:3:33: rmin is 21.5"), "{}", error.message());
/// ```
pub fn job(text: &str, name: &str) -> Result<Job, JobError> {
    let mut job = options().from_str(text).map_err(|error| syntax(&error, text, name, PAGE))?;
    let checked = check::check(&job).and_then(|()| reduced::settle(&mut job));
    checked.map_err(|problem| problem.at(name, &Places::of(text)))?;
    Ok(job)
}

/// Reads the resolution of an instrument from the text of the file `name`, as `corefine calibrate` writes it.
///
/// # Errors
/// For text that is no RON, unknown or missing keys, and values below 0.
///
/// ```
/// let text = "// Ni\n(qdamp: 0.0453, qbroad: 0.0168)";
/// assert_eq!(corefine::read::job::instrument(text, "instrument.ron").unwrap().qbroad, 0.0168);
/// let error = corefine::read::job::instrument("(qdamp: -1.0)", "i.ron").unwrap_err();
/// assert_eq!(error.to_string(), "i.ron:1:9: qdamp is -1; write 0 or more");
/// ```
pub fn instrument(text: &str, name: &str) -> Result<Instrument, JobError> {
    let instrument: Instrument = options().from_str(text).map_err(|error| syntax(&error, text, name, PAGE))?;
    check::instrument(&instrument).map_err(|problem| problem.at(name, &Places::of(text)))?;
    Ok(instrument)
}

/// Writes a job as RON that reads back equal.
///
/// # Panics
/// Never: a [`Job`] holds nothing that RON cannot say.
pub fn to_ron(job: &Job) -> String {
    let pretty = PrettyConfig::new().depth_limit(3).indentor("    ");
    let mut text = options().to_string_pretty(job, pretty).expect("strings, numbers, lists and maps are RON");
    text.push('\n');
    text
}

/// Line and column (from 1) of the value at a path such as `refine/Uiso.Co` or `ties/0`, for messages about a job whose
/// words only turn out wrong when they meet the structure or the data.
///
/// ```
/// let text = "(\n    refine: { \"a\": () },\n)";
/// assert_eq!(corefine::read::job::place_of(text, "refine/a"), (2, 20));
/// ```
pub fn place_of(text: &str, path: &str) -> (usize, usize) {
    let Place { line, column } = Places::of(text).of_path(path);
    (line, column)
}

/// The bytes of the bare word or number at exactly that path, so that it can be written anew in its place.
///
/// ```
/// let text = "// Å\n(refine: { \"a\": (start: 3.52) })";
/// let word = corefine::read::job::word_at(text, "refine/a/start").unwrap();
/// assert_eq!(&text[word], "3.52");
/// ```
pub fn word_at(text: &str, path: &str) -> Option<std::ops::Range<usize>> {
    places::word_at(text, path)
}

pub(super) fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

/// RON's error about the text of the file `name`; `page` is the reference that has every key.
pub(super) fn syntax(error: &ron::error::SpannedError, text: &str, name: &str, page: &str) -> JobError {
    let place = Place { line: error.span.start.line.max(1), column: error.span.start.col.max(1) };
    let (problem, hint) = explain(&error.code, text, page);
    JobError::Syntax { file: name.to_owned(), line: place.line, column: place.column, problem, hint }
}

/// RON's error in the words of a job file.
fn explain(error: &ron::Error, text: &str, page: &str) -> (String, String) {
    use ron::Error as E;
    match error {
        _ if text.trim().is_empty() && page == PAGE => {
            ("the file is empty".to_owned(), "`corefine init STRUCTURE DATA -o JOB.ron` writes a job".to_owned())
        }
        _ if text.trim().is_empty() => ("the file is empty".to_owned(), format!("see {page}")),
        E::NoSuchStructField { expected, found, outer } => {
            (format!("unknown key `{found}`{}", within(outer.as_deref())), one_of(found, expected))
        }
        E::NoSuchEnumVariant { expected, found, .. } => (format!("unknown choice `{found}`"), one_of(found, expected)),
        E::MissingStructField { field, outer } => {
            (format!("key `{field}` is missing{}", within(outer.as_deref())), format!("add `{field}: ...`"))
        }
        E::DuplicateStructField { field, outer } => {
            (format!("key `{field}` stands twice{}", within(outer.as_deref())), "keep one of them".to_owned())
        }
        E::Message(message) => match message.split_once(": ") {
            Some((problem, hint)) => (problem.to_owned(), hint.to_owned()),
            None => (message.clone(), format!("see the reference, {page}")),
        },
        E::Eof => ("the file ends too soon".to_owned(), "close every bracket and quote; is the file whole?".to_owned()),
        other => {
            let words = other.to_string();
            let mut letters = words.chars();
            let first = letters.next().map(|c| c.to_ascii_lowercase()).into_iter();
            (
                first.chain(letters).collect(),
                "write what is expected, or look for a missing comma, quote or bracket here".to_owned(),
            )
        }
    }
}

fn within(outer: Option<&str>) -> String {
    outer.map(|outer| format!(" in {}", outer.to_lowercase())).unwrap_or_default()
}

fn one_of(found: &str, expected: &[&str]) -> String {
    let all = format!("known are {}", expected.join(", "));
    names::nearest(found, expected).map_or_else(|| all.clone(), |meant| format!("did you mean `{meant}`? {all}"))
}

/// A value that cannot be, before it is known where it stands.
#[derive(Debug)]
pub(super) struct Problem {
    /// The value's path in the job.
    path: String,
    what: String,
    hint: String,
}

impl Problem {
    pub(super) fn new(path: impl fmt::Display, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { path: path.to_string(), what: what.into(), hint: hint.into() }
    }

    /// The same, its path as seen from farther out.
    fn within(self, path: &str) -> Self {
        Self { path: format!("{path}{}", self.path), ..self }
    }

    pub(super) fn at(self, name: &str, places: &Places) -> JobError {
        let Place { line, column } = places.of_path(&self.path);
        JobError::Value { file: name.to_owned(), line, column, problem: self.what, hint: self.hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"(
    title: "Co ZIF-62, cycled",
    structure: "co.ron",
    symmetry: P1,
    data: (
        file: "co.gr", rmin: 1.0, rmax: 4.5, grid: Step(0.05), radiation: xray, weights: f0,
        normalisation: SquareMean, compat: Pdffit2, qmin: 0.1, qmax: 23.5, soper_lorch: 0.1,
    ),
    set: { "qdamp": 0.069, "Uiso.H": 0.05 },
    refine: {
        "scale": (),
        "a": (min: 15.0, max: 16.0, start: 15.5),
        "xyz.Co": (sigma: 0.05),
    },
    ties: ["Uiso.C = Uiso.N"],
    beyond: { "Co": 4.7 },
    molecules: (exclude: ["Co"]),
    bonds: [(pair: "Co-N"), (pair: "Zn-N", cutoff: 2.3, neighbours: 4, bin: 0.05)],
    fit: (max_iterations: 50),
    restraints: [
        Distance(pair: "Co-N", neighbours: 4, target: 1.99, within: 0.05, sigma: 0.03),
        Angle(angle: "N-Co-N", sigma: 3.0),
        Apart(pair: "Co-C", least: 2.7, sigma: 0.05),
        Displacement(of: "Co", sigma: 0.15),
    ],
    restraint_weight: 0.5,
)"#;

    #[test]
    fn a_job_reads_back_as_written() {
        let job = job(WHOLE, "job.ron").unwrap();
        let text = to_ron(&job);
        assert_eq!(super::job(&text, "again.ron").unwrap(), job, "{text}");
        assert!(!text.contains("None,") && !text.contains("Some("), "{text}");
        assert!(text.contains(r#""a": (start: 15.5"#) || text.contains(r#""a": ("#), "{text}");
    }

    #[test]
    fn names_keep_the_order_of_the_file() {
        let job = job(WHOLE, "job.ron").unwrap();
        let names: Vec<&str> = job.refine.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["scale", "a", "xyz.Co"]);
    }

    /// What is written in place of what, and what the message must begin with and contain.
    #[test]
    fn wrong_jobs_are_refused_with_their_place() {
        let mut wrong = Vec::new();
        for (from, to, start, part) in [
            ("rmin: 1.0", "rmim: 1.0", "job.ron:6:24: unknown key `rmim` in data", "did you mean `rmin`?"),
            ("rmin: 1.0", "rmin: 4.6", "job.ron:6:30: rmin is 4.6", "smaller than rmax, 4.5"),
            ("rmin: 1.0", "rmin: -1.0", "job.ron:6:30: rmin is -1", ""),
            ("qmin: 0.1", "qmin: 24.0", "job.ron:7:59: qmin is 24", "qmax, 23.5"),
            ("Step(0.05)", "Step(0.0)", "job.ron:6:52: the grid's step is 0", ""),
            ("weights: f0", "weights: f1", "job.ron:6:90: unknown choice `f1`", "exact, f0"),
            ("\"Uiso.H\": 0.05", "\"Uiso.H\": -0.05", "job.ron:9:38: Uiso.H is -0.05", ""),
            ("\"Uiso.H\"", "\"Uios.H\"", "job.ron:9:38: unknown parameter \"Uios.H\"", "\"Uiso.H\""),
            ("start: 15.5", "start: 16.5", "job.ron:12:44: a starts at 16.5", "15 to 16"),
            ("min: 15.0", "min: 17.0", "job.ron:12:20: a has min 17", ""),
            ("\"xyz.Co\"", "\"a\"", "job.ron:13:10: duplicate name \"a\"", "name it once"),
            ("\"xyz.Co\"", "\"qdamp\"", "job.ron:13:18: qdamp is both set and refined", ""),
            ("\"xyz.Co\"", "\"Uiso.C\"", "job.ron:13:19: Uiso.C is both tied and refined", ""),
            ("(sigma: 0.05)", "(sigma: 0.0)", "job.ron:13:27: xyz.Co has sigma 0", ""),
            ("Uiso.C = Uiso.N", "Uiso.C", "job.ron:15:12: ties[0] is \"Uiso.C\"", "NAME = FORMULA"),
            ("Uiso.C = Uiso.N", "V.C = Uiso.N", "job.ron:15:12: unknown parameter \"V.C\"", ""),
            ("exclude: [\"Co\"]", "exclude: [\"Cx\"]", "job.ron:17:27: unknown element \"Cx\"", ""),
            ("\"Zn-N\"", "\"ZnN\"", "job.ron:18:36: pair \"ZnN\"", ""),
            ("\"Zn-N\"", "\"Zn-Q\"", "job.ron:18:36: unknown element \"Q\"", ""),
            ("cutoff: 2.3", "cutoff: 0", "job.ron:18:52: cutoff is 0", ""),
            ("max_iterations: 50", "tolerance: -1", "job.ron:19:22: tolerance is -1", ""),
            ("max_iterations: 50", "max_iterations: 50, max_iterations: 50", "job.ron:19:", "keep one"),
            ("    structure: \"co.ron\",\n", "", "job.ron:26:1:", "add `structure"),
            ("    restraint_weight: 0.5,\n)", "", "job.ron:25:", ""),
            ("target: 1.99", "target: -1", "job.ron:21:55: target is -1", "above 0"),
            ("within: 0.05", "within: -1", "job.ron:21:69: within is -1", "0 or more"),
            ("sigma: 0.03", "sigma: 0", "job.ron:21:82: sigma is 0", "above 0"),
            ("neighbours: 4, target", "neighbours: 0, target", "job.ron:21:44: neighbours is 0", ""),
            ("within: 0.05", "withn: 0.05", "job.ron:21:61: unknown key `withn`", "did you mean `within`?"),
            ("Distance(", "Distanc(", "job.ron:21:9: unknown choice `Distanc`", "did you mean `Distance`?"),
            ("\"N-Co-N\"", "\"N-Co\"", "job.ron:22:22: angle \"N-Co\"", "the centre in the middle"),
            ("\"N-Co-N\"", "\"N-Co-C\"", "job.ron:22:22: angle \"N-Co-C\" ends in two", "bonds of one kind"),
            ("sigma: 3.0", "neighbours: 1, sigma: 3.0", "job.ron:22:44: neighbours is 1", "between two"),
            ("sigma: 3.0", "target: 200, sigma: 3.0", "job.ron:22:40: target is 200", "180"),
            ("least: 2.7", "least: 27", "job.ron:23:36: least is 27", "up to 10"),
            ("least: 2.7, ", "", "job.ron:23:40: key `least` is missing", "add `least"),
            ("of: \"Co\"", "of: \"\"", "job.ron:24:26: of is empty", ""),
            ("restraint_weight: 0.5", "restraint_weight: 0", "job.ron:26:23: restraint_weight is 0", "above 0"),
            ("rmin: 1.0", "rmin: \"1\"", "job.ron:6:29: expected float", ""),
        ] {
            let text = WHOLE.replace(from, to);
            assert_ne!(text, WHOLE, "{from}");
            let error = job(&text, "job.ron").expect_err(to).to_string();
            if !(error.starts_with(start) && error.contains(part)) {
                wrong.push(format!("{to}\n got  {error}\n want {start} ... {part}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn an_empty_file_is_named_so() {
        for text in ["", " \n\n"] {
            assert!(job(text, "job.ron").unwrap_err().message().contains("the file is empty"));
        }
    }
}
