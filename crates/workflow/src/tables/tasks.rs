//! Table of tasks that wait on task queues.

use klamm_machine::{Kind, Table, Time, key::KeyBytes};
use klamm_messages::klamm::v1::{TaskKind, TaskRow};

/// Tasks that are scheduled and not started. The key order is (namespace, queue, kind, priority, time). Only `apply` changes these rows.
/// The process that owns the partition offers every new row to its task queue, and takes back every row that goes.
#[derive(Debug)]
pub struct Tasks;

impl Table for Tasks {
    const KIND: Kind = Kind::Task;
    type Key = TaskRow;
    type Row = TaskRow;

    fn key(row: &TaskRow) -> Vec<u8> {
        let scheduled = Time::or_epoch(row.scheduled_time);
        KeyBytes::new(Self::KIND)
            .str(&row.namespace)
            .str(&row.task_queue)
            .u8(row.kind as u8)
            .u8(row.priority as u8)
            .i64(scheduled.millis())
            .hash(&row.namespace, &row.workflow_id)
            .str(&row.workflow_id)
            .str(&row.run_id)
            .i64(row.scheduled_event_id)
            .i64(row.stamp)
            .finish()
    }
}

impl Tasks {
    /// Namespace, queue and kind of task that a key of this table begins with; `None`: it is no such key.
    pub fn queue_of(key: &[u8]) -> Option<(String, String, TaskKind)> {
        let (namespace, rest) = text(key.get(1..)?)?;
        let (task_queue, rest) = text(rest)?;
        let kind = TaskKind::try_from(i32::from(*rest.first()?)).ok()?;
        Some((namespace, task_queue, kind))
    }
}

/// A string with its length before it, and what comes after it.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((String::from_utf8_lossy(text).into_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_queue() {
        for (namespace, task_queue, kind) in [("default", "q", TaskKind::Activity), ("", "größer/als", TaskKind::Workflow)] {
            let row = TaskRow {
                kind: kind as i32,
                namespace: namespace.to_owned(),
                task_queue: task_queue.to_owned(),
                workflow_id: "w".to_owned(),
                ..TaskRow::default()
            };
            let key = Tasks::key(&row);
            assert_eq!(Tasks::queue_of(&key), Some((namespace.to_owned(), task_queue.to_owned(), kind)));
            assert_eq!(Tasks::queue_of(&key[..2]), None);
        }
    }
}
