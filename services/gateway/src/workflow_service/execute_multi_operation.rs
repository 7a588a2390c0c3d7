//! ExecuteMultiOperation: a start and an update that take effect together.

use klamm_backend::{Backend, Reply, UpdateProgress, UpdateStage, UpdateStatus};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    ExecuteMultiOperationRequest, ExecuteMultiOperationResponse, StartWorkflowExecutionResponse,
    execute_multi_operation_response::{Response, response},
};
use klamm_requests::{
    Fault, Result,
    calls::update_with_start::{self, Both},
};
use klamm_workflow::{
    Answer,
    answer::{Started, UpdatedWithStart},
};

use super::{
    answered_links,
    update_workflow::{self, Waiting},
};
use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

/// What the caller is told of an update whose run has closed before the workflow accepted it.
const CLOSED: &str = "workflow update was aborted by closing workflow";

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: ExecuteMultiOperationRequest,
) -> Result<ExecuteMultiOperationResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;
    let (start, update) = update_with_start::operations(request)?;
    let both = update_with_start::command(start, update, &gateway.terms(namespace)).map_err(|faults| failed(*faults))?;
    let name = namespace.name.clone();
    drop(namespaces);

    let Both { command, update_id, request_id, until_completed } = both;
    let waiting = Waiting::begin(&call, &gateway.config, if until_completed { UpdateStage::Completed } else { UpdateStage::Accepted });
    let mut is_repeated = false;
    loop {
        let (reply, status) = gateway.submit_update(command.clone(), &update_id, waiting.wait).await?;
        let (started, was_completed) = started(reply)?;
        let status = status.and_then(|status| waiting.check(&status).map(|()| status));
        match status {
            Ok(UpdateStatus { progress: UpdateProgress::Continued, .. }) => {
                // The run has continued as another one, which is asked now.
            }
            Ok(status) => {
                let mut update = update_workflow::response(&name, status, update_id, request_id);
                let mut start = start_response(&name, &command.workflow_id, started);
                if was_completed {
                    // As Temporal (multioperation/api.go): only what this request has caused is linked.
                    (start.link, update.link) = (None, None);
                }
                return Ok(responses(start, update));
            }
            // A run that closes does not keep the caller from what it wants: it may start another.
            Err(Fault::NotFound(message)) if message == CLOSED && !started.started => {
                if is_repeated {
                    return Err(failed([Fault::aborted(), Fault::Aborted(message)]));
                }
                is_repeated = true;
            }
            Err(fault) if started.started => return Err(Fault::MultiOperation(vec![None, Some(fault)])),
            Err(fault) => return Err(failed([Fault::aborted(), fault])),
        }
    }
}

/// The run that has the update, and whether the update was completed before.
fn started(reply: Reply) -> Result<(Started, bool)> {
    let Reply::Workflow(Answer::UpdatedWithStart(answer)) = reply else { return Err(unexpected_answer()) };
    match *answer {
        UpdatedWithStart::Done { started, was_completed, .. } => Ok((started, was_completed)),
        UpdatedWithStart::StartRefused(rejection) => Err(failed([rejection.into(), Fault::aborted()])),
        UpdatedWithStart::UpdateRefused(rejection) => Err(failed([Fault::aborted(), rejection.into()])),
        UpdatedWithStart::NotStarted => Err(failed([Fault::Unavailable("Workflow was not started: 3".to_owned()), Fault::aborted()])),
    }
}

fn failed(operations: [Fault; 2]) -> Fault {
    Fault::MultiOperation(operations.into_iter().map(Some).collect())
}

fn start_response(namespace: &str, workflow_id: &str, started: Started) -> StartWorkflowExecutionResponse {
    StartWorkflowExecutionResponse {
        link: Some(answered_links::started(namespace, workflow_id.to_owned(), started.run_id.clone())),
        run_id: started.run_id,
        first_execution_run_id: started.first_execution_run_id,
        started: started.started,
        status: started.status as i32,
        eager_workflow_task: None,
    }
}

fn responses(
    start: StartWorkflowExecutionResponse,
    update: klamm_messages::temporal::workflowservice::v1::UpdateWorkflowExecutionResponse,
) -> ExecuteMultiOperationResponse {
    let responses = [response::Response::StartWorkflow(start), response::Response::UpdateWorkflow(update)];
    ExecuteMultiOperationResponse { responses: responses.into_iter().map(|response| Response { response: Some(response) }).collect() }
}
