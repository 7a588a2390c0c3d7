//! Tests the server over a real socket, with tonic's own clients.

use klamm_api::workflowservice::v1::{
    DescribeNamespaceRequest, GetSystemInfoRequest, SignalWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
};
use klamm_messages::temporal::{
    common::v1::{Payload, Payloads},
    namespace::v1::namespace_info,
};
use tokio::sync::oneshot;
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus as Status, health_client::HealthClient};

use super::*;
use crate::tests::fake::Fake;

/// A server and how to stop it.
async fn served() -> (String, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let routes = routes(Arc::new(Fake::new().gateway()), |_| {}).await.unwrap();
    let server = tokio::spawn(serve(routes, listener, Room::new(100, 1 << 28), Settings::default(), shutdown));
    (address, stop, server)
}

#[tokio::test]
async fn health_and_system_info_are_answered() {
    let (address, stop, server) = served().await;
    let channel = Endpoint::from_shared(address.clone()).unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel);
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
    server.await.unwrap();
}

#[tokio::test]
async fn every_service_takes_gzip_and_answers_as_it_was_asked() {
    use klamm_api::operatorservice::v1::{ListClustersRequest, operator_service_client::OperatorServiceClient};
    use tonic_reflection::pb::{v1, v1alpha};
    let (address, _stop, _server) = served().await;
    let channel = tonic::transport::Endpoint::from_shared(address).unwrap().connect().await.unwrap();

    let mut health = HealthClient::new(channel.clone()).send_compressed(Gzip).accept_compressed(Gzip);
    let checked = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(checked.metadata().get("grpc-encoding").unwrap(), "gzip");
    assert_eq!(checked.into_inner().status, Status::Serving as i32);

    let mut workflow = WorkflowServiceClient::new(channel.clone()).send_compressed(Gzip).accept_compressed(Gzip);
    let info = workflow.get_system_info(GetSystemInfoRequest {}).await.unwrap();
    assert_eq!(info.metadata().get("grpc-encoding").unwrap(), "gzip");
    let mut operator = OperatorServiceClient::new(channel.clone()).send_compressed(Gzip).accept_compressed(Gzip);
    operator.list_clusters(ListClustersRequest::default()).await.unwrap();

    let ask = v1::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1::ServerReflectionRequest { message_request: Some(ask), ..Default::default() };
    let reflection = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let mut reflection = reflection.send_compressed(Gzip).accept_compressed(Gzip);
    let mut answers = reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().unwrap().message_response.is_some());
    let ask = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest { message_request: Some(ask), ..Default::default() };
    let reflection = v1alpha::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let mut reflection = reflection.send_compressed(Gzip).accept_compressed(Gzip);
    let mut answers = reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().unwrap().message_response.is_some());

    // A client that could read compressed answers but does not compress its requests gets a plain answer.
    let mut plain = WorkflowServiceClient::new(channel).accept_compressed(Gzip);
    let info = plain.get_system_info(GetSystemInfoRequest {}).await.unwrap();
    assert!(info.metadata().get("grpc-encoding").is_none());
}

#[tokio::test]
async fn no_capability_is_advertised_that_is_not_acted_on() {
    let (address, _stop, _server) = served().await;
    let mut client = WorkflowServiceClient::connect(address).await.unwrap();
    let capabilities = client.get_system_info(GetSystemInfoRequest {}).await.unwrap().into_inner().capabilities.unwrap();
    assert!(capabilities.eager_workflow_start && !capabilities.nexus && !capabilities.server_scaled_deployments);
    let request = DescribeNamespaceRequest { namespace: "default".to_owned(), ..Default::default() };
    let info = client.describe_namespace(request).await.unwrap().into_inner().namespace_info.unwrap();
    let capabilities = namespace_info::Capabilities {
        eager_workflow_start: true,
        sync_update: true,
        async_update: true,
        workflow_pause: true,
        worker_heartbeats: true,
        ..Default::default()
    };
    assert_eq!(info.capabilities, Some(capabilities));
    assert_eq!(info.limits.unwrap().workflow_task_completion_size_limit_error, 4 << 20);
}

#[tokio::test]
async fn a_message_beyond_the_limit_once_decompressed_is_refused_as_gos_grpc_does() {
    let (address, _stop, _server) = served().await;
    let mut client = WorkflowServiceClient::connect(address).await.unwrap().send_compressed(Gzip);
    let payload = Payload { data: vec![0; 5 * 1024 * 1024].into(), ..Payload::default() };
    let request =
        SignalWorkflowExecutionRequest { input: Some(Payloads { payloads: vec![payload] }), ..SignalWorkflowExecutionRequest::default() };
    let status = client.signal_workflow_execution(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::ResourceExhausted, "grpc: received message after decompression larger than max 4194304")
    );
}

#[tokio::test]
async fn a_call_ends_at_its_callers_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let never = axum::Router::new().fallback(std::future::pending::<()>);
    let room = Room::new(100, 1 << 28);
    tokio::spawn(serve(Routes::from(never), listener, room, Settings::default(), std::future::pending()));
    // No gRPC client is used here, because it would end the call by its own clock.
    let io = hyper_util::rt::TokioIo::new(tokio::net::TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://{address}/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "20m")
        .body("\0\0\0\0\0".to_owned())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("grpc-status"), header("grpc-message")), ("4".to_owned(), "context%20deadline%20exceeded".to_owned()));
}

/// For bodies that are no message of the call, tonic and prost answer Internal. Clients take that for a fault of the server.
#[tokio::test]
async fn bodies_that_cannot_be_read_are_invalid_arguments() {
    let (address, _stop, _server) = served().await;
    let channel = tonic::transport::Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    // A field of another wire type, a varint without end, a length beyond the end, and messages that are nested too deeply.
    let deep = (0..120).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut message = vec![0x22];
        prost::encoding::encode_varint(inner.len() as u64, &mut message);
        [message, inner].concat()
    });
    let failed = [vec![0x12], vec![deep.len() as u8 | 0x80, (deep.len() >> 7) as u8], deep].concat();
    for (method, body) in [
        ("SignalWorkflowExecution", vec![0x08, 0x01]),
        ("SignalWorkflowExecution", vec![0xff; 12]),
        ("SignalWorkflowExecution", vec![0x0a, 0x7f, b'x']),
        ("SignalWorkflowExecution", vec![0x0a, 0x01, 0xff]),
        ("RespondActivityTaskFailed", failed),
    ] {
        let path = format!("/{WORKFLOW_SERVICE}/{method}").parse().unwrap();
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.unwrap();
        let answer: Result<tonic::Response<Vec<u8>>, tonic::Status> = client.unary(tonic::Request::new(body.clone()), path, RawCodec).await;
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{method} {body:x?}: {status}");
        assert!(status.message().starts_with("The request cannot be read: failed to decode Protobuf message: "), "{status}");
    }
}

/// A codec that passes bytes through.
struct RawCodec;

impl tonic::codec::Codec for RawCodec {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl tonic::codec::Encoder for RawCodec {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put_slice(buffer, &item);
        Ok(())
    }
}

impl tonic::codec::Decoder for RawCodec {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<Vec<u8>>, tonic::Status> {
        use bytes::Buf;
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}
