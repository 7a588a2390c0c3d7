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
    assert!(matches!(schemas.schema(4), Err(Error::Away { .. })));
    assert!(matches!(schemas.schema(5), Err(Error::Refused { .. })));
    drop(server);
    let nobody = Schemas::new(&Settings { url: "http://127.0.0.1:1".to_owned(), ..Settings::default() }).expect("settings");
    assert!(matches!(nobody.schema(1), Err(Error::Away { .. })));
}
