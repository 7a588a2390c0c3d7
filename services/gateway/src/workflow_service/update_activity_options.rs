//! UpdateActivityOptions and UpdateActivityExecutionOptions: other options for activities of a workflow.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    UpdateActivityExecutionOptionsRequest, UpdateActivityExecutionOptionsResponse, UpdateActivityOptionsRequest,
    UpdateActivityOptionsResponse,
};
use klamm_requests::{Result, calls::update_activity_options};
use klamm_workflow::Answer;

use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateActivityOptionsRequest,
) -> Result<UpdateActivityOptionsResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    match gateway.submit(&call, update_activity_options::command(request, &gateway.terms(namespace))?).await? {
        Answer::ActivityOptions(options) => Ok(UpdateActivityOptionsResponse { activity_options: Some(*options) }),
        _ => Err(unexpected_answer()),
    }
}

pub(super) async fn handle_execution<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateActivityExecutionOptionsRequest,
) -> Result<UpdateActivityExecutionOptionsResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    match gateway.submit(&call, update_activity_options::command_of_execution(request, &gateway.terms(namespace))?).await? {
        Answer::ActivityOptions(options) => Ok(UpdateActivityExecutionOptionsResponse { activity_options: Some(*options) }),
        _ => Err(unexpected_answer()),
    }
}
