//! Rows that cannot be read, because the store was thrown away.

use klamm_engine::{Error, recover, topic};
use klamm_log::{Log, ReadLimit};
use klamm_store::Error as StoreError;

use super::rig::{Rig, account};
use crate::machine::command;

#[test]
fn a_partition_that_could_not_read_a_row_handles_nothing_until_it_is_rebuilt() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    rig.commit(&mut owned);
    assert!(rig.store.renew(0).expect("a store in memory"));
    let offset = rig.append(&command("add", "b", "r2", 1, &[]));
    let stored = rig.log.read(&rig.topics.full(topic::COMMANDS), 0, offset, ReadLimit::default()).expect("readable").records;
    for _ in 0..2 {
        let refused = owned.partition.handle(&stored[0]).err();
        assert!(matches!(refused, Some(Error::Store(StoreError::Renewed))), "{refused:?}");
        assert_eq!(owned.partition.next_offset(), offset, "it is not passed over");
    }
    let mut owned = recover::rebuild(owned.partition.plan(), &rig.log, rig.store.clone()).expect("no faults");
    assert!(owned.partition.handle(&stored[0]).expect("it goes on").answer.is_some_and(|answer| answer.is_ok()));
    assert_eq!(account(&owned.partition, "a"), Some(1));
}
