//! The new run takes its place: the newest run is terminated, and this one becomes the newest.

use klamm_machine::time;
use klamm_messages::klamm::v1::{CommandSettings, ExecutionState, ResetBase, ResetPhase, ResetState, RunState, history_record::Record};

use super::{budget::Budget, fork, reapply};
use crate::{
    askers::Asker,
    callback,
    decide::{locate, update_workflow_options},
    external,
    run::{Run, first_run_id, is_open},
    tables::{RunKey, Runs},
};

/// Identity under which a reset terminates the newest run.
const IDENTITY: &str = "history-resetter";

/// Finishes the run. All events of the source have been looked at.
pub(super) fn finish(run: &mut Run<'_, '_>, mut reset: ResetState, settings: &CommandSettings) {
    let askers = terminate_newest(run, &reset, settings);
    // What waited for the workflow task of the terminated run has been appended there.
    reapply::reapply(run, &mut reset, &mut Budget::unlimited());
    link_base(run, &reset);
    take_place(run, reset, askers, settings);
}

/// Terminates the newest run, if it is open. Gives those who wait for the end of its chain, where that is this run's chain: they go on
/// waiting.
fn terminate_newest(run: &mut Run<'_, '_>, reset: &ResetState, settings: &CommandSettings) -> Vec<Asker> {
    let (namespace, workflow_id) = (&run.key.namespace, &run.key.workflow_id);
    let Some(newest) = locate::current(run.tx, namespace, workflow_id) else { return Vec::new() };
    let Some(state) = run.tx.get::<Runs>(&newest).filter(|state| is_open(state)) else { return Vec::new() };
    let is_of_the_chain = first_run_id(&state) == first_run_id(&run.state());
    let mut newest = Run::new(run.tx, newest);
    // What waits may attach callbacks, and these are not called either.
    newest.force_end_workflow_task();
    callback::stay(&mut newest);
    if is_of_the_chain {
        let askers = state.execution.as_ref().map(Asker::of_run).unwrap_or_default();
        newest.terminate_untold(&reset.reason, IDENTITY, settings);
        askers
    } else {
        newest.terminate(&reset.reason, None, IDENTITY, settings);
        Vec::new()
    }
}

/// The base says which run was made of it.
fn link_base(run: &mut Run<'_, '_>, reset: &ResetState) {
    let run_id = run.key.run_id.clone();
    let base = RunKey::new(&run.key.namespace, &run.key.workflow_id, &reset.base_run_id);
    let mut base = Run::new(run.tx, base);
    base.record(Record::ResetBase(ResetBase { reset_run_id: run_id, ..ResetBase::default() }));
}

fn take_place(run: &mut Run<'_, '_>, reset: ResetState, askers: Vec<Asker>, settings: &CommandSettings) {
    let now = run.now();
    let state = run.state();
    let base = RunKey::new(&run.key.namespace, &run.key.workflow_id, &reset.base_run_id);
    let of_base = run.tx.get::<Runs>(&base).and_then(|base| base.execution.clone()).unwrap_or_default();
    let (run_timeout, execution_timeout) = timeouts(&state);
    let execution_expiration = execution_timeout.map(|timeout| now.after(timeout));
    let run_expiration = run_timeout.map(|timeout| now.after(timeout));
    let run_expiration = match (run_expiration, execution_expiration) {
        (Some(run), Some(execution)) => Some(run.min(execution)),
        (run, _) => run,
    };
    let mut execution = ExecutionState {
        // The request ids that later events have attached stay.
        request_ids: state.execution.as_ref().map(|execution| execution.request_ids.clone()).unwrap_or_default(),
        start_request_id: of_base.start_request_id,
        retention: settings.retention.or(of_base.retention),
        ..ExecutionState::default()
    };
    if !execution.start_request_id.is_empty() && !execution.request_ids.contains(&execution.start_request_id) {
        execution.request_ids.insert(0, execution.start_request_id.clone());
    }
    for asker in askers {
        asker.note(&mut execution);
    }
    drop(state);
    let operations = reset.operations.clone();
    run.record(Record::Execution(execution));
    run.record(Record::Reset(ResetState {
        phase: ResetPhase::Done as i32,
        step: reset.step + 1,
        time: Some(now.into()),
        run_expiration_time: run_expiration.map(Into::into),
        execution_expiration_time: execution_expiration.map(Into::into),
        operations: Vec::new(),
        ..reset
    }));
    fork::begin_activities(run);
    external::send_since(run, 0, settings);
    for operation in operations {
        // The options were checked when the reset was asked for.
        let _ = update_workflow_options::put_into_force(run, &operation, "");
    }
    run.schedule_workflow_task();
    run.publish_visibility();
}

/// Time-outs of the run and of its whole chain.
fn timeouts(state: &RunState) -> (Option<std::time::Duration>, Option<std::time::Duration>) {
    let started = state.started.as_ref();
    (
        started.and_then(|started| time::duration_or_none(started.workflow_run_timeout.as_ref())),
        started.and_then(|started| time::duration_or_none(started.workflow_execution_timeout.as_ref())),
    )
}
