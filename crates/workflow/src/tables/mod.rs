//! Tables of the workflow machine, one per file.

pub mod callbacks;
pub mod history;
pub mod runs;
pub mod tasks;
pub mod workflows;

pub use callbacks::Callbacks;
pub use history::History;
pub use runs::{RunKey, RunNames, Runs};
pub use tasks::Tasks;
pub use workflows::Workflows;
