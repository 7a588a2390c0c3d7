//! SignalWithStartWorkflowExecution: signals the open run, or starts one and signals it, in one step.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::{
    klamm::v1::command::Body,
    temporal::workflowservice::v1::{SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse},
};
use klamm_requests::{Result, calls::signal_with_start_workflow};
use klamm_workflow::Answer;

use super::answered_links;
use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: SignalWithStartWorkflowExecutionRequest,
) -> Result<SignalWithStartWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;
    let command = signal_with_start_workflow::command(request, &gateway.terms(namespace))?;
    let workflow_id = command.workflow_id.clone();
    // When the caller gave no request id, one has been made up.
    let request_id = match &command.body {
        Some(Body::SignalWithStartWorkflow(start)) => start.request.as_ref().map(|request| request.request_id.clone()),
        _ => None,
    };
    let Answer::Started(started) = gateway.submit(&call, command).await? else {
        return Err(unexpected_answer());
    };
    let (run_id, request_id) = (started.run_id.clone(), request_id.unwrap_or_default());
    Ok(SignalWithStartWorkflowExecutionResponse {
        signal_link: Some(answered_links::signaled(&namespace.name, workflow_id, run_id, request_id)),
        run_id: started.run_id,
        first_execution_run_id: started.first_execution_run_id,
        started: started.started,
    })
}
