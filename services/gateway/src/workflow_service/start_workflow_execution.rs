//! StartWorkflowExecution: a new run of a workflow id.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::{
    klamm::v1::command::Body,
    temporal::workflowservice::v1::{StartWorkflowExecutionRequest, StartWorkflowExecutionResponse},
};
use klamm_requests::{Result, calls::start_workflow};
use klamm_workflow::{Answer, tables::RunKey};

use super::{answered_links, poll_workflow_task};
use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: StartWorkflowExecutionRequest,
) -> Result<StartWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;
    let attaches = request.on_conflict_options.as_ref().is_some_and(|options| options.attach_request_id);
    let command = start_workflow::command(request, &gateway.terms(namespace))?;
    let namespace = namespace.name.clone();
    drop(namespaces);

    let workflow_id = command.workflow_id.clone();
    // A start that finds an open run may attach its request id to that run. Then the link leads to the event that did so.
    let attached = match &command.body {
        Some(Body::StartWorkflow(start)) if attaches => start.request.as_ref().map(|request| request.request_id.clone()),
        _ => None,
    };
    let Answer::Started(started) = gateway.submit(&call, command).await? else {
        return Err(unexpected_answer());
    };
    let link = match attached.filter(|_| !started.started) {
        Some(request_id) => answered_links::attached(&namespace, workflow_id.clone(), started.run_id.clone(), request_id),
        None => answered_links::started(&namespace, workflow_id.clone(), started.run_id.clone()),
    };
    let eager_workflow_task = match started.eager_workflow_task {
        Some(task) => {
            let run = RunKey::new(&namespace, &workflow_id, &started.run_id);
            Some(poll_workflow_task::workflow_task(&*gateway.backend, &run, *task, gateway.limits_of(&namespace)).await?)
        }
        None => None,
    };
    Ok(StartWorkflowExecutionResponse {
        link: Some(link),
        run_id: started.run_id,
        first_execution_run_id: started.first_execution_run_id,
        started: started.started,
        status: started.status as i32,
        eager_workflow_task,
    })
}
