//! StartActivityTask.

use klamm_machine::Outcome;
use klamm_messages::{
    klamm::v1::{ActivityPhase, StartActivityTask, command::Body},
    temporal::common::v1::Header,
};

use super::env::{Env, json, jsons, schedule, schedule_with};
use crate::Answer;

#[test]
fn a_started_activity_has_no_public_event_and_its_task_waits_no_longer() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.advance(250);
    let task = env.start_activity(5);
    assert_eq!((task.run_id.as_str(), task.workflow_type.as_str(), task.scheduled_event_id), ("run", "W", 5));
    assert_eq!((task.attempt, task.started_time.since(task.scheduled_time).as_millis()), (1, 250));
    assert_eq!(env.history_from(5), ["5 ActivityTaskScheduled a"]);
    assert!(env.tasks().is_empty());
    assert_eq!(env.state().activities[&5].state.as_ref().unwrap().phase(), ActivityPhase::Started);
}

#[test]
fn the_worker_gets_input_and_header_though_the_runs_state_does_not_keep_them() {
    let mut env = Env::new();
    let header = Header { fields: [("trace".to_owned(), json("1"))].into() };
    env.workflow(vec![schedule_with("a", |a| {
        a.input = jsons("[1]");
        a.header = Some(header.clone());
    })]);
    let task = env.start_activity(5);
    assert_eq!((task.scheduled.input, task.scheduled.header), (jsons("[1]"), Some(header)));
    assert_eq!(env.state().activities[&5].scheduled.as_ref().unwrap().input, None);
}

#[test]
fn the_same_poll_gets_the_same_answer_again_and_another_gets_nothing() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let body = env.start_activity_body(5, "poll");
    let other = env.start_activity_body(5, "other poll");
    let first = env.accept(body.clone());
    env.advance(100);
    assert_eq!(env.accept(body), first);
    assert_eq!(env.accept(other), Answer::TaskObsolete);
}

#[test]
fn a_task_with_an_old_stamp_or_of_an_unknown_activity_or_run_is_obsolete() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let start = |run_id: &str, scheduled_event_id, stamp| {
        Body::StartActivityTask(StartActivityTask {
            run_id: run_id.to_owned(),
            scheduled_event_id,
            stamp,
            poll_id: "poll".to_owned(),
            ..StartActivityTask::default()
        })
    };
    for (run_id, scheduled_event_id, stamp) in [("run", 5, 0), ("run", 5, 2), ("run", 6, 1), ("no run", 5, 1)] {
        assert_eq!(env.accept(start(run_id, scheduled_event_id, stamp)), Answer::TaskObsolete);
    }
    assert!(matches!(env.accept(start("run", 5, 1)), Answer::ActivityTaskStarted(_)));
}

#[test]
fn an_activity_that_the_worker_wants_at_once_comes_with_the_answer_and_never_waits_on_its_queue() {
    let mut env = Env::new();
    let token = env.start_workflow_task();
    let eager = schedule_with("a", |a| {
        a.request_eager_execution = true;
        a.input = jsons("[1]");
    });
    let decision = env.complete_workflow_task(token, vec![eager, schedule("b")]);
    let Ok(Outcome::Answer(Answer::WorkflowTaskCompleted { activity_tasks, .. })) = decision else { panic!("{decision:?}") };
    let ids: Vec<_> = activity_tasks.iter().map(|task| (task.scheduled_event_id, task.attempt, task.scheduled.input.clone())).collect();
    assert_eq!(ids, [(5, 1, jsons("[1]"))]);
    assert_eq!(env.history_from(5), ["5 ActivityTaskScheduled a", "6 ActivityTaskScheduled b"]);
    assert_eq!(env.tasks().iter().map(|task| task.scheduled_event_id).collect::<Vec<_>>(), [6]);
    assert_eq!(env.state().activities[&5].state.as_ref().unwrap().phase(), ActivityPhase::Started);
}
