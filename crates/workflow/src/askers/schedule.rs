//! A schedule. It has sent StartWorkflow with `scheduled_by`, and is told by ScheduledStartAnswered and ScheduledRunClosed.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{
        Command, CommandSettings, ExecutionState, ScheduledBy, ScheduledRunClosed, ScheduledStartAnswered, StartWorkflow, command::Body,
    },
    temporal::{
        common::v1::Payloads,
        failure::v1::Failure,
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};

use super::{
    asks::Asks,
    news::{News, What},
};
use crate::{commands::check::encoded_len, decide::limits::blob_size_limit};

/// How much smaller than the limit of one field a result or failure must be, bytes.
const OVERHEAD_BYTES: u64 = 1024;

impl Asks for ScheduledBy {
    fn of_start(start: &StartWorkflow) -> Option<Self> {
        start.scheduled_by.clone()
    }

    fn of_run(execution: &ExecutionState) -> Vec<Self> {
        execution.scheduled_by.iter().cloned().collect()
    }

    fn note(self, execution: &mut ExecutionState) {
        execution.scheduled_by = Some(self);
    }

    fn command(&self, news: &News<'_>) -> Command {
        let scheduled_by = Some(self.clone());
        let workflow_id = news.workflow_id.to_owned();
        let body = match &news.what {
            What::Answered(answer) => Body::ScheduledStartAnswered(ScheduledStartAnswered {
                scheduled_by,
                workflow_id,
                run_id: answer.as_ref().map_or("", |run_id| run_id).to_owned(),
                rejection: answer.as_ref().err().map(ToString::to_string).unwrap_or_default(),
                already_started: matches!(answer, Err(Rejection::WorkflowExecutionAlreadyStarted { .. })),
            }),
            What::Closed(close) => {
                let (result, failure) = outcome(close.event, news.settings);
                Body::ScheduledRunClosed(ScheduledRunClosed {
                    scheduled_by,
                    workflow_id,
                    first_run_id: close.first_run_id.to_owned(),
                    run_id: close.run_id.to_owned(),
                    status: close.status as i32,
                    result: result.cloned(),
                    failure: failure.cloned(),
                })
            }
        };
        Command {
            version: 1,
            namespace: news.namespace.to_owned(),
            workflow_id: self.schedule_id.clone(),
            body: Some(body),
            ..Command::default()
        }
    }
}

/// The result or failure that a closing event carries. One that is too large to be told is left out.
///
/// Temporal: service/worker/scheduler/activities.go.
fn outcome<'n>(event: &'n HistoryEvent, settings: &CommandSettings) -> (Option<&'n Payloads>, Option<&'n Failure>) {
    let (result, failure) = match &event.attributes {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => (completed.result.as_ref(), None),
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => (None, failed.failure.as_ref()),
        _ => (None, None),
    };
    let limit = blob_size_limit(settings).saturating_sub(OVERHEAD_BYTES);
    let fits = |bytes: usize| u64::try_from(bytes).is_ok_and(|bytes| bytes <= limit);
    (result.filter(|result| fits(encoded_len(Some(*result)))), failure.filter(|failure| fits(encoded_len(Some(*failure)))))
}
