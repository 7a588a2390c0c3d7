//! klamm's own paths in the OpenAPI document.

use serde_json::{Map, Value, json};

/// Method and path below `/api/klamm/v1`, parameters of its query, and what it does, of what is no reading.
const CHANGES: &[(&str, &str, &[&str], &str)] = &[
    ("delete", "/namespaces/{namespace}", &[], "Deletes a namespace: DeleteNamespace"),
    ("post", "/namespaces/{namespace}/search-attributes", &[], "Adds search attributes: AddSearchAttributes"),
    ("delete", "/namespaces/{namespace}/search-attributes/{name}", &[], "Removes one: RemoveSearchAttributes"),
    ("delete", "/namespaces/{namespace}/workflows/{workflow}", &["runId"], "Deletes a run: DeleteWorkflowExecution"),
    ("post", "/triggers", &[], "Declares triggers, and topics of namespaces"),
    ("delete", "/triggers/{trigger}", &[], "Deletes a trigger; its dead letters stay"),
    ("post", "/triggers/{trigger}/pause", &[], "Pauses a trigger"),
    ("post", "/triggers/{trigger}/resume", &[], "Lets it go on"),
    ("post", "/triggers/{trigger}/replay", &[], "Has it read its topic anew"),
    (
        "post",
        "/namespaces/{namespace}/schedule-preview",
        &["scheduleId", "from", "to", "limit"],
        "The times of a ScheduleSpec that no schedule has yet; nothing is changed",
    ),
];

/// Path below `/api/klamm/v1`, parameters of its query, what it answers, and whether as a stream.
const PATHS: &[(&str, &[&str], &str, bool)] = &[
    ("/overview", &[], "Version, role, health, and how many there are of what", false),
    ("/partitions", &[], "The partitions: owner, position, lag", false),
    ("/members", &[], "The processes of the cluster, by their last beats", false),
    ("/topics", &[], "All topics", false),
    ("/topics/{topic}", &[], "One topic, with the offsets of its partitions", false),
    ("/topics/{topic}/records", &["partition", "offset", "limit", "tail", "key", "since"], "Records, decoded", false),
    ("/topics/{topic}/tail", &["partition", "offset", "tail", "key", "since"], "Records as they come: events `record`", true),
    ("/declared-topics", &[], "What was declared of topics of namespaces, beside the configuration", false),
    ("/triggers", &[], "All triggers, and how they are doing", false),
    ("/triggers/{trigger}", &[], "One trigger", false),
    (
        "/triggers/{trigger}/dead-letters",
        &["class", "rule", "since", "partition", "offset", "limit"],
        "Records that it could not use, and why",
        false,
    ),
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
    let reading = PATHS.iter().map(|(path, query, description, is_stream)| ("get", *path, *query, *description, *is_stream));
    let changing = CHANGES.iter().map(|(method, path, query, description)| (*method, *path, *query, *description, false));
    let mut paths = Map::new();
    for (method, path, query, description, is_stream) in reading.chain(changing) {
        let of_path = paths.entry(format!("/api/klamm/v1{path}")).or_insert_with(|| json!({}));
        of_path[method] = operation(method, path, query, description, is_stream);
    }
    paths
}

fn operation(method: &str, path: &str, query: &[&str], description: &str, is_stream: bool) -> Value {
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str, place: &str, required: bool| json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
    let parameters: Vec<_> =
        in_path.map(|name| parameter(name, "path", true)).chain(query.iter().map(|name| parameter(name, "query", false))).collect();
    let content = if is_stream { "text/event-stream" } else { "application/json" };
    let mut operation = json!({
        "tags": ["klamm"],
        "description": description,
        "parameters": parameters,
        "responses": { "200": { "description": description, "content": { content: { "schema": {} } } } },
    });
    if method == "post" {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": {} } } });
    }
    operation
}
