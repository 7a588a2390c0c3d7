//! UpdateActivityOptions and UpdateActivityExecutionOptions: other options for activities of a workflow.

use klamm_messages::{
    klamm::v1::{Command, OptionPaths, UpdateActivityOptions, command::Body},
    temporal::workflowservice::v1::{
        UpdateActivityExecutionOptionsRequest, UpdateActivityOptionsRequest, update_activity_options_request::Activity,
    },
};
use prost_types::FieldMask;

use super::operated_activity::{self as operated, Named};
use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// Fields that the newer call may set.
const SUPPORTED: &[&str] = &[
    "taskQueue.name",
    "scheduleToCloseTimeout",
    "scheduleToStartTimeout",
    "startToCloseTimeout",
    "heartbeatTimeout",
    "priority",
    "priority.priorityKey",
    "priority.fairnessKey",
    "priority.fairnessWeight",
    "retryPolicy",
    "retryPolicy.initialInterval",
    "retryPolicy.backoffCoefficient",
    "retryPolicy.maximumInterval",
    "retryPolicy.maximumAttempts",
];

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: UpdateActivityOptionsRequest, terms: &Terms<'_>) -> Result<Command> {
    let activities = request.activity.map(|activity| match activity {
        Activity::Id(id) => operated::by_id(id),
        Activity::Type(name) => operated::by_type(name),
        Activity::MatchAll(all) => operated::all(all),
    });
    let activities = Some(operated::named(request.execution.as_ref(), activities)?);
    validate::priority::check(request.activity_options.as_ref().and_then(|options| options.priority.as_ref()))?;
    check_sources(request.update_mask.as_ref(), request.restore_original)?;
    let body = UpdateActivityOptions {
        execution: request.execution,
        activities,
        options: request.activity_options,
        paths: request.update_mask.as_ref().map(camel_case),
        restore_original: request.restore_original,
    };
    Ok(operated::command(body.execution.clone(), request.identity, Body::UpdateActivityOptions(body), terms))
}

/// The command of the newer call.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_of_execution(mut request: UpdateActivityExecutionOptionsRequest, terms: &Terms<'_>) -> Result<Command> {
    let named = Named {
        call: "UpdateActivityExecutionOptions",
        workflow_id: &request.workflow_id,
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &mut request.request_id,
    };
    let (execution, activities) = operated::execution(named, terms)?;
    check_sources(request.update_mask.as_ref(), request.restore_original)?;
    if !request.restore_original {
        let Some(options) = &request.activity_options else { return Err(Fault::invalid("ActivityOptions are not provided")) };
        let Some(mask) = &request.update_mask else { return Err(Fault::invalid("UpdateMask is not provided")) };
        if mask.paths.is_empty() {
            return Err(Fault::invalid("UpdateMask must specify at least one path"));
        }
        if let Some(path) = mask.paths.iter().find(|path| !SUPPORTED.contains(&camel(path).as_str())) {
            return Err(Fault::invalid(format!("unsupported update_mask path: {path:?}")));
        }
        validate::priority::check(options.priority.as_ref())?;
    }
    let body = UpdateActivityOptions {
        execution: Some(execution),
        activities: Some(activities),
        options: request.activity_options,
        paths: request.update_mask.as_ref().map(camel_case),
        restore_original: request.restore_original,
    };
    Ok(operated::command(body.execution.clone(), request.identity, Body::UpdateActivityOptions(body), terms))
}

/// Options come from the request or from the activity's own event, not from both.
fn check_sources(mask: Option<&FieldMask>, restore_original: bool) -> Result<()> {
    if restore_original && mask.is_some_and(|mask| !mask.paths.is_empty()) {
        return Err(Fault::invalid("Both UpdateMask and RestoreOriginal are provided"));
    }
    Ok(())
}

/// The mask's paths as the machine reads them.
fn camel_case(mask: &FieldMask) -> OptionPaths {
    OptionPaths { paths: mask.paths.iter().map(|path| camel(path)).collect() }
}

/// A path in lower camel case; clients write "task_queue.name" or "taskQueue.name" (Temporal: common/util/proto.go, ConvertPathToCamel).
pub(super) fn camel(path: &str) -> String {
    let parts = path.split('.').map(|part| {
        let mut words = part.split('_');
        let first = words.next().unwrap_or_default();
        let mut camel = changed_first(first, char::to_ascii_lowercase);
        for word in words {
            camel.push_str(&changed_first(&word.to_lowercase(), char::to_ascii_uppercase));
        }
        camel
    });
    parts.collect::<Vec<_>>().join(".")
}

/// The word with another first letter.
fn changed_first(word: &str, change: fn(&char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| change(&first)).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_both_spellings() {
        for (path, expected) in [
            ("task_queue.name", "taskQueue.name"),
            ("taskQueue.name", "taskQueue.name"),
            ("RetryPolicy.maximum_ATTEMPTS", "retryPolicy.maximumAttempts"),
            ("", ""),
            ("_a.", "A."),
        ] {
            assert_eq!(camel(path), expected);
        }
    }
}
