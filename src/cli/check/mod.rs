//! `corefine check`: a suite of cases in, what moved out.

mod ready;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use corefine::suite::{Case, Checked, Ended, EngineName, Run, State, Suite, Value, compare};
use corefine::{read, report, write};

use super::End;
use super::args::{self, STDOUT};
use super::files::Input;
use super::messages::{Failure, parsed, summary, tell};
use super::output::{Target, folder_of};
use super::progress::interrupted_by_user;
use ready::{Ready, open};

/// The unit of time is the median of so many runs.
const UNIT_RUNS: usize = 3;

pub struct Plan {
    suite: Suite,
    file: String,
    text: String,
    /// Cases that were asked for, read and checked, or why they cannot run.
    cases: Vec<(Case, Result<Ready, Failure>)>,
    /// The case whose time is the unit.
    unit: Option<(Case, Result<Ready, Failure>)>,
    all: bool,
    require_gpu: bool,
    update: Option<Target>,
    junit: Option<Target>,
    json: Option<Target>,
}

impl Plan {
    pub fn of(args: &args::Check) -> Result<Self, Failure> {
        let input = Input::read(&args.suite)?;
        let suite = read::suite::suite(input.text()?, &input.name).map_err(Failure::of)?;
        let written = |path: &Option<PathBuf>| path.as_ref().map(|path| Target::check(path, true)).transpose();
        let json = args.json.clone().filter(|path| path.as_os_str() != STDOUT);
        let (junit, json) = (written(&args.junit)?, written(&json)?);
        let update = args.update.then(|| Target::check(&args.suite, true)).transpose()?;
        let data = data(args.data.as_deref(), &suite)?;
        let ready = |case: Case| {
            let ready = Ready::of(&case.run, (folder_of(&args.suite), data.as_deref()));
            (case, ready)
        };
        let chosen: Vec<Case> = suite.cases.iter().filter(|case| is_chosen(case, &args.only)).cloned().collect();
        if chosen.is_empty() {
            let message = format!("no case of {} holds {}", input.name, args.only.join(" or "));
            return Err(Failure::with_hint(message, "leave --only out to see the names"));
        }
        let is_timed = chosen.iter().any(|case| case.time.is_some());
        let unit = suite.cases.iter().find(|case| is_timed && Some(&case.name) == suite.unit.as_ref()).cloned();
        Ok(Self {
            cases: chosen.into_iter().map(ready).collect(),
            unit: unit.map(ready),
            file: input.name.clone(),
            text: input.text()?.to_owned(),
            suite,
            all: args.all,
            require_gpu: args.require_gpu,
            update,
            junit,
            json,
        })
    }

    pub fn run(self) -> Result<End, Failure> {
        let stop = interrupted_by_user();
        let unit = self.unit.as_ref().map(|(case, ready)| timed(case, ready, &stop)).transpose()?;
        let mut checked = Checked { title: self.suite.title.clone(), file: self.file.clone(), unit, runs: Vec::new() };
        tell!("{}", report::checked_head());
        for (case, ready) in &self.cases {
            for engine in &case.engines {
                let run = self.one(case, ready, *engine, (checked.unit.as_ref().map(|(_, seconds)| *seconds), &stop));
                for line in report::checked_lines(&run, self.all) {
                    tell!("{line}");
                }
                checked.runs.push(run);
            }
        }
        tell!("{}", report::checked_sum(&checked));
        summary(parsed(&report::checked_json(&checked)));
        self.written(&checked)?;
        self.ended(&checked)
    }

    /// One case on one engine, timed.
    fn one(
        &self,
        case: &Case,
        ready: &Result<Ready, Failure>,
        engine: EngineName,
        (unit, stop): (Option<f64>, &Arc<AtomicBool>),
    ) -> Run {
        let clock = Instant::now();
        let ended = self.outcome(case, ready, engine, stop);
        let seconds = clock.elapsed().as_secs_f64();
        // Adapters differ by more than any limit could hold.
        let is_timed = engine == EngineName::Cpu && matches!(ended, Ended::Compared(_));
        let ratio = unit.filter(|_| is_timed).map(|unit| seconds / unit);
        Run { case: case.name.clone(), engine: engine.name(), seconds, ratio, limit: case.time, ended }
    }

