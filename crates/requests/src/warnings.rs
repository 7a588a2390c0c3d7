//! Fields that are large, but not too large: a line of the log and a metric for those who run the server.

/// Warns when the size is above the one from which there are warnings. `limit` is the name of the limit in the configuration.
pub(crate) fn above(limit: &'static str, size: usize, warn_from: usize) {
    if size > warn_from {
        tracing::warn!(limit, size, warn_from, "a request comes near a limit");
        metrics::counter!("klamm_limit_warnings_total", "limit" => limit).increment(1);
    }
}
