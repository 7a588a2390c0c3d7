//! Pollers that ride in the command that schedules their task: the same events as if they had started it by a command of their own.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, CompleteActivityTask, StartActivityTask, TaskKind, command::Body},
    temporal::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue},
};
use klamm_workflow::{
    Answer,
    answer::{StartedActivityTask, StartedReservation, StartedTask, StartedWorkflowTask},
};

use crate::{
    activity, complete,
    env::{self, Env, complete_body as completion, queue, signal_body, sticky},
    riders, timer,
};

/// The one workflow task that was started for a rider.
fn taken(env: &mut Env) -> StartedWorkflowTask {
    let started: [StartedReservation; 1] = std::mem::take(&mut env.started).try_into().expect("one task");
    match started {
        [StartedReservation { task: StartedTask::Workflow(task), .. }] => *task,
        other => panic!("no workflow task: {other:?}"),
    }
}

/// Poll ids and scheduled events of the activities that were started for riders.
fn taken_activities(env: &mut Env) -> Vec<(String, StartedActivityTask)> {
    let activity = |started: StartedReservation| match started.task {
        StartedTask::Activity(task) => (started.poll_id, *task),
        StartedTask::Workflow(task) => panic!("a workflow task: {task:?}"),
    };
    env.started.drain(..).map(activity).collect()
}

fn finish(task: &StartedActivityTask) -> Body {
    let token = ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: env::ID.to_owned(),
        run_id: task.run_id.clone(),
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        stamp: task.stamp,
        ..ActivityTaskToken::default()
    };
    Body::CompleteActivityTask(CompleteActivityTask { token: Some(token), result: None, ..CompleteActivityTask::default() })
}

/// The one activity that waits, started by a poll's own command.
fn start_activity(env: &mut Env, poll_id: &str) -> StartedActivityTask {
    let row = env::tasks(&env.rows).into_iter().find(|row| row.kind == TaskKind::Activity as i32).expect("an activity waits");
    let body = StartActivityTask {
        run_id: row.run_id,
        scheduled_event_id: row.scheduled_event_id,
        stamp: row.stamp,
        poll_id: poll_id.to_owned(),
        identity: "worker".to_owned(),
        worker_version: None,
    };
    match env.accept(Body::StartActivityTask(body)) {
        Answer::ActivityTaskStarted(task) => *task,
        other => panic!("not started: {other:?}"),
    }
}

