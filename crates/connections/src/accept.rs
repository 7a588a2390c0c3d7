//! Accepting connections, and one task for each.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use http_body::Body;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::MissedTickBehavior,
};
use tower_service::Service;

use crate::{
    Answer, AnswerBytes, Peer, Received, Room, Settings,
    answering::{Answers, Refuses},
    io::Stream,
    ledger::Ledger,
    room::Place,
};

/// Bytes of the preface with which HTTP/2 begins.
const PREFACE_BYTES: usize = 24;
/// HTTP/2's flow-control window of a stream: large enough for messages of 4 MiB on loopback without stalls.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
/// HTTP/2's flow-control window of a whole connection.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Longest wait after an accept that failed. The wait begins at [`BACKOFF_MIN`] and doubles.
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// First wait after an accept that failed.
const BACKOFF_MIN: Duration = Duration::from_millis(5);
/// How long a connection that was told to end may take for calls that its client had already sent.
const GOODBYE: Duration = Duration::from_secs(10);

/// Which HTTP is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 from the first byte, as gRPC has it.
    Http2,
}

/// A service for [`serve`], and its answer for a client that leaves too much unread.
#[derive(Debug, Clone)]
pub struct Served<S, R> {
    /// Answers requests.
    pub service: S,
    /// Makes the answer that takes the place of one that would be too much.
    pub refusal: R,
    /// Name of the listener in metrics: `grpc`, `http`.
    pub name: &'static str,
}

/// Serves until `shutdown` ends. Then it accepts no more, tells the clients, and goes on until the calls under way are answered. The caller
/// bounds that wait.
pub async fn serve<S: Answers, R: Refuses<S::Body>>(
    listener: TcpListener,
    room: Room,
    protocol: Protocol,
    settings: Settings,
    served: Served<S, R>,
    shutdown: impl Future<Output = ()>,
) {
    metrics::gauge!("klamm_connections_max", "listener" => served.name).set(room.size() as f64);
    let open = metrics::gauge!("klamm_connections", "listener" => served.name);
    open.set(0.0);
    let closed = |reason: &'static str| metrics::counter!("klamm_connections_closed_total", "listener" => served.name, "reason" => reason);
    let counters = Counters {
        silent: closed("silent"),
        idle: closed("idle"),
        stalled: closed("stalled"),
        refused: metrics::counter!("klamm_answers_refused_total", "listener" => served.name),
        open,
    };
    let (closing, told) = watch::channel(false);
    // Every task holds a clone of the sender. When all are gone, all connections have ended.
    let (alive, mut gone) = mpsc::channel::<Infallible>(1);
    let mut shutdown = pin!(shutdown);
    let mut backoff = BACKOFF_MIN;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = next(&listener, &room) => accepted,
        };
        let (socket, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_one_connection(&error) {
                    tracing::warn!(listener = served.name, error = %error, "no connection can be accepted for now");
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
                continue;
            }
        };
        backoff = BACKOFF_MIN;
        let connection = Connection {
            ledger: Ledger::new(room.clone(), &settings),
            room: room.clone(),
            settings: settings.clone(),
            counters: counters.clone(),
            told: told.clone(),
            _place: place,
            _alive: alive.clone(),
        };
        let service = Counted {
            inner: served.service.clone(),
            refusal: served.refusal.clone(),
            ledger: connection.ledger.clone(),
            peer,
            refused: counters.refused.clone(),
        };
        tokio::spawn(connection.run(socket, protocol, service));
    }
    drop(listener);
    let _ = closing.send(true);
    drop(alive);
    let _ = gone.recv().await;
}

/// The next connection, once there is a place for it.
async fn next(listener: &TcpListener, room: &Room) -> io::Result<(TcpStream, SocketAddr, Place)> {
    let place = room.enter().await;
    let (socket, peer) = listener.accept().await?;
    Ok((socket, peer, place))
}

/// The error is about one connection only, whose client went away before it was accepted. The next accept may succeed.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Metrics of a listener, looked up once.
#[derive(Clone)]
struct Counters {
    silent: metrics::Counter,
    idle: metrics::Counter,
    stalled: metrics::Counter,
    refused: metrics::Counter,
    open: metrics::Gauge,
}

/// One connection.
struct Connection {
    ledger: Arc<Ledger>,
    room: Room,
    settings: Settings,
    counters: Counters,
    told: watch::Receiver<bool>,
    _place: Place,
    _alive: mpsc::Sender<Infallible>,
}

