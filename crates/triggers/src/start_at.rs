//! Where reading begins.

/// Where the reading of a topic begins, as long as nothing of it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// With the oldest record.
    Earliest,
    /// With the records that come after the declaration.
    Latest,
}
