//! Commands of triggers that wait: signals until a run begins, records of batches until their batch is complete.
//!
//! Signals that wait are delivered in the step in which a run begins, whoever starts it, and before all signals that come later. So the order
//! of records with one key is kept.

use std::collections::BTreeSet;

use klamm_held::{
    Kind, Queue, batch,
    signals::{self, Wait},
};
use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, FromTrigger, WakeUp, command::Body, history_record::Record};
use klamm_workflow::Answer;

use crate::{
    backend::{Came, Reply, Skips, Triggered},
    by_trigger,
    machines::{Answered, Event, Machines},
};

/// Decides a command that a trigger has made. It may be one that waits.
///
/// # Errors
/// None that a record has caused: those are answered.
pub(crate) fn decide(machines: &Machines, tx: &mut Tx<'_, Machines>, command: &Command, from: &FromTrigger) -> Decision<Answered> {
    if let (Some(batch), Some(Body::StartWorkflow(_))) = (&from.batch, &command.body) {
        machines.hold(tx, |tx| batch::join(tx, command, batch))?;
        return Ok(Outcome::Answer(Answered::of(Reply::Trigger(came(from, Came::Held, 1)))));
    }
    let queue = signals::queue(&command.namespace, &command.workflow_id);
    let waited = if is_signal(command) && queue.whole(tx).is_some() { deliver(machines, tx, &queue) } else { Vec::new() };
    let hold = |tx: &mut Tx<'_, Machines>, rejection: Rejection| match signals::waits(&rejection, command) {
        Some(wait) if is_signal(command) => machines.hold(tx, |tx| signals::put(tx, command, wait)),
        _ => Err(rejection),
    };
    let decide = |tx: &mut Tx<'_, Machines>| machines.decide_body(tx, command);
    let mut decided = by_trigger::answer(tx, command, from, Answered::of, |answered| &answered.reply, decide, hold)?;
    if let Outcome::Answer(answered) = &mut decided {
        answered.waited = waited;
    }
    Ok(decided)
}

/// Something that waits is due.
pub(crate) fn wake_up(machines: &Machines, tx: &mut Tx<'_, Machines>, body: &WakeUp) -> Outcome<Answered> {
    let mut answered = Answered::of(Reply::Workflow(Answer::Empty));
    match signals::woken(tx, body) {
        Some(queue) if queue.kind == Kind::Batch => machines.hold(tx, |tx| batch::complete(tx, &queue)),
        Some(queue) => answered.waited = deliver(machines, tx, &queue),
        None => {}
    }
    Outcome::Answer(answered)
}

/// The queue of the signals that wait for the run which the command asks for, if any do.
pub(crate) fn waiting(tx: &Tx<'_, Machines>, command: &Command) -> Option<Queue> {
    asks_for_run(command).then(|| signals::queue(&command.namespace, &command.workflow_id)).filter(|queue| queue.whole(tx).is_some())
}

/// The same command, without polls or a caller that would get the run's first workflow task at once: they get it a moment later.
pub(crate) fn without_task(command: &Command) -> Command {
    let mut command = Command { reservations: Vec::new(), ..command.clone() };
    if let Some(Body::StartWorkflow(start)) = &mut command.body
        && let Some(request) = &mut start.request
    {
        request.request_eager_execution = false;
    }
    command
}

fn asks_for_run(command: &Command) -> bool {
    matches!(command.body, Some(Body::StartWorkflow(_) | Body::SignalWithStartWorkflow(_) | Body::UpdateWithStart(_)))
}

/// Delivers what waits for the runs that this decision has begun. Gives what has come of it. `waiting` is what was found before the decision.
pub(crate) fn deliver_to_begun(
    machines: &Machines,
    tx: &mut Tx<'_, Machines>,
    command: &Command,
    waiting: Option<Queue>,
) -> Vec<Triggered> {
    if asks_for_run(command) && waiting.is_none() {
        // Nothing begins to wait in a decision that begins a run.
        return Vec::new();
    }
    let begun: BTreeSet<Queue> = tx.emitted().iter().filter_map(begins).collect();
    let waiting: Vec<Queue> = begun.into_iter().filter(|queue| queue.whole(tx).is_some()).collect();
    waiting.iter().flat_map(|queue| deliver(machines, tx, queue)).collect()
}

/// The queue of the signals that wait for the run which the event begins.
fn begins(event: &Event) -> Option<Queue> {
    let Event::Workflow(klamm_workflow::Event::Record(record)) = event else { return None };
    match &record.record {
        Some(Record::Event(event)) if event.event_id == 1 => Some(signals::queue(&record.namespace, &record.workflow_id)),
        _ => None,
    }
}

/// Tries all signals of the queue, in their order. Those that cannot wait any longer become dead letters.
fn deliver(machines: &Machines, tx: &mut Tx<'_, Machines>, queue: &Queue) -> Vec<Triggered> {
    let (mut waited, mut is_closing) = (Vec::new(), false);
    for record in queue.records(tx) {
        let (Some(command), number) = (&record.command, record.number) else { continue };
        let Some(from) = &command.from_trigger else { continue };
        if is_closing {
            // All of them wait for the same.
            machines.hold(tx, |tx| signals::wait_on(tx, &record, Wait::ForClose));
            continue;
        }
        let refused = match tx.attempt(|tx| machines.decide_body(tx, command)) {
            Ok(Outcome::Answer(_)) => None,
            Ok(Outcome::Refused(rejection)) | Err(rejection) => Some(rejection),
        };
        let came_of = match refused {
            None => Came::Signalled,
            Some(rejection) => {
                let wait = signals::waits(&rejection, command);
                is_closing = wait == Some(Wait::ForClose);
                if wait.is_some_and(|wait| machines.hold(tx, |tx| signals::wait_on(tx, &record, wait)).is_some()) {
                    continue;
                }
                if (Skips { missing: from.skip_missing, conflict: from.skip_conflict }).take(&rejection) {
                    Came::Suppressed
                } else {
                    by_trigger::reject(tx, command, from, rejection);
                    Came::DeadLettered
                }
            }
        };
        machines.hold(tx, |tx| queue.end(tx, number));
        waited.push(came(from, came_of, 1));
    }
    waited
}

fn came(from: &FromTrigger, came: Came, records: u64) -> Triggered {
    Triggered { trigger: from.trigger.clone(), came, records }
}

fn is_signal(command: &Command) -> bool {
    matches!(command.body, Some(Body::SignalWorkflow(_) | Body::SignalWithStartWorkflow(_)))
}

#[cfg(test)]
mod tests;
