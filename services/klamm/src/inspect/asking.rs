//! Asks the log without holding up the runtime. Also has the refusals when the log or a namespace is not there.

use std::sync::Arc;

use klamm_log::{Error as LogError, Log};
use tonic::Status;

/// Beginning of the refusal about an unknown namespace.
pub const NO_NAMESPACE: &str = "no namespace";

/// Asks the log on a thread for blocking work, because a broker may take its time.
pub(super) async fn ask<T: Send + 'static>(log: &Arc<dyn Log>, asking: impl FnOnce(&dyn Log) -> T + Send + 'static) -> T {
    let log = log.clone();
    match tokio::task::spawn_blocking(move || asking(&*log)).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending.
            Err(_) => std::future::pending().await,
        },
    }
}

pub(super) fn status(error: LogError) -> Status {
    Status::unavailable(error.to_string())
}
