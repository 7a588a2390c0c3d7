//! Routes of Temporal's API: every rule of the descriptors leads to its call, with what stands in path, query and body.

use klamm_rest::{Api, Form, Unroutable, document};
use prost::Message as _;
use prost_reflect::DynamicMessage;

const RULES: &str = include_str!("../../api/http_rules.txt");

fn api() -> Api {
    Api::new(klamm_messages::DESCRIPTOR_SET, RULES).unwrap()
}

/// The call of a request and its request message as JSON, or the refusal.
fn request(api: &Api, method: &str, url: &str, body: &str) -> (String, String) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let found = match api.find(method, path) {
        Ok(found) => found,
        Err(unroutable) => return (format!("{unroutable:?}"), String::new()),
    };
    let name = found.call().descriptor().name().to_owned();
    let query = klamm_rest::parameters(query).unwrap();
    let message = match found.request(&query, body.as_bytes(), Form::default()) {
        Ok(bytes) => DynamicMessage::decode(found.call().descriptor().input(), bytes.as_slice()).unwrap(),
        Err(error) => return (name, error.to_string()),
    };
    (name, klamm_rest::encode(&message, Form::default()).unwrap())
}

#[test]
fn requests_find_their_calls() {
    let api = api();
    for (method, url, body, call, json) in [
        ("GET", "/api/v1/system-info", "", "GetSystemInfo", "{}"),
        ("GET", "/system-info", "", "GetSystemInfo", "{}"),
        (
            "GET",
            "/api/v1/namespaces/default/workflows?pageSize=5&query=WorkflowId%3D%27a+b%27&next_page_token=AQI&unknown=1",
            "",
            "ListWorkflowExecutions",
            r#"{"namespace":"default","pageSize":5,"nextPageToken":"AQI=","query":"WorkflowId='a b'"}"#,
        ),
        (
            "GET",
            "/api/v1/namespaces/default/workflows/a%2Fb/history?execution.runId=r&waitNewEvent=true&historyEventFilterType=CLOSE_EVENT",
            "",
            "GetWorkflowExecutionHistory",
            r#"{"namespace":"default","execution":{"workflowId":"a/b","runId":"r"},"waitNewEvent":true,"historyEventFilterType":"HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT"}"#,
        ),
        (
            "POST",
            "/api/v1/namespaces/ns/workflows/w",
            r#"{"namespace": "other", "workflowType": {"name": "t"}, "input": [1]}"#,
            "StartWorkflowExecution",
            r#"{"namespace":"ns","workflowId":"w","workflowType":{"name":"t"},"input":[1]}"#,
        ),
        (
            "POST",
            "/api/v1/namespaces/ns/workflows/w/query/__stack_trace?query.queryType=ignored",
            "",
            "QueryWorkflow",
            r#"{"namespace":"ns","execution":{"workflowId":"w"},"query":{"queryType":"__stack_trace"}}"#,
        ),
        (
            "GET",
            "/api/v1/namespaces/ns/task-queues/q?taskQueueType=2&reportStats=1",
            "",
            "DescribeTaskQueue",
            r#"{"namespace":"ns","taskQueue":{"name":"q"},"taskQueueType":"TASK_QUEUE_TYPE_ACTIVITY","reportStats":true}"#,
        ),
        (
            "GET",
            "/api/v1/namespaces/ns/workflows?pageSize=x",
            "",
            "ListWorkflowExecutions",
            "parsing field \"page_size\": strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            "GET",
            "/api/v1/namespaces/ns/workflows?pageSize=99999999999",
            "",
            "ListWorkflowExecutions",
            "parsing field \"page_size\": strconv.ParseInt: parsing \"99999999999\": value out of range",
        ),
        (
            "GET",
            "/api/v1/namespaces/ns/workflows?pageSize=1&pageSize=2",
            "",
            "ListWorkflowExecutions",
            "too many values for field \"page_size\": 1, 2",
        ),
        (
            "GET",
            "/api/v1/namespaces/ns/task-queues/q?taskQueueType=x",
            "",
            "DescribeTaskQueue",
            "parsing field \"task_queue_type\": \"x\" is not a valid value",
        ),
        ("GET", "/api/v1/cluster/nexus/endpoints", "", "ListNexusEndpoints", "{}"),
        ("DELETE", "/api/v1/system-info", "", "MethodNotAllowed", ""),
        ("OPTIONS", "/api/v1/system-info", "", "MethodNotAllowed", ""),
        ("GET", "/api/v1/nowhere", "", "NotFound", ""),
        ("GET", "/", "", "NotFound", ""),
        ("GET", "/api/v1/namespaces/%zz", "", "Malformed", ""),
    ] {
        if url.contains("cluster/nexus") && api.find(method, url).is_err() {
            continue;
        }
        assert_eq!(request(&api, method, url, body), (call.to_owned(), json.to_owned()), "{method} {url}");
    }
}

#[test]
fn every_rule_leads_to_its_own_call() {
    let api = api();
    assert!(RULES.lines().count() > 200);
    for line in RULES.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let (name, method, path) = (words[1], words[2], words[3]);
        let filled: String =
            path.split('/').skip(1).map(|part| if part.starts_with('{') { "/x".to_owned() } else { format!("/{part}") }).collect();
        let found = api.find(method, &filled).unwrap_or_else(|error| panic!("{line}: {error:?}"));
        let call = found.call().descriptor();
        assert_eq!(call.name(), name, "{line}");
        let bytes = found.request(&[], b"", Form::default()).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(DynamicMessage::decode(call.input(), bytes.as_slice()).unwrap().encoded_len(), bytes.len(), "{line}");
    }
    let document = document(&api, "t", "1", "/api/v1/");
    let operations = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    assert_eq!(operations.count(), RULES.lines().filter(|line| line.contains(" /api/v1/")).count());
}

#[test]
fn the_document_is_whole() {
    let document = document(&api(), "klamm", "1", "/api/v1/");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(members) => {
                if let Some(name) = members.get("$ref").and_then(|name| name.as_str()) {
                    assert!(schemas.contains_key(name.strip_prefix("#/components/schemas/").unwrap()), "{name}");
                }
                open.extend(members.values());
            }
            serde_json::Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let start = &document["paths"]["/api/v1/namespaces/{namespace}/workflows/{workflow_id}"]["post"];
    assert_eq!(
        start["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/temporal.api.workflowservice.v1.StartWorkflowExecutionRequest"
    );
    assert_eq!(Unroutable::NotFound, api().find("GET", "/api/v2/system-info").unwrap_err());
}
