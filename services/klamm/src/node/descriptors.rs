//! The process's file descriptors, and how they are shared: the log and the store come first, connections get the rest.
//!
//! If RocksDB cannot open a file while it writes, it stops for good. So the descriptors that it needs must be free, whatever clients do.

use klamm_connections::{Room, Settings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::setup_error::SetupError;

/// Descriptors for everything else: standard streams, the runtime, listeners, the list index, and the files that each RocksDB has open
/// beside its tables (write-ahead log, manifest, its own log, directories, and the outputs of two compactions).
const OWN: u64 = 64;
/// Fewest table files that a RocksDB keeps open. With fewer it would open and close files for nearly every read.
const TABLES_MIN: u64 = 32;
/// Most table files that a RocksDB keeps open.
const TABLES_MAX: u64 = 256;
/// Sockets and pipes of one client of librdkafka, with a handful of brokers.
const KAFKA_CLIENT: u64 = 16;
/// Clients of librdkafka beside the producers, of which each partition has one.
const KAFKA_CLIENTS: u64 = 4;
/// Fewest connections for which there must be room.
const CONNECTIONS_MIN: u64 = 32;
/// Most connections by default. Each takes some ten KiB, so more connections would take most of the memory.
const CONNECTIONS_MAX: u64 = 10_000;
/// How many of the connections are for HTTP at most. Probes and metrics must be answered even while gRPC is full.
const HTTP_MAX: usize = 64;
/// Bytes that all connections may leave unread or unfinished.
const BYTES_MAX: usize = 256 << 20;

/// The kind of log, which decides how many descriptors it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// An embedded log needs files, for a RocksDB of its own.
    Embedded,
    /// Kafka needs sockets to brokers.
    Kafka {
        /// Number of partitions. Each has a producer.
        partitions: u32,
    },
}

/// How the descriptors are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Table files that each RocksDB keeps open.
    pub tables: i32,
    /// Connections to gRPC and HTTP together.
    pub connections: usize,
}

/// How connections are accepted: rooms and settings of the listeners.
#[derive(Debug, Clone)]
pub struct Doors {
    /// Room of the gRPC listener.
    pub grpc: Room,
    /// Room of the HTTP listener.
    pub http: Room,
    /// Settings of both listeners.
    pub settings: Settings,
}

/// Raises the soft limit of descriptors as far as allowed. Gives how many the process may have.
pub fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        // If the system does not allow this, the old limit stays.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

impl Budget {
    /// Shares `limit` descriptors. `wanted` is the number of connections; 0 means as many as there is room for.
    ///
    /// # Errors
    /// There is room for too few connections.
    pub fn of(limit: u64, log: LogKind, wanted: usize) -> Result<Self, SetupError> {
        let tables = (limit / 8).clamp(TABLES_MIN, TABLES_MAX);
        let kept = OWN
            + match log {
                LogKind::Embedded => 2 * tables,
                LogKind::Kafka { partitions } => tables + KAFKA_CLIENT * (u64::from(partitions) + KAFKA_CLIENTS),
            };
        let left = limit.saturating_sub(kept);
        let wanted = if wanted == 0 { CONNECTIONS_MAX } else { wanted as u64 };
        if left < CONNECTIONS_MIN.min(wanted) {
            let problem = format!("the process may have {limit} open files, of which its log and store need {kept}");
            return Err(SetupError::new("sharing out file descriptors", problem, format!("raise the limit: ulimit -n {}", kept + 1024)));
        }
        Ok(Self { tables: tables as i32, connections: usize::try_from(left.min(wanted)).unwrap_or(usize::MAX) })
    }

    /// The listeners' shares.
    pub fn doors(&self, settings: Settings) -> Doors {
        let http = (self.connections / 8).clamp(1, HTTP_MAX);
        Doors { grpc: Room::new(self.connections.saturating_sub(http), BYTES_MAX), http: Room::new(http, BYTES_MAX), settings }
    }
}
