//! The outcome of each closed run is on its namespace's topic once.

use std::collections::BTreeMap;

use klamm_avro::frame;
use klamm_engine::{Purpose, Topics, outputs::SEQUENCE_HEADER};
use klamm_log::{Log, MemoryLog, ReadLimit, Record};
use klamm_machine::key;
use klamm_messages::klamm::v1::Outcome;

use super::Life;
use crate::requests::NAMESPACE;

/// Checks the topic against all runs, which have ended.
pub fn check(log: &MemoryLog, topics: &Topics, lives: &[Life]) {
    let name = Purpose::Outcomes.topic(NAMESPACE);
    let topic = log.topic(&topics.full(&name)).expect("it was made");
    let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
    let mut numbers: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for partition in 0..topic.spec.partitions {
        let mut newest: BTreeMap<i64, i64> = BTreeMap::new();
        for record in records(log, &topic.spec.name, partition) {
            let key = std::str::from_utf8(record.key.as_deref().unwrap_or_default()).expect("text");
            assert_eq!(key::hash(key) % topic.spec.partitions, partition, "the partition of {key}");
            let (source, number) = sequence(&record);
            let before = newest.insert(source, number);
            assert!(before.is_none_or(|before| before < number), "{source}: {number} after {before:?}");
            numbers.entry(source).or_default().push(number);
            let outcome: Outcome = frame::decode(record.value.as_deref().unwrap_or_default()).expect("an outcome");
            assert_eq!(outcome.workflow_id, key);
            let before = outcomes.insert(outcome.run_id.clone(), outcome);
            assert!(before.is_none(), "a run has two outcomes: {before:?}");
        }
    }
    for (source, mut numbers) in numbers {
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..numbers.len() as i64), "the numbers of {source}: {numbers:?}");
    }
    assert_eq!(outcomes.len(), lives.len(), "outcomes and runs");
    for (run, events) in lives {
        let outcome = outcomes.get(&run.run_id).unwrap_or_else(|| panic!("{} has no outcome", run.run_id));
        assert_eq!((outcome.workflow_id.as_str(), outcome.close_time), (run.workflow_id.as_str(), run.close_time));
        // Of some runs only the last event is kept.
        let last = events.last().map(|event| event.event_id);
        assert_eq!(Some(outcome.close_event_id), last, "the event that has closed {}", run.run_id);
        assert_eq!(format!("WORKFLOW_EXECUTION_STATUS_{}", outcome.status), run.status().as_str_name());
    }
}

fn records(log: &MemoryLog, topic: &str, partition: u32) -> Vec<Record> {
    let (mut records, mut from) = (Vec::new(), 0);
    loop {
        let read = log.read(topic, partition, from, ReadLimit::default()).expect("a log without faults");
        records.extend(read.records.into_iter().map(|stored| stored.record));
        from = read.next_offset;
        if from >= read.end_offset {
            return records;
        }
    }
}

/// Partition of the commands, and number, in the header of an output.
fn sequence(record: &Record) -> (i64, i64) {
    let header = record.header(SEQUENCE_HEADER).expect("every output has its number");
    let parts: Vec<i64> = std::str::from_utf8(header).expect("text").split('/').map(|part| part.parse().expect("a number")).collect();
    (parts[0], parts[1])
}
