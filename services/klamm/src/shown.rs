//! Parts of klamm's own messages in words and JSON, for the command-line tools and the HTTP API alike.

use chrono::{DateTime, SecondsFormat};
use klamm_api::klamm::v1::{ScheduleAuditEntry, ScheduleAuditGap, TopicRecord};
use prost_types::Timestamp;
use serde_json::{Map, Value};

/// A time as RFC 3339 in UTC, with milliseconds; `None` when there is none, or none that can be written so.
pub(crate) fn rfc3339(time: Option<&Timestamp>) -> Option<String> {
    let time = time.and_then(|time| DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?));
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Milliseconds since the epoch.
pub(crate) fn millis(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos / 1_000_000))
}

/// When the run of an audit's entry started.
pub(crate) fn started(entry: &ScheduleAuditEntry) -> Option<&Timestamp> {
    entry.decided_time.as_ref().filter(|_| entry.decision == "FIRED")
}

/// How many milliseconds after its time, jitter included, the run started.
pub(crate) fn late_ms(entry: &ScheduleAuditEntry) -> Option<i64> {
    Some(millis(started(entry)?) - millis(entry.actual_time.as_ref()?))
}

/// The decision of an audit's entry as JSON names it, or why there is none.
pub(crate) fn decision(entry: &ScheduleAuditEntry) -> String {
    match entry.gap() {
        ScheduleAuditGap::Unspecified => entry.decision.to_lowercase(),
        ScheduleAuditGap::Future => "future".to_owned(),
        ScheduleAuditGap::UnderWay => "under_way".to_owned(),
        ScheduleAuditGap::Missing => "missing".to_owned(),
    }
}

/// A record's headers.
pub(crate) fn headers(record: &TopicRecord) -> Map<String, Value> {
    let text = |value: &[u8]| Value::String(String::from_utf8_lossy(value).into_owned());
    record.headers.iter().map(|header| (header.name.clone(), text(&header.value))).collect()
}
