//! The table of contents of the log's commands, one file per command.

mod create;
mod delete;
mod patch;
mod run_closed;
mod start_answered;
mod update;
mod wake_up;

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, command::Body};

use crate::{Answer, Schedule};

/// Decides one command.
pub(crate) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command) -> Decision<Answer> {
    let body = command.body.as_ref().ok_or_else(|| Rejection::Internal("The command has no body.".to_owned()))?;
    match body {
        Body::CreateSchedule(body) => create::decide(tx, command, body),
        Body::UpdateSchedule(body) => update::decide(tx, command, body),
        Body::PatchSchedule(body) => patch::decide(tx, command, body),
        Body::DeleteSchedule(body) => delete::decide(tx, command, body),
        Body::WakeUp(body) => wake_up::decide(tx, command, body),
        Body::ScheduledStartAnswered(body) => start_answered::decide(tx, command, body),
        Body::ScheduledRunClosed(body) => run_closed::decide(tx, command, body),
        _ => Err(Rejection::Internal("The schedule machine does not decide this command.".to_owned())),
    }
}
