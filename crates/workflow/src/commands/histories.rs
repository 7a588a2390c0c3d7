//! Markers, memo and search attributes, one rule per test.

use klamm_messages::temporal::{
    command::v1::{
        ModifyWorkflowPropertiesCommandAttributes, RecordMarkerCommandAttributes, UpsertWorkflowSearchAttributesCommandAttributes,
        command::Attributes as CommandAttributes,
    },
    common::v1::{Memo, Payload, SearchAttributes},
    enums::v1::IndexedValueType,
    history::v1::history_event::Attributes,
};

use crate::activity::tests::env::{Env, json, jsons};

fn marker(name: &str, details: &str) -> CommandAttributes {
    CommandAttributes::RecordMarkerCommandAttributes(RecordMarkerCommandAttributes {
        marker_name: name.to_owned(),
        details: [("data".to_owned(), jsons(details).unwrap())].into(),
        ..RecordMarkerCommandAttributes::default()
    })
}

fn memo(fields: &[(&str, &str)]) -> CommandAttributes {
    let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), json(value))).collect();
    CommandAttributes::ModifyWorkflowPropertiesCommandAttributes(ModifyWorkflowPropertiesCommandAttributes {
        upserted_memo: Some(Memo { fields }),
    })
}

fn upsert(fields: &[(&str, &str)]) -> CommandAttributes {
    let indexed_fields = fields.iter().map(|(key, value)| ((*key).to_owned(), json(value))).collect();
    CommandAttributes::UpsertWorkflowSearchAttributesCommandAttributes(UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: Some(SearchAttributes { indexed_fields }),
    })
}

fn env_with_types() -> Env {
    let mut env = Env::new();
    let types = [("Word", IndexedValueType::Keyword), ("Number", IndexedValueType::Int)];
    env.settings.search_attribute_types = types.map(|(name, value)| (name.to_owned(), value as i32)).into();
    env
}

#[test]
fn a_marker_is_recorded_as_it_came() {
    let mut env = Env::new();
    env.workflow(vec![marker("core_patch", "{\"id\":1}")]);
    assert_eq!(env.history_from(5), ["5 MarkerRecorded"]);
    let Attributes::MarkerRecordedEventAttributes(recorded) = env.last_attributes() else { panic!() };
    assert_eq!((recorded.marker_name.as_str(), recorded.workflow_task_completed_event_id), ("core_patch", 4));
    assert_eq!(recorded.details["data"], jsons("{\"id\":1}").unwrap());
}

#[test]
fn a_marker_needs_a_name_and_must_be_small_enough() {
    let mut env = Env::new();
    assert_eq!(env.workflow_refused(vec![marker("", "1")]), "BadRecordMarkerAttributes: MarkerName is not set on RecordMarkerCommand.");
    let mut env = Env::new();
    let told = env.workflow_refused(vec![marker("large", &"x".repeat(2 * 1024 * 1024))]);
    assert_eq!(told, "BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit.");
    assert_eq!(env.history_from(5), ["5 WorkflowExecutionTerminated"]);
}

#[test]
fn a_memo_is_changed_key_by_key_and_null_removes_one() {
    let mut env = Env::new();
    env.workflow(vec![memo(&[("a", "1"), ("b", "2")]), memo(&[("a", "null"), ("c", "3")])]);
    assert_eq!(env.history_from(5), ["5 WorkflowPropertiesModified", "6 WorkflowPropertiesModified"]);
    let Attributes::WorkflowPropertiesModifiedEventAttributes(modified) = env.last_attributes() else { panic!() };
    assert_eq!(modified.upserted_memo.unwrap().fields.len(), 2, "the event states what the command told");
    let state = env.state();
    let mut memo: Vec<_> = state.memo.as_ref().unwrap().fields.keys().cloned().collect();
    memo.sort_unstable();
    assert_eq!(memo, ["b", "c"]);
}

