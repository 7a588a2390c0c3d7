//! Signals and cancel requests that a workflow sends to other workflows.
//!
//! The event that initiates one makes it pending. The run sends a command to the partition of the target ([`ask`](mod@ask)). That command
//! says who asked, so whatever comes of it is told to the asking run ([`answer`](mod@answer)), which writes the event that ends it
//! ([`answered`]). Commands between machines take effect exactly once, so nothing is sent again, except when the target was busy.
//!
//! ```text
//!             Initiated        asked            done, not found, refused
//!                 │     ┌─────────────────┐ ─────────────────────────────▶ (gone)
//!                 └───▶ │ the target has it│
//!                       └─────────────────┘
//!                          ▲ due     │ the target is busy
//!                          └─────────┘
//! ```
//!
//! Temporal: service/history/transfer_queue_active_task_executor.go (processSignalExecution, processCancelExecution).

mod answer;
pub(crate) mod answered;
mod apply;
mod ask;

pub(crate) use answer::{answer, asking_execution, check_parent};
pub(crate) use apply::{apply_closed, apply_initiated, apply_state};
pub(crate) use ask::{next_wake, send_since, wake};
