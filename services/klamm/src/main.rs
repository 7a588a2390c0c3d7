//! `klamm`: durable execution and scheduling on Kafka that speaks Temporal's API.
//!
//! `klamm dev` runs everything in one process over the embedded log, `klamm serve` on Kafka; `klamm topics` and `klamm verify` ask a running server. This file
//! is the front door: what each command does is in the module of its name.

mod cli;
#[allow(dead_code, unused_imports, reason = "`klamm serve` reads it all once the Kafka provider is there")]
mod config;
mod dev;
mod http;
mod inspect;
mod logging;
mod serve;
mod server;
mod setup_error;
mod topics;
mod verify;
mod visibility_source;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use mimalloc::MiMalloc;
use setup_error::SetupError;

/// Many small allocations on many threads: a quarter of the time went into the C library's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&SetupError::new("starting threads", error, "raise the limits of the process")),
    };
    let result = match cli.command {
        Command::Dev(options) => runtime.block_on(dev::run(options)),
        Command::Serve(options) => runtime.block_on(serve::run(options)),
        Command::Topics(command) => runtime.block_on(topics::run(command)),
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
