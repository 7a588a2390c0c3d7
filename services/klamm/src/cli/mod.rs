//! The command line: [`options`] of all commands, and what the commands share (connecting to a server, printing).

pub mod connect;
mod options;
mod output;

pub use options::*;
pub use output::print;
