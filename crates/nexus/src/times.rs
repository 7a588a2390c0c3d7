//! Times in headers (Temporal: common/nexus/nexusrpc/timestamp.go).

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use prost_types::Timestamp;

/// `Sun, 06 Nov 1994 08:49:37 GMT`: whole seconds, as HTTP writes times.
pub fn http(time: &Timestamp) -> String {
    let seconds = u64::try_from(time.seconds).unwrap_or_default();
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.min(MAX_SECONDS))).unwrap_or(SystemTime::UNIX_EPOCH);
    httpdate::fmt_http_date(time)
}

/// The last second of the year 9999, beyond which HTTP writes no times.
const MAX_SECONDS: u64 = 253_402_300_799;

/// `1994-11-06T08:49:37.123Z`: with as many groups of three digits behind the point as are needed.
pub fn rfc3339(time: &Timestamp) -> String {
    let nanos = u32::try_from(time.nanos).unwrap_or_default();
    let Some(time) = DateTime::<Utc>::from_timestamp(time.seconds, nanos) else { return String::new() };
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_temporal_writes_them() {
        let time = |nanos| Timestamp { seconds: 784_111_777, nanos };
        assert_eq!(http(&time(999_999_999)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc3339(&time(0)), "1994-11-06T08:49:37Z");
        assert_eq!(rfc3339(&time(120_000_000)), "1994-11-06T08:49:37.120Z");
        assert_eq!(rfc3339(&time(1)), "1994-11-06T08:49:37.000000001Z");
        assert_eq!(http(&Timestamp { seconds: i64::MAX, nanos: 0 }), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
