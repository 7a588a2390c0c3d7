//! Limits of histories and payloads.

use klamm_messages::{
    klamm::v1::{CommandLimits, SignalWorkflow, command::Body},
    temporal::{
        command::v1::{
            ModifyWorkflowPropertiesCommandAttributes, RecordMarkerCommandAttributes, UpsertWorkflowSearchAttributesCommandAttributes,
            command::Attributes,
        },
        common::v1::{
            Callback, Memo, Payload, SearchAttributes,
            callback::{Nexus, Variant},
        },
        enums::v1::ParentClosePolicy,
        workflowservice::v1::SignalWorkflowExecutionRequest,
    },
};

use crate::{
    activity,
    children::child,
    env::{Env, execution, signal_body},
    external::{cancel_external, signal_external},
    payload, payloads, timer,
    updates::{accepts, idle, rejects, responds, update_body},
};

#[test]
fn an_oversized_signal_is_refused_and_changes_nothing() {
    let mut env = Env::started();
    let signal = |bytes: usize| {
        Body::SignalWorkflow(SignalWorkflow {
            request: Some(SignalWorkflowExecutionRequest {
                workflow_execution: Some(execution("")),
                signal_name: "big".to_owned(),
                input: Some(payloads(&vec![0; bytes])),
                ..Default::default()
            }),
        })
    };
    insta::assert_snapshot!(env.refuse(signal(2 * 1024 * 1024)), @"InvalidArgument: Blob data size exceeds limit.");
    env.settings.blob_size_limit_bytes = 1000;
    env.accept(signal(2000));
    assert_eq!(env.state().next_event_id, 4, "up to the warning size the limit is not looked at");
}

