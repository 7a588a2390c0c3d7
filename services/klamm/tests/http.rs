//! Temporal's HTTP API and klamm's own of a running `klamm dev`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");
/// Longest time that a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// `klamm dev` on free ports, in memory.
struct Server {
    child: Child,
    http: String,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let arguments = [&["dev", "--port", "0", "--http-port", "0", "--in-memory", "--partitions", "1"], options].concat();
        let mut child = Command::new(KLAMM).args(arguments).stdout(Stdio::piped()).spawn().expect("klamm starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
        let line = lines.into_iter().find(|line| line.starts_with("HTTP:")).expect("an address");
        let http = line.split_whitespace().nth(1).expect("an address").trim_start_matches("http://").to_owned();
        Self { child, http }
    }

    /// Sends a request as it stands, and reads the answer: its status, its headers and its body.
    fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> (u16, String, String) {
        let mut socket = TcpStream::connect(&self.http).expect("a connection");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let host =
            if headers.iter().any(|header| header.starts_with("host:")) { String::new() } else { format!("host: {}\r\n", self.http) };
        let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let head = format!("{method} {path} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {}\r\n{more}\r\n", body.len());
        socket.write_all(head.as_bytes()).expect("sent");
        // A server that refuses a body need not read it.
        let _ = socket.write_all(body);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.send("GET", path, &[], b"");
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    }

    fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, _, body) = self.send("POST", path, &["content-type: application/json"], body.as_bytes());
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const START: &str =
    r#"{"workflowType": {"name": "t"}, "taskQueue": {"name": "q"}, "input": [{"a": [1, 9007199254740993]}, "x"], "requestId": "r"}"#;

