//! UpdateWorkflowExecution, and PollWorkflowExecutionUpdate: a workflow is asked to do something, and its answer is waited for.

use std::time::{Duration, Instant};

use klamm_backend::{Backend, UpdateProgress, UpdateStage, UpdateStatus, UpdateWait};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{
    common::v1::{Link, WorkflowExecution},
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    update::v1::{Outcome, UpdateRef, outcome::Value},
    workflowservice::v1::{
        PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse, UpdateWorkflowExecutionRequest,
        UpdateWorkflowExecutionResponse,
    },
};
use klamm_requests::{
    Fault, Result,
    calls::update_workflow::{self, Update},
};

use super::answered_links;
use crate::{call::Call, config::Config, gateway::Gateway, runs};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateWorkflowExecutionRequest,
) -> Result<UpdateWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let Update { command, update_id, request_id, until_completed } = update_workflow::command(request, &gateway.terms(namespace))?;
    let name = namespace.name.clone();
    drop(namespaces);

    let waiting = Waiting::begin(&call, &gateway.config, if until_completed { UpdateStage::Completed } else { UpdateStage::Accepted });
    loop {
        let (_, status) = gateway.submit_update(command.clone(), &update_id, waiting.wait).await?;
        let status = status?;
        if status.progress != UpdateProgress::Continued {
            waiting.check(&status)?;
            return Ok(response(&name, status, update_id, request_id));
        }
        // The run has continued as another one, which is asked now.
    }
}

pub(super) async fn handle_poll<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: PollWorkflowExecutionUpdateRequest,
) -> Result<PollWorkflowExecutionUpdateResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let Some(update_ref) = request.update_ref else { return Err(Fault::invalid("UpdateRef is not set on request.")) };
    let execution = update_ref.workflow_execution.unwrap_or_default();
    let run = runs::find(&*gateway.backend, namespace, &execution).await?.run;
    let stage = match request.wait_policy.unwrap_or_default().lifecycle_stage() {
        Stage::Unspecified | Stage::Admitted => UpdateStage::Admitted,
        Stage::Accepted => UpdateStage::Accepted,
        Stage::Completed => UpdateStage::Completed,
    };
    drop(namespaces);

    let waiting = Waiting::begin(&call, &gateway.config, stage);
    let update_id = update_ref.update_id;
    let Some(status) = gateway.backend.await_update(&run, &update_id, waiting.wait).await? else {
        return Err(Fault::not_found(format!("update {update_id:?} not found")));
    };
    if status.progress == UpdateProgress::Continued {
        return Err(Fault::from(klamm_machine::Rejection::BusyWorkflow(
            "workflow operation can not be applied because workflow is closing".to_owned(),
        )));
    }
    waiting.check(&status)?;
    let (run, stage, outcome) = told(status);
    Ok(PollWorkflowExecutionUpdateResponse {
        outcome,
        stage: stage as i32,
        update_ref: Some(UpdateRef { workflow_execution: Some(run), update_id }),
    })
}

/// A caller's waiting for an update.
pub(super) struct Waiting {
    pub(super) wait: UpdateWait,
    /// Whether the caller's own deadline ends it.
    until_deadline: bool,
}

impl Waiting {
    /// Waits for `stage`, at most as long as a long poll.
    pub(super) fn begin(call: &Call, config: &Config, stage: UpdateStage) -> Self {
        let latest = call.deadline_within(config.history_long_poll, Duration::ZERO);
        let until_deadline = call.deadline().is_some_and(|deadline| deadline <= latest);
        Self { wait: UpdateWait { stage, deadline: latest }, until_deadline }
    }

    /// Checks that the waiting has not been ended by the caller's deadline.
    pub(super) fn check(&self, status: &UpdateStatus) -> Result<()> {
        let reached = match status.progress {
            UpdateProgress::Admitted | UpdateProgress::Continued => UpdateStage::Admitted,
            UpdateProgress::Accepted => UpdateStage::Accepted,
            UpdateProgress::Completed(_) => UpdateStage::Completed,
        };
        if reached < self.wait.stage && self.until_deadline && Instant::now() >= self.wait.deadline {
            return Err(Fault::DeadlineExceeded("context deadline exceeded".to_owned()));
        }
        Ok(())
    }
}

/// The answer to the caller of an update.
pub(super) fn response(namespace: &str, status: UpdateStatus, update_id: String, request_id: String) -> UpdateWorkflowExecutionResponse {
    let (run, stage, outcome) = told(status);
    let link = link(namespace, &run, stage, outcome.as_ref(), request_id);
    let update_ref = UpdateRef { workflow_execution: Some(run), update_id };
    UpdateWorkflowExecutionResponse { update_ref: Some(update_ref), outcome, stage: stage as i32, link }
}

/// Where the caller finds what its update has done.
fn link(namespace: &str, run: &WorkflowExecution, stage: Stage, outcome: Option<&Outcome>, request_id: String) -> Option<Link> {
    let (workflow_id, run_id) = (run.workflow_id.clone(), run.run_id.clone());
    match (stage, outcome.and_then(|outcome| outcome.value.as_ref())) {
        // A rejected update has no event.
        (Stage::Completed, Some(Value::Failure(_))) => Some(answered_links::rejected_update(namespace, workflow_id, run_id)),
        (Stage::Accepted | Stage::Completed, _) => Some(answered_links::accepted_update(namespace, workflow_id, run_id, request_id)),
        _ => None,
    }
}

fn told(status: UpdateStatus) -> (WorkflowExecution, Stage, Option<Outcome>) {
    let run = WorkflowExecution { workflow_id: status.run.workflow_id, run_id: status.run.run_id };
    match status.progress {
        UpdateProgress::Admitted | UpdateProgress::Continued => (run, Stage::Admitted, None),
        UpdateProgress::Accepted => (run, Stage::Accepted, None),
        UpdateProgress::Completed(outcome) => (run, Stage::Completed, Some(*outcome)),
    }
}
