//! The schemas of other programs, by their ids, asked of a registry.

mod support;

use axum::{Router, extract::Path, http::StatusCode, response::IntoResponse, routing::get};
use klamm_registry::{Error, Schemas, Settings};
use serde_json::json;
use support::Server;

/// A registry with one schema of each kind, and two ids at which it fails.
fn start() -> Server {
    let schema = |Path(id): Path<u32>| async move {
        match id {
            1 => json!({ "schema": "\"string\"" }).to_string().into_response(),
            2 => json!({ "schema": "\"long\"", "schemaType": "AVRO" }).to_string().into_response(),
            3 => json!({ "schema": "{}", "schemaType": "JSON" }).to_string().into_response(),
            4 => (StatusCode::SERVICE_UNAVAILABLE, "{}").into_response(),
            5 => (StatusCode::FORBIDDEN, json!({ "error_code": 403, "message": "Not for you" }).to_string()).into_response(),
            _ => (StatusCode::NOT_FOUND, json!({ "error_code": 40403, "message": "Schema not found" }).to_string()).into_response(),
        }
    };
    Server::start(Router::new().route("/schemas/ids/{id}", get(schema)))
}

#[test]
fn a_schema_is_found_by_its_id_and_each_failure_says_whether_asking_again_helps() {
    let server = start();
    let schemas = Schemas::new(&Settings { url: server.url(), ..Settings::default() }).expect("settings");
    assert_eq!(schemas.schema(1).expect("an answer").as_deref(), Some("\"string\""));
    assert_eq!(schemas.schema(2).expect("an answer").as_deref(), Some("\"long\""));
    assert_eq!(schemas.schema(3).expect("an answer"), None, "no schema of Avro");
    assert_eq!(schemas.schema(9).expect("an answer"), None);
    assert!(matches!(schemas.schema(4), Err(Error::Away { .. })));
    assert!(matches!(schemas.schema(5), Err(Error::Refused { .. })));
    drop(server);
    let nobody = Schemas::new(&Settings { url: "http://127.0.0.1:1".to_owned(), ..Settings::default() }).expect("settings");
    assert!(matches!(nobody.schema(1), Err(Error::Away { .. })));
}
