//! Runs of which only the outcome is kept.

use klamm_machine::TablesExt;
use klamm_messages::klamm::v1::{ResetWorkflow, RunState, command::Body};
use klamm_workflow::tables::{RunKey, Runs, Workflows};

use crate::{
    activity,
    callbacks::{attempt_body, callback, due},
    complete,
    deletion::delete_body,
    env::{Env, ID, execution},
    fail, timer,
};

/// A started workflow whose commands bring these names.
fn keeping(names: &[&str]) -> Env {
    let mut env = Env::started();
    env.settings.outcome_only = names.iter().map(|name| (*name).to_owned()).collect();
    env
}

#[test]
fn the_events_of_a_completed_run_go_and_what_is_shown_of_it_stays() {
    let mut env = keeping(&["*"]);
    env.work(vec![activity("a"), timer("t", 100)]);
    env.signal("s");
    let mut like = Env::started();
    like.work(vec![activity("a"), timer("t", 100)]);
    like.signal("s");
    let at = env.log.len();
    for env in [&mut env, &mut like] {
        env.work(vec![complete("done")]);
    }
    assert!(env.records_from(at).ends_with("~outcome of 11 events"), "{}", env.records_from(at));
    assert!(env.history().starts_with("11 WorkflowExecutionCompleted") && env.history().lines().count() == 1, "{}", env.history());
    let (kept, whole) = (env.state(), like.state());
    let shown = |run: &RunState| {
        (run.status, run.start_time, run.close_time, run.next_event_id, run.history_size_bytes, run.execution.clone(), run.started.clone())
    };
    assert_eq!(shown(&kept), shown(&whole));
    assert_eq!(klamm_workflow::visibility::document(&kept), klamm_workflow::visibility::document(&whole));
    assert!(kept.outcome_only && kept.activities.is_empty());
    assert_eq!(env.documents(), like.documents());
}

#[test]
fn only_runs_of_the_named_types_that_complete_lose_their_events() {
    for (names, command, is_kept) in [
        (&["W"][..], complete(""), false),
        (&["W*"], complete(""), false),
        (&["V", "*"], complete(""), false),
        (&["V", "Wx", "w"], complete(""), true),
        (&[], complete(""), true),
        (&["*"], fail("no"), true),
    ] {
        let mut env = keeping(names);
        let workflow_type = env.state().started.clone().unwrap().workflow_type.unwrap().name;
        assert_eq!(workflow_type, "W");
        env.work(vec![command]);
        assert_eq!(env.events(&env.current()).len() > 1, is_kept, "{names:?}");
    }
}

#[test]
fn such_a_run_is_deleted_as_any_other() {
    let mut env = keeping(&["*"]);
    env.work(vec![complete("")]);
    env.accept(delete_body(""));
    env.wake();
    assert!(env.rows.0.is_empty(), "nothing is left");
    let mut env = keeping(&["*"]);
    env.work(vec![complete("")]);
    env.advance(25 * 3_600_000);
    env.wake();
    assert!(env.rows.0.is_empty(), "nothing is left when its retention is over");
}

#[test]
fn its_id_can_be_used_again() {
    let mut env = keeping(&["*"]);
    env.work(vec![complete("")]);
    let first = env.current();
    env.start(|_| ());
    assert_ne!(env.current(), first);
    env.work(vec![complete("")]);
    let newest = env.rows.get::<Workflows>(&("default".to_owned(), ID.to_owned())).unwrap();
    assert_eq!(newest.current_run_id, env.current().run_id);
    assert!(env.rows.get::<Runs>(&first).unwrap().outcome_only);
}

#[test]
fn the_next_run_of_a_cron_workflow_goes_on() {
    let mut env = Env::new();
    env.start(|request| request.cron_schedule = "@every 1m".to_owned());
    env.settings.outcome_only = vec!["*".to_owned()];
    let first = env.current();
    env.run_to(60_000);
    env.work(vec![complete("one")]);
    assert_ne!(env.current(), first);
    assert!(env.rows.get::<Runs>(&first).unwrap().outcome_only);
    assert!(!env.state().outcome_only, "the next run is open");
}

#[test]
fn it_cannot_be_reset() {
    let mut env = keeping(&["*"]);
    env.work(vec![complete("")]);
    let reset = ResetWorkflow {
        execution: Some(execution("")),
        workflow_task_finish_event_id: 4,
        run_id: "new".to_owned(),
        request_id: "r".to_owned(),
        ..ResetWorkflow::default()
    };
    insta::assert_snapshot!(env.refuse(Body::ResetWorkflow(reset)), @"FailedPrecondition: Only the outcome of this run was kept, so there is no event at which it could be reset.");
}

#[test]
fn its_callbacks_are_called() {
    let mut env = Env::new();
    env.settings.outcome_only = vec!["*".to_owned()];
    env.start(|request| request.completion_callbacks = vec![callback("path")]);
    env.work(vec![complete("done")]);
    let kept = env.rows.get::<Runs>(&RunKey::new("default", ID, "run-1")).unwrap();
    assert!(kept.outcome_only && kept.callbacks.len() == 1);
    let row = due(&env).remove(0);
    env.accept(attempt_body(&row, None));
    assert!(due(&env).is_empty());
}
