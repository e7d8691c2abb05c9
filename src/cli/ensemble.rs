//! `corefine ensemble`: a job in, a folder with many structures that fit and what they share out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use corefine::ensemble::{Ensemble, Method, Plan as Asked};
use corefine::fit::FitError;
use corefine::lm::Flow;
use corefine::outcome::{BondAnswer, EnsembleResult, InputFile, Interval, Member};
use corefine::read::members::members;
use corefine::report::{self, Columns};
use serde_json::json;

use super::End;
use super::args::{self, MethodArg};
use super::case::Case;
use super::messages::{Failure, parsed, summary, tell, warn, warn_of};
use super::output::Folder;
use super::progress::{Progress, interrupted_by_user};
use super::resume;

/// What a folder of an ensemble holds.
pub const RESULTS: [&str; 4] = ["result.json", "ensemble.csv", "histogram.csv", "report.html"];

/// More members than anybody waits for.
const MOST_MEMBERS: usize = 1_000_000;

pub struct Plan {
    case: Case,
    asked: Asked,
    columns: Columns,
    /// What the members are made of: the comment lines of `ensemble.csv`.
    made_of: Vec<(String, String)>,
    /// Members that are there already.
    done: Vec<Member>,
    folder: Folder,
}

impl Plan {
    pub fn of(args: &args::Ensemble) -> Result<Self, Failure> {
        let asked = asked(args)?;
        let folder = Folder::resumable(&args.output, &RESULTS)?;
        let case = Case::read(&args.job)?;
        if case.job.refine.is_empty() {
            let message = format!("{} refines nothing, and all members would be the same", args.job.display());
            return Err(Failure::with_hint(message, "name parameters under `refine`"));
        }
        let columns = Columns::of(&case.setup);
        let made_of = made_of(&case.files, &asked);
        let done = if args.output.resume { resumed(folder.path(), &made_of, &columns)? } else { Vec::new() };
        Ok(Self { case, asked, columns, made_of, done, folder })
    }

    pub fn run(self) -> Result<End, Failure> {
        let stop = interrupted_by_user();
        let Self { case, asked, columns, made_of, done, folder } = self;
        let Case { setup, job, words, label, .. } = case;
        let made = made(setup, asked, &done, &stop).map_err(|error| words.locate(&error.to_string(), &job))?;
        let Some((members, result)) = made else {
            warn("stopped before the first member; nothing is written");
            return Ok(End::NotConverged);
        };
        warn_of(&result.warnings);
        let room = tracing::info_span!("report").entered();
        let texts = [
            report::ensemble_json(&result, label),
            report::members_csv(&made_of, &columns, &members),
            report::answers_csv(&result.bonds),
            report::ensemble_html(&result, label),
        ];
        drop(room);
        let found = parsed(&texts[0]);
        folder.write_named(RESULTS, texts)?;
        summary(json!({ "results": folder.path() }));
        summary(found);
        say(&result, folder.path());
        Ok(if result.converged == result.wanted { End::Well } else { End::NotConverged })
    }
}

fn asked(args: &args::Ensemble) -> Result<Asked, Failure> {
    let number = |flag: &str, value: usize, most: usize| {
        let message = format!("{flag} is {value}");
        let right = (1..=most).contains(&value);
        if right { Ok(value) } else { Err(Failure::with_hint(message, format!("give 1 to {most}"))) }
    };
    let members = number("-n", args.members, MOST_MEMBERS)?;
    let chains = number("--chains", args.chains, MOST_MEMBERS)?.min(members);
    if !(args.radius.is_finite() && args.radius > 0.0) {
        return Err(Failure::with_hint(format!("--radius is {}", args.radius), "write a number above 0, in Å"));
    }
    let method = match args.method {
        MethodArg::Hamiltonian => Method::Hamiltonian,
        MethodArg::Randomised => Method::Randomised,
        MethodArg::Noise => Method::Noise,
        MethodArg::Starts => Method::Starts(args.radius),
    };
    Ok(Asked { method, members, seed: args.seed, chains })
}

