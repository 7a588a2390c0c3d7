//! Time zones: how far the wall clock is ahead of UTC, and until when.

mod data;
mod named;
mod rule;
mod table;

use std::sync::Arc;

use klamm_messages::temporal::schedule::v1::ScheduleSpec;

use super::InvalidSpec;
use data::Data;
use table::Table;

/// A time zone.
#[derive(Debug)]
pub(super) enum Zone {
    Utc,
    /// Of the IANA database, compiled in.
    Named(&'static Table),
    /// Brought along by the spec.
    Data(Arc<Data>),
}

/// A stretch of time in which the clock runs evenly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    /// Local time minus UTC, seconds.
    pub offset: i64,
    /// First second after the stretch, UTC; `i64::MAX` if it never ends.
    pub end: i64,
}

impl Zone {
    /// The zone that a spec names or brings along; data goes before a name.
    pub(super) fn of(spec: &ScheduleSpec) -> Result<Self, InvalidSpec> {
        if !spec.timezone_data.is_empty() {
            return Ok(Self::Data(Arc::new(Data::parse(&spec.timezone_data)?)));
        }
        named::load(&spec.timezone_name)
    }

    /// The stretch that `time` (seconds since the epoch) lies in.
    pub(super) fn span(&self, time: i64) -> Span {
        match self {
            Self::Utc => Span { offset: 0, end: i64::MAX },
            Self::Named(table) => table.span(time),
            Self::Data(data) => data.span(time),
        }
    }

    /// Least and greatest offset that the zone ever has, seconds.
    pub(super) fn offsets(&self) -> (i64, i64) {
        match self {
            Self::Utc => (0, 0),
            Self::Named(table) => table.offsets(),
            Self::Data(data) => data.offsets(),
        }
    }
}