    fn outcome(&self, case: &Case, ready: &Result<Ready, Failure>, engine: EngineName, stop: &AtomicBool) -> Ended {
        if stop.load(Ordering::Relaxed) {
            return Ended::CouldNot("stopped before it began".to_owned());
        }
        let ready = match (ready, &case.refused) {
            (Ok(ready), None) => ready,
            (Ok(_), Some(words)) => return Ended::Broke(format!("it was not refused with \"{words}\"")),
            (Err(failure), Some(words)) if failure.words().contains(words) => return Ended::Refused(words.clone()),
            (Err(failure), _) => return Ended::CouldNot(failure.words()),
        };
        let mut worker = match open(engine) {
            Ok(worker) => worker,
            Err(failure) if self.require_gpu => return Ended::CouldNot(failure.words()),
            Err(failure) => return Ended::LeftOut(failure.words()),
        };
        match ready.answers(&mut worker, stop) {
            _ if stop.load(Ordering::Relaxed) => Ended::CouldNot("stopped before its end".to_owned()),
            Ok(answers) => compare(&case.expect, &answers).map_or_else(Ended::CouldNot, Ended::Compared),
            Err(failure) => Ended::Broke(failure.words()),
        }
    }

    /// The files that were asked for.
    fn written(&self, checked: &Checked) -> Result<(), Failure> {
        let write = |target: &Option<Target>, text: fn(&Checked) -> String| {
            target.as_ref().map_or(Ok(()), |target| target.write(&text(checked)))
        };
        write(&self.junit, report::checked_junit)?;
        write(&self.json, report::checked_json)
    }

    fn ended(&self, checked: &Checked) -> Result<End, Failure> {
        let not = checked.count(State::CouldNotRun);
        if not > 0 {
            let message = format!("{not} of {} runs could not run, so {} says nothing", checked.runs.len(), self.file);
            let hint =
                if self.update.is_some() { "nothing is updated; see the lines above" } else { "see the lines above" };
            return Err(Failure::with_hint(message, hint));
        }
        let left = match &self.update {
            Some(target) => self.updated(checked, target)?,
            None => checked.count(State::Regressed),
        };
        Ok(if left == 0 { End::Well } else { End::NotConverged })
    }

    /// Writes what moved into the suite; the number of runs that still are not as expected.
    fn updated(&self, checked: &Checked, target: &Target) -> Result<usize, Failure> {
        let moved = moved(checked);
        let (text, changes) = write::suite(&self.text, &self.suite, &moved);
        for change in &changes {
            tell!("{}: {} is {} now, and was {}", change.case, change.name, change.to, change.from);
        }
        if changes.is_empty() {
            tell!("{} stays as it is", self.file);
        } else {
            target.write(&text)?;
            tell!("{} values of {} are new: read the difference", changes.len(), self.file);
        }
        let other = |run: &&Run| run.is_slow() || matches!(run.ended, Ended::Broke(_));
        Ok(checked.runs.iter().filter(other).count() + moved.len() - changes.len())
    }
}

/// What moved beyond its tolerance, each value of a case once: as the first of its engines found it.
fn moved(checked: &Checked) -> Vec<(&str, &Value)> {
    let mut moved: Vec<(&str, &Value)> = Vec::new();
    for run in &checked.runs {
        for value in run.beyond() {
            if !moved.iter().any(|(case, known)| *case == run.case && known.name == value.name) {
                moved.push((&run.case, value));
            }
        }
    }
    moved
}

fn is_chosen(case: &Case, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|text| case.name.contains(text.as_str()))
}

/// The folder of data: that of the command line, else the one that the suite's variable names.
fn data(given: Option<&Path>, suite: &Suite) -> Result<Option<PathBuf>, Failure> {
    let variable = suite.data_from.as_deref();
    let named = || variable.and_then(|name| Some((name, PathBuf::from(std::env::var_os(name)?))));
    let Some((from, path)) = given.map(|path| ("--data", path.to_owned())).or_else(named) else { return Ok(None) };
    if path.is_dir() {
        return Ok(Some(path));
    }
    let message = format!("{from} is {}, and there is no such folder", path.display());
    Err(Failure::with_hint(message, "name the folder that the data of the suite lie in"))
}

/// The unit of time: the median of some runs on the CPU.
fn timed(case: &Case, ready: &Result<Ready, Failure>, stop: &AtomicBool) -> Result<(String, f64), Failure> {
    let amiss = |failure: &Failure| Failure::new(format!("the unit of time, {}: {}", case.name, failure.words()));
    let ready = ready.as_ref().map_err(amiss)?;
    let mut seconds = [0.0; UNIT_RUNS];
    for seconds in &mut seconds {
        let clock = Instant::now();
        ready.answers(&mut open(EngineName::Cpu)?, stop).map_err(|failure| amiss(&failure))?;
        *seconds = clock.elapsed().as_secs_f64();
    }
    seconds.sort_by(f64::total_cmp);
    Ok((case.name.clone(), seconds[UNIT_RUNS / 2]))
}
