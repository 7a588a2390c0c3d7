//! State: live = replayed = rebuilt.

use std::sync::Arc;

use klamm_engine::{Topics, compare::compare, fold, partition::Settings};
use klamm_log::{MemoryLog, Stored};
use klamm_messages::klamm::v1::PositionRow;
use klamm_store::Store;

use crate::{
    codec::TestCodec,
    instance::{Instance, TestPartition, dump},
    machine::TestMachine,
    stores::{Snapshot, restore},
};

/// Folds the outputs into the empty store `rebuilt`, replays the commands from there up to where `live` is, and compares: the stores, where
/// both stand at the same place, and the tables with all that is uncommitted. Whether the stores could be compared.
///
/// `may_lie_behind`: somebody else may have committed further, for a newer holder of the partition's transactional id has fenced this one.
pub fn check(
    live: &Instance,
    may_lie_behind: bool,
    settings: &Settings,
    log: &MemoryLog,
    topics: &Topics,
    commands: &[Stored],
    rebuilt: &Arc<Store>,
) -> bool {
    let number = live.partition.number();
    restore(rebuilt, &Snapshot::new());
    let position = fold::fold(&TestMachine, &TestCodec, log, topics, rebuilt, number).expect("a log without faults").position;
    let stands = fold::position(&live.store, number).expect("a store in memory").unwrap_or_default();
    let comparable = stands.partition == position.partition;
    if comparable {
        let (differences, _) = compare(&live.store, rebuilt, number, 10).expect("stores in memory");
        assert_eq!(differences, [], "partition {number}: the live store and one folded anew");
    }
    let replayed = replay(settings, rebuilt, position, commands, live.partition.next_offset(), number);
    if replayed.next_offset() == live.partition.next_offset() {
        assert_eq!(dump(&replayed), dump(&live.partition), "partition {number}: live tables and those of a replay");
    } else {
        assert!(may_lie_behind, "partition {number}: the owner lies behind the topics, and nobody has fenced it");
    }
    comparable
}

/// The partition over `store`, the commands up to `end` replayed.
pub fn replay(settings: &Settings, store: &Arc<Store>, position: PositionRow, commands: &[Stored], end: i64, number: u32) -> TestPartition {
    let mut partition = TestPartition::new(number, Arc::new(TestMachine), Arc::new(TestCodec), settings.clone(), store.clone(), position);
    for stored in commands.iter().filter(|stored| stored.offset < end) {
        partition.handle(stored).expect("a version that is known");
    }
    partition
}
