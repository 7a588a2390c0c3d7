//! Namespaces and their search attributes, and what the server tells about itself.

use std::sync::Arc;

use bytes::Bytes;
use klamm_api::{
    operatorservice::v1::{operator_service_server::OperatorService, *},
    workflowservice::v1::{workflow_service_server::WorkflowService, *},
};
use klamm_backend::Reply;
use klamm_messages::{
    klamm::v1::{NamespaceState, cluster_command::Command as Cluster, command::Body},
    temporal::{
        enums::v1::{BuildIdTaskReachability, IndexedValueType, NamespaceState as Lifecycle, TaskQueueType},
        namespace::v1::{NamespaceConfig, NamespaceFilter, UpdateNamespaceInfo},
        taskqueue::v1::{TaskQueue, TaskQueueVersionSelection},
    },
};
use prost_types::Duration;
use tonic::{Code, Request, Status};

use super::fake::Fake;
use crate::{Config, Gateway};

fn cluster_command(fake: &Fake) -> Cluster {
    let command = fake.with(|state| state.commands.remove(0));
    assert!(command.namespace.is_empty() && !command.workflow_id.is_empty());
    match command.body {
        Some(Body::Cluster(command)) => command.command.unwrap(),
        other => panic!("no command of the cluster: {other:?}"),
    }
}

fn updated(fake: &Fake, name: &str) {
    let state = fake.with(|state| state.namespaces[name].clone());
    fake.with(|fake| {
        let answer = klamm_cluster::Answer::Namespace(Box::new(NamespaceState { description: "new".to_owned(), ..state }));
        fake.replies.push_back(Ok(Reply::Cluster(answer)));
    });
}

fn said<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn a_namespace_is_registered_by_the_cluster_machine() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(Ok(Reply::Cluster(klamm_cluster::Answer::Empty))));
    let request = RegisterNamespaceRequest {
        namespace: "n".to_owned(),
        workflow_execution_retention_period: Some(Duration { seconds: 86_400, nanos: 0 }),
        ..RegisterNamespaceRequest::default()
    };
    fake.gateway().register_namespace(Request::new(request)).await.unwrap();
    let Cluster::RegisterNamespace(command) = cluster_command(&fake) else { panic!("no registration") };
    assert_eq!(command.name, "n");
    assert!(uuid::Uuid::parse_str(&command.id).is_ok());
    assert_eq!(command.retention.unwrap().seconds, 86_400);
}

#[tokio::test]
async fn a_namespace_is_described_by_name_or_id() {
    let gateway = Fake::new().gateway();
    let describe = |namespace: &str, id: &str| {
        gateway.describe_namespace(Request::new(DescribeNamespaceRequest {
            namespace: namespace.to_owned(),
            id: id.to_owned(),
            ..DescribeNamespaceRequest::default()
        }))
    };
    let by_name = describe("default", "").await.unwrap().into_inner();
    let by_id = describe("", "id-of-default").await.unwrap().into_inner();
    assert_eq!(by_name, by_id);
    let info = by_name.namespace_info.unwrap();
    assert_eq!((info.name.as_str(), info.id.as_str()), ("default", "id-of-default"));
    let limits = info.limits.unwrap();
    assert_eq!((limits.blob_size_limit_error, limits.memo_size_limit_error), (2 * 1024 * 1024, 2 * 1024 * 1024));
    assert_eq!(by_name.config.unwrap().workflow_execution_retention_ttl.unwrap().seconds, 86_400);
    assert_eq!(said(describe("", "").await), (Code::InvalidArgument, "Namespace not set on request.".to_owned()));
    assert_eq!(said(describe("x", "").await), (Code::NotFound, "Namespace x is not found.".to_owned()));
    assert_eq!(said(describe("", "y").await), (Code::NotFound, "Namespace y is not found.".to_owned()));
}

