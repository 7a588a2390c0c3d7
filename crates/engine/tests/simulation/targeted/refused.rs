//! Outputs that the log does not take: the command that causes them is recorded, kept aside and passed over.

use klamm_engine::{
    LARGE_MESSAGE_BYTES, Target,
    dead_letters::{CUT_HEADER, DEAD_LETTER_HEADERS},
    recover, topic,
};
use klamm_log::{
    Error as LogError, Record, Stored,
    memory::{Fault, Operation},
};

use super::{
    rig::{Rig, TestOwned, account},
    skipped::failures,
};
use crate::{instance::dump, machine::command, stores::store};

/// The log takes no commit with a record of these topics that holds the text; it says so as it does of records that are too large.
fn refuse(rig: &Rig, topics: &[&str], text: &'static str) {
    let topics: Vec<_> = topics.iter().map(|name| rig.topics.full(name)).collect();
    let holds = move |record: &Record| {
        let value = record.value.as_deref().unwrap_or_default();
        let told = record.header(DEAD_LETTER_HEADERS[2]).is_some();
        told || value.windows(text.len()).any(|window| window == text.as_bytes())
    };
    rig.log.set_fault_hook(Some(Box::new(move |operation| {
        let Operation::Commit { outputs, .. } = operation else { return None };
        let refused = outputs.iter().find(|output| topics.contains(&output.topic) && holds(&output.record))?;
        let size = refused.record.size();
        Some(Fault::Refuse(LogError::TooLarge { topic: refused.topic.to_string(), size, limit: size - 1 }))
    })));
}

/// Commits as the committer does; how often the partition had to be built anew.
fn commit(rig: &Rig, owned: &mut TestOwned) -> usize {
    for rebuilt in 0.. {
        let batch = owned.partition.cut().cloned().expect("something waits");
        match owned.producer.commit(batch.outputs) {
            Ok(offsets) => {
                owned.partition.committed(&offsets).expect("a store in memory");
                return rebuilt;
            }
            Err(error) => assert!(owned.partition.condemn_refused(&error), "{error}"),
        }
        *owned = recover::rebuild(owned.partition.plan(), &rig.log, rig.store.clone()).expect("no other faults");
        assert!(rebuilt < 10, "it comes to an end");
    }
    unreachable!("the loop returns")
}

fn letters(rig: &Rig) -> Vec<Stored> {
    rig.outputs(topic::COMMANDS_DEAD_LETTERS)
}

