//! What is due is started, and what comes of it.

use klamm_messages::{
    klamm::v1::command::Body,
    temporal::{
        enums::v1::{ScheduleOverlapPolicy, WorkflowIdConflictPolicy},
        schedule::v1::{ScheduleState, schedule_action::Action},
    },
};

use crate::env::{Env, answered, rejected, seconds};

#[test]
fn an_action_is_started_at_its_time_and_not_before() {
    let mut env = Env::created(|_| ());
    insta::assert_snapshot!(env.stands(), @"0 actions, token 1, wakes 00:01:00");
    env.advance(59_999);
    assert_eq!(env.sent(), "");
    env.advance(1);
    insta::assert_snapshot!(env.sent(), @"start 00:01:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, token 1, wakes 00:02:00");
    insta::assert_snapshot!(env.audit(), @"1 FIRED 00:01:00 #1 00:01:00");
    env.check_replay();
}

#[test]
fn the_start_carries_what_the_action_asks_for() {
    let mut env = Env::created(|schedule| {
        let Some(Action::StartWorkflow(info)) = schedule.action.as_mut().and_then(|action| action.action.as_mut()) else { panic!() };
        info.workflow_run_timeout = Some(seconds(30));
    });
    env.settings.history_count_limit = 7;
    env.advance(60_000);
    let command = env.sent[0].clone();
    let Some(Body::StartWorkflow(start)) = command.body else { panic!() };
    let request = start.request.unwrap();
    assert_eq!((command.version, command.namespace.as_str(), command.workflow_id.as_str()), (1, "default", "w-2026-01-01T00:01:00Z"));
    assert_eq!((request.workflow_id.as_str(), request.namespace.as_str()), ("w-2026-01-01T00:01:00Z", "default"));
    assert_eq!(request.identity, "temporal-scheduler-default-s");
    assert_eq!(request.workflow_id_conflict_policy(), WorkflowIdConflictPolicy::Fail);
    assert_eq!(request.workflow_run_timeout, Some(seconds(30)));
    let by = start.scheduled_by.unwrap();
    assert_eq!((by.schedule_id.as_str(), by.action), ("s", 1));
    assert_eq!(request.request_id, format!("{}-1", by.incarnation));
    assert_eq!(by.incarnation, env.definition().incarnation);
    let attributes = request.search_attributes.unwrap().indexed_fields;
    let text = |name: &str| {
        let payload = &attributes[name];
        format!("{} {}", String::from_utf8_lossy(&payload.metadata["type"]), String::from_utf8_lossy(&payload.data))
    };
    assert_eq!(text("TemporalScheduledStartTime"), "Datetime \"2026-01-01T00:01:00Z\"");
    assert_eq!(text("TemporalScheduledById"), "Keyword \"s\"");
    assert_eq!(attributes.len(), 2);
}

#[test]
fn runs_start_with_the_settings_of_the_newest_command() {
    let mut env = Env::created(|_| ());
    env.settings.history_count_limit = 7;
    env.settings.search_attribute_types.insert("Word".to_owned(), 2);
    env.patch(|patch| patch.unpause = "go".to_owned());
    env.advance(60_000);
    let settings = env.sent[0].settings.clone().unwrap();
    assert_eq!((settings.history_count_limit, settings.search_attribute_types.len()), (7, 0));
}

