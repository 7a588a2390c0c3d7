//! How long a connection may do nothing, and how much it may hold.

use std::time::Duration;

/// What a connection may do. The defaults are for gRPC with workers whose polls wait for a minute.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Calls that one HTTP/2 connection may have under way. Default: 20,000. A client that wants more waits for one of its calls to end, as
    /// HTTP/2 demands, so the number must be far above what a good client needs. All workers and callers of a process share one connection,
    /// and whoever waits for a workflow's result has a call under way. Where those fill the connection, its workers get no task until a long
    /// poll ends: with 2,000, a program that started 2,000 workflows and waited for them all stood still for 20 s.
    pub streams_max: u32,
    /// Within this time a client must have sent the first bytes of HTTP/2, or the headers of a request of HTTP/1. Default: 10 s.
    pub handshake_timeout: Duration,
    /// A connection without a call under way is closed after this time. It is closed by HTTP's own rules (GOAWAY), so that clients open
    /// another one without an error. Default: 2 minutes, Temporal's `frontend.keepAliveMaxConnectionIdle`.
    pub idle_timeout: Duration,
    /// The same while other connections wait for a place. It holds for a client that has sent nothing yet, too. Default: 2 s.
    pub crowded_idle_timeout: Duration,
    /// How often a client is asked whether it is there (PING of HTTP/2). Default: 30 s.
    pub keepalive_interval: Duration,
    /// How long the client may take to answer that. Default: 15 s.
    pub keepalive_timeout: Duration,
    /// A client is cut off when it leaves an answer unread for so long, or does not go on with a request. Default: 1 minute.
    pub stall_timeout: Duration,
    /// Bytes of answers that one connection may leave unread. An answer that would be beyond is replaced by a refusal. Default: 64 MiB,
    /// which is sixteen of the largest answers.
    pub unread_bytes_max: usize,
    /// Bytes of unfinished requests that one connection may have sent. A request that goes beyond is ended. Default: 64 MiB.
    pub unfinished_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            streams_max: 20_000,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            crowded_idle_timeout: Duration::from_secs(2),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(60),
            unread_bytes_max: 64 << 20,
            unfinished_bytes_max: 64 << 20,
        }
    }
}

impl Settings {
    /// How often a connection is looked at. It is often enough that no limit is passed by more than about half of it. It is not more often
    /// than a process with ten thousand idle connections can afford.
    pub(crate) fn look_interval(&self) -> Duration {
        let shortest = [self.handshake_timeout, self.idle_timeout, self.crowded_idle_timeout, self.stall_timeout].into_iter().min();
        (shortest.unwrap_or_default() / 2).clamp(Duration::from_millis(10), Duration::from_secs(5))
    }
}
