//! A request beyond the message limit, answered as Go's gRPC answers it.
//!
//! SDKs look for ResourceExhausted with this very text to fail the workflow task (cause GRPC_MESSAGE_TOO_LARGE) instead of
//! sending the same again and again; tonic says OutOfRange in words of its own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tonic::{Code, codegen::Service, codegen::http};

/// How tonic begins its message.
const TONIC_MESSAGE: &str = "Error, decoded message length too large: found ";

/// Wraps a service in [`MessageSize`].
#[derive(Debug, Clone, Copy)]
pub struct MessageSizeLayer;

impl<S> tower_layer::Layer<S> for MessageSizeLayer {
    type Service = MessageSize<S>;

    fn layer(&self, inner: S) -> MessageSize<S> {
        MessageSize { inner }
    }
}

/// Rewrites the one status in answers of the inner service.
#[derive(Debug, Clone)]
pub struct MessageSize<S> {
    inner: S,
}

impl<S, Request, Body> Service<Request> for MessageSize<S>
where
    S: Service<Request, Response = http::Response<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Rewritten<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Rewritten { inner: Box::pin(self.inner.call(request)) }
    }
}

/// The answer to come.
#[derive(Debug)]
pub struct Rewritten<F> {
    inner: Pin<Box<F>>,
}

impl<F, Body, E> Future for Rewritten<F>
where
    F: Future<Output = Result<http::Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut result = ready!(self.inner.as_mut().poll(context));
        if let Ok(response) = &mut result {
            rewrite(response.headers_mut());
        }
        Poll::Ready(result)
    }
}

fn rewrite(headers: &mut http::HeaderMap) {
    if headers.get("grpc-status").is_none_or(|code| code.as_bytes() != (Code::OutOfRange as i32).to_string().as_bytes()) {
        return;
    }
    let Some(status) = tonic::Status::from_header_map(headers) else {
        return;
    };
    let Some(sizes) = status.message().strip_prefix(TONIC_MESSAGE) else {
        return;
    };
    let mut numbers = sizes.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty());
    let (found, limit) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
    let message = format!("grpc: received message larger than max ({found} vs. {limit})");
    headers.remove("grpc-status");
    headers.remove("grpc-message");
    // Adding a status fails only for messages that are no header, which digits and this text are not.
    let _ = tonic::Status::resource_exhausted(message).add_header(headers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_that_status_is_rewritten() {
        let header_map = |status: tonic::Status| {
            let mut headers = http::HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            rewrite(&mut headers);
            let status = tonic::Status::from_header_map(&headers).unwrap();
            (status.code(), status.message().to_owned())
        };
        assert_eq!(
            header_map(tonic::Status::out_of_range(
                "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes"
            )),
            (Code::ResourceExhausted, "grpc: received message larger than max (5000000 vs. 4194304)".to_owned())
        );
        assert_eq!(header_map(tonic::Status::out_of_range("other")), (Code::OutOfRange, "other".to_owned()));
        assert_eq!(header_map(tonic::Status::not_found("gone")), (Code::NotFound, "gone".to_owned()));
    }
}
