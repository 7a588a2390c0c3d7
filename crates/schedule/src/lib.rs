//! The schedule machine: what a schedule is, when it is due, and what it does then, as a pure state machine.
//!
//! [`spec`] compiles a schedule's spec and finds its times.

pub mod spec;

/// Name of this machine in wake rows and WakeUp commands.
pub const MACHINE: &str = "schedule";
