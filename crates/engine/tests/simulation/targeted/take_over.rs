//! Take-over records and decision versions.

use klamm_engine::{Error, partition::DECISION_VERSION};
use klamm_log::{Error as LogError, Log, ReadLimit};
use klamm_messages::klamm::v1::{Command, TakeOver, command::Body};

use super::rig::{Rig, TestOwned, account};
use crate::machine::command;

fn take_over(member: &str, decision_version: u32) -> Command {
    Command { version: 1, body: Some(Body::TakeOver(TakeOver { member: member.to_owned(), decision_version })), ..Command::default() }
}

/// Hands the partition its next command.
fn next(rig: &Rig, owned: &mut TestOwned) -> Result<i64, Error> {
    let commands = rig.topics.full(klamm_engine::topic::COMMANDS);
    let read = rig.log.read(&commands, 0, owned.partition.next_offset(), ReadLimit { records: 1, ..ReadLimit::default() })?;
    Ok(owned.partition.handle(&read.records[0])?.offset)
}

#[test]
fn a_take_over_record_sets_owner_and_position() {
    let rig = Rig::new();
    rig.append(&command("add", "a", "r1", 1, &[]));
    let mut owned = rig.own();
    assert_eq!(owned.partition.owner(), ("m", 1));
    assert_eq!(owned.report.replayed, 2);
    let position = rig.commit(&mut owned).position;
    assert_eq!((position.member.as_str(), position.take_over_offset, position.decision_version), ("m", 1, DECISION_VERSION));
    assert_eq!(position.next_command_offset, 2);

    rig.append(&take_over("other", DECISION_VERSION));
    rig.drive(&mut owned.partition);
    assert_eq!(owned.partition.owner(), ("other", 2));
}

#[test]
fn an_owner_that_was_overtaken_cannot_commit() {
    let rig = Rig::new();
    let mut old = rig.own();
    rig.ask(&mut old, &command("add", "a", "r1", 1, &[]));
    let new = rig.own();
    assert_eq!(account(&new.partition, "a"), Some(1), "what it acknowledged is there");
    let batch = old.partition.cut().cloned().expect("something waits");
    let error = old.producer.commit(batch.outputs).expect_err("fenced");
    assert!(matches!(error, LogError::Fenced { .. }), "{error}");
}

#[test]
fn a_decision_version_above_the_binarys_stops_the_partition() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.append(&take_over("newer", DECISION_VERSION + 1));
    let offset = rig.append(&command("add", "a", "r1", 1, &[]));
    next(&rig, &mut owned).expect("the record itself can be read");
    for _ in 0..2 {
        let error = next(&rig, &mut owned).expect_err("not to be decided");
        assert!(matches!(error, Error::Version { version, .. } if version == DECISION_VERSION + 1), "{error}");
        assert_eq!(owned.partition.next_offset(), offset, "it was not handled");
    }
    assert_eq!(account(&owned.partition, "a"), None);
    assert!(matches!(rig.try_own(), Err(Error::Version { .. })), "nor does a restart take the partition");
}

#[test]
fn a_command_that_asks_for_a_newer_version_stops_the_partition() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.append(&Command { version: DECISION_VERSION + 1, ..command("add", "a", "r1", 1, &[]) });
    assert!(matches!(next(&rig, &mut owned), Err(Error::Version { .. })));
}

#[test]
fn time_goes_on_by_what_commands_tell_when_the_logs_clock_is_set_back() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let at = |ms: i64| klamm_machine::Time::from_millis(crate::world::START_MS + ms);
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    // What its appender knew is later than what the log stamps.
    let told = klamm_messages::klamm::v1::Command { log_time: Some(at(700).into()), ..command("timer", "a", "r2", 100, &[]) };
    rig.ask(&mut owned, &told);
    assert_eq!(owned.partition.now(), at(700));
    assert_eq!(owned.partition.next_wake(None), Some(at(800)), "a timer begins when it is");
    // Older ones, and none, leave it.
    let older = klamm_messages::klamm::v1::Command { log_time: Some(at(300).into()), ..command("add", "a", "r3", 1, &[]) };
    rig.ask(&mut owned, &older);
    assert_eq!(owned.partition.now(), at(700));
    rig.commit(&mut owned);
    assert_eq!(rig.own().partition.now(), at(700));
}

#[test]
fn log_time_never_goes_back() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.clock.set(crate::world::START_MS + 500);
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    rig.commit(&mut owned);
    rig.clock.set(crate::world::START_MS);
    let owned = rig.own();
    assert_eq!(owned.partition.now().millis(), crate::world::START_MS + 500);
}
