//! Structured logs on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::{config::LogFormat, setup_error::SetupError};

/// Starts logging at `level`: a level, or a filter such as `info,klamm_engine=debug`; `setting` is what it was set by.
pub fn start(level: &str, format: LogFormat, setting: &str) -> Result<(), SetupError> {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| SetupError::new(format!("reading {setting} {level:?}"), error, "use error, warn, info, debug or trace"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
