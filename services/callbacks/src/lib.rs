//! Calls the completion callbacks of closed runs over HTTP.
//!
//! Which callbacks are to be called stands in a table of the partition; only an event removes a row. This service reads the rows of the
//! partitions that its process owns, makes the calls, and appends what came of each as a command. So every callback is called at least once,
//! whatever process dies: until the command is on the log, the row is there, and the next owner calls again. The machine decides whether and
//! when there is another attempt.
//!
//! Calls happen on tasks of their own, with a limit for each destination. A slow target holds up neither the partition nor other targets. A
//! target that keeps failing is left alone for a while ([`Breakers`]).

mod breakers;
mod client;
mod source;
mod watch;

use std::sync::Arc;

use klamm_supervise::{Supervisor, each_owned};

pub use breakers::Breakers;
pub use client::Client;
pub use source::{Call, CallbackSource, Due};

/// Runs until the returned future is dropped. Each partition is watched for as long as this process owns it.
pub async fn run<S: CallbackSource>(source: Arc<S>, supervisor: Supervisor) {
    let client = Client::new();
    let partitions = source.partitions();
    each_owned(partitions, |partition| {
        let (source, client) = (source.clone(), client.clone());
        supervisor.part(format!("callbacks/{partition}")).task(move |part| watch::watch(source.clone(), client.clone(), part, partition))
    })
    .await;
}
