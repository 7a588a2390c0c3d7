//! A part of a zone's time.

/// A stretch of time in which the clock runs evenly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::spec) struct Span {
    /// Local time minus UTC, seconds.
    pub offset: i64,
    /// First second after the stretch, UTC; `i64::MAX` if it never ends.
    pub end: i64,
}
