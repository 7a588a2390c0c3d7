//! Tables of the workflow machine, one per file.

pub mod callbacks;
pub mod completed_updates;
pub mod history;
pub mod runs;
pub mod tasks;
pub mod updates;
pub mod workflows;

pub use callbacks::Callbacks;
pub use completed_updates::CompletedUpdates;
pub use history::History;
pub use runs::{RunKey, RunNames, Runs};
pub use tasks::Tasks;
pub use updates::Updates;
pub use workflows::Workflows;
