//! Task queues (Temporal: common/tqid/task_queue_validator.go).

use klamm_messages::temporal::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue};

use crate::{
    fault::{Fault, Result},
    limits::Limits,
};

/// Names that begin with this belong to the server.
const RESERVED_PREFIX: &str = "/_sys/";
/// Queue of the namespace's system worker. No task of a user goes there.
const INTERNAL_QUEUE: &str = "temporal-sys-per-ns-tq";

/// Normalises and checks a queue that is polled or described: kind UNSPECIFIED becomes NORMAL.
pub fn check(queue: Option<&mut TaskQueue>, limits: &Limits) -> Result<()> {
    let Some(queue) = queue else {
        return Err(Fault::invalid("taskQueue is not set"));
    };
    normalise_kind(queue);
    if queue.name.is_empty() {
        return Err(Fault::invalid("missing task queue name"));
    }
    name(&queue.name, limits)?;
    if queue.name.starts_with(RESERVED_PREFIX) {
        return Err(Fault::invalid(format!("task queue name cannot start with reserved prefix {RESERVED_PREFIX}")));
    }
    if queue.kind == TaskQueueKind::Sticky as i32 && !queue.normal_name.is_empty() {
        name(&queue.normal_name, limits)?;
    }
    Ok(())
}

/// As [`check`], but also refuses the server's own queue. For queues that users start work on.
pub fn check_user_defined(queue: Option<&mut TaskQueue>, limits: &Limits) -> Result<()> {
    let internal = queue.as_ref().is_some_and(|queue| queue.name == INTERNAL_QUEUE);
    check(queue, limits)?;
    if internal {
        return Err(Fault::invalid(format!("cannot use internal per-namespace task queue:{INTERNAL_QUEUE}")));
    }
    Ok(())
}

/// Turns kind UNSPECIFIED and unknown kinds into NORMAL.
pub fn normalise_kind(queue: &mut TaskQueue) {
    match TaskQueueKind::try_from(queue.kind) {
        Ok(TaskQueueKind::Unspecified) | Err(_) => queue.kind = TaskQueueKind::Normal as i32,
        Ok(_) => {}
    }
}

fn name(name: &str, limits: &Limits) -> Result<()> {
    if name.len() > limits.id_bytes { Err(Fault::invalid("taskQueue length exceeds limit")) } else { Ok(()) }
}
