//! SIGINT and SIGTERM.

use crate::setup_error::SetupError;

/// Completes at SIGINT or SIGTERM. The handlers stand from this call on, not only once the future is polled: a signal that comes while
/// the server starts stops it in order too.
pub fn stop_signal() -> Result<impl Future<Output = ()>, SetupError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let handler = |kind| signal(kind).map_err(|error| SetupError::new("handling signals", error, "raise the limits of the process"));
        let (mut interrupt, mut terminate) = (handler(SignalKind::interrupt())?, handler(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
