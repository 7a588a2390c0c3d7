//! OpenLineage events: one where a run begins, and one where it ends, if the settings name its type.

use klamm_machine::Publication;
use klamm_messages::{
    klamm::v1::{Command, FromTrigger, LineageSettings},
    temporal::{
        common::v1::{RetryPolicy, WorkflowType},
        enums::v1::ParentClosePolicy,
    },
};
use serde_json::{Value, json};

use crate::{
    Attributes, cancel, children, complete, continue_as_new,
    env::{Env, ID, cancel_body, seconds, terminate_body},
    fail, publish, text,
};

/// A partition whose commands bring settings for these types.
fn telling(types: &[&str]) -> Env {
    let mut env = Env::new();
    env.settings = publish::publishing(env.settings);
    env.settings.lineage = Some(LineageSettings {
        types: types.iter().map(|name| (*name).to_owned()).collect(),
        job_namespace: "klamm.default".to_owned(),
        dataset_namespace: "kafka://broker:9092".to_owned(),
    });
    env
}

fn started() -> Env {
    let mut env = telling(&["*"]);
    env.start(|_| ());
    env
}

/// All events so far.
fn events(env: &Env) -> Vec<Value> {
    let lineage = env.publications.iter().filter_map(|it| if let Publication::Lineage(record) = it { Some(record) } else { None });
    let event = |value: &str| -> Value { serde_json::from_str(value).expect("JSON") };
    lineage
        .map(|record| {
            let event = event(&record.value);
            assert_eq!(record.namespace, "default");
            assert_eq!(event["run"]["facets"]["klamm_workflow"]["workflowId"], json!(record.workflow_id));
            event
        })
        .collect()
}

/// A line for each event since the last look.
fn told(env: &mut Env) -> String {
    let line = |event: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut line = format!("{} {}/{}", text(&event["eventType"]), text(&event["job"]["name"]), text(&event["run"]["runId"]));
        if let Some(error) = event["run"]["facets"].get("errorMessage") {
            line += &format!(" error: {}", text(&error["message"]));
        }
        if let Some(parent) = event["run"]["facets"].get("parent") {
            line += &format!(" parent: {}/{}", text(&parent["job"]["name"]), text(&parent["run"]["runId"]));
        }
        for (name, datasets) in [("in", &event["inputs"]), ("out", &event["outputs"])] {
            for dataset in datasets.as_array().expect("a list") {
                assert_eq!(dataset["namespace"], "kafka://broker:9092");
                line += &format!(" {name}: {}", text(&dataset["name"]));
            }
        }
        line
    };
    let lines: Vec<_> = events(env).iter().map(line).collect();
    env.publications.clear();
    text::with_plain_run_ids(&lines.join("\n"), &env.log)
}

