//! The adapter that tests run on.

use corefine::engine::gpu::{Choice, Gpu};

/// The adapter, software or not; `COREFINE_GPU` picks one by name.
///
/// `None` (said aloud) where there is none; with `COREFINE_REQUIRE_GPU=1` that is a failure.
pub fn gpu() -> Option<Gpu> {
    let choice = std::env::var("COREFINE_GPU").map_or(Choice::Any, Choice::Named);
    match pollster::block_on(Gpu::open(&choice)) {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            missing(&error.to_string());
            None
        }
    }
}

/// Says why nothing is asked of a GPU, or fails where one is required.
pub fn missing(why: &str) {
    let required = std::env::var("COREFINE_REQUIRE_GPU").is_ok_and(|value| value == "1");
    assert!(!required, "COREFINE_REQUIRE_GPU=1, and {why}");
    eprintln!("SKIPPED: {why}; scripts/software-adapters installs a software adapter for tests");
}
