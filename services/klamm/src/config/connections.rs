//! `[connections]`: how many connections there may be, and what each may do.

use klamm_connections::Settings;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// `[connections]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connections {
    /// Most connections to gRPC and HTTP together. 0: as many as the process's descriptors allow.
    pub max: usize,
    /// Calls that one connection may have under way.
    pub streams_max: u32,
    /// Within this time a client must have sent something.
    pub handshake_timeout: Span,
    /// A connection without a call under way is closed after this time.
    pub idle_timeout: Span,
    /// How often a client is asked whether it is there.
    pub keepalive_interval: Span,
    /// How long the client may take to answer that question.
    pub keepalive_timeout: Span,
    /// How long an answer may stay unread.
    pub stall_timeout: Span,
    /// Bytes of answers that a connection may leave unread.
    pub unread_bytes_max: usize,
    /// Which clients klamm's own service answers.
    pub inspect: Inspect,
}

/// Which clients klamm's own service (topics, schedule audits, status, verify) answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Inspect {
    /// Clients on this machine.
    Loopback,
    /// All clients.
    Any,
}

impl Default for Connections {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            max: 0,
            streams_max: settings.streams_max,
            handshake_timeout: Span(settings.handshake_timeout),
            idle_timeout: Span(settings.idle_timeout),
            keepalive_interval: Span(settings.keepalive_interval),
            keepalive_timeout: Span(settings.keepalive_timeout),
            stall_timeout: Span(settings.stall_timeout),
            unread_bytes_max: settings.unread_bytes_max,
            inspect: Inspect::Loopback,
        }
    }
}

impl Connections {
    /// Settings of the listeners: those that are set here, with defaults for the others.
    pub fn settings(&self) -> Settings {
        Settings {
            streams_max: self.streams_max,
            handshake_timeout: self.handshake_timeout.0,
            idle_timeout: self.idle_timeout.0,
            keepalive_interval: self.keepalive_interval.0,
            keepalive_timeout: self.keepalive_timeout.0,
            stall_timeout: self.stall_timeout.0,
            unread_bytes_max: self.unread_bytes_max,
            ..Settings::default()
        }
    }
}
