//! ResetWorkflowExecution: a new run begins with the first events of another one.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::{
    klamm::v1::ResetPhase,
    temporal::workflowservice::v1::{ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse},
};
use klamm_requests::{Fault, Result, calls::reset_workflow};
use klamm_workflow::{Answer, tables::RunKey};

use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

/// Answers when the new run has taken its place. A long history is copied by several commands, so this may take a moment. A caller that gives
/// up before gets the same run by the same request.
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: ResetWorkflowExecutionRequest,
) -> Result<ResetWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let command = reset_workflow::command(request, &gateway.terms(namespace))?;
    let (namespace, workflow_id) = (command.namespace.clone(), command.workflow_id.clone());
    let Answer::Reset { run_id, is_done } = gateway.submit(&call, command).await? else { return Err(unexpected_answer()) };
    if !is_done {
        wait(gateway, &call, &RunKey::new(namespace, workflow_id, &run_id)).await?;
    }
    Ok(ResetWorkflowExecutionResponse { run_id })
}

/// Waits until the run has taken its place.
async fn wait<B: Backend, V: VisibilityQueries>(gateway: &Gateway<B, V>, call: &Call, run: &RunKey) -> Result<()> {
    let config = &gateway.config;
    let deadline = call.deadline_within(config.history_long_poll, config.long_poll_tail_room);
    let mut awaited = 0;
    loop {
        let snapshot = gateway.backend.wait_for_event(run, awaited, deadline).await?;
        // The base run was deleted meanwhile.
        let Some(snapshot) = snapshot else { return Err(Fault::not_found("workflow execution not found")) };
        if snapshot.state.reset.as_ref().is_some_and(|reset| reset.phase() == ResetPhase::Done) {
            return Ok(());
        }
        if snapshot.state.next_event_id <= awaited {
            return Err(Fault::Unavailable("The reset goes on. The same request tells its result.".to_owned()));
        }
        awaited = snapshot.state.next_event_id;
    }
}
