//! `klamm`: durable execution and scheduling on Kafka that speaks Temporal's API.
//!
//! `klamm dev` runs everything in one process over the embedded log, `klamm serve` on Kafka; `klamm topics`, `klamm schedule` and `klamm verify` ask a
//! running server. [`run`] is the front door: what each command does is in the module of its name.

pub mod cli;
pub mod config;
pub mod dev;
pub mod feeding;
pub mod http;
pub mod inspect;
pub mod kafka;
pub mod listen;
pub mod logging;
pub mod namespaces;
pub mod node;
pub mod owned;
pub mod registry;
pub mod schedule_audit;
pub mod serve;
pub mod server;
pub mod setup_error;
pub mod stop_signal;
pub mod topics;
pub mod verify;
pub mod visibility_source;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, ScheduleCommand};
use setup_error::SetupError;

/// Runs the command that the process was called with; its exit code.
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
        Command::Verify(options) => runtime.block_on(verify::run(options)),
    };
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Says what is wrong and what to do, once.
fn fail(error: &SetupError) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(2)
}