#[test]
fn workflows_are_started_listed_and_read() {
    let server = Server::start(&[]);
    let (status, started) = server.post("/api/v1/namespaces/default/workflows/w%2F1", START);
    assert_eq!((status, &started["started"]), (200, &json!(true)), "{started}");
    assert_eq!(server.post("/namespaces/default/workflows/w%2F1", START).1["runId"], started["runId"], "the same request");

    let (status, history) = server.get("/api/v1/namespaces/default/workflows/w%2F1/history?maximumPageSize=10");
    let first = &history["history"]["events"][0];
    assert_eq!((status, &first["eventId"], &first["eventType"]), (200, &json!("1"), &json!("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED")));
    let (_, _, text) = server.send("GET", "/api/v1/namespaces/default/workflows/w%2F1/history", &[], b"");
    assert!(text.contains(r#""input":[{"a":[1,9007199254740993]},"x"]"#), "{text}");
    let (_, long) = server.get("/api/v1/namespaces/default/workflows/w%2F1/history?noPayloadShorthand&pretty");
    let payload = &long["history"]["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][1];
    assert_eq!(payload, &json!({ "metadata": { "encoding": "anNvbi9wbGFpbg==" }, "data": "Ingi" }));

    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, list) = server.get("/api/v1/namespaces/default/workflows?query=WorkflowType%3D't'&pageSize=5");
        match list["executions"][0]["execution"]["workflowId"].as_str() {
            Some(id) => break assert_eq!(id, "w/1"),
            None => assert!(Instant::now() < deadline, "{list}"),
        }
    }
    let (status, closed) = server.post("/api/v1/namespaces/default/workflows/w%2F1/terminate", r#"{"reason": "enough"}"#);
    assert_eq!((status, closed), (200, json!({})));
    let (_, described) = server.get("/api/v1/namespaces/default/workflows/w%2F1");
    assert_eq!(described["workflowExecutionInfo"]["status"], "WORKFLOW_EXECUTION_STATUS_TERMINATED");
}

#[test]
fn refusals_are_statuses() {
    let server = Server::start(&[]);
    let refused = |method: &str, path: &str, body: &str| {
        let (status, _, body) = server.send(method, path, &["content-type: application/json"], body.as_bytes());
        let error: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"));
        (
            status,
            error["code"].as_i64().unwrap_or_default(),
            error["message"].as_str().unwrap_or_default().to_owned(),
            error["details"].clone(),
        )
    };
    let text = |(status, code, message, _): (u16, i64, String, Value)| (status, code, message);
    let start = "/api/v1/namespaces/default/workflows/w";
    for (method, path, body, expected) in [
        ("GET", "/api/v1/nowhere", "", (404, 5, "Not Found")),
        ("GET", "/api/klamm/v1/nowhere", "", (404, 5, "Not Found")),
        ("GET", "/api/v1/namespaces/%zz", "", (400, 3, "Bad Request")),
        ("PUT", "/api/v1/system-info", "", (501, 12, "Method Not Allowed")),
        ("POST", start, "{", (400, 3, "unexpected EOF")),
        ("POST", start, "nope", (400, 3, "invalid character 'o' in literal null (expecting 'u')")),
        ("POST", start, "[]", (400, 3, "temporalproto: syntax error (line 1:1): unexpected token [")),
        ("POST", start, r#"{"nope": 1}"#, (400, 3, "temporalproto: (line 1:2): unknown field \"nope\"")),
        ("POST", start, r#"{"workflowType": {"name": 5}}"#, (400, 3, "temporalproto: (line 1:27): invalid value for string type: 5")),
        ("POST", start, "{}", (400, 3, "WorkflowType is not set on request.")),
        (
            "GET",
            "/api/v1/namespaces/default/workflows?pageSize=x",
            "",
            (400, 3, "parsing field \"page_size\": strconv.ParseInt: parsing \"x\": invalid syntax"),
        ),
        ("GET", "/api/v1/namespaces/default/workflows?pageSize=%zz", "", (400, 3, "invalid URL escape in \"pageSize=%zz\"")),
    ] {
        let (status, code, message) = text(refused(method, path, body));
        if message != expected.2 && body == "{}" {
            // The call's own refusal; which comes first is the call's matter.
            assert_eq!((status, code), (400, 3), "{message}");
            continue;
        }
        assert_eq!((status, code, message.as_str()), expected, "{method} {path} {body}");
    }
    let (status, _, page) = server.send("GET", "/", &[], b"");
    assert_eq!((status, page.starts_with("<!doctype html>")), (200, true), "other paths are the web UI's: {page}");
    let (status, code, _, details) = refused("GET", "/api/v1/namespaces/nobody/workflows", "");
    assert_eq!((status, code), (404, 5));
    assert_eq!(details[0]["@type"], "type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure");
    assert_eq!(details[0]["namespace"], "nobody");
    let (status, code, ..) = refused("GET", "/api/v1/namespaces/default/workflow-rules/none", "");
    assert_eq!((status, code), (501, 12));

    let (status, _, body) = server.send("POST", start, &[], b"{}");
    assert!(status == 400 && body.contains("content-type"), "{status} {body}");
    let (status, _, body) = server.send("POST", start, &["content-type: text/plain"], b"{}");
    assert!(status == 400 && body.contains("text/plain"), "{status} {body}");
    let large = vec![b' '; (4 << 20) + 1];
    let (status, _, body) = server.send("POST", start, &["content-type: application/json"], &large);
    assert!(status == 400 && body.contains("http: request body too large"), "{status} {body}");
}

#[test]
fn pages_of_elsewhere_are_refused() {
    let server = Server::start(&["--http-origin", "http://localhost:5173"]);
    let start = "/api/v1/namespaces/default/workflows/w";
    let json = "content-type: application/json";
    let status = |headers: &[&str]| server.send("POST", start, &[&[json], headers].concat(), START.as_bytes()).0;
    assert_eq!(status(&["origin: http://evil.example"]), 403);
    assert_eq!(status(&["sec-fetch-site: cross-site"]), 403);
    assert_eq!(status(&["host: evil.example"]), 403);
    assert_eq!(server.send("GET", "/api/v1/system-info", &["host: evil.example"], b"").2, r#"{"code":7,"message":"Host not allowed"}"#);
    assert_eq!(status(&[&format!("origin: http://{}", server.http)]), 200);
    let (code, head, _) = server.send("GET", "/api/v1/system-info", &["origin: http://evil.example"], b"");
    assert!(code == 200 && !head.contains("access-control"), "{head}");
    let (code, head, _) = server.send("GET", "/api/v1/system-info", &["origin: http://localhost:5173"], b"");
    assert!(code == 200 && head.contains("access-control-allow-origin: http://localhost:5173"), "{head}");
    let preflight = ["origin: http://localhost:5173", "access-control-request-method: POST"];
    assert_eq!(server.send("OPTIONS", start, &preflight, b"").0, 204);
    assert_eq!(server.send("GET", "/healthz", &["host: evil.example"], b"").0, 200);
}

#[test]
fn long_polls_wait_and_end_with_their_client() {
    let server = Server::start(&[]);
    assert_eq!(server.post("/api/v1/namespaces/default/workflows/w", START).0, 200);
    let history =
        "/api/v1/namespaces/default/workflows/w/history?waitNewEvent=true&historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT";
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.get(history));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished());
        assert_eq!(server.post("/api/v1/namespaces/default/workflows/w/terminate", "{}").0, 200);
        let (_, closed) = waiting.join().expect("an answer");
        assert_eq!(closed["history"]["events"][0]["eventType"], "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED");
    });
    let began = Instant::now();
    let (status, _, body) =
        server.send("GET", "/api/v1/namespaces/default/workflows/none/history?waitNewEvent=true", &["grpc-timeout: 200m"], b"");
    assert!(status == 404 && began.elapsed() < PATIENCE, "{status} {body}");
}

#[test]
fn the_document_is_served() {
    let server = Server::start(&[]);
    let (status, document) = server.get("/openapi.json");
    assert_eq!((status, &document["openapi"]), (200, &json!("3.0.3")));
    assert!(document["paths"]["/api/v1/namespaces/{namespace}/workflows"]["get"].is_object());
    assert_eq!(server.get("/api/v1/openapi.json").1, document);
}

#[test]
fn lists_of_what_does_not_exist_yet_are_empty() {
    let server = Server::start(&[]);
    for path in ["worker-deployments", "activities", "activity-count", "nexus-operations", "nexus-operation-count", "workflow-rules"] {
        assert_eq!(server.get(&format!("/api/v1/namespaces/default/{path}")), (200, json!({})), "{path}");
        assert_eq!(server.get(&format!("/api/v1/namespaces/nobody/{path}")).0, 404, "{path}");
    }
    assert_eq!(server.get("/api/v1/nexus/endpoints"), (200, json!({})));
}

/// The events of a stream, up to the one that `is_last` says.
fn events(server: &Server, path: &str, is_last: impl Fn(&str, &Value) -> bool) -> Vec<(String, Value)> {
    let mut socket = TcpStream::connect(&server.http).expect("a connection");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    socket.write_all(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", server.http).as_bytes()).expect("sent");
    let (mut name, mut found) = (String::new(), Vec::new());
    for line in BufReader::new(socket).lines() {
        let line = line.unwrap_or_else(|error| panic!("{path}: {error}: {found:?}"));
        if let Some(text) = line.strip_prefix("event: ") {
            name = text.to_owned();
        }
        if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).expect("JSON");
            let ends = is_last(&name, &data);
            found.push((name.clone(), data));
            if ends {
                return found;
            }
        }
    }
    panic!("{path}: the stream ended: {found:?}")
}

