//! Tables: request → code and message. Order of checks and words are Temporal's.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_messages::temporal::{
    common::v1::{
        Callback, Link, Payload, Payloads, Priority, RetryPolicy, WorkflowExecution, WorkflowType,
        callback::{self, Nexus},
    },
    enums::v1::{TaskQueueKind, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
    query::v1::WorkflowQuery,
    taskqueue::v1::TaskQueue,
};
use prost_types::Duration;
use tonic::{Code, Request, Status};

use super::fake::Fake;
use crate::{Config, Gateway, Limits, operator_service, workflow_service};

const RUN_ID: &str = "8e4b1f4e-0c7e-4d6e-9b0e-000000000001";

fn start() -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: Some(WorkflowType { name: "T".to_owned() }),
        task_queue: Some(queue("q")),
        ..StartWorkflowExecutionRequest::default()
    }
}

fn queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.to_owned(), ..TaskQueue::default() }
}

fn execution() -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: RUN_ID.to_owned() })
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

fn payloads(bytes: usize) -> Option<Payloads> {
    Some(Payloads { payloads: vec![Payload { data: vec![0; bytes].into(), ..Payload::default() }] })
}

fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.expect_err("the request is refused");
    (status.code(), status.message().to_owned())
}

type Change = fn(&mut StartWorkflowExecutionRequest);

