//! Table of tasks that wait on task queues.

use klamm_machine::{Kind, Table, Time, key::KeyBytes};
use klamm_messages::klamm::v1::TaskRow;

/// Tasks scheduled and not started; key order is (namespace, queue, kind, priority, time). Kept by `apply` alone; the process
/// that owns the partition offers every row that appears to its task queue, and takes back every row that goes.
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
