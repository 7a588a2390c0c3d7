//! SignalWorkflowExecution: a signal for an open run.

use klamm_messages::{
    klamm::v1::{SignalWorkflow, command::Body},
    temporal::workflowservice::v1::{SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse},
};
use klamm_processor::Backend;
use klamm_workflow::Answer;

use super::answered_links;
use crate::{
    call::Call,
    errors::{Fault, Result},
    gateway::{Gateway, unexpected_answer},
    settings::WorkflowCommand,
    validate,
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: SignalWorkflowExecutionRequest,
) -> Result<SignalWorkflowExecutionResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let workflow_id = validate::execution::execution(request.workflow_execution.as_ref())?.workflow_id.clone();
    if request.signal_name.is_empty() {
        return Err(Fault::invalid("SignalName is not set on request."));
    }
    validate::ids::at_most(&request.signal_name, limits, "SignalName length exceeds limit.")?;
    validate::ids::at_most(&request.request_id, limits, "RequestId length exceeds limit.")?;
    validate::links::check(&request.links, limits)?;
    validate::sizes::blob(request.input.as_ref(), limits)?;

    validate::canonical::links(&mut request.links);
    // None is made up where the client gave none: it would stand on the event.
    let request_id = request.request_id.clone();
    let answer = gateway
        .submit(
            &call,
            WorkflowCommand {
                namespace,
                workflow_id: workflow_id.clone(),
                identity: request.identity.clone(),
                request_id: String::new(),
                body: Body::SignalWorkflow(SignalWorkflow { request: Some(request) }),
                may_upsert: false,
            },
        )
        .await?;
    let Answer::Signaled { run_id } = answer else {
        return Err(unexpected_answer());
    };
    Ok(SignalWorkflowExecutionResponse { link: Some(answered_links::signaled(&namespace.name, workflow_id, run_id, request_id)) })
}
