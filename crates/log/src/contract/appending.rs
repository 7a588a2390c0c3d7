//! Appends.

use bytes::Bytes;

use super::harness::{Harness, append, kept, make, read_all, record, texts};
use crate::{Cleanup, Error, Record, TopicSpec};

pub(super) fn appended_records_come_back_as_they_went_in(harness: &mut dyn Harness) {
    let topic = kept(harness, "records", 1);
    let log = harness.log();
    let records = [
        Record { key: None, value: None, ..Record::default() },
        Record { key: Some(Bytes::new()), value: Some(Bytes::new()), ..Record::default() },
        Record::new(vec![0, 255], vec![7; 100_000]).with_header("a", "1").with_header("a", "").with_header("ä", vec![255]),
        Record::tombstone("k"),
    ];
    for given in &records {
        let appended = log.append(&topic, 0, vec![given.clone()]).unwrap();
        let stored = read_all(&*log, &topic, 0).pop().unwrap();
        assert_eq!((stored.offset, stored.timestamp_ms), (appended.first_offset, appended.timestamp_ms));
        assert_eq!(stored.record, Record { timestamp_ms: appended.timestamp_ms, ..given.clone() });
    }
    drop(log);
    harness.restart();
    let stored = read_all(&*harness.log(), &topic, 0);
    let bare = stored.into_iter().map(|stored| Record { timestamp_ms: 0, ..stored.record });
    assert_eq!(bare.collect::<Vec<_>>(), records);
}

