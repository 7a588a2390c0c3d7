//! The gRPC server: all services on one listener.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use klamm_api::{
    FILE_DESCRIPTOR_SET, operatorservice::v1::operator_service_server::OperatorServiceServer,
    workflowservice::v1::workflow_service_server::WorkflowServiceServer,
};
use klamm_backend::Backend;
use klamm_connections::{Protocol, Room, Served, Settings};
use klamm_filters::VisibilityQueries;
use tokio::net::TcpListener;
use tonic::{
    Status,
    body::Body,
    codec::CompressionEncoding::Gzip,
    codegen::{Service, http},
    service::{Routes, RoutesBuilder},
};
use tonic_health::ServingStatus;

use crate::{call, gateway::Gateway, unreadable};

/// Name under which health checks ask for Temporal's frontend.
const WORKFLOW_SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";

/// The gateway with health checks and reflection. `add` gets the builder and can add more services (klamm's own Inspect is added this way).
/// Each service takes requests that are compressed with gzip, and compresses the answers to such clients.
///
/// `Err`: the descriptors cannot be read (a bug).
pub async fn routes<B: Backend, V: VisibilityQueries>(
    gateway: Arc<Gateway<B, V>>,
    add: impl FnOnce(&mut RoutesBuilder),
) -> Result<Routes, ServeError> {
    let limit = gateway.config.limits.message_bytes;
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status(WORKFLOW_SERVICE, ServingStatus::Serving).await;

    let mut routes = RoutesBuilder::default();
    routes
        .add_service(
            WorkflowServiceServer::from_arc(gateway.clone()).max_decoding_message_size(limit).accept_compressed(Gzip).send_compressed(Gzip),
        )
        .add_service(
            OperatorServiceServer::from_arc(gateway).max_decoding_message_size(limit).accept_compressed(Gzip).send_compressed(Gzip),
        )
        .add_service(health_service.accept_compressed(Gzip).send_compressed(Gzip))
        .add_service(reflection().build_v1()?.accept_compressed(Gzip).send_compressed(Gzip))
        .add_service(reflection().build_v1alpha()?.accept_compressed(Gzip).send_compressed(Gzip));
    add(&mut routes);
    Ok(routes.routes())
}

/// Serves routes on a listener until `shutdown` ends. Then goes on until the calls under way are answered. (Long polls of workers end only
/// at their deadlines, so the caller limits this wait.)
pub async fn serve(routes: Routes, listener: TcpListener, room: Room, settings: Settings, shutdown: impl Future<Output = ()>) {
    let refusal = || Status::resource_exhausted("This connection leaves too many bytes of answers unread; read them first.").into_http();
    let served = Served { service: Calls::new(routes), refusal, name: "grpc" };
    klamm_connections::serve(listener, room, Protocol::Http2, settings, served, shutdown).await;
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Answers calls: what is done for every call, whichever service answers it and wherever it comes from.
#[derive(Clone)]
pub struct Calls {
    routes: Routes,
}

impl Calls {
    /// Calls of these routes.
    pub fn new(routes: Routes) -> Self {
        Self { routes: routes.prepare() }
    }
}

impl<B> Service<http::Request<B>> for Calls
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        answer_as_asked(request.headers_mut());
        let timeout = call::timeout(request.headers().get("grpc-timeout").and_then(|header| header.to_str().ok()));
        let answered = self.routes.call(request);
        Box::pin(async move {
            let mut response = match timeout {
                None => answered.await?,
                // The caller has given up, so the call ends. A command that it has appended takes effect.
                Some(timeout) => match tokio::time::timeout(timeout, answered).await {
                    Ok(response) => response?,
                    Err(_) => Status::deadline_exceeded("context deadline exceeded").into_http(),
                },
            };
            unreadable::rewrite(response.headers_mut());
            Ok(response)
        })
    }
}

/// Only clients that compress their requests get compressed answers, as with Go's gRPC. Other clients could read compressed answers, but do
/// not need them, and compressing takes time.
fn answer_as_asked(headers: &mut http::HeaderMap) {
    if headers.get("grpc-encoding").is_none_or(|encoding| encoding.as_bytes() != b"gzip") {
        headers.remove("grpc-accept-encoding");
    }
}

/// Why the services cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The reflection service cannot read the services' descriptors.
    #[error("server reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
