//! ReclaimNamespace: nothing is left in a deleted namespace. Its earlier name is free from now on, and the namespace itself goes once its
//! delay is over.

use klamm_machine::{Rejection, Tx, key::prefix_end, time::duration_or_none};
use klamm_messages::{klamm::v1::ReclaimNamespace, temporal::enums::v1::NamespaceState as Lifecycle};

use crate::{
    Answer, Cluster, Event, QueueKey, TaskQueueConfigs,
    change::{existing, put},
    task_queues,
};

/// Most task queues whose configuration one command removes. Whoever sends the command repeats it until the namespace is gone.
const TASK_QUEUES_MAX: usize = 1_000;

/// Takes one step: removes configurations of task queues, then notes that nothing is left, then removes the namespace.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &ReclaimNamespace) -> Result<Answer, Rejection> {
    let mut state = existing(tx, &command.name)?;
    if state.state != Lifecycle::Deleted as i32 || state.deleted_from.is_empty() {
        return Err(Rejection::FailedPrecondition(format!("Namespace {} was not deleted.", command.name)));
    }
    let now = tx.context.now;
    match state.emptied_time.as_ref().map(klamm_machine::Time::from) {
        None => {
            let queues = configured(tx, &state.deleted_from);
            if queues.is_empty() {
                state.emptied_time = Some(now.into());
                put(tx, state);
            }
            queues.into_iter().for_each(|queue| tx.emit(Event::RemoveTaskQueue(queue)));
        }
        Some(emptied) => {
            if emptied.after(duration_or_none(state.delete_delay.as_ref()).unwrap_or_default()) <= now {
                tx.emit(Event::RemoveNamespace(state.name));
            }
        }
    }
    Ok(Answer::Empty)
}

/// Task queues of the namespace that are configured, but only so many.
fn configured(tx: &Tx<'_, Cluster>, namespace: &str) -> Vec<QueueKey> {
    let from = task_queues::of_namespace(namespace);
    let to = prefix_end(&from);
    tx.range::<TaskQueueConfigs>(&from, &to, TASK_QUEUES_MAX).iter().map(|(_, state)| QueueKey::of(state)).collect()
}
