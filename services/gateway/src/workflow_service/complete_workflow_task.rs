//! RespondWorkflowTaskCompleted: takes a worker's commands, and its answers to the queries that rode on the task.

use klamm_backend::{ActivityTask, Backend};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
};
use klamm_requests::{
    Result,
    calls::complete_workflow_task::{self, Completion},
    namespaces, tokens,
};
use klamm_workflow::{Answer, tables::RunKey};

use super::{poll_activity_task, poll_workflow_task};
use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondWorkflowTaskCompletedRequest,
) -> Result<RespondWorkflowTaskCompletedResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_workflow_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    for target in complete_workflow_task::target_namespaces(&request) {
        namespaces::target(&namespaces, target, &gateway.config.limits)?;
    }
    let run = RunKey::new(&token.namespace, &token.workflow_id, &token.run_id);
    let Completion { command, query_results } = complete_workflow_task::command(request, token, &gateway.terms(namespace))?;

    let answer = gateway.submit(&call, command).await?;
    let Answer::WorkflowTaskCompleted { new_workflow_task, activity_tasks, reset_history_event_id } = answer else {
        return Err(unexpected_answer());
    };
    gateway.backend.complete_queries(&run, query_results);
    let workflow_task = match new_workflow_task {
        Some(task) => {
            let queries = gateway.backend.carry_queries(&run, &task);
            let task = poll_workflow_task::workflow_task(&*gateway.backend, &run, *task, gateway.limits_of(&namespace.name)).await?;
            Some(PollWorkflowTaskQueueResponse { queries: queries.into_iter().collect(), ..task })
        }
        None => None,
    };
    let activity_tasks =
        activity_tasks.into_iter().map(|task| poll_activity_task::compose(ActivityTask { run: run.clone(), task })).collect();
    let reset_history_event_id = reset_history_event_id.unwrap_or_default();
    Ok(RespondWorkflowTaskCompletedResponse { workflow_task, activity_tasks, reset_history_event_id })
}
