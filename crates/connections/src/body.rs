//! Bodies of requests and answers, counted in the connection's [`Ledger`](crate::ledger::Ledger).

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::ledger::{Call, Ledger, Unfinished};

/// Extension of a response whose body does not know its size. It says how many bytes the body holds in memory until the client has read
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerBytes(pub usize);

/// Error: a client has sent too many bytes of requests that are not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch;

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many bytes of unfinished requests are on their way to this server; try again later")
    }
}

impl std::error::Error for TooMuch {}

/// The body of a request. The bytes that have come count until the service drops the body.
#[derive(Debug)]
pub struct Received {
    incoming: Incoming,
    unfinished: Unfinished,
}

impl Received {
    pub(crate) fn new(incoming: Incoming, ledger: Arc<Ledger>) -> Self {
        Self { incoming, unfinished: Unfinished::new(ledger) }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.incoming).poll_frame(context)) else { return Poll::Ready(None) };
        let bytes = frame.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len);
        if bytes > 0 && !self.unfinished.received(bytes) {
            return Poll::Ready(Some(Err(TooMuch.into())));
        }
        Poll::Ready(Some(frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

pin_project_lite::pin_project! {
    /// The body of an answer. Until the transport has handed the last bytes to the socket, the call is under way and its bytes are unread.
    #[derive(Debug)]
    pub struct Answer<B> {
        #[pin]
        inner: B,
        call: Arc<Call>,
    }
}

impl<B> Answer<B> {
    pub(crate) fn new(inner: B, call: Call) -> Self {
        Self { inner, call: Arc::new(call) }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = Unread<B::Data>;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, B::Error>>> {
        let this = self.project();
        let call: &Arc<Call> = this.call;
        this.inner.poll_frame(context).map_ok(|frame| frame.map_data(|data| Unread { data, _call: call.clone() }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A part of an answer. HTTP/2 takes the part whole, drops the body, and keeps the part until the client has room for it. So the part holds
/// the call, too.
#[derive(Debug)]
pub struct Unread<D> {
    data: D,
    _call: Arc<Call>,
}

impl<D: Buf> Buf for Unread<D> {
    fn remaining(&self) -> usize {
        self.data.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.data.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        self.data.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.data.advance(count);
    }
}