#[tokio::test]
async fn namespaces_are_listed_by_pages() {
    let gateway = Fake::new().gateway();
    let list = |token: Bytes| {
        gateway.list_namespaces(Request::new(ListNamespacesRequest { page_size: 1, next_page_token: token, ..Default::default() }))
    };
    let first = list(Bytes::new()).await.unwrap().into_inner();
    let second = list(first.next_page_token).await.unwrap().into_inner();
    let name = |page: &[DescribeNamespaceResponse]| page[0].namespace_info.as_ref().unwrap().name.clone();
    assert_eq!((name(&first.namespaces), name(&second.namespaces)), ("default".to_owned(), "old".to_owned()));
    assert!(second.next_page_token.is_empty());
}

#[tokio::test]
async fn only_what_is_present_is_updated() {
    let fake = Fake::new();
    updated(&fake, "default");
    let request = UpdateNamespaceRequest {
        namespace: "default".to_owned(),
        update_info: Some(UpdateNamespaceInfo { description: "new".to_owned(), ..Default::default() }),
        config: Some(NamespaceConfig {
            workflow_execution_retention_ttl: Some(Duration { seconds: 7200, nanos: 0 }),
            ..NamespaceConfig::default()
        }),
        ..UpdateNamespaceRequest::default()
    };
    let response = fake.gateway().update_namespace(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.namespace_info.unwrap().description, "new");
    let Cluster::UpdateNamespace(command) = cluster_command(&fake) else { panic!("no update") };
    assert_eq!((command.description.as_deref(), command.owner_email), (Some("new"), None));
    assert_eq!(command.retention.unwrap().seconds, 7200);
}

#[tokio::test]
async fn a_namespace_is_not_registered_again_by_an_update() {
    let request = UpdateNamespaceRequest {
        namespace: "old".to_owned(),
        update_info: Some(UpdateNamespaceInfo { state: Lifecycle::Registered as i32, ..Default::default() }),
        ..UpdateNamespaceRequest::default()
    };
    let result = Fake::new().gateway().update_namespace(Request::new(request)).await;
    assert_eq!(said(result), (Code::InvalidArgument, "Invalid namespace state update.".to_owned()));
}

fn protecting(fake: &Fake, names: &[&str]) -> Gateway<Fake, Fake> {
    let protected_namespaces = names.iter().map(|name| (*name).to_owned()).collect();
    Gateway::new(Arc::new(fake.clone()), fake.clone(), Config { protected_namespaces, ..Config::default() })
}

#[tokio::test]
async fn a_namespace_is_deleted_by_name_or_id_and_answered_with_its_new_name() {
    for (namespace, id) in [("old", ""), ("", "id-of-old")] {
        let fake = Fake::new();
        let state = fake.with(|state| state.namespaces["old"].clone());
        let renamed = NamespaceState { name: "old-deleted-id-of".to_owned(), ..state };
        fake.with(|state| state.replies.push_back(Ok(Reply::Cluster(klamm_cluster::Answer::Namespace(Box::new(renamed))))));
        let request = DeleteNamespaceRequest {
            namespace: namespace.to_owned(),
            namespace_id: id.to_owned(),
            namespace_delete_delay: Some(Duration { seconds: 5, nanos: 0 }),
        };
        let answer = protecting(&fake, &["default"]).delete_namespace(Request::new(request)).await.unwrap().into_inner();
        assert_eq!(answer.deleted_namespace, "old-deleted-id-of");
        let Cluster::DeleteNamespace(command) = cluster_command(&fake) else { panic!("no deletion") };
        assert_eq!((command.name.as_str(), command.id.as_str(), command.delay.unwrap().seconds), ("old", "id-of-old", 5));
        assert!(!command.only_marks);
    }
}

