//! Commands that records of other programs have asked for: whatever comes of one is told on the topic of outcomes.

use klamm_avro::frame;
use klamm_machine::{Decision, ForeignRecord, Machine, Outcome as Decided, Publication, Rejection, Tx, key, outcome_kind};
use klamm_messages::klamm::v1::{Command, FromRecord, Outcome, RequestAnswer, command::Body};
use klamm_requests::fault::{Fault, Told};
use klamm_workflow::{Answer, answer::UpdatedWithStart};

use crate::backend::Reply;

/// Header in which an answer carries what tells its request from others.
const CORRELATION_HEADER: &str = "correlation-id";
/// Header of the answer to a heartbeat whose activity is to stop, so that a worker needs no Avro to learn of it.
const CANCEL_HEADER: &str = "cancel-requested";
/// Said of an update whose run has closed since its start was asked for first.
const CLOSED: &str = "workflow execution already completed";

/// What came of a request.
struct Came {
    /// The run that took it, where that is known.
    run_id: String,
    /// A code of google.rpc.Code; 0: it was taken.
    code: i32,
    /// Why it was not taken.
    message: String,
    /// What the worker is told that sent a heartbeat.
    heartbeat: Heartbeat,
}

/// Reasons why an activity is to stop.
#[derive(Default)]
struct Heartbeat {
    cancel_requested: bool,
    paused: bool,
    reset: bool,
}

/// Runs `decide`, and publishes what came of it, in the same transaction. `nothing` answers a command that has no effect but that, and `reply` is
/// what an answer tells.
///
/// # Errors
/// None of `decide`'s: a rejected command would publish nothing. It leaves nothing else.
pub(crate) fn answer<M: Machine>(
    tx: &mut Tx<'_, M>,
    command: &Command,
    from: &FromRecord,
    nothing: M::Answer,
    reply: impl FnOnce(&M::Answer) -> &Reply,
    decide: impl FnOnce(&mut Tx<'_, M>) -> Decision<M::Answer>,
) -> Decision<M::Answer> {
    if let Some(Body::RefuseRequest(refused)) = &command.body {
        publish(tx, command, from, refused_with(refused.code, refused.message.clone()));
        return Ok(Decided::Answer(nothing));
    }
    let decided = tx.attempt(decide);
    let (came, decided) = match decided {
        Ok(Decided::Answer(answered)) => (accepted(reply(&answered)), Decided::Answer(answered)),
        Ok(Decided::Refused(rejection)) | Err(rejection) => (rejected(rejection.clone()), Decided::Refused(rejection)),
    };
    publish(tx, command, from, came);
    Ok(decided)
}

fn refused_with(code: i32, message: String) -> Came {
    Came { run_id: String::new(), code, message, heartbeat: Heartbeat::default() }
}

fn accepted(reply: &Reply) -> Came {
    let heartbeat = match *reply {
        Reply::Workflow(Answer::Heartbeat { cancel_requested, paused, reset }) => Heartbeat { cancel_requested, paused, reset },
        _ => Heartbeat::default(),
    };
    let run_id = match reply {
        Reply::Workflow(Answer::Started(started)) => started.run_id.clone(),
        Reply::Workflow(Answer::Signaled { run_id }) => run_id.clone(),
        Reply::Workflow(Answer::UpdateAdmitted(admitted)) => admitted.run_id.clone(),
        Reply::Workflow(Answer::UpdatedWithStart(both)) => match &**both {
            UpdatedWithStart::Done { started, .. } => started.run_id.clone(),
            UpdatedWithStart::StartRefused(rejection) | UpdatedWithStart::UpdateRefused(rejection) => return rejected(rejection.clone()),
            UpdatedWithStart::NotStarted => return rejected(Rejection::not_found(CLOSED)),
        },
        _ => String::new(),
    };
    Came { run_id, code: 0, message: String::new(), heartbeat }
}

fn rejected(rejection: Rejection) -> Came {
    let Told { code, message, .. } = Fault::from(rejection).told();
    refused_with(code as i32, message)
}

/// The answer, for the topic of outcomes.
fn publish<M: Machine>(tx: &mut Tx<'_, M>, command: &Command, from: &FromRecord, came: Came) {
    let Came { run_id, code, message, heartbeat: Heartbeat { cancel_requested, paused, reset } } = came;
    let kind = if code == 0 { outcome_kind::REQUEST_ACCEPTED } else { outcome_kind::REQUEST_REJECTED };
    let request = RequestAnswer {
        request_id: from.request_id.clone(),
        kind: from.request.clone(),
        correlation_id: from.correlation_id.clone(),
        topic: from.topic.clone(),
        partition: from.partition,
        offset: from.offset,
        code,
        message,
        run_id: run_id.clone(),
        cancel_requested,
        paused,
        reset,
    };
    let outcome = Outcome {
        kind: kind.to_owned(),
        time: Some(tx.context.now.into()),
        namespace: command.namespace.clone(),
        workflow_id: command.workflow_id.clone(),
        run_id,
        request: Some(request),
        ..Outcome::default()
    };
    let correlation = Some(&from.correlation_id).filter(|id| !id.is_empty());
    let correlation = correlation.map(|id| (CORRELATION_HEADER.to_owned(), id.clone()));
    let cancel = cancel_requested.then(|| (CANCEL_HEADER.to_owned(), "true".to_owned()));
    let headers: Vec<_> = correlation.into_iter().chain(cancel).collect();
    if let Some(reply) = reply(command, from, &outcome, &headers) {
        tx.publish(Publication::Foreign(Box::new(reply)));
    }
    tx.publish(Publication::Outcome { outcome: Box::new(outcome), headers });
}

/// The same answer for the destination that the request names; `None` when it names none that the namespace declares. It is the JSON of the
/// outcome, because whoever reads there may have no Avro.
fn reply(command: &Command, from: &FromRecord, outcome: &Outcome, headers: &[(String, String)]) -> Option<ForeignRecord> {
    let mut declared = command.settings.iter().flat_map(|settings| &settings.destinations);
    let destination = declared.find(|it| it.name == from.reply_to && it.partitions > 0)?;
    let value = klamm_avro::json::to_json(&frame::encode(outcome)).ok()?;
    let content_type = ("content-type".to_owned(), "application/json".to_owned());
    let headers = headers.iter().chain([&content_type]).map(|(name, value)| (name.clone(), value.clone().into())).collect();
    Some(ForeignRecord {
        topic: destination.topic.clone(),
        partition: key::hash(&outcome.workflow_id) % destination.partitions,
        key: Some(outcome.workflow_id.clone().into()),
        value: Some(value.to_string().into()),
        headers,
    })
}
