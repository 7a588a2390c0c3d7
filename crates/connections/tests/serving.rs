//! Over real sockets: clients that are silent, half there, idle, many, or that leave answers unread.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use klamm_connections::{Peer, Protocol, Received, Room, Served, Settings, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
};
use tower_service::Service;

/// Longest time that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// `/now` answers at once, `/wait` once it is told to, `/bytes/N` with so many bytes; a request's body is read first.
#[derive(Clone)]
struct Fake {
    go: watch::Receiver<bool>,
    under_way: Arc<AtomicUsize>,
}

impl Service<Request<Received>> for Fake {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Received>) -> Self::Future {
        let (mut go, under_way) = (self.go.clone(), self.under_way.clone());
        Box::pin(async move {
            assert!(request.extensions().get::<Peer>().expect("a peer").is_loopback());
            under_way.fetch_add(1, Ordering::SeqCst);
            let path = request.uri().path().to_owned();
            let answer = |status, body: Vec<u8>| {
                let mut response = Response::new(Full::new(Bytes::from(body)));
                *response.status_mut() = status;
                Ok(response)
            };
            if request.into_body().collect().await.is_err() {
                return answer(StatusCode::PAYLOAD_TOO_LARGE, Vec::new());
            }
            if path == "/wait" {
                go.wait_for(|go| *go).await.expect("the test tells");
            }
            let bytes = path.strip_prefix("/bytes/").map_or(2, |bytes| bytes.parse().expect("a number"));
            answer(StatusCode::OK, vec![b'x'; bytes])
        })
    }
}

struct Server {
    address: SocketAddr,
    go: watch::Sender<bool>,
    under_way: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(protocol: Protocol, places: usize, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (go, going) = watch::channel(false);
        let (stop, mut stopped) = watch::channel(false);
        let under_way = Arc::new(AtomicUsize::new(0));
        let refusal = || {
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        };
        let served = Served { service: Fake { go: going, under_way: under_way.clone() }, refusal, name: "test" };
        let room = Room::new(places, 1 << 30);
        let serving = tokio::spawn(async move {
            let shutdown = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            serve(listener, room, protocol, settings, served, shutdown).await;
        });
        Self { address, go, under_way, stop, serving }
    }

    async fn http2(places: usize, settings: Settings) -> Self {
        Self::start(Protocol::Http2, places, settings).await
    }