#[test]
fn a_workflow_with_riders_has_the_events_of_one_without() {
    let mut plain = Env::started();
    let first = plain.poll_as("p1");
    plain.complete(&first, vec![activity("a")]);
    let task = start_activity(&mut plain, "p2");
    plain.accept(finish(&task));
    let last = plain.poll_as("p3");
    plain.complete(&last, vec![complete("done")]);

    let mut env = Env::new();
    env.riders = vec![riders::workflow(queue("q"), "p1")];
    env.start(|_| ());
    let ridden_first = taken(&mut env);
    assert_eq!(ridden_first, first, "the poller is told the same");
    env.riders = vec![riders::activity(queue("activities"), "p2")];
    env.complete(&ridden_first, vec![activity("a")]);
    let ridden = taken_activities(&mut env);
    assert_eq!(ridden, [("p2".to_owned(), task)]);
    env.riders = vec![riders::workflow(queue("q"), "p3")];
    env.accept(finish(&ridden[0].1));
    let ridden_last = taken(&mut env);
    assert_eq!(ridden_last, last);
    env.complete(&ridden_last, vec![complete("done")]);

    assert_eq!(env.log, plain.log, "all events, internal ones too");
    assert!(env::tasks(&env.rows).is_empty());
    insta::assert_snapshot!(env.history_from(2), @r"
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowTaskStarted {scheduled: 2, request: p1}
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 ActivityTaskScheduled {id: a}
    6 ActivityTaskStarted {scheduled: 5}
    7 ActivityTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 WorkflowTaskStarted {scheduled: 8, request: p3}
    10 WorkflowTaskCompleted {scheduled: 8, started: 9}
    11 WorkflowExecutionCompleted {completed: 10, result: done}
    ");
}

#[test]
fn a_poller_of_another_queue_or_side_rides_in_vain() {
    let mut env = Env::new();
    env.riders = vec![riders::workflow(queue("other"), "p1"), riders::activity(queue("q"), "p2")];
    env.start(|_| ());
    assert_eq!(env.started, []);
    assert!(env.waiting_workflow_task().is_some(), "it waits for its queue's pollers");
}

#[test]
fn each_rider_gets_one_task_and_the_rest_wait() {
    let mut env = Env::started();
    let task = env.poll();
    env.riders = vec![riders::activity(queue("activities"), "p1"), riders::activity(queue("activities"), "p2")];
    env.complete(&task, vec![activity("a"), activity("b"), activity("c")]);
    let started: Vec<_> = taken_activities(&mut env).into_iter().map(|(poll, task)| (poll, task.scheduled.activity_id)).collect();
    assert_eq!(started, [("p1".to_owned(), "a".to_owned()), ("p2".to_owned(), "b".to_owned())]);
    assert_eq!(env::tasks(&env.rows).iter().map(|row| row.scheduled_event_id).collect::<Vec<_>>(), [7]);
}

#[test]
fn a_rider_gets_nothing_of_a_command_that_is_refused() {
    let mut env = Env::started();
    let task = env.poll();
    env.riders = vec![riders::activity(queue("activities"), "p1"), riders::workflow(queue("q"), "p2")];
    env.complete_refused(&task, vec![activity("a"), activity("a")]);
    assert_eq!(env.started, []);
    assert!(env.waiting_workflow_task().is_some());
}

#[test]
fn a_task_that_was_scheduled_before_is_not_the_riders() {
    let mut env = Env::started();
    env.riders = vec![riders::workflow(queue("q"), "p1")];
    env.accept(signal_body("s", ""));
    assert_eq!(env.started, [], "a poller of its queue may have it in hand");
    assert!(env.waiting_workflow_task().is_some());
}

#[test]
fn a_signal_that_waits_for_the_running_task_starts_nothing_and_its_completion_does() {
    let mut env = Env::started();
    let task = env.poll();
    env.riders = vec![riders::workflow(queue("q"), "p1")];
    env.accept(signal_body("s", ""));
    assert_eq!(env.started, []);
    env.riders = vec![riders::workflow(queue("q"), "p2")];
    env.complete(&task, vec![]);
    assert_eq!(taken(&mut env).previous_started_event_id, 3);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionSignaled {name: s}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    7 WorkflowTaskStarted {scheduled: 6, request: p2}
    ");
}

#[test]
fn a_transient_task_that_events_overtake_in_the_same_command_starts_as_an_ordinary_one() {
    let mut env = Env::started();
    let task = env.poll();
    env.complete(&task, vec![timer("t", 15)]);
    env.signal("go");
    env.poll();
    // The task runs into its time-out at 10 s; nobody looks before the timer is late, too.
    env.advance(20_000);
    env.riders = vec![riders::workflow(queue("q"), "p1")];
    env.wake();
    assert_eq!(taken(&mut env).attempt, 1);
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    9 WorkflowTaskTimedOut {scheduled: 7, started: 8, timeout: START_TO_CLOSE}
    10 TimerFired {id: t, started: 5}
    11 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    12 WorkflowTaskStarted {scheduled: 11, request: p1}
    ");
}

#[test]
fn a_sticky_rider_gets_the_task_of_its_queue_with_the_new_events_alone() {
    let mut env = Env::started();
    let task = env.poll();
    env.complete_with(&task, vec![], |request| request.sticky_attributes = sticky());
    let sticky_queue = TaskQueue { name: "sticky".to_owned(), kind: TaskQueueKind::Sticky as i32, normal_name: "q".to_owned() };
    env.riders = vec![riders::workflow(queue("q"), "normal"), riders::workflow(sticky_queue, "sticky")];
    env.signal("go");
    let task = taken(&mut env);
    assert!(task.sticky);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowExecutionSignaled {name: go}
    6 WorkflowTaskScheduled {queue: sticky for q, timeout: 10s, attempt: 1}
    7 WorkflowTaskStarted {scheduled: 6, request: sticky}
    ");
}

#[test]
fn an_eager_activity_goes_to_its_worker_and_not_to_a_rider() {
    let mut env = Env::started();
    let task = env.poll();
    let mut body = completion(&task, vec![activity("a")], |_| ());
    if let Body::CompleteWorkflowTask(complete) = &mut body
        && let Some(klamm_messages::temporal::command::v1::command::Attributes::ScheduleActivityTaskCommandAttributes(attributes)) =
            complete.request.as_mut().and_then(|request| request.commands[0].attributes.as_mut())
    {
        attributes.request_eager_execution = true;
    }
    env.riders = vec![riders::activity(queue("activities"), "p1")];
    let Answer::WorkflowTaskCompleted { activity_tasks, .. } = env.accept(body) else { panic!("not completed") };
    assert_eq!(activity_tasks.len(), 1);
    assert_eq!(env.started, []);
}
