//! Folds that end in the middle.

use klamm_engine::{
    Error,
    fold::{self, Folding, Pace},
    topic,
};
use klamm_log::{
    ReadLimit,
    memory::{Fault, Operation},
};
use klamm_machine::Table;
use klamm_messages::klamm::v1::PositionRow;
use prost::Message;

use super::rig::{Rig, TestOwned};
use crate::{codec::TestCodec, instance::dump, machine::TestMachine, machine::command, stores::store};

/// Accounts, timers and notes: rows of all three topics, in several transactions.
fn filled(rig: &Rig) -> TestOwned {
    let mut owned = rig.own();
    for round in 0..5 {
        for (kind, entity) in [("add", "a"), ("timer", "t"), ("put", "n"), ("add", "b"), ("put", "m")] {
            rig.ask(&mut owned, &command(kind, &format!("{entity}{round}"), &format!("{kind}-{entity}-{round}"), 1_000 + round, &[]));
        }
        rig.commit(&mut owned);
    }
    owned
}

/// Makes the read of a topic fail after `reads` good ones of it.
fn fail_read(rig: &Rig, short: &str, mut reads: usize) {
    let full = rig.topics.full(short);
    rig.log.set_fault_hook(Some(Box::new(move |operation| {
        let Operation::Read { topic, .. } = operation else { return None };
        if *topic != *full {
            return None;
        }
        reads = reads.checked_sub(1)?;
        (reads == 0).then(Fault::unavailable)
    })));
}

#[test]
fn a_fold_that_is_interrupted_anywhere_goes_on_and_loses_nothing() {
    let mut rig = Rig::new();
    rig.settings.fold_pace = Pace { rows_per_write: 1, read: ReadLimit { records: 2, ..ReadLimit::default() } };
    let live = dump(&filled(&rig).partition);
    for name in [topic::HISTORY, topic::SCHEDULES, topic::CLUSTER] {
        for reads in 1.. {
            rig.store = store();
            fail_read(&rig, name, reads);
            match rig.try_own() {
                Err(Error::Log(_)) => {}
                Err(error) => panic!("{error}"),
                Ok(_) => {
                    assert!(reads > 3, "{name} is read in several parts");
                    rig.log.set_fault_hook(None);
                    break;
                }
            }
            assert!(
                fold::position(&rig.store, 0).expect("a store").is_some() || name == topic::HISTORY && reads == 1,
                "something was written"
            );
            rig.log.set_fault_hook(None);
            let again = rig.own();
            assert!(!again.report.store_cleared, "what was folded stays");
            assert_eq!(dump(&again.partition), live, "the fold of {name} failed at read {reads}");
        }
    }
}

#[test]
fn rows_of_a_klamm_that_kept_no_numbers_are_folded_anew() {
    let rig = Rig::new();
    let live = dump(&filled(&rig).partition);
    // As such a klamm left it when its fold was interrupted: history is read to its end, the other topics are not begun.
    let position = fold::position(&rig.store, 0).expect("a store").expect("it stands somewhere");
    let next_offsets = position.next_offsets.into_iter().filter(|(name, _)| name == topic::HISTORY).collect();
    let old = PositionRow { next_offsets, folded_numbers: Default::default(), log: None, ..position };
    let others = rig.store.scan(0, &[klamm_machine::Kind::Test as u8], &[], usize::MAX).expect("a store");
    let gone = others.into_iter().map(|(key, _)| (key, None));
    let key = klamm_engine::positions::Positions::key(&());
    rig.store.write(0, gone.chain([(key, Some(old.encode_to_vec()))])).expect("a store");

    let again = rig.own();
    assert!(again.report.store_cleared);
    assert_eq!(dump(&again.partition), live);
}

#[test]
fn a_standby_folds_nothing_onto_the_rows_of_another_log() {
    let rig = Rig::new();
    filled(&rig);
    let other = Rig { store: rig.store.clone(), ..Rig::named("other.") };
    other.append(&command("add", "mine", "r1", 7, &[]));
    let expected = {
        let apart = Rig { store: store(), log: other.log.fork(), ..Rig::named("other.") };
        let mut owned = apart.own();
        apart.commit(&mut owned);
        dump(&owned.partition)
    };
    let folding = Folding { machine: &TestMachine, codec: &TestCodec, log: &other.log, topics: &other.topics, pace: &Pace::default() };
    assert!(folding.fold(&other.store, 0).expect("no faults").thrown_away);
    assert!(!folding.fold(&other.store, 0).expect("no faults").thrown_away, "it is of this log now");
    let mut owned = other.own();
    assert!(!owned.report.store_cleared);
    other.commit(&mut owned);
    assert_eq!(dump(&owned.partition), expected);
}
