//! A parent. It has sent StartWorkflow with `parent`, and is told by ChildStartAnswered and ChildRunClosed (module `children`).

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{ChildRunClosed, ChildStartAnswered, Command, CommandSettings, ExecutionState, Parent, StartWorkflow, command::Body},
    temporal::{
        common::v1::Payloads,
        enums::v1::{RetryState, StartChildWorkflowExecutionFailedCause as Cause},
        failure::v1::Failure,
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};

use super::{
    asks::Asks,
    news::{Close, News, What},
};

impl Asks for Parent {
    fn of_start(start: &StartWorkflow) -> Option<Self> {
        start.parent.clone()
    }

    fn of_run(execution: &ExecutionState) -> Vec<Self> {
        execution.parent.iter().cloned().collect()
    }

    fn note(self, execution: &mut ExecutionState) {
        execution.parent = Some(self);
    }

    fn command(&self, news: &News<'_>) -> Command {
        let body = match &news.what {
            What::Answered(answer) => Body::ChildStartAnswered(ChildStartAnswered {
                parent: Some(self.clone()),
                workflow_id: news.workflow_id.to_owned(),
                run_id: answer.as_ref().map_or("", |run_id| run_id).to_owned(),
                cause: answer.as_ref().err().map_or(Cause::Unspecified, |rejection| cause(rejection)) as i32,
            }),
            What::Closed(close) => Body::ChildRunClosed(closed(self, news.workflow_id, close)),
        };
        Command {
            version: 1,
            namespace: news.namespace.to_owned(),
            workflow_id: self.execution.as_ref().map(|execution| execution.workflow_id.clone()).unwrap_or_default(),
            settings: Some(CommandSettings { search_attribute_types: Default::default(), ..news.settings.clone() }),
            body: Some(body),
            ..Command::default()
        }
    }
}

/// Why the child was not started. What else could be wrong with the start was checked when the parent asked for the child.
fn cause(rejection: &Rejection) -> Cause {
    match rejection {
        Rejection::NamespaceNotFound(_) => Cause::NamespaceNotFound,
        _ => Cause::WorkflowAlreadyExists,
    }
}

/// The whole of what the child's last event says to the parent.
fn closed(parent: &Parent, workflow_id: &str, close: &Close<'_>) -> ChildRunClosed {
    let (payloads, failure, retry_state) = told(close.event);
    ChildRunClosed {
        parent: Some(parent.clone()),
        workflow_id: workflow_id.to_owned(),
        first_run_id: close.first_run_id.to_owned(),
        run_id: close.run_id.to_owned(),
        status: close.status as i32,
        payloads,
        failure,
        retry_state: retry_state as i32,
    }
}

fn told(event: &HistoryEvent) -> (Option<Payloads>, Option<Failure>, RetryState) {
    match &event.attributes {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => (completed.result.clone(), None, RetryState::Unspecified),
        Some(Attributes::WorkflowExecutionCanceledEventAttributes(canceled)) => (canceled.details.clone(), None, RetryState::Unspecified),
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => (None, failed.failure.clone(), failed.retry_state()),
        Some(Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out)) => (None, None, timed_out.retry_state()),
        _ => (None, None, RetryState::Unspecified),
    }
}
