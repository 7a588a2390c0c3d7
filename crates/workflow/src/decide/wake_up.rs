//! WakeUp: something about the run may be due. Early, stale and doubled wake-ups change nothing.

use klamm_machine::{Decision, Outcome, Publication, Time, Tx};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, RunState, WakeUp, WorkflowIdFreed, WorkflowTaskPhase, history_record::Record},
    temporal::{
        enums::v1::{EventType, RetryState, TimeoutType},
        history::v1::{WorkflowExecutionTimedOutEventAttributes, history_event::Attributes},
    },
};

use super::{limits, locate};
use crate::{
    Answer, Event, Workflow, activity,
    apply::wake::workflow_task_deadline,
    callback, external,
    run::{Run, is_open, is_paused},
    successor::{self, after_timeout},
    tables::{History, RunKey, Runs},
    timer, update,
};

/// Decides the command: does all that is due by now.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &WakeUp) -> Decision<Answer> {
    let settings = locate::settings(command);
    let now = tx.context.now;
    let mut run = Run::new(tx, RunKey::new(&body.namespace, &body.id, &body.run_id));
    let state = run.state();
    if !is_due(state.wake_time.as_ref(), now) {
        return Ok(Outcome::Answer(Answer::Empty));
    }
    if !is_open(&state) {
        drop(state);
        callback::wake(&mut run);
        delete(&mut run, now);
        return Ok(Outcome::Answer(Answer::Empty));
    }
    if is_due(state.run_expiration_time.as_ref(), now) || is_due(state.execution_expiration_time.as_ref(), now) {
        let whole_chain = is_due(state.execution_expiration_time.as_ref(), now);
        drop(state);
        expire(&mut run, whole_chain, &settings);
        return Ok(Outcome::Answer(Answer::Empty));
    }
    let first_task_is_due = is_due(state.first_workflow_task_time.as_ref(), now) && !is_paused(&state);
    let late = late_workflow_task(&state, now);
    drop(state);
    if first_task_is_due {
        run.schedule_workflow_task();
    }
    if let Some(timeout_type) = late {
        run.time_out_workflow_task(timeout_type);
        run.schedule_workflow_task();
    }
    activity::wake(&mut run);
    timer::wake(&mut run);
    external::wake(&mut run, &settings);
    limits::enforce(&mut run, &settings, Answer::Empty)
}

/// Closes the run because its run or execution time-out is over. `whole_chain`: it was the execution's, so no other run may follow. Else
/// another attempt may follow, or the next run of a cron workflow.
fn expire(run: &mut Run<'_, '_>, whole_chain: bool, settings: &CommandSettings) {
    run.force_end_workflow_task();
    let (retry_state, next) = if whole_chain { (RetryState::Timeout, None) } else { after_timeout(&run.state(), run.now()) };
    successor::close(run, next, settings, |run, new_execution_run_id| {
        let timed_out = WorkflowExecutionTimedOutEventAttributes { retry_state: retry_state as i32, new_execution_run_id };
        run.close(EventType::WorkflowExecutionTimedOut, Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out), settings);
    });
}

/// Removes the closed run, because its retention is over or a client wants it.
fn delete(run: &mut Run<'_, '_>, now: Time) {
    let state = run.state();
    let delete_time = state.execution.as_ref().and_then(|execution| execution.delete_time.as_ref());
    if !is_due(delete_time, now) {
        return;
    }
    let mut key_suffixes = key_suffixes(run, state.next_event_id);
    let key = run.key.clone();
    let was_newest = locate::current(run.tx, &key.namespace, &key.workflow_id).as_ref() == Some(&key);
    let freed = state.workflow_id_freed;
    if freed {
        key_suffixes.push("~freed/0".to_owned());
    }
    drop(state);
    run.tx.emit(Event::Delete {
        namespace: key.namespace.clone(),
        workflow_id: key.workflow_id.clone(),
        run_id: key.run_id.clone(),
        key_suffixes,
    });
    if was_newest || freed {
        note_freed(run.tx, &key);
    }
    run.tx.publish(Publication::VisibilityDeleted { namespace: key.namespace, workflow_id: key.workflow_id, run_id: key.run_id });
}

/// The workflow id of a run that is gone may have no newest run now, although older ones are left. Then a record under one of these says so.
/// Without it, a fold of what is left on the topic would take the last of them for the newest.
fn note_freed(tx: &mut Tx<'_, Workflow>, gone: &RunKey) {
    if locate::current(tx, &gone.namespace, &gone.workflow_id).is_some() {
        return;
    }
    let (from, to) = Runs::of_workflow(&gone.namespace, &gone.workflow_id);
    let Some((_, other)) = tx.range::<Runs>(&from, &to, 1).into_iter().next() else { return };
    let key = RunKey::new(&gone.namespace, &gone.workflow_id, &other.run_id);
    Run::new(tx, key).record(Record::WorkflowIdFreed(WorkflowIdFreed {}));
}

/// Every key suffix under which a record of the run can have been written. A tombstone for a suffix that was never written is harmless.
pub(crate) fn key_suffixes(run: &Run<'_, '_>, next_event_id: i64) -> Vec<String> {
    let (from, to) = History::range(&run.key, 1, next_event_id);
    let mut suffixes: Vec<_> = ["~workflow_task/0", "~buffered/0", "~sticky/0", "~execution/0"].map(str::to_owned).into();
    if run.state().outcome_only {
        suffixes.push("~outcome/0".to_owned());
    }
    if run.state().reset.is_some() {
        suffixes.push("~reset/0".to_owned());
    }
    if run.state().reset_base.is_some() {
        suffixes.push("~reset_base/0".to_owned());
    }
    suffixes.extend(update::key_suffixes(&run.state()));
    suffixes.extend(run.state().callbacks.keys().map(|number| format!("~callback/{number}")));
    for (_, event) in run.tx.range::<History>(&from, &to, usize::MAX) {
        suffixes.push(event.event_id.to_string());
        match event.event_type() {
            EventType::ActivityTaskScheduled => suffixes.push(format!("~activity/{}", event.event_id)),
            EventType::SignalExternalWorkflowExecutionInitiated | EventType::RequestCancelExternalWorkflowExecutionInitiated => {
                suffixes.push(format!("~external/{}", event.event_id));
            }
            EventType::WorkflowExecutionUpdateAdmitted => suffixes.push(format!("~update/-{}", event.event_id)),
            _ => {}
        }
    }
    suffixes
}

/// Which time-out of the pending workflow task is over, if one is.
fn late_workflow_task(state: &RunState, now: Time) -> Option<TimeoutType> {
    workflow_task_deadline(state).filter(|deadline| *deadline <= now)?;
    match state.workflow_task.as_ref()?.phase() {
        WorkflowTaskPhase::Started => Some(TimeoutType::StartToClose),
        _ => Some(TimeoutType::ScheduleToStart),
    }
}

/// Whether the time has come.
fn is_due(time: Option<&prost_types::Timestamp>, now: Time) -> bool {
    time.is_some_and(|time| Time::from(time) <= now)
}
