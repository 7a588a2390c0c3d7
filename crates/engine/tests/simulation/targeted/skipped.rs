//! Commands whose decision panics, and records that are no commands: skipped, recorded, and the neighbours go on.

use klamm_engine::{dead_letters::DEAD_LETTER_HEADERS, topic};
use klamm_log::Record;
use klamm_machine::{Outcome, Rejection};
use klamm_messages::klamm::v1::{CommandFailed, HistoryRecord, history_record};
use prost::Message;

use super::rig::{Rig, account};
use crate::{
    instance::dump,
    machine::{PANIC, command},
    stores::store,
};

/// The records of commands that were skipped.
pub fn failures(rig: &Rig) -> Vec<CommandFailed> {
    let records = rig.outputs(topic::HISTORY);
    let decoded = records.iter().filter_map(|stored| HistoryRecord::decode(stored.record.value.as_deref()?).ok()?.record);
    decoded.filter_map(|record| if let history_record::Record::CommandFailed(failed) = record { Some(failed) } else { None }).collect()
}

#[test]
fn a_panic_leaves_nothing_but_its_record_and_is_answered_internal() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    let before = dump(&owned.partition);
    let handled = rig.ask(&mut owned, &command("panic", "a", "r2", 1, &[]));
    let Some(Err(Rejection::Internal(message))) = &handled.answer else { panic!("{:?}", handled.answer) };
    assert!(message.contains(PANIC), "{message}");
    assert!(handled.changes.is_empty());
    assert_eq!(dump(&owned.partition), before);
    let next = rig.ask(&mut owned, &command("add", "a", "r3", 1, &[]));
    assert_eq!(next.answer, Some(Ok(Outcome::Answer(2))));
    rig.commit(&mut owned);
    assert_eq!(failures(&rig), [CommandFailed { partition: 0, offset: handled.offset, error: PANIC.to_owned() }]);
}

#[test]
fn a_rejected_command_leaves_nothing_and_a_refused_one_its_events() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let rejected = rig.ask(&mut owned, &command("reject", "a", "r1", 1, &[]));
    assert!(matches!(rejected.answer, Some(Err(Rejection::InvalidArgument(_)))));
    assert!(dump(&owned.partition).is_empty());
    let refused = rig.ask(&mut owned, &command("refuse", "a", "r2", 3, &[]));
    assert!(matches!(refused.answer, Some(Ok(Outcome::Refused(_)))));
    assert_eq!(account(&owned.partition, "a"), Some(3));
    let outputs = rig.commit(&mut owned).outputs;
    assert_eq!(outputs.len(), 3, "event, document, position");
}

#[test]
fn a_record_that_is_no_command_is_recorded_and_dead_lettered_as_it_was() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let poison = Record::new("some/key", vec![0xff, 1, 2]).with_header("theirs", "kept");
    let offset = rig.append_record(poison.clone());
    rig.append(&command("add", "a", "r1", 1, &[]));
    let handled = rig.drive(&mut owned.partition);
    assert!(handled[0].answer.is_none());
    assert_eq!(handled[1].answer, Some(Ok(Outcome::Answer(1))), "the neighbour goes on");
    rig.commit(&mut owned);

    let [failed] = &failures(&rig)[..] else { panic!("one failure") };
    assert_eq!((failed.partition, failed.offset), (0, offset));
    let [letter] = &rig.outputs(topic::COMMANDS_DEAD_LETTERS)[..] else { panic!("one dead letter") };
    assert_eq!((&letter.record.key, &letter.record.value), (&poison.key, &poison.value));
    let header = |name: &str| letter.record.header(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
    let said = DEAD_LETTER_HEADERS.map(header);
    assert_eq!(said, ["t.commands".to_owned(), "0".to_owned(), offset.to_string(), failed.error.clone()]);
    assert_eq!(header("theirs"), "kept");
}

#[test]
fn a_command_of_another_partition_is_dead_lettered() {
    // Two partitions; this is the first.
    let mut rig = Rig::new();
    rig.settings.topics = klamm_engine::Topics::new("t.", 2);
    let mut owned = rig.own();
    let entity = |partition| {
        let mut names = (0..).map(|n| format!("e{n}"));
        names.find(|name| klamm_machine::key::partition_of(crate::machine::NAMESPACE, name, 2) == partition).unwrap()
    };
    let (own, foreign) = (entity(0), entity(1));
    let offset = rig.append(&command("add", &foreign, "r1", 1, &[]));
    let before = dump(&owned.partition);
    assert!(rig.drive(&mut owned.partition)[0].answer.is_none());
    assert_eq!(dump(&owned.partition), before, "it changes nothing");
    assert_eq!(rig.ask(&mut owned, &command("add", &own, "r2", 1, &[])).answer, Some(Ok(Outcome::Answer(1))), "the neighbour goes on");
    rig.commit(&mut owned);
    let [failed] = &failures(&rig)[..] else { panic!("one failure") };
    assert_eq!(failed.offset, offset);
    assert!(failed.error.starts_with("the command is of partition 1, by its key"), "{}", failed.error);
    assert_eq!(rig.outputs(topic::COMMANDS_DEAD_LETTERS).len(), 1);
    // A rebuild finds the same.
    let live = dump(&owned.partition);
    rig.store = store();
    assert_eq!(dump(&rig.own().partition), live);
}

#[test]
fn a_replay_skips_them_likewise() {
    let mut rig = Rig::new();
    rig.append(&command("add", "a", "r1", 1, &[]));
    rig.append_record(Record::new("k", vec![0xff]));
    rig.append(&command("panic", "a", "r2", 1, &[]));
    rig.append_record(Record { key: None, value: None, ..Record::default() });
    let first = dump(&rig.own().partition);
    rig.store = store();
    let mut owned = rig.own();
    assert_eq!(dump(&owned.partition), first);
    rig.commit(&mut owned);
    assert_eq!(failures(&rig).iter().map(|failed| failed.offset).collect::<Vec<_>>(), [1, 2]);
}

/// A log that refuses an output would stop the partition for good: what a decision writes and sends is weighed before any of it is kept.
#[test]
fn a_decision_that_writes_more_than_a_topic_takes_is_rejected_whole() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let large = |name: &str| name.repeat((3 << 20) + 1000);
    assert!(matches!(rig.ask(&mut owned, &command("add", "a", &large("x"), 1, &[])).answer, Some(Ok(Outcome::Answer(1)))));
    let before = dump(&owned.partition);
    // The row would hold both ids.
    let too_large = rig.ask(&mut owned, &command("add", "a", &large("y"), 1, &[]));
    let Some(Err(Rejection::InvalidArgument(message))) = &too_large.answer else { panic!("{:?}", too_large.answer) };
    assert!(message.contains(" to history, which takes 6291456 bytes at most"), "{message}");
    // So would the command that is sent: it names its target in key and value.
    let too_large = rig.ask(&mut owned, &command("transfer", "z", "r", 1, &[&large("c")]));
    let Some(Err(Rejection::InvalidArgument(message))) = &too_large.answer else { panic!("{:?}", too_large.answer) };
    assert!(message.contains(" to commands, which takes 6291456 bytes at most"), "{message}");
    assert!(too_large.changes.is_empty() && owned.partition.first_unsent().is_none());
    assert_eq!(dump(&owned.partition), before);
    rig.commit(&mut owned);
    assert_eq!(rig.ask(&mut owned, &command("add", "b", "r", 1, &[])).answer, Some(Ok(Outcome::Answer(1))));
    rig.commit(&mut owned);
}