#[test]
fn a_start_waits_for_its_answer_and_holds_others_back() {
    let mut env = Env::created(|_| ());
    env.answers = false;
    env.advance(120_000);
    insta::assert_snapshot!(env.sent(), @"start 00:01:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"0 actions, 1 skipped, starting 00:01:00, token 1, wakes 00:03:00");
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.accept(answered("w-2026-01-01T00:01:00Z", &start));
    insta::assert_snapshot!(env.stands(), @"1 actions, 1 skipped, running 00:01:00, token 1, wakes 00:03:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 SKIPPED_OVERLAP 00:02:00 (in the way: 00:01:00Z)
    2 FIRED 00:01:00 #1 00:01:00
    ");
    env.ignores(answered("w-2026-01-01T00:01:00Z", &start));
}

#[test]
fn a_rejected_start_is_dropped_and_the_schedule_goes_on() {
    let mut env = Env::created(|_| ());
    env.answers = false;
    env.advance(60_000);
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.accept(rejected("w-2026-01-01T00:01:00Z", &start, "Workflow execution already finished.", true));
    env.advance(60_000);
    let start = env.starts["w-2026-01-01T00:02:00Z"].clone();
    env.accept(rejected("w-2026-01-01T00:02:00Z", &start, "", false));
    env.answers = true;
    env.advance(60_000);
    insta::assert_snapshot!(env.audit(), @r"
    1 START_REJECTED 00:01:00 #1 00:01:00 (Workflow execution already finished.)
    2 START_REJECTED 00:02:00 #2 00:02:00 (the start was rejected)
    3 FIRED 00:03:00 #3 00:03:00
    ");
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:03:00, token 1, wakes 00:04:00");
}

#[test]
fn a_rejected_start_lets_the_next_one_in_the_buffer_go() {
    let mut env = Env::created(crate::env::overlap(ScheduleOverlapPolicy::BufferAll));
    env.answers = false;
    env.advance(120_000);
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.sent();
    env.accept(rejected("w-2026-01-01T00:01:00Z", &start, "no", false));
    insta::assert_snapshot!(env.sent(), @"start 00:02:00 REJECT_DUPLICATE");
}

#[test]
fn limited_actions_count_down_and_then_nothing_is_scheduled() {
    let mut env = Env::created(|schedule| {
        schedule.state = Some(ScheduleState { limited_actions: true, remaining_actions: 2, ..ScheduleState::default() });
    });
    for _ in 0..4 {
        env.advance(60_000);
        if !env.progress().running.is_empty() {
            env.complete();
        }
    }
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:02:00 REJECT_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"2 actions, 0 remaining, token 3, closes 7d 00:02:00, wakes 7d 00:02:00");
    env.trigger(ScheduleOverlapPolicy::Unspecified);
    insta::assert_snapshot!(env.sent(), @"start 00:04:00 ALLOW_DUPLICATE");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 #1 00:01:00
    2 FIRED 00:02:00 #2 00:02:00
    3 LIMIT_REACHED 00:03:00 to 00:04:00 x2
    4 FIRED 00:04:00 manual #3 00:04:00
    ");
}

#[test]
fn a_start_that_fails_uses_up_an_action_too() {
    let mut env = Env::created(|schedule| {
        schedule.state = Some(ScheduleState { limited_actions: true, remaining_actions: 1, ..ScheduleState::default() });
    });
    env.answers = false;
    env.advance(60_000);
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.accept(rejected("w-2026-01-01T00:01:00Z", &start, "no", false));
    env.advance(120_000);
    insta::assert_snapshot!(env.stands(), @"0 actions, 0 remaining, token 2, closes 7d 00:01:00, wakes 7d 00:01:00");
}

#[test]
fn jitter_delays_the_start_and_not_the_id() {
    let mut env = Env::created(|schedule| schedule.spec.as_mut().unwrap().jitter = Some(seconds(50)));
    env.advance(300_000);
    insta::assert_snapshot!(env.sent(), @"start 00:01:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 (at 00:01:37.784) #1 00:01:00
    2 SKIPPED_OVERLAP 00:02:00 (at 00:02:19.939) (in the way: 00:01:00Z)
    3 SKIPPED_OVERLAP 00:03:00 (at 00:03:48.151) (in the way: 00:01:00Z)
    4 SKIPPED_OVERLAP 00:04:00 (at 00:04:22.513) (in the way: 00:01:00Z)
    ");
}

#[test]
fn a_schedule_without_times_does_nothing_by_itself() {
    let mut env = Env::created(|schedule| schedule.spec = None);
    insta::assert_snapshot!(env.stands(), @"0 actions, token 1, closes 7d 00:00:00, wakes 7d 00:00:00");
    env.trigger(ScheduleOverlapPolicy::Unspecified);
    insta::assert_snapshot!(env.sent(), @"start 00:00:00 ALLOW_DUPLICATE");
}
