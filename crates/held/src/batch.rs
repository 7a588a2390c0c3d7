//! Batches: records that wait for others with which they start one run.
//!
//! A batch is complete when it has as many records as it may have, when its first record has waited for `within`, or when none has come for
//! `quiet`. Then one start goes to the partition of its workflow, exactly once, with the arguments of all records.

use klamm_machine::{Rejection, Time, Tx, time::duration_or_none};
use klamm_messages::klamm::v1::{Batch, Command, HeldRecord};
use prost::Message;

use crate::{
    event::Event,
    held::Held,
    limits::BATCH_BYTES_MAX,
    merge,
    queue::{Kind, Queue},
};

/// The record of `command`, a start, joins the batch.
///
/// # Errors
/// Internal: the command is no start of a batch.
pub fn join(tx: &mut Tx<'_, Held>, command: &Command, batch: &Batch) -> Result<(), Rejection> {
    if !merge::is_start(command) {
        return Err(Rejection::Internal("Only starts join batches.".to_owned()));
    }
    let queue = Queue { kind: Kind::Batch, namespace: command.namespace.clone(), id: command.workflow_id.clone() };
    let now = tx.context.now;
    let mut record =
        HeldRecord { number: tx.context.offset, since: Some(now.into()), command: Some(command.clone()), ..HeldRecord::default() };
    let has_place = |bytes: u64| bytes.saturating_add(record.encoded_len() as u64) <= bytes_max(command);
    if queue.whole(tx).is_some_and(|whole| !has_place(whole.bytes)) {
        complete(tx, &queue);
    }
    let whole = queue.whole(tx);
    let since = whole.as_ref().and_then(|whole| whole.since).map_or(now, Into::into);
    record.due = Some(due(batch, since, now).into());
    tx.emit(Event::Waits(Box::new(record)));
    let count = whole.map_or(0, |whole| whole.count).saturating_add(1);
    if count >= batch.records_max {
        complete(tx, &queue);
    }
    Ok(())
}

/// When a batch is complete to which a record comes now.
fn due(batch: &Batch, since: Time, now: Time) -> Time {
    let within = since.after(duration_or_none(batch.within.as_ref()).unwrap_or_default());
    duration_or_none(batch.quiet.as_ref()).map_or(within, |quiet| within.min(now.after(quiet)))
}

/// A batch must be smaller than what one event may have.
fn bytes_max(command: &Command) -> u64 {
    let limit = command.settings.as_ref().map_or(0, |settings| u64::from(settings.blob_size_limit_bytes));
    if limit == 0 { BATCH_BYTES_MAX } else { BATCH_BYTES_MAX.min(limit / 2) }
}

/// Sends the start of what waits in the queue.
pub fn complete(tx: &mut Tx<'_, Held>, queue: &Queue) {
    let records = queue.records(tx);
    for record in &records {
        queue.end(tx, record.number);
    }
    if let Some(start) = merge::start(&records) {
        tx.send(start);
    }
}
