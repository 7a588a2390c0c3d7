//! The table of contents of the log's commands, one file per command. Those about activities are in `activity`, those
//! between parents and children in `children`.

mod complete_workflow_task;
mod delete_workflow;
mod eager_start;
mod fail_workflow_task;
pub(crate) mod limits;
pub(crate) mod locate;
mod pause_workflow;
mod request_cancel;
mod reset_sticky;
pub(crate) mod reset_workflow;
mod signal_with_start;
mod signal_workflow;
pub(crate) mod start_workflow;
pub(crate) mod start_workflow_task;
mod state_size;
mod terminate;
mod unpause_workflow;
mod update_with_start;
mod update_workflow;
pub(crate) mod update_workflow_options;
pub(crate) mod wake_up;

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, command::Body};

use crate::{Answer, Workflow, activity, callback, children, external};

/// Decides one command. If a run has sent it because its workflow asked for it, the run is told what came of it.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command) -> Decision<Answer> {
    match &command.asked_by {
        Some(asked_by) => external::answer(tx, command, asked_by, |tx| decide_body(tx, command)),
        None => decide_body(tx, command),
    }
}

fn decide_body(tx: &mut Tx<'_, Workflow>, command: &Command) -> Decision<Answer> {
    let body = command.body.as_ref().ok_or_else(|| Rejection::Internal("The command has no body.".to_owned()))?;
    match body {
        Body::StartWorkflow(body) => start_workflow::decide(tx, command, body),
        Body::SignalWithStartWorkflow(body) => signal_with_start::decide(tx, command, body),
        Body::SignalWorkflow(body) => signal_workflow::decide(tx, command, body),
        Body::RequestCancelWorkflow(body) => request_cancel::decide(tx, command, body),
        Body::TerminateWorkflow(body) => terminate::decide(tx, command, body),
        Body::DeleteWorkflow(body) => delete_workflow::decide(tx, command, body),
        Body::ResetStickyTaskQueue(body) => reset_sticky::decide(tx, command, body),
        Body::StartWorkflowTask(body) => start_workflow_task::decide(tx, command, body),
        Body::CompleteWorkflowTask(body) => complete_workflow_task::decide(tx, command, body),
        Body::FailWorkflowTask(body) => fail_workflow_task::decide(tx, command, body),
        Body::StartActivityTask(body) => activity::start::decide(tx, command, body),
        Body::CompleteActivityTask(body) => activity::complete::decide(tx, command, body),
        Body::FailActivityTask(body) => activity::fail::decide(tx, command, body),
        Body::CancelActivityTask(body) => activity::cancel::decide(tx, command, body),
        Body::HeartbeatActivityTask(body) => activity::heartbeat::decide(tx, command, body),
        Body::ResetWorkflow(body) => reset_workflow::decide(tx, command, body),
        Body::ContinueReset(body) => reset_workflow::go_on(tx, command, body),
        Body::PauseWorkflow(body) => pause_workflow::decide(tx, command, body),
        Body::UnpauseWorkflow(body) => unpause_workflow::decide(tx, command, body),
        Body::UpdateWorkflowOptions(body) => update_workflow_options::decide(tx, command, body),
        Body::PauseActivity(body) => activity::operate::pause::decide(tx, command, body),
        Body::UnpauseActivity(body) => activity::operate::unpause::decide(tx, command, body),
        Body::ResetActivity(body) => activity::operate::reset::decide(tx, command, body),
        Body::UpdateActivityOptions(body) => activity::operate::update_options::decide(tx, command, body),
        Body::ExternalAnswered(body) => external::answered::decide(tx, command, body),
        Body::ChildStartAnswered(body) => children::start_answered::decide(tx, command, body),
        Body::ChildRunClosed(body) => children::run_closed::decide(tx, command, body),
        Body::ScheduleFirstWorkflowTask(body) => children::first_task::decide(tx, command, body),
        Body::ParentClosed(body) => children::parent_closed::decide(tx, command, body),
        Body::RecordCallbackAttempt(body) => callback::record_attempt::decide(tx, command, body),
        Body::UpdateWithStart(body) => update_with_start::decide(tx, command, body),
        Body::UpdateWorkflow(body) => update_workflow::decide(tx, command, body),
        Body::WakeUp(body) => wake_up::decide(tx, command, body),
        Body::CreateSchedule(_)
        | Body::UpdateSchedule(_)
        | Body::PatchSchedule(_)
        | Body::DeleteSchedule(_)
        | Body::ScheduledStartAnswered(_)
        | Body::ScheduledRunClosed(_)
        | Body::TakeOver(_)
        | Body::RefuseRequest(_)
        | Body::DeadLetter(_)
        | Body::MarkSource(_)
        | Body::Cluster(_)
        | Body::Test(_) => Err(Rejection::Internal("The workflow machine does not decide this command.".to_owned())),
    }
}
