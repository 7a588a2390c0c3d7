//! The target's side: the command is decided as if a client had sent it, and the asking run is told what came of it.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{AskedBy, Command, ExternalAnswered, ExternalOutcome, RunState, command::Body},
    temporal::common::v1::WorkflowExecution,
};

use crate::{Answer, Workflow};

/// The error when only a child is meant, and the target is no child of the asking run.
const OTHER_PARENT: &str = "workflow parent does not match";
/// Why a workflow cannot signal or cancel itself. Nobody sees this text.
const ITSELF: &str = "a workflow does not ask itself";

/// Runs `decide` for a command that a run has sent, and tells that run what came of it.
///
/// # Errors
/// None of `decide`'s. The run is told of a rejection, and the command leaves nothing else: a rejected command would tell nobody.
pub(crate) fn answer(
    tx: &mut Tx<'_, Workflow>,
    command: &Command,
    asked_by: &AskedBy,
    decide: impl FnOnce(&mut Tx<'_, Workflow>) -> Decision<Answer>,
) -> Decision<Answer> {
    let decided = if asked_by.workflow_id == command.workflow_id {
        // Even another run of its own workflow id counts as itself.
        Err(Rejection::not_found(ITSELF))
    } else {
        tx.attempt(decide)
    };
    let (answer, outcome) = match decided {
        Ok(Outcome::Answer(answer)) => (answer, ExternalOutcome::Done),
        Ok(Outcome::Refused(rejection)) | Err(rejection) => (Answer::Empty, outcome(&rejection)),
    };
    tx.send(Command {
        version: 1,
        namespace: command.namespace.clone(),
        workflow_id: asked_by.workflow_id.clone(),
        settings: command.settings.clone(),
        body: Some(Body::ExternalAnswered(ExternalAnswered { asked_by: Some(asked_by.clone()), outcome: outcome as i32 })),
        ..Command::default()
    });
    Ok(Outcome::Answer(answer))
}

/// Checks that the run is a child of the run that asks, if only a child is meant.
///
/// # Errors
/// NotFound when it is not.
pub(crate) fn check_parent(state: &RunState, asked_by: Option<&AskedBy>) -> Result<(), Rejection> {
    let Some(asked_by) = asked_by.filter(|asked_by| asked_by.child_workflow_only) else { return Ok(()) };
    let parent = state.started.as_ref().and_then(|started| started.parent_workflow_execution.as_ref());
    let is_parent = |parent: &WorkflowExecution| parent.workflow_id == asked_by.workflow_id && parent.run_id == asked_by.run_id;
    if parent.is_some_and(is_parent) { Ok(()) } else { Err(Rejection::not_found(OTHER_PARENT)) }
}

/// The run that asks, as the target's event names it.
pub(crate) fn asking_execution(asked_by: Option<&AskedBy>) -> Option<WorkflowExecution> {
    asked_by.map(|asked_by| WorkflowExecution { workflow_id: asked_by.workflow_id.clone(), run_id: asked_by.run_id.clone() })
}

/// What the asking run is told of a rejection.
fn outcome(rejection: &Rejection) -> ExternalOutcome {
    match rejection {
        Rejection::NotFound(_) => ExternalOutcome::NotFound,
        Rejection::InvalidArgument(_) => ExternalOutcome::Refused,
        _ => ExternalOutcome::Busy,
    }
}
