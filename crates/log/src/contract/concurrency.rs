//! Many threads at once.

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
};

use super::harness::{Harness, kept, output, read_all, record};
use crate::{Error, Offset, ReadLimit, TopicSpec};

const WRITERS: usize = 4;
const ROUNDS: usize = 150;

/// Sets the flag when it is dropped.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(super) fn topics_that_are_made_at_once_share_no_records(harness: &mut dyn Harness) {
    let names: Vec<_> = (0..WRITERS).map(|writer| harness.topic_name(&format!("own-{writer}"))).collect();
    let shared = harness.topic_name("shared");
    let log = harness.log();
    let barrier = Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        for name in &names {
            let (log, shared, barrier) = (&log, &shared, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for topic in [name, shared] {
                    log.ensure_topics(&[TopicSpec::kept(topic.as_str(), 1)]).unwrap();
                    log.append(topic, 0, vec![record("k", name)]).unwrap();
                }
            });
        }
    });
    let values = |topic: &str| -> Vec<_> {
        let mut values: Vec<_> = read_all(&*log, topic, 0).into_iter().map(|it| it.record.value.unwrap_or_default()).collect();
        values.sort();
        values
    };
    for name in &names {
        assert_eq!(values(name), [name.as_bytes()], "what was written to it");
    }
    let all: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
    assert_eq!(values(&shared), all, "each writer's record, once");
}

pub(super) fn concurrent_writers_lose_and_double_nothing(harness: &mut dyn Harness) {
    let topic = kept(harness, "busy", 2);
    let ids: Vec<_> = (0..WRITERS).map(|writer| harness.topic_name(&format!("id-{writer}"))).collect();
    let log = harness.log();
    let done = AtomicBool::new(false);
    // The value that a thread was told it had written, by partition and offset.
    let mut told: BTreeMap<(u32, Offset), String> = BTreeMap::new();
    std::thread::scope(|scope| {
        let appending = |writer: usize| {
            let (log, topic) = (&log, &topic);
            move || {
                let mut told = Vec::new();
                for round in 0..ROUNDS {
                    let values: Vec<_> = (0..=round % 3).map(|n| format!("a{writer}.{round}.{n}")).collect();
                    let partition = (round % 2) as u32;
                    let records = values.iter().map(|value| record(&format!("a{writer}"), value));
                    let appending: Vec<_> = records.map(|record| log.append_async(topic, partition, record)).collect();
                    let offsets = appending.into_iter().map(|appending| appending.wait().unwrap().first_offset);
                    told.extend(offsets.zip(values).map(|(offset, value)| ((partition, offset), value)));
                }
                told
            }
        };
        let committing = |writer: usize| {
            let (log, topic, id) = (&log, &topic, &ids[writer]);
            move || {
                let mut told = Vec::new();
                let mut producer = log.transactional(id).unwrap();
                for round in 0..ROUNDS {
                    // Different threads name the partitions in different orders. This must not end in a deadlock.
                    let partitions = if writer.is_multiple_of(2) { [0, 1, 0] } else { [1, 0, 1] };
                    let values: Vec<_> = (0..3).map(|n| format!("c{writer}.{round}.{n}")).collect();
                    let outputs =
                        partitions.iter().zip(&values).map(|(at, value)| output(topic, *at, record(&format!("c{writer}"), value)));
                    let offsets = producer.commit(outputs.collect()).unwrap();
                    told.extend(partitions.into_iter().zip(offsets).zip(values));
                }
                told
            }
        };
        let reading = |partition: u32| {
            let (log, topic, done) = (&log, &topic, &done);
            move || {
                let (mut next, mut seen) = (0, Vec::new());
                loop {
                    let is_last = done.load(Ordering::SeqCst);
                    let batch = log.read(topic, partition, next, ReadLimit { records: 64, bytes: usize::MAX }).unwrap();
                    seen.extend(batch.records);
                    next = batch.next_offset;
                    if is_last && next == batch.end_offset {
                        return seen;
                    }
                }
            }
        };
        // Readers end also when a writer fails: then the test fails, too, and does not wait for ever.
        let _ending = Ending(&done);
        let readers = [scope.spawn(reading(0)), scope.spawn(reading(1))];
        let appenders: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(appending(writer))).collect();
        let committers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(committing(writer))).collect();
        for thread in appenders.into_iter().chain(committers) {
            for (place, value) in thread.join().unwrap() {
                assert_eq!(told.insert(place, value), None, "{place:?} was given twice");
            }
        }
        done.store(true, Ordering::SeqCst);
        for (partition, reader) in readers.into_iter().enumerate() {
            let seen = reader.join().unwrap();
            let afterwards = read_all(&*log, &topic, partition as u32);
            let missed: Vec<_> = afterwards.iter().filter(|stored| !seen.contains(stored)).collect();
            assert!(missed.is_empty(), "partition {partition}: a reader along the way missed {missed:?}");
            assert!(seen == afterwards, "a reader along the way sees what one afterwards sees");
            let rows = seen.iter().map(|stored| {
                ((partition as u32, stored.offset), String::from_utf8(stored.record.value.clone().unwrap().to_vec()).unwrap())
            });
            let told: Vec<_> =
                told.iter().filter(|((at, _), _)| *at == partition as u32).map(|(place, value)| (*place, value.clone())).collect();
            assert_eq!(rows.collect::<Vec<_>>(), told);
            assert!(seen.is_sorted_by(|a, b| a.timestamp_ms <= b.timestamp_ms));
        }
    });
    // Each thread's records stand in the order of its calls.
    for partition in [0, 1] {
        let mut last: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for ((_, offset), value) in told.iter().filter(|((at, _), _)| *at == partition) {
            let mut parts = value.split('.');
            let writer = parts.next().unwrap().to_owned();
            let place = (parts.next().unwrap().parse().unwrap(), parts.next().unwrap().parse().unwrap());
            assert!(last.insert(writer, place).is_none_or(|before| before < place), "{value} at {offset} stands too late");
        }
    }
}

