//! Commands of triggers: what a declared rule asks for because of a record.

use klamm_messages::klamm::v1::{
    ClusterCommand, Command, CommandSource, DeadLetter, FromTrigger, MarkSource, NamespaceState, PauseTrigger, cluster_command,
    command::Body,
};
use prost::Message;

use super::{Against, Envelope, Place, Request, asked, asked::Subject, ids, named::Named, source};
use crate::{
    fault::{Fault, Told},
    limits::Limits,
    namespaces::{self, Namespaces},
    settings::DECISION_VERSION,
    terms::Terms,
};

/// Class of dead letters whose request is refused.
const REFUSED: &str = "mapping";
/// Class of dead letters whose command would be too large.
const TOO_LARGE: &str = "size";
/// Longest part of a record's key that stands for a workflow id.
const KEY_BYTES_MAX: usize = 200;

/// The command of a request that a rule has made. A request that is refused becomes a dead letter.
///
/// `once` stands for the topic and the trigger, whatever its generation is. From it and the record's place in its partition the request id is
/// made up if the rule says nothing: so a record that a later generation reads again has no second effect on its run.
///
/// The namespace must exist and take new work, else the record has to wait ([`takes_work`]).
pub fn triggered(request: Request, from: FromTrigger, envelope: &Envelope, place: &Place, once: &str, against: &Against<'_>) -> Command {
    let Against { namespace, namespaces, limits } = *against;
    let new_id = ids(place);
    let terms = Terms { namespace, limits, new_id: &new_id };
    let workflow_id = request.workflow_id.clone().unwrap_or_default();
    let request_id = request.request_id.clone().unwrap_or_else(ids(&Place { topic_id: once.to_owned(), ..place.clone() }));
    let mut command = asked_for(request, request_id, &from.trigger, envelope, &terms, namespaces).unwrap_or_else(|fault| {
        let Told { message, .. } = fault.told();
        letter(workflow_id, REFUSED, message, &terms)
    });
    if let (Some(batch), Some(Body::StartWorkflow(_))) = (&from.batch, &command.body) {
        // Records of a batch come together on one partition, wherever the run will be.
        command.workflow_id.clone_from(&batch.name);
    }
    finish(command, from, place, &terms)
}

/// A dead letter that can be used after all.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// What it asks for. Other than the command of a record it may come again, and at any time: nothing but its request id tells of that.
    pub command: Command,
    /// By this id it takes effect once on a run.
    pub request_id: String,
}

/// The command of a request that a rule has made of a dead letter. `place` is the letter's own place, from which the request id is made up
/// if the rule says nothing. The ids of runs are those of `terms`: a run must never have the id of one that an earlier replay has started.
///
/// # Errors
/// The class of what is wrong, and in words.
pub fn replayed(
    request: Request,
    trigger: &str,
    envelope: &Envelope,
    place: &Place,
    terms: &Terms<'_>,
    namespaces: &Namespaces,
) -> Result<Replayed, (&'static str, String)> {
    let request_id = request.request_id.clone().unwrap_or_else(ids(place));
    let asked = asked_for(request, request_id.clone(), trigger, envelope, terms, namespaces);
    let command = asked.map_err(|fault| (REFUSED, fault.told().message))?;
    let limit = terms.limits.command_bytes;
    if command.encoded_len() > limit { Err((TOO_LARGE, too_large(limit))) } else { Ok(Replayed { command, request_id }) }
}

fn asked_for(
    request: Request,
    request_id: String,
    trigger: &str,
    envelope: &Envelope,
    terms: &Terms<'_>,
    namespaces: &Namespaces,
) -> Result<Command, Fault> {
    let named = Named {
        namespace: terms.namespace.name.clone(),
        workflow_id: request.workflow_id.clone().unwrap_or_default(),
        run_id: String::new(),
        request_id,
        identity: format!("klamm-trigger/{trigger}"),
        header: envelope.trace(),
    };
    asked::asked(request, named, &mut Subject::default(), terms, namespaces)
}

fn too_large(limit: usize) -> String {
    format!("The command of the record is larger than a command may be ({limit} bytes).")
}

/// The command of a record that cannot be used. Records with the same key go the same way.
pub fn dead_letter(class: &str, message: String, from: FromTrigger, place: &Place, namespace: &NamespaceState, limits: &Limits) -> Command {
    let terms = Terms { namespace, limits, new_id: &String::new };
    let mut key = from.key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default();
    crate::text::cut(&mut key, KEY_BYTES_MAX);
    let command = letter(key, class, message, &terms);
    finish(command, from, place, &terms)
}

/// The command that pauses a trigger.
pub fn pause_trigger(name: &str, reason: String) -> Command {
    let pause = PauseTrigger { name: name.to_owned(), paused: true, reason };
    Command {
        version: DECISION_VERSION,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(cluster_command::Command::PauseTrigger(pause)) })),
        ..Command::default()
    }
}

/// The command that only says how far the source has been read: all of its records below `next`.
pub fn mark(place: &Place, next: i64, namespace: &str) -> Command {
    Command {
        version: DECISION_VERSION,
        namespace: namespace.to_owned(),
        workflow_id: place.topic_id.clone(),
        source: Some(CommandSource { settled: next, ..source(place) }),
        body: Some(Body::MarkSource(MarkSource {})),
        ..Command::default()
    }
}

/// Whether the namespace takes new work.
///
/// # Errors
/// Why it does not.
pub fn takes_work(namespace: &str, namespaces: &Namespaces, limits: &Limits) -> Result<(), String> {
    namespaces::registered(namespaces, namespace, limits).map(drop).map_err(|fault: Fault| fault.told().message)
}

fn letter(workflow_id: String, class: &str, message: String, terms: &Terms<'_>) -> Command {
    let body = Body::DeadLetter(DeadLetter { class: class.to_owned(), message });
    terms.workflow_command(workflow_id, String::new(), body)
}

/// The command with the record that it comes from. One that is too large becomes a dead letter, if need be without the value.
fn finish(command: Command, from: FromTrigger, place: &Place, terms: &Terms<'_>) -> Command {
    let limit = terms.limits.command_bytes;
    let command = Command { source: Some(source(place)), from_trigger: Some(from), ..command };
    if command.encoded_len() <= limit {
        return command;
    }
    let is_letter = matches!(command.body, Some(Body::DeadLetter(_)));
    let message = too_large(limit);
    let from = command.from_trigger.clone();
    let mut command = if is_letter {
        command
    } else {
        let letter = letter(command.workflow_id, TOO_LARGE, message, terms);
        Command { source: Some(source(place)), from_trigger: from, ..letter }
    };
    if command.encoded_len() > limit
        && let Some(from) = &mut command.from_trigger
    {
        from.value_bytes = from.value.take().map_or(0, |value| value.len() as u64);
    }
    if command.encoded_len() > limit
        && let Some(from) = &mut command.from_trigger
    {
        // The rest stands on the source topic: the letter says where.
        (from.key, from.headers) = (None, Vec::new());
    }
    command
}
