//! Outputs on topics of namespaces, to which several partitions write.

use std::collections::{BTreeMap, BTreeSet};

use klamm_engine::Topics;
use klamm_log::{Log, MemoryLog, ReadLimit, Record};
use klamm_machine::key;
use klamm_messages::klamm::v1::PartitionRecord;

use super::outputs::sequence;

/// What stands on such topics.
#[derive(Default)]
pub struct Shared {
    /// By topic and partition of the commands: all numbers.
    numbers: BTreeMap<(String, u32), BTreeSet<i64>>,
    /// By topic, its partition and that of the commands: the newest number.
    newest: BTreeMap<(String, u32, u32), i64>,
    /// Where reading goes on.
    next: BTreeMap<(String, u32), i64>,
}

impl Shared {
    /// Reads what has come to stand since the last call.
    pub fn read(&mut self, log: &MemoryLog, topics: &Topics) -> Vec<(String, Record)> {
        let mut seen = Vec::new();
        for topic in topics.of_namespaces() {
            let partitions = topic.partitions(topics.partitions);
            for partition in 0..partitions {
                let next = self.next.entry((topic.name.clone(), partition)).or_default();
                loop {
                    let read = log.read(&topics.full(&topic.name), partition, *next, ReadLimit::default()).expect("a log without faults");
                    *next = read.next_offset;
                    seen.extend(read.records.into_iter().map(|stored| (topic.name.clone(), partition, partitions, stored.record)));
                    if read.next_offset >= read.end_offset {
                        break;
                    }
                }
            }
        }
        seen.iter().for_each(|(name, partition, partitions, record)| self.stands(name, *partition, *partitions, record));
        seen.into_iter().map(|(name, _, _, record)| (name, record)).collect()
    }

    fn stands(&mut self, name: &str, partition: u32, partitions: u32, record: &Record) {
        let key = std::str::from_utf8(record.key.as_deref().unwrap_or_default()).expect("text");
        assert_eq!(key::hash(key) % partitions, partition, "{name}: the key {key} decides");
        assert_eq!(record.header("account").map(|value| &**value), record.key.as_deref(), "{name}: its own headers are there");
        let sequence = sequence(record);
        let numbers = self.numbers.entry((name.to_owned(), sequence.partition)).or_default();
        assert!(numbers.insert(sequence.number), "{name}/{partition}: {} of {} twice", sequence.number, sequence.partition);
        let newest = self.newest.entry((name.to_owned(), partition, sequence.partition)).or_insert(-1);
        assert!(sequence.number > *newest, "{name}/{partition}: {} of {} after {newest}", sequence.number, sequence.partition);
        *newest = sequence.number;
    }

    /// The numbers are dense, up to the one that the newest position of each partition tells.
    pub fn check(&self, positions: &BTreeMap<u32, PartitionRecord>) {
        for ((name, partition), numbers) in &self.numbers {
            let last = positions.get(partition).and_then(|position| position.output_numbers.get(name)).copied();
            assert_eq!(last, numbers.last().copied(), "{name}: the last number of {partition}");
            assert_eq!(last, Some(numbers.len() as i64 - 1), "{name}: the numbers of {partition} have a gap");
        }
    }
}
