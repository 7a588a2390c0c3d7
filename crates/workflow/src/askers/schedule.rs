//! A schedule. It has sent StartWorkflow with `scheduled_by`, and is told by ScheduledStartAnswered and ScheduledRunClosed.

use klamm_machine::Rejection;
use klamm_messages::klamm::v1::{
    Command, ExecutionState, ScheduledBy, ScheduledRunClosed, ScheduledStartAnswered, StartWorkflow, command::Body,
};

use super::{
    asks::Asks,
    news::{News, What},
};

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
            What::Closed(close) => Body::ScheduledRunClosed(ScheduledRunClosed {
                scheduled_by,
                workflow_id,
                first_run_id: close.first_run_id.to_owned(),
                run_id: close.run_id.to_owned(),
                status: close.status as i32,
                result: close.result.cloned(),
                failure: close.failure.cloned(),
            }),
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
