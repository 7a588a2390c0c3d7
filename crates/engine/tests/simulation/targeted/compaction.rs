//! Compaction takes away what later records supersede: the fold gives the same.

use std::time::Duration;

use klamm_engine::topic;
use klamm_log::{Log, Stored};

use super::rig::{Rig, row};
use crate::{instance::dump, machine::command, stores::store};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The topics that are folded.
const FOLDED: [&str; 3] = [topic::HISTORY, topic::SCHEDULES, topic::CLUSTER];

fn compact(rig: &Rig) {
    FOLDED.iter().for_each(|name| rig.log.compact(&rig.topics.full(name), 0).expect("compacted"));
}

fn outputs(rig: &Rig) -> Vec<Stored> {
    FOLDED.iter().flat_map(|name| rig.outputs(name)).collect()
}

#[test]
fn a_compacted_history_is_folded_to_the_same_state() {
    let mut rig = Rig::new();
    let mut owned = rig.own();
    for round in 0..4 {
        for (kind, entity) in [("add", "a"), ("add", "b"), ("timer", "t"), ("put", "kept"), ("put", "gone")] {
            rig.ask(&mut owned, &command(kind, entity, &format!("{kind}-{entity}-{round}"), 10 + round, &[]));
        }
        rig.commit(&mut owned);
    }
    rig.ask(&mut owned, &command("delete", "gone", "d", 0, &[]));
    rig.commit(&mut owned);
    let live = dump(&owned.partition);
    let before = outputs(&rig).len();

    // Beyond the lag superseded records go; the tombstone stays for its time.
    rig.clock.advance(DAY + Duration::from_secs(1));
    compact(&rig);
    let left = outputs(&rig);
    // a, b, t, kept, the tombstone and the newest position.
    assert_eq!(left.len(), 6, "of {before}");
    assert_eq!(left.iter().filter(|stored| stored.record.value.is_none()).count(), 1);
    rig.store = store();
    let rebuilt = rig.own();
    assert_eq!(dump(&rebuilt.partition), live);
    assert_eq!(row(&rebuilt.partition, "note/gone"), None);
    assert_eq!(rebuilt.partition.next_offset(), owned.partition.next_offset() + 1, "its own take-over record");

    rig.clock.advance(DAY * 8);
    compact(&rig);
    assert_eq!(outputs(&rig).len(), 5, "the tombstone has gone too");
    rig.store = store();
    assert_eq!(dump(&rig.own().partition), live);
}

#[test]
fn the_numbers_go_on_after_a_rebuild() {
    let mut rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("add", "a", "r1", 1, &[]));
    let first = rig.commit(&mut owned);
    rig.store = store();
    let mut owned = rig.own();
    let second = rig.commit(&mut owned);
    let number = |batch: &klamm_engine::Batch| batch.position.output_numbers[topic::HISTORY];
    assert_eq!((number(&first), number(&second)), (1, 2));
    assert_eq!(second.position.output_numbers[topic::VISIBILITY], 0, "of topics that aren't folded too");
}