/// Everything that decides what the members are, as keys and values.
fn made_of(files: &[InputFile], asked: &Asked) -> Vec<(String, String)> {
    let mut all = resume::made_of(files);
    let mut add = |key: &str, value: String| all.push((key.to_owned(), value));
    add("method", asked.method.name().to_owned());
    match asked.method {
        Method::Hamiltonian => add("chains", asked.chains.to_string()),
        Method::Starts(radius) => add("radius", radius.to_string()),
        Method::Randomised | Method::Noise => {}
    }
    add("members", asked.members.to_string());
    add("seed", asked.seed.to_string());
    all
}

/// The members that an older run left, which has to have been the same.
fn resumed(out: &Path, made_of: &[(String, String)], columns: &Columns) -> Result<Vec<Member>, Failure> {
    let input = resume::older(out, RESULTS[1])?;
    let found = members(input.text()?, &input.name).map_err(Failure::of)?;
    resume::same(&input.name, &found.made_of, made_of)?;
    let taken = found.taken(columns.parameters.len(), &columns.lengths()).filter(|_| found.columns == columns.line());
    taken.ok_or_else(|| {
        let message = format!("{}: its columns are not those of this job", input.name);
        Failure::with_hint(message, "--force begins anew")
    })
}

/// The members and what they share; `None` where it was stopped before there were any.
fn made(
    setup: corefine::fit::Setup,
    asked: Asked,
    done: &[Member],
    stop: &AtomicBool,
) -> Result<Option<(Vec<Member>, EnsembleResult)>, FitError> {
    let clock = Instant::now();
    let line = Progress::start();
    let flow = || if stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue };
    let ensemble = Ensemble::watched(setup, asked, &|_| {
        line.show_start();
        flow()
    })?;
    let before = complete(&ensemble, done);
    let observer = |now: usize| {
        line.members((before, now, asked.members));
        flow()
    };
    let members = together(done.to_vec(), ensemble.run(done, &observer)?);
    if members.is_empty() {
        return Ok(None);
    }
    let result = ensemble.result(&members, clock.elapsed().as_secs_f64())?;
    Ok(Some((members, result)))
}

/// Members of units that are complete, and so are not made again.
fn complete(ensemble: &Ensemble, done: &[Member]) -> usize {
    let units = (0..ensemble.units()).map(|unit| ensemble.numbers(unit));
    let whole = units.filter(|numbers| done.iter().filter(|m| numbers.contains(&m.number)).count() == numbers.len());
    whole.map(|numbers| numbers.len()).sum()
}

/// Old and new members by number. A run that was stopped again may have made fewer of a chain than there were: a number means
/// the same member in both.
fn together(old: Vec<Member>, new: Vec<Member>) -> Vec<Member> {
    let all: BTreeMap<usize, Member> = old.into_iter().chain(new).map(|member| (member.number, member)).collect();
    all.into_values().collect()
}

fn say(result: &EnsembleResult, folder: &Path) {
    tell!("{} members by {}, median Rw {:.5}", result.members, result.method, result.rw);
    for bonds in &result.bonds {
        tell!("{}", words(bonds));
    }
    tell!("results in {}", folder.display());
    if result.members < result.wanted {
        tell!("{} of {} members: the same command with --resume makes the rest", result.members, result.wanted);
    }
}

/// `Co-N: 14 % [12, 17] (90 %) beyond 2.25 Å; before the data [0, 40]; R 1.02, 310 independent members`.
fn words(bonds: &BondAnswer) -> String {
    let (median, interval50, interval90) = (bonds.fraction, bonds.fraction_interval50, bonds.fraction_interval90);
    let fraction = report::with_interval(&Interval { median, interval50, interval90 }, false);
    let before = bonds.fraction_before.map(|before| before.interval90.map(|end| 100.0 * end));
    let before = before.map_or_else(String::new, |[low, high]| format!("; before the data [{low:.0}, {high:.0}]"));
    let r_hat = bonds.r_hat.map_or_else(String::new, |r_hat| format!("R {r_hat:.2}, "));
    let BondAnswer { pair, cutoff, effective, .. } = bonds;
    format!("{pair}: {fraction} (90 %) beyond {cutoff} Å{before}; {r_hat}{effective:.0} independent members")
}
