//! Faults of the log in memory.
#![allow(dead_code, missing_docs)]

mod common;

use std::sync::Arc;

use common::Memory;
use klamm_log::{
    Error, Log, Output, ReadLimit, Record, TopicSpec,
    memory::{Fault, Operation},
};

fn log() -> Memory {
    let memory = Memory::new(true);
    memory.log.ensure_topics(&[TopicSpec::kept("t", 2)]).unwrap();
    memory
}

fn outputs() -> Vec<Output> {
    let topic: Arc<str> = "t".into();
    [0, 1].map(|partition| Output { topic: topic.clone(), partition, record: Record::new("k", "v") }).into()
}

fn count(memory: &Memory, partition: u32) -> usize {
    memory.log.read("t", partition, 0, ReadLimit::default()).unwrap().records.len()
}

#[test]
fn a_refused_write_writes_nothing_and_the_next_works() {
    let memory = log();
    memory.log.fail_next_write(Fault::full());
    memory.log.fail_next_write(Fault::unavailable());
    let append = || memory.log.append("t", 0, vec![Record::new("k", "v")]);
    assert!(matches!(append(), Err(Error::Full { .. })));
    assert!(matches!(append(), Err(Error::Unavailable { .. })));
    assert_eq!(append().map(|appended| appended.first_offset), Ok(0));
}

#[test]
fn a_lost_answer_leaves_the_records() {
    let memory = log();
    memory.log.fail_next_write(Fault::LoseAnswer);
    assert!(matches!(memory.log.append("t", 0, vec![Record::new("k", "v")]), Err(Error::InDoubt { .. })));
    assert_eq!(count(&memory, 0), 1);
    memory.log.fail_next_write(Fault::LoseAnswer);
    let mut producer = memory.log.transactional("id").unwrap();
    assert!(matches!(producer.commit(outputs()), Err(Error::InDoubt { .. })));
    assert_eq!((count(&memory, 0), count(&memory, 1)), (2, 1));
}

#[test]
fn an_open_commit_holds_readers_up_until_the_next_holder_settles_it() {
    for commits in [true, false] {
        let memory = log();
        let mut producer = memory.log.transactional("id").unwrap();
        memory.log.fail_next_write(Fault::LeaveOpen { commits });
        assert!(matches!(producer.commit(outputs()), Err(Error::InDoubt { .. })));
        let behind = memory.log.append("t", 0, vec![Record::new("k", "behind")]).unwrap();
        assert_eq!(memory.log.end_offset("t", 0), Ok(0));
        assert_eq!(count(&memory, 0), 0);
        drop(memory.log.transactional("other").unwrap());
        assert_eq!(count(&memory, 0), 0, "another id settles nothing");
        drop(memory.log.transactional("id").unwrap());
        assert_eq!(count(&memory, 0), if commits { 2 } else { 1 });
        assert_eq!(count(&memory, 1), usize::from(commits));
        assert_eq!(memory.log.end_offset("t", 0), Ok(behind.first_offset + 1));
        assert!(matches!(producer.commit(outputs()), Err(Error::Fenced { .. })));
    }
}

#[test]
fn marks_leave_holes_that_readers_step_over() {
    let memory = log();
    let mut producer = memory.log.transactional("id").unwrap();
    assert_eq!(producer.commit(outputs()), Ok(vec![0, 0]));
    assert_eq!(producer.commit(outputs()), Ok(vec![2, 2]));
    assert_eq!(memory.log.end_offset("t", 0), Ok(4));
    let batch = memory.log.read("t", 0, 1, ReadLimit::default()).unwrap();
    assert_eq!((batch.records[0].offset, batch.next_offset), (2, 4));
}

#[test]
fn the_hook_sees_every_call_and_forks_are_free_of_it() {
    let memory = log();
    memory.log.set_fault_hook(Some(Box::new(|operation| match operation {
        Operation::Append { partition: 1, .. } => Some(Fault::unavailable()),
        Operation::Initialize { transactional_id: "bad" } => Some(Fault::unavailable()),
        Operation::Read { partition: 1, .. } => Some(Fault::unavailable()),
        _ => None,
    })));
    let append = |log: &dyn Log, partition| log.append("t", partition, vec![Record::new("k", "v")]);
    assert!(append(&memory.log, 0).is_ok());
    assert!(append(&memory.log, 1).is_err());
    assert!(memory.log.transactional("bad").is_err());
    assert!(memory.log.read("t", 1, 0, ReadLimit::default()).is_err());
    let fork = memory.log.fork();
    assert!(append(&fork, 1).is_ok());
    assert_eq!((fork.end_offset("t", 1), memory.log.end_offset("t", 1)), (Ok(1), Ok(0)));
}
