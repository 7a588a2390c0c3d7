//! Over a real socket, with tonic's own clients.

use klamm_messages::temporal::common::v1::{Payload, Payloads};
use klamm_messages::temporalio_protos::{
    grpc::health::v1::{HealthCheckRequest, health_check_response::ServingStatus as Status, health_client::HealthClient},
    temporal::api::workflowservice::v1::{
        GetSystemInfoRequest, SignalWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
    },
};
use tokio::sync::oneshot;
use tonic::Code;

use super::*;
use crate::tests::fake::Fake;

/// A server and how to stop it.
async fn served() -> (String, oneshot::Sender<()>, tokio::task::JoinHandle<Result<(), ServeError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let routes = routes(Arc::new(Fake::new().gateway()), |_| {}).await.unwrap();
    let server = tokio::spawn(serve(routes, listener, shutdown));
    (address, stop, server)
}

#[tokio::test]
async fn health_and_system_info_are_answered() {
    let (address, stop, server) = served().await;
    let mut health = HealthClient::connect(address.clone()).await.unwrap();
    for service in ["", WORKFLOW_SERVICE] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(health.check(request).await.unwrap().into_inner().status, Status::Serving as i32, "{service:?}");
    }
    let unknown = health.check(HealthCheckRequest { service: "none".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    let mut client = WorkflowServiceClient::connect(address).await.unwrap();
    let info = client.get_system_info(GetSystemInfoRequest {}).await.unwrap().into_inner();
    assert_eq!(info.server_version, crate::versions::SERVER_VERSION);

    drop((health, client));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused_as_gos_grpc_does() {
    let (address, _stop, _server) = served().await;
    let mut client = WorkflowServiceClient::connect(address).await.unwrap();
    let payload = Payload { data: vec![0; 5 * 1024 * 1024], ..Payload::default() };
    let request =
        SignalWorkflowExecutionRequest { input: Some(Payloads { payloads: vec![payload] }), ..SignalWorkflowExecutionRequest::default() };
    let status = client.signal_workflow_execution(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().starts_with("grpc: received message larger than max ("), "{}", status.message());
    assert!(status.message().ends_with(" vs. 4194304)"), "{}", status.message());
}

#[tokio::test]
async fn a_refusal_arrives_with_its_detail() {
    let (address, _stop, _server) = served().await;
    let mut client = WorkflowServiceClient::connect(address).await.unwrap();
    let request = SignalWorkflowExecutionRequest { namespace: "nowhere".to_owned(), ..Default::default() };
    let status = client.signal_workflow_execution(request).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "Namespace nowhere is not found."));
    assert!(!status.details().is_empty());
}
