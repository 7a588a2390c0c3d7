//! How operators name the activities of a workflow, and what the calls of both families have in common.
//!
//! Temporal: service/frontend/workflow_handler.go (the older calls, by id, type or all), chasm/lib/activity/validator.go and handler.go (the
//! newer ones, by id; without a workflow id they are about a standalone activity).

use klamm_messages::{
    klamm::v1::{ActivitySelector, Command, command::Body},
    temporal::common::v1::WorkflowExecution,
};
use uuid::Uuid;

use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// Checks the workflow and the activities that an older call names. `activities` is absent where the request names none.
pub(super) fn named(execution: Option<&WorkflowExecution>, activities: Option<ActivitySelector>) -> Result<ActivitySelector> {
    if execution.is_none_or(|execution| execution.workflow_id.is_empty()) {
        return Err(Fault::invalid("WorkflowId is not set on request."));
    }
    activities.ok_or_else(|| Fault::invalid("Either Activity.Id or Activity.Type should be set on request."))
}

/// The activity with this id.
pub(super) fn by_id(activity_id: String) -> ActivitySelector {
    ActivitySelector { activity_id, ..ActivitySelector::default() }
}

/// The activities of this type.
pub(super) fn by_type(activity_type: String) -> ActivitySelector {
    ActivitySelector { activity_type, ..ActivitySelector::default() }
}

/// All activities, if the request says so.
pub(super) fn all(all: bool) -> ActivitySelector {
    ActivitySelector { all, ..ActivitySelector::default() }
}

/// The command about activities of this workflow.
pub(super) fn command(execution: Option<WorkflowExecution>, identity: String, body: Body, terms: &Terms<'_>) -> Command {
    terms.workflow_command(execution.unwrap_or_default().workflow_id, identity, body)
}

/// What a newer call names.
pub(super) struct Named<'r> {
    /// Name of the call.
    pub(super) call: &'static str,
    pub(super) workflow_id: &'r str,
    pub(super) activity_id: &'r str,
    pub(super) run_id: &'r str,
    pub(super) identity: &'r str,
    /// Id of the request. An empty one is replaced.
    pub(super) request_id: &'r mut String,
}

/// Checks what a newer call names, and gives the workflow and the activity.
pub(super) fn execution(named: Named<'_>, terms: &Terms<'_>) -> Result<(WorkflowExecution, ActivitySelector)> {
    if named.workflow_id.is_empty() {
        return Err(Fault::not_built(&format!("{} of a standalone activity", named.call)));
    }
    if named.request_id.is_empty() {
        *named.request_id = (terms.new_id)();
    }
    at_most(named.request_id, "request ID", terms)?;
    if named.activity_id.is_empty() {
        return Err(Fault::invalid("activity ID is required"));
    }
    at_most(named.activity_id, "activity ID", terms)?;
    at_most(named.identity, "identity", terms)?;
    if !named.run_id.is_empty() && Uuid::try_parse(named.run_id).is_err() {
        return Err(Fault::invalid("invalid run id: must be a valid UUID"));
    }
    let execution = WorkflowExecution { workflow_id: named.workflow_id.to_owned(), run_id: named.run_id.to_owned() };
    Ok((execution, by_id(named.activity_id.to_owned())))
}

fn at_most(id: &str, what: &str, terms: &Terms<'_>) -> Result<()> {
    let limit = terms.limits.id_bytes;
    validate::ids::at_most(id, terms.limits, &format!("{what} exceeds length limit. Length={} Limit={limit}", id.len()))
}

/// Checks and caps the jitter of a newer call.
pub(super) fn check_jitter(jitter: &mut Option<prost_types::Duration>) -> Result<()> {
    validate::durations::check_and_cap(jitter.as_mut()).map_err(|error| Fault::invalid(format!("invalid jitter: {error}")))
}
