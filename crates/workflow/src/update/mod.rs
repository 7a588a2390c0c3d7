//! Updates: requests to a workflow that it accepts or rejects, and answers.
//!
//! An update that is asked for is admitted by an internal event, so that it is not lost when a process dies. The next workflow task brings
//! it to a worker ([`outgoing`](mod@outgoing)); if nothing else needs a task, a speculative one is made (`run::speculative`). The worker's
//! messages say what came of it ([`incoming`]). Acceptance and outcome are public events. Of a rejected update nothing stays that a client
//! could see: an internal event says so, and those who wait for the update read the rejection from its row.
//!
//! ```text
//!  UpdateWorkflow ─▶ ADMITTED ─ a task starts ─▶ SENT ─┬─ acceptance ─▶ ACCEPTED ─ response ─▶ completed
//!                                                      ├─ rejection, or no answer ─▶ REJECTED
//!                                                      └─ the server refuses the completion ─▶ ABORTED
//! ```
//!
//! A reset brings updates of the base by an event (WorkflowExecutionUpdateAdmitted). They begin as ADMITTED. The worker finds their requests
//! in the history, so no message brings them.
//!
//! When the run closes, its pending updates stay as they are: accepted ones have failed then, and others were never taken.
//!
//! Temporal: service/history/workflow/update.

mod admit;
mod apply;
mod ended;
mod failures;
pub(crate) mod incoming;
mod known;
mod limits;
mod message;
mod outgoing;
mod seen;
mod waiting;

pub(crate) use admit::admit;
pub(crate) use apply::{apply_accepted, apply_admitted, apply_completed, apply_rows, apply_sent, apply_state, remove_rows};
pub(crate) use ended::{abort_sent, key_suffixes, reject_unprocessed};
pub(crate) use known::{is_completed, is_known, update_id};
pub(crate) use limits::are_many;
pub(crate) use message::is_message;
pub(crate) use outgoing::messages;
pub use seen::{Seen, seen};
pub(crate) use waiting::{outgoing, sent, sent_by_start, waits};
