//! StartBatchOperation: a workflow of the server's own begins, which does something to many executions.
//!
//! Temporal: service/frontend/workflow_handler.go (StartBatchOperation), service/worker/batcher/workflow.go (ValidateBatchOperation).

use klamm_filters::Query;
use klamm_messages::{
    klamm::v1::{Command, StartWorkflow, command::Body},
    temporal::{
        batch::v1::{
            BatchOperationReset, batch_operation_reset_activities, batch_operation_unpause_activities,
            batch_operation_update_activity_options,
        },
        common::v1::{Memo, SearchAttributes, WorkflowType},
        enums::v1::{ExecutionType, ResetType, TaskQueueKind, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{StartBatchOperationRequest, StartWorkflowExecutionRequest, start_batch_operation_request::Operation},
    },
};
use klamm_search_attributes::NAMESPACE_DIVISION;

use crate::{
    batch::{self, Kind},
    fault::{Fault, Result},
    terms::Terms,
    validate::{self, start::Timeouts},
};

/// Said when something is missing that every operation needs.
const MISSING: &str = "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR TargetExecutions)";
/// Said when an operation about activities does not say which.
const WHICH_ACTIVITIES: &str = "Either activity type must be set, or match all should be set to true";

/// The start of the workflow. Its id is the job's.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: StartBatchOperationRequest, terms: &Terms<'_>) -> Result<Command> {
    let operation = check(&request)?;
    let kind = batch::kind_of(operation);
    if let Err(error) = Query::check_syntax(&request.visibility_query) {
        let error = error.trim_start_matches("malformed SQL query: ");
        return Err(Fault::invalid(format!("invalid visibility query: {error}")));
    }
    validate::ids::workflow_id(&request.job_id, terms.limits)?;
    let identity = batch::identity_of(operation).to_owned();
    let mut start = StartWorkflowExecutionRequest {
        namespace: request.namespace.clone(),
        workflow_id: request.job_id.clone(),
        workflow_type: Some(WorkflowType { name: batch::WORKFLOW_TYPE.to_owned() }),
        task_queue: Some(TaskQueue { name: batch::TASK_QUEUE.to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() }),
        input: Some(batch::input(&narrowed(&request, operation))),
        identity: identity.clone(),
        request_id: (terms.new_id)(),
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::Fail as i32,
        workflow_id_reuse_policy: WorkflowIdReusePolicy::RejectDuplicate as i32,
        memo: Some(memo(&request, kind)),
        search_attributes: Some(SearchAttributes {
            indexed_fields: [(NAMESPACE_DIVISION, batch::DIVISION), (batch::USER, identity.as_str())]
                .map(|(name, value)| (name.to_owned(), batch::keyword(value)))
                .into(),
        }),
        ..StartWorkflowExecutionRequest::default()
    };
    validate::sizes::blob(start.input.as_ref(), terms.limits)?;
    validate::sizes::memo(start.memo.as_ref(), terms.limits)?;
    Timeouts {
        execution: &mut start.workflow_execution_timeout,
        run: &mut start.workflow_run_timeout,
        task: &mut start.workflow_task_timeout,
    }
    .fill();
    let workflow_id = start.workflow_id.clone();
    let body = StartWorkflow { request: Some(start), run_id: (terms.new_id)(), ..StartWorkflow::default() };
    Ok(terms.workflow_command(workflow_id, identity, Body::StartWorkflow(Box::new(body))))
}

/// The request, about workflows alone that the operation can do something to. (Temporal: buildUnpauseActivityVisibilityQuery.)
fn narrowed(request: &StartBatchOperationRequest, operation: &Operation) -> StartBatchOperationRequest {
    let mut request = request.clone();
    if let Operation::UnpauseActivitiesOperation(unpause) = operation
        && let Some(batch_operation_unpause_activities::Activity::Type(name)) = &unpause.activity
        && !request.visibility_query.is_empty()
    {
        let name = name.replace('\\', "\\\\").replace('\'', "\\'");
        request.visibility_query = format!("TemporalPauseInfo = 'property:activityType={name}' AND ({})", request.visibility_query);
    }
    request
}

fn memo(request: &StartBatchOperationRequest, kind: Kind) -> Memo {
    let query = Some((batch::QUERY_MEMO, request.visibility_query.as_str())).filter(|(_, query)| !query.is_empty());
    let fields = [(batch::TYPE_MEMO, kind.name), (batch::REASON_MEMO, request.reason.as_str())].into_iter().chain(query);
    Memo { fields: fields.map(|(name, value)| (name.to_owned(), batch::json(&value))).collect() }
}

