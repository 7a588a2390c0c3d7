//! The command line: [`options`] of all commands, and what the commands share (connecting to a server, printing).

pub mod connect;
mod dead_letters;
mod options;
mod output;
mod shared;

pub use dead_letters::*;
pub use options::*;
pub use output::print;
pub use shared::*;
