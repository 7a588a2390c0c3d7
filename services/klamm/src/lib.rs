//! `klamm`: durable execution and scheduling on Kafka that speaks Temporal's API.
//!
//! `klamm dev` runs everything in one process over the embedded log. `klamm serve` runs it on Kafka. `klamm topics`, `klamm schedule` and
//! `klamm verify` ask a running server. Begin reading at [`run`]; [`commands`] has what each command does.

pub mod cli;
pub mod commands;
pub mod config;
pub mod http;
pub mod inspect;
pub mod logging;
pub mod node;
pub mod setup_error;
mod shown;
pub mod telemetry;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use cli::{Cli, Command, ScheduleCommand};
use commands::{dead_letters, dev, manual, schedule_audit, serve, status, topics, triggers, verify};
use setup_error::SetupError;

/// How long the end of the process waits for threads that are still at work. A call to a broker that is silent would hold it up.
const LINGER: Duration = Duration::from_secs(1);

/// Runs the command with which the process was called. Gives its exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&SetupError::new("starting threads", error, "raise the limits of the process")),
    };
    let result = match cli.command {
        Command::Dev(options) => runtime.block_on(dev::run(options)),
        Command::Serve(options) => runtime.block_on(serve::run(options)),
        Command::Topics(command) => runtime.block_on(topics::run(command)),
        Command::Schedule(ScheduleCommand::Audit(options)) => runtime.block_on(schedule_audit::run(options)),
        Command::Apply(options) => runtime.block_on(triggers::apply(options)),
        Command::Trigger(command) => runtime.block_on(triggers::run(command)),
        Command::Dlq(command) => runtime.block_on(dead_letters::run(command)),
        Command::Verify(options) => runtime.block_on(verify::run(options)),
        Command::Status(options) => runtime.block_on(status::run(options)),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man(options) => manual::pages(&options),
    };
    // Whatever is not done yet is done again after the next start, as after a kill.
    runtime.shutdown_timeout(LINGER);
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Prints once what is wrong and what to do.
fn fail(error: &SetupError) -> ExitCode {
    logging::fail(error);
    error.exit().into()
}
