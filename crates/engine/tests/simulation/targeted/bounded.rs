//! The uncommitted tail is bounded.

use super::rig::Rig;
use crate::machine::command;

#[test]
fn too_many_uncommitted_commands_make_it_full_until_they_are_committed() {
    let mut rig = Rig::new();
    rig.settings.uncommitted_commands_max = 4;
    let mut owned = rig.own();
    // The take-over record counts too.
    for n in 0..3 {
        assert!(!owned.partition.is_full(), "after {n}");
        rig.ask(&mut owned, &command("add", "a", &format!("r{n}"), 1, &[]));
    }
    assert!(owned.partition.is_full());
    rig.commit(&mut owned);
    assert!(!owned.partition.is_full());
}

#[test]
fn too_many_bytes_make_it_full_likewise() {
    let mut rig = Rig::new();
    rig.settings.uncommitted_bytes_max = 2_000;
    let mut owned = rig.own();
    let long = "r".repeat(700);
    rig.ask(&mut owned, &command("add", "a", &long, 1, &[]));
    assert!(!owned.partition.is_full());
    rig.ask(&mut owned, &command("add", "a", &format!("{long}2"), 1, &[]));
    assert!(owned.partition.is_full());
    rig.commit(&mut owned);
    assert!(!owned.partition.is_full());
}

#[test]
fn a_tail_beyond_the_bound_is_still_recovered_whole() {
    let mut rig = Rig::new();
    rig.settings.uncommitted_commands_max = 2;
    for n in 0..10 {
        rig.append(&command("add", "a", &format!("r{n}"), 1, &[]));
    }
    let mut owned = rig.own();
    assert!(owned.partition.is_full());
    assert_eq!(super::rig::account(&owned.partition, "a"), Some(10));
    rig.commit(&mut owned);
    assert!(!owned.partition.is_full());
}
