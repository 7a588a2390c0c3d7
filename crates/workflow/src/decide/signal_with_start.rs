//! SignalWithStartWorkflow: a signal to the open run, or a new run that begins with it.
//!
//! Temporal: service/history/api/signalwithstartworkflow. The signal does not wait for a delayed start.

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, SignalWithStartWorkflow},
    temporal::{
        enums::v1::WorkflowIdConflictPolicy,
        workflowservice::v1::{SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest},
    },
};

use super::{
    limits, locate,
    signal_workflow::{self, Signal},
    start_workflow::{self, Policies, Resolution, Start, has_request},
};
use crate::{
    Answer, Workflow,
    run::Run,
    tables::{RunKey, Runs},
};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &SignalWithStartWorkflow) -> Decision<Answer> {
    let request = body.request.as_ref().ok_or_else(|| Rejection::Internal("A start without a request.".to_owned()))?;
    refuse_unbuilt(request)?;
    let settings = locate::settings(command);
    let mut policies = Policies::of(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy);
    if policies.conflict == WorkflowIdConflictPolicy::Unspecified {
        policies.conflict = WorkflowIdConflictPolicy::UseExisting;
    }
    let signal = Signal {
        name: &request.signal_name,
        input: request.signal_input.as_ref(),
        identity: &request.identity,
        header: request.header.as_ref(),
        request_id: &request.request_id,
        links: &request.links,
        asked_by: None,
    };
    match start_workflow::resolve(tx, command, &policies, &request.request_id)? {
        Resolution::Repeated { key, .. } => Ok(start_workflow::answer(tx, &key, false)),
        Resolution::UseExisting(key) => {
            let state = tx.get::<Runs>(&key).unwrap_or_default();
            signal_workflow::check(&state, &signal, &settings)?;
            if !has_request(&state, &request.request_id) {
                drop(state);
                let mut run = Run::new(tx, key.clone());
                signal_workflow::add(&mut run, &signal);
                run.schedule_workflow_task();
                let answer = Answer::Empty;
                if let klamm_machine::Outcome::Refused(rejection) = limits::enforce(&mut run, &settings, answer)? {
                    return Ok(klamm_machine::Outcome::Refused(rejection));
                }
            }
            Ok(start_workflow::answer(tx, &key, false))
        }
        Resolution::New { replaces } => {
            signal_workflow::check(&Default::default(), &signal, &settings)?;
            if let Some(old) = replaces {
                start_workflow::terminate_for(&mut Run::new(tx, old), &body.run_id, &settings);
            }
            let key = RunKey::new(&command.namespace, &command.workflow_id, &body.run_id);
            let mut run = Run::new(tx, key.clone());
            let now = run.now();
            start_workflow::start(&mut run, Start::of_request(&start_request(request), now), &settings);
            signal_workflow::add(&mut run, &signal);
            start_workflow::schedule_first_workflow_task(&mut run);
            Ok(start_workflow::answer(tx, &key, true))
        }
    }
}

/// The start request that is contained in the signal-with-start.
fn start_request(request: &SignalWithStartWorkflowExecutionRequest) -> StartWorkflowExecutionRequest {
    let request = request.clone();
    StartWorkflowExecutionRequest {
        namespace: request.namespace,
        workflow_id: request.workflow_id,
        workflow_type: request.workflow_type,
        task_queue: request.task_queue,
        input: request.input,
        workflow_execution_timeout: request.workflow_execution_timeout,
        workflow_run_timeout: request.workflow_run_timeout,
        workflow_task_timeout: request.workflow_task_timeout,
        identity: request.identity,
        request_id: request.request_id,
        memo: request.memo,
        search_attributes: request.search_attributes,
        header: request.header,
        workflow_start_delay: request.workflow_start_delay,
        retry_policy: request.retry_policy,
        cron_schedule: request.cron_schedule,
        user_metadata: request.user_metadata,
        links: request.links,
        priority: request.priority,
        ..StartWorkflowExecutionRequest::default()
    }
}

/// Refuses options that are not built. (The gateway refuses them first.)
fn refuse_unbuilt(request: &SignalWithStartWorkflowExecutionRequest) -> Result<(), Rejection> {
    let unbuilt = |what: &str| Err(Rejection::Unimplemented(format!("{what} is not supported yet.")));
    if request.versioning_override.is_some() {
        return unbuilt("versioning_override");
    }
    Ok(())
}