#[tokio::test]
async fn what_must_not_be_deleted_is_refused() {
    let fake = Fake::new();
    let gateway = protecting(&fake, &["default"]);
    let long = "n".repeat(1001);
    for (namespace, id, code, message) in [
        ("", "", Code::InvalidArgument, "Namespace not set on request."),
        ("old", "id-of-old", Code::InvalidArgument, "Only one of namespace name or Id should be set on request."),
        (long.as_str(), "", Code::InvalidArgument, "Namespace length exceeds limit."),
        ("x", "", Code::NotFound, "Namespace x is not found."),
        ("", "y", Code::NotFound, "Namespace y is not found."),
        ("temporal-system", "", Code::FailedPrecondition, "unable to delete system namespace"),
        ("", "32049b68-7872-4094-8e63-d0dd59896a83", Code::FailedPrecondition, "unable to delete system namespace"),
        ("default", "", Code::FailedPrecondition, "namespace default is protected from deletion"),
        ("", "id-of-default", Code::FailedPrecondition, "namespace default is protected from deletion"),
    ] {
        let request = DeleteNamespaceRequest { namespace: namespace.to_owned(), namespace_id: id.to_owned(), namespace_delete_delay: None };
        assert_eq!(said(gateway.delete_namespace(Request::new(request)).await), (code, message.to_owned()));
    }
    assert!(fake.with(|state| state.commands.is_empty()));
}

#[tokio::test]
async fn a_deleted_namespace_is_shown_but_not_used() {
    let fake = Fake::new();
    fake.with(|state| {
        let deleted = NamespaceState { state: Lifecycle::Deleted as i32, ..state.namespaces["old"].clone() };
        state.namespaces.insert("old".to_owned(), deleted);
    });
    let gateway = fake.gateway();
    let describe = DescribeNamespaceRequest { namespace: "old".to_owned(), ..DescribeNamespaceRequest::default() };
    let described = gateway.describe_namespace(Request::new(describe)).await.unwrap().into_inner();
    assert_eq!(described.namespace_info.unwrap().state, Lifecycle::Deleted as i32);
    for (include_deleted, count) in [(false, 1), (true, 2)] {
        let filter = NamespaceFilter { include_deleted };
        let request = ListNamespacesRequest { namespace_filter: Some(filter), ..ListNamespacesRequest::default() };
        assert_eq!(gateway.list_namespaces(Request::new(request)).await.unwrap().into_inner().namespaces.len(), count);
    }
    let update = UpdateNamespaceRequest { namespace: "old".to_owned(), ..UpdateNamespaceRequest::default() };
    let (code, message) = said(gateway.update_namespace(Request::new(update)).await);
    assert_eq!(code, Code::FailedPrecondition, "{message}");
    let list = ListWorkflowExecutionsRequest { namespace: "old".to_owned(), ..ListWorkflowExecutionsRequest::default() };
    assert_eq!(said(gateway.list_workflow_executions(Request::new(list)).await).0, Code::FailedPrecondition);
}

#[tokio::test]
async fn an_update_can_mark_a_namespace_as_deleted() {
    let fake = Fake::new();
    updated(&fake, "old");
    updated(&fake, "old");
    let request = UpdateNamespaceRequest {
        namespace: "old".to_owned(),
        update_info: Some(UpdateNamespaceInfo { state: Lifecycle::Deleted as i32, ..Default::default() }),
        ..UpdateNamespaceRequest::default()
    };
    let answer = fake.gateway().update_namespace(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(answer.namespace_info.unwrap().state, Lifecycle::Deleted as i32);
    let (Cluster::UpdateNamespace(_), Cluster::DeleteNamespace(command)) = (cluster_command(&fake), cluster_command(&fake)) else {
        panic!("no deletion")
    };
    assert!(command.only_marks);
}

#[tokio::test]
async fn search_attributes_are_added_once_and_reserved_names_refused() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let add = |names: &[(&str, IndexedValueType)]| {
        gateway.add_search_attributes(Request::new(AddSearchAttributesRequest {
            namespace: "default".to_owned(),
            search_attributes: names.iter().map(|(name, kind)| ((*name).to_owned(), *kind as i32)).collect(),
        }))
    };
    // `Name` exists: nothing is left to add.
    add(&[("Name", IndexedValueType::Keyword)]).await.unwrap();
    assert!(fake.with(|state| state.commands.is_empty()));

    fake.with(|state| state.replies.push_back(Ok(Reply::Cluster(klamm_cluster::Answer::Empty))));
    add(&[("Name", IndexedValueType::Keyword), ("Amount", IndexedValueType::Double)]).await.unwrap();
    let Cluster::AddSearchAttributes(command) = cluster_command(&fake) else { panic!("no addition") };
    assert_eq!(command.search_attributes.keys().collect::<Vec<_>>(), ["Amount"]);

    for (names, message) in [
        (vec![], "SearchAttributes are not set on request."),
        (vec![("WorkflowId", IndexedValueType::Keyword)], "Search attribute WorkflowId is reserved by system."),
        (vec![("TemporalFoo", IndexedValueType::Keyword)], "Search attribute TemporalFoo is reserved by system."),
        (vec![("Memo", IndexedValueType::Keyword)], "Search attribute Memo is reserved by system."),
        (
            vec![("Foo", IndexedValueType::Unspecified)],
            "Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified.",
        ),
    ] {
        assert_eq!(said(add(&names).await), (Code::InvalidArgument, message.to_owned()));
    }
}

