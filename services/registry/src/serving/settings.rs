//! `/config`, `/mode` and the like: what kind of registry this is.

use axum::extract::Path;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    answer::{Answer, Body, Fault},
    served::State,
};

/// Which versions of a subject are compatible. A test of klamm-avro checks it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    compatibility_level: &'static str,
}

const CONFIG: Config = Config { compatibility_level: "FULL_TRANSITIVE" };

/// `GET /config`
pub async fn config() -> Body<Config> {
    Body(CONFIG)
}

/// `GET /config/{subject}`
pub async fn config_of(served: State, Path(subject): Path<String>) -> Answer<Config> {
    known(&served, &subject).map(|()| Body(CONFIG))
}

/// `GET /mode`
pub async fn mode() -> Body<Json> {
    Body(json!({ "mode": "READONLY" }))
}

/// `GET /mode/{subject}`
pub async fn mode_of(served: State, Path(subject): Path<String>) -> Answer<Json> {
    known(&served, &subject)?;
    Ok(mode().await)
}

/// `GET /schemas/types`
pub async fn types() -> Body<[&'static str; 1]> {
    Body(["AVRO"])
}

/// `GET /contexts`: there is only the one without a name.
pub async fn contexts() -> Body<[&'static str; 1]> {
    Body(["."])
}

fn known(served: &State, subject: &str) -> Result<(), Fault> {
    if served.subjects.versions(subject).is_empty() { Err(Fault::no_subject(subject)) } else { Ok(()) }
}