#[test]
fn a_history_of_too_many_events_is_terminated() {
    let mut env = Env::started();
    env.settings.history_count_limit = 6;
    let task = env.poll();
    let refused = env.complete_refused(&task, vec![timer("a", 1), timer("b", 1), timer("c", 1)]);
    insta::assert_snapshot!(refused, @"InvalidArgument: Workflow history count exceeds limit.");
    insta::assert_snapshot!(env.history_from(7), @r"
    7 TimerStarted {id: c}
    8 WorkflowExecutionTerminated {reason: Workflow history count exceeds limit., identity: history-service}
    ");
}

#[test]
fn a_history_of_too_many_bytes_is_terminated() {
    let mut env = Env::started();
    env.settings.history_size_limit_bytes = 100;
    insta::assert_snapshot!(env.refuse(signal_body("s", "")), @"InvalidArgument: Workflow history size exceeds limit.");
    insta::assert_snapshot!(env.history_from(4), @"4 WorkflowExecutionTerminated {reason: Workflow history size exceeds limit., identity: history-service}");
}

#[test]
fn a_long_history_suggests_to_continue_as_new() {
    let mut env = Env::started();
    env.settings.history_count_suggest_continue_as_new = 7;
    env.work(vec![]);
    env.signal("go");
    env.poll();
    insta::assert_snapshot!(env.history_from(7), @"7 WorkflowTaskStarted {scheduled: 6, request: poll, suggest_continue_as_new: true}");
    let task = env.state().workflow_task.clone().unwrap();
    assert_eq!(task.suggest_continue_as_new_reasons, [2]);
    assert!(task.history_size_bytes > 0);
}

#[test]
fn a_large_history_suggests_it_too() {
    let mut env = Env::started();
    env.settings.history_size_suggest_continue_as_new_bytes = 10;
    env.poll();
    assert_eq!(env.state().workflow_task.clone().unwrap().suggest_continue_as_new_reasons, [1]);
}

/// A started workflow whose commands bring these limits.
fn limited(limits: CommandLimits) -> Env {
    let mut env = Env::started();
    env.settings.limits = Some(limits);
    env
}

/// What the worker is told of a completion that goes beyond a limit. The workflow stays open.
fn too_many(limits: CommandLimits, command: impl Fn(usize) -> Attributes) -> String {
    let mut env = limited(limits);
    env.settings.limits = Some(limits);
    let task = env.poll();
    let told = env.complete_refused(&task, (0..3).map(command).collect());
    assert_eq!(env.state().status, 1, "the task is tried again");
    told
}

#[test]
fn so_many_may_be_pending_of_each_kind_as_the_settings_say() {
    let told = too_many(CommandLimits { pending_activities: 2, ..Default::default() }, |n| activity(&n.to_string()));
    insta::assert_snapshot!(told, @"InvalidArgument: PendingActivitiesLimitExceeded: the number of pending activities, 2, has reached the per-workflow limit of 2");
    let told = too_many(CommandLimits { pending_children: 2, ..Default::default() }, |n| child(&n.to_string(), ParentClosePolicy::Abandon));
    insta::assert_snapshot!(told, @"InvalidArgument: PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 2, has reached the per-workflow limit of 2");
    let told = too_many(CommandLimits { pending_signals: 2, ..Default::default() }, |_| signal_external("o", "", "s"));
    insta::assert_snapshot!(told, @"InvalidArgument: PendingSignalsLimitExceeded: the number of pending signals to external workflows, 2, has reached the per-workflow limit of 2");
    let told = too_many(CommandLimits { pending_cancel_requests: 2, ..Default::default() }, |_| cancel_external("o", ""));
    insta::assert_snapshot!(told, @"InvalidArgument: PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 2, has reached the per-workflow limit of 2");
}

#[test]
fn a_run_takes_as_many_signals_as_the_settings_say() {
    let mut env = limited(CommandLimits { signals: 2, ..Default::default() });
    env.signal("a");
    env.signal("b");
    insta::assert_snapshot!(env.refuse(signal_body("c", "")), @"InvalidArgument: exceeded workflow execution limit for signal events");
}

#[test]
fn ids_may_be_as_long_as_the_settings_say() {
    let long = "x".repeat(11);
    let limits = CommandLimits { id_bytes: 10, ..Default::default() };
    let told = too_many(limits, |_| timer(&long, 1));
    insta::assert_snapshot!(told, @"InvalidArgument: BadStartTimerAttributes: TimerId on StartTimerCommand exceeds length limit. TimerId=xxxxxxxxxxx Length=11 Limit=10");
    let told = too_many(limits, |_| activity(&long));
    insta::assert_snapshot!(told, @"InvalidArgument: BadScheduleActivityAttributes: activityId exceeds length limit. Length=11 Limit=10");
    let told = too_many(limits, |_| {
        Attributes::RecordMarkerCommandAttributes(RecordMarkerCommandAttributes { marker_name: long.clone(), ..Default::default() })
    });
    insta::assert_snapshot!(told, @"InvalidArgument: BadRecordMarkerAttributes: MarkerName on RecordMarkerCommand exceeds length limit. MarkerName=xxxxxxxxxxx Length=11 Limit=10");
    let told = too_many(limits, |_| child(&long, ParentClosePolicy::Abandon));
    assert!(told.contains("WorkflowId on StartChildWorkflowExecutionCommand exceeds length limit.") && told.contains("Limit=10"), "{told}");
    let told = too_many(limits, |_| signal_external(&long, "", "s"));
    assert!(
        told.contains("WorkflowId on SignalExternalWorkflowExecutionCommand exceeds length limit.") && told.contains("Limit=10"),
        "{told}"
    );
}

#[test]
fn search_attributes_and_memos_have_the_limits_of_the_settings() {
    let keyword = |value: &str| {
        let metadata = [("encoding".to_owned(), "json/plain".into()), ("type".to_owned(), "Keyword".into())].into();
        Payload { metadata, data: value.as_bytes().to_vec().into(), ..Payload::default() }
    };
    let indexed_fields = [("Customer", "\"abcdef\""), ("Region", "\"eu\"")].map(|(name, value)| (name.to_owned(), keyword(value))).into();
    let upsert = UpsertWorkflowSearchAttributesCommandAttributes { search_attributes: Some(SearchAttributes { indexed_fields }) };
    let attributes = || vec![Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert.clone())];
    for (limits, message) in [
        (CommandLimits { search_attributes: 1, ..Default::default() }, "number of search attributes 2 exceeds limit 1"),
        (CommandLimits { search_attribute_value_bytes: 4, ..Default::default() }, "exceeds size limit 4"),
        (CommandLimits { search_attributes_bytes: 9, ..Default::default() }, "total size of search attributes"),
    ] {
        let mut env = limited(limits);
        env.settings.search_attribute_types = [("Customer".to_owned(), 2), ("Region".to_owned(), 2)].into();
        let task = env.poll();
        let told = env.complete_refused(&task, attributes());
        assert!(told.contains(message), "{told}");
    }
    let mut env = limited(CommandLimits { memo_bytes: 10, ..Default::default() });
    let task = env.poll();
    let upserted_memo = Some(Memo { fields: [("key".to_owned(), payload(b"a long value"))].into() });
    let modify = ModifyWorkflowPropertiesCommandAttributes { upserted_memo };
    let told = env.complete_refused(&task, vec![Attributes::ModifyWorkflowPropertiesCommandAttributes(modify)]);
    insta::assert_snapshot!(told, @"InvalidArgument: BadModifyWorkflowPropertiesAttributes: ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit.");
    assert_eq!(env.state().status, 5, "terminated");
}

