//! What the options of several commands have in common.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::config::Span;

/// Where command-line tools find a running server.
pub const ADDRESS: &str = "127.0.0.1:7233";

/// Where the server is.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Host and port of the server's gRPC API.
    #[arg(long, env = "KLAMM_ADDRESS", default_value = ADDRESS)]
    pub address: String,
}

/// Reads a time: RFC 3339, or how long ago it was.
pub(super) fn point_in_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let wrong = || format!("{text:?} is no time: write one like 2026-01-31T09:00:00Z, or how long ago, such as 24h");
    let ago: Span = text.parse().map_err(|_| wrong())?;
    let ago = chrono::Duration::from_std(ago.0).map_err(|_| wrong())?;
    Utc::now().checked_sub_signed(ago).ok_or_else(wrong)
}
