//! Create, update, patch, delete: what they change, what they refuse.

use klamm_messages::{
    klamm::v1::{Command, command::Body},
    temporal::{
        common::v1::{Memo, SearchAttributes},
        enums::v1::{ScheduleOverlapPolicy as Policy, WorkflowExecutionStatus as Status},
        schedule::v1::{Schedule, ScheduleState},
    },
};
use klamm_schedule::Answer;

use crate::env::{
    Env, answered, closed, create_body, create_with, delete_body, every, minutely, overlap, patch_body, payloads, scheduled_by, seconds,
    update_body,
};

#[test]
fn a_create_gives_its_token_and_is_repeated_by_its_request_id() {
    let mut env = Env::new();
    let token = Answer::Token(1_i64.to_be_bytes().to_vec());
    assert_eq!(env.accept(create_body(minutely(), "r", None)), token);
    let events = env.log.len();
    assert_eq!(env.accept(create_body(minutely(), "r", None)), token);
    assert_eq!(env.log.len(), events);
    insta::assert_snapshot!(env.refuse(create_body(minutely(), "other", None)), @r#"WorkflowExecutionAlreadyStarted: schedule "s" is already registered"#);
    insta::assert_snapshot!(env.refuse(create_body(minutely(), "", None)), @r#"WorkflowExecutionAlreadyStarted: schedule "s" is already registered"#);
}

#[test]
fn an_invalid_schedule_is_refused() {
    let mut env = Env::new();
    let bad = Schedule { spec: Some(every(0)), ..minutely() };
    insta::assert_snapshot!(env.refuse(create_body(bad.clone(), "r", None)), @"InvalidArgument: Invalid schedule spec: interval is too small");
    insta::assert_snapshot!(env.refuse(create_body(Schedule { action: None, ..minutely() }, "r", None)), @"InvalidArgument: Action is not set on Schedule.");
    insta::assert_snapshot!(env.refuse(Body::CreateSchedule(Default::default())), @"InvalidArgument: Action is not set on Schedule.");
    env.create(|_| ());
    insta::assert_snapshot!(env.refuse(update_body(bad, |_| ())), @"InvalidArgument: Invalid schedule spec: interval is too small");
    insta::assert_snapshot!(env.refuse(Body::UpdateSchedule(Default::default())), @"InvalidArgument: Action is not set on Schedule.");
}

#[test]
fn unknown_schedules_are_not_found() {
    let mut env = Env::new();
    for body in [update_body(minutely(), |_| ()), patch_body("", |_| ()), delete_body()] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(env.refuse(body), @"NotFound: workflow not found for ID: temporal-sys-scheduler:s");
        }
    }
}

#[test]
fn commands_of_others_are_refused() {
    let mut env = Env::new();
    assert_eq!(env.refuse(Body::StartWorkflow(Default::default())), "Internal: The schedule machine does not decide this command.");
    let mut rows = klamm_machine::Memory::default();
    let mut context = klamm_machine::Context::new(env.now(), 1, "topic", 0, 0);
    let machine = klamm_schedule::Schedule::default();
    let mut tx = klamm_machine::Tx::new(&machine, &mut rows, &mut context);
    let none = klamm_machine::Machine::decide(&machine, &mut tx, &Command::default());
    assert!(none.is_err());
}