impl Connection {
    async fn run<S: Answers, R: Refuses<S::Body>>(self, socket: TcpStream, protocol: Protocol, service: Counted<S, R>) {
        // Answers are small and wanted at once.
        let _ = socket.set_nodelay(true);
        let settings = &self.settings;
        let stream = Stream::new(socket, settings.stall_timeout);
        let received = stream.received();
        let service = TowerToHyperService::new(service);
        self.counters.open.increment(1.0);
        match protocol {
            Protocol::Http1 => {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(settings.handshake_timeout)
                    .serve_connection(TokioIo::new(stream), service);
                self.drive(pin!(connection), |connection| connection.graceful_shutdown(), &received, 1).await;
            }
            Protocol::Http2 => {
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(settings.streams_max)
                    // A worker that stops cancels all its polls at once, and that must not count as an attack.
                    .max_pending_accept_reset_streams(settings.streams_max as usize)
                    .initial_stream_window_size(STREAM_WINDOW_BYTES)
                    .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
                    .keep_alive_interval(settings.keepalive_interval)
                    .keep_alive_timeout(settings.keepalive_timeout)
                    .serve_connection(TokioIo::new(stream), service);
                self.drive(pin!(connection), |connection| connection.graceful_shutdown(), &received, PREFACE_BYTES).await;
            }
        }
        self.counters.open.decrement(1.0);
    }

    /// Runs a connection until it ends, or until its client has done nothing for too long. `first_bytes` is the number of bytes that the
    /// client has to send within the time for a handshake.
    async fn drive<C: Future<Output = hyper::Result<()>>>(
        &self,
        mut connection: Pin<&mut C>,
        goodbye: impl Fn(Pin<&mut C>),
        received: &AtomicUsize,
        first_bytes: usize,
    ) {
        let began = Instant::now();
        let mut told = self.told.clone();
        let mut look = tokio::time::interval_at((began + self.settings.look_interval()).into(), self.settings.look_interval());
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut leaving: Option<Instant> = None;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(error = %error, "connection ended");
                    }
                    return;
                }
                _ = told.wait_for(|told| *told), if leaving.is_none() => {
                    goodbye(connection.as_mut());
                    // No short limit is needed here: the caller, who stops the server, bounds the wait.
                    leaving = Some(Instant::now() + Duration::from_secs(3600));
                }
                _ = look.tick() => {
                    let crowded = self.room.is_crowded();
                    let hurry = |usual: Duration| if crowded { usual.min(self.settings.crowded_idle_timeout) } else { usual };
                    if received.load(Ordering::Relaxed) < first_bytes && began.elapsed() >= hurry(self.settings.handshake_timeout) {
                        return self.counters.silent.increment(1);
                    }
                    if self.ledger.owed_for().is_some_and(|owed| owed >= self.settings.stall_timeout) {
                        return self.counters.stalled.increment(1);
                    }
                    match leaving {
                        Some(deadline) if Instant::now() >= deadline => return,
                        Some(_) => {}
                        None => {
                            let allowed = hurry(self.settings.idle_timeout);
                            if self.ledger.idle_for().is_some_and(|idle| idle >= allowed) {
                                self.counters.idle.increment(1);
                                goodbye(connection.as_mut());
                                leaving = Some(Instant::now() + GOODBYE.min(allowed));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The service of one connection, which counts its calls.
#[derive(Clone)]
struct Counted<S, R> {
    inner: S,
    refusal: R,
    ledger: Arc<Ledger>,
    peer: SocketAddr,
    refused: metrics::Counter,
}

type Answering<B> = Pin<Box<dyn Future<Output = Result<Response<Answer<B>>, Infallible>> + Send>>;

impl<S: Answers, R: Refuses<S::Body>> Service<Request<Incoming>> for Counted<S, R> {
    type Response = Response<Answer<S::Body>>;
    type Error = Infallible;
    type Future = Answering<S::Body>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let mut call = self.ledger.begin();
        let mut request = request.map(|incoming| Received::new(incoming, self.ledger.clone()));
        request.extensions_mut().insert(Peer(self.peer));
        let (mut service, refusal, refused) = (self.inner.clone(), self.refusal.clone(), self.refused.clone());
        Box::pin(async move {
            poll_fn(|context| service.poll_ready(context)).await?;
            let mut response = service.call(request).await?;
            let known = response.extensions().get::<AnswerBytes>().map(|bytes| bytes.0);
            let bytes = known.or_else(|| usize::try_from(response.body().size_hint().exact()?).ok()).unwrap_or(0);
            // An empty answer owes nothing. A stream comes at its own pace, so its client owes nothing either.
            if bytes > 0 && !call.answered(bytes) {
                refused.increment(1);
                response = refusal();
            }
            Ok(response.map(|body| Answer::new(body, call)))
        })
    }
}
