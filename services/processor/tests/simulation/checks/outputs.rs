//! Each output is on its topic once.

use std::collections::BTreeSet;

use klamm_engine::{Topics, outputs::SEQUENCE_HEADER, topic};
use klamm_log::{Log, MemoryLog, ReadLimit};

/// Topics that partitions write.
const TOPICS: [&str; 5] = [topic::HISTORY, topic::SCHEDULES, topic::CLUSTER, topic::VISIBILITY, topic::COMMANDS_DEAD_LETTERS];

/// Checks the outputs of a partition, as far as they have not been compacted away.
pub fn check(log: &MemoryLog, topics: &Topics, number: u32) {
    for name in TOPICS {
        let (topic, of_topic) = (topics.full(name), Topics::output_partition(name, number));
        let mut numbers = BTreeSet::new();
        let mut from = log.start_offset(&topic, of_topic).expect("a topic of ours");
        loop {
            let read = log.read(&topic, of_topic, from, ReadLimit::default()).expect("a log without faults");
            for stored in &read.records {
                let header = stored.record.header(SEQUENCE_HEADER).expect("every output has its number");
                // Partition and number; behind them stands the command.
                let number: Vec<_> = std::str::from_utf8(header).expect("text").split('/').take(2).map(str::to_owned).collect();
                assert!(numbers.insert(number), "{name}/{of_topic} has an output twice: {header:?}");
            }
            from = read.next_offset;
            if from >= read.end_offset {
                break;
            }
        }
    }
}
