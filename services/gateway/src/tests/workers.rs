//! The list of workers, and what a worker's goodbye does.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::{Goodbye, TaskQueueSide};
use klamm_messages::temporal::{
    enums::v1::{TaskQueueType, WorkerStatus},
    worker::v1::{WorkerHeartbeat, WorkerHostInfo},
};
use tonic::{Code, Request, Status};

use super::fake::Fake;
use crate::Gateway;

const NAMESPACE: &str = "default";

fn worker(key: &str, task_queue: &str) -> WorkerHeartbeat {
    WorkerHeartbeat {
        worker_instance_key: key.to_owned(),
        task_queue: task_queue.to_owned(),
        host_info: Some(WorkerHostInfo { host_name: "host".to_owned(), process_id: "17".to_owned(), ..WorkerHostInfo::default() }),
        status: WorkerStatus::Running as i32,
        ..WorkerHeartbeat::default()
    }
}

async fn record(gateway: &Gateway<Fake, Fake>, worker_heartbeat: Vec<WorkerHeartbeat>) {
    let request = RecordWorkerHeartbeatRequest { namespace: NAMESPACE.to_owned(), worker_heartbeat, ..Default::default() };
    gateway.record_worker_heartbeat(Request::new(request)).await.unwrap();
}

async fn list(gateway: &Gateway<Fake, Fake>, query: &str, page_size: i32, token: &[u8]) -> Result<(Vec<String>, Vec<u8>), Status> {
    let request = ListWorkersRequest {
        namespace: NAMESPACE.to_owned(),
        page_size,
        next_page_token: token.to_vec().into(),
        query: query.to_owned(),
        ..ListWorkersRequest::default()
    };
    let answer = gateway.list_workers(Request::new(request)).await?.into_inner();
    let keys: Vec<_> = answer.workers.into_iter().map(|worker| worker.worker_instance_key).collect();
    #[allow(deprecated, reason = "older clients read it")]
    let old_keys = answer.workers_info.into_iter().filter_map(|info| info.worker_heartbeat).map(|worker| worker.worker_instance_key);
    assert!(old_keys.eq(keys.iter().cloned()));
    Ok((keys, answer.next_page_token.to_vec()))
}

async fn count(gateway: &Gateway<Fake, Fake>, query: &str) -> Result<i64, Status> {
    let request = CountWorkersRequest { namespace: NAMESPACE.to_owned(), query: query.to_owned(), ..Default::default() };
    Ok(gateway.count_workers(Request::new(request)).await?.into_inner().count)
}

async fn describe(gateway: &Gateway<Fake, Fake>, key: &str) -> Result<WorkerHeartbeat, Status> {
    let request = DescribeWorkerRequest { namespace: NAMESPACE.to_owned(), worker_instance_key: key.to_owned() };
    let answer = gateway.describe_worker(Request::new(request)).await?.into_inner();
    Ok(answer.worker_info.unwrap().worker_heartbeat.unwrap())
}

fn told(status: &Status) -> (Code, &str) {
    (status.code(), status.message())
}

#[tokio::test]
async fn workers_are_listed_counted_and_described() {
    let gateway = Fake::new().gateway();
    assert_eq!(list(&gateway, "", 0, b"no token").await.unwrap(), (vec![], vec![]));
    assert_eq!(told(&describe(&gateway, "a").await.unwrap_err()), (Code::NotFound, "Namespace id-of-default is not found."));
    record(&gateway, vec![worker("b", "orders"), worker("a", "mail"), worker("c", "orders")]).await;
    assert_eq!(list(&gateway, "", 0, b"").await.unwrap().0, ["a", "b", "c"]);
    assert_eq!(list(&gateway, "TaskQueue = 'orders' AND HostName = 'host'", 0, b"").await.unwrap().0, ["b", "c"]);
    assert_eq!(count(&gateway, "TaskQueue = 'orders'").await.unwrap(), 2);
    assert_eq!(describe(&gateway, "b").await.unwrap(), worker("b", "orders"));
    assert_eq!(told(&describe(&gateway, "d").await.unwrap_err()), (Code::NotFound, "Worker d not found"));
}

