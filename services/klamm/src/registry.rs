//! The schema registry, as the configuration says: one that is given, or klamm's own endpoints.

use std::time::Duration;

use klamm_avro::frame;
use klamm_registry::{Authentication, Error, Settings};
use tokio::sync::watch;

use crate::{
    config::{Config, Registry},
    setup_error::SetupError,
};

/// How often a registry that is away is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// How to reach the registry; `None` where klamm's own endpoints stand for it.
fn settings(registry: &Registry) -> Option<Settings> {
    let url = registry.url.clone()?;
    let authentication = match (&registry.username, registry.password.reveal(), registry.token.reveal()) {
        (Some(username), Some(password), _) => Authentication::Basic { username: username.clone(), password: password.to_owned() },
        (_, _, Some(token)) => Authentication::Bearer(token.to_owned()),
        _ => Authentication::None,
    };
    let client_cert_and_key_files = registry.client_cert_file.clone().zip(registry.client_key_file.clone());
    Some(Settings { url, authentication, ca_file: registry.ca_file.clone(), client_cert_and_key_files })
}

/// Registers klamm's schemas where a registry is configured, and makes its ids those that records carry. To be awaited before the first record
/// is written or read; without a registry there is nothing to do.
///
/// While the registry is away it is tried again and again: `waiting` is told why, each time. True once the ids are there, false when
/// `stopped` came before.
///
/// # Errors
/// What only the operator can mend: the registry refuses, or a setting is wrong.
pub async fn register(config: &Config, waiting: impl Fn(String), mut stopped: watch::Receiver<bool>) -> Result<bool, SetupError> {
    let Some(settings) = settings(&config.registry) else { return Ok(true) };
    let doing = "registering schemas";
    loop {
        let (asked, prefix) = (settings.clone(), config.kafka.topic_prefix.clone());
        let registered = tokio::task::spawn_blocking(move || klamm_registry::register(&asked, &prefix)).await;
        match registered.map_err(|error| SetupError::new(doing, error, "this is a bug in klamm, please report it"))? {
            Ok(ids) => {
                frame::use_ids(ids)
                    .map_err(|_| SetupError::new(doing, "it was done already", "this is a bug in klamm, please report it"))?;
                tracing::info!(registry = settings.url, "schemas are registered");
                return Ok(true);
            }
            Err(error @ Error::Away { .. }) => waiting(error.to_string()),
            Err(error) => return Err(SetupError::new(doing, &error, error.remedy())),
        }
        // An error means that the sender is gone: stop as well.
        if tokio::time::timeout(RETRY, stopped.wait_for(|stopped| *stopped)).await.is_ok() {
            return Ok(false);
        }
    }
}
