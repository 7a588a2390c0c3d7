//! Wake rows as the scheduler sees them.

use klamm_machine::Time;

use super::rig::Rig;
use crate::{machine::command, world::START_MS};

#[test]
fn an_earlier_timer_is_seen_before_it_is_committed() {
    let rig = Rig::new();
    let mut owned = rig.own();
    rig.ask(&mut owned, &command("timer", "late", "r1", 10_000, &[]));
    rig.commit(&mut owned);
    assert_eq!(owned.partition.next_wake(None), Some(Time::from_millis(START_MS + 10_000)));
    rig.ask(&mut owned, &command("timer", "early", "r2", 5, &[]));
    assert_eq!(owned.partition.next_wake(None), Some(Time::from_millis(START_MS + 5)));
    let due: Vec<_> = owned.partition.due_wakes(None, Time::from_millis(START_MS + 5), 10).into_iter().map(|row| row.id).collect();
    assert_eq!(due, ["early"]);
    rig.commit(&mut owned);
    assert_eq!(owned.partition.next_wake(None), Some(Time::from_millis(START_MS + 5)), "and after");
}

#[test]
fn due_wakes_come_in_order_and_no_earlier_than_due() {
    let rig = Rig::new();
    let mut owned = rig.own();
    for (n, delay) in [300, 100, 200].into_iter().enumerate() {
        rig.ask(&mut owned, &command("timer", &format!("t{delay}"), &format!("r{n}"), delay, &[]));
    }
    let mut due = |after: i64, limit| -> Vec<String> {
        owned.partition.due_wakes(None, Time::from_millis(START_MS + after), limit).into_iter().map(|row| row.id).collect()
    };
    assert_eq!(due(99, 10), [""; 0]);
    assert_eq!(due(100, 10), ["t100"]);
    assert_eq!(due(1_000, 2), ["t100", "t200"]);
}
