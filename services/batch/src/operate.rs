//! What an operation does to one execution.

use klamm_api::workflowservice::v1::{
    DeleteWorkflowExecutionRequest, RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest, StartBatchOperationRequest,
    TerminateWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest, start_batch_operation_request::Operation,
    workflow_service_server::WorkflowService,
};
use klamm_messages::temporal::common::v1::WorkflowExecution;
use tonic::{Code, Status};

use crate::{
    activities,
    calls::{IDENTITY, call, request_id},
    pace::Pace,
    reset,
};

/// Most attempts at one execution.
const ATTEMPTS_MAX: usize = 50;

/// Deals with one execution.
///
/// # Errors
/// Why it was given up.
pub(crate) async fn on<S: WorkflowService>(
    service: &S,
    request: &StartBatchOperationRequest,
    execution: &WorkflowExecution,
    pace: &Pace,
) -> Result<(), Status> {
    let mut attempts = 0;
    loop {
        pace.turn().await;
        attempts += 1;
        match once(service, request, execution).await {
            // It has closed, or is gone: nothing is to be done.
            Err(status) if status.code() == Code::NotFound => return Ok(()),
            Err(status) if may_pass(status.code()) && attempts < ATTEMPTS_MAX => {}
            result => return result,
        }
    }
}

/// Whether the same call may succeed later. (Temporal repeats the others, too, in vain.)
fn may_pass(code: Code) -> bool {
    !matches!(code, Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists | Code::PermissionDenied | Code::Unimplemented)
}

async fn once<S: WorkflowService>(service: &S, request: &StartBatchOperationRequest, execution: &WorkflowExecution) -> Result<(), Status> {
    let namespace = request.namespace.clone();
    let workflow_execution = Some(execution.clone());
    match &request.operation {
        // As in Temporal, the operation's details and headers are not passed on.
        Some(Operation::TerminationOperation(_)) => {
            let terminate = TerminateWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                reason: request.reason.clone(),
                identity: IDENTITY.to_owned(),
                ..TerminateWorkflowExecutionRequest::default()
            };
            service.terminate_workflow_execution(call(terminate)).await.map(drop)
        }
        Some(Operation::CancellationOperation(_)) => {
            let cancel = RequestCancelWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                identity: IDENTITY.to_owned(),
                request_id: request_id(request, "cancel", execution, ""),
                ..RequestCancelWorkflowExecutionRequest::default()
            };
            service.request_cancel_workflow_execution(call(cancel)).await.map(drop)
        }
        Some(Operation::SignalOperation(operation)) => {
            let signal = SignalWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                signal_name: operation.signal.clone(),
                input: operation.input.clone(),
                identity: operation.identity.clone(),
                request_id: request_id(request, "signal", execution, &operation.signal),
                ..SignalWorkflowExecutionRequest::default()
            };
            service.signal_workflow_execution(call(signal)).await.map(drop)
        }
        Some(Operation::DeletionOperation(_)) => {
            service.delete_workflow_execution(call(DeleteWorkflowExecutionRequest { namespace, workflow_execution })).await.map(drop)
        }
        Some(Operation::UpdateWorkflowOptionsOperation(operation)) => {
            let update = UpdateWorkflowExecutionOptionsRequest {
                namespace,
                workflow_execution,
                workflow_execution_options: operation.workflow_execution_options.clone(),
                update_mask: operation.update_mask.clone(),
                identity: operation.identity.clone(),
            };
            service.update_workflow_execution_options(call(update)).await.map(drop)
        }
        Some(Operation::ResetOperation(operation)) => reset::reset(service, request, execution, operation).await,
        Some(Operation::UnpauseActivitiesOperation(operation)) => activities::unpause(service, namespace, execution, operation).await,
        Some(Operation::ResetActivitiesOperation(operation)) => activities::reset(service, namespace, execution, operation).await,
        Some(Operation::UpdateActivityOptionsOperation(operation)) => activities::update(service, namespace, execution, operation).await,
        _ => Err(Status::unimplemented("This batch operation is not built.")),
    }
}