#[tokio::test]
async fn search_attributes_are_listed() {
    let request = ListSearchAttributesRequest { namespace: "default".to_owned() };
    let response = Fake::new().gateway().list_search_attributes(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.custom_attributes, [("Name".to_owned(), 2)].into());
    assert_eq!(response.system_attributes["WorkflowType"], IndexedValueType::Keyword as i32);
    assert_eq!(response.system_attributes["TemporalChangeVersion"], IndexedValueType::KeywordList as i32);
}

#[tokio::test]
async fn the_server_says_which_temporal_it_is() {
    let gateway = Fake::new().gateway();
    let system = gateway.get_system_info(Request::new(GetSystemInfoRequest {})).await.unwrap().into_inner();
    assert_eq!(system.server_version, "1.32.0");
    assert!(system.capabilities.unwrap().count_group_by_execution_status);
    let cluster = gateway.get_cluster_info(Request::new(GetClusterInfoRequest {})).await.unwrap().into_inner();
    assert_eq!((cluster.server_version.as_str(), cluster.cluster_name.as_str()), ("1.32.0", "active"));
    assert_eq!(cluster.supported_clients["temporal-cli"], "<2.0.0");
}

#[tokio::test]
#[allow(deprecated, reason = "clients still ask in the older modes")]
async fn task_queues_are_described_in_the_old_and_the_enhanced_way() {
    let gateway = Fake::new().gateway();
    let request = DescribeTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        report_stats: true,
        ..DescribeTaskQueueRequest::default()
    };
    let describe = async |request| gateway.describe_task_queue(Request::new(request)).await.unwrap().into_inner();
    let activity = DescribeTaskQueueRequest { task_queue_type: TaskQueueType::Activity as i32, ..request.clone() };
    assert_eq!(describe(activity).await.stats.unwrap().approximate_backlog_count, 8);
    assert_eq!(describe(request.clone()).await.stats.unwrap().approximate_backlog_count, 7);

    let enhanced = describe(DescribeTaskQueueRequest { api_mode: 1, ..request.clone() }).await;
    let unversioned = &enhanced.versions_info[""];
    for (kind, backlog) in [(TaskQueueType::Workflow, 7), (TaskQueueType::Activity, 8)] {
        let stats = unversioned.types_info[&(kind as i32)].stats.as_ref().unwrap();
        assert_eq!(stats.approximate_backlog_count, backlog);
    }
    let versions = TaskQueueVersionSelection { build_ids: vec!["b".to_owned()], ..TaskQueueVersionSelection::default() };
    let request = DescribeTaskQueueRequest { api_mode: 1, versions: Some(versions), report_task_reachability: true, ..request };
    let versions = describe(request).await.versions_info;
    assert_eq!(versions.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(versions["b"].task_reachability(), BuildIdTaskReachability::Unreachable);
    assert_eq!(versions["b"].types_info[&1].stats.as_ref().unwrap().approximate_backlog_count, 0);
}
