//! The read endpoints, asked over a real connection: answers and errors as clients of registries expect them.

mod support;

use klamm_avro::schemas;
use klamm_registry::Subjects;
use serde_json::{Value as Json, json};
use support::{Reply, Server};

/// Two namespaces have a topic of outcomes.
fn subjects() -> Subjects {
    Subjects::new("shop.").with_topics(["outcomes.a", "outcomes.b"].map(str::to_owned))
}

fn serve() -> Server {
    Server::start(klamm_registry::serving::routes(subjects(), None))
}

fn error(reply: &Reply) -> (u16, u64) {
    assert!(reply.json()["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
    (reply.status, reply.json()["error_code"].as_u64().expect("a code"))
}

#[test]
fn every_id_leads_to_its_schema_and_back() {
    let server = serve();
    for schema in schemas::versions() {
        let subjects = subjects().of(schema);
        for path in ["", "?subject=whatever", "?fetchMaxId=false&format="] {
            let reply = server.get(&format!("/schemas/ids/{}{path}", schema.id));
            assert_eq!((reply.status, reply.json()["schema"].as_str()), (200, Some(schema.json)));
            assert_eq!(reply.content_type, "application/vnd.schemaregistry.v1+json");
        }
        assert_eq!(server.get(&format!("/schemas/ids/{}/schema", schema.id)).text, schema.json);
        assert_eq!(server.get(&format!("/schemas/ids/{}/subjects", schema.id)).json(), json!(subjects));
        let versions = server.get(&format!("/schemas/ids/{}/versions", schema.id)).json();
        let all: Vec<_> = subjects.iter().map(|subject| json!({ "subject": subject, "version": schema.version })).collect();
        assert_eq!(versions, json!(all));

        for subject in subjects {
            let reply = server.get(&format!("/subjects/{subject}/versions/{}", schema.version)).json();
            assert_eq!(reply, json!({ "subject": subject, "version": schema.version, "id": schema.id, "schema": schema.json }));
            assert_eq!(server.get(&format!("/subjects/{subject}/versions/{}/schema", schema.version)).text, schema.json);
            assert_eq!(server.get(&format!("/subjects/{subject}/versions/{}/referencedby", schema.version)).json(), json!([]));
        }
    }
}

#[test]
fn subjects_are_those_of_the_topics() {
    let server = serve();
    let names = ["cluster", "commands", "held", "history", "members", "outcomes.a", "outcomes.b", "schedules", "visibility"];
    assert_eq!(server.get("/subjects").json(), json!(names.map(|topic| format!("shop.{topic}-value"))));
    assert_eq!(server.get("/subjects?subjectPrefix=shop.h").json(), json!(["shop.held-value", "shop.history-value"]));
    for schema in schemas::all() {
        let versions: Vec<u32> = (1..=schema.version).collect();
        for subject in subjects().of(schema) {
            assert_eq!(server.get(&format!("/subjects/{subject}/versions")).json(), json!(versions));
            for latest in ["latest", "-1"] {
                assert_eq!(server.get(&format!("/subjects/{subject}/versions/{latest}")).json()["id"], schema.id);
            }
        }
    }
    for nobody in ["outcomes", "outcomes.c", "requests.a"] {
        assert_eq!(error(&server.get(&format!("/subjects/shop.{nobody}-value/versions"))), (404, 40401), "{nobody}");
    }
    let versions: usize = schemas::versions().iter().map(|schema| subjects().of(schema).len()).sum();
    assert_eq!(server.get("/schemas").json().as_array().map(Vec::len), Some(versions));
    assert_eq!(server.get("/schemas?latestOnly=true&subjectPrefix=shop.m").json().as_array().map(Vec::len), Some(1));
}

#[test]
fn it_says_what_kind_of_registry_it_is() {
    let server = serve();
    assert_eq!(server.get("/schemas/types").json(), json!(["AVRO"]));
    assert_eq!(server.get("/config").json(), json!({ "compatibilityLevel": "FULL_TRANSITIVE" }));
    assert_eq!(server.get("/config/shop.history-value?defaultToGlobal=true").json(), json!({ "compatibilityLevel": "FULL_TRANSITIVE" }));
    assert_eq!(server.get("/mode").json(), json!({ "mode": "READONLY" }));
    assert_eq!(server.get("/mode/shop.history-value").json(), json!({ "mode": "READONLY" }));
    assert_eq!(server.get("/contexts").json(), json!(["."]));
}

#[test]
fn what_is_not_there_has_its_code() {
    let server = serve();
    for (path, code) in [
        ("/schemas/ids/1", 40403),
        ("/schemas/ids/many", 40403),
        ("/schemas/ids/1/versions", 40403),
        ("/subjects/nothing/versions", 40401),
        ("/subjects/history-value/versions", 40401),
        ("/subjects/nothing/versions/1", 40401),
        ("/subjects/shop.history-value/versions/99", 40402),
        ("/config/nothing", 40401),
        ("/mode/nothing", 40401),
    ] {
        assert_eq!(error(&server.get(path)), (404, code), "{path}");
    }
    for version in ["0", "new", "4294967295"] {
        assert_eq!(error(&server.get(&format!("/subjects/shop.history-value/versions/{version}"))), (422, 42202), "{version}");
    }
    let elsewhere = Server::start(klamm_registry::serving::routes(Subjects::new("klamm."), Some("http://registry:8081".to_owned())));
    assert!(elsewhere.get("/schemas/ids/7").text.contains("http://registry:8081"));
}

#[test]
fn a_serializer_finds_its_schema_and_changes_nothing() {
    let server = serve();
    let own = schemas::current("members-value").expect("a schema");
    // As libraries write it anew: no text for people, members in another order.
    let mut rewritten: Json = serde_json::from_str(own.json).expect("JSON");
    for field in rewritten["fields"].as_array_mut().expect("fields") {
        field.as_object_mut().expect("a field").remove("doc");
    }
    for schema in [own.json.to_owned(), rewritten.to_string()] {
        for body in [json!({ "schema": schema }), json!({ "schema": schema, "schemaType": "AVRO", "references": [] })] {
            let reply = server.post("/subjects/shop.members-value", &body.to_string());
            assert_eq!((reply.status, reply.json()["id"].as_u64()), (200, Some(u64::from(own.id))), "{reply:?}");
            let reply = server.post("/subjects/shop.members-value/versions", &body.to_string());
            assert_eq!((reply.status, reply.json()), (200, json!({ "id": own.id })));
        }
    }
    let other = json!({ "schema": r#"{"type":"record","name":"Other","fields":[]}"# }).to_string();
    assert_eq!(error(&server.post("/subjects/shop.members-value", &other)), (404, 40403));
    assert_eq!(error(&server.post("/subjects/nothing", &other)), (404, 40401));
    for body in ["", "{}", r#"{"schema":"{"}"#, r#"{"schema":"\"string\"","schemaType":"JSON"}"#] {
        assert_eq!(error(&server.post("/subjects/shop.members-value", body)), (422, 42201), "{body}");
    }
    for (method, path) in [
        ("POST", "/subjects/shop.members-value/versions"),
        ("POST", "/subjects/mine-value/versions"),
        ("DELETE", "/subjects/shop.members-value"),
        ("DELETE", "/subjects/shop.members-value/versions/1"),
        ("PUT", "/config"),
        ("PUT", "/config/shop.members-value"),
        ("DELETE", "/config/shop.members-value"),
        ("PUT", "/mode"),
    ] {
        assert_eq!(error(&server.ask(method, path, &other)), (422, 42205), "{method} {path}");
    }
    let compatible =
        |schema: &str| server.post("/compatibility/subjects/shop.members-value/versions/latest", &json!({ "schema": schema }).to_string());
    assert_eq!(compatible(own.json).json(), json!({ "is_compatible": true }));
    assert_eq!(compatible(r#"{"type":"record","name":"Other","namespace":"n","fields":[]}"#).json(), json!({ "is_compatible": false }));
}
