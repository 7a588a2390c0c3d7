//! Work that may take more than a moment. It is done outside the runtime's threads, so that other calls go on. Only a few such jobs run at
//! a time, so that cores are left for the other calls.

use std::{sync::Arc, thread};

use klamm_requests::{Fault, Result};
use tokio::sync::Semaphore;

/// Hands out turns at computing.
#[derive(Debug, Clone)]
pub(crate) struct Computing(Arc<Semaphore>);

impl Default for Computing {
    /// As many turns at a time as half of the cores, at least one.
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((cores / 2).max(1))))
    }
}

impl Computing {
    /// Waits for a turn, then does the work on a thread of its own. Once begun, the work runs to its end, even when the caller has gone. So
    /// the work must limit its own length.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let stopped = |error: String| Fault::Internal(format!("The computation has stopped: {error}"));
        let turn = self.0.clone().acquire_owned().await.map_err(|error| stopped(error.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| stopped(error.to_string()))
    }
}