#[test]
fn klamm_tells_of_itself() {
    let server = Server::start(&[]);
    assert_eq!(server.post("/api/v1/namespaces/default/workflows/w", START).0, 200);
    let (status, overview) = server.get("/api/klamm/v1/overview");
    assert_eq!(
        (status, &overview["role"], &overview["logKind"], &overview["problem"]),
        (200, &json!("owner"), &json!("embedded"), &Value::Null)
    );
    assert_eq!(
        (&overview["counts"]["namespaces"], &overview["counts"]["partitions"], &overview["counts"]["members"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!((&overview["health"]["ready"], &overview["address"]), (&json!(true), &overview["owner"]));
    let (_, partitions) = server.get("/api/klamm/v1/partitions");
    assert_eq!(partitions["partitions"][0]["owner"], overview["owner"]);
    assert!(
        partitions["partitions"][0]["takeOverOffset"].is_i64() && partitions["partitions"][0]["end"].as_i64() > Some(0),
        "{partitions}"
    );
    let (_, members) = server.get("/api/klamm/v1/members");
    assert_eq!((&members["members"][0]["standing"], &members["members"][0]["lastBeat"]), (&json!("owner"), &Value::Null));
    assert_eq!(members["members"][0]["self"], true);
    let (_, queues) = server.get("/api/klamm/v1/namespaces/default/task-queues");
    assert_eq!((&queues["taskQueues"][0]["name"], &queues["taskQueues"][0]["backlogCount"]), (&json!("q"), &json!(1)), "{queues}");

    let (_, topics) = server.get("/api/klamm/v1/topics");
    assert!(topics["topics"].as_array().expect("a list").iter().any(|topic| topic["shortName"] == "history"), "{topics}");
    let (_, commands) = server.get("/api/klamm/v1/topics/commands");
    assert_eq!((&commands["name"], &commands["partitions"][0]["firstOffset"]), (&json!("klamm.commands"), &json!(0)));
    let (_, page) = server.get("/api/klamm/v1/topics/commands/records?partition=0&key=default%2Fw&limit=5");
    let record = &page["records"][0];
    assert_eq!((&record["key"], &record["tombstone"]), (&json!("default/w"), &json!(false)), "{page}");
    assert!(record["value"]["start_workflow"].is_object() || record["value"].is_object(), "{record}");
    assert!(page["next"]["0"].as_i64() > record["offset"].as_i64());

    for (path, code) in [
        ("/api/klamm/v1/topics/none", 404),
        ("/api/klamm/v1/topics/commands/records?partition=7", 404),
        ("/api/klamm/v1/topics/commands/records?limit=0", 400),
        ("/api/klamm/v1/topics/commands/records?limit=many", 400),
        ("/api/klamm/v1/topics/commands/tail?since=yesterday", 400),
        ("/api/klamm/v1/namespaces/nobody/task-queues", 404),
        ("/api/klamm/v1/namespaces/default/schedules/none/audit", 404),
        ("/api/klamm/v1/namespaces/default/workflows/none/history/live", 404),
        ("/api/klamm/v1/namespaces/default/workflows/none/records", 404),
        ("/api/klamm/v1/namespaces/default/workflow-count/live?query=%3D", 400),
        ("/api/klamm/v1/nowhere", 404),
    ] {
        let (status, error) = server.get(path);
        assert_eq!(status, code, "{path}: {error}");
        assert!(error["message"].is_string(), "{error}");
    }
}

#[test]
fn triggers_are_declared_shown_and_deleted() {
    let server = Server::start(&[]);
    let text = "trigger: orders\nnamespace: default\nsource: {topic: shop.orders, format: json}\nrules:\n  - start: {type: T, task_queue: q, id: a}\n";
    let body = |text: &str, dry_run: bool| json!({ "declarations": [text], "dryRun": dry_run }).to_string();
    assert_eq!(server.get("/api/klamm/v1/triggers"), (200, json!({ "triggers": [] })));
    let (status, told) = server.post("/api/klamm/v1/triggers", &body(text, true));
    assert_eq!(
        (status, &told),
        (200, &json!({ "changes": [{ "kind": "trigger", "name": "orders", "change": "created", "before": null, "after": text }] }))
    );
    assert_eq!(server.get("/api/klamm/v1/triggers/orders").0, 404, "that was only asked");
    assert_eq!(server.post("/api/klamm/v1/triggers", &body(text, false)).0, 200);
    let (_, all) = server.get("/api/klamm/v1/triggers");
    let (_, orders) = server.get("/api/klamm/v1/triggers/orders");
    assert_eq!(
        (&all["triggers"][0]["name"], &orders["topic"], &orders["declaration"]),
        (&json!("orders"), &json!("shop.orders"), &json!(text))
    );
    assert_eq!(
        (&orders["paused"], &orders["startAt"], &orders["deadLetterTopic"]),
        (&json!(false), &Value::Null, &json!("klamm.dlq.orders"))
    );
    assert_eq!(server.post("/api/klamm/v1/triggers/orders/pause", r#"{"reason": "holidays"}"#), (200, json!({})));
    assert_eq!(server.post("/api/klamm/v1/triggers/orders/replay", r#"{"from": "2026-11-01T00:00Z"}"#), (200, json!({})));
    let (_, paused) = server.get("/api/klamm/v1/triggers/orders");
    assert_eq!((&paused["paused"], &paused["pauseReason"]), (&json!(true), &json!("holidays")));
    assert_eq!(paused["startAt"], "2026-11-01T00:00:00.000Z");
    assert!(paused["generation"].as_u64() > orders["generation"].as_u64());
    assert_eq!(server.post("/api/klamm/v1/triggers/orders/resume", ""), (200, json!({})));
    assert_eq!(server.get("/api/klamm/v1/triggers/orders").1["paused"], false);
    assert_eq!(server.get("/api/klamm/v1/triggers/orders/dead-letters"), (200, json!({ "deadLetters": [] })));

    for (path, body, part) in [
        ("/api/klamm/v1/triggers", body(&text.replace("json", "xml"), false), "line 3: source.format"),
        ("/api/klamm/v1/triggers", body(&text.replace("default", "nobody"), false), "there is no namespace"),
        ("/api/klamm/v1/triggers", r#"{"texts": []}"#.to_owned(), "unknown field `texts`"),
        ("/api/klamm/v1/triggers", "[".to_owned(), "the body: "),
        ("/api/klamm/v1/triggers/orders/replay", r#"{"from": "yesterday"}"#.to_owned(), "is no place to begin"),
    ] {
        let (status, error) = server.post(path, &body);
        assert_eq!(status, 400, "{path} {body}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(part)), "{error}");
    }
    // A form of another site's page can say no other type without being asked for.
    assert_eq!(server.send("POST", "/api/klamm/v1/triggers/orders/pause", &["content-type: text/plain"], b"{}").0, 400);
    assert_eq!(server.get("/api/klamm/v1/triggers/orders/dead-letters?limit=0").0, 400);
    assert_eq!(server.get("/api/klamm/v1/triggers/nobody/dead-letters").0, 404);
    for (status, path) in [(200, "/api/klamm/v1/triggers/orders"), (404, "/api/klamm/v1/triggers/orders")] {
        assert_eq!(server.send("DELETE", path, &[], b"").0, status);
    }
}

#[test]
fn search_attributes_runs_and_namespaces_are_managed() {
    let server = Server::start(&[]);
    let delete = |path: &str| {
        let (status, _, body) = server.send("DELETE", path, &[], b"");
        (status, serde_json::from_str::<Value>(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    };
    let attributes = "/api/klamm/v1/namespaces/default/search-attributes";
    let added = server.post(attributes, r#"{"searchAttributes": {"Customer": "INDEXED_VALUE_TYPE_KEYWORD", "Amount": "Double"}}"#);
    assert_eq!(added, (200, json!({})));
    let listed = || server.get("/api/v1/namespaces/default/search-attributes").1["customAttributes"].clone();
    assert_eq!(listed(), json!({ "Amount": "INDEXED_VALUE_TYPE_DOUBLE", "Customer": "INDEXED_VALUE_TYPE_KEYWORD" }));
    assert_eq!(delete(&format!("{attributes}/Amount")), (200, json!({})));
    assert_eq!(listed(), json!({ "Customer": "INDEXED_VALUE_TYPE_KEYWORD" }));
    assert_eq!(delete(&format!("{attributes}/ExecutionStatus")).0, 400, "the system's own stay");
    let (status, refused) = server.post(attributes, r#"{"searchAttributes": {"Customer": "Colour"}}"#);
    assert_eq!((status, &refused["code"]), (400, &json!(3)), "{refused}");
    let (status, _, refused) = server.send("POST", attributes, &["content-type: text/plain"], b"{}");
    assert_eq!((status, refused.contains("application/json")), (400, true), "a form of another page: {refused}");

    assert_eq!(server.post("/api/v1/namespaces/default/workflows/w", START).0, 200);
    assert_eq!(delete("/api/klamm/v1/namespaces/default/workflows/w"), (200, json!({})));
    let deadline = Instant::now() + PATIENCE;
    while server.get("/api/v1/namespaces/default/workflows/w").0 != 404 {
        assert!(Instant::now() < deadline, "the run stays");
    }
    assert_eq!(delete("/api/klamm/v1/namespaces/default/workflows/w").0, 404);

    assert_eq!(server.post("/api/v1/namespaces", r#"{"namespace": "old", "workflowExecutionRetentionPeriod": "86400s"}"#).0, 200);
    let (status, deleted) = delete("/api/klamm/v1/namespaces/old");
    assert_eq!(
        (status, deleted["deletedNamespace"].as_str().is_some_and(|name| name.starts_with("old-deleted-"))),
        (200, true),
        "{deleted}"
    );
    assert_eq!(server.get("/api/v1/namespaces/old").0, 404);
    assert_eq!(delete("/api/klamm/v1/namespaces/old").0, 404);
    let (status, _, _) = server.send("DELETE", "/api/klamm/v1/namespaces/default", &["origin: http://evil.example"], b"");
    assert_eq!(status, 403, "a page of another site");
}

#[test]
fn times_of_a_schedule_are_told_before_it_is_made() {
    let server = Server::start(&[]);
    let path = "/api/klamm/v1/namespaces/default/schedule-preview";
    let times = |query: &str, spec: &str| {
        let (status, answer) = server.post(&format!("{path}?{query}"), spec);
        assert_eq!(status, 200, "{answer}");
        let times = answer["times"].as_array().expect("times").clone();
        times.iter().map(|time| time["nominal"].as_str().expect("a time").to_owned()).collect::<Vec<_>>()
    };
    let amsterdam = r#"{"cronString": ["30 2 * * *"], "timezoneName": "Europe/Amsterdam"}"#;
    // The clocks are put forward from two to three on the 29th of March.
    let found = times("from=2026-03-28T00:00:00Z&limit=2", amsterdam);
    assert_eq!(found, ["2026-03-28T01:30:00.000Z", "2026-03-30T00:30:00.000Z"]);
    assert_eq!(times("", r#"{"interval": [{"interval": "3600s"}]}"#).len(), 10);
    assert_eq!(times("from=2026-01-01T00:00:00Z&to=2026-01-01T02:00:00Z", r#"{"interval": [{"interval": "3600s"}]}"#).len(), 2);
    assert!(times("", "{}").is_empty(), "a spec that names no time");

    // What the preview tells, the schedule does: jitter is drawn by the schedule's id.
    let spec = r#"{"interval": [{"interval": "3600s"}], "jitter": "1800s"}"#;
    let schedule = format!(
        r#"{{"schedule": {{"spec": {spec}, "action": {{"startWorkflow": {{"workflowId": "w", "workflowType": {{"name": "t"}}, "taskQueue": {{"name": "q"}}}}}}}}, "requestId": "r"}}"#
    );
    let (status, made) = server.post("/api/v1/namespaces/default/schedules/s", &schedule);
    assert_eq!(status, 200, "{made}");
    let span = "2026-01-01T00:00:00Z&to=2026-01-01T09:30:00Z";
    let (_, previewed) = server.post(&format!("{path}?scheduleId=s&from={}&limit=8", "2026-01-01T00:00:00Z"), spec);
    let due: Vec<_> = previewed["times"].as_array().into_iter().flatten().map(|time| time["due"].as_str().unwrap_or_default()).collect();
    let (_, matching) =
        server.get(&format!("/api/v1/namespaces/default/schedules/s/matching-times?startTime={}", span.replace("to=", "endTime=")));
    let matching: Vec<_> = matching["startTime"].as_array().into_iter().flatten().map(|time| time.as_str().unwrap_or_default()).collect();
    let second = |time: &&str| time[..19].to_owned();
    assert!(
        !due.is_empty() && due.iter().all(|time| matching.iter().map(second).any(|other| other == second(time))),
        "{due:?} {matching:?}"
    );

    for (query, spec, code) in [
        ("", r#"{"cronString": ["99 * * * *"]}"#, 400),
        ("", r#"{"timezoneName": "Mars/Olympus", "interval": [{"interval": "60s"}]}"#, 400),
        ("", r#"{"nothing": 1}"#, 400),
        ("limit=0", "{}", 400),
        ("from=soon", "{}", 400),
    ] {
        assert_eq!(server.post(&format!("{path}?{query}"), spec).0, code, "{query} {spec}");
    }
    assert_eq!(server.post("/api/klamm/v1/namespaces/nobody/schedule-preview", "{}").0, 404);
}

#[test]
fn updates_come_by_themselves() {
    let server = Server::start(&[]);
    let counted = |count: &'static str| move |_: &str, data: &Value| data["count"] == *count;
    std::thread::scope(|scope| {
        let counts = scope.spawn(|| events(&server, "/api/klamm/v1/namespaces/default/workflow-count/live", counted("1")));
        let records = scope.spawn(|| {
            events(&server, "/api/klamm/v1/topics/history/tail?key=w", |_, record| {
                record["key"].as_str().is_some_and(|key| key.ends_with("/2"))
            })
        });
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(server.post("/api/v1/namespaces/default/workflows/w", START).0, 200);
        let live =
            scope.spawn(|| events(&server, "/api/klamm/v1/namespaces/default/workflows/w/history/live?after=1", |name, _| name == "end"));
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(server.post("/api/v1/namespaces/default/workflows/w/signal/go", "{}").0, 200);
        assert_eq!(server.post("/api/v1/namespaces/default/workflows/w/terminate", "{}").0, 200);
        let live = live.join().expect("events");
        let ids: Vec<_> =
            live.iter().filter(|(name, _)| name == "event").map(|(_, event)| event["eventId"].as_str().unwrap_or_default()).collect();
        assert_eq!(ids, ["2", "3", "4"], "{live:?}");
        assert!(!counts.join().expect("counts").is_empty());
        assert!(!records.join().expect("records").is_empty());
    });
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, found) = server.get("/api/klamm/v1/namespaces/default/workflows/w/records");
        let ids: Vec<_> =
            found["events"].as_array().into_iter().flatten().map(|event| event["eventId"].as_i64().unwrap_or_default()).collect();
        if ids == [1, 2, 3, 4] {
            break assert_eq!(
                (status, &found["topic"], &found["partition"], &found["next"]),
                (200, &json!("klamm.history"), &json!(0), &Value::Null)
            );
        }
        assert!(Instant::now() < deadline, "{found}");
    }
}

#[test]
fn audits_are_shown() {
    let server = Server::start(&[]);
    let schedule = r#"{"schedule": {"spec": {"interval": [{"interval": "1s"}]}, "action": {"startWorkflow": {"workflowId": "s", "workflowType": {"name": "t"},
        "taskQueue": {"name": "q"}}}}, "requestId": "r"}"#;
    assert_eq!(server.post("/api/v1/namespaces/default/schedules/often", schedule).0, 200);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, audit) = server.get("/api/klamm/v1/namespaces/default/schedules/often/audit");
        assert_eq!(status, 200, "{audit}");
        if audit["summary"]["fired"].as_i64() > Some(0) {
            let entry =
                audit["entries"].as_array().expect("a list").iter().find(|entry| entry["decision"] == "fired").expect("one").clone();
            assert!(entry["workflowId"].as_str().is_some_and(|id| id.starts_with("s-")) && entry["lateMs"].is_i64(), "{entry}");
            break;
        }
        assert!(Instant::now() < deadline, "{audit}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
