//! Registering ahead, at a small registry made for the test: ids, credentials, and each way to be refused.

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};
use klamm_avro::schemas;
use klamm_registry::{Authentication, Error, Settings, Subjects, register};
use serde_json::{Value as Json, json};
use support::Server;

/// A registry that gives ids from 1 on, to the same schema the same.
#[derive(Default)]
struct Fake {
    /// Subject and schema, in the order of their ids.
    registered: Mutex<Vec<(String, String)>>,
    /// Registrations asked for, new or not.
    asked: Mutex<usize>,
    /// What it answers instead, by path's end: status, body.
    refusal: Mutex<Option<(&'static str, u16, &'static str)>>,
    /// The Authorization that it wants.
    authorization: Option<&'static str>,
}

type Shared = State<Arc<Fake>>;

fn start(fake: Fake) -> (Server, Arc<Fake>) {
    let fake = Arc::new(fake);
    let routes = Router::new()
        .route("/subjects/{subject}", post(look_up))
        .route("/subjects/{subject}/versions", post(register_one))
        .layer(middleware::from_fn_with_state(fake.clone(), guard))
        .with_state(fake.clone());
    (Server::start(routes), fake)
}

async fn guard(State(fake): Shared, headers: HeaderMap, request: Request, next: Next) -> Response {
    let given = headers.get("authorization").and_then(|it| it.to_str().ok());
    if fake.authorization.is_some() && given != fake.authorization {
        return fault(401, json!({ "error_code": 401, "message": "Unauthorized" }).to_string());
    }
    let refusal = *fake.refusal.lock().expect("a lock");
    match refusal {
        Some((end, status, body)) if request.uri().path().ends_with(end) => fault(status, body.to_owned()),
        _ => next.run(request).await,
    }
}

fn fault(status: u16, body: String) -> Response {
    (StatusCode::from_u16(status).expect("a status"), body).into_response()
}

fn schema(body: &str) -> String {
    let body: Json = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["schemaType"], "AVRO");
    body["schema"].as_str().expect("a schema").to_owned()
}

async fn look_up(State(fake): Shared, Path(subject): Path<String>, body: String) -> Response {
    let registered = fake.registered.lock().expect("a lock");
    let wanted = (subject.clone(), schema(&body));
    match registered.iter().position(|it| *it == wanted) {
        Some(place) => json!({ "subject": subject, "id": place + 1, "version": 1, "schema": wanted.1 }).to_string().into_response(),
        None if registered.iter().any(|(it, _)| *it == subject) => {
            fault(404, json!({ "error_code": 40403, "message": "Schema not found" }).to_string())
        }
        None => fault(404, json!({ "error_code": 40401, "message": "Subject not found" }).to_string()),
    }
}

async fn register_one(State(fake): Shared, Path(subject): Path<String>, body: String) -> Response {
    *fake.asked.lock().expect("a lock") += 1;
    let mut registered = fake.registered.lock().expect("a lock");
    registered.push((subject, schema(&body)));
    json!({ "id": registered.len() }).to_string().into_response()
}

fn settings(server: &Server) -> Settings {
    Settings { url: server.url(), ..Settings::default() }
}

#[test]
fn schemas_are_registered_once_and_found_again() {
    let (server, fake) = start(Fake::default());
    let subjects = Subjects::new("shop.").with_topics(["outcomes.a", "outcomes.b"].map(str::to_owned));
    let ids = register(&settings(&server), &subjects).expect("ids");
    let registered: BTreeMap<_, _> = fake.registered.lock().expect("a lock").iter().cloned().collect();
    assert_eq!(registered.len(), subjects.names().len());
    for schema in schemas::all() {
        for subject in subjects.of(schema) {
            assert_eq!(registered[&subject], schema.json);
        }
    }
    let all: usize = schemas::versions().iter().map(|schema| subjects.of(schema).len()).sum();
    for id in 1..=all as u32 {
        let found = ids.schema(id).expect("a schema");
        assert_eq!(fake.registered.lock().expect("a lock")[id as usize - 1].1, found.json);
    }
    // A slash at the end is the same address; the second time nothing is written.
    let settings = Settings { url: format!("{}/", server.url()), ..settings(&server) };
    register(&settings, &subjects).expect("ids");
    assert_eq!(*fake.asked.lock().expect("a lock"), all);
}

