//! Signals that wait for a run. What becomes of them is decided elsewhere; here stands what waits, in what order, and until when.

use std::time::Duration;

use klamm_machine::{Machine, Rejection, Time, Tx};
use klamm_messages::klamm::v1::{Command, HeldRecord, WakeUp};

use crate::{
    event::Event,
    held::Held,
    limits::{LOOK_AGAIN, SIGNAL_BYTES_MAX, SIGNALS_MAX},
    queue::{Kind, Queue},
    wake,
};

/// The queue of the signals that wait for a workflow.
pub fn queue(namespace: &str, workflow_id: &str) -> Queue {
    Queue { kind: Kind::Signal, namespace: namespace.to_owned(), id: workflow_id.to_owned() }
}

/// Whether a signal that was refused waits, and for how long: until a run begins, or, when its workflow is about to close, until it has.
pub fn waits(refused: &Rejection, command: &Command) -> Option<Wait> {
    match refused {
        Rejection::NotFound(_) => wait(command).map(Wait::ForRun),
        Rejection::BusyWorkflow(_) => Some(Wait::ForClose),
        _ => None,
    }
}

/// For what a signal waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For a run, so long at most.
    ForRun(Duration),
    /// For the end of a run that is about to close.
    ForClose,
}

/// How long the signal waits for a run if there is none.
fn wait(command: &Command) -> Option<Duration> {
    let wait = command.from_trigger.as_ref()?.wait?;
    let wait = Duration::new(wait.seconds.try_into().ok()?, wait.nanos.try_into().ok()?);
    Some(wait).filter(|wait| !wait.is_zero())
}

/// Lets a signal wait behind those that wait for the same workflow.
///
/// # Errors
/// Too much waits for the workflow.
pub fn put(tx: &mut Tx<'_, Held>, command: &Command, wait: Wait) -> Result<(), Rejection> {
    let now = tx.context.now;
    let number = tx.context.offset;
    let waiting = queue(&command.namespace, &command.workflow_id).whole(tx);
    if let Some(waiting) = waiting.filter(|it| it.count >= SIGNALS_MAX || it.bytes >= SIGNAL_BYTES_MAX) {
        return Err(Rejection::FailedPrecondition(format!(
            "{} signals with {} bytes wait for a run of the workflow; there cannot be more.",
            waiting.count, waiting.bytes
        )));
    }
    let record = HeldRecord { number, since: Some(now.into()), command: Some(command.clone()), ..HeldRecord::default() };
    tx.emit(Event::Waits(Box::new(until(record, wait, now))));
    Ok(())
}

/// The signal was tried and waits on. `None`: it has waited long enough.
pub fn wait_on(tx: &mut Tx<'_, Held>, record: &HeldRecord, wait: Wait) -> Option<()> {
    let now = tx.context.now;
    if wait == Wait::ForClose && record.due.is_some_and(|due| now < due.into()) {
        // It is looked at soon enough, and need not be written again.
        return Some(());
    }
    if wait != Wait::ForClose && record.until.is_some_and(|until| Time::from(until) <= now) {
        return None;
    }
    let next = match (wait, record.until) {
        // How long it waits counts from when it was known that there is no run.
        (Wait::ForRun(_), Some(end)) => HeldRecord { due: Some(end), ..record.clone() },
        _ => until(record.clone(), wait, now),
    };
    if next != *record {
        tx.emit(Event::Waits(Box::new(next)));
    }
    Some(())
}

fn until(record: HeldRecord, wait: Wait, now: Time) -> HeldRecord {
    match wait {
        Wait::ForRun(wait) => {
            let end = Some(now.after(wait).into());
            HeldRecord { due: end, until: end, ..record }
        }
        Wait::ForClose => HeldRecord { due: Some(now.after(LOOK_AGAIN).into()), ..record },
    }
}

/// The queue that a wake-up is about, if something there is due. Early, stale and doubled wake-ups change nothing.
pub fn woken<M: Machine + ?Sized>(tx: &Tx<'_, M>, body: &WakeUp) -> Option<Queue> {
    let (queue, number) = wake::woken(&body.namespace, &body.id, &body.run_id)?;
    let now = tx.context.now;
    let due = match queue.kind {
        Kind::Signal => queue.record(tx, number)?.due,
        Kind::Batch => queue.whole(tx)?.due,
    };
    due.is_some_and(|due| Time::from(due) <= now).then_some(queue)
}
