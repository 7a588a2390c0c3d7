//! RespondWorkflowTaskCompleted: a worker's commands, and its answers to the queries that rode on the task.

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::{Command, CompleteWorkflowTask, WorkflowTaskToken, command::Body},
    temporal::{
        command::v1::{Command as WorkerCommand, command::Attributes},
        enums::v1::{CommandType, QueryResultType},
        query::v1::WorkflowQueryResult,
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};

use prost::Message;

use crate::{
    fault::{Fault, Result},
    limits::Limits,
    terms::Terms,
    validate, warnings,
};

/// Request id of the start of the next task, if the answer to a completion carries that task.
const NEXT_TASK_REQUEST_ID: &str = "request-from-RespondWorkflowTaskCompleted";

/// A completion, taken apart.
#[derive(Debug)]
pub struct Completion {
    /// For the log.
    pub command: Command,
    /// Answers to queries by id, in order. They never touch the log.
    pub query_results: Vec<(String, WorkflowQueryResult)>,
}

/// The command of a completion with this token.
///
/// # Errors
/// What Temporal says of the first fault.
#[allow(deprecated, reason = "versions as workers still send them")]
pub fn command(mut request: RespondWorkflowTaskCompletedRequest, token: WorkflowTaskToken, terms: &Terms<'_>) -> Result<Completion> {
    let limits = terms.limits;
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

    let query_results = query_results(std::mem::take(&mut request.query_results), limits);
    validate::canonical::completion(&mut request);
    validate::search_attributes::type_commands(&mut request.commands, terms.namespace);
    // The machine looks at each field. A command as a whole says well enough whether one of them is large.
    request.commands.iter().for_each(|command| warnings::above("blob_bytes", command.encoded_len(), limits.blob_warn_bytes));
    // The decoded token has both, so the record does not need them again.
    request.task_token.clear();
    request.namespace.clear();

    let (workflow_id, identity) = (token.workflow_id.clone(), request.identity.clone());
    let may_upsert = request.commands.iter().any(may_upsert);
    let may_complete = request.commands.iter().any(|command| command.command_type() == CommandType::CompleteWorkflowExecution);
    let tells_namespace = request.commands.iter().any(|command| target_namespace(command).is_some());
    let body = CompleteWorkflowTask { token: Some(token), request: Some(request), poll_id: NEXT_TASK_REQUEST_ID.to_owned() };
    let body = Body::CompleteWorkflowTask(body);
    let mut command =
        if may_upsert { terms.upserting_command(workflow_id, identity, body) } else { terms.workflow_command(workflow_id, identity, body) };
    if let Some(settings) = command.settings.as_mut().filter(|_| tells_namespace) {
        settings.namespace_id.clone_from(&terms.namespace.id);
    }
    if let Some(settings) = command.settings.as_mut().filter(|_| may_complete) {
        settings.outcome_only.clone_from(&limits.outcome_only);
    }
    Ok(Completion { command, query_results })
}

/// The namespaces that commands about other workflows name. One that does not exist is an error of the call: it does not fail the workflow
/// task (Temporal: service/history/api/respondworkflowtaskcompleted/workflow_task_completed_handler.go).
pub fn target_namespaces(request: &RespondWorkflowTaskCompletedRequest) -> impl Iterator<Item = &str> {
    request.commands.iter().filter_map(target_namespace).filter(|namespace| !namespace.is_empty())
}

/// The namespace that a command about another workflow names; empty where it means its own. `None` for other commands.
#[allow(deprecated, reason = "workers still name namespaces")]
fn target_namespace(command: &WorkerCommand) -> Option<&str> {
    match command.attributes.as_ref()? {
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(a) => Some(&a.namespace),
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a) => Some(&a.namespace),
        Attributes::StartChildWorkflowExecutionCommandAttributes(a) => Some(&a.namespace),
        _ => None,
    }
}

/// Whether the command can carry search attributes.
fn may_upsert(command: &WorkerCommand) -> bool {
    matches!(
        command.attributes,
        Some(
            Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_)
                | Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_)
                | Attributes::StartChildWorkflowExecutionCommandAttributes(_)
        )
    )
}

/// The results in the order of their query ids. A result that is too large becomes a failure.
fn query_results(results: impl IntoIterator<Item = (String, WorkflowQueryResult)>, limits: &Limits) -> Vec<(String, WorkflowQueryResult)> {
    let by_id: BTreeMap<_, _> = results.into_iter().collect();
    by_id
        .into_iter()
        .map(|(id, mut result)| {
            validate::canonical::failure(result.failure.as_mut());
            if validate::sizes::blob_exceeds(result.answer.as_ref(), limits) { (id, too_large()) } else { (id, result) }
        })
        .collect()
}

/// The result that the caller of a query gets when the answer is too large.
pub fn too_large() -> WorkflowQueryResult {
    WorkflowQueryResult {
        result_type: QueryResultType::Failed as i32,
        error_message: "Blob data size exceeds limit.".to_owned(),
        ..WorkflowQueryResult::default()
    }
}
