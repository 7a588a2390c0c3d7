//! Commands that triggers have made of records: what cannot be done becomes a dead letter.

use bytes::Bytes;
use klamm_machine::{DeadLetterRecord, Decision, Machine, Outcome as Decided, Publication, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, DeadLetter, FromTrigger, command::Body};
use klamm_requests::fault::{Fault, Told};
use klamm_workflow::Answer;

use crate::backend::{Came, Reply, Triggered};

/// Class of dead letters whose command was rejected.
const REJECTED: &str = "rejected";

/// Runs `decide`, or publishes a dead letter, in the same transaction. `answer` makes the answer, and `reply` is what an answer tells.
///
/// # Errors
/// None of `decide`'s: a rejected command would publish nothing. It leaves nothing else.
pub(crate) fn answer<M: Machine>(
    tx: &mut Tx<'_, M>,
    command: &Command,
    from: &FromTrigger,
    answer: impl Fn(Reply) -> M::Answer,
    reply: impl FnOnce(&M::Answer) -> &Reply,
    decide: impl FnOnce(&mut Tx<'_, M>) -> Decision<M::Answer>,
) -> Decision<M::Answer> {
    let came = |came| Ok(Decided::Answer(answer(Reply::Trigger(Triggered { trigger: from.trigger.clone(), came }))));
    if let Some(Body::DeadLetter(letter)) = &command.body {
        publish(tx, from, letter);
        return came(Came::DeadLettered);
    }
    match tx.attempt(decide) {
        Ok(Decided::Answer(answered)) => came(effect(command, reply(&answered))),
        Ok(Decided::Refused(rejection)) | Err(rejection) => {
            let is_fine = match rejection {
                Rejection::NotFound(_) => from.skip_missing,
                Rejection::WorkflowExecutionAlreadyStarted { .. } => from.skip_conflict,
                _ => false,
            };
            if is_fine {
                return came(Came::Suppressed);
            }
            let Told { message, .. } = Fault::from(rejection).told();
            publish(tx, from, &DeadLetter { class: REJECTED.to_owned(), message });
            came(Came::DeadLettered)
        }
    }
}

fn effect(command: &Command, reply: &Reply) -> Came {
    let signals = matches!(command.body, Some(Body::SignalWithStartWorkflow(_)));
    match reply {
        Reply::Workflow(Answer::Started(started)) if !started.started && signals => Came::Signalled,
        Reply::Workflow(Answer::Started(started)) if !started.started => Came::Suppressed,
        Reply::Workflow(Answer::Signaled { .. }) => Came::Signalled,
        _ => Came::Started,
    }
}

/// The dead letter: key, value and headers as they came, and what is wrong, in headers as brokers write them for share groups, and klamm's
/// own.
fn publish<M: Machine>(tx: &mut Tx<'_, M>, from: &FromTrigger, letter: &DeadLetter) {
    let mut headers: Vec<(String, Bytes)> = from.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value.into()));
    add("__dlq.errors.topic", from.topic.clone());
    add("__dlq.errors.partition", from.partition.to_string());
    add("__dlq.errors.offset", from.offset.to_string());
    add("__dlq.errors.message", letter.message.clone());
    add("klamm-dlq-trigger", from.trigger.clone());
    if from.rule > 0 {
        add("klamm-dlq-rule", from.rule.to_string());
    }
    add("klamm-dlq-class", letter.class.clone());
    add("klamm-dlq-stage", if letter.class == REJECTED { "effect" } else { "record" }.to_owned());
    add("klamm-dlq-attempt", "1".to_owned());
    if from.value_bytes > 0 {
        // The value is too large for klamm's log: it stands on its topic only.
        add("klamm-dlq-value-bytes", from.value_bytes.to_string());
    }
    let record = DeadLetterRecord { trigger: from.trigger.clone(), key: from.key.clone(), value: from.value.clone(), headers };
    tx.publish(Publication::DeadLetter(Box::new(record)));
}