#[test]
fn every_run_tells_of_its_beginning_and_its_end() {
    let mut env = started();
    insta::assert_snapshot!(told(&mut env), @"START W/run-1");
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"COMPLETE W/run-1");

    let mut env = started();
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(told(&mut env), @r"
    START W/run-1
    FAIL W/run-1 error: boom
    ");

    let mut env = started();
    env.accept(cancel_body(""));
    env.work(vec![cancel()]);
    insta::assert_snapshot!(told(&mut env), @r"
    START W/run-1
    ABORT W/run-1
    ");

    let mut env = started();
    env.accept(terminate_body(""));
    insta::assert_snapshot!(told(&mut env), @r"
    START W/run-1
    ABORT W/run-1
    ");

    let mut env = telling(&["*"]);
    env.start(|request| request.workflow_run_timeout = Some(seconds(5)));
    env.run_to(10_000);
    insta::assert_snapshot!(told(&mut env), @r"
    START W/run-1
    FAIL W/run-1 error: The workflow has timed out.
    ");
}

#[test]
fn each_run_of_a_chain_tells_of_itself() {
    let mut env = started();
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    let events = events(&env);
    let told: Vec<_> = events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert_eq!((told.len(), told[0]), (3, "START"));
    assert!(told[1..].contains(&"COMPLETE") && told[1..].contains(&"START"), "{told:?}");
    let runs: std::collections::BTreeSet<_> = events.iter().map(|event| event["run"]["runId"].as_str().unwrap()).collect();
    assert_eq!(runs.len(), 2);

    let mut env = telling(&["*"]);
    env.start(|request| request.retry_policy = Some(RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() }));
    env.work(vec![fail("boom")]);
    let kinds: Vec<_> = self::events(&env).iter().map(|event| event["eventType"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "START").count(), 2);
    assert_eq!(kinds.iter().filter(|kind| *kind == "FAIL").count(), 1);
}

#[test]
fn an_event_has_the_form_of_the_specification() {
    let mut env = telling(&["*"]);
    let from = FromTrigger { trigger: "orders".to_owned(), topic: "shop.orders".to_owned(), ..FromTrigger::default() };
    let body = env.start_body(|_| ());
    let command = Command {
        version: 1,
        namespace: "default".to_owned(),
        workflow_id: ID.to_owned(),
        settings: Some(env.settings.clone()),
        from_trigger: Some(from),
        body: Some(body),
        ..Command::default()
    };
    env.decide_command(&command).expect("accepted");
    let [event] = &events(&env)[..] else { panic!("one event") };
    let time = event["eventTime"].as_str().expect("a time").to_owned();
    assert!(time.ends_with('Z') && time.len() >= 20, "{time}");
    let facet = |schema: &str, mut of: Value| {
        of["_producer"] = json!("urn:klamm");
        of["_schemaURL"] = json!(format!("https://openlineage.io/spec/{schema}"));
        of
    };
    let workflow = facet("2-0-2/OpenLineage.json#/$defs/RunFacet", json!({"workflowId": "w"}));
    let job_type = json!({"processingType": "BATCH", "integration": "KLAMM", "jobType": "WORKFLOW"});
    let job_type = facet("facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", job_type);
    let expected = json!({
        "eventType": "START",
        "eventTime": time,
        "producer": "urn:klamm",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": env.current().run_id, "facets": {"klamm_workflow": workflow}},
        "job": {"namespace": "klamm.default", "name": "W", "facets": {"jobType": job_type}},
        "inputs": [{"namespace": "kafka://broker:9092", "name": "shop.orders"}],
        "outputs": [],
    });
    assert_eq!(*event, expected);
}

#[test]
fn what_a_run_has_published_stands_at_its_end() {
    let mut env = started();
    for id in ["a", "b"] {
        env.work(vec![publish::publish(id, r#"{"destination": "invoices", "text": "a"}"#)]);
    }
    env.work(vec![publish::publish("c", r#"{"destination": "missing", "tombstone": true, "text": "a"}"#)]);
    assert_eq!(env.state().published_topics, ["shop.invoices"]);
    env.work(vec![complete("")]);
    insta::assert_snapshot!(told(&mut env), @r"
    START W/run-1
    COMPLETE W/run-1 out: shop.invoices
    ");
}

#[test]
fn a_child_names_its_parent() {
    let mut env = started();
    env.work(vec![children::child("c", ParentClosePolicy::Abandon)]);
    children::deliver(&mut env);
    let events = events(&env);
    let child = events.iter().find(|event| event["job"]["name"] == "C").expect("the child's start");
    let parent = &child["run"]["facets"]["parent"];
    assert_eq!(parent["job"], json!({"namespace": "klamm.default", "name": "W"}));
    assert_eq!(parent["run"], json!({"runId": env.current().run_id}));
}

#[test]
fn only_runs_of_the_types_that_are_named_tell_of_themselves() {
    let mut env = telling(&["Order*"]);
    env.start(|_| ());
    env.work(vec![complete("")]);
    assert_eq!(events(&env), Vec::<Value>::new());
    let mut env = telling(&["Order*"]);
    env.start(|request| request.workflow_type = Some(WorkflowType { name: "OrderPaid".to_owned() }));
    assert_eq!(events(&env).len(), 1);
    let mut env = Env::started();
    env.work(vec![complete("")]);
    assert_eq!(events(&env), Vec::<Value>::new(), "nobody has asked for any");
}
