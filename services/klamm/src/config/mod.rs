//! Configuration of `klamm serve`. Environment variables take precedence over a TOML file, and the file over defaults.
//!
//! Every key is a field of one of the structs here, with its default. docs/configuration.md lists all keys, and a test compares the two.
//! The name of a variable is `KLAMM_`, the section, two underscores, the key: `KLAMM_SERVER__PORT`. Each error names the place (file and
//! key, or variable), the most similar name and a remedy. Secrets are never shown, neither by Debug nor by `--check`.

mod check;
mod connections;
mod declared;
mod effective;
mod kafka;
mod keys;
mod namespace;
mod processor;
mod registry;
mod secret;
mod server;
mod share_groups;
mod show;
mod sources;
mod stream_queues;
mod units;

use std::{ffi::OsString, path::Path};

use klamm_engine::Topics;
use klamm_log::ShareGroup;

pub use self::{
    check::{checked_destination, topic_name},
    connections::{Connections, Inspect},
    declared::{Declared, is_empty as declares_nothing, is_of_topics, read as read_declared},
    effective::Config,
    kafka::{Kafka, TopicsMode},
    namespace::{Namespace, Openlineage, OutcomeCleanup, Outcomes, Publish, Requests, Tasks},
    processor::Processor,
    registry::Registry,
    secret::Secret,
    server::{LogFormat, Server},
    stream_queues::check as check_stream_queues,
    units::Span,
};
use crate::{logging, setup_error::SetupError};

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

    /// As [`Config::load`], for commands that only need the topics' settings: no broker has to be named.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_topics(file: Option<&Path>) -> Result<Self, SetupError> {
        let config = Self::read(file)?;
        check::topics(&config)?;
        Ok(config)
    }

    /// As [`Config::load`], from the text of a file and from these variables, without the environment of the process.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, SetupError> {
        let mut settings = sources::Settings::default();
        settings.add_text(Path::new("klamm.toml"), text)?;
        settings.add_environment(variables)?;
        let config = settings.into_config()?;
        check::check(&config)?;
        Ok(config)
    }

    /// Names and settings of all topics.
    pub fn topics(&self) -> Topics {
        let of_namespaces = self.namespaces.iter().flat_map(|(name, namespace)| namespace.topics(name));
        let publishes = self.namespaces.values().any(|namespace| namespace.publish.is_some());
        Topics::new(&self.kafka.topic_prefix, self.kafka.partitions).with_namespaces(of_namespaces).with_published(publishes)
    }

    /// Share groups whose settings klamm writes. The configuration was checked.
    pub fn share_groups(&self) -> Vec<ShareGroup> {
        share_groups::of_all(self).unwrap_or_default()
    }

    /// A configuration in which only limits are set, as options name them (`signals=500`, `namespaces.orders.limits.signals=500`).
    ///
    /// # Errors
    /// There is no such limit, or its value has the wrong type or makes no sense.
    pub fn of_limits(limits: &[String]) -> Result<Self, SetupError> {
        let mut settings = sources::Settings::default();
        settings.add_limits(limits)?;
        let config = settings.into_config()?;
        check::limits(&config)?;
        Ok(config)
    }

    fn read(file: Option<&Path>) -> Result<Self, SetupError> {
        let mut settings = sources::Settings::default();
        let added = file.map_or(Ok(()), |file| settings.add_file(file)).and_then(|()| settings.add_environment(std::env::vars_os()));
        // From here on, errors are written in the format of the other lines.
        if settings.says("server.log_format", "json") {
            logging::use_json();
        }
        added?;
        settings.into_config()
    }
}