#[tokio::test]
async fn starts_are_refused_in_temporals_words() {
    let invalid = Code::InvalidArgument;
    let rows: Vec<(Change, Code, &str)> = vec![
        (|r| r.namespace = String::new(), invalid, "Namespace is empty."),
        (|r| r.namespace = long(1001), invalid, "Namespace length exceeds limit."),
        (|r| r.namespace = "nowhere".to_owned(), Code::NotFound, "Namespace nowhere is not found."),
        (|r| r.namespace = "old".to_owned(), Code::FailedPrecondition, "Namespace has invalid state: Deprecated. Must be Registered."),
        (|r| r.workflow_id = String::new(), invalid, "WorkflowId is not set on request."),
        (|r| r.workflow_id = long(1001), invalid, "WorkflowId exceeds maximum allowed length (1001/1000)"),
        (
            |r| r.retry_policy = Some(RetryPolicy { maximum_attempts: -1, ..RetryPolicy::default() }),
            invalid,
            "MaximumAttempts cannot be negative on retry policy.",
        ),
        (
            |r| {
                r.cron_schedule = "* * * * *".to_owned();
                r.workflow_start_delay = Some(Duration { seconds: 1, nanos: 0 });
            },
            invalid,
            "CronSchedule and WorkflowStartDelay may not be used together.",
        ),
        (
            |r| r.workflow_start_delay = Some(Duration { seconds: -1, nanos: 0 }),
            invalid,
            "An invalid WorkflowStartDelaySeconds is set on request. cause: negative duration",
        ),
        (|r| r.workflow_type = None, invalid, "WorkflowType is not set on request."),
        (|r| r.workflow_type = Some(WorkflowType::default()), invalid, "WorkflowType is not set on request."),
        (|r| r.workflow_type = Some(WorkflowType { name: long(1001) }), invalid, "WorkflowType length exceeds limit."),
        (|r| r.task_queue = None, invalid, "taskQueue is not set"),
        (|r| r.task_queue = Some(queue("")), invalid, "missing task queue name"),
        (|r| r.task_queue = Some(queue(&long(1001))), invalid, "taskQueue length exceeds limit"),
        (|r| r.task_queue = Some(queue("/_sys/q")), invalid, "task queue name cannot start with reserved prefix /_sys/"),
        (
            |r| r.workflow_execution_timeout = Some(Duration { seconds: -1, nanos: 0 }),
            invalid,
            "An invalid WorkflowExecutionTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            |r| r.workflow_run_timeout = Some(Duration { seconds: -1, nanos: 0 }),
            invalid,
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            |r| r.workflow_task_timeout = Some(Duration { seconds: 1, nanos: -1 }),
            invalid,
            "An invalid WorkflowTaskTimeoutSeconds is set on request. cause: duration has seconds and nanos with different signs",
        ),
        (|r| r.request_id = long(1001), invalid, "RequestId length exceeds limit."),
        (
            |r| {
                r.workflow_id_reuse_policy = WorkflowIdReusePolicy::RejectDuplicate as i32;
                r.workflow_id_conflict_policy = WorkflowIdConflictPolicy::TerminateExisting as i32;
            },
            invalid,
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING",
        ),
        (
            |r| {
                r.search_attributes = Some(klamm_messages::temporal::common::v1::SearchAttributes {
                    indexed_fields: [("Nope".to_owned(), Payload::default())].into(),
                });
            },
            invalid,
            "Namespace default has no mapping defined for search attribute Nope",
        ),
        (|r| r.priority = Some(Priority { priority_key: -1, ..Priority::default() }), invalid, "priority key can't be negative"),
        (|r| r.links = vec![Link::default(); 11], invalid, "cannot attach more than 10 links per request, got 11"),
        (|r| r.links = vec![Link::default()], invalid, "unsupported link variant"),
        (|r| r.input = payloads(2 * 1024 * 1024), invalid, "Blob data size exceeds limit."),
        (
            |r| {
                r.memo = Some(klamm_messages::temporal::common::v1::Memo {
                    fields: [("m".to_owned(), Payload { data: vec![0; 2 * 1024 * 1024].into(), ..Payload::default() })].into(),
                });
            },
            invalid,
            "Memo size exceeds limit.",
        ),
        (|r| r.cron_schedule = "every day".to_owned(), invalid, "invalid CronSchedule."),
        (|r| r.cron_schedule = "0 0 30 2 *".to_owned(), invalid, "invalid CronSchedule, no time can be found to satisfy the schedule"),
        (|r| r.completion_callbacks = vec![Default::default()], Code::Unimplemented, "unknown callback variant: <nil>"),
        (
            |r| {
                let nexus = Nexus { url: "http://169.254.169.254/".to_owned(), ..Nexus::default() };
                r.completion_callbacks = vec![Callback { variant: Some(callback::Variant::Nexus(nexus)), links: Vec::new() }];
            },
            invalid,
            "invalid url: url does not match any configured callback address: http://169.254.169.254/",
        ),
        (
            |r| {
                let nexus = Nexus { url: "temporal://system".to_owned(), ..Nexus::default() };
                r.completion_callbacks = vec![Callback { variant: Some(callback::Variant::Nexus(nexus)), links: Vec::new() }];
            },
            Code::Unimplemented,
            "A callback to temporal://system (Nexus) is not supported by this version of klamm.",
        ),
        (
            |r| r.versioning_override = Some(Default::default()),
            Code::Unimplemented,
            "versioning_override is not supported by this version of klamm.",
        ),
        (
            |r| r.time_skipping_config = Some(Default::default()),
            Code::Unimplemented,
            "The Time-Skipping feature is not enabled for namespace.",
        ),
    ];
    let fake = Fake::new();
    let gateway = fake.gateway();
    for (change, code, message) in rows {
        let mut request = start();
        change(&mut request);
        let result = gateway.start_workflow_execution(Request::new(request)).await;
        assert_eq!(refused(result), (code, message.to_owned()));
    }
    assert!(fake.with(|state| state.commands.is_empty()), "a refused request changes nothing");
}

