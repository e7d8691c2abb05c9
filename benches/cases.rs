//! Times the cases that the peers were timed on, and how the cost grows. `docs/performance.md` says how to read it.
//!
//! ```text
//! cargo bench --bench cases -- [--quick] [--scaling] [--gpu] [--case NAME]... [--threads N]... [--json OUT]
//!                              [--curves DIR] [--budget S] [--limit S] [--memory GB] [--dump-stru FILE] [--dump-clusters DIR]
//! ```

#[cfg(feature = "gpu")]
#[path = "cases/device.rs"]
mod device;
#[path = "cases/scaling.rs"]
mod scaling;
#[path = "cases/structures.rs"]
mod structures;
#[path = "cases/watch.rs"]
mod watch;
#[path = "cases/work.rs"]
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use work::{Case, ON_GPU, Row};

/// The command's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every case of the full list.
const CASES: [&str; 17] = [
    "gr-4.5",
    "gr-4.5-pdffit2",
    "gr-20",
    "gr-20-pdffit2",
    "gr-60",
    "gr-60-pdffit2",
    "gr-100",
    "gr-100-pdffit2",
    "lm-48-20",
    "lm-48-30",
    "lm-1248-4.5",
    "refine-56-4.5",
    "refine-56-20",
    "box-1e5",
    "cluster-500",
    "cluster-5000",
    "cluster-20000",
];

/// Those that are done in seconds.
const QUICK: [&str; 4] = ["gr-4.5", "gr-4.5-pdffit2", "gr-20", "gr-20-pdffit2"];

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Options {
    cases: Vec<String>,
    /// Each case is run with each of these numbers of threads.
    threads: Vec<usize>,
    quick: bool,
    scaling: bool,
    /// The `gpu` engine beside the CPU.
    gpu: bool,
    json: Option<PathBuf>,
    curves: Option<PathBuf>,
    stru: Option<PathBuf>,
    /// Where the cases' clusters are written as xyz.
    clusters: Option<PathBuf>,
    /// The one case that this process is to run itself.
    one: Option<String>,
    /// For how long a measurement is repeated, s.
    budget: f64,
    /// When a case is ended, s.
    limit: f64,
    /// With how much memory a case is ended, GB.
    memory: f64,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            cases: Vec::new(),
            threads: Vec::new(),
            quick: false,
            scaling: false,
            gpu: false,
            json: None,
            curves: None,
            stru: None,
            clusters: None,
            one: None,
            budget: 0.0,
            limit: 300.0,
            memory: watch::available(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                // Cargo's own.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--scaling" => options.scaling = true,
                "--gpu" => options.gpu = true,
                "--case" => options.cases.push(value()?),
                "--threads" => options.threads.push(number(&value()?)? as usize),
                "--json" => options.json = Some(value()?.into()),
                "--curves" => options.curves = Some(value()?.into()),
                "--dump-stru" => options.stru = Some(value()?.into()),
                "--dump-clusters" => options.clusters = Some(value()?.into()),
                "--one" => options.one = Some(value()?),
                "--budget" => options.budget = number(&value()?)?,
                "--limit" => options.limit = number(&value()?)?,
                "--memory" => options.memory = number(&value()?)?,
                other => return Err(format!("{other} is no option")),
            }
        }
        options.complete();
        Ok(options)
    }

    /// What was left open.
    fn complete(&mut self) {
        if self.threads.is_empty() {
            self.threads.push(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        }
        if self.cases.is_empty() {
            let names = if self.quick { &QUICK[..] } else { &CASES[..] };
            self.cases = names.iter().map(|name| (*name).to_owned()).collect();
        }
        if self.budget <= 0.0 {
            self.budget = if self.quick { 1.0 } else { 5.0 };
        }
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        // `cargo test --benches` starts it like this.
        println!("nothing was timed: cargo bench --bench cases -- --quick");
        return ExitCode::SUCCESS;
    }
    match Options::read(words.into_iter()).and_then(|options| act(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn act(options: &Options) -> Result<(), String> {
    if let Some(case) = &options.one {
        return one(case, options);
    }
    if let Some(path) = &options.stru {
        return save(path, &structures::stru(&structures::flagship()));
    }
    if let Some(folder) = &options.clusters {
        return save_clusters(folder, &options.cases);
    }
    if let Some(folder) = &options.curves {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let rows = if options.scaling { scaling::run(options) } else { list(options) };
    match &options.json {
        Some(path) => save(path, &serde_json::to_string_pretty(&rows).map_err(|error| error.to_string())?),
        None => Ok(()),
    }
}

/// The clusters of the cases that have one.
fn save_clusters(folder: &Path, cases: &[String]) -> Result<(), String> {
    for name in cases {
        if let Case::Cluster { atoms } = name.parse()? {
            save(&folder.join(format!("{name}.xyz")), &corefine::write::xyz(&structures::ball(atoms)))?;
        }
    }
    Ok(())
}

fn save(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs one case in this process and prints its row as JSON.
fn one(case: &str, options: &Options) -> Result<(), String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads[0]).build();
    let pool = pool.map_err(|error| error.to_string())?;
    let budget = Duration::from_secs_f64(options.budget);
    let row = pool.install(|| work::run(case, budget, options.curves.as_deref()))?;
    row.print();
    Ok(())
}

/// Every case with every number of threads, as a table.
fn list(options: &Options) -> Vec<Row> {
    println!("| case | threads | s | runs | peak MB | off direct | also |\n|---|---|---|---|---|---|---|");
    let each = options.cases.iter().flat_map(|case| options.threads.iter().map(move |threads| (case, *threads)));
    let rows: Vec<Row> = each
        .map(|(case, threads)| {
            let mut row = watch::run(case, threads, options);
            if options.gpu && case.parse().is_ok_and(Case::has_gpu) {
                row.join(watch::run(&format!("{case}{ON_GPU}"), threads, options));
            }
            print_row(&row);
            row
        })
        .collect();
    #[cfg(feature = "gpu")]
    device::print_rates(&rows);
    rows
}

fn print_row(row: &Row) {
    let also: Vec<String> = row.also.iter().map(|(name, value)| format!("{name} {}", short(*value))).collect();
    let no_gpu = row.no_gpu.as_ref().map(|why| format!("no GPU: {why}"));
    println!(
        "| {} | {} | {} | {} | {} | {} | {} |",
        row.case,
        row.threads,
        shown(row.seconds),
        row.runs,
        row.peak_mb.map_or("-".to_owned(), |value| format!("{value:.0}")),
        row.direct_diff.map_or("-".to_owned(), |off| format!("{off:.1e}")),
        row.skipped.iter().chain(&also).chain(&no_gpu).cloned().collect::<Vec<_>>().join(", ")
    );
}

/// A time, or a dash where there is none.
pub fn shown(seconds: Option<f64>) -> String {
    seconds.map_or("-".to_owned(), short)
}

/// Three digits.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 1e-3 => format!("{value:.2e}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size => format!("{value:.*}", (2 - size.log10().floor() as i32).max(0) as usize),
    }
}
