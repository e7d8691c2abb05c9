//! The line that moves while a fit runs, and Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::messages::{Voice, voice, warn};

/// A line on stderr with the iteration and Rw; nothing where stderr is no terminal.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn start() -> Self {
        let bar = if voice() == Voice::Quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message("preparing");
        Self(bar)
    }

    pub fn show(&self, iteration: usize, rw: f64) {
        self.0.set_message(format!("iteration {iteration}  Rw {rw:.5}"));
        self.0.tick();
    }

    /// Before there is anything to count.
    pub fn show_start(&self) {
        self.0.set_message("looking for the likeliest structure");
        self.0.tick();
    }

    /// So many frames of a trajectory have been read.
    pub fn frames(&self, frames: usize) {
        self.0.set_message(format!("{frames} frames"));
        self.0.tick();
    }

    /// So many of `wanted` members, of which `before` were there when the clock began.
    pub fn members(&self, (before, now, wanted): (usize, usize, usize)) {
        self.0.set_message(pace(before, now, wanted, self.0.elapsed()));
        self.0.tick();
    }
}

/// A bar on stderr that counts files; nothing where stderr is no terminal.
pub struct Bar(ProgressBar);

impl Bar {
    pub fn of(files: usize) -> Self {
        let bar = if voice() == Voice::Quiet { ProgressBar::hidden() } else { ProgressBar::new(files as u64) };
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} files  {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// One more is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// `120 of 400 members  3.2/s  1 min 28 s left`.
fn pace(before: usize, now: usize, wanted: usize, elapsed: Duration) -> String {
    let done = format!("{now} of {wanted} members");
    let rate = now.saturating_sub(before) as f64 / elapsed.as_secs_f64().max(1e-3);
    if rate <= 0.0 {
        return done;
    }
    let left = (wanted.saturating_sub(now) as f64 / rate).ceil() as u64;
    let left = if left < 60 { format!("{left} s") } else { format!("{} min {} s", left / 60, left % 60) };
    // A slow pace is easier read the other way round.
    let rate = if rate < 1.0 { format!("{:.1} s each", 1.0 / rate) } else { format!("{rate:.1}/s") };
    format!("{done}  {rate}  {left} left")
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Set by the first Ctrl-C; the second one quits at once.
pub fn interrupted_by_user() -> Arc<AtomicBool> {
    interrupted("finishing this iteration, then writing what there is")
}

/// The same where the first one is told of in these words.
pub fn interrupted(words: &'static str) -> Arc<AtomicBool> {
    /// What shells report for a program that Ctrl-C ended.
    const INTERRUPTED: i32 = 130;
    let flag = Arc::new(AtomicBool::new(false));
    let handler = {
        let flag = Arc::clone(&flag);
        move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
            warn(&format!("{words}; Ctrl-C again quits at once"));
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        warn(&format!("Ctrl-C will end the fit without results: {error}"));
    }
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_new_members() {
        let after = |seconds, now| pace(100, now, 400, Duration::from_secs(seconds));
        assert_eq!(after(9, 100), "100 of 400 members");
        assert_eq!(after(10, 200), "200 of 400 members  10.0/s  20 s left");
        assert_eq!(after(50, 110), "110 of 400 members  5.0 s each  24 min 10 s left");
    }
}
