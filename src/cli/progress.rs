//! The line that moves while a fit runs, and Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::messages::warn;

/// A line on stderr with the iteration and Rw; nothing where stderr is no terminal.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn start() -> Self {
        let bar = ProgressBar::new_spinner();
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
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Set by the first Ctrl-C; the second one quits at once.
pub fn interrupted_by_user() -> Arc<AtomicBool> {
    /// What shells report for a program that Ctrl-C ended.
    const INTERRUPTED: i32 = 130;
    let flag = Arc::new(AtomicBool::new(false));
    let handler = {
        let flag = Arc::clone(&flag);
        move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
            warn("finishing this iteration, then writing what there is; Ctrl-C again quits at once");
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        warn(&format!("Ctrl-C will end the fit without results: {error}"));
    }
    flag
}
