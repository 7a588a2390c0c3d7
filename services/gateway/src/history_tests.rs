use klamm_messages::temporal::{
    common::v1::{Payload, Payloads},
    history::v1::WorkflowExecutionSignaledEventAttributes,
};

use super::*;
use crate::tests::fake::Fake;

fn large_event(event_id: i64, bytes: usize) -> Arc<HistoryEvent> {
    Arc::new(HistoryEvent {
        event_id,
        attributes: Some(Attributes::WorkflowExecutionSignaledEventAttributes(WorkflowExecutionSignaledEventAttributes {
            input: Some(Payloads { payloads: vec![Payload { data: vec![0; bytes].into(), ..Payload::default() }] }),
            ..Default::default()
        })),
        ..HistoryEvent::default()
    })
}

#[tokio::test]
async fn a_page_ends_before_it_grows_too_large_but_holds_one_event_at_least() {
    let fake = Fake::new();
    const MIB: usize = 1024 * 1024;
    fake.with(|state| {
        state.events = vec![large_event(1, 10), large_event(2, MIB), large_event(3, MIB), large_event(4, 3 * MIB), large_event(5, 10)];
    });
    let run = RunKey::new("default", "w", "r");
    let limits = Limits::default();
    let (mut next, mut pages) = (1, Vec::new());
    while next < 6 {
        let page = read(&fake, &run, next, 6, 256, &limits).await.unwrap();
        pages.push(page.events.iter().map(|event| event.event_id).collect::<Vec<_>>());
        next = page.next;
    }
    assert_eq!(pages, [vec![1, 2], vec![3], vec![4], vec![5]]);

    let (mut last, mut pages) = (5, Vec::new());
    while last >= 1 {
        let (events, next) = read_reverse(&fake, &run, last, 256, &limits).await.unwrap();
        pages.push(events.iter().map(|event| event.event_id).collect::<Vec<_>>());
        last = next;
    }
    assert_eq!(pages, [vec![5], vec![4], vec![3], vec![2, 1]]);
}

#[test]
fn transient_events_follow_the_stored_ones_or_are_none() {
    let state = |phase: WorkflowTaskPhase, recorded: bool, scheduled_event_id: i64| RunState {
        status: WorkflowExecutionStatus::Running as i32,
        next_event_id: 5,
        workflow_task: Some(WorkflowTaskState {
            phase: phase as i32,
            attempt: 2,
            recorded,
            scheduled_event_id,
            started_event_id: scheduled_event_id + 1,
            ..WorkflowTaskState::default()
        }),
        ..RunState::default()
    };
    let ids = |state: &RunState, next| transient_events(state, next).iter().map(|event| event.event_id).collect::<Vec<_>>();
    assert_eq!(ids(&state(WorkflowTaskPhase::Started, false, 5), 5), [5, 6]);
    assert_eq!(ids(&state(WorkflowTaskPhase::Scheduled, false, 5), 5), [5]);
    assert_eq!(ids(&state(WorkflowTaskPhase::Started, true, 5), 5), [0; 0]);
    assert_eq!(ids(&state(WorkflowTaskPhase::None, false, 5), 5), [0; 0]);
    // More events have been stored since the reader's page ended.
    assert_eq!(ids(&state(WorkflowTaskPhase::Started, false, 5), 4), [0; 0]);
    let closed = RunState { status: WorkflowExecutionStatus::Completed as i32, ..state(WorkflowTaskPhase::Started, false, 5) };
    assert_eq!(ids(&closed, 5), [0; 0]);
}
