//! What a service has to be that is served on connections.

use std::{convert::Infallible, error::Error};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::Received;

/// A body that a connection carries to its client.
pub trait Carried: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static {}

impl<B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static> Carried for B {}

/// A service that answers every request: what goes wrong is an answer too. Each connection has a clone of it.
pub trait Answers:
    Service<Request<Received>, Response = Response<Self::Body>, Error = Infallible, Future: Send + 'static> + Clone + Send + 'static
{
    /// The answers' body.
    type Body: Carried;
}

impl<S, B: Carried> Answers for S
where
    S: Service<Request<Received>, Response = Response<B>, Error = Infallible, Future: Send + 'static> + Clone + Send + 'static,
{
    type Body = B;
}

/// Makes the answer instead of one that would be too much.
pub trait Refuses<B>: Fn() -> Response<B> + Clone + Send + 'static {}

impl<R: Fn() -> Response<B> + Clone + Send + 'static, B> Refuses<B> for R {}
