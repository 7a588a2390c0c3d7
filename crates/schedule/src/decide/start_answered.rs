//! ScheduledStartAnswered: the result of a start. A rejection is final: the action is dropped, and the schedule goes on.

use klamm_machine::{Decision, Tx};
use klamm_messages::{
    klamm::v1::{
        Command, RunningAction, ScheduleDecision, ScheduleDecisionKind as Kind, ScheduleDefinition, ScheduleProgress, ScheduledBy,
        ScheduledStartAnswered, StartingAction,
    },
    temporal::{
        common::v1::WorkflowExecution,
        enums::v1::{ScheduleOverlapPolicy, WorkflowExecutionStatus},
        schedule::v1::ScheduleActionResult,
    },
};

use crate::{
    Answer, Schedule,
    answer::DONE,
    limits::RECENT_ACTIONS_MAX,
    remains,
    tables::{Definitions, ScheduleKey},
    work::Work,
};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &ScheduledStartAnswered) -> Decision<Answer> {
    let key = ScheduleKey::new(&command.namespace, &command.workflow_id);
    let Some(definition) = tx.get::<Definitions>(&key) else {
        let decided = |starting: &StartingAction| {
            if body.run_id.is_empty() { rejected(starting, body) } else { action_decision(Kind::Fired, starting, &body.run_id) }
        };
        remains::start_answered(tx, &key, body.scheduled_by.as_ref(), decided);
        return DONE;
    };
    if !is_of_incarnation(&definition, body.scheduled_by.as_ref()) {
        return DONE;
    }
    let Some(mut work) = Work::of(tx, key, definition) else { return DONE };
    let Some(starting) = work.take_starting(body.scheduled_by.as_ref()) else { return DONE };
    if body.run_id.is_empty() {
        work.note(rejected(&starting, body));
    } else {
        work.started(&starting, &body.run_id);
    }
    work.advance();
    DONE
}

/// Whether a message of the workflow machine is meant for this schedule, and not for an earlier one with the same id.
pub(super) fn is_of_incarnation(definition: &ScheduleDefinition, scheduled_by: Option<&ScheduledBy>) -> bool {
    scheduled_by.is_some_and(|by| by.incarnation == definition.incarnation)
}

impl Work<'_, '_> {
    /// Takes the start that was sent for this action out of those that wait for an answer.
    pub(super) fn take_starting(&mut self, scheduled_by: Option<&ScheduledBy>) -> Option<StartingAction> {
        let action = scheduled_by?.action;
        let index = self.progress.starting.iter().position(|starting| starting.action == action)?;
        Some(self.progress.starting.remove(index))
    }

    /// Takes note that the action's workflow runs.
    pub(super) fn started(&mut self, starting: &StartingAction, run_id: &str) {
        let fired = action_decision(Kind::Fired, starting, run_id);
        self.note(fired);
        let progress = &mut self.progress;
        progress.action_count += 1;
        let recent = ScheduleActionResult {
            schedule_time: starting.actual_time,
            actual_time: Some(self.now.into()),
            start_workflow_result: Some(WorkflowExecution { workflow_id: starting.workflow_id.clone(), run_id: run_id.to_owned() }),
            start_workflow_status: WorkflowExecutionStatus::Running as i32,
        };
        insert_recent(progress, recent, starting.action);
        if starting.overlap_policy() == ScheduleOverlapPolicy::AllowAll {
            progress.overlapping_count += 1;
        } else {
            progress.running.push(RunningAction {
                action: starting.action,
                workflow_id: starting.workflow_id.clone(),
                run_id: run_id.to_owned(),
                cancel_requested: false,
                terminate_requested: false,
            });
        }
    }
}

/// The decision about an action whose start was rejected.
fn rejected(starting: &StartingAction, body: &ScheduledStartAnswered) -> ScheduleDecision {
    let reason = match (body.rejection.as_str(), body.already_started) {
        ("", true) => "the workflow id is taken",
        ("", false) => "the start was rejected",
        (rejection, _) => rejection,
    };
    ScheduleDecision { reason: reason.to_owned(), ..action_decision(Kind::StartRejected, starting, "") }
}

/// A decision about an action whose start was sent.
fn action_decision(kind: Kind, starting: &StartingAction, run_id: &str) -> ScheduleDecision {
    ScheduleDecision {
        kind: kind as i32,
        nominal_time: starting.nominal_time,
        actual_time: starting.actual_time,
        count: 1,
        manual: starting.manual,
        overlap_policy: starting.overlap_policy,
        workflow_id: starting.workflow_id.clone(),
        run_id: run_id.to_owned(),
        action: starting.action,
        ..ScheduleDecision::default()
    }
}

/// Inserts an action among the recent ones, in the order of their numbers: starts on different partitions are answered in any order.
fn insert_recent(progress: &mut ScheduleProgress, recent: ScheduleActionResult, action: i64) {
    let ScheduleProgress { recent_actions, recent_action_numbers, .. } = progress;
    let index = recent_action_numbers.partition_point(|number| *number < action);
    recent_actions.insert(index, recent);
    recent_action_numbers.insert(index, action);
    let excess = recent_actions.len().saturating_sub(RECENT_ACTIONS_MAX);
    recent_actions.drain(..excess);
    recent_action_numbers.drain(..excess);
}