#[test]
fn a_klamm_that_may_only_read_works_where_schemas_stand() {
    let (server, fake) = start(Fake::default());
    register(&settings(&server), &Subjects::new("klamm.")).expect("ids");
    *fake.refusal.lock().expect("a lock") = Some(("/versions", 403, r#"{"error_code":40301,"message":"read only"}"#));
    register(&settings(&server), &Subjects::new("klamm.")).expect("ids");
    let error = register(&settings(&server), &Subjects::new("other.")).expect_err("new subjects");
    assert!(matches!(&error, Error::Refused { subject, .. } if subject.starts_with("other.")), "{error}");
    assert!(error.remedy().contains("ahead"), "{}", error.remedy());
}

#[test]
fn credentials_are_sent_and_not_shown() {
    let basic = Authentication::Basic { username: "klamm".to_owned(), password: "pass:word".to_owned() };
    for (authentication, wanted) in
        [(basic, "Basic a2xhbW06cGFzczp3b3Jk"), (Authentication::Bearer("a-token".to_owned()), "Bearer a-token")]
    {
        let (server, _) = start(Fake { authorization: Some(wanted), ..Fake::default() });
        let right = Settings { authentication, ..settings(&server) };
        register(&right, &Subjects::new("klamm.")).expect("ids");
        assert!(!format!("{right:?}").contains("pass") && !format!("{right:?}").contains("a-token"), "{right:?}");
        let error = register(&settings(&server), &Subjects::new("klamm.")).expect_err("no credentials");
        assert!(error.to_string().contains(&server.url()) && error.to_string().contains("401"), "{error}");
        assert!(error.remedy().contains("registry.username"), "{}", error.remedy());
    }
}

#[test]
fn each_refusal_names_the_registry_and_a_remedy() {
    for (end, status, body, says, remedy) in [
        (
            "/versions",
            409,
            r#"{"error_code":409,"message":"incompatible with an earlier schema"}"#,
            "incompatible with an earlier",
            "kafka.topic_prefix",
        ),
        ("/versions", 422, r#"{"error_code":42205,"message":"read-only mode"}"#, "read-only mode", "read-only"),
        ("/versions", 422, r#"{"error_code":42201,"message":"Invalid schema"}"#, "Invalid schema", "registry's log"),
        ("", 403, "", "403", "let klamm read and write"),
        ("", 404, "<html>nothing here</html>", "as no registry does", "registry.url"),
        ("", 200, "<html>welcome</html>", "as no registry does", "registry.url"),
        ("", 302, "", "302", "registry.url"),
    ] {
        let (server, fake) = start(Fake::default());
        *fake.refusal.lock().expect("a lock") = Some((end, status, body));
        let error = register(&settings(&server), &Subjects::new("klamm.")).expect_err("a refusal");
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&server.url()) && text.contains("klamm.cluster-value") && text.contains(says), "{text}");
        assert!(error.remedy().contains(remedy), "{text}: {}", error.remedy());
    }
}

#[test]
fn a_registry_that_is_away_is_told_from_one_that_refuses() {
    let (server, fake) = start(Fake::default());
    for (status, body) in [(500, ""), (503, r#"{"error_code":50302,"message":"no leader"}"#), (429, "slowly")] {
        *fake.refusal.lock().expect("a lock") = Some(("", status, body));
        let error = register(&settings(&server), &Subjects::new("klamm.")).expect_err("a registry in trouble");
        assert!(matches!(error, Error::Away { .. }) && error.to_string().contains(&status.to_string()), "{error}");
    }
    *fake.refusal.lock().expect("a lock") = None;
    register(&settings(&server), &Subjects::new("klamm.")).expect("it goes on by itself");
    for url in ["http://127.0.0.1:1", "http://no-such-host.invalid:8081"] {
        let error = register(&Settings { url: url.to_owned(), ..Settings::default() }, &Subjects::new("klamm.")).expect_err("nobody there");
        assert!(matches!(error, Error::Away { .. }) && error.to_string().contains(url), "{error}");
    }
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file.pem");
    std::fs::write(&file, "nothing").expect("a file");
    let file = file.to_str().expect("a path").to_owned();
    let url = "https://127.0.0.1:1".to_owned();
    for (settings, says) in [
        (Settings { url: url.clone(), ca_file: Some(file.clone()), ..Settings::default() }, "registry.ca_file"),
        (Settings { url: url.clone(), ca_file: Some("/no/such/file".to_owned()), ..Settings::default() }, "/no/such/file"),
        (Settings { url, client_cert_and_key_files: Some((file.clone(), file)), ..Settings::default() }, "registry.client_cert_file"),
    ] {
        let error = register(&settings, &Subjects::new("klamm.")).expect_err("a wrong file");
        assert!(matches!(error, Error::Settings { .. }) && error.to_string().contains(says), "{error}");
    }
}
