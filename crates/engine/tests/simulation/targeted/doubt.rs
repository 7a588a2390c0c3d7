//! Commits whose outcome is unknown.

use std::time::Duration;

use klamm_engine::{Batch, Error, outputs::sequence_number, settle::standing, topic};
use klamm_log::{Error as LogError, Log, memory::Fault};

use super::rig::{Rig, TestOwned, account};
use crate::{instance::dump, machine::command, stores::store};

/// A partition whose commit of one addition came back in doubt.
fn in_doubt(rig: &Rig, fault: Fault) -> (TestOwned, Batch) {
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 5, &[]));
    let batch = owned.partition.cut().cloned().expect("something waits");
    rig.log.fail_next_write(fault);
    let error = owned.producer.commit(batch.outputs.clone()).expect_err("a fault");
    assert!(matches!(error, LogError::InDoubt { .. }), "{error}");
    (owned, batch)
}

/// Settles and commits again where that is needed; whether it had committed.
fn settle(rig: &Rig, owned: &mut TestOwned, batch: &Batch) -> bool {
    owned.producer = rig.log.transactional(&rig.topics.transactional_id(0)).expect("no faults");
    let stood = standing(&rig.log, &rig.topics, &rig.store, 0, batch).expect("nobody else");
    let offsets = match stood.clone() {
        Some(offsets) => offsets,
        None => owned.producer.commit(batch.outputs.clone()).expect("no faults"),
    };
    owned.partition.committed(&offsets).expect("a store in memory");
    stood.is_some()
}

fn check_once(rig: &Rig, owned: &mut TestOwned) {
    rig.ask(owned, &command("add", "a", "r2", 1, &[]));
    rig.commit(owned);
    for name in [topic::HISTORY, topic::VISIBILITY] {
        let numbers: Vec<_> = rig.outputs(name).iter().filter_map(|stored| sequence_number(&stored.record)).collect();
        let expected: Vec<_> = (0..if name == topic::HISTORY { 4 } else { 2 }).collect();
        assert_eq!(numbers, expected, "{name}");
    }
    let live = dump(&owned.partition);
    let rebuilt = Rig { store: store(), ..rig.over(rig.log.fork()) };
    assert_eq!(dump(&rebuilt.own().partition), live);
    assert_eq!(account(&owned.partition, "a"), Some(6));
}

#[test]
fn a_batch_in_doubt_that_committed_is_found_and_not_written_again() {
    for fault in [Fault::LoseAnswer, Fault::LeaveOpen { commits: true }] {
        let rig = Rig::new();
        let (mut owned, batch) = in_doubt(&rig, fault.clone());
        assert!(settle(&rig, &mut owned, &batch), "{fault:?}");
        check_once(&rig, &mut owned);
    }
}

#[test]
fn a_batch_in_doubt_that_did_not_commit_is_written_again() {
    let rig = Rig::new();
    let (mut owned, batch) = in_doubt(&rig, Fault::LeaveOpen { commits: false });
    assert!(!settle(&rig, &mut owned, &batch));
    check_once(&rig, &mut owned);
}

#[test]
fn a_restart_settles_a_batch_in_doubt_too() {
    for fault in [Fault::LoseAnswer, Fault::LeaveOpen { commits: true }, Fault::LeaveOpen { commits: false }] {
        let rig = Rig::new();
        drop(in_doubt(&rig, fault));
        let mut owned = rig.own();
        rig.ask(&mut owned, &command("add", "a", "r1", 5, &[]));
        assert_eq!(account(&owned.partition, "a"), Some(5), "the request took effect before");
        rig.commit(&mut owned);
        let events = rig.outputs(topic::HISTORY).iter().filter(|stored| stored.record.key.as_deref() == Some(b"account/a")).count();
        assert_eq!(events, 1);
    }
}

#[test]
fn a_batch_in_doubt_counts_as_committed_though_compaction_took_some_of_it() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 5, &[]));
    rig.ask(&mut owned, &command("add", "a", "r2", 5, &[]));
    let batch = owned.partition.cut().cloned().expect("something waits");
    rig.log.fail_next_write(Fault::LoseAnswer);
    owned.producer.commit(batch.outputs.clone()).expect_err("a fault");
    rig.clock.advance(Duration::from_secs(25 * 3600));
    rig.log.compact(&rig.topics.full(topic::HISTORY), 0).expect("compacted");
    assert_eq!(rig.outputs(topic::HISTORY).len(), 2, "of three");
    assert!(settle(&rig, &mut owned, &batch));
    assert_eq!(account(&owned.partition, "a"), Some(10));
}

#[test]
fn a_batch_in_whose_place_another_owner_wrote_is_not_written_any_more() {
    let rig = Rig::new();
    let (_owned, batch) = in_doubt(&rig, Fault::LeaveOpen { commits: false });
    let other = Rig { store: store(), ..rig.over(rig.log.clone()) };
    let mut overtaking = other.own();
    other.commit(&mut overtaking);
    let error = standing(&rig.log, &rig.topics, &rig.store, 0, &batch).expect_err("overtaken");
    assert!(matches!(error, Error::Log(LogError::Fenced { .. })), "{error}");
}
