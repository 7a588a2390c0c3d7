//! What a request asks: the table of contents.

use klamm_messages::klamm::v1::Command;

use super::{activities, named::Named, request::Request, workflows};
use crate::{
    fault::{Fault, Result},
    namespaces::Namespaces,
    terms::Terms,
};

/// Said of a request that asks for more.
const ONE_THING: &str = "A request asks for one thing only (or for start with signal, or start with update).";
/// Said of a request that asks for nothing.
const NOTHING: &str = "The request asks for nothing: one of start, signal, update, cancel, terminate, complete_activity, fail_activity, \
                       cancel_activity and heartbeat_activity has to be set.";

/// What a request is about, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// Name of what is asked.
    pub(super) request: &'static str,
    /// The workflow that is meant.
    pub(super) workflow_id: String,
}

/// The command of what is asked. `subject` is filled in even if there is no command.
///
/// # Errors
/// What Temporal says of the first fault, or that the request asks for nothing, or for several things.
pub(super) fn asked(request: Request, named: Named, subject: &mut Subject, terms: &Terms<'_>, namespaces: &Namespaces) -> Result<Command> {
    let Request { start, signal, update, cancel, terminate, complete_activity, fail_activity, cancel_activity, heartbeat_activity, .. } =
        request;
    let others = [
        cancel.is_some(),
        terminate.is_some(),
        complete_activity.is_some(),
        fail_activity.is_some(),
        cancel_activity.is_some(),
        heartbeat_activity.is_some(),
    ];
    let others = others.into_iter().filter(|it| *it).count();
    let of_workflow = start.is_some() || signal.is_some() || update.is_some();
    if others > 1 || (others == 1 && of_workflow) || (signal.is_some() && update.is_some()) {
        return Err(Fault::invalid(ONE_THING));
    }
    if let Some(start) = start {
        return if let Some(signal) = signal {
            subject.request = "signal_with_start";
            workflows::signal_with_start(start, signal, named, terms, namespaces)
        } else if let Some(update) = update {
            subject.request = "update_with_start";
            workflows::update_with_start(start, update, named, terms, namespaces)
        } else {
            subject.request = "start";
            workflows::start(start, named, terms, namespaces)
        };
    }
    if let Some(signal) = signal {
        subject.request = "signal";
        return workflows::signal(signal, named, terms);
    }
    if let Some(update) = update {
        subject.request = "update";
        return workflows::update(update, named, terms);
    }
    if let Some(cancel) = cancel {
        subject.request = "cancel";
        return workflows::cancel(cancel, named, terms);
    }
    if let Some(terminate) = terminate {
        subject.request = "terminate";
        return workflows::terminate(terminate, named, terms);
    }
    if let Some(completed) = complete_activity {
        subject.request = "complete_activity";
        return activities::complete(completed, named, &mut subject.workflow_id, terms);
    }
    if let Some(failed) = fail_activity {
        subject.request = "fail_activity";
        return activities::fail(failed, named, &mut subject.workflow_id, terms);
    }
    if let Some(canceled) = cancel_activity {
        subject.request = "cancel_activity";
        return activities::cancel(canceled, named, &mut subject.workflow_id, terms);
    }
    if let Some(alive) = heartbeat_activity {
        subject.request = "heartbeat_activity";
        return activities::heartbeat(alive, named, &mut subject.workflow_id, terms);
    }
    Err(Fault::invalid(NOTHING))
}
