//! `klamm serve --check`: finds everything that a start would refuse, without starting.

use std::{path::Path, process::ExitCode};

use klamm_log::{Error as LogError, kafka as broker};
use serde_json::json;

use crate::{
    cli::{ServeOptions, print},
    config::Config,
    node::{
        descriptors::{self, Budget, LogKind},
        kafka_log, schemas,
    },
    setup_error::{Exit, SetupError},
};

/// Prints the effective configuration, and everything that is wrong with it.
///
/// # Errors
/// When something is wrong.
pub async fn run(options: &ServeOptions) -> Result<ExitCode, SetupError> {
    let config = match Config::load(options.config.as_deref()) {
        Err(error) if options.json => return Ok(told_as_json(None, &[error])),
        loaded => loaded?,
    };
    let mut wrong = settings(&config);
    // The broker and the registry are not asked with settings that cannot work.
    let tried = options.connect && wrong.is_empty();
    if tried {
        wrong = others(&config).await?;
    }
    if options.json {
        return Ok(told_as_json(Some(&config), &wrong));
    }
    print(config.to_string().trim_end());
    SetupError::all(wrong)?;
    if tried {
        print("\n# The broker, permissions, topics and the schema registry are as klamm needs them.");
    }
    Ok(Exit::Fine.into())
}

fn told_as_json(config: Option<&Config>, wrong: &[SetupError]) -> ExitCode {
    let problems: Vec<_> = wrong.iter().flat_map(SetupError::as_json).collect();
    print(&json!({ "config": config.map(Config::shown), "problems": problems }).to_string());
    if wrong.is_empty() { Exit::Fine } else { Exit::Setup }.into()
}

/// What can be checked on this machine alone.
fn settings(config: &Config) -> Vec<SetupError> {
    let mut wrong: Vec<_> = broker::check_settings(&kafka_log::settings(config)).iter().flat_map(setup_errors).collect();
    wrong.extend(schemas::check(&config.registry).err());
    let log = LogKind::Kafka { partitions: config.kafka.partitions };
    wrong.extend(Budget::of(descriptors::raise(), log, config.connections.max).err());
    wrong.extend(data_dir(&config.server.data_dir).err());
    wrong
}

/// Everything at the broker and the registry that would make a start fail.
async fn others(config: &Config) -> Result<Vec<SetupError>, SetupError> {
    let (settings, asked) = (kafka_log::settings(config), config.clone());
    let (specs, share_groups) = (config.topics().specs(), config.share_groups());
    // Both are asked side by side, because each may wait for its timeout.
    let broker = tokio::task::spawn_blocking(move || broker::check_broker(&settings, &specs, &share_groups));
    let registry = tokio::task::spawn_blocking(move || schemas::probe(&asked));
    let bug = |error: tokio::task::JoinError| SetupError::new("checking", error, "this is a bug in klamm, please report it");
    let mut wrong: Vec<_> = broker.await.map_err(bug)?.iter().flat_map(setup_errors).collect();
    wrong.extend(registry.await.map_err(bug)?);
    Ok(wrong)
}

/// Each error with its own hint.
fn setup_errors(error: &LogError) -> Vec<SetupError> {
    match error {
        LogError::Mismatches { problems } => problems.iter().flat_map(setup_errors).collect(),
        LogError::Denied { operation, reason, remedy, .. } => {
            vec![SetupError::new("using Kafka", format!("it refuses to {operation}: {reason}"), remedy.clone())]
        }
        LogError::Unavailable { reason } => {
            let hint = "start the broker, or correct kafka.bootstrap_servers and kafka.security.protocol; klamm itself waits for it";
            vec![SetupError::new("using Kafka", reason, hint)]
        }
        LogError::Misconfigured { problem } => {
            let hint = "correct [kafka]: what is no key of klamm's is a property of librdkafka, by its own name";
            vec![SetupError::new("reading kafka", problem, hint)]
        }
        error => vec![kafka_log::setup_error(error)],
    }
}

/// Checks that the data directory, or the nearest existing one above it, is a directory.
fn data_dir(dir: &Path) -> Result<(), SetupError> {
    let failed = |problem: String| {
        Err(SetupError::new(format!("reading server.data_dir {}", dir.display()), problem, "name a directory that klamm may write to"))
    };
    let full = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    match full.ancestors().find(|place| place.symlink_metadata().is_ok()) {
        Some(place) if !place.is_dir() => failed(format!("{} is no directory", place.display())),
        Some(place) if place.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) => {
            failed(format!("{} cannot be written to", place.display()))
        }
        _ => Ok(()),
    }
}
