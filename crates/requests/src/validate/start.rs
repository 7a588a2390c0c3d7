//! What StartWorkflowExecution and SignalWithStartWorkflowExecution have in common.

use klamm_messages::temporal::{
    common::v1::TimeSkippingConfig,
    workflow::v1::{OnConflictOptions, VersioningOverride},
};
use prost_types::Duration;

use super::durations;
use crate::fault::{Fault, Result};

/// Longest start-to-close time-out of a workflow task. Longer ones are cut to this.
const WORKFLOW_TASK_TIMEOUT_MAX: Duration = Duration { seconds: 120, nanos: 0 };
/// Start-to-close time-out of a workflow task when the start names none (history.defaultWorkflowTaskTimeout).
const WORKFLOW_TASK_TIMEOUT_DEFAULT: Duration = Duration { seconds: 10, nanos: 0 };

/// The three time-outs of a start.
#[derive(Debug)]
pub struct Timeouts<'r> {
    /// Time-out of the chain of runs. Zero: none.
    pub execution: &'r mut Option<Duration>,
    /// Time-out of one run. Zero: that of the execution.
    pub run: &'r mut Option<Duration>,
    /// Time-out of one workflow task.
    pub task: &'r mut Option<Duration>,
}

impl Timeouts<'_> {
    /// Refuses negative time-outs, and caps long ones.
    pub fn check(&mut self) -> Result<()> {
        for (timeout, name) in [
            (&mut *self.execution, "WorkflowExecutionTimeoutSeconds"),
            (&mut *self.run, "WorkflowRunTimeoutSeconds"),
            (&mut *self.task, "WorkflowTaskTimeoutSeconds"),
        ] {
            durations::check_and_cap(timeout.as_mut())
                .map_err(|cause| Fault::invalid(format!("An invalid {name} is set on request. cause: {cause}")))?;
        }
        Ok(())
    }

    /// Fills in time-outs that are not set. A run lasts no longer than the execution, a task no longer than the run
    /// (Temporal: create_workflow_util.go OverrideStartWorkflowExecutionRequest).
    pub fn fill(&mut self) {
        let execution = durations::nanos(self.execution.as_ref());
        let mut run = durations::nanos(self.run.as_ref());
        if execution > 0 && (run == 0 || run > execution) {
            *self.run = *self.execution;
            run = execution;
        }
        let mut task = match self.task {
            Some(task) if durations::nanos(Some(task)) > 0 => *task,
            _ => WORKFLOW_TASK_TIMEOUT_DEFAULT,
        };
        if durations::nanos(Some(&task)) > durations::nanos(Some(&WORKFLOW_TASK_TIMEOUT_MAX)) {
            task = WORKFLOW_TASK_TIMEOUT_MAX;
        }
        if let Some(limit) = &*self.run
            && run > 0
            && durations::nanos(Some(&task)) > run
        {
            task = *limit;
        }
        *self.task = Some(task);
    }
}

/// Checks the start delay: it must not be negative, and must not come with a cron schedule.
pub fn start_delay(cron_schedule: &str, delay: Option<&mut Duration>) -> Result<()> {
    if !cron_schedule.is_empty() && delay.is_some() {
        return Err(Fault::invalid("CronSchedule and WorkflowStartDelay may not be used together."));
    }
    durations::check_and_cap(delay)
        .map_err(|cause| Fault::invalid(format!("An invalid WorkflowStartDelaySeconds is set on request. cause: {cause}")))
}

/// Checks the options for a start that finds an open run.
pub fn on_conflict_options(options: Option<&OnConflictOptions>) -> Result<()> {
    match options {
        Some(options) if options.attach_completion_callbacks && !options.attach_request_id => {
            Err(Fault::invalid("attaching request ID is required for attaching completion callbacks"))
        }
        _ => Ok(()),
    }
}

/// Refuses time skipping. Temporal refuses it too unless a setting turns it on.
pub fn time_skipping(config: Option<&TimeSkippingConfig>) -> Result<()> {
    match config {
        Some(_) => Err(Fault::Unimplemented("The Time-Skipping feature is not enabled for namespace.".to_owned())),
        None => Ok(()),
    }
}

/// Fields whose features klamm does not have yet. Each is refused by name, so that no start silently ignores what the caller asked for.
#[derive(Debug)]
pub struct NotBuilt<'r> {
    /// Pins the workflow to a worker version.
    pub versioning_override: Option<&'r VersioningOverride>,
}

impl NotBuilt<'_> {
    /// Refuses the first of these fields that is set.
    pub fn check(&self) -> Result<()> {
        if self.versioning_override.is_some() {
            return Err(Fault::not_built("versioning_override"));
        }
        Ok(())
    }
}
