//! Schemas by Apicurio's global ids, which only its own API knows. It is beside the one of Confluent, at the same server.

use serde::Deserialize;

use crate::client::{Client, Error, Reference, Stored};

/// Where Confluent's API begins in the address of an Apicurio, and its own.
const CONFLUENT: &str = "/apis/ccompat/";
const OWN: &str = "/apis/registry/v2";
/// The content type of a schema of Protobuf.
const PROTOBUF: &str = "application/x-protobuf";
/// The group of artifacts whose names are subjects of Confluent's API.
const GROUP: &str = "default";

/// What a schema refers to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referred {
    group_id: Option<String>,
    artifact_id: String,
    version: String,
    name: String,
}

/// The address of its own API; `None`: the registry is another one.
pub fn base(client: &Client) -> Option<String> {
    client.url().split_once(CONFLUENT).map(|(server, _)| format!("{server}{OWN}"))
}

/// The schema with this global id; `None`: there is none.
pub fn of_global_id(client: &Client, id: u64) -> Result<Option<Stored>, Error> {
    let subject = format!("the schema with the global id {id}");
    let refused = |reason: String, remedy: &str| Error::Refused {
        url: client.url().to_owned(),
        subject: subject.clone(),
        reason,
        remedy: remedy.to_owned(),
    };
    let Some(base) = base(client) else {
        return Err(refused(format!("its address has no {CONFLUENT}, as that of an Apicurio"), "correct registry.url"));
    };
    // It would not take such a number for an id.
    if i64::try_from(id).is_err() {
        return Ok(None);
    }
    let address = format!("{base}/ids/globalIds/{id}");
    let Some((content_type, text)) = client.text(&subject, &address)? else { return Ok(None) };
    let kind = if content_type.starts_with(PROTOBUF) { "PROTOBUF" } else { "AVRO" }.to_owned();
    let Some((_, referred)) = client.text(&subject, &format!("{address}/references"))? else { return Ok(None) };
    let referred: Vec<Referred> = serde_json::from_str(&referred)
        .map_err(|error| refused(format!("what it refers to is not told as expected: {error}"), "see the registry's log"))?;
    let reference = |Referred { group_id, artifact_id, version, name }| {
        let version = version.parse().ok().filter(|_| group_id.as_deref().is_none_or(|group| group == GROUP));
        let version = version.ok_or_else(|| {
            let remedy = "let it refer to an artifact of the group default, with a version that is a number";
            refused(format!("it refers to {artifact_id}, which Confluent's API does not know"), remedy)
        })?;
        Ok(Reference { name, subject: artifact_id, version })
    };
    let references = referred.into_iter().map(reference).collect::<Result<_, Error>>()?;
    Ok(Some(Stored { id: 0, kind, text, references }))
}
