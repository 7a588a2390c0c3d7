//! klamm's own paths in the OpenAPI document.

use serde_json::{Map, Value, json};

/// Path below `/api/klamm/v1`, parameters of its query, what it answers, and whether as a stream.
const PATHS: &[(&str, &[&str], &str, bool)] = &[
    ("/overview", &[], "Version, role, health, and how many there are of what", false),
    ("/partitions", &[], "The partitions: owner, position, lag", false),
    ("/members", &[], "The processes of the cluster, by their last beats", false),
    ("/topics", &[], "All topics", false),
    ("/topics/{topic}", &[], "One topic, with the offsets of its partitions", false),
    ("/topics/{topic}/records", &["partition", "offset", "limit", "tail", "key", "since"], "Records, decoded", false),
    ("/topics/{topic}/tail", &["partition", "offset", "tail", "key", "since"], "Records as they come: events `record`", true),
    ("/namespaces/{namespace}/task-queues", &[], "Task queues: backlog, pollers", false),
    ("/namespaces/{namespace}/schedules/{schedule}/audit", &["from", "to"], "What a schedule was to do and what it did", false),
    ("/namespaces/{namespace}/workflows/{workflow}/records", &["runId", "offset", "limit"], "Where the events of a run stand", false),
    (
        "/namespaces/{namespace}/workflows/{workflow}/history/live",
        &["runId", "after", "noPayloadShorthand"],
        "A run's events as they come: events `event`, `end`, `failed`",
        true,
    ),
    ("/namespaces/{namespace}/workflow-count/live", &["query"], "The number of runs, when it changes: events `count`, `failed`", true),
];

/// The paths, for the document.
pub fn paths() -> Map<String, Value> {
    let path = |(path, query, description, is_stream): &(&str, &[&str], &str, bool)| {
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameter = |name: &str, place: &str, required: bool| json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
        let parameters: Vec<_> =
            in_path.map(|name| parameter(name, "path", true)).chain(query.iter().map(|name| parameter(name, "query", false))).collect();
        let content = if *is_stream { "text/event-stream" } else { "application/json" };
        let operation = json!({
            "tags": ["klamm"],
            "description": description,
            "parameters": parameters,
            "responses": { "200": { "description": description, "content": { content: { "schema": {} } } } },
        });
        (format!("/api/klamm/v1{path}"), json!({ "get": operation }))
    };
    PATHS.iter().map(path).collect()
}
