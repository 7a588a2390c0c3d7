//! Where reading begins.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};

/// Where the reading of a topic begins, as long as nothing of it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// With the oldest record.
    Earliest,
    /// With the records that come after the declaration.
    Latest,
    /// With the first record of each partition whose time is not below this one, in milliseconds since 1970.
    Time(i64),
}

impl StartAt {
    /// What there is, for people.
    pub const HINT: &str = "earliest, latest, or a time such as 2026-11-01T00:00Z";

    /// Reads `earliest`, `latest` or a time of RFC 3339, of which the seconds may be left out. `None`: it is none of them.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(Self::Earliest),
            "latest" => Some(Self::Latest),
            _ => time(text).filter(|time| *time >= 0).map(Self::Time),
        }
    }
}

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::Time(millis) => match DateTime::<Utc>::from_timestamp_millis(*millis) {
                Some(time) => f.write_str(&time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
                None => write!(f, "{millis}"),
            },
        }
    }
}

fn time(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok()?;
    Some(Utc.from_utc_datetime(&time).timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_told_alike() {
        let at = |text: &str| StartAt::read(text).map(|it| it.to_string());
        for (text, told) in [
            ("earliest", "earliest"),
            ("latest", "latest"),
            ("2026-11-01T00:00Z", "2026-11-01T00:00:00.000Z"),
            ("2026-11-01T00:00:00.25Z", "2026-11-01T00:00:00.250Z"),
            ("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00.000Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(told));
            assert_eq!(StartAt::read(told), StartAt::read(text));
        }
        for text in ["", "now", "2026-11-01", "2026-11-01T00:00", "1960-01-01T00:00Z", "2026-13-01T00:00Z"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
