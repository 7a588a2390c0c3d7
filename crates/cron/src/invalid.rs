//! What is said of a text that is no cron schedule.

/// The text is no cron schedule. Temporal does not say why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;
