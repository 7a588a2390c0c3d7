//! What becomes of updates when their run is reset.

use klamm_machine::TablesExt;
use klamm_messages::temporal::{enums::v1::UpdateAdmittedEventOrigin, history::v1::history_event::Attributes, update::v1::Outcome};
use klamm_workflow::{
    Answer,
    tables::{RunKey, Runs},
    update::{Seen, seen},
};

use crate::{
    env::{self, Env, complete_body},
    reset::reset,
    updates::{accepts, brought, idle, names, rejects, request, responds},
};

/// A run with an update that is done, one that is accepted, one that was rejected beside events, and one that waits.
fn updated() -> Env {
    let mut env = idle(false);
    for (id, messages) in [("done", vec![accepts("done"), responds("done")]), ("open", vec![accepts("open")])] {
        env.update(id);
        let task = env.poll();
        env.answer(&task, vec![], messages);
    }
    env.update("waits");
    env
}

fn key(run_id: &str) -> RunKey {
    RunKey::new("default", env::ID, run_id)
}

#[test]
fn accepted_updates_come_again_by_an_event() {
    let mut env = updated();
    env.accept(reset("", 4, "new", |_| ()));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowExecutionUpdateAdmitted {update: done}
    6 WorkflowExecutionUpdateAdmitted {update: open}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let events = env.events(&env.current());
    let Some(Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(admitted)) = &events[4].attributes else { panic!() };
    assert_eq!((admitted.origin(), &admitted.request), (UpdateAdmittedEventOrigin::Reapply, &Some(request("done"))));
    // The old run goes on to answer for its own.
    assert!(matches!(seen(&env.rows, &key("run-1"), "done"), Seen::Completed(_)));
    let Seen::Completed(outcome) = seen(&env.rows, &key("run-1"), "open") else { panic!("an accepted update fails with its run") };
    assert_ne!(*outcome, Outcome::default());
    assert_eq!(seen(&env.rows, &key("run-1"), "waits"), Seen::Closed { continues: false });

    // The worker finds them in the history, so no message brings them.
    let task = env.poll();
    assert_eq!(brought(&task), Vec::<&str>::new());
    env.update("new");
    env.answer(&task, vec![names("done/accept"), names("done/complete")], vec![accepts("done"), responds("done"), rejects("open")]);
    insta::assert_snapshot!(env.history_from(7), @r"
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    9 WorkflowTaskCompleted {scheduled: 7, started: 8}
    10 WorkflowExecutionUpdateAccepted {update: done, message: done/request, sequencing: 5}
    11 WorkflowExecutionUpdateCompleted {update: done, accepted: 10}
    ");
    assert_eq!((env.seen("open"), env.seen("new")), (Seen::Unknown, Seen::Waits { number: 1 }));
    env.rows.get::<Runs>(&key("new")).expect("the new run");
}

#[test]
fn a_second_reset_brings_them_again() {
    let mut env = updated();
    env.accept(reset("", 4, "new", |_| ()));
    let task = env.poll();
    env.answer(&task, vec![], vec![rejects("done"), accepts("open")]);
    env.accept(reset("", 4, "newer", |_| ()));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowExecutionUpdateAdmitted {update: done}
    6 WorkflowExecutionUpdateAdmitted {update: open}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    // A reset to a later point keeps the events themselves.
    let task = env.poll();
    env.answer(&task, vec![], vec![accepts("done"), accepts("open"), responds("open")]);
    env.accept(reset("", 8, "newest", |_| ()));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowExecutionUpdateAdmitted {update: done}
    6 WorkflowExecutionUpdateAdmitted {update: open}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: emptyUuid}
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    10 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn updates_stay_behind_where_the_reset_says_so() {
    let mut env = updated();
    env.accept(reset("", 4, "new", |body| body.exclude_updates = true));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    assert_eq!(env.seen("done"), Seen::Unknown);
}

#[test]
fn an_update_that_was_accepted_before_the_point_goes_on() {
    let mut env = updated();
    env.signal("one");
    let task = env.poll();
    env.answer(&task, vec![], vec![rejects("waits")]);
    let point = env.state().next_event_id - 2;
    env.accept(reset("", point, "new", |_| ()));
    assert_eq!((env.seen("open"), matches!(env.seen("done"), Seen::Completed(_))), (Seen::Accepted, true));
    let task = env.poll();
    let body = complete_body(&task, vec![], |request| request.messages = vec![responds("open")]);
    assert!(matches!(env.accept(body), Answer::WorkflowTaskCompleted { .. }));
    assert!(matches!(env.seen("open"), Seen::Completed(_)));
}