#[tokio::test]
async fn the_first_fault_is_told() {
    let gateway = Fake::new().gateway();
    let request = StartWorkflowExecutionRequest {
        workflow_id: String::new(),
        workflow_type: None,
        retry_policy: Some(RetryPolicy { maximum_attempts: -1, ..RetryPolicy::default() }),
        ..start()
    };
    let (_, message) = refused(gateway.start_workflow_execution(Request::new(request.clone())).await);
    assert_eq!(message, "WorkflowId is not set on request.");
    let request = StartWorkflowExecutionRequest { workflow_id: "w".to_owned(), ..request };
    let (_, message) = refused(gateway.start_workflow_execution(Request::new(request)).await);
    assert_eq!(message, "MaximumAttempts cannot be negative on retry policy.");
}

#[tokio::test]
async fn signals_are_refused_in_temporals_words() {
    let good = || SignalWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution(),
        signal_name: "s".to_owned(),
        ..SignalWorkflowExecutionRequest::default()
    };
    let gateway = Fake::new().gateway();
    for (request, message) in [
        (SignalWorkflowExecutionRequest { workflow_execution: None, ..good() }, "Execution is not set on request."),
        (
            SignalWorkflowExecutionRequest { workflow_execution: Some(WorkflowExecution::default()), ..good() },
            "WorkflowId is not set on request.",
        ),
        (
            SignalWorkflowExecutionRequest {
                workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: "r".to_owned() }),
                ..good()
            },
            "Invalid RunId.",
        ),
        (SignalWorkflowExecutionRequest { signal_name: String::new(), ..good() }, "SignalName is not set on request."),
        (SignalWorkflowExecutionRequest { signal_name: long(1001), ..good() }, "SignalName length exceeds limit."),
        (SignalWorkflowExecutionRequest { request_id: long(1001), ..good() }, "RequestId length exceeds limit."),
        (SignalWorkflowExecutionRequest { input: payloads(2 * 1024 * 1024), ..good() }, "Blob data size exceeds limit."),
    ] {
        let result = gateway.signal_workflow_execution(Request::new(request)).await;
        assert_eq!(refused(result), (Code::InvalidArgument, message.to_owned()));
    }
}

#[tokio::test]
async fn signal_with_start_has_words_of_its_own() {
    let good = || SignalWithStartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: Some(WorkflowType { name: "T".to_owned() }),
        task_queue: Some(queue("q")),
        signal_name: "s".to_owned(),
        ..SignalWithStartWorkflowExecutionRequest::default()
    };
    let gateway = Fake::new().gateway();
    for (request, message) in [
        (SignalWithStartWorkflowExecutionRequest { signal_name: String::new(), ..good() }, "signal not set"),
        (SignalWithStartWorkflowExecutionRequest { workflow_type: None, ..good() }, "workflow type not set"),
        (
            SignalWithStartWorkflowExecutionRequest { request_id: long(1001), ..good() },
            "Request ID exceeds maximum allowed length (1001/1000)",
        ),
        (
            SignalWithStartWorkflowExecutionRequest { workflow_id_conflict_policy: WorkflowIdConflictPolicy::Fail as i32, ..good() },
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.",
        ),
    ] {
        let result = gateway.signal_with_start_workflow_execution(Request::new(request)).await;
        assert_eq!(refused(result), (Code::InvalidArgument, message.to_owned()));
    }
}