#[test]
fn smaller_fields_than_the_warning_size_are_never_refused() {
    let mut env = limited(CommandLimits { blob_warn_bytes: 100, ..Default::default() });
    env.settings.blob_size_limit_bytes = 50;
    let signal = |bytes: usize| {
        let request = SignalWorkflowExecutionRequest {
            workflow_execution: Some(execution("")),
            signal_name: "big".to_owned(),
            input: Some(payloads(&vec![0; bytes])),
            ..Default::default()
        };
        Body::SignalWorkflow(SignalWorkflow { request: Some(request) })
    };
    env.accept(signal(60));
    insta::assert_snapshot!(env.refuse(signal(100)), @"InvalidArgument: Blob data size exceeds limit.");
}

#[test]
fn a_workflow_has_as_many_callbacks_as_the_settings_say() {
    let mut env = Env::new();
    env.settings.limits = Some(CommandLimits { callbacks: 1, ..Default::default() });
    let url = "http://host/path".to_owned();
    let nexus = Some(Variant::Nexus(Nexus { url, header: Default::default() }));
    let callback = Callback { variant: nexus, links: Vec::new() };
    let told = env.start_refused(|request| request.completion_callbacks = vec![callback.clone(), callback.clone()]);
    insta::assert_snapshot!(told, @"FailedPrecondition: cannot attach more than 1 callbacks to a workflow (0 callbacks already attached)");
    env.start(|request| request.completion_callbacks = vec![callback]);
}

#[test]
fn a_run_takes_as_many_updates_as_the_settings_say() {
    let mut env = idle(false);
    env.settings.limits = Some(CommandLimits { pending_updates: 2, updates: 3, pending_update_bytes: 300, ..CommandLimits::default() });
    env.update("u1");
    env.update("u2");
    insta::assert_snapshot!(env.refuse(update_body("u3")), @"ConcurrentLimit: limit on number of concurrent in-flight updates has been reached (2)");
    let task = env.poll();
    env.answer(&task, vec![], vec![accepts("u1"), responds("u1"), rejects("u2")]);
    let large = "u".repeat(200);
    insta::assert_snapshot!(env.refuse(update_body(&large)), @"ConcurrentLimit: limit on total payload size of in-flight updates has been reached (300 bytes)");
    env.update("u3");
    let task = env.poll();
    env.answer(&task, vec![], vec![accepts("u3"), responds("u3")]);
    env.update("u4");
    let task = env.poll();
    env.answer(&task, vec![], vec![accepts("u4")]);
    let refused = env.refuse(update_body("u5"));
    assert!(refused.starts_with("FailedPrecondition: The limit on the total number of distinct updates"), "{refused}");
    env.signal("hello");
    env.poll();
    let started = env.history_from(env.state().next_event_id - 1);
    assert!(started.contains("suggest_continue_as_new"), "{started}");
}

#[test]
fn a_run_that_keeps_too_much_is_terminated() {
    let mut env = limited(CommandLimits { mutable_state_bytes: 500, ..Default::default() });
    let task = env.poll();
    let told = env.complete_refused(&task, (0..50).map(|n| timer(&n.to_string(), 100)).collect());
    insta::assert_snapshot!(told, @"InvalidArgument: Workflow mutable state size exceeds limit.");
    assert_eq!(env.state().status, 5, "terminated");
}

#[test]
fn what_comes_near_its_limit_is_warned_of() {
    let mut env = Env::started();
    env.work(vec![timer("t", 100)]);
    env.signal("a");
    assert_eq!(env.warnings, [""; 0]);
    env.settings.limits = Some(CommandLimits { history_count_warn: 4, ..Default::default() });
    env.signal("b");
    assert_eq!(std::mem::take(&mut env.warnings), ["history_count"]);
    let limits = CommandLimits { history_warn_bytes: 10, mutable_state_warn_bytes: 10, ..Default::default() };
    env.settings.limits = Some(limits);
    env.signal("c");
    assert_eq!(env.warnings, ["history_bytes", "mutable_state_bytes"]);
}
