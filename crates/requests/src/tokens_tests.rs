use klamm_machine::Time;
use klamm_messages::temporal::{common::v1::ActivityType, history::v1::ActivityTaskScheduledEventAttributes, taskqueue::v1::TaskQueue};

use super::*;

fn started_workflow_task() -> StartedWorkflowTask {
    StartedWorkflowTask {
        run_id: "r".to_owned(),
        workflow_type: "T".to_owned(),
        scheduled_event_id: 5,
        started_event_id: 6,
        attempt: 2,
        stamp: 9,
        previous_started_event_id: 3,
        scheduled_time: Time::from_millis(1),
        started_time: Time::from_millis(2),
        transient_events: Vec::new(),
        last_stored_event_id: 4,
        workflow_task_queue: TaskQueue::default(),
        sticky: false,
        messages: Vec::new(),
        history_size_bytes: 0,
    }
}

fn started_activity_task() -> StartedActivityTask {
    StartedActivityTask {
        run_id: "r".to_owned(),
        workflow_type: "T".to_owned(),
        scheduled: ActivityTaskScheduledEventAttributes {
            activity_id: "a".to_owned(),
            activity_type: Some(ActivityType { name: "A".to_owned() }),
            ..Default::default()
        },
        scheduled_event_id: 7,
        attempt: 3,
        stamp: 11,
        scheduled_time: Time::from_millis(1),
        attempt_scheduled_time: Time::from_millis(2),
        started_time: Time::from_millis(3),
        heartbeat_details: None,
        last_failure: None,
    }
}

fn run() -> RunKey {
    RunKey::new("n", "w", "r")
}

#[test]
fn task_tokens_round_trip() {
    let token = decode_workflow_task(&workflow_task(&run(), &started_workflow_task())).unwrap();
    assert_eq!((token.namespace.as_str(), token.workflow_id.as_str(), token.run_id.as_str()), ("n", "w", "r"));
    assert_eq!((token.scheduled_event_id, token.started_event_id, token.attempt, token.stamp), (5, 6, 2, 9));
    assert!(token.query_id.is_empty());

    let token = decode_activity_task(&activity_task(&run(), &started_activity_task())).unwrap();
    assert_eq!((token.namespace.as_str(), token.workflow_id.as_str(), token.run_id.as_str()), ("n", "w", "r"));
    assert_eq!((token.scheduled_event_id, token.attempt, token.stamp), (7, 3, 11));
    assert_eq!((token.activity_id.as_str(), token.activity_type.as_str()), ("a", "A"));

    assert_eq!(decode_workflow_task(&query_task(&run(), "q")).unwrap().query_id, "q");
}

#[test]
fn foreign_tokens_are_refused() {
    let undecodable = || Err(Fault::invalid("Error deserializing task token."));
    assert_eq!(decode_workflow_task(b""), Err(Fault::invalid("Task token not set on request.")));
    assert_eq!(decode_workflow_task(b"\xff\xff"), undecodable());
    // A token of one kind of task is not accepted for the other kind.
    assert_eq!(decode_workflow_task(&activity_task(&run(), &started_activity_task())), undecodable());
    assert_eq!(
        decode_activity_task(&workflow_task(&run(), &started_workflow_task())),
        Err(Fault::invalid("Error deserializing task token."))
    );
    let nameless = WorkflowTaskToken { workflow_id: "w".to_owned(), ..WorkflowTaskToken::default() }.encode_to_vec();
    assert_eq!(decode_workflow_task(&nameless), Err(Fault::invalid("Namespace not set on request.")));
}

#[test]
fn page_tokens_are_of_one_run() {
    let page = HistoryPage { run_id: "r".to_owned(), next: 257, end: 300, running: true };
    let token = page.encode_to_vec();
    assert_eq!(HistoryPage::decode_for(&token, ""), Ok(page.clone()));
    assert_eq!(HistoryPage::decode_for(&token, "r"), Ok(page));
    assert_eq!(HistoryPage::decode_for(&token, "other"), Err(Fault::invalid("RunId in the request does not match the NextPageToken.")));
    assert_eq!(HistoryPage::decode_for(b"\x00\x01", ""), Err(Fault::invalid("Invalid NextPageToken.")));
}

#[test]
fn page_tokens_that_were_made_up_are_refused() {
    let page = |next: i64, end: i64| HistoryPage { run_id: "r".to_owned(), next, end, running: false }.encode_to_vec();
    let refused = |result: Result<HistoryPage>| result == Err(Fault::invalid("Invalid NextPageToken."));
    for (next, end) in
        [(i64::MAX, i64::MAX), (i64::MIN, i64::MAX), (1, i64::MAX), (0, 5), (-1, 5), (6, 5), (1, i64::MIN), (1, 0), (i64::MIN, 0)]
    {
        assert!(refused(HistoryPage::decode_for(&page(next, end), "")), "{next}..{end}");
    }
    assert!(HistoryPage::decode_for(&page(5, 5), "").is_ok(), "whoever waits stands at the end");
    for (next, end) in [(i64::MAX, 0), (i64::MIN, 0), (0, 0), (1, 1), (1, -1)] {
        assert!(refused(HistoryPage::decode_reverse_for(&page(next, end), "")), "{next}, {end}");
    }
    assert!(HistoryPage::decode_reverse_for(&page(5, 0), "r").is_ok());
}