#[tokio::test]
async fn pages_follow_the_keys() {
    let gateway = Fake::new().gateway();
    record(&gateway, ["c", "a", "e", "b", "d"].map(|key| worker(key, "orders")).into()).await;
    let (first, token) = list(&gateway, "", 2, b"").await.unwrap();
    assert_eq!((first, token.as_slice()), (vec!["a".to_owned(), "b".to_owned()], br#"{"l":"b"}"#.as_slice()));
    // A worker that is gone does not stop the reader.
    record(&gateway, vec![WorkerHeartbeat { status: WorkerStatus::Shutdown as i32, ..worker("b", "orders") }]).await;
    let (second, token) = list(&gateway, "", 2, &token).await.unwrap();
    assert_eq!(second, ["c", "d"]);
    assert_eq!(list(&gateway, "", 2, &token).await.unwrap(), (vec!["e".to_owned()], vec![]));
    assert_eq!(told(&list(&gateway, "", 2, b"?").await.unwrap_err()), (Code::InvalidArgument, "invalid next_page_token"));
}

#[tokio::test]
async fn a_page_does_not_exceed_what_clients_take() {
    let gateway = Fake::new().gateway();
    let large = |key: &str| WorkerHeartbeat { sdk_name: "x".repeat(900_000), ..worker(key, "orders") };
    record(&gateway, ["a", "b", "c"].map(large).into()).await;
    let (first, token) = list(&gateway, "", 0, b"").await.unwrap();
    assert_eq!((first, token.as_slice()), (vec!["a".to_owned()], br#"{"l":"a"}"#.as_slice()));
    assert_eq!(list(&gateway, "", 0, &token).await.unwrap().0, ["b"]);
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let gateway = Fake::new().gateway();
    let wrong = "malformed query: syntax error at position 39";
    assert_eq!(told(&list(&gateway, "TaskQueue =", 0, b"").await.unwrap_err()), (Code::InvalidArgument, wrong));
    assert_eq!(told(&count(&gateway, "TaskQueue =").await.unwrap_err()), (Code::InvalidArgument, wrong));
}

#[tokio::test]
async fn commands_to_workers_are_off() {
    let gateway = Fake::new().gateway();
    let fetch = gateway.fetch_worker_config(Request::new(FetchWorkerConfigRequest::default())).await.unwrap_err();
    assert_eq!(told(&fetch), (Code::Unimplemented, "FetchWorkerConfig command is not enabled."));
    let update = gateway.update_worker_config(Request::new(UpdateWorkerConfigRequest::default())).await.unwrap_err();
    assert_eq!(told(&update), (Code::Unimplemented, "UpdateWorkerConfig command is not enabled."));
}

#[tokio::test]
async fn a_goodbye_notes_the_last_heartbeat_and_ends_polls() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    record(&gateway, vec![worker("a", "orders")]).await;
    let request = ShutdownWorkerRequest {
        namespace: NAMESPACE.to_owned(),
        sticky_task_queue: "sticky".to_owned(),
        identity: "me".to_owned(),
        worker_instance_key: "a".to_owned(),
        task_queue: "orders".to_owned(),
        worker_heartbeat: Some(WorkerHeartbeat { status: WorkerStatus::Shutdown as i32, ..worker("a", "orders") }),
        ..ShutdownWorkerRequest::default()
    };
    let activities_only =
        ShutdownWorkerRequest { task_queue_types: vec![TaskQueueType::Activity as i32], worker_heartbeat: None, ..request.clone() };
    for request in [request, activities_only] {
        gateway.shutdown_worker(Request::new(request)).await.unwrap();
    }
    assert_eq!(count(&gateway, "").await.unwrap(), 0);
    let goodbye = |sides: &[TaskQueueSide]| Goodbye {
        namespace: NAMESPACE.to_owned(),
        sticky_task_queue: "sticky".to_owned(),
        worker_instance_key: "a".to_owned(),
        identity: "me".to_owned(),
        task_queue: "orders".to_owned(),
        sides: sides.to_vec(),
    };
    let both = [TaskQueueSide::Workflow, TaskQueueSide::Activity];
    assert_eq!(fake.with(|state| state.goodbyes.clone()), [goodbye(&both), goodbye(&[TaskQueueSide::Activity])]);
}
