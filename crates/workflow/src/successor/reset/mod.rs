//! The run that a reset makes. It begins with events of its base, and takes the place of the newest run.
//!
//! Temporal: service/history/ndc/workflow_resetter.go. There the new run shares the base's stored events. Here they are copied, by as many
//! commands as it takes, so that a long history holds up no other run of the partition. Each command copies or looks at a bounded number of
//! events and then sends the next one to the same workflow id. Where the building stands is kept in [`ResetState`]: a crash at any moment
//! leaves a run that nobody sees, and the command that goes on with it.
//!
//! ```text
//!  ResetWorkflow ─▶ COPYING ─ all events before the point ─▶ REAPPLYING ─ all later events looked at ─▶ DONE
//!                     │ copy.rs        fork.rs: the task fails  │ reapply.rs          finish.rs: the newest run is
//!                     └─ ContinueReset ◀─┘                      └─ ContinueReset ◀─┘  terminated, this one takes its place
//! ```
//!
//! [`ResetState`]: klamm_messages::klamm::v1::ResetState

mod advance;
mod budget;
mod children;
mod copy;
mod finish;
mod fork;
mod point;
mod reapply;

pub(crate) use advance::advance;
pub(crate) use point::check_point;
