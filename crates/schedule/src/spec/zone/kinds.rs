//! What a time zone may be.

use std::sync::Arc;

use super::{data::Data, span::Span, table::Table};

/// A time zone.
#[derive(Debug)]
pub(in crate::spec) enum Zone {
    Utc,
    /// Of the IANA database, compiled in.
    Named(&'static Table),
    /// Brought along by the spec.
    Data(Arc<Data>),
}

impl Zone {
    /// The stretch that `time` (seconds since the epoch) lies in.
    pub(in crate::spec) fn span(&self, time: i64) -> Span {
        match self {
            Self::Utc => Span { offset: 0, end: i64::MAX },
            Self::Named(table) => table.span(time),
            Self::Data(data) => data.span(time),
        }
    }

    /// Least and greatest offset that the zone ever has, seconds.
    pub(in crate::spec) fn offsets(&self) -> (i64, i64) {
        match self {
            Self::Utc => (0, 0),
            Self::Named(table) => table.offsets(),
            Self::Data(data) => data.offsets(),
        }
    }
}
