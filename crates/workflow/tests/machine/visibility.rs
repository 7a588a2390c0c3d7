//! What lists of workflows see.

use klamm_machine::Time;
use klamm_messages::temporal::{
    command::v1::{ModifyWorkflowPropertiesCommandAttributes, UpsertWorkflowSearchAttributesCommandAttributes},
    common::v1::{Memo, Payload, SearchAttributes},
    enums::v1::{IndexedValueType, WorkflowExecutionStatus},
};

use crate::{
    Attributes, complete,
    env::{Env, START, seconds, terminate_body},
    payload,
};

#[test]
fn a_run_is_shown_when_it_starts_and_when_it_closes() {
    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(seconds(10)));
    let documents = env.documents();
    let [open] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!((open.workflow_type.as_str(), open.task_queue.as_str(), open.first_run_id.as_str()), ("W", "q", "run-1"));
    assert_eq!((open.root_workflow_id.as_str(), open.root_run_id.as_str()), ("w", "run-1"));
    assert_eq!(open.execution_time, Some(Time::from_millis(START + 10_000).into()));
    assert_eq!((open.status, open.history_length, open.close_time), (WorkflowExecutionStatus::Running as i32, 0, None));

    env.run_to(10_000);
    env.signal("shows nothing");
    assert!(env.documents().is_empty());
    env.advance(5_000);
    env.work(vec![complete("")]);
    let documents = env.documents();
    let [closed] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!((closed.status, closed.history_length), (WorkflowExecutionStatus::Completed as i32, 6));
    assert_eq!(closed.execution_duration, Some(seconds(5)));
    assert!(closed.history_size_bytes > 0 && closed.state_transition_count > 0);
}

#[test]
fn a_terminated_run_is_shown_closed_before_the_one_that_replaces_it() {
    let mut env = Env::started();
    env.accept(terminate_body(""));
    env.start(|_| ());
    let statuses: Vec<_> = env.documents().iter().map(|document| (document.run_id.clone(), document.status)).collect();
    assert_eq!(statuses, [("run-1".to_owned(), 1), ("run-1".to_owned(), 5), ("run-2".to_owned(), 1)]);
}

#[test]
fn upserts_are_shown_once_for_each_task() {
    let mut env = Env::started();
    env.settings.search_attribute_types.insert("Keyword".to_owned(), IndexedValueType::Keyword as i32);
    env.documents();
    let keyword = Payload {
        metadata: [("encoding".to_owned(), "json/plain".into()), ("type".to_owned(), "Keyword".into())].into(),
        data: b"\"k\"".to_vec().into(),
        ..Payload::default()
    };
    let upsert = Attributes::UpsertWorkflowSearchAttributesCommandAttributes(UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: Some(SearchAttributes { indexed_fields: [("Keyword".to_owned(), keyword.clone())].into() }),
    });
    let modify = |data: &[u8]| {
        Attributes::ModifyWorkflowPropertiesCommandAttributes(ModifyWorkflowPropertiesCommandAttributes {
            upserted_memo: Some(Memo { fields: [("m".to_owned(), payload(data))].into() }),
        })
    };
    env.work(vec![upsert, modify(b"1")]);
    let documents = env.documents();
    let [document] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!(document.search_attributes.clone().unwrap().indexed_fields["Keyword"], keyword);
    assert_eq!(document.memo.clone().unwrap().fields["m"], payload(b"1"));

    env.signal("go");
    env.work(vec![modify(b"null")]);
    assert!(env.documents()[0].memo.clone().unwrap().fields.is_empty(), "null removes the key");
}
