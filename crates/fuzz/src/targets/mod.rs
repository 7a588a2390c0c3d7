//! What is parsed, one target each.

mod commands;
mod configuration;
mod crons;
mod filters;
mod records;
mod specs;
mod tokens;
mod values;
mod zones;

pub use commands::Commands;
pub use configuration::Configuration;
pub use crons::Crons;
pub use filters::Filters;
pub use records::Records;
pub use specs::Specs;
pub use tokens::Tokens;
pub use values::Values;
pub use zones::Zones;
