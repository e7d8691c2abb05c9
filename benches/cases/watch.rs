//! A case in a process of its own, which is ended when it takes too long or too much memory.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Options;
use crate::work::Row;

/// Runs a case in a child of this program. Where it was ended, the row says why and keeps what was measured before.
pub fn run(case: &str, threads: usize, options: &Options) -> Row {
    let (text, why) = start(case, threads, options).and_then(|child| wait(child, options)).unwrap_or_else(|error| {
        // No child, or none that can be asked.
        (String::new(), Some(error.to_string()))
    });
    let last = text.lines().last().and_then(|line| serde_json::from_str::<Row>(line).ok());
    let skipped = why.or_else(|| last.is_none().then(|| "it printed no result".to_owned()));
    Row { case: case.to_owned(), threads, skipped, ..last.unwrap_or_default() }
}

fn start(case: &str, threads: usize, options: &Options) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--one", case, "--threads", &threads.to_string(), "--budget", &options.budget.to_string()]);
    if let Some(folder) = &options.curves {
        command.arg("--curves").arg(folder);
    }
    command.stdout(Stdio::piped()).spawn()
}

/// What the child printed, and why it has no more to say if it did not come to its end.
fn wait(mut child: Child, options: &Options) -> std::io::Result<(String, Option<String>)> {
    let begin = Instant::now();
    let mut why = None;
    while child.try_wait()?.is_none() {
        why = too_much(&child, begin.elapsed(), options);
        if why.is_some() {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output()?;
    let failed = || (!output.status.success()).then(|| output.status.to_string());
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), why.or_else(failed)))
}

fn too_much(child: &Child, elapsed: Duration, options: &Options) -> Option<String> {
    if elapsed.as_secs_f64() > options.limit {
        return Some(format!("longer than {} s", options.limit));
    }
    let held = resident(child.id())?;
    (held > options.memory).then(|| format!("more than {:.1} GB of memory", options.memory))
}

/// GB that a process holds; none where the system does not say.
fn resident(process: u32) -> Option<f64> {
    kilobytes(&format!("/proc/{process}/status"), "VmRSS:").map(|held| held / 1e6)
}

/// GB that there are for a child: most of what is free.
pub fn available() -> f64 {
    kilobytes("/proc/meminfo", "MemAvailable:").map_or(f64::INFINITY, |free| 0.7 * free / 1e6)
}

fn kilobytes(path: &str, key: &str) -> Option<f64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}
