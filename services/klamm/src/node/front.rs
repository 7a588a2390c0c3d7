//! Answers gRPC. This process answers if it owns the partitions. Otherwise calls are forwarded to the owner as they are.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::http::{HeaderValue, Request, Response};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{
    Status,
    body::Body,
    codegen::Service,
    service::Routes,
    transport::{Channel, Endpoint},
};

use crate::{config::Inspect, inspect::access};

/// Header of a call that was forwarded. Such a call is not forwarded again.
const FORWARDED: &str = "klamm-forwarded";
/// How long a call waits for a process that can answer, before it is answered Unavailable.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the owner's connection is checked while calls are under way, and how long the owner has to answer the check.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// HTTP/2's flow-control window of a stream, as in the gateway.
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// HTTP/2's flow-control window of a whole connection.
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// Who answers.
#[derive(Clone)]
pub enum Role {
    /// This process.
    Here(Routes),
    /// The owner.
    There(There),
    /// Nobody for now, with the reason.
    Nobody(String),
}

/// Another process.
#[derive(Clone)]
pub struct There {
    address: String,
    channel: Channel,
    /// Cancelled when that process no longer owns the partitions. Then calls that wait for its answers end.
    gone: CancellationToken,
}

/// The gRPC service of a process. Clones share one role.
#[derive(Clone)]
pub struct Front {
    role: Arc<watch::Sender<Role>>,
    inspect: Inspect,
}

impl Front {
    /// A front that cannot answer yet, because of `reason`. `inspect` says which clients' calls of klamm's own service are forwarded.
    pub fn new(reason: &str, inspect: Inspect) -> Self {
        Self { role: Arc::new(watch::Sender::new(Role::Nobody(reason.to_owned()))), inspect }
    }

    /// Another role answers from now on.
    pub fn set(&self, role: Role) {
        if let Role::There(there) = self.role.send_replace(role) {
            there.gone.cancel();
        }
    }

    /// The process at this address answers from now on.
    pub fn forward_to(&self, address: &str) {
        if matches!(&*self.role.borrow(), Role::There(there) if there.address == address) {
            return;
        }
        match Endpoint::from_shared(format!("http://{address}")) {
            Ok(endpoint) => {
                tracing::info!(owner = address, "this process stands by: it folds the topics, and forwards calls to the owner");
                let channel = endpoint
                    .connect_timeout(Duration::from_secs(2))
                    .tcp_nodelay(true)
                    .http2_keep_alive_interval(KEEPALIVE)
                    .keep_alive_timeout(KEEPALIVE)
                    .initial_stream_window_size(STREAM_WINDOW_BYTES)
                    .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
                    .connect_lazy();
                self.set(Role::There(There { address: address.to_owned(), channel, gone: CancellationToken::new() }));
            }
            Err(error) => self.set(Role::Nobody(format!("The owner's address {address} is not valid: {error}"))),
        }
    }

    /// The role of this process, in words.
    pub fn standing(&self) -> String {
        match &*self.role.borrow() {
            Role::Here(_) => "it owns the partitions".to_owned(),
            Role::There(there) => format!("it stands by, and forwards calls to the owner at {}", there.address),
            Role::Nobody(_) => "nobody owns the partitions".to_owned(),
        }
    }

    async fn answer(self, mut request: Request<axum::body::Body>) -> Response<Body> {
        let forwarded = request.headers().contains_key(FORWARDED);
        let mut roles = self.role.subscribe();
        let able = |role: &Role| match role {
            Role::Here(_) => true,
            Role::There(_) => !forwarded,
            Role::Nobody(_) => false,
        };
        let role = match tokio::time::timeout(PATIENCE, roles.wait_for(able)).await {
            Ok(Ok(role)) => role.clone(),
            _ => self.role.borrow().clone(),
        };
        match role {
            Role::Here(mut routes) => match routes.call(request).await {
                Ok(response) => response,
                Err(impossible) => match impossible {},
            },
            Role::There(there) if !forwarded => {
                // This must be checked here, because the owner sees this process as the client.
                if access::is_inspect(request.uri().path())
                    && let Err(denied) = access::check(self.inspect, request.extensions())
                {
                    return denied.into_http();
                }
                request.headers_mut().insert(FORWARDED, HeaderValue::from_static("1"));
                there.call(request.map(Body::new)).await
            }
            Role::There(_) => unavailable("The process that owned the partitions does not own them any more; try again."),
            Role::Nobody(reason) => unavailable(&reason),
        }
    }
}

impl There {
    async fn call(self, request: Request<Body>) -> Response<Body> {
        let mut channel = self.channel;
        let forwarded = async {
            std::future::poll_fn(|context| channel.poll_ready(context)).await?;
            channel.call(request).await
        };
        tokio::select! {
            biased;
            response = forwarded => match response {
                Ok(response) => response,
                Err(error) => unavailable(&format!("The owner at {} does not answer: {error}", self.address)),
            },
            () = self.gone.cancelled() => unavailable("The process that owned the partitions does not own them any more; try again."),
        }
    }
}

fn unavailable(reason: &str) -> Response<Body> {
    Status::unavailable(reason).into_http()
}

impl Service<Request<axum::body::Body>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<axum::body::Body>) -> Self::Future {
        let front = self.clone();
        Box::pin(async move { Ok(front.answer(request).await) })
    }
}