#[allow(deprecated, reason = "older clients name executions by the deprecated field")]
fn check(request: &StartBatchOperationRequest) -> Result<&Operation> {
    if let Some(operation) = &request.operation
        && let Operation::TerminateActivitiesOperation(_)
        | Operation::DeleteActivitiesOperation(_)
        | Operation::CancelActivitiesOperation(_) = operation
    {
        return Err(Fault::invalid(format!("The operation type {} is not supported for this namespace", go_type(operation))));
    }
    let selectors = [!request.visibility_query.is_empty(), !request.executions.is_empty(), !request.target_executions.is_empty()];
    let selectors = selectors.into_iter().filter(|is_set| *is_set).count();
    let Some(operation) =
        request.operation.as_ref().filter(|_| !request.reason.is_empty() && !request.namespace.is_empty() && selectors > 0)
    else {
        return Err(Fault::invalid(MISSING));
    };
    if request.job_id.is_empty() {
        return Err(Fault::invalid("JobId is not set on request."));
    }
    if selectors > 1 {
        return Err(Fault::invalid("visibility query, executions, and target executions are mutually exclusive"));
    }
    check_targets(request, operation)?;
    check_operation(operation).map_err(Fault::invalid)?;
    Ok(operation)
}

fn check_targets(request: &StartBatchOperationRequest, operation: &Operation) -> Result<()> {
    let expected = ExecutionType::Workflow as i32;
    let wrong = request.target_executions.iter().enumerate().find(|(_, target)| target.r#type != expected);
    match wrong {
        Some((at, target)) => Err(Fault::invalid(format!(
            "target_executions[{at}] has type {}, but operation {} requires {}",
            type_name(target.r#type),
            go_type(operation),
            type_name(expected),
        ))),
        None => Ok(()),
    }
}

/// The operation's type in Temporal's texts.
fn go_type(operation: &Operation) -> String {
    format!("*workflowservice.StartBatchOperationRequest_{}", batch::kind_of(operation).go_type)
}

fn type_name(number: i32) -> &'static str {
    match ExecutionType::try_from(number) {
        Ok(ExecutionType::Workflow) => "Workflow",
        Ok(ExecutionType::Activity) => "Activity",
        _ => "Unspecified",
    }
}

fn check_operation(operation: &Operation) -> std::result::Result<(), String> {
    let which = |is_told: bool| if is_told { Ok(()) } else { Err(WHICH_ACTIVITIES.to_owned()) };
    match operation {
        Operation::SignalOperation(signal) if signal.signal.is_empty() => Err("must provide signal name".to_owned()),
        Operation::UpdateWorkflowOptionsOperation(update) if update.workflow_execution_options.is_none() => {
            Err("must provide UpdateOptions".to_owned())
        }
        Operation::UpdateWorkflowOptionsOperation(update) if update.update_mask.is_none() => Err("must provide UpdateMask".to_owned()),
        Operation::ResetOperation(reset) => check_reset(reset),
        Operation::UnpauseActivitiesOperation(unpause) => match &unpause.activity {
            None => Err("activity filter must be set".to_owned()),
            Some(batch_operation_unpause_activities::Activity::Type(name)) => which(!name.is_empty()),
            Some(batch_operation_unpause_activities::Activity::MatchAll(all)) => which(*all),
        },
        Operation::ResetActivitiesOperation(reset) => match &reset.activity {
            None => Err("must provide ActivityType or MatchAll".to_owned()),
            Some(batch_operation_reset_activities::Activity::Type(name)) => which(!name.is_empty()),
            Some(batch_operation_reset_activities::Activity::MatchAll(all)) => which(*all),
        },
        Operation::UpdateActivityOptionsOperation(update) => {
            if update.activity_options.is_some() && update.restore_original {
                return Err("cannot set both activity options and restore original".to_owned());
            }
            if update.activity_options.is_none() && !update.restore_original {
                return Err("Either activity type must be set, or restore original should be set to true".to_owned());
            }
            match &update.activity {
                None => Ok(()),
                Some(batch_operation_update_activity_options::Activity::Type(name)) => which(!name.is_empty()),
                Some(batch_operation_update_activity_options::Activity::MatchAll(all)) => which(*all),
            }
        }
        _ => Ok(()),
    }
}

#[allow(deprecated, reason = "older clients tell the kind of reset by the deprecated field")]
fn check_reset(reset: &BatchOperationReset) -> std::result::Result<(), String> {
    match &reset.options {
        Some(options) if options.target.is_none() => Err("batch reset missing target".to_owned()),
        Some(_) => Ok(()),
        None => match ResetType::try_from(reset.reset_type) {
            Ok(ResetType::FirstWorkflowTask | ResetType::LastWorkflowTask) => Ok(()),
            Ok(ResetType::Unspecified) => Err("unknown batch reset type Unspecified".to_owned()),
            Err(_) => Err(format!("unknown batch reset type {}", reset.reset_type)),
        },
    }
}
