//! The schemas of other programs, by their ids, asked of a registry.

mod support;

use axum::{Router, extract::Path, http::StatusCode, response::IntoResponse, routing::get};
use klamm_registry::{Error, Reference, Schemas, Settings, Stored};
use serde_json::json;
use support::Server;

/// A registry with one schema of each kind, and two ids at which it fails.
fn start() -> Server {
    let schema = |Path(id): Path<u32>| async move {
        match id {
            1 => json!({ "schema": "\"string\"" }).to_string().into_response(),
            2 => json!({ "schema": "\"long\"", "schemaType": "AVRO", "references": null }).to_string().into_response(),
            3 => json!({ "schema": "{}", "schemaType": "JSON" }).to_string().into_response(),
            4 => (StatusCode::SERVICE_UNAVAILABLE, "{}").into_response(),
            5 => (StatusCode::FORBIDDEN, json!({ "error_code": 403, "message": "Not for you" }).to_string()).into_response(),
            _ => (StatusCode::NOT_FOUND, json!({ "error_code": 40403, "message": "Schema not found" }).to_string()).into_response(),
        }
    };
    let version = |Path((subject, version)): Path<(String, String)>| async move {
        if subject != "shop/a b.proto" || !["2", "latest"].contains(&version.as_str()) {
            return (StatusCode::NOT_FOUND, json!({ "error_code": 40402, "message": "Version not found" }).to_string());
        }
        let references = json!([{ "name": "b.proto", "subject": "shop/b.proto", "version": 7 }]);
        (StatusCode::OK, json!({ "id": 4, "schema": "", "schemaType": "PROTOBUF", "references": references }).to_string())
    };
    let routes = Router::new().route("/schemas/ids/{id}", get(schema)).route("/subjects/{subject}/versions/{version}", get(version));
    Server::start(routes)
}

#[test]
fn a_schema_is_found_by_its_id_and_each_failure_says_whether_asking_again_helps() {
    let server = start();
    let schemas = Schemas::new(&Settings { url: server.url(), ..Settings::default() }).expect("settings");
    let stored = |kind: &str, text: &str| Some(Stored { id: 0, kind: kind.to_owned(), text: text.to_owned(), references: Vec::new() });
    assert_eq!(schemas.schema(1).expect("an answer"), stored("AVRO", "\"string\""));
    assert_eq!(schemas.schema(2).expect("an answer"), stored("AVRO", "\"long\""));
    assert_eq!(schemas.schema(3).expect("an answer"), stored("JSON", "{}"));
    let of_references = Reference { name: "b.proto".to_owned(), subject: "shop/b.proto".to_owned(), version: 7 };
    let found = schemas.version("shop/a b.proto", 2).expect("an answer").expect("a schema");
    assert_eq!((found.kind.as_str(), found.references.as_slice()), ("PROTOBUF", &[of_references][..]));
    assert_eq!(schemas.version("shop/a b.proto", 3).expect("an answer"), None);
    assert_eq!(schemas.latest("shop/a b.proto").expect("an answer").expect("a schema").id, 4);
    assert_eq!(schemas.latest("other").expect("an answer"), None);
    assert_eq!(schemas.schema(9).expect("an answer"), None);
    assert_eq!(schemas.schema(u32::MAX).expect("no question"), None);
    assert!(matches!(schemas.schema(4), Err(Error::Away { .. })));
    assert!(matches!(schemas.schema(5), Err(Error::Refused { .. })));
    drop(server);
    let nobody = Schemas::new(&Settings { url: "http://127.0.0.1:1".to_owned(), ..Settings::default() }).expect("settings");
    assert!(matches!(nobody.schema(1), Err(Error::Away { .. })));
}

const GUID: &str = "00112233-4455-6677-8899-aabbccddeeff";

#[test]
fn a_schema_is_found_by_its_guid_where_the_registry_knows_them() {
    let schema = |Path(guid): Path<String>| async move {
        match guid.as_str() {
            GUID => json!({ "schema": "\"string\"" }).to_string().into_response(),
            _ => (StatusCode::NOT_FOUND, json!({ "error_code": 40403, "message": "Schema not found" }).to_string()).into_response(),
        }
    };
    let server = Server::start(Router::new().route("/schemas/guids/{guid}", get(schema)));
    let schemas = Schemas::new(&Settings { url: server.url(), ..Settings::default() }).expect("settings");
    assert_eq!(schemas.of_guid(GUID).expect("an answer").expect("a schema").text, "\"string\"");
    assert_eq!(schemas.of_guid("ffffffff-4455-6677-8899-aabbccddeeff").expect("an answer"), None);
    let old = start();
    let schemas = Schemas::new(&Settings { url: old.url(), ..Settings::default() }).expect("settings");
    let why = schemas.of_guid(GUID).expect_err("a registry without GUIDs").to_string();
    assert!(why.contains(&format!("the schema with the GUID {GUID}: 404 Not Found: it does not know GUIDs")), "{why}");
}

#[test]
fn a_schema_is_found_by_apicurios_global_id() {
    let missing = || {
        let fault = json!({ "error_code": 404, "message": "No artifact", "name": "ArtifactNotFoundException" });
        (StatusCode::NOT_FOUND, fault.to_string()).into_response()
    };
    let schema = move |Path(id): Path<u64>| async move {
        match id {
            1 => ([("content-type", "application/json")], "\"string\"").into_response(),
            2 | 3 => ([("content-type", "application/x-protobuf")], "import \"b.proto\";").into_response(),
            _ => missing(),
        }
    };
    let references = move |Path(id): Path<u64>| async move {
        match id {
            1 => "[]".into_response(),
            2 => json!([{ "artifactId": "shop/b.proto", "version": "7", "name": "b.proto" }]).to_string().into_response(),
            3 => json!([{ "groupId": "shop", "artifactId": "b", "version": "7", "name": "b.proto" }]).to_string().into_response(),
            _ => missing(),
        }
    };
    let ids = "/apis/registry/v2/ids/globalIds/{id}";
    let server = Server::start(Router::new().route(ids, get(schema)).route(&format!("{ids}/references"), get(references)));
    let of = |url: String| Schemas::new(&Settings { url, ..Settings::default() }).expect("settings");
    let schemas = of(format!("{}/apis/ccompat/v7", server.url()));
    assert!(schemas.is_apicurio());
    let stored = |kind: &str, text: &str, references| Some(Stored { id: 0, kind: kind.to_owned(), text: text.to_owned(), references });
    assert_eq!(schemas.of_global_id(1).expect("an answer"), stored("AVRO", "\"string\"", Vec::new()));
    let reference = Reference { name: "b.proto".to_owned(), subject: "shop/b.proto".to_owned(), version: 7 };
    assert_eq!(schemas.of_global_id(2).expect("an answer"), stored("PROTOBUF", "import \"b.proto\";", vec![reference]));
    let why = schemas.of_global_id(3).expect_err("another group").to_string();
    assert!(why.contains("it refers to b, which Confluent's API does not know"), "{why}");
    assert_eq!(schemas.of_global_id(9).expect("an answer"), None);
    assert_eq!(schemas.of_global_id(u64::MAX).expect("no question"), None);
    let other = of(server.url());
    assert!(!other.is_apicurio());
    assert!(matches!(other.of_global_id(1), Err(Error::Refused { .. })));
    // An address that nothing is behind is no answer about a schema.
    let elsewhere = of(format!("{}/x/apis/ccompat/v7", server.url()));
    assert!(matches!(elsewhere.of_global_id(9), Err(Error::Refused { .. })));
}
