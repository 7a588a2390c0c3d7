//! Configuration of `klamm serve`: a TOML file, environment variables over it, defaults under both.
//!
//! Every key stands in one of the structs here, with its default; docs/configuration.md lists them all, and a test compares the two. A
//! variable is `KLAMM_`, the section, two underscores, the key: `KLAMM_SERVER__PORT`. What is wrong is one error that names the place
//! (file and key, or variable), the nearest name and a remedy. Secrets are never shown: not by Debug, not by `--check`.

mod check;
mod kafka;
mod keys;
mod processor;
mod registry;
mod secret;
mod server;
mod show;
mod sources;
mod units;

use std::path::Path;

use klamm_gateway::Limits;
use serde::{Deserialize, Serialize};

pub use self::{
    kafka::{Kafka, TopicsMode},
    processor::Processor,
    registry::Registry,
    secret::Secret,
    server::{LogFormat, Server},
    units::Span,
};
use crate::setup_error::SetupError;

/// The effective configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where klamm listens, what it keeps, how it logs.
    pub server: Server,
    /// The broker and the topics.
    pub kafka: Kafka,
    /// The schema registry, if there is one.
    pub registry: Registry,
    /// Partitions, batches and transactions.
    pub processor: Processor,
    /// Limits of requests and histories, by the names that the gateway has for them.
    pub limits: Limits,
}

impl Config {
    /// Reads the file, if one is named, and the environment of the process.
    ///
    /// # Errors
    /// The file can't be read or is no TOML; a key is unknown; a value has the wrong type or makes no sense; a required key is missing.
    pub fn load(file: Option<&Path>) -> Result<Self, SetupError> {
        let config = Self::read(file)?;
        check::check(&config)?;
        Ok(config)
    }

    /// As [`Config::load`], for those who only want to know the topics: no broker need be named.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_topics(file: Option<&Path>) -> Result<Self, SetupError> {
        let config = Self::read(file)?;
        check::topics(&config.kafka)?;
        Ok(config)
    }

    fn read(file: Option<&Path>) -> Result<Self, SetupError> {
        let mut settings = sources::Settings::default();
        if let Some(file) = file {
            settings.add_file(file)?;
        }
        settings.add_environment(std::env::vars_os())?;
        settings.into_config()
    }
}
