//! Trimming and compaction.

use std::time::Duration;

use super::harness::{Harness, append, compacted, kept, read_all, record, texts};
use crate::{Error, Log, Offset, ReadLimit, Record};

const HOUR: Duration = Duration::from_secs(3600);
const HOUR_MS: i64 = 3_600_000;

pub(super) fn a_trimmed_partition_starts_later(harness: &mut dyn Harness) {
    let topic = kept(harness, "trimmed", 2);
    let log = harness.log();
    for partition in [0, 1] {
        for _ in 0..10 {
            append(&*log, &topic, partition, record("k", "v"));
        }
    }
    let offsets = |log: &dyn Log, partition| read_all(log, &topic, partition).iter().map(|stored| stored.offset).collect::<Vec<_>>();
    log.trim(&topic, 0, 4).unwrap();
    log.trim(&topic, 0, 2).unwrap();
    assert_eq!(log.start_offset(&topic, 0), Ok(4));
    assert_eq!(offsets(&*log, 0), [4, 5, 6, 7, 8, 9]);
    assert_eq!(offsets(&*log, 1), (0..10).collect::<Vec<Offset>>());
    let trimmed = Err(Error::Trimmed { topic: topic.to_string(), partition: 0, start: 4 });
    assert_eq!(log.read(&topic, 0, 3, ReadLimit::default()), trimmed);
    for (from, first) in [(0, 4), (3, 4), (4, 4), (7, 7)] {
        let read = crate::read_onward(&*log, &topic, 0, from, ReadLimit::default()).unwrap();
        assert_eq!(read.records.first().map(|stored| stored.offset), Some(first));
    }
    assert!(matches!(log.trim(&topic, 0, 11), Err(Error::PastEnd { end: 10, .. })));
    log.trim(&topic, 0, 10).unwrap();
    assert_eq!(offsets(&*log, 0), [0; 0]);
    drop(log);
    harness.restart();
    let log = harness.log();
    assert_eq!((log.start_offset(&topic, 0), log.end_offset(&topic, 0)), (Ok(10), Ok(10)));
    assert_eq!(append(&*log, &topic, 0, record("k", "v")), 10);
    assert_eq!(offsets(&*log, 0), [10]);
    let other = compacted(harness, "not-trimmed", HOUR, HOUR);
    assert!(matches!(log.trim(&other, 0, 0), Err(Error::Invalid { .. })));
    assert!(matches!(log.compact(&topic, 0), Err(Error::Invalid { .. })));
}

pub(super) fn compaction_keeps_the_newest_of_each_key(harness: &mut dyn Harness) {
    let topic = compacted(harness, "newest", Duration::ZERO, HOUR);
    if !harness.advance_ms(0) {
        return;
    }
    let log = harness.log();
    for (key, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"), ("b", "2"), ("a", "3")] {
        append(&*log, &topic, 0, record(key, value));
    }
    let expected =
        [(3, "c", "1"), (4, "b", "2"), (5, "a", "3")].map(|(offset, key, value)| (offset, key.to_owned(), Some(value.to_owned())));
    for _ in 0..2 {
        log.compact(&topic, 0).unwrap();
        assert_eq!(texts(&*log, &topic, 0), expected);
    }
    assert_eq!((log.start_offset(&topic, 0), log.end_offset(&topic, 0)), (Ok(0), Ok(6)));
    // A reader whose position lies in a hole goes on above the hole.
    let batch = log.read(&topic, 0, 1, ReadLimit { records: 1, bytes: usize::MAX }).unwrap();
    assert_eq!((batch.records[0].offset, batch.next_offset), (3, 4));
    // A new record replaces an older one of its key also in the part that was compacted long ago.
    append(&*log, &topic, 0, record("c", "2"));
    log.compact(&topic, 0).unwrap();
    let keys = |log: &dyn Log| texts(log, &topic, 0).into_iter().map(|(offset, ..)| offset).collect::<Vec<_>>();
    assert_eq!(keys(&*log), [4, 5, 6]);
    drop(log);
    harness.restart();
    assert_eq!(keys(&*harness.log()), [4, 5, 6]);
}

pub(super) fn compaction_spares_what_is_young(harness: &mut dyn Harness) {
    let topic = compacted(harness, "young", HOUR, HOUR);
    let log = harness.log();
    append(&*log, &topic, 0, record("a", "1"));
    append(&*log, &topic, 0, record("a", "2"));
    if !harness.advance_ms(HOUR_MS + 1) {
        return;
    }
    append(&*log, &topic, 0, record("a", "3"));
    append(&*log, &topic, 0, record("b", "1"));
    log.compact(&topic, 0).unwrap();
    // ("a", "2") stays: the record that supersedes it is still too young.
    let offsets = |log: &dyn Log| texts(log, &topic, 0).into_iter().map(|(offset, ..)| offset).collect::<Vec<_>>();
    assert_eq!(offsets(&*log), [1, 2, 3]);
    harness.advance_ms(HOUR_MS + 1);
    log.compact(&topic, 0).unwrap();
    assert_eq!(offsets(&*log), [2, 3]);
}

pub(super) fn tombstones_go_after_their_time(harness: &mut dyn Harness) {
    let topic = compacted(harness, "tombstones", HOUR, 2 * HOUR);
    let log = harness.log();
    append(&*log, &topic, 0, record("a", "1"));
    append(&*log, &topic, 0, record("b", "1"));
    append(&*log, &topic, 0, Record::tombstone("a"));
    append(&*log, &topic, 0, Record::tombstone("b"));
    let rows = |log: &dyn Log| texts(log, &topic, 0).into_iter().map(|(offset, _, value)| (offset, value.is_some())).collect::<Vec<_>>();
    if !harness.advance_ms(2 * HOUR_MS) {
        return;
    }
    log.compact(&topic, 0).unwrap();
    assert_eq!(rows(&*log), [(2, false), (3, false)], "a reader that lags behind sees them");
    append(&*log, &topic, 0, record("b", "2"));
    harness.advance_ms(2 * HOUR_MS);
    log.compact(&topic, 0).unwrap();
    assert_eq!(rows(&*log), [(4, true)]);
    append(&*log, &topic, 0, Record::tombstone("b"));
    harness.advance_ms(4 * HOUR_MS);
    log.compact(&topic, 0).unwrap();
    assert_eq!(rows(&*log), []);
    drop(log);
    harness.restart();
    let log = harness.log();
    assert_eq!(log.end_offset(&topic, 0), Ok(6), "the end doesn't go back with the last record");
    assert_eq!(append(&*log, &topic, 0, record("c", "1")), 6);
}
