//! Random lives, lived by the model and by the machines: clients and workers must not see a difference. `KLAMM_MODEL_CASES` sets the number
//! of lives.

mod schedule;
mod workflow;

/// How many lives: as many as is asked for, else so many.
fn cases(default: u32) -> u32 {
    #[allow(clippy::disallowed_methods, reason = "a test may be told how long to run; the machines are told nothing")]
    let asked = std::env::var("KLAMM_MODEL_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(default)
}
