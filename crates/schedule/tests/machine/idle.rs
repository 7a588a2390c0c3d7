//! A schedule with nothing more to do goes by itself.

use klamm_machine::Publication;
use klamm_messages::temporal::{
    enums::v1::ScheduleOverlapPolicy as Policy,
    schedule::v1::{Schedule, ScheduleState},
};

use crate::env::{Env, at};

const WEEK: i64 = 7 * 86_400_000;

/// A schedule of the first two minutes.
fn two_minutes(schedule: &mut Schedule) {
    schedule.spec.as_mut().unwrap().end_time = Some(at(120));
}

#[test]
fn a_week_after_its_last_action() {
    let mut env = Env::created(two_minutes);
    env.advance(60_000);
    env.complete();
    env.advance(60_000);
    insta::assert_snapshot!(env.stands(), @"2 actions, running 00:02:00, token 1, closes 7d 00:02:00, wakes 7d 00:02:00");
    env.publications.clear();
    env.advance(WEEK - 1);
    assert!(env.exists());
    env.advance(1);
    assert!(!env.exists());
    assert!(env.remains().is_some());
    assert!(matches!(env.publications.as_slice(), [.., Publication::VisibilityDeleted { .. }]));
    env.check_replay();
}

#[test]
fn a_week_after_its_creation_if_it_never_had_anything_to_do() {
    let mut env = Env::created(|schedule| schedule.spec = None);
    env.advance(WEEK - 1);
    assert!(env.exists());
    env.advance(1);
    assert!(!env.exists());
}

#[test]
fn a_trigger_makes_it_stay_longer() {
    let mut env = Env::created(|schedule| schedule.spec = None);
    env.advance(86_400_000);
    env.trigger(Policy::Unspecified);
    insta::assert_snapshot!(env.stands(), @"1 actions, running w-2026-01-02T00:00:00Z, token 1, closes 8d 00:00:00, wakes 8d 00:00:00");
    env.advance(WEEK - 1);
    assert!(env.exists());
    env.advance(1);
    assert!(!env.exists());
}

#[test]
fn an_update_makes_it_stay() {
    let mut env = Env::created(two_minutes);
    env.advance(86_400_000);
    env.update(|_| ());
    insta::assert_snapshot!(env.stands(), @"1 actions, 1 skipped, running 00:01:00, token 2, wakes 1d 00:00:00");
}

#[test]
fn a_paused_one_stays() {
    let mut env = Env::created(|schedule| {
        two_minutes(schedule);
        schedule.state = Some(ScheduleState { paused: true, ..ScheduleState::default() });
    });
    env.advance(10 * WEEK);
    assert!(env.exists());
    env.patch(|patch| patch.unpause = "u".to_owned());
    insta::assert_snapshot!(env.stands(), @r#"0 actions, "u", token 2, closes 77d 00:00:00, wakes 77d 00:00:00"#);
}

#[test]
fn one_whose_actions_wait_stays() {
    let mut env = Env::created(|schedule| {
        two_minutes(schedule);
        crate::env::overlap(Policy::BufferAll)(schedule);
    });
    env.advance(2 * WEEK);
    assert!(env.exists());
    env.complete();
    insta::assert_snapshot!(env.stands(), @"2 actions, running 00:02:00, token 1, closes 21d 00:00:00, wakes 21d 00:00:00");
}
