//! SignalWorkflowExecution: a signal for an open run.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse};
use klamm_requests::{Result, calls::signal_workflow};
use klamm_workflow::Answer;

use super::answered_links;
use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: SignalWorkflowExecutionRequest,
) -> Result<SignalWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let request_id = request.request_id.clone();
    let command = signal_workflow::command(request, &gateway.terms(namespace))?;
    let workflow_id = command.workflow_id.clone();
    let Answer::Signaled { run_id } = gateway.submit(&call, command).await? else {
        return Err(unexpected_answer());
    };
    Ok(SignalWorkflowExecutionResponse { link: Some(answered_links::signaled(&namespace.name, workflow_id, run_id, request_id)) })
}
