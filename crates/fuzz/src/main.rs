//! `klamm-fuzz`: random requests to a running server.

use std::process::ExitCode;

use clap::Parser;
use klamm_fuzz::protocol::{self, Options};

/// Sends random requests for every call to a running server, and looks after each batch whether it is well.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's gRPC address.
    #[arg(long, default_value = "127.0.0.1:7233")]
    address: String,
    /// The server's HTTP address.
    #[arg(long, default_value = "127.0.0.1:8233")]
    http_address: String,
    /// How many requests.
    #[arg(long, default_value_t = 50_000)]
    requests: u64,
    /// How many of them between two looks at the server.
    #[arg(long, default_value_t = 5_000)]
    batch: u64,
    /// Where the choices come from; random unless told.
    #[arg(long, env = "KLAMM_FUZZ_SEED")]
    seed: Option<u64>,
    /// The server's process, to look at its memory.
    #[arg(long)]
    pid: Option<u32>,
    /// Resident memory that it may have, MiB.
    #[arg(long, default_value_t = 1024)]
    memory_max_mib: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        address: arguments.address,
        http_address: arguments.http_address,
        requests: arguments.requests,
        batch: arguments.batch,
        seed: arguments.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0),
        pid: arguments.pid,
        memory_max_mib: arguments.memory_max_mib,
    };
    match protocol::run(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
