//! What must hold, whatever goes wrong.

pub mod commands;
pub mod effects;
pub mod outputs;
pub mod shared;
pub mod state;
