//! The schema registry of the configuration: an external one, or klamm's own endpoints.

use std::{sync::Arc, time::Duration};

use klamm_avro::frame;
use klamm_engine::Topics;
use klamm_ingress::{Away, NoSchemas, SchemaId, SchemaKind, SchemaReference, SchemaSource, SchemaText};
use klamm_registry::{Authentication, Error, Reference, Settings, Stored, Subjects};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    config::{Config, Registry},
    setup_error::SetupError,
};

/// How often a registry that is away is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What klamm does with a registry, in errors' words.
const DOING: &str = "registering schemas";

/// How to reach the registry; `None` where klamm's own endpoints take its place.
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

/// The subjects of these topics.
pub fn subjects(topics: &Topics) -> Subjects {
    Subjects::new(topics.prefix()).with_topics(topics.with_schemas())
}

/// Gives the schemas with which other programs write their records: those of the registry. The settings have been [checked](check).
pub fn of_producers(registry: &Registry) -> Arc<dyn SchemaSource> {
    match settings(registry).map(|settings| klamm_registry::Schemas::new(&settings)) {
        Some(Ok(schemas)) => Arc::new(OfRegistry(schemas)),
        // Without a registry there are only klamm's own schemas.
        Some(Err(_)) | None => Arc::new(NoSchemas),
    }
}

/// The schemas of a registry.
struct OfRegistry(klamm_registry::Schemas);

impl SchemaSource for OfRegistry {
    fn schema(&self, id: SchemaId) -> Result<Option<SchemaText>, Away> {
        answered(match id {
            SchemaId::Id(id) => self.0.schema(id),
            SchemaId::Guid(guid) => self.0.of_guid(&Uuid::from_bytes(guid).to_string()),
            SchemaId::ApicurioGlobal(id) => self.0.of_global_id(id),
            // The ids that Apicurio has for Confluent's API are those of contents.
            SchemaId::ApicurioContent(id) => u32::try_from(id).map_or(Ok(None), |id| self.0.schema(id)),
        })
    }

    fn version(&self, subject: &str, version: u32) -> Result<Option<SchemaText>, Away> {
        answered(self.0.version(subject, version))
    }

    fn latest(&self, subject: &str) -> Result<Option<(u32, SchemaText)>, Away> {
        let answer = self.0.latest(subject);
        let id = answer.as_ref().ok().and_then(Option::as_ref).map_or(0, |stored| stored.id);
        Ok(answered(answer)?.map(|schema| (id, schema)))
    }

    fn is_apicurio(&self) -> bool {
        self.0.is_apicurio()
    }
}

fn answered(answer: Result<Option<Stored>, Error>) -> Result<Option<SchemaText>, Away> {
    let stored = answer.map_err(|error| Away(error.to_string()))?;
    Ok(stored.map(|Stored { kind, text, references, .. }| {
        let kind = match kind.as_str() {
            "AVRO" => SchemaKind::Avro,
            "PROTOBUF" => SchemaKind::Protobuf,
            _ => SchemaKind::Other,
        };
        let reference = |Reference { name, subject, version }| SchemaReference { name, subject, version };
        SchemaText { kind, text, references: references.into_iter().map(reference).collect() }
    }))
}

/// Checks that the settings can be used: reads their files, but asks no registry.
///
/// # Errors
/// The settings cannot be used.
pub fn check(registry: &Registry) -> Result<(), SetupError> {
    settings(registry).map_or(Ok(()), |settings| klamm_registry::check(&settings).map_err(|error| setup_error(&error)))
}

/// Asks the registry about klamm's schemas, and registers nothing. Gives everything that is wrong. Blocks the thread.
pub fn probe(config: &Config) -> Vec<SetupError> {
    let Some(settings) = settings(&config.registry) else { return Vec::new() };
    klamm_registry::probe(&settings, &subjects(&config.topics())).iter().map(setup_error).collect()
}

fn setup_error(error: &Error) -> SetupError {
    SetupError::new(DOING, error, error.remedy())
}

/// If a registry is configured, registers the schemas of topics that have come to a configuration. Records carry the ids that are known already.
///
/// # Errors
/// The registry is away, or refuses.
pub async fn register_more(config: &Config) -> Result<(), SetupError> {
    let Some(settings) = settings(&config.registry) else { return Ok(()) };
    let subjects = subjects(&config.topics());
    let registered = tokio::task::spawn_blocking(move || klamm_registry::register(&settings, &subjects)).await;
    let registered = registered.map_err(|error| SetupError::new(DOING, error, "this is a bug in klamm, please report it"))?;
    registered.map(drop).map_err(|error| setup_error(&error))
}

/// If a registry is configured, registers klamm's schemas there, and makes records carry its ids. To be awaited before the first record
/// is written or read. Without a registry there is nothing to do.
///
/// While the registry is away, it is tried again and again, and `waiting` gets the reason each time. True once the ids are known, false
/// when
/// `stopped` came before.
///
/// # Errors
/// Problems that only the operator can mend: the registry refuses, or a setting is wrong.
pub async fn register(config: &Config, waiting: impl Fn(String), mut stopped: watch::Receiver<bool>) -> Result<bool, SetupError> {
    let Some(settings) = settings(&config.registry) else { return Ok(true) };
    loop {
        let (asked, subjects) = (settings.clone(), subjects(&config.topics()));
        let registered = tokio::task::spawn_blocking(move || klamm_registry::register(&asked, &subjects)).await;
        match registered.map_err(|error| SetupError::new(DOING, error, "this is a bug in klamm, please report it"))? {
            Ok(ids) => {
                frame::use_ids(ids)
                    .map_err(|_| SetupError::new(DOING, "it was done already", "this is a bug in klamm, please report it"))?;
                tracing::info!(registry = settings.url, "schemas are registered");
                return Ok(true);
            }
            Err(error @ Error::Away { .. }) => waiting(error.to_string()),
            Err(error) => return Err(setup_error(&error)),
        }
        // An error means that the sender is gone. Then the process stops as well.
        if tokio::time::timeout(RETRY, stopped.wait_for(|stopped| *stopped)).await.is_ok() {
            return Ok(false);
        }
    }
}
