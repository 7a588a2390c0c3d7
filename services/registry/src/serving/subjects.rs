//! `/subjects/…` and `/compatibility/…`: schemas by their subjects and versions.

use axum::{
    body::Bytes,
    extract::{Path, Query},
    response::IntoResponse,
};
use klamm_avro::{compatibility::check_reads, schemas::Schema};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Body, Fault, Text},
    same,
    served::{Served, State},
};

/// A schema with its subject, version and id.
#[derive(Debug, Serialize)]
pub struct Stands {
    subject: String,
    version: u32,
    id: u32,
    schema: &'static str,
}

impl Stands {
    /// The answer about a subject's version.
    pub fn new(subject: &str, schema: &'static Schema) -> Self {
        Self { subject: subject.to_owned(), version: schema.version, id: schema.id, schema: schema.json }
    }
}

/// The parameters that narrow a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    subject_prefix: String,
}

/// `GET /subjects`
pub async fn names(served: State, Query(filter): Query<Filter>) -> Answer<Vec<String>> {
    Ok(Body(served.subjects.names().into_iter().filter(|name| name.starts_with(&filter.subject_prefix)).collect()))
}

/// `GET /subjects/{subject}/versions`
pub async fn versions(served: State, Path(subject): Path<String>) -> Answer<Vec<u32>> {
    Ok(Body(all(&served, &subject)?.into_iter().map(|schema| schema.version).collect()))
}

/// `GET /subjects/{subject}/versions/{version}`
pub async fn version(served: State, Path((subject, version)): Path<(String, String)>) -> Answer<Stands> {
    Ok(Body(Stands::new(&subject, one(&served, &subject, &version)?)))
}

/// `GET /subjects/{subject}/versions/{version}/schema`
pub async fn version_text(served: State, Path((subject, version)): Path<(String, String)>) -> Result<impl IntoResponse, Fault> {
    Ok(Text(one(&served, &subject, &version)?.json))
}

/// `GET /subjects/{subject}/versions/{version}/referencedby`: no schema refers to another.
pub async fn referenced_by(served: State, Path((subject, version)): Path<(String, String)>) -> Answer<[u32; 0]> {
    one(&served, &subject, &version)?;
    Ok(Body([]))
}

/// The body that a serializer sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    schema: String,
    #[serde(default)]
    schema_type: String,
}

/// `POST /subjects/{subject}`: the version and id of a schema.
pub async fn look_up(served: State, Path(subject): Path<String>, body: Bytes) -> Answer<Stands> {
    let versions = all(&served, &subject)?;
    let found = find(versions, &sent(&body)?)?;
    found.map(|schema| Body(Stands::new(&subject, schema))).ok_or_else(Fault::no_schema)
}

/// The id of a schema.
#[derive(Debug, Serialize)]
pub struct Id {
    id: u32,
}

/// `POST /subjects/{subject}/versions`: the id of a schema that is here; any other schema is refused.
pub async fn register(served: State, Path(subject): Path<String>, body: Bytes) -> Answer<Id> {
    let versions = all(&served, &subject).map_err(|_| Fault::read_only())?;
    let found = find(versions, &sent(&body)?)?;
    found.map(|schema| Body(Id { id: schema.id })).ok_or_else(Fault::read_only)
}

/// Whether a schema fits.
#[derive(Debug, Serialize)]
pub struct Fits {
    is_compatible: bool,
}

/// `POST /compatibility/subjects/{subject}/versions/{version}`: whether each of the two schemas reads what the other wrote.
pub async fn compatible(served: State, Path((subject, version)): Path<(String, String)>, body: Bytes) -> Answer<Fits> {
    let schema = one(&served, &subject, &version)?;
    fits(&[schema], &sent(&body)?)
}

/// `POST /compatibility/subjects/{subject}/versions`: with all versions.
pub async fn compatible_with_all(served: State, Path(subject): Path<String>, body: Bytes) -> Answer<Fits> {
    fits(&all(&served, &subject)?, &sent(&body)?)
}

fn fits(versions: &[&Schema], sent: &Sent) -> Answer<Fits> {
    let both = |schema: &&Schema| check_reads(schema.json, &sent.schema).and_then(|()| check_reads(&sent.schema, schema.json));
    Ok(Body(Fits { is_compatible: versions.iter().all(|schema| both(schema).is_ok()) }))
}

fn all(served: &Served, subject: &str) -> Result<Vec<&'static Schema>, Fault> {
    let versions = served.subjects.versions(subject);
    if versions.is_empty() { Err(Fault::no_subject(subject)) } else { Ok(versions) }
}

fn one(served: &Served, subject: &str, version: &str) -> Result<&'static Schema, Fault> {
    let versions = all(served, subject)?;
    let newest = versions.last().copied();
    let found = match version {
        "latest" | "-1" => newest,
        number => {
            let number = number.parse::<u32>().ok().filter(|number| (1..=i32::MAX as u32).contains(number));
            let number = number.ok_or_else(|| Fault::invalid_version(version))?;
            versions.into_iter().find(|schema| schema.version == number)
        }
    };
    found.ok_or_else(|| Fault::no_version(version))
}

fn sent(body: &[u8]) -> Result<Sent, Fault> {
    let sent: Sent = serde_json::from_slice(body).map_err(|error| Fault::invalid_schema(&error.to_string()))?;
    match sent.schema_type.as_str() {
        "" | "AVRO" => Ok(sent),
        other => Err(Fault::invalid_schema(&format!("type {other}: klamm's schemas are AVRO"))),
    }
}

/// The newest version that is the same schema as the one sent.
fn find(versions: Vec<&'static Schema>, sent: &Sent) -> Result<Option<&'static Schema>, Fault> {
    let form = same::form(&sent.schema).map_err(|error| Fault::invalid_schema(&error))?;
    Ok(versions.into_iter().rev().find(|schema| same::form(schema.json).is_ok_and(|own| own == form)))
}
