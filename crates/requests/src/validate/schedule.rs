//! Schedules (Temporal: service/frontend/workflow_handler.go, validateStartWorkflowArgsForSchedule and the calls about schedules).

use klamm_messages::{
    klamm::v1::NamespaceState,
    temporal::{
        common::v1::Memo,
        enums::v1::WorkflowIdReusePolicy,
        schedule::v1::{Schedule, SchedulePatch, ScheduleSpec, schedule_action::Action},
        workflow::v1::NewWorkflowExecutionInfo,
    },
};
use klamm_schedule::spec::Spec;
use prost::Message;

use super::{durations, ids, priority, retry_policy, search_attributes, sizes, start, task_queue};
use crate::{
    fault::{Fault, Result},
    limits::Limits,
};

/// An example of what a schedule appends to the action's workflow id for each run. Its length counts.
const APPENDED_TIMESTAMP: &str = "-2009-11-10T23:00:00Z";
/// Longest note, bytes (ScheduleNotesSizeLimit).
const NOTES_BYTES_MAX: usize = 1000;

/// Checks the id of a new schedule. The length includes the prefix that the id has in lists.
pub fn schedule_id(id: &str, limits: &Limits) -> Result<()> {
    if id.is_empty() {
        return Err(Fault::invalid("ScheduleId is not set on request."));
    }
    ids::workflow_id(&klamm_schedule::visibility::workflow_id(id), limits)
}

/// Checks that the spec compiles. (The schedule keeps the spec in its canonical form.)
pub fn spec(spec: &ScheduleSpec) -> Result<()> {
    Spec::compile(spec).map(|_| ()).map_err(|error| Fault::invalid(format!("Invalid schedule spec: {error}")))
}

/// Checks the schedule's action as a start, and brings it into the form that runs start with. Does nothing when there is no action.
pub fn action(schedule: &mut Schedule, namespace: &NamespaceState, limits: &Limits) -> Result<()> {
    let Some(start) = start_workflow(schedule) else { return Ok(()) };
    ids::workflow_id(&format!("{}{APPENDED_TIMESTAMP}", start.workflow_id), limits)?;
    let workflow_type = start.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    if workflow_type.is_empty() {
        return Err(Fault::invalid("WorkflowType is not set on request."));
    }
    ids::at_most(workflow_type, limits, "WorkflowType length exceeds limit.")?;
    task_queue::check_user_defined(start.task_queue.as_mut(), limits)?;
    start::Timeouts {
        execution: &mut start.workflow_execution_timeout,
        run: &mut start.workflow_run_timeout,
        task: &mut start.workflow_task_timeout,
    }
    .check()?;
    if !start.cron_schedule.is_empty() {
        return Err(Fault::invalid("Scheduled workflow must not contain CronSchedule"));
    }
    let reuse = WorkflowIdReusePolicy::try_from(start.workflow_id_reuse_policy);
    if !matches!(reuse, Ok(WorkflowIdReusePolicy::Unspecified | WorkflowIdReusePolicy::AllowDuplicate)) {
        return Err(Fault::invalid("Scheduled workflow must not contain WorkflowIDReusePolicy"));
    }
    search_attributes::check_and_type(start.search_attributes.as_mut(), namespace, limits)
}

/// Finds faults that Temporal would find only at each start, and features that starts do not have in this version.
pub fn action_can_start(schedule: &mut Schedule, limits: &Limits) -> Result<()> {
    let Some(start) = start_workflow(schedule) else {
        return Err(Fault::invalid("Only StartWorkflow action is supported for schedules"));
    };
    // Describe shows the policy as it was sent. The start fills in what it leaves out.
    retry_policy::check_and_fill(start.retry_policy.clone().as_mut())?;
    priority::check(start.priority.as_ref())?;
    sizes::blob(start.input.as_ref(), limits)?;
    sizes::memo(start.memo.as_ref(), limits)?;
    start::NotBuilt { versioning_override: start.versioning_override.as_ref() }.check()
}

/// Checks the size of the memo together with the action's input, and the size of the whole schedule.
pub fn size(schedule: &Schedule, memo: Option<&Memo>, limits: &Limits) -> Result<()> {
    let Some(Action::StartWorkflow(start)) = schedule.action.as_ref().and_then(|action| action.action.as_ref()) else {
        return Err(Fault::invalid("Only StartWorkflow action is supported for schedules"));
    };
    let payloads = memo.map_or(0, Message::encoded_len) + start.input.as_ref().map_or(0, Message::encoded_len);
    sizes::blob_size(payloads, limits)?;
    sizes::blob(Some(schedule), limits)
}

/// Checks the notes and the size of a patch. A trigger that names no time gets `now`.
pub fn patch(patch: &mut SchedulePatch, now: prost_types::Timestamp, limits: &Limits) -> Result<()> {
    if patch.pause.len() > NOTES_BYTES_MAX || patch.unpause.len() > NOTES_BYTES_MAX {
        return Err(Fault::invalid("Schedule notes exceeds limit."));
    }
    if let Some(trigger) = &mut patch.trigger_immediately {
        trigger.scheduled_time.get_or_insert(now);
    }
    sizes::blob(Some(&*patch), limits)
}

/// Caps the catch-up window to the range of durations. (The schedule itself raises a window that is too short.)
pub fn policies(schedule: &mut Schedule) {
    let Some(window) = schedule.policies.as_mut().and_then(|policies| policies.catchup_window.as_mut()) else { return };
    if durations::check_and_cap(Some(window)).is_err() {
        *window = prost_types::Duration::default();
    }
}

fn start_workflow(schedule: &mut Schedule) -> Option<&mut NewWorkflowExecutionInfo> {
    match schedule.action.as_mut()?.action.as_mut()? {
        Action::StartWorkflow(start) => Some(start),
    }
}
