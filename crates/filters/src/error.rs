//! What is wrong with a filter.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a text is no filter; the caller is at fault (InvalidArgument).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The filter is wrong; the text is Temporal's, "invalid query: " included.
    #[error("invalid query: {0}")]
    InvalidQuery(String),
    /// A filter of schedules names an attribute that is the system's own.
    #[error("invalid query filter for schedules: cannot filter on {0:?}")]
    NotForSchedules(String),
}
