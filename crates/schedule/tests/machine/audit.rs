//! Decisions are written down, summed up, and forgotten.

use klamm_machine::Time;
use klamm_messages::temporal::enums::v1::ScheduleOverlapPolicy as Policy;

use crate::env::{Env, every, overlap, seconds};

#[test]
fn decisions_are_kept_a_week_and_go_with_what_happens_next() {
    let mut env = Env::created(|schedule| {
        schedule.spec = Some(every(86_400));
        overlap(Policy::AllowAll)(schedule);
    });
    env.advance(9 * 86_400_000);
    insta::assert_snapshot!(env.audit(), @r"
    3 FIRED 3d 00:00:00 ALLOW_ALL #3 w-2026-01-04T00:00:00Z
    4 FIRED 4d 00:00:00 ALLOW_ALL #4 w-2026-01-05T00:00:00Z
    5 FIRED 5d 00:00:00 ALLOW_ALL #5 w-2026-01-06T00:00:00Z
    6 FIRED 6d 00:00:00 ALLOW_ALL #6 w-2026-01-07T00:00:00Z
    7 FIRED 7d 00:00:00 ALLOW_ALL #7 w-2026-01-08T00:00:00Z
    8 FIRED 8d 00:00:00 ALLOW_ALL #8 w-2026-01-09T00:00:00Z
    9 FIRED 9d 00:00:00 ALLOW_ALL #9 w-2026-01-10T00:00:00Z
    ");
    insta::assert_snapshot!(env.stands(), @"9 actions, 9 overlapping, token 1, wakes 10d 00:00:00");
    env.check_replay();
}

#[test]
fn a_setting_says_how_long_and_a_wake_row_sees_to_it() {
    let mut env = Env::new();
    env.settings.schedule_audit_retention = Some(seconds(60));
    env.create(|schedule| schedule.spec = None);
    env.trigger(Policy::AllowAll);
    insta::assert_snapshot!(env.stands(), @"1 actions, 1 overlapping, token 1, closes 7d 00:00:00, wakes 00:01:10");
    env.advance(69_999);
    assert_eq!(env.decisions().len(), 1);
    env.advance(1);
    assert!(env.decisions().is_empty());
    insta::assert_snapshot!(env.stands(), @"1 actions, 1 overlapping, token 1, closes 7d 00:00:00, wakes 7d 00:00:00");
    assert_eq!((env.progress().first_audit, env.progress().next_audit), (2, 2));
}

#[test]
fn few_are_forgotten_at_a_time_and_all_in_the_end() {
    let mut env = Env::new();
    env.settings.schedule_audit_retention = Some(seconds(60));
    env.create(|schedule| schedule.spec = None);
    for _ in 0..50 {
        env.trigger(Policy::AllowAll);
        env.advance(10);
    }
    env.pass(300_000);
    let wake = env.wakes()[0].clone();
    env.accept(crate::env::wake_body(&wake));
    assert_eq!(env.decisions().len(), 30);
    env.settle();
    assert!(env.decisions().is_empty());
}

#[test]
fn numbers_go_on_and_every_time_is_told_once() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(7)));
    env.checks_folds = false;
    for pass in [1_000, 70_000, 700_000, 3_000, 70_000_000, 5_000] {
        env.pass(pass);
        env.settle();
    }
    let decisions = env.decisions();
    let mut next = klamm_machine::Time::from_millis(crate::env::START);
    for (index, decision) in decisions.iter().enumerate() {
        assert_eq!(decision.n, index as i64 + 1);
        let nominal = |time: &Option<prost_types::Timestamp>| time.as_ref().map(Time::from).unwrap();
        let last = nominal(&decision.last_nominal_time.or(decision.nominal_time));
        if decision.reason.is_empty() {
            continue;
        }
        assert!(nominal(&decision.nominal_time) > next);
        assert_eq!((last.millis() - nominal(&decision.nominal_time).millis()) / 7000, decision.count - 1);
        next = last;
    }
    let total: i64 = decisions.iter().map(|decision| decision.count).sum();
    assert_eq!(total, (env.now().millis() / 7000) - (crate::env::START / 7000));
    assert!(decisions.len() < 120, "{}", decisions.len());
}
