//! The machine's name and type.

use crate::compiled::CompiledSpecs;

/// Name of this machine in wake rows and WakeUp commands.
pub const MACHINE: &str = "schedule";

/// The schedule machine. What it keeps saves work, and makes no difference to what it decides.
#[derive(Debug, Default)]
pub struct Schedule {
    /// The specs of its schedules.
    pub(crate) specs: CompiledSpecs,
}
