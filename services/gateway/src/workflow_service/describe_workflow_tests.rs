use klamm_messages::{
    klamm::v1::{ActivityPause, ActivityState},
    temporal::{
        common::v1::{ActivityType, Payloads},
        enums::v1::WorkflowExecutionStatus,
        history::v1::ActivityTaskScheduledEventAttributes,
    },
};

use super::*;

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn lasting(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

fn activity(phase: ActivityPhase, cancel_requested: bool) -> PendingActivityInfo {
    pending_activity(&PendingActivity {
        scheduled: Some(ActivityTaskScheduledEventAttributes {
            activity_id: "a".to_owned(),
            activity_type: Some(ActivityType { name: "A".to_owned() }),
            task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
            schedule_to_close_timeout: lasting(60),
            retry_policy: Some(RetryPolicy { maximum_attempts: 5, ..RetryPolicy::default() }),
            ..Default::default()
        }),
        scheduled_time: at(100),
        state: Some(ActivityState {
            phase: phase as i32,
            attempt: 2,
            attempt_scheduled_time: at(110),
            retry_interval: lasting(4),
            cancel_requested,
            last_worker_identity: "worker".to_owned(),
            heartbeat_details: Some(Payloads::default()),
            ..ActivityState::default()
        }),
    })
}

#[test]
fn an_activitys_state_is_that_of_its_attempt() {
    for (phase, cancel_requested, state) in [
        (ActivityPhase::BackingOff, false, PendingActivityState::Scheduled),
        (ActivityPhase::Scheduled, false, PendingActivityState::Scheduled),
        (ActivityPhase::Started, false, PendingActivityState::Started),
        (ActivityPhase::Started, true, PendingActivityState::CancelRequested),
    ] {
        assert_eq!(activity(phase, cancel_requested).state, state as i32, "{phase:?} {cancel_requested}");
    }
}

#[test]
fn a_waiting_retry_shows_when_it_comes() {
    let waiting = activity(ActivityPhase::BackingOff, false);
    assert_eq!((waiting.next_attempt_schedule_time, waiting.current_retry_interval), (at(110), lasting(4)));
    assert_eq!((waiting.attempt, waiting.maximum_attempts, waiting.expiration_time), (2, 5, at(160)));
    assert_eq!(waiting.last_worker_identity, "worker");
    assert!(waiting.heartbeat_details.is_none(), "no heartbeat came");
    assert_eq!(waiting.activity_options.unwrap().task_queue.unwrap().name, "q");
    let queued = activity(ActivityPhase::Scheduled, false);
    assert_eq!((queued.next_attempt_schedule_time, queued.current_retry_interval), (None, None));
}

#[test]
fn a_closed_run_shows_its_duration_from_its_first_task_on() {
    let state = RunState {
        workflow_id: "w".to_owned(),
        run_id: "r".to_owned(),
        started: Some(WorkflowExecutionStartedEventAttributes {
            first_workflow_task_backoff: lasting(5),
            first_execution_run_id: "f".to_owned(),
            ..Default::default()
        }),
        start_time: at(100),
        close_time: at(115),
        status: WorkflowExecutionStatus::Completed as i32,
        next_event_id: 12,
        start_request_id: "q".to_owned(),
        ..RunState::default()
    };
    let description = describe(&state, None);
    let info = description.workflow_execution_info.unwrap();
    assert_eq!((info.execution_time, info.execution_duration, info.history_length), (at(105), lasting(10), 11));
    assert_eq!(info.root_execution.unwrap().run_id, "r");
    assert_eq!(info.first_run_id, "f");
    let extended = description.workflow_extended_info.unwrap();
    assert_eq!(extended.request_id_infos["q"].event_id, 1);
}

#[test]
fn only_a_pending_workflow_task_is_shown() {
    let task = |phase: WorkflowTaskPhase| WorkflowTaskState {
        phase: phase as i32,
        attempt: 1,
        scheduled_time: at(1),
        started_time: at(2),
        ..WorkflowTaskState::default()
    };
    assert_eq!(pending_workflow_task(&task(WorkflowTaskPhase::None)), None);
    let scheduled = pending_workflow_task(&task(WorkflowTaskPhase::Scheduled)).unwrap();
    assert_eq!((scheduled.original_scheduled_time, scheduled.started_time), (at(1), None));
    let started = pending_workflow_task(&task(WorkflowTaskPhase::Started)).unwrap();
    assert_eq!(started.state, PendingWorkflowTaskState::Started as i32);
    assert_eq!(started.started_time, at(2));
}

#[test]
fn a_paused_activity_says_who_holds_it_back() {
    let pause = ActivityPause { time: at(7), identity: "me".to_owned(), reason: "lunch".to_owned(), request_id: "r".to_owned() };
    for (phase, shown) in [
        (ActivityPhase::Scheduled, PendingActivityState::Paused),
        (ActivityPhase::BackingOff, PendingActivityState::Paused),
        (ActivityPhase::Started, PendingActivityState::PauseRequested),
    ] {
        let state = ActivityState { phase: phase as i32, pause: Some(pause.clone()), attempt_scheduled_time: at(9), ..Default::default() };
        let info = pending_activity(&PendingActivity { state: Some(state), ..PendingActivity::default() });
        assert_eq!((info.state(), info.paused, info.next_attempt_schedule_time), (shown, true, None));
        let paused = info.pause_info.unwrap();
        let by = PausedBy::Manual(Manual { identity: "me".to_owned(), reason: "lunch".to_owned() });
        assert_eq!((paused.pause_time, paused.paused_by), (at(7), Some(by)));
    }
}

#[test]
fn pending_children_are_shown() {
    let child = |started_run_id: &str| PendingChild {
        workflow_id: "c".to_owned(),
        workflow_type: "C".to_owned(),
        parent_close_policy: 2,
        started_run_id: started_run_id.to_owned(),
        started_event_id: 0,
    };
    let state = RunState { children: [(5, child("r")), (6, child(""))].into(), ..RunState::default() };
    let shown = |initiated_id, run_id: &str| PendingChildExecutionInfo {
        workflow_id: "c".to_owned(),
        run_id: run_id.to_owned(),
        workflow_type_name: "C".to_owned(),
        initiated_id,
        parent_close_policy: 2,
    };
    assert_eq!(describe(&state, None).pending_children, [shown(5, "r"), shown(6, "")]);
}