#[test]
fn an_empty_memo_fails_the_workflow_task() {
    let mut env = Env::new();
    assert_eq!(
        env.workflow_refused(vec![memo(&[])]),
        "BadModifyWorkflowPropertiesAttributes: UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand."
    );
    let none = ModifyWorkflowPropertiesCommandAttributes { upserted_memo: None };
    let mut env = Env::new();
    assert_eq!(
        env.workflow_refused(vec![CommandAttributes::ModifyWorkflowPropertiesCommandAttributes(none)]),
        "BadModifyWorkflowPropertiesAttributes: UpsertedMemo is not set on ModifyWorkflowPropertiesCommand."
    );
}

#[test]
fn search_attributes_are_changed_key_by_key_with_their_registered_types() {
    let mut env = env_with_types();
    env.workflow(vec![upsert(&[("Word", "\"a\""), ("Number", "1")]), upsert(&[("Word", "[]"), ("Number", "2")])]);
    assert_eq!(env.history_from(5), ["5 UpsertWorkflowSearchAttributes", "6 UpsertWorkflowSearchAttributes"]);
    let state = env.state();
    let attributes = &state.search_attributes.as_ref().unwrap().indexed_fields;
    let mine = attributes.iter().filter(|(key, _)| key.as_str() != "BuildIds");
    let types: Vec<_> = mine.map(|(key, value)| (key.as_str(), &value.metadata["type"][..])).collect();
    assert_eq!(types, [("Number", b"Int".as_slice())]);
    assert_eq!(attributes["Number"].data, "2");
}

#[test]
fn an_unknown_search_attribute_fails_the_workflow_task() {
    let mut env = env_with_types();
    assert_eq!(
        env.workflow_refused(vec![upsert(&[("Word", "\"a\""), ("Nobody", "1")])]),
        "BadSearchAttributes: Namespace default has no mapping defined for search attribute Nobody"
    );
    assert_eq!(env.history_from(4)[0], "4 WorkflowTaskFailed BAD_SEARCH_ATTRIBUTES");
    assert!(env.state().search_attributes.as_ref().is_none_or(|attributes| attributes.indexed_fields.is_empty()));
}

#[test]
fn search_attributes_of_the_system_and_of_wrong_type_fail_the_workflow_task() {
    let mut env = env_with_types();
    assert_eq!(
        env.workflow_refused(vec![upsert(&[("WorkflowType", "\"a\"")])]),
        "BadSearchAttributes: WorkflowType attribute can't be set in SearchAttributes"
    );
    let mut env = env_with_types();
    assert_eq!(
        env.workflow_refused(vec![upsert(&[("Number", "\"a\"")])]),
        "BadSearchAttributes: invalid value for search attribute Number of type Int: a"
    );
    let mut env = env_with_types();
    assert_eq!(
        env.workflow_refused(vec![upsert(&[])]),
        "BadSearchAttributes: IndexedFields is not set on UpsertWorkflowSearchAttributesCommand."
    );
}

#[test]
fn search_attributes_that_are_too_large_terminate_the_workflow() {
    let mut env = env_with_types();
    let value = format!("\"{}\"", "x".repeat(2048));
    let told = env.workflow_refused(vec![upsert(&[("Word", &value)])]);
    assert_eq!(told, "BadSearchAttributes: search attribute Word value size 2050 exceeds size limit 2048");
    assert_eq!(env.history_from(5), ["5 WorkflowExecutionTerminated"]);
}

#[test]
fn a_payload_of_nothing_unsets_too() {
    let mut env = env_with_types();
    let null = Payload { metadata: [("encoding".to_owned(), "binary/null".into())].into(), ..Payload::default() };
    let unset = UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: Some(SearchAttributes { indexed_fields: [("Word".to_owned(), null)].into() }),
    };
    env.workflow(vec![upsert(&[("Word", "\"a\"")]), CommandAttributes::UpsertWorkflowSearchAttributesCommandAttributes(unset)]);
    assert!(!env.state().search_attributes.as_ref().unwrap().indexed_fields.contains_key("Word"));
}
