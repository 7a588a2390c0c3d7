//! StartActivityTask: a poller takes an activity's task.
//!
//! Temporal: service/history/api/recordactivitytaskstarted. There is no public event, because ActivityTaskStarted is written when the
//! activity ends. An eager start (workflow_task_completed_handler.go, handlePostCommandEagerExecuteActivity) is the same without a poll.

use klamm_machine::{Decision, Outcome, Time, Tx};
use klamm_messages::{
    klamm::v1::{ActivityPhase, Command, PendingActivity, RunState, StartActivityTask, history_record::Record},
    temporal::{common::v1::WorkerVersionStamp, history::v1::history_event::Attributes},
};

use super::{
    apply::effective_priority,
    is_paused,
    transition::{START, WrongPhase},
};
use crate::{
    Answer, Workflow,
    answer::StartedActivityTask,
    run::{self, Run, is_open},
    tables::{History, RunKey},
};

/// Starts the scheduled task that the command names. The same poll gets the same answer again. For any other poll a task is obsolete that
/// is gone, was started, or was scheduled anew.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &StartActivityTask) -> Decision<Answer> {
    let key = RunKey::new(&command.namespace, &command.workflow_id, &body.run_id);
    let mut run = Run::new(tx, key);
    let state = run.state();
    let obsolete = Ok(Outcome::Answer(Answer::TaskObsolete));
    if !is_open(&state) {
        return obsolete;
    }
    let Some(activity) = state.activities.get(&body.scheduled_event_id).and_then(|activity| activity.state.as_ref()) else {
        return obsolete;
    };
    if activity.stamp != body.stamp {
        return obsolete;
    }
    if activity.phase() == ActivityPhase::Started {
        let is_same_poll = activity.request_id == body.poll_id && !body.poll_id.is_empty();
        drop(state);
        return if is_same_poll { answer(&run, body.scheduled_event_id) } else { obsolete };
    }
    drop(state);
    let starter = Starter { request_id: &body.poll_id, identity: &body.identity, worker_version: body.worker_version.as_ref() };
    if start(&mut run, body.scheduled_event_id, starter).is_err() {
        return obsolete;
    }
    answer(&run, body.scheduled_event_id)
}

/// Starts an activity without a poll, for the worker that scheduled it in this decision. `None` when the activity is gone or the run has
/// closed.
pub(crate) fn start_eagerly(
    run: &mut Run<'_, '_>,
    scheduled_event_id: i64,
    identity: &str,
    worker_version: Option<&WorkerVersionStamp>,
) -> Option<StartedActivityTask> {
    if !run.is_open() {
        return None;
    }
    let request_id = run.tx.context.derive_id();
    start(run, scheduled_event_id, Starter { request_id: &request_id, identity, worker_version }).ok()?;
    whole_task(run, scheduled_event_id)
}

/// Starts a waiting activity that no worker has polled for. `None` when it does not wait.
pub(crate) fn start_without_worker(run: &mut Run<'_, '_>, scheduled_event_id: i64, identity: &str) -> Option<StartedActivityTask> {
    let request_id = run.tx.context.derive_id();
    start(run, scheduled_event_id, Starter { request_id: &request_id, identity, worker_version: None }).ok()?;
    whole_task(run, scheduled_event_id)
}

/// Who starts an activity.
struct Starter<'s> {
    request_id: &'s str,
    identity: &'s str,
    worker_version: Option<&'s WorkerVersionStamp>,
}

fn start(run: &mut Run<'_, '_>, scheduled_event_id: i64, starter: Starter<'_>) -> Result<(), WrongPhase> {
    let now = run.now();
    let state = run.state();
    let activity = state.activities.get(&scheduled_event_id).and_then(|activity| activity.state.as_ref()).ok_or(WrongPhase)?;
    if is_paused(activity) || run::is_paused(&state) {
        return Err(WrongPhase);
    }
    let started = START.make(activity, |next| {
        next.started_time = Some(now.into());
        next.request_id = starter.request_id.to_owned();
        next.started_identity = starter.identity.to_owned();
        next.worker_version = starter.worker_version.cloned();
    })?;
    drop(state);
    run.record(Record::Activity(Box::new(started)));
    Ok(())
}

/// What the poller of the started activity gets.
fn answer(run: &Run<'_, '_>, scheduled_event_id: i64) -> Decision<Answer> {
    let task = whole_task(run, scheduled_event_id);
    Ok(Outcome::Answer(task.map_or(Answer::TaskObsolete, |task| Answer::ActivityTaskStarted(Box::new(task)))))
}

/// The started activity as its worker gets it.
fn whole_task(run: &Run<'_, '_>, scheduled_event_id: i64) -> Option<StartedActivityTask> {
    let state = run.state();
    let mut task = state.activities.get(&scheduled_event_id).and_then(|activity| started_task(&state, activity));
    let event = run.tx.get::<History>(&(run.key.clone(), scheduled_event_id));
    if let (Some(task), Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled))) =
        (&mut task, event.as_ref().and_then(|event| event.attributes.as_ref()))
    {
        task.scheduled.input.clone_from(&scheduled.input);
        task.scheduled.header.clone_from(&scheduled.header);
    }
    task
}

/// The started activity as its worker gets it, but without input and header.
fn started_task(run: &RunState, activity: &PendingActivity) -> Option<StartedActivityTask> {
    let state = activity.state.as_ref()?;
    let mut scheduled = activity.scheduled.clone()?;
    scheduled.priority = effective_priority(run, &scheduled);
    Some(StartedActivityTask {
        run_id: run.run_id.clone(),
        workflow_type: crate::run::workflow_type(run),
        scheduled,
        scheduled_event_id: state.scheduled_event_id,
        attempt: state.attempt,
        stamp: state.stamp,
        scheduled_time: Time::or_epoch(activity.scheduled_time),
        attempt_scheduled_time: Time::or_epoch(state.attempt_scheduled_time),
        started_time: Time::or_epoch(state.started_time),
        heartbeat_details: state.heartbeat_details.clone(),
        last_failure: state.last_failure.clone(),
    })
}
