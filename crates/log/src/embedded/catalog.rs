//! Topics' rows.
//!
//! Fields, little-endian: form u8 (1) | number u32 | partitions u32 | marks u8 (1: log-append time, 2: compacted) |
//! max message bytes u64 | first time i64 | second time i64 | id, to the end. The times are milliseconds: of a compacted topic its lag and
//! tombstone retention, else its retention (-1: none) and 0.

use std::{sync::Arc, time::Duration};

use crate::{Cleanup, Error, Topic, TopicSpec};

const FORM: u8 = 1;
const LOG_APPEND_TIME: u8 = 1;
const COMPACTED: u8 = 2;
/// Bytes before the id.
const FIXED: usize = 1 + 4 + 4 + 1 + 8 + 8 + 8;

pub(super) fn encode(number: u32, topic: &Topic) -> Vec<u8> {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let spec = &topic.spec;
    let (mark, first, second) = match spec.cleanup {
        Cleanup::Delete { retention } => (0, retention.map_or(-1, millis), 0),
        Cleanup::Compact { min_compaction_lag, delete_retention } => (COMPACTED, millis(min_compaction_lag), millis(delete_retention)),
    };
    let mut row = vec![FORM];
    row.extend(number.to_le_bytes());
    row.extend(spec.partitions.to_le_bytes());
    row.push(mark | if spec.log_append_time { LOG_APPEND_TIME } else { 0 });
    row.extend((spec.max_message_bytes as u64).to_le_bytes());
    row.extend(first.to_le_bytes());
    row.extend(second.to_le_bytes());
    row.extend(topic.id.as_bytes());
    row
}

pub(super) fn decode(name: &[u8], row: &[u8]) -> Result<(u32, Topic), Error> {
    read(name, row).ok_or_else(|| Error::Corrupt {
        reason: format!("the row of topic {} can't be decoded: written by a newer klamm?", String::from_utf8_lossy(name)),
    })
}

fn read(name: &[u8], row: &[u8]) -> Option<(u32, Topic)> {
    if row.len() < FIXED || row[0] != FORM {
        return None;
    }
    let u32_at = |at: usize| row[at..at + 4].try_into().map(u32::from_le_bytes).ok();
    let i64_at = |at: usize| row[at..at + 8].try_into().map(i64::from_le_bytes).ok();
    let (number, partitions, marks) = (u32_at(1)?, u32_at(5)?, row[9]);
    let (max_message_bytes, first, second) = (i64_at(10)?, i64_at(18)?, i64_at(26)?);
    let duration = |millis: i64| u64::try_from(millis).map(Duration::from_millis).ok();
    let cleanup = if marks & COMPACTED == 0 {
        Cleanup::Delete { retention: duration(first) }
    } else {
        Cleanup::Compact { min_compaction_lag: duration(first)?, delete_retention: duration(second)? }
    };
    let spec = TopicSpec {
        name: std::str::from_utf8(name).ok()?.into(),
        partitions,
        cleanup,
        log_append_time: marks & LOG_APPEND_TIME != 0,
        max_message_bytes: usize::try_from(max_message_bytes).ok()?,
    };
    let id: Arc<str> = std::str::from_utf8(&row[FIXED..]).ok()?.into();
    Some((number, Topic { spec, id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_round_trip() {
        let kept = TopicSpec::kept("a", 8);
        let short = TopicSpec { cleanup: Cleanup::Delete { retention: Some(Duration::from_secs(600)) }, ..kept.clone() };
        for spec in [kept, short, TopicSpec::compacted("b", 1)] {
            let name = spec.name.clone();
            let topic = Topic { spec, id: "5f0e".into() };
            assert_eq!(decode(name.as_bytes(), &encode(7, &topic)), Ok((7, topic)));
        }
        assert!(decode(b"a", &[1; 10]).is_err());
    }
}