pub(super) fn records_get_offsets_in_order(harness: &mut dyn Harness) {
    let topic = kept(harness, "batches", 2);
    let log = harness.log();
    let mut expected = Vec::new();
    for batch in 0..20 {
        let records: Vec<_> = (0..=batch % 4).map(|index| record("k", &format!("{batch}.{index}"))).collect();
        let values: Vec<_> = (0..=batch % 4).map(|index| format!("{batch}.{index}")).collect();
        let offsets = if batch % 2 == 0 {
            // No other thread writes to this partition, so the offsets have no gap.
            let appended = log.append(&topic, 1, records).unwrap();
            (appended.first_offset..).take(values.len()).collect::<Vec<_>>()
        } else {
            let appending: Vec<_> = records.into_iter().map(|record| log.append_async(&topic, 1, record)).collect();
            appending.into_iter().map(|appending| appending.wait().unwrap().first_offset).collect()
        };
        expected.extend(offsets.into_iter().zip(values).map(|(offset, value)| (offset, "k".to_owned(), Some(value))));
        assert_eq!(log.end_offset(&topic, 1), Ok(expected.last().unwrap().0 + 1));
    }
    assert_eq!(expected[0].0, 0);
    assert!(expected.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(texts(&*log, &topic, 1), expected);
    assert_eq!(texts(&*log, &topic, 0), []);
}

pub(super) fn a_group_stands_up_to_the_first_that_is_refused(harness: &mut dyn Harness) {
    let topic = kept(harness, "groups", 2);
    let log = harness.log();
    let group = |from: u32| (from..from + 5).map(|n| record("k", &n.to_string())).collect::<Vec<_>>();
    // Two groups side by side, one after the other to the same partition.
    let appending: Vec<_> =
        [(0, 0), (1, 0), (0, 5)].into_iter().flat_map(|(partition, from)| log.append_group(&topic, partition, group(from))).collect();
    assert!(appending.into_iter().map(crate::Appending::wait).all(|outcome| outcome.is_ok()));
    let mut with_one_too_large = group(10);
    with_one_too_large[3].value = Some(vec![0; 64 << 20].into());
    let outcomes: Vec<_> = log.append_group(&topic, 0, with_one_too_large).into_iter().map(crate::Appending::wait).collect();
    assert!(matches!(outcomes.last(), Some(Err(crate::Error::TooLarge { .. }))), "{outcomes:?}");
    let values = |partition| texts(&*log, &topic, partition).into_iter().filter_map(|(.., value)| value).collect::<Vec<_>>();
    let stand = values(0);
    let all: Vec<_> = (0..13).map(|n| n.to_string()).collect();
    assert!(stand.len() >= 10 && all.starts_with(&stand), "{stand:?}");
    assert_eq!(values(1), ["0", "1", "2", "3", "4"]);
}

pub(super) fn append_times_never_go_back(harness: &mut dyn Harness) {
    let topic = kept(harness, "times", 1);
    let mut last = i64::MIN;
    for step in [0, 5, -1_000, 3, -7, 2_000] {
        harness.advance_ms(step);
        let records = vec![Record { timestamp_ms: 1, ..record("k", "v") }, record("k", "w")];
        let appended = harness.log().append(&topic, 0, records).unwrap();
        assert!(appended.timestamp_ms >= last, "{} after {last}", appended.timestamp_ms);
        last = appended.timestamp_ms;
    }
    harness.advance_ms(-1_000_000);
    harness.restart();
    let log = harness.log();
    let appended = log.append(&topic, 0, vec![record("k", "v")]).unwrap();
    assert!(appended.timestamp_ms >= last, "{} after {last} and a restart", appended.timestamp_ms);
    let times: Vec<_> = read_all(&*log, &topic, 0).iter().map(|stored| stored.timestamp_ms).collect();
    assert!(times.is_sorted());
    assert!(times[0] > 1, "the producer's time doesn't count");
}

/// Sets the clock back by an hour, once while the log runs and once while it is stopped. The next append's time is later by the time that
/// has gone by, or by nearly as much.
pub(super) fn append_times_go_on_when_the_clock_is_set_back(harness: &mut dyn Harness) {
    const HOUR: i64 = 3_600_000;
    const PASSES: i64 = 160_000;
    let topic = kept(harness, "set-back", 1);
    let append = |harness: &dyn Harness| harness.log().append(&topic, 0, vec![record("k", "v")]).unwrap().timestamp_ms;
    let mut last = append(harness);
    for is_stopped in [false, true] {
        if !harness.advance_ms(-HOUR) {
            return;
        }
        if is_stopped {
            harness.restart();
            // The first append after the restart begins to measure time: the log does not know how much went by before.
            last = append(harness);
        }
        assert!(harness.advance_ms(PASSES));
        let next = append(harness);
        let gone_by = next - last;
        assert!((PASSES * 9 / 10..=PASSES).contains(&gone_by), "{gone_by} ms, stopped: {is_stopped}");
        last = next;
    }
}

pub(super) fn producer_times_are_kept_where_asked(harness: &mut dyn Harness) {
    let spec = TopicSpec { log_append_time: false, ..TopicSpec::kept(harness.topic_name("own-times"), 1) };
    let topic = make(harness, spec);
    let log = harness.log();
    for timestamp_ms in [1_700_000_000_500, 1_700_000_000_000] {
        let appended = log.append(&topic, 0, vec![Record { timestamp_ms, ..record("k", "v") }]).unwrap();
        assert_eq!(appended.timestamp_ms, timestamp_ms);
    }
    let times: Vec<_> = read_all(&*log, &topic, 0).iter().map(|stored| stored.timestamp_ms).collect();
    assert_eq!(times, [1_700_000_000_500, 1_700_000_000_000]);
}

pub(super) fn refused_appends_write_nothing(harness: &mut dyn Harness) {
    let small = TopicSpec { max_message_bytes: 10_000, ..TopicSpec::kept(harness.topic_name("small"), 1) };
    let small = make(harness, small);
    let keyed = make(harness, TopicSpec::compacted(harness.topic_name("keyed"), 1));
    let log = harness.log();
    assert!(matches!(log.topic(&keyed).unwrap().spec.cleanup, Cleanup::Compact { .. }));
    append(&*log, &small, 0, record("k", "v"));

    let half = || Record::new("k", vec![1; 5_000]);
    let too_large = |size: usize| Err(Error::TooLarge { topic: small.to_string(), size, limit: 10_000 });
    let one = Record::new("k", vec![1; 10_000]);
    assert_eq!(log.append(&small, 0, vec![one.clone()]), too_large(one.size()));
    assert_eq!(log.append_async(&small, 0, one.clone()).wait(), too_large(one.size()));
    assert!(matches!(log.append(&small, 0, vec![]), Err(Error::Invalid { .. })));
    let keyless = Record { value: Some(Bytes::new()), ..Record::default() };
    assert!(matches!(log.append(&keyed, 0, vec![keyless, record("k", "v")]), Err(Error::Invalid { .. })));

    assert_eq!(log.end_offset(&small, 0), Ok(1));
    assert_eq!(log.end_offset(&keyed, 0), Ok(0));
    assert_eq!(append(&*log, &small, 0, half()), 1);
}
