//! The gRPC server: all services on one listener.

use std::{future::Future, sync::Arc, time::Duration};

use klamm_api::{
    FILE_DESCRIPTOR_SET, operatorservice::v1::operator_service_server::OperatorServiceServer,
    workflowservice::v1::workflow_service_server::WorkflowServiceServer,
};
use klamm_processor::Backend;
use tokio::net::TcpListener;
use tonic::{
    codec::CompressionEncoding,
    service::{Routes, RoutesBuilder},
    transport::{Server, server::TcpIncoming},
};
use tonic_health::ServingStatus;

use crate::{gateway::Gateway, message_size::MessageSizeLayer, visibility::VisibilityQueries};

/// Name under which health checks ask for Temporal's frontend.
const WORKFLOW_SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";
/// Streams of one connection: a worker parks hundreds of polls on it.
const STREAMS_MAX: u32 = 10_000;
/// Streams that a client may reset before they are looked at: a worker that stops cancels all its polls at once.
const RESETS_MAX: usize = 10_000;
/// Flow-control windows, large enough for 4 MiB messages on loopback without stalls.
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// See above; of a whole connection.
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;
/// How often an idle connection is asked whether it lives, and how long it has to answer.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
/// See above.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// The gateway with health checks, reflection and more services: `add` gets the builder (klamm's own Inspect is added so).
///
/// `Err`: the descriptors are not ones (a bug).
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
            WorkflowServiceServer::from_arc(gateway.clone()).max_decoding_message_size(limit).accept_compressed(CompressionEncoding::Gzip),
        )
        .add_service(OperatorServiceServer::from_arc(gateway).max_decoding_message_size(limit).accept_compressed(CompressionEncoding::Gzip))
        .add_service(health_service)
        .add_service(reflection()?.build_v1()?)
        .add_service(reflection()?.build_v1alpha()?);
    add(&mut routes);
    Ok(routes.routes())
}

/// Serves routes on a listener, until `shutdown` ends; then goes on until the calls under way are answered (long polls of workers end
/// at their deadlines: the caller bounds the wait).
///
/// `Err`: the listener failed.
pub async fn serve(routes: Routes, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_pending_accept_reset_streams(Some(RESETS_MAX))
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .layer(MessageSizeLayer)
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), shutdown)
        .await?;
    Ok(())
}

fn reflection() -> Result<tonic_reflection::server::Builder<'static>, ServeError> {
    Ok(tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET))
}

/// Why serving ended otherwise than asked.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("serving gRPC: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The services' descriptors cannot be shown.
    #[error("server reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
