//! What a kind of asker has to say of itself.

use klamm_messages::klamm::v1::{Command, ExecutionState, StartWorkflow};

use super::news::News;

/// A kind of asker, and one asker as data.
pub(super) trait Asks: Sized {
    /// The asker of this kind that has sent the start.
    fn of_start(start: &StartWorkflow) -> Option<Self>;

    /// Those of this kind that wait for the end of the chain that the run belongs to.
    fn of_run(execution: &ExecutionState) -> Vec<Self>;

    /// Notes the asker in the facts about a run, where [`Asks::of_run`] finds it.
    fn note(self, execution: &mut ExecutionState);

    /// The command that tells the asker, addressed to the partition of the asker.
    fn command(&self, news: &News<'_>) -> Command;
}
