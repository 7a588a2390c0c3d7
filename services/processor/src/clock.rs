//! The clock that this process waits by.

use std::time::Instant;

/// Now. In tests this may be tokio's paused time.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
