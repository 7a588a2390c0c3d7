//! RespondWorkflowTaskCompleted: a worker's commands, and its answers to the queries that rode on the task.

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::{CompleteWorkflowTask, command::Body},
    temporal::{
        command::v1::{Command, command::Attributes},
        enums::v1::QueryResultType,
        query::v1::WorkflowQueryResult,
        workflowservice::v1::{RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse},
    },
};
use klamm_processor::{Backend, backend::ActivityTask};
use klamm_workflow::{Answer, tables::RunKey};

use super::{poll_activity_task, poll_workflow_task};
use crate::{
    call::Call,
    config::Limits,
    errors::{Fault, Result},
    gateway::{Gateway, unexpected_answer},
    settings::WorkflowCommand,
    tokens, validate,
    visibility::VisibilityQueries,
};

/// Request id of the start of a task that the answer brings along.
const NEXT_TASK_REQUEST_ID: &str = "request-from-RespondWorkflowTaskCompleted";

#[allow(deprecated, reason = "versions as workers still send them")]
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: RespondWorkflowTaskCompletedRequest,
) -> Result<RespondWorkflowTaskCompletedResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_workflow_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    validate::ids::identity(&request.identity, limits)?;
    let stamp = request.worker_version_stamp.as_ref();
    validate::worker_version::check(
        stamp.map_or("", |stamp| stamp.build_id.as_str()),
        stamp.is_some_and(|stamp| stamp.use_versioning),
        request.deployment_options.as_ref(),
        request.sticky_attributes.as_ref().and_then(|sticky| sticky.worker_task_queue.as_ref()),
        limits,
    )?;
    if !token.query_id.is_empty() {
        return Err(Fault::invalid("Invalid TaskToken."));
    }
    if request.intermediate_page || request.page_number > 0 {
        return Err(Fault::not_built("A workflow task completion in several pages"));
    }

    // Answers to queries never touch the log.
    let results = query_results(std::mem::take(&mut request.query_results), limits);
    validate::canonical::completion(&mut request);
    validate::search_attributes::type_commands(&mut request.commands, namespace);
    // Both are in the decoded token.
    request.task_token.clear();
    request.namespace.clear();

    let run = RunKey::new(&token.namespace, &token.workflow_id, &token.run_id);
    let command = WorkflowCommand {
        namespace,
        workflow_id: token.workflow_id.clone(),
        identity: request.identity.clone(),
        request_id: String::new(),
        may_upsert: request.commands.iter().any(may_upsert),
        body: Body::CompleteWorkflowTask(CompleteWorkflowTask {
            token: Some(token),
            request: Some(request),
            poll_id: NEXT_TASK_REQUEST_ID.to_owned(),
        }),
    };
    let Answer::WorkflowTaskCompleted { new_workflow_task, activity_tasks } = gateway.submit(&call, command).await? else {
        return Err(unexpected_answer());
    };
    gateway.backend.complete_queries(&run, results);
    let workflow_task = match new_workflow_task {
        Some(task) => Some(poll_workflow_task::workflow_task(&gateway.backend, &run, *task, limits).await?),
        None => None,
    };
    let activity_tasks =
        activity_tasks.into_iter().map(|task| poll_activity_task::compose(ActivityTask { run: run.clone(), task })).collect();
    Ok(RespondWorkflowTaskCompletedResponse { workflow_task, activity_tasks, ..RespondWorkflowTaskCompletedResponse::default() })
}

/// Commands that carry search attributes.
fn may_upsert(command: &Command) -> bool {
    matches!(
        command.attributes,
        Some(
            Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_)
                | Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_)
                | Attributes::StartChildWorkflowExecutionCommandAttributes(_)
        )
    )
}

/// The results by query id, in order; one that is too large becomes a failed one.
fn query_results(results: impl IntoIterator<Item = (String, WorkflowQueryResult)>, limits: &Limits) -> Vec<(String, WorkflowQueryResult)> {
    let by_id: BTreeMap<_, _> = results.into_iter().collect();
    by_id
        .into_iter()
        .map(|(id, result)| if validate::sizes::blob_exceeds(result.answer.as_ref(), limits) { (id, too_large()) } else { (id, result) })
        .collect()
}

/// What the asker of a query gets whose answer is too large.
pub(super) fn too_large() -> WorkflowQueryResult {
    WorkflowQueryResult {
        result_type: QueryResultType::Failed as i32,
        error_message: "Blob data size exceeds limit.".to_owned(),
        ..WorkflowQueryResult::default()
    }
}
