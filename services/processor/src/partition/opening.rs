//! Announces the tasks, the namespaces, the triggers and the configured task queues of a partition that has just been recovered or built anew.

use klamm_cluster::{DeclaredTopics, Namespaces, TaskQueueConfigs, Triggers, declared_topics, namespaces, task_queues, triggers};
use klamm_engine::partition::command_record;
use klamm_machine::{Kind, TablesExt, key};
use klamm_messages::klamm::v1::{DeclaredTopics as DeclaredTopicsState, NamespaceState, TaskRow, TriggerState, WakeRow};
use klamm_workflow::tables::Tasks;

use super::guarded::Guarded;
use crate::task_queues::{Offered, Origin};

/// Rows that are read at a time, so that others get the partition's lock in between.
const PAGE: usize = 1_000;

/// Offers all tasks that wait, and announces the namespaces, if the partition has any.
pub(super) fn open(guarded: &Guarded) {
    offer_tasks(guarded);
    if guarded.number == 0 {
        tell_cluster(guarded);
    }
}

fn offer_tasks(guarded: &Guarded) {
    let to = key::prefix_end(&[Kind::Task as u8]);
    let mut from = vec![Kind::Task as u8];
    let origin = Origin { partition: guarded.number, machine: klamm_workflow::MACHINE };
    loop {
        let rows = guarded.locked().map(|state| state.tables().range::<Tasks>(&from, &to, PAGE)).unwrap_or_default();
        let Some((last, _)) = rows.last() else { return };
        from = [last.as_slice(), &[0]].concat();
        wake_streamed(guarded, rows.iter().map(|(_, row)| &**row));
        for (key, row) in rows {
            guarded.process.home.offer(Offered { origin, key, row });
        }
    }
}

/// Wakes the runs of tasks that waited for pollers when their queue was declared to be a stream: the machine publishes what waits whenever a
/// command concerns the run. A wake-up that is lost is made again at the next start.
fn wake_streamed<'r>(guarded: &Guarded, rows: impl Iterator<Item = &'r TaskRow>) {
    let process = &guarded.process;
    let streamed = rows.filter(|row| process.is_streamed(row));
    let records: Vec<_> = streamed.map(|row| command_record(&*process.codec, &process.wake_up(&wake_of(row)))).collect();
    if !records.is_empty() {
        // The log appends them whether or not anybody waits for it.
        drop(process.log.append_group(&process.commands_topic, guarded.number, records));
    }
}

fn wake_of(task: &TaskRow) -> WakeRow {
    let TaskRow { namespace, workflow_id, run_id, .. } = task.clone();
    WakeRow { machine: klamm_workflow::MACHINE.to_owned(), namespace, id: workflow_id, run_id, due: None }
}

fn tell_cluster(guarded: &Guarded) {
    // The lock is held to the end, so that what is new or changes is announced after these.
    let Some(state) = guarded.locked() else { return };
    let (from, to) = task_queues::all();
    for (_, queue) in state.tables().range::<TaskQueueConfigs>(&from, &to, usize::MAX) {
        guarded.process.home.configure(&queue);
    }
    let (from, to) = namespaces::all();
    let rows = state.tables().range::<Namespaces>(&from, &to, usize::MAX);
    let (from, to) = triggers::all();
    let declared = state.tables().range::<Triggers>(&from, &to, usize::MAX);
    let (from, to) = declared_topics::all();
    let topics = state.tables().range::<DeclaredTopics>(&from, &to, usize::MAX);
    // Some rows may have been damaged.
    if state.check().is_ok() {
        guarded.process.triggers.known.replace(declared.into_iter().map(|(_, state)| TriggerState::clone(&state)));
        guarded.process.declared_topics.replace(topics.into_iter().map(|(_, state)| DeclaredTopicsState::clone(&state)));
        guarded.process.namespaces.replace(rows.into_iter().map(|(_, state)| NamespaceState::clone(&state)));
    }
}
