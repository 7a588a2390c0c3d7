//! Random appends, commits, reads, trims, compactions and restarts against a plain model.
#![allow(dead_code, missing_docs)]

mod common;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use common::{BEGIN_MS, Embedded, Memory};
use klamm_log::{Cleanup, Offset, Output, ReadLimit, Record, TopicSpec, contract::Harness, embedded};
use proptest::prelude::*;

const LAG_MS: i64 = 1_000;
const DELETE_RETENTION_MS: i64 = 3_000;
const PARTITIONS: u32 = 2;

#[derive(Debug, Clone)]
enum Step {
    Append { compacted: bool, partition: u32, records: Vec<(u8, Option<u8>)> },
    Commit { outputs: Vec<(bool, u32, u8, Option<u8>)> },
    Read { compacted: bool, partition: u32, from_percent: i64, records: usize },
    Trim { partition: u32, percent: i64 },
    Compact { partition: u32 },
    Advance { ms: i64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let key_value = || (0..5_u8, proptest::option::weighted(0.7, any::<u8>()));
    prop_oneof![
        6 => (any::<bool>(), 0..PARTITIONS, proptest::collection::vec(key_value(), 1..4))
            .prop_map(|(compacted, partition, records)| Step::Append { compacted, partition, records }),
        4 => proptest::collection::vec((any::<bool>(), 0..PARTITIONS, 0..5_u8, proptest::option::weighted(0.7, any::<u8>())), 0..6)
            .prop_map(|outputs| Step::Commit { outputs }),
        4 => (any::<bool>(), 0..PARTITIONS, 0..=100_i64, 1..10_usize)
            .prop_map(|(compacted, partition, from_percent, records)| Step::Read { compacted, partition, from_percent, records }),
        1 => (0..PARTITIONS, 0..=100_i64).prop_map(|(partition, percent)| Step::Trim { partition, percent }),
        2 => (0..PARTITIONS).prop_map(|partition| Step::Compact { partition }),
        3 => (-500..2_500_i64).prop_map(|ms| Step::Advance { ms }),
        1 => Just(Step::Restart),
    ]
}

/// One partition as the contract describes it.
#[derive(Default)]
struct Part {
    records: BTreeMap<Offset, (i64, u8, Option<u8>)>,
    start: Offset,
    end: Offset,
    last_ms: i64,
}

impl Part {
    fn push(&mut self, now_ms: i64, key: u8, value: Option<u8>) -> Offset {
        self.last_ms = self.last_ms.max(now_ms);
        self.records.insert(self.end, (self.last_ms, key, value));
        self.end += 1;
        self.end - 1
    }

    fn compact(&mut self, now_ms: i64) {
        let old: Vec<_> =
            self.records.iter().take_while(|(_, row)| row.0 <= now_ms - LAG_MS).map(|(offset, row)| (*offset, *row)).collect();
        for (at, (offset, (ms, key, value))) in old.iter().enumerate() {
            let superseded = old[at + 1..].iter().any(|(_, (_, later, _))| later == key);
            if superseded || (value.is_none() && *ms <= now_ms - LAG_MS - DELETE_RETENTION_MS) {
                self.records.remove(offset);
            }
        }
    }
}

/// The time that stands on records: the wall clock's; while that is set back, a sixteenth slower than time goes by. Sixteenths of milliseconds.
struct Now {
    wall: i64,
    elapsed: i64,
    shown: i64,
    at: i64,
}

impl Now {
    /// What a log that looks at its clocks now sees, milliseconds.
    fn look(&mut self) -> i64 {
        self.shown = (self.wall * 16).max(self.shown + (self.elapsed - self.at) * 15);
        self.at = self.elapsed;
        self.shown.div_euclid(16)
    }