#[test]
fn an_update_replaces_everything_but_the_runs() {
    let mut env = Env::created(overlap(Policy::BufferAll));
    env.advance(150_000);
    env.sent();
    env.update(|schedule| {
        schedule.spec = Some(every(3600));
        overlap(Policy::BufferAll)(schedule);
        schedule.state = Some(ScheduleState { notes: "hourly".to_owned(), ..ScheduleState::default() });
    });
    insta::assert_snapshot!(env.stands(), @r#"1 actions, running 00:01:00, waiting 00:02:00, "hourly", token 2, wakes 01:00:00"#);
    assert_eq!(env.definition().update_time, Some(crate::env::at(150)));
    env.advance(3_450_000);
    insta::assert_snapshot!(env.stands(), @r#"1 actions, running 00:01:00, waiting 00:02:00 01:00:00, "hourly", token 2, wakes 02:00:00"#);
}

#[test]
fn times_due_at_an_update_are_the_old_specs_and_those_before_it_nobodys() {
    let mut env = Env::created(overlap(Policy::BufferAll));
    env.pass(150_000);
    env.update(|schedule| {
        schedule.spec = Some(every(10));
        overlap(Policy::BufferAll)(schedule);
    });
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, waiting 00:02:00 00:02:30, token 2, wakes 00:02:40");
    env.advance(20_000);
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, waiting 00:02:00 00:02:30 00:02:40 00:02:50, token 2, wakes 00:03:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 BUFFERED 00:02:00 BUFFER_ALL #2
    2 FIRED 00:01:00 BUFFER_ALL #1 00:01:00
    3 BUFFERED 00:02:30 BUFFER_ALL #3
    4 BUFFERED 00:02:40 BUFFER_ALL #4
    5 BUFFERED 00:02:50 BUFFER_ALL #5
    ");
}

#[test]
fn a_time_whose_jitter_reaches_beyond_the_update_is_taken() {
    let jittered = |schedule: &mut Schedule| schedule.spec.as_mut().unwrap().jitter = Some(seconds(50));
    let mut env = Env::created(jittered);
    // Its first start is due 37.784 s after the minute.
    env.advance(70_000);
    env.update(jittered);
    env.advance(50_000);
    insta::assert_snapshot!(env.audit(), @"1 FIRED 00:01:00 (at 00:01:37.784) #1 00:01:00");
}

#[test]
fn what_an_update_comes_before_is_left_behind() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(1)));
    env.checks_folds = false;
    env.pass(3_600_000);
    env.update(|_| ());
    insta::assert_snapshot!(env.audit(), @r"
    1 DROPPED_BY_UPDATE 00:08:21 to 01:00:00 x1 (and others up to then, not counted)
    2 SKIPPED_OVERLAP 00:00:02 to 00:08:20 x499 (in the way: 00:00:01Z)
    3 FIRED 00:00:01 #1 00:00:01
    4 SKIPPED_OVERLAP 01:00:00 (in the way: 00:00:01Z)
    ");
    insta::assert_snapshot!(env.stands(), @"1 actions, 500 skipped, running 00:00:01, token 2, wakes 01:01:00");
}

#[test]
fn a_stale_conflict_token_is_refused() {
    let mut env = Env::new();
    let token = env.create(|_| ());
    env.accept(update_body(minutely(), |request| request.conflict_token = token.clone().into()));
    insta::assert_snapshot!(env.refuse(update_body(minutely(), |request| request.conflict_token = token.into())), @"FailedPrecondition: mismatched conflict token");
    insta::assert_snapshot!(env.refuse(update_body(minutely(), |request| request.conflict_token = b"x".to_vec().into())), @"FailedPrecondition: mismatched conflict token");
    env.accept(update_body(minutely(), |_| ()));
    assert_eq!(env.progress().conflict_token, 3);
}

#[test]
fn search_attributes_and_memo_are_kept_replaced_or_cleared() {
    let mut env = Env::new();
    let attributes = |word: &str| SearchAttributes { indexed_fields: [("Word".to_owned(), payloads(word).payloads.remove(0))].into() };
    let memo = |word: &str| Memo { fields: [("note".to_owned(), payloads(word).payloads.remove(0))].into() };
    env.accept(create_with(minutely(), "r", |request| {
        request.search_attributes = Some(attributes("one"));
        request.memo = Some(memo("one"));
    }));
    env.accept(update_body(minutely(), |_| ()));
    assert_eq!((env.definition().search_attributes.clone(), env.definition().memo.clone()), (Some(attributes("one")), Some(memo("one"))));
    env.accept(update_body(minutely(), |request| {
        request.search_attributes = Some(attributes("two"));
        request.memo = Some(memo("two"));
    }));
    assert_eq!((env.definition().search_attributes.clone(), env.definition().memo.clone()), (Some(attributes("two")), Some(memo("two"))));
    env.accept(update_body(minutely(), |request| {
        request.search_attributes = Some(SearchAttributes::default());
        request.memo = Some(Memo::default());
    }));
    assert_eq!(env.definition().search_attributes, Some(SearchAttributes::default()));
    assert_eq!(env.definition().memo, Some(Memo::default()));
}

