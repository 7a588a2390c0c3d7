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
    config::Limits,
    errors::{Fault, Result},
};

/// What a run's workflow id has behind the action's, in length.
const APPENDED_TIMESTAMP: &str = "-2009-11-10T23:00:00Z";
/// Longest note, bytes (ScheduleNotesSizeLimit).
const NOTES_BYTES_MAX: usize = 1000;

/// The id of a schedule that is to be made; the prefix under which lists know it counts in its length.
pub fn schedule_id(id: &str, limits: &Limits) -> Result<()> {
    if id.is_empty() {
        return Err(Fault::invalid("ScheduleId is not set on request."));
    }
    ids::workflow_id(&klamm_schedule::visibility::workflow_id(id), limits)
}

/// The spec: it must compile. The schedule keeps it in its canonical form.
pub fn spec(schedule: &mut Schedule) -> Result<()> {
    let spec = schedule.spec.get_or_insert_with(ScheduleSpec::default);
    Spec::compile(spec).map(|_| ()).map_err(|error| Fault::invalid(format!("Invalid schedule spec: {error}")))
}

/// What the schedule starts, checked as a start and brought into the form that runs start with; nothing where there is no action.
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

/// What Temporal would find out at each start, and what no start of this version can have.
pub fn action_can_start(schedule: &mut Schedule, limits: &Limits) -> Result<()> {
    let Some(start) = start_workflow(schedule) else {
        return Err(Fault::invalid("Only StartWorkflow action is supported for schedules"));
    };
    retry_policy::check_and_fill(start.retry_policy.as_mut())?;
    priority::check(start.priority.as_ref())?;
    sizes::blob(start.input.as_ref(), limits)?;
    sizes::memo(start.memo.as_ref(), limits)?;
    start::NotBuilt {
        cron_schedule: &start.cron_schedule,
        retry_policy: start.retry_policy.as_ref(),
        completion_callbacks: &[],
        versioning_override: start.versioning_override.as_ref(),
    }
    .check()
}

/// Size of the schedule's memo and of its action's input together, and of the whole schedule.
pub fn size(schedule: &Schedule, memo: Option<&Memo>, limits: &Limits) -> Result<()> {
    let Some(Action::StartWorkflow(start)) = schedule.action.as_ref().and_then(|action| action.action.as_ref()) else {
        return Err(Fault::invalid("Only StartWorkflow action is supported for schedules"));
    };
    let payloads = memo.map_or(0, Message::encoded_len) + start.input.as_ref().map_or(0, Message::encoded_len);
    sizes::blob_size(payloads, limits)?;
    sizes::blob(Some(schedule), limits)
}

/// A patch: notes, size; a time to be triggered at is `now` where none is told.
pub fn patch(patch: &mut SchedulePatch, now: prost_types::Timestamp, limits: &Limits) -> Result<()> {
    if patch.pause.len() > NOTES_BYTES_MAX || patch.unpause.len() > NOTES_BYTES_MAX {
        return Err(Fault::invalid("Schedule notes exceeds limit."));
    }
    if let Some(trigger) = &mut patch.trigger_immediately {
        trigger.scheduled_time.get_or_insert(now);
    }
    sizes::blob(Some(&*patch), limits)
}

/// A catch-up window within the range of durations; the schedule raises one that is too short.
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
