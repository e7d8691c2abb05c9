//! Changed bytes for every reader: none may panic, whatever a file holds.
//!
//!     scripts/fuzz [SECONDS [SEED [MOST]]]     for each reader; 10 seconds, seed 1 and no end of inputs without numbers
//!
//! Each input is a file of the repository, three times out of four one that the reader is for, of which some bytes were changed, taken
//! out, doubled, or exchanged with those of another file. The same seed gives the same inputs. A panic is printed with the input, and
//! ends the run with exit code 1.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use corefine::job::Data;
use corefine::read;
use corefine::read::trajectory::{Frames, Options};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A reader, the endings of files that it is given, and itself.
type Target = (&'static str, &'static [&'static str], fn(&[u8], &str));

const TARGETS: [Target; 11] = [
    ("structure", &["cif", "stru", "xyz", "ron"], |bytes, name| drop(read::structure(bytes, name))),
    ("curve", &["gr", "fgr", "sq", "fq", "dofr", "int01"], |bytes, name| drop(read::observed::observed(bytes, name))),
    ("curve of a job", &["gr", "sq", "int01"], |bytes, name| {
        let data = Data { qmax: Some(20.0), ..Data::of(name.to_owned(), 1.0, 9.0) };
        drop(read::observed::observed_for(bytes, name, &data));
    }),
    ("tabulated", &["gr", "fq"], |bytes, name| drop(read::observed::tabulated(bytes, name))),
    ("pattern", &["chi", "xye", "gr"], |bytes, name| drop(read::pattern::pattern(bytes, name))),
    ("job", &["ron"], |bytes, name| drop(read::job::job(&String::from_utf8_lossy(bytes), name))),
    ("suite", &["ron"], |bytes, name| drop(read::suite::suite(&String::from_utf8_lossy(bytes), name))),
    ("reduction", &["ron", "gr"], |bytes, name| {
        drop(read::reduction::reduction(&String::from_utf8_lossy(bytes), name));
    }),
    ("results", &["json", "csv"], |bytes, name| {
        let text = String::from_utf8_lossy(bytes);
        drop(read::result::result(&text, name));
        drop(read::answers::answers(&text, name));
        drop(read::members::members(&text, name));
        drop(read::frames::record(&text, name));
        drop(read::frames::made_of(&text, name));
    }),
    ("manifest", &["csv"], |bytes, name| drop(read::manifest::manifest(&String::from_utf8_lossy(bytes), name))),
    ("trajectory", &["xdatcar", "lammpstrj", "dcd", "xyz"], |bytes, name| {
        // A DCD knows no elements: those of tests/seeds.
        let species = ["Li", "Li", "N", "N", "N"].iter().filter_map(|word| word.parse().ok()).collect();
        if let Ok(mut frames) = Frames::open(bytes, name, Options { species, ..Options::default() }) {
            drop(frames.each(|_| (), |()| true));
        }
    }),
];

/// Longer files are cut: what is found in them is found sooner in short ones.
const LONGEST: usize = 6000;

/// Files of the repository to begin with.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["models", "models/demo", "tests/cif", "tests/bad", "tests/seeds", "suites"].map(|folder| root.join(folder));
    let files = folders.into_iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    let read =
        |path: PathBuf| std::fs::read(&path).ok().map(|bytes| (path, bytes[..bytes.len().min(LONGEST)].to_vec()));
    files.into_iter().filter_map(read).collect()
}

/// Which of the files a reader is for.
fn fitting(corpus: &[(PathBuf, Vec<u8>)], endings: &[&str]) -> Vec<usize> {
    let fits = |path: &Path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known));
    (0..corpus.len()).filter(|&k| fits(&corpus[k].0)).collect()
}

/// A file of the corpus, and a name for what becomes of it.
fn drawn(
    random: &mut ChaCha8Rng,
    corpus: &[(PathBuf, Vec<u8>)],
    fitting: &[usize],
    endings: &[&str],
) -> (usize, String) {
    if fitting.is_empty() || below(random, 4) == 0 {
        return (below(random, corpus.len()), format!("fuzzed.{}", endings[below(random, endings.len())]));
    }
    let chosen = fitting[below(random, fitting.len())];
    (chosen, corpus[chosen].0.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

fn below(random: &mut ChaCha8Rng, end: usize) -> usize {
    (random.next_u64() % end.max(1) as u64) as usize
}

/// What numbers and brackets are hard to read.
const HARD: [&[u8]; 14] = [
    b"nan",
    b"inf",
    b"-1",
    b"0",
    b"1e308",
    b"-1e-320",
    b"99999999999999999999",
    b"(",
    b")",
    b"\"",
    b"'",
    b"\n;",
    b"\xff",
    b"loop_\n",
];

fn changed(random: &mut ChaCha8Rng, corpus: &[(PathBuf, Vec<u8>)], bytes: &[u8]) -> Vec<u8> {
    let mut new = bytes.to_vec();
    for _ in 0..=below(random, 6) {
        let (at, length) = (below(random, new.len() + 1), below(random, 24));
        let end = (at + length).min(new.len());
        match below(random, 5) {
            0 if at < new.len() => new[at] = random.next_u64() as u8,
            1 => drop(new.drain(at..end)),
            2 => drop(new.splice(at..at, HARD[below(random, HARD.len())].iter().copied())),
            3 => {
                let doubled = new[at..end].to_vec();
                new.splice(at..at, doubled);
            }
            _ => {
                let other = &corpus[below(random, corpus.len())].1;
                let from = below(random, other.len());
                let part = other[from..(from + length).min(other.len())].to_vec();
                new.splice(at..end, part);
            }
        }
    }
    new
}

fn main() {
    let number = |at, default| std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seconds, seed, most) = (number(1, 10), number(2, 1), number(3, u64::MAX));
    let corpus = corpus();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for (name, endings, reader) in TARGETS {
        let (clock, mut runs) = (Instant::now(), 0_u64);
        let mut longest = Duration::ZERO;
        let fitting = fitting(&corpus, endings);
        while runs < most && clock.elapsed() < Duration::from_secs(seconds) {
            let (chosen, file) = drawn(&mut random, &corpus, &fitting, endings);
            let bytes = changed(&mut random, &corpus, &corpus[chosen].1);
            let one = Instant::now();
            if catch_unwind(AssertUnwindSafe(|| reader(&bytes, &file))).is_err() {
                println!("{name}: a panic after {runs} runs, on {file}:\n{}", String::from_utf8_lossy(&bytes));
                std::process::exit(1);
            }
            (longest, runs) = (longest.max(one.elapsed()), runs + 1);
        }
        let (took, slowest) = (clock.elapsed().as_secs_f64(), 1e3 * longest.as_secs_f64());
        println!("{name:16} {runs:9} inputs in {took:.0} s, none panics; the slowest took {slowest:.0} ms");
    }
}
