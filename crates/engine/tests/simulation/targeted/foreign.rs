//! Stores and topics that don't belong together.

use std::sync::Arc;

use klamm_engine::Error;
use klamm_engine::topic;
use klamm_log::{Log, memory};

use super::rig::{Rig, account};
use crate::machine::command;

#[test]
fn a_store_of_the_same_log_is_kept() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    rig.commit(&mut owned);
    let report = rig.own().report;
    assert!(!report.store_cleared);
    assert_eq!(report.replayed, 1, "its own take-over record alone");
}

#[test]
fn a_store_ahead_of_its_log_is_thrown_away() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    rig.commit(&mut owned);
    let before = rig.log.fork();
    rig.ask(&mut owned, &command("add", "a", "r2", 1, &[]));
    rig.ask(&mut owned, &command("add", "b", "r3", 1, &[]));
    rig.commit(&mut owned);

    let owned = rig.over(before).own();
    assert!(owned.report.store_cleared);
    assert_eq!((account(&owned.partition, "a"), account(&owned.partition, "b")), (Some(1), None));
}

#[test]
fn a_store_of_another_log_is_thrown_away() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    rig.commit(&mut owned);

    let others = memory::Settings { topic_ids: Arc::new(|name| format!("other-{name}")), ..memory::Settings::default() };
    let other = Rig { store: rig.store.clone(), ..Rig::with_topic_ids(others) };
    other.append(&command("add", "b", "r1", 7, &[]));
    let owned = other.own();
    assert!(owned.report.store_cleared);
    assert_eq!((account(&owned.partition, "a"), account(&owned.partition, "b")), (None, Some(7)));
}

#[test]
fn outputs_of_commands_that_the_log_never_had_are_refused() {
    let rig = Rig::new();
    let mut owned = rig.own();
    for n in 0..5 {
        rig.ask(&mut owned, &command("add", "a", &format!("r{n}"), 1, &[]));
    }
    let batch = rig.commit(&mut owned);
    let other = Rig::new();
    let mut producer = other.log.transactional("restores").expect("no faults");
    producer.commit(batch.outputs).expect("no faults");
    let Err(Error::Outputs { topic, problem, .. }) = other.try_own() else { panic!("another log's outputs were taken") };
    assert!(topic.ends_with("commands") && problem.contains("up to 6 were decided"), "{topic}: {problem}");
}

#[test]
fn commands_that_are_needed_and_gone_are_reported() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    rig.log.trim(&rig.topics.full(topic::COMMANDS), 0, 2).expect("there");
    let Err(Error::Outputs { problem, .. }) = rig.try_own() else { panic!("a gap was passed over") };
    assert!(problem.contains("trimmed up to 2"), "{problem}");
}
