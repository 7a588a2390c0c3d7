//! The commands of the command line, each in the module of its name.

pub mod check;
pub mod dead_letters;
pub mod dev;
pub mod manual;
pub mod schedule_audit;
pub mod serve;
pub mod status;
pub mod topics;
pub mod triggers;
pub mod verify;
