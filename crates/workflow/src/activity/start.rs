//! StartActivityTask: a poller takes an activity's task.
//!
//! Temporal: service/history/api/recordactivitytaskstarted. No public event: ActivityTaskStarted is written when the activity ends.

use klamm_machine::{Decision, Outcome, Time, Tx};
use klamm_messages::{
    klamm::v1::{ActivityPhase, Command, PendingActivity, RunState, StartActivityTask, history_record::Record},
    temporal::history::v1::history_event::Attributes,
};

use super::{apply::effective_priority, transition::START};
use crate::{
    Answer, Workflow,
    answer::StartedActivityTask,
    run::{Run, is_open},
    tables::{History, RunKey},
};

/// Starts the scheduled task that the command names. Its repetition by the same poll repeats the answer; what is no longer there, was started by
/// another poll or scheduled anew is obsolete.
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
    let now = run.now();
    let started = START.make(activity, |next| {
        next.started_time = Some(now.into());
        next.request_id.clone_from(&body.poll_id);
        next.started_identity.clone_from(&body.identity);
        next.worker_version.clone_from(&body.worker_version);
    });
    drop(state);
    let Ok(started) = started else { return obsolete };
    run.record(Record::Activity(started));
    answer(&run, body.scheduled_event_id)
}

/// What the poller of the started activity gets.
fn answer(run: &Run<'_, '_>, scheduled_event_id: i64) -> Decision<Answer> {
    let state = run.state();
    let mut task = state.activities.get(&scheduled_event_id).and_then(|activity| started_task(&state, activity));
    let event = run.tx.get::<History>(&(run.key.clone(), scheduled_event_id));
    if let (Some(task), Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled))) =
        (&mut task, event.as_ref().and_then(|event| event.attributes.as_ref()))
    {
        task.scheduled.input.clone_from(&scheduled.input);
        task.scheduled.header.clone_from(&scheduled.header);
    }
    Ok(Outcome::Answer(task.map_or(Answer::TaskObsolete, |task| Answer::ActivityTaskStarted(Box::new(task)))))
}

/// The activity as a task in a worker's hands, without input and header.
fn started_task(run: &RunState, activity: &PendingActivity) -> Option<StartedActivityTask> {
    let state = activity.state.as_ref()?;
    let mut scheduled = activity.scheduled.clone()?;
    scheduled.priority = effective_priority(run, &scheduled);
    let time = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or_else(Time::default, Time::from);
    Some(StartedActivityTask {
        run_id: run.run_id.clone(),
        workflow_type: crate::run::workflow_type(run),
        scheduled,
        scheduled_event_id: state.scheduled_event_id,
        attempt: state.attempt,
        stamp: state.stamp,
        scheduled_time: time(&activity.scheduled_time),
        attempt_scheduled_time: time(&state.attempt_scheduled_time),
        started_time: time(&state.started_time),
        heartbeat_details: state.heartbeat_details.clone(),
        last_failure: state.last_failure.clone(),
    })
}
