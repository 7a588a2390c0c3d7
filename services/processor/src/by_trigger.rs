//! Commands that triggers have made of records: what cannot be done becomes a dead letter.

use bytes::Bytes;
use klamm_machine::{DeadLetterRecord, Decision, Machine, Outcome as Decided, Publication, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, DeadLetter, FromTrigger, command::Body};
use klamm_requests::fault::{Fault, Told};
use klamm_triggers::{Letter, fault_class};

use crate::backend::{Came, Reply, Skips, Triggered};

/// Runs `decide`, or publishes a dead letter, in the same transaction. `hold` is asked whether a rejected command waits. `answer` makes the
/// answer, and `reply` is what an answer tells.
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
    hold: impl FnOnce(&mut Tx<'_, M>, Rejection) -> Result<(), Rejection>,
) -> Decision<M::Answer> {
    let records = 1 + command.from_batch.len() as u64;
    let came = |came| Ok(Decided::Answer(answer(Reply::Trigger(Triggered { trigger: from.trigger.clone(), came, records }))));
    if let Some(Body::DeadLetter(letter)) = &command.body {
        publish(tx, from, letter);
        return came(Came::DeadLettered);
    }
    let before = tx.emitted().len();
    match tx.attempt(decide) {
        // The run knows the request already: the trigger has read the record before.
        Ok(Decided::Answer(_)) if tx.emitted().len() == before => came(Came::Suppressed),
        Ok(Decided::Answer(answered)) => match reply(&answered) {
            Reply::Workflow(answer) => came(Came::of(command, answer)),
            _ => came(Came::Started),
        },
        Ok(Decided::Refused(rejection)) | Err(rejection) => {
            let skips = Skips { missing: from.skip_missing, conflict: from.skip_conflict };
            if skips.take(&rejection) {
                return came(Came::Suppressed);
            }
            match hold(tx, rejection) {
                Ok(()) => came(Came::Held),
                Err(rejection) => {
                    reject(tx, command, from, rejection);
                    came(Came::DeadLettered)
                }
            }
        }
    }
}

/// The records of a command that was rejected become dead letters: one, or all of a batch.
pub(crate) fn reject<M: Machine>(tx: &mut Tx<'_, M>, command: &Command, from: &FromTrigger, rejection: Rejection) {
    let Told { message, .. } = Fault::from(rejection).told();
    let letter = DeadLetter { class: fault_class::REJECTED.to_owned(), message };
    for from in [from].into_iter().chain(&command.from_batch) {
        publish(tx, from, &letter);
    }
}

/// The dead letter: key, value and headers as they came, and what is wrong, in headers.
fn publish<M: Machine>(tx: &mut Tx<'_, M>, from: &FromTrigger, letter: &DeadLetter) {
    let said = Letter {
        topic: from.topic.clone(),
        partition: Some(from.partition.cast_unsigned()),
        offset: Some(from.offset),
        message: letter.message.clone(),
        trigger: from.trigger.clone(),
        rule: from.rule,
        class: letter.class.clone(),
        stage: if letter.class == fault_class::REJECTED { "effect" } else { "record" }.to_owned(),
        value_bytes: from.value_bytes,
    };
    let own = from.headers.iter().map(|header| (header.name.clone(), header.value.clone()));
    let said = said.headers().into_iter().map(|(name, value)| (name.to_owned(), Bytes::from(value)));
    let headers = own.chain(said).collect();
    let record = DeadLetterRecord { trigger: from.trigger.clone(), key: from.key.clone(), value: from.value.clone(), headers };
    tx.publish(Publication::DeadLetter(Box::new(record)));
}
