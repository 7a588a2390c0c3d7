//! `/schemas/…`: schemas by their ids.

use axum::{
    extract::{Path, Query},
    response::IntoResponse,
};
use klamm_avro::schemas::{self, Schema};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Body, Fault, Text},
    served::{Served, State},
    subjects::Stands,
};

/// A schema's text.
#[derive(Debug, Serialize)]
pub struct SchemaText {
    schema: &'static str,
}

/// Subject and version of a schema.
#[derive(Debug, Serialize)]
pub struct Version {
    subject: String,
    version: u32,
}

/// `GET /schemas/ids/{id}`. A client may add a subject; it is ignored, because ids are the same for all subjects.
pub async fn schema(served: State, Path(id): Path<String>) -> Answer<SchemaText> {
    Ok(Body(SchemaText { schema: by_id(&served, &id)?.json }))
}

/// `GET /schemas/ids/{id}/schema`
pub async fn schema_text(served: State, Path(id): Path<String>) -> Result<impl IntoResponse, Fault> {
    Ok(Text(by_id(&served, &id)?.json))
}

/// `GET /schemas/ids/{id}/subjects`
pub async fn subjects(served: State, Path(id): Path<String>) -> Answer<Vec<String>> {
    Ok(Body(served.subjects.of(by_id(&served, &id)?)))
}

/// `GET /schemas/ids/{id}/versions`
pub async fn versions(served: State, Path(id): Path<String>) -> Answer<Vec<Version>> {
    let schema = by_id(&served, &id)?;
    let version = |subject| Version { subject, version: schema.version };
    Ok(Body(served.subjects.of(schema).into_iter().map(version).collect()))
}

/// The parameters that narrow a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    subject_prefix: String,
    latest_only: bool,
}

/// `GET /schemas`
pub async fn all(served: State, Query(filter): Query<Filter>) -> Answer<Vec<Stands>> {
    let names = served.subjects.names();
    let mut found = Vec::new();
    for name in names.iter().filter(|name| name.starts_with(&filter.subject_prefix)) {
        let versions = served.subjects.versions(name);
        let skipped = if filter.latest_only { versions.len().saturating_sub(1) } else { 0 };
        found.extend(versions.into_iter().skip(skipped).map(|schema| Stands::new(name, schema)));
    }
    Ok(Body(found))
}

fn by_id(served: &Served, id: &str) -> Result<&'static Schema, Fault> {
    let found = id.parse().ok().and_then(schemas::by_id);
    found.ok_or_else(|| Fault::no_id(id, served.elsewhere.as_deref()))
}