#[tokio::test]
#[allow(deprecated, reason = "clients still ask in the older modes")]
async fn other_calls_check_what_they_need() {
    let gateway = Fake::new().gateway();
    let invalid = |message: &str| (Code::InvalidArgument, message.to_owned());
    let namespace = || "default".to_owned();

    let request = QueryWorkflowRequest { namespace: namespace(), execution: execution(), ..Default::default() };
    assert_eq!(refused(gateway.query_workflow(Request::new(request.clone())).await), invalid("WorkflowQuery is not set on request."));
    let request = QueryWorkflowRequest { query: Some(WorkflowQuery::default()), ..request };
    assert_eq!(refused(gateway.query_workflow(Request::new(request)).await), invalid("QueryType is not set on request."));

    let request = RespondActivityTaskCompletedByIdRequest { namespace: namespace(), ..Default::default() };
    assert_eq!(
        refused(gateway.respond_activity_task_completed_by_id(Request::new(request.clone())).await),
        invalid("ActivityId is not set on request.")
    );
    let request = RespondActivityTaskCompletedByIdRequest { activity_id: "a".to_owned(), ..request };
    assert_eq!(
        refused(gateway.respond_activity_task_completed_by_id(Request::new(request)).await),
        invalid("WorkflowId is not set on request.")
    );

    let request = PollWorkflowTaskQueueRequest { namespace: namespace(), ..Default::default() };
    assert_eq!(refused(gateway.poll_workflow_task_queue(Request::new(request)).await), invalid("Context timeout is not set."));
    let request = DescribeTaskQueueRequest {
        namespace: namespace(),
        task_queue: Some(TaskQueue { kind: TaskQueueKind::Sticky as i32, ..queue("q") }),
        api_mode: 1,
        ..Default::default()
    };
    assert_eq!(
        refused(gateway.describe_task_queue(Request::new(request)).await),
        invalid("Enhanced DescribeTaskQueue is not valid for a sticky queue, use api_mode=UNSPECIFIED or a normal queue.")
    );
}

#[tokio::test]
async fn calls_that_are_not_built_say_their_names() {
    let gateway = Fake::new().gateway();
    let mut asked = workflow_service::ask_what_is_not_built(&gateway).await;
    asked.extend(operator_service::ask_what_is_not_built(&gateway).await);
    assert!(asked.iter().any(|(_, name, _)| *name == "CreateWorkflowRule") && asked.iter().any(|(_, name, _)| *name == "GetNexusEndpoint"));
    for (method, name, status) in asked {
        assert_eq!(name.to_ascii_lowercase(), method.replace('_', ""), "the table's name of {method}");
        let expected = (Code::Unimplemented, format!("{name} is not supported by this version of klamm."));
        assert_eq!((status.code(), status.message().to_owned()), expected);
    }
}

#[tokio::test]
async fn a_namespace_may_have_limits_of_its_own() {
    let fake = Fake::new();
    fake.with(|state| {
        let other = klamm_messages::klamm::v1::NamespaceState { name: "other".to_owned(), ..state.namespaces["default"].clone() };
        state.namespaces.insert("other".to_owned(), other);
    });
    let own = Limits { blob_bytes: 100, blob_warn_bytes: 50, id_bytes: 40, signals: 3, ..Limits::default() };
    let namespace_limits = [("default".to_owned(), own)].into();
    let gateway = Gateway::new(std::sync::Arc::new(fake.clone()), fake.clone(), Config { namespace_limits, ..Config::default() });
    let request = |namespace: &str, id: &str, bytes: usize| StartWorkflowExecutionRequest {
        namespace: namespace.to_owned(),
        workflow_id: id.to_owned(),
        input: payloads(bytes),
        ..start()
    };
    let ask = |request| gateway.start_workflow_execution(Request::new(request));
    let invalid = Code::InvalidArgument;
    assert_eq!(refused(ask(request("default", "w", 200)).await), (invalid, "Blob data size exceeds limit.".to_owned()));
    let too_long = "WorkflowId exceeds maximum allowed length (41/40)".to_owned();
    assert_eq!(refused(ask(request("default", &long(41), 1)).await), (invalid, too_long));
    assert!(fake.with(|state| state.commands.is_empty()), "nothing is asked of the machine");
    let _ = ask(request("default", "w", 10)).await;
    let _ = ask(request("other", &long(41), 200)).await;
    let stamped: Vec<_> = fake.with(|state| state.commands.iter().map(|command| command.settings.clone().unwrap()).collect());
    assert_eq!(stamped[0].limits.map(|limits| (limits.signals, limits.id_bytes)), Some((3, 40)));
    assert_eq!((stamped[0].blob_size_limit_bytes, stamped[1].limits), (100, None));
}