    /// Another process knows of no time but that of the newest record.
    fn restart(&mut self, newest_ms: i64) {
        (self.shown, self.at) = (newest_ms * 16, self.elapsed);
    }
}

fn key(key: u8) -> Vec<u8> {
    vec![b'k', key]
}

fn record((of, value): (u8, Option<u8>)) -> Record {
    match value {
        Some(value) => Record::new(key(of), vec![value; usize::from(value)]),
        None => Record::tombstone(key(of)),
    }
}

fn check(harness: &mut dyn Harness, steps: Vec<Step>) {
    let topics: [Arc<str>; 2] = ["kept".into(), "compacted".into()];
    let millis = |ms: i64| Duration::from_millis(ms.try_into().unwrap());
    let cleanup = Cleanup::Compact { min_compaction_lag: millis(LAG_MS), delete_retention: millis(DELETE_RETENTION_MS) };
    let kept = TopicSpec::kept(topics[0].clone(), PARTITIONS);
    harness.log().ensure_topics(&[kept.clone(), TopicSpec { cleanup, name: topics[1].clone(), ..kept }]).unwrap();
    let mut model: HashMap<(bool, u32), Part> = HashMap::new();
    for compacted in [false, true] {
        (0..PARTITIONS).for_each(|partition| drop(model.insert((compacted, partition), Part::default())));
    }
    let name = |compacted: bool| topics[usize::from(compacted)].clone();
    let mut now = Now { wall: BEGIN_MS, elapsed: 0, shown: 0, at: 0 };
    for step in steps {
        let log = harness.log();
        match step {
            Step::Append { compacted, partition, records } => {
                let appended = log.append(&name(compacted), partition, records.iter().copied().map(record).collect()).unwrap();
                let part = model.get_mut(&(compacted, partition)).unwrap();
                assert_eq!(appended.first_offset, part.end);
                let now_ms = now.look();
                for (key, value) in records {
                    part.push(now_ms, key, value);
                }
                assert_eq!(appended.timestamp_ms, part.last_ms);
            }
            Step::Commit { outputs } => {
                let now_ms = now.look();
                let wanted: Vec<_> = outputs
                    .iter()
                    .map(|(compacted, partition, key, value)| model.get_mut(&(*compacted, *partition)).unwrap().push(now_ms, *key, *value))
                    .collect();
                let outputs = outputs.into_iter().map(|(compacted, partition, key, value)| Output {
                    topic: name(compacted),
                    partition,
                    record: record((key, value)),
                });
                assert_eq!(log.transactional("id").unwrap().commit(outputs.collect()), Ok(wanted));
            }
            Step::Read { compacted, partition, from_percent, records } => {
                let part = &model[&(compacted, partition)];
                let from = part.start + (part.end - part.start) * from_percent / 100;
                let batch = log.read(&name(compacted), partition, from, ReadLimit { records, bytes: usize::MAX }).unwrap();
                let wanted: Vec<_> = part.records.range(from..).take(records).map(|(offset, row)| (*offset, *row)).collect();
                let got: Vec<_> = batch.records.iter().map(|stored| (stored.offset, stored.timestamp_ms, stored.record.clone())).collect();
                let stamped = |(ms, key, value): (i64, u8, Option<u8>)| Record { timestamp_ms: ms, ..record((key, value)) };
                assert_eq!(got, wanted.iter().map(|(offset, row)| (*offset, row.0, stamped(*row))).collect::<Vec<_>>());
                let rest = part.records.range(wanted.last().map_or(from, |(offset, _)| offset + 1)..).next();
                assert_eq!(batch.next_offset, rest.map_or(part.end, |(offset, _)| *offset));
                assert_eq!(batch.end_offset, part.end);
            }
            Step::Trim { partition, percent } => {
                let part = model.get_mut(&(false, partition)).unwrap();
                let before = part.end * percent / 100;
                log.trim(&name(false), partition, before).unwrap();
                if before > part.start {
                    part.start = before;
                    part.records = part.records.split_off(&before);
                }
            }
            Step::Compact { partition } => {
                log.compact(&name(true), partition).unwrap();
                model.get_mut(&(true, partition)).unwrap().compact(now.look());
            }
            Step::Advance { ms } => {
                if ms < 0 {
                    // Of a set-back a log knows only if it has looked before: so it looks.
                    log.compact(&name(true), 0).unwrap();
                    model.get_mut(&(true, 0)).unwrap().compact(now.look());
                } else {
                    now.elapsed += ms;
                }
                now.wall += ms;
                harness.advance_ms(ms);
            }
            Step::Restart => {
                drop(log);
                harness.restart();
                now.restart(model.values().map(|part| part.last_ms).max().unwrap_or(0));
            }
        }
    }
    for ((compacted, partition), part) in model {
        let log = harness.log();
        assert_eq!(log.start_offset(&name(compacted), partition), Ok(part.start));
        assert_eq!(log.end_offset(&name(compacted), partition), Ok(part.end));
        let batch = log.read(&name(compacted), partition, part.start, ReadLimit { records: usize::MAX, bytes: usize::MAX }).unwrap();
        let offsets: Vec<_> = batch.records.iter().map(|stored| stored.offset).collect();
        assert_eq!(offsets, part.records.keys().copied().collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn memory_is_as_the_model(steps in proptest::collection::vec(step(), 1..80)) {
        check(&mut Memory::new(false), steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn embedded_is_as_the_model(steps in proptest::collection::vec(step(), 1..80)) {
        check(&mut Embedded::new(Embedded::settings()), steps);
    }

    #[test]
    fn embedded_with_a_small_tail_is_as_the_model(steps in proptest::collection::vec(step(), 1..80)) {
        let settings = embedded::Settings { tail_bytes: 600, write_buffer_bytes: 64 << 10, ..Embedded::settings() };
        check(&mut Embedded::new(settings), steps);
    }
}
