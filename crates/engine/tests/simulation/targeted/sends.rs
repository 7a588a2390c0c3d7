//! What goes out at once, commands from machine to machine above all: the commit barrier, and exactly once.

use klamm_engine::{NamespaceTopic, Target, partition::command_record, tasks_topic};
use klamm_log::{Log, Stored, memory::Fault};
use klamm_messages::klamm::v1::{ActivityTaskToken, Command, CommandSource};
use prost::Message;

use super::rig::{Rig, account};
use crate::{
    codec::TestCodec,
    machine::{NAMESPACE, command},
};

#[test]
fn no_batch_is_ready_while_a_command_of_it_is_unsent() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.append(&command("transfer", "a", "r1", 3, &["b", "c"]));
    rig.drive(&mut owned.partition);
    assert_eq!(owned.partition.unsent().count(), 2);
    assert!(owned.partition.cut().is_some());
    assert!(owned.partition.cut().is_none(), "a batch is under way");
    assert!(owned.partition.ready().is_none());
    // The next batch's sends are none of its own.
    rig.append(&command("transfer", "a", "r2", 3, &["b"]));
    rig.drive(&mut owned.partition);
    owned.partition.sent_to(&Target::Commands(0), 1);
    assert!(owned.partition.ready().is_none(), "one is still unsent");
    owned.partition.sent_to(&Target::Commands(0), 1);
    assert!(owned.partition.ready().is_some());
    assert_eq!(owned.partition.unsent().count(), 1);
}

#[test]
fn a_command_whose_append_was_in_doubt_is_sent_again_and_taken_once() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.append(&command("transfer", "a", "r1", 3, &["b"]));
    rig.drive(&mut owned.partition);
    rig.log.fail_next_write(Fault::LoseAnswer);
    let commands = rig.topics.full(klamm_engine::topic::COMMANDS);
    klamm_engine::recover::send_all(&mut owned.partition, &rig.log, &commands).expect_err("a fault");
    assert_eq!(owned.partition.unsent().count(), 1);
    klamm_engine::recover::send_all(&mut owned.partition, &rig.log, &commands).expect("no faults");
    let handled = rig.drive(&mut owned.partition);
    assert_eq!(handled.iter().map(|handled| handled.answer.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!((account(&owned.partition, "a"), account(&owned.partition, "b")), (Some(-3), Some(3)));
}

#[test]
fn what_was_taken_from_a_source_is_remembered_beyond_a_commit_and_a_restart() {
    let rig = Rig::new();
    let mut owned = rig.own();
    let sent = |offset, n| {
        let source = CommandSource { topic_id: "elsewhere".to_owned(), partition: 7, offset, n, settled: 0 };
        command_record(&TestCodec, &Command { source: Some(source), ..command("credit", "a", &format!("{offset}/{n}"), 1, &[]) })
    };
    for (offset, n) in [(4, 0), (4, 1), (9, 0)] {
        rig.append_record(sent(offset, n));
    }
    rig.drive(&mut owned.partition);
    rig.commit(&mut owned);
    for (offset, n) in [(4, 0), (4, 1), (9, 0), (9, 1)] {
        rig.append_record(sent(offset, n));
    }
    let owned = rig.own();
    assert_eq!(account(&owned.partition, "a"), Some(4), "three before, one of them new");
}

#[test]
fn a_replay_sends_the_same_again() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.append(&command("transfer", "a", "r1", 3, &["b>c", "c"]));
    rig.drive(&mut owned.partition);
    let first: Vec<_> = owned.partition.unsent().map(|outgoing| outgoing.record.clone()).collect();
    let mut again = rig.own();
    // Recovery has sent them; they were the same.
    assert_eq!(again.partition.unsent().count(), 0);
    let commands: Vec<_> = rig.outputs(klamm_engine::topic::COMMANDS);
    let again_there =
        commands.iter().filter(|stored| first.iter().any(|sent| (&sent.key, &sent.value) == (&stored.record.key, &stored.record.value)));
    assert_eq!(again_there.count(), 2);
    rig.drive(&mut again.partition);
    klamm_engine::recover::send_all(&mut again.partition, &rig.log, &rig.topics.full(klamm_engine::topic::COMMANDS)).expect("no faults");
    rig.drive(&mut again.partition);
    let values = ["a", "b", "c"].map(|entity| account(&again.partition, entity));
    assert_eq!(values, [Some(-6), Some(0), Some(6)]);
}

/// Two topics of stream task queues beside klamm's own.
fn streaming() -> Rig {
    let mut rig = Rig::new();
    let queue = |name| NamespaceTopic { partitions: Some(1), ..NamespaceTopic::tasks(NAMESPACE, name) };
    rig.topics = rig.topics.with_namespaces([queue("q"), queue("r")]);
    rig.settings.topics = rig.topics.clone();
    rig.log.ensure_topics(&rig.topics.specs()).expect("no faults");
    rig
}

/// The stamps of the tasks on the topic of a queue.
fn stamps(rig: &Rig, queue: &str) -> Vec<i64> {
    let records = rig.outputs(&tasks_topic(NAMESPACE, queue));
    let token = |record: &Stored| ActivityTaskToken::decode(record.record.value.clone().unwrap_or_default()).expect("a token");
    records.iter().map(|record| token(record).stamp).collect()
}

#[test]
fn a_task_stands_on_its_topic_before_the_transaction_of_its_command() {
    let rig = streaming();
    let mut owned = rig.own();
    rig.append(&command("task", "a", "r1", 1, &["q", "r", "undeclared"]));
    rig.append(&command("task", "b", "r2", 2, &["q"]));
    rig.drive(&mut owned.partition);
    assert!(owned.partition.cut().is_some());
    assert!(owned.partition.ready().is_none(), "after the commit nobody would write the tasks again");
    let commands = rig.topics.full(klamm_engine::topic::COMMANDS);
    rig.log.fail_next_write(Fault::LoseAnswer);
    klamm_engine::recover::send_all(&mut owned.partition, &rig.log, &commands).expect_err("a fault");
    assert!(owned.partition.ready().is_none());
    klamm_engine::recover::send_all(&mut owned.partition, &rig.log, &commands).expect("no faults");
    assert!(owned.partition.ready().is_some());
    let mut written = stamps(&rig, "q");
    // Whichever append was in doubt is there twice. The order is kept.
    written.dedup();
    let mut others = stamps(&rig, "r");
    others.dedup();
    assert!(matches!(&written[..], [1, 2] | [1, 2, 1, 2]), "{written:?}");
    assert_eq!(others, [1]);
    // The process dies before the commit: the next owner writes them again.
    let before = stamps(&rig, "q").len();
    let again = rig.own();
    assert_eq!(stamps(&rig, "q")[before..], [1, 2]);
    let mut again = again;
    rig.commit(&mut again);
    let after = stamps(&rig, "q").len();
    rig.own();
    assert_eq!(stamps(&rig, "q").len(), after, "not after the commit");
}