#[test]
fn updates_and_patches_are_repeated_by_their_request_ids() {
    let mut env = Env::created(|_| ());
    let pause = |id: &str| patch_body(id, |patch| patch.pause = "p".to_owned());
    env.accept(pause("a"));
    env.ignores(pause("a"));
    env.ignores(update_body(minutely(), |request| request.request_id = "a".to_owned()));
    for n in 0..10 {
        env.accept(pause(&format!("b{n}")));
    }
    assert_eq!((env.progress().request_ids.len(), env.progress().conflict_token), (10, 12));
    env.accept(pause("a"));
    assert_eq!(env.progress().conflict_token, 13);
}

#[test]
fn a_pause_holds_times_back_for_good() {
    let mut env = Env::created(|_| ());
    env.patch(|patch| patch.pause = "maintenance".to_owned());
    insta::assert_snapshot!(env.stands(), @r#"0 actions, paused, "maintenance", token 2"#);
    env.advance(150_000);
    assert_eq!(env.sent(), "");
    env.patch(|patch| patch.unpause = "done".to_owned());
    insta::assert_snapshot!(env.stands(), @r#"0 actions, "done", token 3, wakes 00:03:00"#);
    env.advance(60_000);
    insta::assert_snapshot!(env.sent(), @"start 00:03:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.audit(), @r"
    1 PAUSED 00:01:00 to 00:02:00 x2
    2 FIRED 00:03:00 #1 00:03:00
    ");
    env.check_replay();
}

#[test]
fn a_long_pause_is_told_in_few_records() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(1)));
    env.patch(|patch| patch.pause = "p".to_owned());
    env.advance(3_600_500);
    env.patch(|patch| patch.unpause = "u".to_owned());
    insta::assert_snapshot!(env.audit(), @r"
    1 PAUSED 00:00:01 to 00:08:20 x500
    2 PAUSED 00:08:21 to 01:00:00.500 x1 (and others up to then, not counted)
    ");
    env.advance(1_000);
    insta::assert_snapshot!(env.sent(), @"start 01:00:01 REJECT_DUPLICATE");
}

#[test]
fn empty_strings_pause_nothing_and_a_patch_of_nothing_changes_nothing() {
    let mut env = Env::created(|_| ());
    env.ignores(patch_body("", |_| ()));
}

#[test]
fn a_deleted_schedule_leaves_its_decisions_and_hears_nothing() {
    let mut env = Env::created(|_| ());
    env.advance(120_000);
    env.close("w-2026-01-01T00:01:00Z", Status::Completed, "r");
    env.advance(60_000);
    let start = env.starts["w-2026-01-01T00:03:00Z"].clone();
    env.accept(delete_body());
    assert!(!env.exists());
    assert_eq!(env.decisions().len(), 3);
    env.ignores(answered("w-2026-01-01T00:03:00Z", &start));
    env.ignores(closed("w-2026-01-01T00:03:00Z", &start, Status::Completed, ""));
    insta::assert_snapshot!(env.refuse(delete_body()), @"NotFound: workflow not found for ID: temporal-sys-scheduler:s");
    // Another schedule of the same id does not hear of its runs.
    env.create(|_| ());
    env.ignores(closed("w-2026-01-01T00:03:00Z", &start, Status::Completed, ""));
    env.ignores(answered("w-2026-01-01T00:03:00Z", &start));
    assert_eq!(env.progress().action_count, 0);
    env.check_replay();
}

#[test]
fn messages_about_unknown_actions_change_nothing() {
    let mut env = Env::created(|_| ());
    env.advance(60_000);
    let incarnation = env.definition().incarnation.clone();
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    for action in [0, -1, 2, i64::MAX] {
        let mut unknown = start.clone();
        unknown.scheduled_by = scheduled_by(&incarnation, action);
        env.ignores(answered("w", &unknown));
        env.ignores(closed("w", &unknown, Status::Failed, "x"));
    }
    let mut nobodys = start.clone();
    nobodys.scheduled_by = None;
    env.ignores(answered("w", &nobodys));
    env.ignores(Body::ScheduledRunClosed(Default::default()));
}
