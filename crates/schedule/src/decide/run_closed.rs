//! ScheduledRunClosed: the chain of a run that the schedule had started has ended.

use std::sync::Arc;

use klamm_machine::{Decision, Tx};
use klamm_messages::{
    klamm::v1::{Command, ScheduleOutcome, ScheduledRunClosed},
    temporal::{enums::v1::WorkflowExecutionStatus as Status, schedule::v1::ScheduleActionResult},
};

use super::start_answered::is_of_incarnation;
use crate::{
    Answer, Schedule,
    answer::DONE,
    tables::{Definitions, ScheduleKey},
    work::Work,
};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &ScheduledRunClosed) -> Decision<Answer> {
    let key = ScheduleKey::new(&command.namespace, &command.workflow_id);
    let definition = tx.get::<Definitions>(&key).filter(|definition| is_of_incarnation(definition, body.scheduled_by.as_ref()));
    let Some(mut work) = definition.and_then(|definition| Work::of(tx, key, definition)) else { return DONE };
    // The answer to this run's start may still be on its way. When it comes, nothing is left to do.
    if let Some(starting) = work.take_starting(body.scheduled_by.as_ref()) {
        work.started(&starting, &body.first_run_id);
    }
    if !work.forget_run(body) {
        return DONE;
    }
    if let Some(recent) = work.progress.recent_actions.iter_mut().find(|recent| is_of(recent, body)) {
        recent.start_workflow_status = body.status;
    }
    work.pause_on_failure(body);
    work.keep_outcome(body);
    work.advance();
    DONE
}

impl Work<'_, '_> {
    /// Removes the run from those that are running. False when it was not among them.
    fn forget_run(&mut self, body: &ScheduledRunClosed) -> bool {
        let action = body.scheduled_by.as_ref().map_or(0, |by| by.action);
        let progress = &mut self.progress;
        if let Some(index) = progress.running.iter().position(|running| running.action == action) {
            progress.running.remove(index);
            return true;
        }
        // Runs that no overlap policy looks at are only counted. Their status is known as long as they are among the recent actions, which
        // lists show.
        let recent = progress.recent_actions.iter().find(|recent| is_of(recent, body));
        let is_open = recent.is_none_or(|recent| recent.start_workflow_status() == Status::Running);
        if progress.overlapping_count == 0 || !is_open || !(1..progress.next_action).contains(&action) {
            return false;
        }
        progress.overlapping_count -= 1;
        true
    }

    /// Pauses the schedule when its policy says so and the run has failed. The notes are those of Temporal's workflow-backed scheduler.
    fn pause_on_failure(&mut self, body: &ScheduledRunClosed) {
        if self.state().paused || !self.policies().is_some_and(|policies| policies.pause_on_failure) {
            return;
        }
        let id = &body.workflow_id;
        let notes = match body.status() {
            Status::Failed => {
                let message = body.failure.as_ref().map_or("", |failure| failure.message.as_str());
                format!("paused due to workflow failure: {id}: {message}")
            }
            Status::TimedOut => format!("paused due to workflow timeout: {id}"),
            _ => return,
        };
        let state = self.state_mut();
        state.paused = true;
        state.notes = notes;
        self.change_token();
    }

    /// Keeps what the next run is given. A success gives its result and no failure. A failure gives itself, and the last result stays.
    fn keep_outcome(&mut self, body: &ScheduledRunClosed) {
        let before = Arc::clone(self.outcome());
        let outcome = match body.status() {
            Status::Completed => ScheduleOutcome {
                last_completion_result: body.result.clone().or_else(|| before.last_completion_result.clone()),
                continued_failure: None,
            },
            Status::Failed if body.failure.is_some() => {
                ScheduleOutcome { continued_failure: body.failure.clone(), ..ScheduleOutcome::clone(&before) }
            }
            _ => return,
        };
        if outcome != *before {
            self.leave_outcome(outcome);
        }
    }
}

/// Whether the recent action is the one whose run has ended.
fn is_of(recent: &ScheduleActionResult, body: &ScheduledRunClosed) -> bool {
    let run = recent.start_workflow_result.as_ref();
    run.is_some_and(|run| run.workflow_id == body.workflow_id && run.run_id == body.first_run_id)
}
