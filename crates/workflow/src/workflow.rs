//! The machine's name and type.

/// Name of this machine in wake rows and WakeUp commands.
pub const MACHINE: &str = "workflow";

/// The workflow machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Workflow;
