//! Structured logs on standard error.

use tracing_subscriber::EnvFilter;

use crate::setup_error::SetupError;

/// Starts logging at `level`: a level, or a filter such as `info,klamm_engine=debug`.
pub fn start(level: &str) -> Result<(), SetupError> {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| SetupError::new(format!("reading --log-level {level:?}"), error, "use error, warn, info, debug or trace"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}
