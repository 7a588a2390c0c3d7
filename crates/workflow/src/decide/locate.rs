//! Finds the run that a command means.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, RunState},
    temporal::common::v1::WorkflowExecution,
};

use crate::{
    Workflow,
    run::{Run, first_run_id, is_being_built},
    tables::{RunKey, Runs, Workflows},
};

/// The error for a caller who wants to change a run that has closed.
pub(crate) const COMPLETED: &str = "workflow execution already completed";
/// The error when the chain that the caller names is not the one that holds the workflow id.
const OTHER_CHAIN: &str = "workflow execution not found";

/// Key of the newest run of a workflow id.
pub(crate) fn current(tx: &Tx<'_, Workflow>, namespace: &str, workflow_id: &str) -> Option<RunKey> {
    let row = tx.get::<Workflows>(&(namespace.to_owned(), workflow_id.to_owned()))?;
    Some(RunKey::new(namespace, workflow_id, row.current_run_id.clone()))
}

/// The run that `execution` names, or the newest one of the workflow id.
///
/// # Errors
/// NotFound when there is no such run.
pub(crate) fn run<'t, 'a>(
    tx: &'t mut Tx<'a, Workflow>,
    command: &Command,
    execution: Option<&WorkflowExecution>,
) -> Result<Run<'t, 'a>, Rejection> {
    let run_id = execution.map_or("", |execution| execution.run_id.as_str());
    let key = if run_id.is_empty() {
        current(tx, &command.namespace, &command.workflow_id).ok_or_else(|| unknown_id(&command.workflow_id))?
    } else {
        RunKey::new(&command.namespace, &command.workflow_id, run_id)
    };
    if tx.get::<Runs>(&key).is_none_or(|state| state.started.is_none() || is_being_built(&state)) {
        return Err(unknown(&key));
    }
    Ok(Run::new(tx, key))
}

/// As [`run`], except when the caller names a chain by its first run: then the newest run of the workflow id is meant, and [`check_chain`]
/// says whether it is of that chain.
///
/// # Errors
/// NotFound when there is no such run.
pub(crate) fn run_of_chain<'t, 'a>(
    tx: &'t mut Tx<'a, Workflow>,
    command: &Command,
    execution: Option<&WorkflowExecution>,
    first_execution_run_id: &str,
) -> Result<Run<'t, 'a>, Rejection> {
    run(tx, command, execution.filter(|_| first_execution_run_id.is_empty()))
}

/// Checks that the run is of the chain that the caller named, if it named one.
///
/// # Errors
/// NotFound when the run is of another chain.
pub(crate) fn check_chain(state: &RunState, first_execution_run_id: &str) -> Result<(), Rejection> {
    if first_execution_run_id.is_empty() || first_run_id(state) == first_execution_run_id {
        Ok(())
    } else {
        Err(Rejection::not_found(OTHER_CHAIN))
    }
}

/// The settings that the command carries; all of them unset where it carries none.
pub(crate) fn settings(command: &Command) -> CommandSettings {
    command.settings.clone().unwrap_or_default()
}

/// The error about a run that is not open.
pub(crate) fn closed_or_unknown(state: &RunState, key: &RunKey) -> Rejection {
    if state.started.is_some() { Rejection::not_found(COMPLETED) } else { unknown(key) }
}

/// The error when no run of this workflow id is known.
fn unknown_id(workflow_id: &str) -> Rejection {
    Rejection::not_found(format!("workflow not found for ID: {workflow_id}"))
}

/// The error when this run is not known.
fn unknown(key: &RunKey) -> Rejection {
    Rejection::not_found(format!("workflow execution not found for workflow ID {:?} and run ID {:?}", key.workflow_id, key.run_id))
}