    async fn until_under_way(&self, count: usize) {
        within(async {
            while self.under_way.load(Ordering::SeqCst) < count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

/// No client in these tests is cut off by what it is not about.
fn patient() -> Settings {
    let long = Duration::from_secs(600);
    Settings { handshake_timeout: long, idle_timeout: long, crowded_idle_timeout: long, stall_timeout: long, ..Settings::default() }
}

const SHORT: Duration = Duration::from_millis(100);

type Body = Full<Bytes>;

async fn connect(address: SocketAddr, window: u32) -> (SendRequest<Body>, tokio::task::JoinHandle<hyper::Result<()>>) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        http2::Builder::new(TokioExecutor::new()).initial_stream_window_size(window).handshake(TokioIo::new(socket)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn request(path: &str) -> Request<Body> {
    Request::builder().uri(format!("http://test{path}")).body(Full::default()).unwrap()
}

async fn get(sender: &mut SendRequest<Body>, path: &str) -> hyper::Result<Response<Incoming>> {
    sender.ready().await?;
    sender.send_request(request(path)).await
}

/// Reads until the other side closes.
async fn until_closed(socket: &mut TcpStream) {
    let mut bytes = [0; 1024];
    within(async { while socket.read(&mut bytes).await.is_ok_and(|count| count > 0) {} }).await;
}

#[tokio::test]
async fn a_client_that_says_nothing_or_half_of_it_is_cut_off() {
    let settings = Settings { handshake_timeout: SHORT, ..patient() };
    for (protocol, said) in [
        (Protocol::Http2, &b""[..]),
        (Protocol::Http2, b"PRI * HTTP/2"),
        (Protocol::Http1, b""),
        (Protocol::Http1, b"GET /now HTTP/1.1\r\nHost: te"),
    ] {
        let server = Server::start(protocol, 10, settings.clone()).await;
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(said).await.unwrap();
        until_closed(&mut socket).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_cut_off() {
    let settings = Settings { keepalive_interval: SHORT, keepalive_timeout: SHORT, ..patient() };
    let server = Server::http2(10, settings).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    // The preface and empty SETTINGS, and not a word after it.
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    until_closed(&mut socket).await;
}

#[tokio::test]
async fn a_connection_without_a_call_is_closed_in_order_and_one_with_a_call_is_not() {
    let server = Server::http2(10, Settings { idle_timeout: SHORT, ..patient() }).await;
    let (mut busy, busy_connection) = connect(server.address, 65_535).await;
    let waiting = tokio::spawn(async move { get(&mut busy, "/wait").await });
    server.until_under_way(1).await;
    let (mut idle, idle_connection) = connect(server.address, 65_535).await;
    assert_eq!(get(&mut idle, "/now").await.unwrap().status(), StatusCode::OK);
    within(idle_connection).await.unwrap().expect("closed without an error");
    server.go.send(true).unwrap();
    assert_eq!(within(waiting).await.unwrap().unwrap().status(), StatusCode::OK);
    drop(busy_connection);
}

#[tokio::test]
async fn a_connection_beyond_the_places_waits_until_one_is_free() {
    let server = Server::http2(2, patient()).await;
    let mut waiting = JoinSet::new();
    for _ in 0..2 {
        let (mut sender, _connection) = connect(server.address, 65_535).await;
        waiting.spawn(async move { get(&mut sender, "/wait").await.map(|_| ()) });
    }
    server.until_under_way(2).await;
    let address = server.address;
    let third = tokio::spawn(async move {
        let (mut sender, _connection) = connect(address, 65_535).await;
        get(&mut sender, "/now").await.unwrap().status()
    });
    assert!(tokio::time::timeout(SHORT, server.until_under_way(3)).await.is_err(), "it is not accepted yet");
    server.go.send(true).unwrap();
    while let Some(ended) = within(waiting.join_next()).await {
        ended.unwrap().unwrap();
    }
    assert_eq!(within(third).await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn a_herd_of_idle_connections_makes_room() {
    let server = Server::http2(4, Settings { crowded_idle_timeout: SHORT, ..patient() }).await;
    let mut herd = Vec::new();
    for _ in 0..20 {
        herd.push(TcpStream::connect(server.address).await.unwrap());
    }
    let (mut sender, _connection) = connect(server.address, 65_535).await;
    assert_eq!(within(get(&mut sender, "/now")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn hundreds_of_long_calls_share_a_connection() {
    let server = Server::http2(1, Settings::default()).await;
    let (sender, _connection) = connect(server.address, 65_535).await;
    let mut calls = JoinSet::new();
    for _ in 0..1_500 {
        let mut sender = sender.clone();
        calls.spawn(async move { get(&mut sender, "/wait").await.unwrap().status() });
    }
    server.until_under_way(1_500).await;
    let mut other = sender.clone();
    assert_eq!(within(get(&mut other, "/now")).await.unwrap().status(), StatusCode::OK, "a call among them is answered at once");
    server.go.send(true).unwrap();
    while let Some(status) = within(calls.join_next()).await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn answers_that_are_left_unread_are_bounded_and_their_client_is_cut_off() {
    const MIB: usize = 1 << 20;
    let settings = Settings { unread_bytes_max: 8 * MIB, stall_timeout: Duration::from_millis(1500), ..patient() };
    let server = Server::http2(2, settings).await;
    // A window of one byte: what comes is never read.
    let (sender, connection) = connect(server.address, 1).await;
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let mut sender = sender.clone();
        calls.spawn(async move { get(&mut sender, "/bytes/1048576").await });
    }
    let mut answered = Vec::new();
    while let Some(answer) = within(calls.join_next()).await {
        answered.push(answer.unwrap().unwrap());
    }
    let full = answered.iter().filter(|answer| answer.status() == StatusCode::OK).count();
    assert_eq!(full, 8, "no more than it may leave unread");
    drop(sender);
    let _ = within(connection).await;

    // One that reads has all of them.
    let (mut sender, _connection) = connect(server.address, 65_535).await;
    for _ in 0..20 {
        let answer = get(&mut sender, "/bytes/1048576").await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(within(answer.into_body().collect()).await.unwrap().to_bytes().len(), MIB);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_at_all_is_cut_off() {
    let server = Server::start(Protocol::Http1, 2, Settings { stall_timeout: SHORT, ..patient() }).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"GET /bytes/50000000 HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    // The place comes free although nothing is read: two others are served at once.
    let mut others = JoinSet::new();
    for _ in 0..2 {
        let address = server.address;
        others.spawn(async move {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(b"GET /wait HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            answer
        });
    }
    server.until_under_way(3).await;
    server.go.send(true).unwrap();
    while let Some(answer) = within(others.join_next()).await {
        assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn requests_in_parts_are_bounded_and_their_client_is_cut_off() {
    let settings = Settings { unfinished_bytes_max: 1 << 20, stall_timeout: Duration::from_millis(1500), ..patient() };
    let server = Server::http2(2, settings).await;
    let socket = TcpStream::connect(server.address).await.unwrap();
    let (sender, connection) = http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(socket)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut calls = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..20 {
        let (parts, body) = mpsc::channel::<Result<Frame<Bytes>, Infallible>>(2);
        parts.send(Ok(Frame::data(Bytes::from(vec![0; 100 << 10])))).await.unwrap();
        open.push(parts);
        let body = StreamBody::new(Parts(body));
        let mut sender = sender.clone();
        calls.spawn(async move {
            sender.ready().await.unwrap();
            sender.send_request(Request::builder().method("POST").uri("http://test/now").body(body).unwrap()).await
        });
    }
    // 10 parts of 100 KiB are within the bound; the others are told at once, while these wait for their rest until they are cut off.
    let mut refused = 0;
    let mut cut_off = 0;
    while let Some(ended) = within(calls.join_next()).await {
        match ended.unwrap() {
            Ok(answer) => {
                assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
                refused += 1;
            }
            Err(_) => cut_off += 1,
        }
    }
    assert_eq!((refused, cut_off), (10, 10));
    let _ = within(connection).await;
}

struct Parts(mpsc::Receiver<Result<Frame<Bytes>, Infallible>>);

impl futures_core::Stream for Parts {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

#[tokio::test]
async fn a_stop_lets_calls_under_way_end_and_takes_no_others() {
    let server = Server::http2(2, patient()).await;
    let (mut sender, _connection) = connect(server.address, 65_535).await;
    let waiting = tokio::spawn(async move { get(&mut sender, "/wait").await.unwrap().status() });
    server.until_under_way(1).await;
    server.stop.send(true).unwrap();
    within(async { while TcpStream::connect(server.address).await.is_ok() {} }).await;
    assert!(!server.serving.is_finished());
    server.go.send(true).unwrap();
    assert_eq!(within(waiting).await.unwrap(), StatusCode::OK);
    within(server.serving).await.unwrap();
}
