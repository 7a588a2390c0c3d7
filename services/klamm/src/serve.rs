//! `klamm serve`: klamm on Kafka.

use std::process::ExitCode;

use crate::{cli::ServeOptions, config::Config, logging, setup_error::SetupError};

/// Runs until SIGINT or SIGTERM.
pub async fn run(options: ServeOptions) -> Result<ExitCode, SetupError> {
    let config = Config::load(options.config.as_deref())?;
    if options.check {
        print!("{config}");
        return Ok(ExitCode::SUCCESS);
    }
    logging::start(&config.server.log_level, config.server.log_format, "server.log_level")?;
    Err(SetupError::new("starting klamm serve", "the Kafka provider is not built yet", "use `klamm dev`"))
}
