//! Requests about started activities: an activity is named by its task token, or by its workflow's id and its own.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command},
    temporal::{
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        workflowservice::v1::{
            RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest, RespondActivityTaskCanceledByIdRequest,
            RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest,
            RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedRequest,
        },
    },
};

use super::{
    named::Named,
    request::{CompleteActivityRequest, DetailsRequest, FailActivityRequest},
    values::{self, milliseconds},
};
use crate::{
    calls::{
        cancel_activity_task, complete_activity_task, fail_activity_task,
        heartbeat_activity_task::{self, Heartbeat},
    },
    fault::{Fault, Result},
    terms::Terms,
    tokens,
};

pub(super) fn complete(asked: CompleteActivityRequest, named: Named, meant: &mut String, terms: &Terms<'_>) -> Result<Command> {
    let token = token(asked.task_token.as_deref(), &named, meant)?;
    let activity_id = asked.activity_id.clone().unwrap_or_default();
    let result = asked.result()?;
    let Named { namespace, workflow_id, run_id, identity, .. } = named;
    let Some(token) = token else {
        let request = RespondActivityTaskCompletedByIdRequest {
            namespace,
            workflow_id,
            run_id,
            activity_id,
            result,
            identity,
            ..RespondActivityTaskCompletedByIdRequest::default()
        };
        return complete_activity_task::command_by_id(request, terms);
    };
    let request = RespondActivityTaskCompletedRequest { result, identity, ..RespondActivityTaskCompletedRequest::default() };
    complete_activity_task::command(request, token, terms)
}

pub(super) fn fail(mut asked: FailActivityRequest, named: Named, meant: &mut String, terms: &Terms<'_>) -> Result<Command> {
    let token = token(asked.task_token.as_deref(), &named, meant)?;
    let details = asked.details()?;
    let info = ApplicationFailureInfo {
        r#type: asked.error_type.unwrap_or_default(),
        non_retryable: asked.non_retryable.unwrap_or_default(),
        details,
        next_retry_delay: milliseconds(asked.next_retry_delay_ms),
        ..ApplicationFailureInfo::default()
    };
    let failure = Some(Failure {
        message: asked.message.unwrap_or_default(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Failure::default()
    });
    let activity_id = asked.activity_id.unwrap_or_default();
    let Named { namespace, workflow_id, run_id, identity, .. } = named;
    let Some(token) = token else {
        let request = RespondActivityTaskFailedByIdRequest {
            namespace,
            workflow_id,
            run_id,
            activity_id,
            failure,
            identity,
            ..RespondActivityTaskFailedByIdRequest::default()
        };
        return Ok(fail_activity_task::command_by_id(request, terms)?.command);
    };
    let request = RespondActivityTaskFailedRequest { failure, identity, ..RespondActivityTaskFailedRequest::default() };
    Ok(fail_activity_task::command(request, token, terms)?.command)
}

pub(super) fn cancel(asked: DetailsRequest, named: Named, meant: &mut String, terms: &Terms<'_>) -> Result<Command> {
    let token = token(asked.task_token.as_deref(), &named, meant)?;
    let activity_id = asked.activity_id.clone().unwrap_or_default();
    let details = asked.details()?;
    let Named { namespace, workflow_id, run_id, identity, .. } = named;
    let Some(token) = token else {
        let request = RespondActivityTaskCanceledByIdRequest {
            namespace,
            workflow_id,
            run_id,
            activity_id,
            details,
            identity,
            ..RespondActivityTaskCanceledByIdRequest::default()
        };
        return cancel_activity_task::command_by_id(request, terms);
    };
    let request = RespondActivityTaskCanceledRequest { details, identity, ..RespondActivityTaskCanceledRequest::default() };
    cancel_activity_task::command(request, token, terms)
}

pub(super) fn heartbeat(asked: DetailsRequest, named: Named, meant: &mut String, terms: &Terms<'_>) -> Result<Command> {
    let token = token(asked.task_token.as_deref(), &named, meant)?;
    let activity_id = asked.activity_id.clone().unwrap_or_default();
    let details = asked.details()?;
    let Named { namespace, workflow_id, run_id, identity, .. } = named;
    let heartbeat = match token {
        Some(token) => {
            let request = RecordActivityTaskHeartbeatRequest { details, identity, ..RecordActivityTaskHeartbeatRequest::default() };
            heartbeat_activity_task::command(request, token, terms)
        }
        None => {
            let request = RecordActivityTaskHeartbeatByIdRequest {
                namespace,
                workflow_id,
                run_id,
                activity_id,
                details,
                identity,
                ..RecordActivityTaskHeartbeatByIdRequest::default()
            };
            heartbeat_activity_task::command_by_id(request, terms)?
        }
    };
    Ok(match heartbeat {
        Heartbeat::Beats(command) | Heartbeat::Fails(command) => command,
    })
}

/// The activity of a task token; `None`: it is named by its ids. The token says which workflow is meant.
///
/// # Errors
/// The token is none, or another namespace's.
fn token(text: Option<&str>, named: &Named, meant: &mut String) -> Result<Option<ActivityTaskToken>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let token = tokens::decode_activity_task(&values::bytes("task_token", Some(text.to_owned()))?)?;
    if token.namespace != named.namespace {
        return Err(Fault::invalid("Operation requested with a token from a different namespace."));
    }
    meant.clone_from(&token.workflow_id);
    Ok(Some(token))
}
