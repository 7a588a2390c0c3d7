//! What runs in this process, and how the process is.
//!
//! There is one [`Supervisor`] per process. All that runs for long is a [`Part`] of it, with a name. A thread or a task that panics is run
//! again ([`Part::thread`], [`Part::task`]). Otherwise the panic is caught and handed to the caller, who knows what has to stop
//! ([`Part::catch`]). [`Health`] holds the reasons why the process is not as it should be: those of the parts, and those that others
//! report. `/healthz`, `/livez` and `/readyz` show them.
//!
//! Nothing here knows what a part does.

mod health;
mod owned;
mod panics;
mod part;

pub use health::{Health, Reason, Role, Severity};
pub use owned::each_owned;
pub use panics::{Panicked, install_hook};
pub use part::{Part, Supervisor};
