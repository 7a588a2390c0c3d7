//! Requests about workflows, as the calls that a gRPC client would make.

use klamm_messages::{
    klamm::v1::Command,
    temporal::{
        common::v1::WorkflowExecution,
        update::v1::{Input, Meta, Request as UpdateBody},
        workflowservice::v1::{
            RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
            UpdateWorkflowExecutionRequest,
        },
    },
};

use super::{
    named::Named,
    request::{CancelRequest, SignalRequest, TerminateRequest, UpdateRequest},
    start::{self, StartRequest},
};
use crate::{
    calls::{
        request_cancel_workflow, signal_with_start_workflow, signal_workflow, start_workflow, terminate_workflow, update_with_start,
        update_workflow,
    },
    fault::{Fault, Result},
    namespaces::{self, Namespaces},
    terms::Terms,
};

pub(super) fn start(asked: StartRequest, named: Named, terms: &Terms<'_>, namespaces: &Namespaces) -> Result<Command> {
    registered(terms, namespaces)?;
    start_workflow::command(asked.request(named)?, terms)
}

pub(super) fn signal_with_start(
    asked: StartRequest,
    signal: SignalRequest,
    named: Named,
    terms: &Terms<'_>,
    namespaces: &Namespaces,
) -> Result<Command> {
    registered(terms, namespaces)?;
    signal_with_start_workflow::command(start::with_signal(asked.request(named)?, signal.read()?), terms)
}

pub(super) fn update_with_start(
    asked: StartRequest,
    update: UpdateRequest,
    named: Named,
    terms: &Terms<'_>,
    namespaces: &Namespaces,
) -> Result<Command> {
    registered(terms, namespaces)?;
    let update = update_request(update, named.clone())?;
    let both = update_with_start::command(asked.request(named)?, update, terms).map_err(|faults| {
        let [start, update] = *faults;
        // The other one is only a consequence.
        if matches!(start, Fault::MultiOperationAborted(_)) { update } else { start }
    })?;
    Ok(both.command)
}

pub(super) fn signal(asked: SignalRequest, named: Named, terms: &Terms<'_>) -> Result<Command> {
    let (signal_name, input) = asked.read()?;
    let workflow_execution = Some(execution(&named));
    let Named { namespace, request_id, identity, header, .. } = named;
    let request = SignalWorkflowExecutionRequest {
        namespace,
        workflow_execution,
        signal_name,
        input,
        identity,
        request_id,
        header,
        ..SignalWorkflowExecutionRequest::default()
    };
    signal_workflow::command(request, terms)
}

pub(super) fn update(asked: UpdateRequest, named: Named, terms: &Terms<'_>) -> Result<Command> {
    Ok(update_workflow::command(update_request(asked, named)?, terms)?.command)
}

pub(super) fn cancel(asked: CancelRequest, named: Named, terms: &Terms<'_>) -> Result<Command> {
    let request = RequestCancelWorkflowExecutionRequest {
        workflow_execution: Some(execution(&named)),
        namespace: named.namespace,
        identity: named.identity,
        request_id: named.request_id,
        reason: asked.reason.unwrap_or_default(),
        ..RequestCancelWorkflowExecutionRequest::default()
    };
    request_cancel_workflow::command(request, terms)
}

pub(super) fn terminate(asked: TerminateRequest, named: Named, terms: &Terms<'_>) -> Result<Command> {
    let (reason, details) = asked.read()?;
    let request = TerminateWorkflowExecutionRequest {
        workflow_execution: Some(execution(&named)),
        namespace: named.namespace,
        identity: named.identity,
        reason,
        details,
        ..TerminateWorkflowExecutionRequest::default()
    };
    terminate_workflow::command(request, terms)
}

/// New work begins only in a namespace that is not deprecated.
fn registered(terms: &Terms<'_>, namespaces: &Namespaces) -> Result<()> {
    namespaces::registered(namespaces, &terms.namespace.name, terms.limits).map(drop)
}

fn execution(named: &Named) -> WorkflowExecution {
    WorkflowExecution { workflow_id: named.workflow_id.clone(), run_id: named.run_id.clone() }
}

fn update_request(asked: UpdateRequest, named: Named) -> Result<UpdateWorkflowExecutionRequest> {
    let (name, update_id, args) = asked.read()?;
    // The same request again is the same update.
    let update_id = if update_id.is_empty() { named.request_id.clone() } else { update_id };
    Ok(UpdateWorkflowExecutionRequest {
        workflow_execution: Some(execution(&named)),
        namespace: named.namespace,
        request: Some(UpdateBody {
            meta: Some(Meta { update_id, identity: named.identity }),
            input: Some(Input { name, args, header: named.header }),
            request_id: named.request_id,
            ..UpdateBody::default()
        }),
        ..UpdateWorkflowExecutionRequest::default()
    })
}