pub(super) fn of_racing_holders_one_is_left(harness: &mut dyn Harness) {
    let topic = kept(harness, "raced", 1);
    let id = harness.topic_name("id");
    let log = harness.log();
    std::thread::scope(|scope| {
        let holders: Vec<_> = (0..WRITERS)
            .map(|holder| {
                let (log, topic, id) = (&log, &topic, &id);
                scope.spawn(move || {
                    let mut producer = log.transactional(id).unwrap();
                    let mut committed = 0;
                    for _ in 0..100 {
                        match producer.commit(vec![output(topic, 0, record(&holder.to_string(), "v"))]) {
                            Ok(_) => committed += 1,
                            Err(Error::Fenced { .. }) => return (committed, true, 0),
                            // A broker that ends a transaction while another holder comes may not know the outcome (Kafka 4.1 answers with
                            // an unknown server error). The holder that got this answer commits nothing more.
                            Err(Error::InDoubt { .. }) => {
                                let again = producer.commit(vec![output(topic, 0, record(&holder.to_string(), "v"))]);
                                assert!(matches!(again, Err(Error::InDoubt { .. } | Error::Fenced { .. })), "{again:?}");
                                return (committed, true, 1);
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                    (committed, false, 0)
                })
            })
            .collect();
        let outcomes: Vec<_> = holders.into_iter().map(|holder| holder.join().unwrap()).collect();
        assert!(outcomes.iter().any(|(_, ended, _)| !ended), "the newest holder is never fenced");
        let committed: usize = outcomes.iter().map(|(committed, _, _)| committed).sum();
        let doubtful: usize = outcomes.iter().map(|(_, _, doubtful)| doubtful).sum();
        let rows = read_all(&*log, &topic, 0);
        assert!((committed..=committed + doubtful).contains(&rows.len()), "no commit of a fenced holder stands");
        // No record of an earlier holder stands behind a record of a later holder.
        let mut order: Vec<_> = rows.iter().map(|stored| stored.record.key.clone()).collect();
        order.dedup();
        let mut holders = order.clone();
        holders.sort();
        holders.dedup();
        assert_eq!(order.len(), holders.len());
    });
}
