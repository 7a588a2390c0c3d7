//! ResetWorkflowExecution: a new run begins with the first events of another one.

use klamm_messages::{
    klamm::v1::{Command, OptionPaths, ResetWorkflow, UpdateWorkflowOptions, command::Body},
    temporal::{
        enums::v1::{ResetReapplyExcludeType, ResetReapplyType},
        workflow::v1::{PostResetOperation, post_reset_operation::Variant},
        workflowservice::v1::ResetWorkflowExecutionRequest,
    },
};

use super::update_activity_options::camel;
use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: ResetWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    if request.request_id.is_empty() {
        return Err(Fault::invalid("RequestId is not set on request."));
    }
    validate::ids::at_most(&request.request_id, terms.limits, "RequestId length exceeds limit.")?;
    let execution = validate::execution::execution(request.workflow_execution.as_ref())?.clone();
    #[allow(deprecated, reason = "clients still say so what is to happen again")]
    let reapply = request.reset_reapply_type;
    let Ok(reapply) = ResetReapplyType::try_from(reapply) else {
        return Err(Fault::Internal(format!("unknown reset reapply type: {reapply}")));
    };
    let operations = request.post_reset_operations.into_iter().map(operation).collect::<Result<_>>()?;
    let excludes = |kind: ResetReapplyExcludeType| request.reset_reapply_exclude_types.contains(&(kind as i32));
    let none = reapply == ResetReapplyType::None;
    let workflow_id = execution.workflow_id.clone();
    let body = ResetWorkflow {
        execution: Some(execution),
        reason: request.reason,
        workflow_task_finish_event_id: request.workflow_task_finish_event_id,
        request_id: request.request_id,
        exclude_signals: none || excludes(ResetReapplyExcludeType::Signal),
        exclude_updates: none || reapply == ResetReapplyType::Signal || excludes(ResetReapplyExcludeType::Update),
        exclude_nexus: excludes(ResetReapplyExcludeType::Nexus),
        operations,
        run_id: (terms.new_id)(),
    };
    Ok(terms.workflow_command(workflow_id, request.identity, Body::ResetWorkflow(body)))
}

/// What is to be done with the new run.
fn operation(operation: PostResetOperation) -> Result<UpdateWorkflowOptions> {
    match operation.variant {
        Some(Variant::UpdateWorkflowOptions(update)) => {
            let paths = update.update_mask.unwrap_or_default().paths;
            Ok(UpdateWorkflowOptions {
                execution: None,
                options: update.workflow_execution_options,
                paths: Some(OptionPaths { paths: paths.iter().map(|path| camel(path)).collect() }),
            })
        }
        other => Err(Fault::invalid(format!("unsupported post reset operation: {other:?}"))),
    }
}
