//! Live tables, folded tables and decided tables are the same.

use std::sync::Arc;

use klamm_engine::{
    Topics, compare,
    fold::{self, Folding, Pace},
    numbering,
};
use klamm_log::MemoryLog;
use klamm_machine::Kind;
use klamm_processor::{AvroCodec, Machines};
use klamm_store::Store;

use crate::{member::empty_store, witness::Witness};

/// Most differences that are shown.
const SHOWN: usize = 10;

/// Checks the store of a partition's owner against one that is folded anew from the topics up to the same place.
pub fn check(store: &Arc<Store>, log: &MemoryLog, topics: &Topics, number: u32) {
    let position = fold::position(store, number).expect("a store in memory").unwrap_or_default();
    let rebuilt = empty_store();
    let (machine, codec, pace) = (Machines::default(), AvroCodec, Pace::default());
    let folding = Folding { machine: &machine, codec: &codec, log, topics, pace: &pace };
    folding.fold_to(&rebuilt, number, Some(&position)).expect("a log without faults");
    same(store, &rebuilt, number, "folded");
    for name in Topics::folded(number) {
        let problems = numbering::problems(log, topics, name, number).expect("a log without faults");
        assert!(
            problems.is_empty(),
            "numbers of {name}/{number}: {:?}",
            problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>()
        );
    }
}

/// Checks it against the one in which all commands were decided from the beginning, once all of them are committed.
pub fn check_decided(store: &Arc<Store>, witness: &Witness, number: u32) {
    witness.look(number, |shadow| {
        let outputs = shadow.partition.cut().map_or(0, |batch| batch.outputs.len());
        shadow.partition.committed(&vec![0; outputs]).expect("a store in memory");
    });
    same(store, &witness.store, number, "decided");
}

/// Checks that nothing of a namespace is left.
pub fn check_gone(store: &Arc<Store>, namespace: &str, number: u32) {
    let rows = store.scan(number as u16, &[], &[], usize::MAX).expect("a store in memory");
    let names = |key: &[u8]| key.windows(namespace.len()).any(|part| part == namespace.as_bytes());
    let left: Vec<_> = rows.iter().map(|(key, _)| key).filter(|key| names(key)).collect();
    assert!(left.is_empty(), "partition {number} has rows of {namespace}: {left:?}");
}

fn same(live: &Arc<Store>, other: &Arc<Store>, number: u32, what: &str) {
    let compared = live.with_snapshot(|live| compare::compare(live, &**other, number, SHOWN));
    let (differences, _) = compared.expect("stores in memory");
    let kind = |key: &[u8]| format!("kind {} (tasks are {})", key[0], Kind::Task as u8);
    let shown: Vec<_> = differences.iter().map(|difference| (kind(&difference.key), difference.problem)).collect();
    assert!(shown.is_empty(), "partition {number}, live rows and {what} ones: {shown:?}");
}
