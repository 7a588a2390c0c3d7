//! SIGINT and SIGTERM.

use crate::setup_error::SetupError;

/// Completes at SIGINT or SIGTERM. The handlers are in place from this call on, even before the future is polled. So a signal that comes
/// during the server's start stops it in order, too.
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