fn header(stored: &Stored, name: &str) -> String {
    stored.record.header(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

/// Neighbours of a command whose event is refused; its offset.
fn asked(rig: &Rig, owned: &mut TestOwned) -> i64 {
    rig.ask(owned, &command("add", "a", "r1", 1, &[]));
    // Two of one size on the topic: the second must not be taken for the first. Its account's name makes it the largest.
    let offset = rig.ask(owned, &command("add", "hugeness", "huge", 5, &[])).offset;
    rig.ask(owned, &command("add", "b", "r3", 2, &[]));
    offset
}

#[test]
fn a_command_whose_outputs_are_refused_is_recorded_kept_aside_and_passed_over() {
    let mut rig = Rig::new();
    refuse(&rig, &[topic::HISTORY], "huge");
    let mut owned = rig.own();
    let offset = asked(&rig, &mut owned);
    assert_eq!(commit(&rig, &mut owned), 1);
    let left = |owned: &TestOwned| ["a", "hugeness", "b"].map(|entity| account(&owned.partition, entity));
    assert_eq!(left(&owned), [Some(1), None, Some(2)]);
    assert_eq!(failures(&rig).iter().map(|failed| failed.offset).collect::<Vec<_>>(), [offset]);
    let [letter] = &letters(&rig)[..] else { panic!("one dead letter") };
    assert_eq!(header(letter, "klamm-source-offset"), offset.to_string());
    assert!(letter.record.value.as_deref().is_some_and(|value| value.windows(4).any(|window| window == b"huge")), "the command as it was");

    // Whoever knows only the topics finds the same, and nothing is refused any more.
    rig.store = store();
    let rebuilt = rig.own();
    assert_eq!(dump(&rebuilt.partition), dump(&owned.partition));
}

#[test]
fn a_process_that_starts_with_such_a_command_comes_to_the_same() {
    let rig = Rig::new();
    refuse(&rig, &[topic::HISTORY], "huge");
    let offset = asked(&rig, &mut rig.own());
    for start in 0..2 {
        let mut owned = rig.own();
        assert_eq!(commit(&rig, &mut owned), usize::from(start == 0), "start {start}");
        assert_eq!((account(&owned.partition, "hugeness"), account(&owned.partition, "b")), (None, Some(2)));
    }
    assert_eq!(failures(&rig).iter().map(|failed| failed.offset).collect::<Vec<_>>(), [offset]);
}

#[test]
fn a_dead_letter_that_is_refused_too_is_left_out_in_the_end() {
    let rig = Rig::new();
    refuse(&rig, &[topic::HISTORY, topic::COMMANDS_DEAD_LETTERS], "huge");
    let mut owned = rig.own();
    let offset = asked(&rig, &mut owned);
    // The event, the letter as it was, the letter that says where the command stands.
    assert_eq!(commit(&rig, &mut owned), 3);
    assert_eq!(failures(&rig).iter().map(|failed| failed.offset).collect::<Vec<_>>(), [offset]);
    assert_eq!((letters(&rig).len(), account(&owned.partition, "b")), (0, Some(2)));
}

#[test]
fn garbage_as_large_as_the_command_log_takes_is_kept_aside_without_its_value() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let garbage = Record::new("k", vec![0xff; LARGE_MESSAGE_BYTES - 300]).with_header("theirs", vec![1; 20]);
    let offset = rig.append_record(garbage.clone());
    rig.append(&command("add", "a", "r1", 1, &[]));
    while !rig.drive(&mut owned.partition).is_empty() {}
    assert_eq!(commit(&rig, &mut owned), 0, "the log takes it");
    let [letter] = &letters(&rig)[..] else { panic!("one dead letter") };
    assert_eq!(letter.record.value, None);
    assert_eq!(header(letter, "klamm-source-topic"), "t.commands");
    assert_eq!(header(letter, "klamm-source-offset"), offset.to_string());
    assert_eq!(header(letter, CUT_HEADER), (LARGE_MESSAGE_BYTES - 300).to_string());
    assert_eq!(account(&owned.partition, "a"), Some(1));
    // A key that grows when it is made text.
    rig.append_record(Record::new(vec![0xff; LARGE_MESSAGE_BYTES / 2], vec![0xff; 10]));
    while !rig.drive(&mut owned.partition).is_empty() {}
    assert_eq!(commit(&rig, &mut owned), 0);
    assert_eq!(letters(&rig).len(), 2);
}

#[test]
fn a_command_whose_sends_are_refused_is_passed_over() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let offset = rig.append(&command("transfer", "a", "r1", 5, &["b"]));
    rig.append(&command("add", "c", "r2", 1, &[]));
    rig.drive(&mut owned.partition);
    let refused = LogError::TooLarge { topic: "t.commands".to_owned(), size: 7, limit: 6 };
    assert!(!owned.partition.condemn_sender(&Target::Commands(0), &LogError::Unavailable { reason: String::new() }));
    assert!(owned.partition.condemn_sender(&Target::Commands(0), &refused));
    let mut owned = recover::rebuild(owned.partition.plan(), &rig.log, rig.store.clone()).expect("no faults");
    assert!(owned.partition.first_unsent().is_none());
    rig.commit(&mut owned);
    assert_eq!(failures(&rig).iter().map(|failed| failed.offset).collect::<Vec<_>>(), [offset]);
    assert_eq!(["a", "b", "c"].map(|entity| account(&owned.partition, entity)), [None, None, Some(1)]);
}

/// The log takes no command from machine to machine that holds the text.
fn refuse_sends(rig: &Rig, text: &'static str) {
    rig.log.set_fault_hook(Some(Box::new(move |operation| {
        let Operation::Append { topic, records, .. } = operation else { return None };
        let holds =
            |record: &Record| record.value.as_deref().unwrap_or_default().windows(text.len()).any(|window| window == text.as_bytes());
        let refused = records.iter().find(|record| holds(record))?;
        Some(Fault::Refuse(LogError::TooLarge { topic: topic.to_owned(), size: refused.size(), limit: refused.size() - 1 }))
    })));
}

#[test]
fn a_replay_whose_sends_are_refused_passes_their_commands_over() {
    let rig = Rig::new();
    let mut owned = rig.own();
    // Two of them, so that one condemnation is not enough.
    let offsets = ["r1", "r2"].map(|request| rig.append(&command("transfer", "a", request, 5, &["hugeness"])));
    rig.append(&command("add", "c", "r3", 1, &[]));
    rig.drive(&mut owned.partition);
    refuse_sends(&rig, "hugeness");
    let rebuilt = recover::rebuild(owned.partition.plan(), &rig.log, rig.store.clone()).expect("it comes to an end").partition;
    assert!(rebuilt.first_unsent().is_none());
    assert_eq!(["a", "hugeness", "c"].map(|entity| account(&rebuilt, entity)), [None, None, Some(1)]);
    // A process that starts with such commands comes to the same.
    let mut started = rig.own();
    assert_eq!(dump(&started.partition), dump(&rebuilt));
    rig.commit(&mut started);
    assert_eq!(failures(&rig).iter().map(|failed| failed.offset).collect::<Vec<_>>(), offsets);
}
