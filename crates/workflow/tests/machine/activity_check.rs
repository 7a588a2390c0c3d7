//! What holds of a run's activities whatever has happened.

use std::collections::{BTreeMap, BTreeSet};

use klamm_messages::{
    klamm::v1::{ActivityPhase, PendingActivity, RunState, TaskKind},
    temporal::{
        enums::v1::WorkflowExecutionStatus,
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};

use crate::env::{Env, tasks};

/// The run's activities are those that its history has begun and not ended, and each that waits for a worker has its one task.
pub(crate) fn check_activities(env: &Env, run: &RunState, events: &[HistoryEvent]) {
    let is_open = is_open(run);
    let is_paused = run.status == WorkflowExecutionStatus::Paused as i32;
    assert!(!is_paused || run.pause.is_some());
    assert!(!is_paused || tasks(&env.rows).iter().all(|task| task.run_id != run.run_id), "a task of a paused run waits");
    let mut begun = BTreeMap::new();
    let mut cancel_requested = BTreeSet::new();
    for event in events.iter().chain(&run.buffered_events) {
        if let Some(Attributes::ActivityTaskCancelRequestedEventAttributes(requested)) = &event.attributes {
            cancel_requested.insert(requested.scheduled_event_id);
        }
        if let Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) = &event.attributes {
            begun.insert(event.event_id, scheduled.activity_id.clone());
        }
        let Some((scheduled, started)) = ended_activity(event) else { continue };
        assert!(begun.remove(&scheduled).is_some(), "activity {scheduled} of {} ends twice, or was never begun", run.run_id);
        // Ids of events that wait for the workflow task are not known yet.
        let start = events.iter().find(|other| other.event_id == started).filter(|_| event.event_id > 0);
        let of = |start: &HistoryEvent| match &start.attributes {
            Some(Attributes::ActivityTaskStartedEventAttributes(start)) => start.scheduled_event_id,
            _ => 0,
        };
        assert!(start.is_none_or(|start| of(start) == scheduled), "activity {scheduled} of {} was started by {started}", run.run_id);
    }
    let id = |activity: &PendingActivity| activity.scheduled.as_ref().map(|scheduled| scheduled.activity_id.clone()).unwrap_or_default();
    let pending: BTreeMap<_, _> = run.activities.iter().map(|(scheduled, activity)| (*scheduled, id(activity))).collect();
    if !is_open {
        // The end of an activity that no worker had waits for the task's last command. If that closes the run, it is left out.
        begun.retain(|scheduled, _| pending.contains_key(scheduled) || !cancel_requested.contains(scheduled));
    }
    assert_eq!(pending, begun, "activities of {}", run.run_id);
    let by_id: BTreeMap<_, _> = pending.iter().filter(|_| is_open).map(|(scheduled, id)| (id.clone(), *scheduled)).collect();
    assert_eq!(run.activity_ids, by_id, "activities of {} by their ids", run.run_id);

    let mut expected = Vec::new();
    for (scheduled, activity) in &run.activities {
        let state = activity.state.as_ref().expect("every activity has a state");
        assert_eq!(state.scheduled_event_id, *scheduled);
        assert!(state.attempt >= 1 && state.stamp >= i64::from(state.attempt), "attempt {} has stamp {}", state.attempt, state.stamp);
        assert_eq!(state.started_time.is_some(), state.phase() == ActivityPhase::Started, "activity {scheduled} of {}", run.run_id);
        if is_open && !is_paused && state.phase() == ActivityPhase::Scheduled && state.pause.is_none() {
            expected.push((*scheduled, state.stamp, state.attempt));
        }
    }
    let of_run = tasks(&env.rows).into_iter().filter(|task| task.kind == TaskKind::Activity as i32 && task.run_id == run.run_id);
    let mut waiting: Vec<_> = of_run.map(|task| (task.scheduled_event_id, task.stamp, task.attempt)).collect();
    waiting.sort_unstable();
    expected.sort_unstable();
    assert_eq!(waiting, expected, "activities of {} that wait for workers", run.run_id);
}

/// Whether the run has begun and not closed.
pub(crate) fn is_open(run: &RunState) -> bool {
    matches!(run.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
}

/// The activity that the event ends: ids of its ActivityTaskScheduled and, where a worker had it, ActivityTaskStarted.
fn ended_activity(event: &HistoryEvent) -> Option<(i64, i64)> {
    match event.attributes.as_ref()? {
        Attributes::ActivityTaskCompletedEventAttributes(ended) => Some((ended.scheduled_event_id, ended.started_event_id)),
        Attributes::ActivityTaskFailedEventAttributes(ended) => Some((ended.scheduled_event_id, ended.started_event_id)),
        Attributes::ActivityTaskTimedOutEventAttributes(ended) => Some((ended.scheduled_event_id, ended.started_event_id)),
        Attributes::ActivityTaskCanceledEventAttributes(ended) => Some((ended.scheduled_event_id, ended.started_event_id)),
        _ => None,
    }
}
