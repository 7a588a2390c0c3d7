//! The end of a process, in order.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};

use crate::setup_error::SetupError;

/// How long calls under way may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(2);

/// The error of a process that has ended by itself.
pub fn stopped_by_itself(reason: &str) -> SetupError {
    SetupError::new("running", reason, "start klamm again: nothing that was acknowledged is lost; see the log for what happened before")
}

/// Waits until a gRPC server that was told to stop has answered the calls under way. Waiting polls would delay it for a minute, so calls
/// are cut off after `DRAIN`.
pub async fn drain<T>(mut serving: JoinHandle<T>) {
    if !serving.is_finished() {
        let _ = tokio::time::timeout(DRAIN, &mut serving).await;
    }
    serving.abort();
}

/// Completes when `stopped` is true, or when its sender is gone.
pub async fn wait_for(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
