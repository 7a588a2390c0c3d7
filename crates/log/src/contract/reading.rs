//! Reads.

use std::time::Duration;

use super::harness::{Harness, append, kept, make, output, read_all, read_from, record};
use crate::{Error, ReadLimit, Record, TopicSpec};

pub(super) fn limits_page_through_everything_once(harness: &mut dyn Harness) {
    let topic = kept(harness, "pages", 1);
    let log = harness.log();
    let mut producer = log.transactional(&harness.topic_name("pages")).unwrap();
    for index in 0..30 {
        let sized = |n: usize| Record::new("k", vec![b'x'; n * 1000]);
        append(&*log, &topic, 0, sized(index));
        producer.commit(vec![output(&topic, 0, record("k", "v")), output(&topic, 0, sized(index))]).unwrap();
    }
    drop(producer);
    drop(log);
    for _ in 0..2 {
        let log = harness.log();
        let all = read_all(&*log, &topic, 0);
        assert_eq!(all.len(), 90);
        for (records, bytes) in [(1, usize::MAX), (7, usize::MAX), (usize::MAX, 1), (usize::MAX, 20_000), (10, 50_000)] {
            let limit = ReadLimit { records, bytes };
            assert_eq!(read_from(&*log, &topic, 0, 0, limit), all, "{limit:?}");
            let page = log.read(&topic, 0, all[40].offset, limit).unwrap().records;
            assert_eq!(page[0], all[40]);
            // `read_at_hand` gives the records that `read` gives, or the first of them.
            for offset in [all[40].offset, all[89].offset] {
                if let Some(at_hand) = log.read_at_hand(&topic, 0, offset, limit).unwrap() {
                    let read = log.read(&topic, 0, offset, limit).unwrap().records;
                    assert!(!at_hand.records.is_empty() && read.starts_with(&at_hand.records), "{limit:?}");
                }
            }
            assert!(page.len() <= records);
            assert!(page.len() == 1 || page.iter().map(|stored| stored.record.size()).sum::<usize>() <= bytes);
        }
        drop(log);
        // The second round runs with nothing in memory.
        harness.restart();
    }
}

pub(super) fn the_first_record_of_a_time_is_found(harness: &mut dyn Harness) {
    let spec = TopicSpec { log_append_time: false, ..TopicSpec::kept(harness.topic_name("times"), 1) };
    let topic = make(harness, spec);
    let log = harness.log();
    let at = |time| log.offset_at(&topic, 0, time).unwrap();
    assert_eq!(at(0), 0);
    let of = |n: i64| 1_700_000_000_000 + n;
    // The fourth is older than those before it.
    for n in [1, 3, 9, 2, 9, 12] {
        log.append(&topic, 0, vec![Record { timestamp_ms: of(n), ..record("k", "v") }]).unwrap();
    }
    for (time, offset) in [(0, 0), (of(1), 0), (of(2), 1), (of(3), 1), (of(4), 2), (of(9), 2), (of(10), 5), (of(12), 5), (of(13), 6)] {
        assert_eq!(at(time), offset, "{}", time - of(0));
    }
    assert!(matches!(log.offset_at(&topic, 1, 0), Err(Error::UnknownPartition { .. })));
}

pub(super) fn reads_outside_the_bounds_are_errors(harness: &mut dyn Harness) {
    let topic = kept(harness, "bounds", 1);
    let log = harness.log();
    let read = |from| log.read(&topic, 0, from, ReadLimit::default());
    let empty = read(0).unwrap();
    assert_eq!((empty.records.len(), empty.next_offset, empty.end_offset), (0, 0, 0));
    assert_eq!((log.start_offset(&topic, 0), log.end_offset(&topic, 0)), (Ok(0), Ok(0)));
    assert_eq!(read(1), Err(Error::PastEnd { topic: topic.to_string(), partition: 0, end: 0 }));
    append(&*log, &topic, 0, record("k", "v"));
    let at_end = read(1).unwrap();
    assert_eq!((at_end.records.len(), at_end.next_offset, at_end.end_offset), (0, 1, 1));
    assert_eq!(read(2), Err(Error::PastEnd { topic: topic.to_string(), partition: 0, end: 1 }));
    assert_eq!(read(-1), Err(Error::Trimmed { topic: topic.to_string(), partition: 0, start: 0 }));
}

pub(super) fn unknown_places_are_errors_everywhere(harness: &mut dyn Harness) {
    let topic = kept(harness, "known", 2);
    let missing: std::sync::Arc<str> = harness.topic_name("missing").into();
    let log = harness.log();
    let unknown_topic = Error::UnknownTopic { topic: String::from(&*missing) };
    let unknown_partition = Error::UnknownPartition { topic: topic.to_string(), partition: 2, partitions: 2 };
    assert_eq!(log.topic(&missing), Err(unknown_topic.clone()));
    for (topic, error) in [(&missing, unknown_topic), (&topic, unknown_partition)] {
        assert_eq!(log.append(topic, 2, vec![record("k", "v")]), Err(error.clone()));
        assert_eq!(log.read(topic, 2, 0, ReadLimit::default()), Err(error.clone()));
        assert_eq!(log.start_offset(topic, 2), Err(error.clone()));
        assert_eq!(log.end_offset(topic, 2), Err(error.clone()));
        assert_eq!(log.wait(topic, 2, 0, Duration::ZERO), Err(error.clone()));
        assert_eq!(log.trim(topic, 2, 0), Err(error.clone()));
        assert_eq!(log.compact(topic, 2), Err(error.clone()));
        let mut producer = log.transactional(&harness.topic_name("unknown")).unwrap();
        assert_eq!(producer.commit(vec![output(topic, 2, record("k", "v"))]), Err(error));
    }
}
